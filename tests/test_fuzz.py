"""A slice of the fuzzer's calls in every run, and the judge judged: every kind of offence is planted and seen."""

import re
import time
import warnings

import fuzz
import fuzz_doors
import numpy as np
import pytest
from fuzz_judge import Call, offences

CALLS = 400


def test_a_slice_of_the_calls():
    found = fuzz.run(seed=0, numbers=range(CALLS))
    assert not found, "\n" + fuzz.table(found, 0)


def test_the_same_seed_makes_the_same_calls():
    once, twice = ([str(fuzz.make(3, number)) for number in range(150, 170)] for _ in range(2))
    # apart from addresses, and from the numbers of files that are not there yet
    same = [[re.sub(r"(/[a-z]+)\d+", r"\1", text.split(" at 0x")[0]) for text in texts] for texts in (once, twice)]
    assert same[0] == same[1]


def test_every_public_name_has_a_door():
    names = {door.name for door in fuzz_doors.doors()}
    for room in fuzz_doors.ROOMS:
        for name in room.__all__:
            thing = getattr(room, name)
            if callable(thing) and not (isinstance(thing, type) and issubclass(thing, BaseException)):
                assert name in names, name


def test_the_formulas_that_are_no_doors_are_there():
    names = {door.name for door in fuzz_doors.doors()}
    assert {name for name in fuzz_doors.FORMULAS if not {name, name + " unfitted"} & names} == set()


# ---- offences planted on purpose

def changing(x):
    x[0] = 7.0


def slow(x):
    while True:
        time.sleep(0.01)


def noisy(x):
    np.log(np.zeros(1))


def warning(x):
    warnings.warn("the package's own words, which are allowed", stacklevel=1)
    return x


def global_generator(x):
    np.random.rand()        # noqa: NPY002


def key_error(x):
    return {}["x"]


def nan_inside(x):
    return {"a": [(np.ones(2), np.array([1.0, np.nan]))]}


def nan_behind(x):
    return np.ones(2), lambda dy: dy * np.nan


PLANTED = [(changing, "input changed"), (noisy, "warning"), (global_generator, "global state"),
           (key_error, "exception class"), (nan_inside, "not finite"), (nan_behind, "not finite"),
           (lambda x: np.array([np.inf]), "not finite"), (lambda x: np.ones(3) + np.ones(2), "raw message"),
           (lambda x: np.array([[1.0], [2.0, 3.0]]), "raw message"), (lambda x: float("x"), "raw message")]


@pytest.mark.parametrize(("function", "kind"), PLANTED)
def test_an_offence_is_seen(function, kind):
    assert kind in [k for k, _ in offences(Call("planted", function, {"x": np.ones(3)}))]


def test_a_call_that_does_not_end_is_seen(monkeypatch):
    monkeypatch.setattr("fuzz_judge.LIMIT", 0.2)
    assert [k for k, _ in offences(Call("planted", slow, {"x": np.ones(3)}))] == ["hang"]


def test_sentences_finite_numbers_and_warnings_of_ours_are_no_offence():
    import npvae

    assert not offences(Call("sentence", npvae.evaluate, {"model": npvae.probabilistic_pca(2, 3), "q": np.zeros((5, 4)),
                                                          "X": np.zeros((5, 2))}))
    assert not offences(Call("warning", warning, {"x": np.ones(3)}))
    assert not offences(Call("changes", changing, {"x": np.ones(3)}, changes=("x",)))
    assert not offences(Call("infinity", npvae.datasets.ring, {"n": 3, "sigma_g": 0.1}))
