"""The corpus is what it says: right code is right, each slip can be made, and the checker catches a sample of them."""

import warnings

import numpy as np
import pytest
from corpus_dialects import as_function, leaves
from corpus_files import families, load, slips, text_of
from corpus_truth import worst_error
from judge import BOUNDS, Outcome, bound_check, gradient_check, outcome, verdict

SAMPLE = np.random.default_rng(0)
CAUGHT = [SAMPLE.choice(slips(family)) for family in families()]


def test_the_corpus_is_as_large_as_it_should_be(tmp_path):
    planted = [slip for family in families() for slip in slips(family)]
    elementwise = [slip for slip in planted if slip.family.startswith("activations")]
    assert len(planted) >= 400 and len(elementwise) >= 60
    assert len({slip.name for slip in planted}) == len({(s.family, s.case, s.old, s.new) for s in planted})
    assert sum(len(slips(family)) for family in BOUNDS) >= 50
    assert sum(len(load(text_of(family), tmp_path).CASES) for family in families()) >= 100
    assert sum(len(load(text_of(family), tmp_path).CASES) for family in BOUNDS) >= 12


@pytest.mark.parametrize("family", families())
def test_the_right_functions_are_right_by_differences_of_our_own(family, tmp_path):
    for name, (dialect, code, make) in load(text_of(family), tmp_path).CASES.items():
        assert worst_error(*as_function(dialect, code, make(np.random.default_rng(0))), coordinates=3) < 1e-6, name


@pytest.mark.parametrize("family", [*families(), *BOUNDS])
def test_each_slip_stands_where_it_says_and_is_python(family):
    text = text_of(family)
    for slip in slips(family):
        source, lines = slip.source(text)
        compile(source, slip.name, "exec")
        assert source != text and slip.words and lines


@pytest.mark.parametrize("family", families())
def test_each_slip_makes_the_gradient_wrong(family, tmp_path):
    for slip in slips(family):
        dialect, code, make = load(slip.source(text_of(family))[0], tmp_path).CASES[slip.case]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert worst_error(*as_function(dialect, code, make(np.random.default_rng(0))), coordinates=3) > 1e-3, slip


@pytest.mark.parametrize("slip", CAUGHT, ids=lambda slip: slip.name)
def test_a_sample_of_the_slips_is_caught(slip, tmp_path):
    case = load(slip.source(text_of(slip.family))[0], tmp_path).CASES[slip.case]
    found = outcome(lambda: gradient_check(case, 0, False, method="direction", directions=3, diagnosis=False), limit=20)
    assert found.ended == "failed"


def test_a_right_elbo_passes_and_one_with_a_slip_does_not(tmp_path):
    text, slip = text_of("elbos_rows"), slips("elbos_rows")[0]
    right, wrong = load(text, tmp_path), load(slip.source(text)[0], tmp_path)
    assert bound_check(right, right.CASES["vae"], 0).passed and not bound_check(wrong, wrong.CASES["vae"], 0).passed


def test_leaves_of_nested_parameters_have_dotted_names():
    tree = {"a": [np.ones(2), (np.zeros(1), 3)], "b": {"c": 0.5}}
    assert list(leaves(tree, "p")) == ["p.a.0", "p.a.1.0", "p.b.c"]


@pytest.mark.parametrize("column, ended, text, finding", [
    ("named", "failed", "line 27: dw lacks a sum", ("unknown", "dw: unknown")),
    ("named", "failed", "FILE.py:27", ("unknown", "dw: unknown")),
    ("named", "failed", "", ("shape", "dw: it is a mean over the rows")),
    ("elsewhere", "failed", "line 3", ("unknown", "dw: unknown")),
    ("wrong", "failed", "", ("sign", "dw: the sign is wrong")),
    ("bare", "failed", "", ("factor", "dw: the gradient is 0.166667 times the right one")),
    ("unknown", "failed", "", ("unknown", "dw: unknown")),
    ("named", "refused", "back takes a mean", None), ("refused", "refused", "f returned a tuple", None),
    ("missed", "passed", "", None), ("crashed", "crashed", "TypeError", None)])
def test_the_judge_puts_a_verdict_in_its_column(column, ended, text, finding):
    slip = slips("affine_mse")[0]
    assert slip.case == "affine" and "mean" in slip.words
    source, lines = slip.source(text_of("affine_mse"))
    text = text.replace("27", str(lines[0]))
    assert verdict(Outcome(ended, text, [finding] if finding else []), slip, source, lines) == column
