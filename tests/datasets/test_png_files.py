"""Folders of PNG files: every pixel as it was written, and what does not fit named by its file."""

import re

import numpy as np
import pytest
from matplotlib.image import imsave
from PIL import Image

from npvae import datasets
from npvae.datasets import load
from npvae.datasets.png_files import png_files

RNG = np.random.default_rng(0)
GREY, COLOUR = RNG.integers(0, 256, (6, 4, 5), np.uint8), RNG.integers(0, 256, (6, 4, 5, 3), np.uint8)


def written(folder, images, names=None):
    folder.mkdir(exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / (names[i] if names else f"{i:03}.png"))
    return folder


def all_rows(data):
    return np.concatenate([data.train, data.test])


def same_rows(found, images):
    return sorted(map(bytes, found)) == sorted(bytes(np.ascontiguousarray(image)) for image in images)


@pytest.mark.parametrize("images, shape, says", [(GREY, (4, 5), "grey"), (COLOUR, (4, 5, 3), "in colour")],
                         ids=["grey", "colour"])
def test_every_pixel_is_as_it_was_written(tmp_path, images, shape, says):
    data = load(written(tmp_path / "mine", images))
    assert data.name == "mine" and data.image_shape == shape and data.train.dtype == np.uint8
    assert data.train.shape == (5, np.prod(shape)) and same_rows(all_rows(data), images)
    assert datasets.describe(data).startswith("mine: 6 rows (5 to train, 1 to test)")
    assert f"6 PNG files, {says}" in datasets.describe(data)
    np.testing.assert_array_equal(load(tmp_path / "mine").test, data.test)


def test_rows_follow_the_names_and_other_files_do_not_count(tmp_path):
    folder = written(tmp_path / "mine", GREY[:3], ["b.PNG", "a.png", "c.png"])
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_text("no picture")
    assert [path[-5:] for path in png_files(folder)] == ["a.png", "b.PNG", "c.png"]
    assert same_rows(all_rows(load(folder)), GREY[:3])


def test_transparent_pixels_are_put_on_white(tmp_path):
    pixels = np.zeros((3, 2, 2, 4), np.uint8)
    pixels[:, 0] = [200, 100, 50, 255]
    pixels[:, 1] = [200, 100, 50, 0]
    pixels[:, 1, 1, 3] = 102                                # 0.4 of the colour, 0.6 of white
    data = load(written(tmp_path / "mine", pixels))
    expected = [[[200, 100, 50]] * 2, [[255] * 3, [233, 193, 173]]]
    np.testing.assert_array_equal(data.train[0].reshape(2, 2, 3), expected)
    assert "transparent pixels put on white" in datasets.describe(data)
    opaque = load(written(tmp_path / "opaque", np.concatenate([COLOUR, np.full((6, 4, 5, 1), 255, np.uint8)], axis=3)))
    assert same_rows(all_rows(opaque), COLOUR) and "transparent" not in datasets.describe(opaque)


def test_grey_among_colours_becomes_colour_and_is_said(tmp_path):
    folder = written(tmp_path / "mine", [*COLOUR[:3], *GREY[:2]])
    data = load(folder)
    assert data.image_shape == (4, 5, 3) and "grey files read as colour" in datasets.describe(data)
    assert same_rows(all_rows(data), [*COLOUR[:3], *np.repeat(GREY[:2, ..., None], 3, axis=3)])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_grey_in_any_mode_is_grey(tmp_path, mode):
    for i, image in enumerate(GREY):
        Image.fromarray(image).convert(mode).save(tmp_path / f"{i}.png")
    data = load(tmp_path)
    assert data.image_shape == (4, 5) and same_rows(all_rows(data), GREY)


def test_sixteen_bits_are_rounded_and_it_is_said(tmp_path):
    fine = RNG.integers(0, 65536, (6, 4, 5)).astype(np.uint16)
    data = load(written(tmp_path / "mine", fine))
    assert same_rows(all_rows(data), np.rint(fine / 257).astype(np.uint8))
    assert "rounded to 256 levels" in datasets.describe(data)


def test_folders_within_are_the_classes(tmp_path):
    written(tmp_path / "square", GREY[:4])
    written(tmp_path / "disc", GREY[4:])
    data = load(tmp_path)
    labels = np.concatenate([data.train_labels, data.test_labels])
    assert data.classes == ("disc", "square") and sorted(labels) == [0, 0, 1, 1, 1, 1]
    assert same_rows(all_rows(data)[labels == 0], GREY[4:])


def test_what_does_not_fit_is_named(tmp_path):
    folder = written(tmp_path / "sizes", [GREY[0], GREY[1], GREY[2][:, :4]])
    with pytest.raises(ValueError, match=r"002\.png: is 4 x 4 \(height x width\), 000\.png is 4 x 5: expected"):
        load(folder)
    folder = written(tmp_path / "damaged", GREY)
    content = (folder / "003.png").read_bytes()
    for damaged in (content[:40], b"", b"GIF89a", content[:60] + b"x" * 20):
        (folder / "003.png").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"003\.png: cannot be read as a PNG file"):
            load(folder)
    with pytest.raises(ValueError, match="has 1 .png files, expected at least 2"):
        load(written(tmp_path / "one", GREY[:1]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=f"{re.escape(str(tmp_path / 'empty'))}.*no .png files"):
        load(tmp_path / "empty")
    with pytest.raises(ValueError, match="name columns of a .csv file"):
        load(tmp_path / "sizes", label="x")


def test_pictures_of_matplotlib_are_read(tmp_path):
    for i, image in enumerate(COLOUR):
        imsave(tmp_path / f"{i}.png", image)
    assert same_rows(all_rows(load(tmp_path)), COLOUR)


def test_a_folder_of_other_pictures_and_one_picture_say_what_to_do(tmp_path):
    Image.fromarray(COLOUR[0]).save(tmp_path / "0.JPG", format="JPEG")
    with pytest.raises(ValueError, match="holds .jpg files, expected .png files: convert them"):
        load(tmp_path)
    folder = written(tmp_path / "mine", GREY)
    with pytest.raises(ValueError, match="a .png file is one picture, name the folder of all"):
        load(folder / "000.png")


def test_pictures_beside_folders_of_pictures_are_read_alone_and_it_is_said(tmp_path):
    folder = written(tmp_path / "mine", GREY)
    written(folder / "more", GREY[:2])
    assert "6 PNG files, grey, those in folders within it not read" in datasets.describe(load(folder))


@pytest.mark.parametrize("dark, light", [(0, 255), (200, 255), (0, 30)])
def test_grey_files_are_drawn_as_they_look(tmp_path, dark, light):
    from npvae.lab.plots.images import samples_figure

    pictures = np.full((6, 4, 5), light, np.uint8)
    pictures[:, 1:3] = dark
    data = load(written(tmp_path / "mine", pictures))
    assert data.image_shape == (4, 5) and data.drawn_shape == (4, 5, 1)
    drawn, = samples_figure(data.train[:1] / 255, data.drawn_shape).axes[0].images
    grey = drawn.cmap(drawn.norm(drawn.get_array()))[..., 0]
    np.testing.assert_allclose(grey[[0, 1], 0], [light / 255, dark / 255], atol=1 / 255)
