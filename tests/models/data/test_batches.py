"""Some rows of many, and when data are too coarse for their dtype."""

import warnings

import numpy as np
import pytest

from npvae.models.data.batches import ROWS, blocks, some_rows
from npvae.models.data.moments import moments, warn_if_unresolved


def numbered(m):
    return np.arange(m, dtype=float)[:, None] * [1.0, 1.0]


@pytest.mark.parametrize("m", [1, 11, 12])
def test_few_rows_are_all_taken_in_order(m):
    np.testing.assert_array_equal(some_rows(numbered(m), np.random.default_rng(0), runs=4, length=3), numbered(m))
    rows = np.arange(m)[::-1]
    found = some_rows(numbered(20), np.random.default_rng(0), rows, runs=4, length=3)
    np.testing.assert_array_equal(found[:, 0], rows)


def test_of_many_as_many_different_ones_are_taken_as_was_asked_for():
    seen = set()
    for seed in range(60):
        found = some_rows(numbered(13), np.random.default_rng(seed), runs=4, length=3)[:, 0].tolist()
        assert len(found) == len(set(found)) == 12 and set(found) <= set(range(13))
        seen |= {13 * 12 // 2 - sum(found)}
        chosen = some_rows(numbered(100), np.random.default_rng(seed), np.arange(50, 80), runs=4, length=3)[:, 0]
        assert len(set(chosen)) == 12 and chosen.min() >= 50 and chosen.max() < 80
    assert seen == set(range(13))                           # each is left out at some time


def test_of_a_file_whole_runs_are_taken_from_all_over_it(tmp_path):
    np.save(tmp_path / "X.npy", numbered(15))
    X, starts = np.load(tmp_path / "X.npy", mmap_mode="r"), set()
    for seed in range(60):
        runs = some_rows(X, np.random.default_rng(seed), runs=4, length=3)[:, 0].reshape(4, 3)
        np.testing.assert_array_equal(runs - runs[:, :1], np.broadcast_to([0, 1, 2], (4, 3)))
        assert (np.diff(runs[:, 0]) >= 0).all()
        starts |= set(runs[:, 0])
    assert starts == set(range(13))


def test_blocks_are_the_rows_one_after_another():
    X = numbered(2 * ROWS + 3)
    np.testing.assert_array_equal(np.concatenate(list(blocks(X))), X)
    rows = np.random.default_rng(0).permutation(len(X))[: ROWS + 5]
    np.testing.assert_array_equal(np.concatenate(list(blocks(X, rows=rows))), X[rows])


def test_the_scale_is_two_deviations_and_one_for_what_is_constant():
    X = np.random.default_rng(1).normal(size=(2 * ROWS + 7, 3)) * [1.0, 2.0, 0.5] + 100
    found = moments(X)
    np.testing.assert_allclose(found.mean, X.mean(0), rtol=1e-13)
    assert found.variance == pytest.approx(((X - X.mean(0)) ** 2).mean(), rel=1e-12)
    assert found.scale == pytest.approx(2 * found.variance**0.5) and moments(np.full((5, 3), 0.1)).scale == 1.0


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_data_too_coarse_for_float32_draw_a_word_in_any_unit(unit):
    X = np.random.default_rng(0).normal(size=(50, 2)) * [1.0, 2.0]
    deviation = np.sqrt(((X - X.mean(0)) ** 2).mean())
    # float32's numbers near a mean of 1e-3 deviations / eps lie a thousandth of a deviation apart
    limit = 1e-3 * deviation / np.finfo(np.float32).eps
    for far, coarse in ((0.5 * limit, False), (2 * limit, True)):
        found = moments(unit * (X - X.mean(0) + [-far, 0.1 * far]))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn_if_unresolved(found, np.float32)
            warn_if_unresolved(found, np.float64)
        assert len(caught) == coarse
