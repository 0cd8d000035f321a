"""Early stopping and held-out rows against their rules written out."""

import numpy as np
import pytest

from npvae.inference import AmortizedVI
from npvae.inference.early_stopping import EarlyStopping, hold_out
from npvae.models import probabilistic_pca
from npvae.nn import mlp


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_it_stops_when_patience_sweeps_brought_none_better_and_keeps_the_best(patience):
    for seed in range(20):
        scores = np.random.default_rng(seed).integers(0, 6, 30).astype(float)
        value = np.zeros(2)
        stopping = EarlyStopping(value, patience)
        for i, score in enumerate(scores):
            value[...] = i
            best = int(scores[: i + 1].argmax())            # the first of equal ones
            assert stopping(score) == stopping.exhausted == (i - best >= patience)
        copy = EarlyStopping(np.zeros(2), patience)
        copy.restore(stopping.arrays())
        assert (copy.best == scores.argmax()).all() and (copy.last == 29).all() and copy.exhausted == stopping.exhausted
        assert copy.best_score == scores.max() and copy.waited == 29 - scores.argmax()
        stopping.finish()
        assert (value == scores.argmax()).all()
        stopping.go_on()
        assert (value == 29).all()


@pytest.mark.parametrize("m, fraction, n", [(10, 0.2, 2), (10, 0.01, 1), (7, 0.5, 4), (100, 0.33, 33)])
def test_held_out_rows_and_the_others_are_all_rows(m, fraction, n):
    rows, held = hold_out(m, fraction, 3)
    assert len(held) == n and sorted([*rows, *held]) == list(range(m))
    assert (np.diff(rows) > 0).all() and (np.diff(held) > 0).all()
    assert hold_out(100, 0.5, 3)[1].tolist() != hold_out(100, 0.5, 4)[1].tolist()


def test_the_seconds_of_a_fit_that_goes_on_are_added_to_the_earlier_ones():
    X = np.random.default_rng(0).normal(size=(20, 2))
    solver = AmortizedVI(probabilistic_pca(1, 2), encoder=mlp([2, 2]), sweeps=2)
    solver.fit(X)
    # as if the first part had taken an hour
    solver.history[-1]["seconds"] += 3600
    solver.sweeps = 4
    seconds = [record["seconds"] for record in solver.fit(X, resume=True).history]
    assert seconds[1] >= 3600 and seconds == sorted(seconds)
