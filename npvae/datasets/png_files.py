"""A folder of PNG files: one picture a file, all of one size, grey or in colour."""

import os
import warnings
from pathlib import Path

import numpy as np

from .csv_cells import class_numbers
from .dataset import Dataset, split


def png_files(folder: str | os.PathLike) -> list[str]:
    """The paths of the PNG files in a folder, sorted, or else of those in its folders; hidden ones do not count."""
    entries = sorted((entry for entry in os.scandir(folder) if not entry.name.startswith(".")), key=lambda e: e.name)
    found = [entry.path for entry in entries if entry.is_file() and entry.name.lower().endswith(".png")]
    if found:
        return found
    return [file.path for entry in entries if entry.is_dir() for file in sorted(os.scandir(entry), key=lambda e: e.name)
            if file.is_file() and file.name.lower().endswith(".png") and not file.name.startswith(".")]


def read_folder(folder: str | os.PathLike) -> Dataset:
    """The data set of a folder's PNG files: uint8 rows, (height, width) if all are grey, else (height, width, 3).

    Transparent pixels are put on white. If the files lie in folders within it, these are the classes. A sixth of them,
    drawn with a fixed seed, is for testing. A ValueError for fewer than two files, one that cannot be read, or sizes
    that differ; each is named.
    """
    paths = png_files(folder)
    if len(paths) < 2:
        raise ValueError(f"{folder}: has {len(paths)} .png files, expected at least 2: one to train on and one to test "
                         "on")
    first, notes = _read_png(paths[0]), set()
    images = np.empty((len(paths), *first.shape[:2], 3), np.uint8)
    for i, path in enumerate(paths):
        picture = first if i == 0 else _read_png(path)
        if picture.shape[:2] != first.shape[:2]:
            sizes = ["{} x {}".format(*shown.shape[:2]) for shown in (picture, first)]
            raise ValueError(f"{path}: is {sizes[0]} (height x width), {os.path.basename(paths[0])} is {sizes[1]}: "
                             "expected one size: crop or scale the files")
        images[i] = _in_colour(picture, notes)
    grey = (images == images[..., :1]).all()
    X = images[..., 0] if grey else images
    labels, classes = _classes(folder, paths)
    if classes is None and labels is None and _more_within(folder):
        notes.add("those in folders within it not read")
    if not grey and (images == images[..., :1]).all(axis=(1, 2, 3)).any():
        notes.add("grey files read as colour")
    parts = split(X.reshape(len(X), -1), labels, name=f"{folder}: data")
    return Dataset(Path(folder).resolve().name, *parts, X.shape[1:], classes=classes, light=True,
                   notes=(f"{len(paths)} PNG files, {'grey' if grey else 'in colour'}", *sorted(notes)))


def _read_png(path):
    """Numbers in [0, 1]: (h, w) grey, (h, w, 3) or (h, w, 4) with transparency."""
    from matplotlib.image import imread

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            picture = imread(path, format="png")
    # pillow raises a dozen types between them on damaged bytes
    except Exception as problem:
        raise ValueError(f"{path}: cannot be read as a PNG file ({problem}): replace it, or take it out of the folder"
                         ) from problem
    if picture.ndim not in (2, 3) or picture.ndim == 3 and picture.shape[2] not in (3, 4):
        raise ValueError(f"{path}: holds {picture.shape}, expected a grey or a colour picture")
    return picture


def _in_colour(picture, notes):
    # (h, w, 3) uint8; what is not as in the file goes into the notes
    levels = 255 * picture
    if np.abs(levels - np.rint(levels)).max() > 0.01:
        notes.add("rounded to 256 levels")
    if picture.ndim == 2:
        picture = picture[..., None]
    elif picture.shape[2] == 4:
        picture, alpha = picture[..., :3], picture[..., 3:]
        if (alpha < 1).any():
            notes.add("transparent pixels put on white")
        # α c + (1 − α) · white
        picture = alpha * picture + (1 - alpha)
    return np.rint(255 * picture).astype(np.uint8)


def _more_within(folder):
    paths = [os.path.join(folder, name) for name in os.listdir(folder) if name[0] != "."]
    return any(name.lower().endswith(".png") and name[0] != "." for path in paths if os.path.isdir(path)
               for name in os.listdir(path))


def _classes(folder, paths):
    names = [os.path.basename(os.path.dirname(path)) for path in paths]
    if os.path.samefile(os.path.dirname(paths[0]), folder):
        return None, None
    found = sorted(set(names))
    numbers, classes = class_numbers(found)
    number_of = dict(zip(found, numbers, strict=True))
    return np.array([number_of[name] for name in names]), classes
