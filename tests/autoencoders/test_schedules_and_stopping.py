"""Schedules, held-out rows, and the order in which rows of a file on disk are read."""

import numpy as np
import pytest

import npvae
from npvae.inference.early_stopping import EarlyStopping, hold_out
from npvae.inference.schedules import cosine, warm_up
from npvae.inference.solver import Budget
from npvae.inference.training import Training
from npvae.models.data.batches import shuffled


def test_a_schedule_reaches_the_optimizer_sweep_by_sweep():
    X, rates = np.random.default_rng(0).normal(size=(64, 3)), []
    solver = npvae.AmortizedVI(npvae.mlp_model(1, [4], 3), sweeps=5, learning_rate=cosine(0.1, 0.01, 4), progress=False)
    solver.after_sweep = lambda record: rates.append(solver.run.optimizer.learning_rate)
    solver.fit(X)
    np.testing.assert_allclose(rates, [0.1, 0.08682, 0.055, 0.02318, 0.01], atol=1e-5)


def test_the_warm_up_is_what_the_gradient_sees():
    X = np.random.default_rng(0).normal(size=(64, 3))
    fit = {beta: npvae.AmortizedVI(npvae.mlp_model(1, [4], 3), sweeps=1, beta=beta, progress=False).fit(X)
           for beta in (warm_up(4), 0.25, 1.0)}
    first, quarter, one = (solver.parameters.value.tobytes() for solver in fit.values())
    assert first == quarter != one


def test_a_weighted_kl_keeps_value_and_gradient_together():
    rng, model = np.random.default_rng(0), npvae.mlp_model(2, [3], 3)
    q, x, noise = rng.normal(size=(4, 4)), rng.normal(size=(4, 3)), npvae.Cubature()(None, 4, 2)
    parts = [npvae.elbo(model, q, x, noise, beta) for beta in (0.0, 1.0, 0.3)]
    (none, back_none), (one, back_one), (some, back_some) = parts
    np.testing.assert_allclose(some, 0.7 * none + 0.3 * one, rtol=1e-12)
    dvalue = rng.normal(size=4)
    np.testing.assert_allclose(back_some(dvalue), 0.7 * back_none(dvalue) + 0.3 * back_one(dvalue), rtol=1e-12)


@pytest.mark.parametrize("m, fraction", [(10, 0.2), (3, 0.01), (1000, 0.5)])
def test_held_out_rows_and_the_others_are_all_rows(m, fraction):
    train, held = hold_out(m, fraction, seed=1)
    assert sorted([*train, *held]) == list(range(m)) and len(held) == max(1, round(fraction * m))
    assert (np.diff(train) > 0).all() and (np.diff(held) > 0).all()


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_a_fraction_that_makes_no_sense_is_refused(fraction):
    with pytest.raises(ValueError, match="fraction"):
        hold_out(10, fraction, 0)


@pytest.mark.parametrize("seed", range(3))
def test_which_rows_are_held_out_is_not_drawn_from_the_stream_of_batches_and_noise(seed):
    _, held = hold_out(100, 0.3, seed)
    order = np.random.default_rng(seed).permutation(100)
    assert set(held) != set(order[:30]) and set(held) != set(order[-30:])
    np.testing.assert_array_equal(held, hold_out(100, 0.3, seed)[1])


def test_one_row_cannot_be_held_out():
    with pytest.raises(ValueError, match="none to train on"):
        hold_out(1, 0.5, 0)


def test_no_gradient_comes_from_held_out_rows():
    X = np.random.default_rng(0).normal(size=(40, 3))
    _, held = hold_out(40, 0.25, seed=0)
    changed = X.copy()
    changed[held] += 5
    for value in ({"seed": 0},):
        fits = [npvae.AmortizedVI(npvae.mlp_model(1, [4], 3, npvae.GaussianLikelihood(1.0)), sweeps=1, held_out=0.25,
                                  progress=False, **value).fit(data) for data in (X, changed)]
        assert fits[0].parameters.value.tobytes() == fits[1].parameters.value.tobytes()
        assert fits[0].history["held_out"] != fits[1].history["held_out"]


def test_finishing_twice_and_going_on_lose_nothing():
    value = np.zeros(2)
    stopping = EarlyStopping(value, patience=3)
    stopping(1.0)
    value += 1
    stopping(0.0)
    for _ in range(2):
        stopping.finish()
        assert value.tolist() == [0, 0]
    stopping.go_on()
    assert value.tolist() == [1, 1]


def test_a_run_that_ends_before_its_first_score_keeps_what_it_has_learned():
    value = np.zeros(2)
    stopping = EarlyStopping(value, patience=3)
    value += 1
    stopping.finish()
    np.testing.assert_array_equal(value, 1)


def test_a_score_that_is_no_better_is_no_better():
    value = np.zeros(1)
    stopping = EarlyStopping(value, patience=2)
    stops = []
    for score in (-1.0, -1.0, -1.0):
        stops.append(stopping(score))
        value += 1
    stopping.finish()
    assert stops == [False, False, True] and value == 0


@pytest.mark.parametrize("m, block", [(10, 3), (12, 4), (5, 5), (5, 100), (7, None)])
def test_shuffling_by_blocks_is_a_permutation(m, block):
    order = shuffled(m, np.random.default_rng(0), block)
    assert sorted(order) == list(range(m))
    if block and block < m:
        assert max(abs(order[i] // block - order[i + 1] // block) > 0 for i in range(m - 1))
        assert sum(order[i] // block != order[i + 1] // block for i in range(m - 1)) == -(-m // block) - 1


def test_rows_of_a_memmap_are_read_block_by_block(tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, size=(5000, 4)).astype(np.uint8)
    np.save(tmp_path / "rows.npy", rows)
    mapped, seen = np.load(tmp_path / "rows.npy", mmap_mode="r"), []
    vae = npvae.VAE(latent_dim=1, hidden=(4,), sweeps=1, batch_size=16, progress=False)
    vae.fit(mapped)
    with Training(vae.solver_, mapped, Budget("again", 16, sweeps=2)) as training:
        for index in training.batches():
            seen.append(index)
            training.record(np.zeros(len(index)))
    assert all(np.ptp(index) < 2 * 64 * 16 or np.ptp(index // 1024) >= 1 for index in seen)
    assert sorted(np.concatenate(seen)) == list(range(5000))
    assert np.mean([np.ptp(index) < 1024 for index in seen]) > 0.9
