"""Bombs: what would grow to gigabytes, or is nested a thousand deep, is a sentence before it is read."""

import gzip
import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from npvae import VAE, Autoencoder, datasets
from npvae.archives import check_archive, check_growth
from npvae.autoencoders import load
from npvae.autoencoders.model_files import digest
from npvae.cli import main
from npvae.files import make_folder

X = np.random.default_rng(0).normal(size=(30, 3))
BIG = 3 * 10**8


def header(shape, dtype="<f8", version=(1, 0)):
    stream = io.BytesIO()
    write = np.lib.format.write_array_header_2_0 if version == (2, 0) else np.lib.format.write_array_header_1_0
    write(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def member(archive, name, start, size):
    """A member of `size` zeros after its first bytes, as few as they are when packed."""
    with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
        stream.write(start)
        for _ in range(size // 10**7):
            stream.write(bytes(10**7))


@pytest.fixture(scope="module")
def bombs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    with zipfile.ZipFile(folder / "data.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        member(archive, "X", header((BIG // 80, 10)), BIG)
    VAE(latent_dim=1, hidden=(4,), sweeps=1, progress=False).fit(X).save(folder / "model.npz")
    for name, size, start in (("extra", BIG, header((BIG // 8,))), ("long_header", BIG, b"\x93NUMPY\2\0" + (
            BIG).to_bytes(4, "little"))):
        path = folder / f"{name}.npz"
        path.write_bytes((folder / "model.npz").read_bytes())
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            member(archive, "extra", start, size)
    with zipfile.ZipFile(folder / "data_header.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        member(archive, "X", b"\x93NUMPY\2\0" + BIG.to_bytes(4, "little"), BIG)
    sizes = b"".join(n.to_bytes(4, "big") for n in (BIG // 100, 10, 10))
    with gzip.open(folder / "images-idx3-ubyte.gz", "wb", compresslevel=1) as file:
        file.write(bytes([0, 0, 8, 3]) + sizes)
        for _ in range(BIG // 10**7):
            file.write(bytes(10**7))
    # a header that says little, and zeros without end after it
    with gzip.open(folder / "endless-idx3-ubyte.gz", "wb", compresslevel=1) as file:
        file.write(bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (2, 3, 3)))
        for _ in range(BIG // 10**7):
            file.write(bytes(10**7))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name, call, says", [
    ("data.npz", "datasets.load", "would grow from .* MB to 0.3 GB"),
    ("data_header.npz", "datasets.load", "has a header of 300000000 bytes"),
    ("images-idx3-ubyte.gz", "datasets.load", "would grow from .* MB to 0.3 GB"),
    ("endless-idx3-ubyte.gz", "datasets.load", r"got \d+ bytes, expected 34"),
    ("extra.npz", "load", "extra is compressed"), ("long_header.npz", "load", "extra is compressed")])
def test_a_bomb_is_refused_before_it_goes_off(bombs, name, call, says):
    # in a process of its own, which says how much memory it has taken at most
    program = f"""if True:
        import re, resource, sys
        from npvae import datasets
        from npvae.autoencoders import load
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            {call}({str(bombs / name)!r})
        except ValueError as problem:
            assert re.search({says!r}, str(problem)) and {name!r} in str(problem), problem
        else:
            sys.exit("not refused")
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stderr
    assert float(found.stdout) < 50


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (29, 3), (31, 3), (2**62, 4)])
def test_an_array_is_as_long_as_its_header_says(tmp_path, shape):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive, archive.open("X.npy", "w") as stream:
        stream.write(header(shape) + X.tobytes())
    for read in (datasets.load, load):
        with pytest.raises(ValueError, match=r"d.npz: .*X has \d+ bytes, expected \d+ for float64"):
            read(tmp_path / "d.npz")


def test_what_inflates_much_but_is_small_or_large_but_inflates_little_is_no_bomb():
    check_growth(2**28, 1)
    check_growth(10**9, 10**7)
    with pytest.raises(ValueError, match="would grow from 9.9 MB to 1 GB"):
        check_growth(10**9, 9_900_000)
    with pytest.raises(ValueError, match="would take 1e.06 GB, and this machine has"):
        check_growth(10**15, 10**14)


def test_compressed_data_are_read(tmp_path):
    np.savez_compressed(tmp_path / "d.npz", X=X, y=np.arange(30) % 2, other=np.array([{}], dtype=object))
    assert datasets.load(tmp_path / "d.npz").train.shape == (25, 3)


def test_members_that_are_named_twice_are_refused():
    file = io.BytesIO()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "w") as archive:
        for _ in range(2):
            with archive.open("X.npy", "w") as stream:
                stream.write(header((1,)) + bytes(8))
    with pytest.raises(ValueError, match="the same name"):
        check_archive(file)


def nested(text, depth):
    return text * depth + {"[": "]", '{"a":': "}"}[text] * depth


def rewritten(path, **changed):
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "digest"}
    arrays |= changed
    np.savez(path, **arrays, digest=np.array(digest(arrays)))


@pytest.mark.parametrize("depth", [900, 980, 2000, 100_000])
@pytest.mark.parametrize("where", ["header", "history", "generator", "hidden", "image_shape"])
@pytest.mark.parametrize("kind", [VAE, Autoencoder])
def test_deep_json_in_a_model_is_a_sentence(tmp_path, depth, where, kind):
    path = tmp_path / "m.npz"
    kind(latent_dim=1, hidden=(4,), sweeps=1, progress=False).fit(X).save(path)
    deep = nested("[", depth)
    if where in ("header", "history", "generator"):
        rewritten(path, **{where: np.array(nested('{"a":', depth).replace(":}", ":1}") if where == "header" else deep)})
    else:
        with np.load(path) as stored:
            head = json.loads(str(stored["header"]))
        (head["settings"] if where == "hidden" else head)[where] = "DEEP"
        rewritten(path, header=np.array(json.dumps(head).replace('"DEEP"', deep)))
    for read in (load, kind.load):
        with pytest.raises(ValueError, match="m.npz"):
            read(path)
    assert main(["sample", str(path), "--out", str(tmp_path / "s.png")]) == 2


def test_data_in_a_thousand_nested_folders_are_read(nested_folders):
    deep = "/".join("d" * 1000)
    make_folder(deep)
    np.save(f"{deep}/d.npy", X)
    assert datasets.load(f"{deep}/d.npy").train.shape == datasets.load(deep).train.shape == (25, 3)
    with pytest.raises(ValueError, match="train-images"):
        datasets.load(deep.removesuffix("/d"))
