"""A slice of the mutation tests, and that the harness itself can fail: it tells what is killed from what survives."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from mutants import ROOT, Mutant, files, mutants, sample  # noqa: E402
from run import reasons  # noqa: E402

from npvae.repair.edits import edits  # noqa: E402


def test_a_slice_of_the_mutants_is_killed():
    run = subprocess.run([sys.executable, HERE / "run.py", "--room", "nn", "--sample", "8", "--seed", "0"],
                         capture_output=True, text=True)
    assert run.returncode == 0 and "8 mutants" in run.stdout, run.stdout + run.stderr


def test_what_no_test_looks_at_survives():
    run = subprocess.run([sys.executable, HERE / "run.py", "--room", "nn", "--sample", "8", "--seed", "0", "--tests",
                          "tests/nn/test_constructors.py"], capture_output=True, text=True)
    assert run.returncode == 1 and "survived: npvae/nn/" in run.stdout, run.stdout + run.stderr


@pytest.mark.parametrize("room", ["nn", "autoencoders"])
def test_a_sample_takes_from_every_file_each_mutant_once(room):
    made = sample(room, 60, 3)
    assert {mutant.file for mutant in made} == {file for file in files(room) if mutants(file)}
    assert len({(*mutant.key, mutant.edit.line) for mutant in made}) == len(made) == 60
    assert [mutant.key for mutant in sample(room, 60, 3)] == [mutant.key for mutant in made]
    assert [mutant.key for mutant in sample(room, 60, 4)] != [mutant.key for mutant in made]


def test_a_mutant_takes_the_place_of_the_loaded_function():
    import npvae.nn.optimizers as optimizers
    step = optimizers.SGD.step
    right = step.__code__
    file = str(Path(optimizers.__file__).relative_to(ROOT))
    found = [Mutant(file, edit) for edit in edits(ast.parse(Path(optimizers.__file__).read_text()))
             if edit.function == "SGD.step" and edit.what == "-= for +="]
    assert len(found) == 2
    try:
        found[1].enter()
        assert optimizers.SGD.step is step and step.__code__ is not right
    finally:
        step.__code__ = right


def test_every_listed_survivor_is_a_mutant_still_and_has_a_reason():
    listed = reasons()
    made = {mutant.key for file in {key[0] for key in listed} for mutant in mutants(file)}
    assert set(listed) <= made and all(len(reason) > 20 for reason in listed.values())
