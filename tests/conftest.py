"""Shared settings of the tests: repeatable property tests, and pictures without a screen."""

import os

# before NumPy is loaded: on small networks two BLAS threads that wait for each other are slower than one
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import shutil
import signal

import hypothesis
import matplotlib
import pytest

matplotlib.use("Agg")
hypothesis.settings.register_profile("npvae", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("npvae")


@pytest.fixture
def nested_folders(tmp_path, monkeypatch):
    """A folder to work in, of which nothing is left: pytest itself cannot remove what is nested a thousand deep."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    path = tmp_path
    # a few hundred at a time, from the deepest
    folders = [path]
    while (path / "d").is_dir():
        path /= "d"
        folders.append(path)
    for folder in folders[::-500] + [tmp_path / "d"]:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def a_terminal_that_hangs_up_ends_a_process():
    """What tests start inherits this; whoever runs them by nohup has it ignored."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
