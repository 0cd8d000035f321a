"""Optimizers against textbook formulas written a second time, in place, row by row, uphill and downhill."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npvae.nn import SGD, Adam, RowAdam
from npvae.nn.optimizers import STRETCH

STEPS = 50


def textbook_adam(theta, gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Algorithm 1 of Kingma & Ba 2015 as printed, uphill: every θ on the way."""
    m, v, path = np.zeros_like(theta), np.zeros_like(theta), []
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta + rate * m_hat / (np.sqrt(v_hat) + epsilon)
        path.append(theta)
    return np.array(path).reshape(len(gradients), *theta.shape)


def walk(optimizer, gradients):
    path = []
    for g in gradients:
        optimizer.grad[...] = g
        optimizer.step()
        path.append(optimizer.value.copy())
    return np.array(path)


def random_gradients(seed=0, steps=STEPS, shape=(6,)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(steps, *shape)) * 10.0 ** rng.integers(-3, 3, shape)


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("settings", [{}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}, {"beta1": 0.0}])
def test_adam_is_the_textbook_formula(settings, maximize):
    gradients, start = random_gradients(), np.linspace(-1, 1, 6)
    path = walk(Adam(start.copy(), np.zeros(6), 0.1, maximize=maximize, **settings), gradients)
    expected = textbook_adam(start, gradients if maximize else -gradients, 0.1, **settings)
    np.testing.assert_allclose(path, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(2 * STRETCH + 5,), (STRETCH,), (STRETCH + 1, 2), (0,)])
def test_a_long_vector_taken_in_stretches_is_moved_by_the_textbook_formula(shape):
    gradients, start = np.random.default_rng(0).normal(size=(3, *shape)), np.ones(shape)
    path = walk(Adam(start.copy(), np.zeros(shape), 0.1), gradients)
    np.testing.assert_allclose(path, textbook_adam(start, gradients, 0.1), rtol=0, atol=1e-12)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradients_size():
    gradients = np.array([[1e-3, -1.0, 1e3]])
    path = walk(Adam(np.zeros(3), np.zeros(3), 0.01), gradients)
    np.testing.assert_allclose(path[0], [0.01, -0.01, 0.01], rtol=2e-5)


def test_adam_stays_where_it_is_without_a_gradient():
    assert not walk(Adam(np.zeros(2), np.zeros(2), 0.1), np.zeros((5, 2))).any()


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_the_sum_of_its_decayed_gradients(momentum, maximize):
    gradients = random_gradients()
    path = walk(SGD(np.ones(6), np.zeros(6), 0.1, momentum, maximize), gradients)
    for t in range(STEPS):
        velocities = [sum(momentum ** (u - s) * gradients[s] for s in range(u + 1)) for u in range(t + 1)]
        expected = 1 + (0.1 if maximize else -0.1) * np.sum(velocities, axis=0)
        np.testing.assert_allclose(path[t], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", [lambda v, g, up: SGD(v, g, 0.1, maximize=up),
                                  lambda v, g, up: SGD(v, g, 0.02, momentum=0.8, maximize=up),
                                  lambda v, g, up: Adam(v, g, 0.05, maximize=up)], ids=["sgd", "momentum", "adam"])
@pytest.mark.parametrize("up", [True, False])
def test_a_parabola_is_climbed_or_descended_to_its_vertex(make, up):
    value, grad, vertex = np.array([3.0, -2.0]), np.zeros(2), np.array([1.0, 0.5])
    optimizer = make(value, grad, up)
    for _ in range(600):
        grad[...] = (vertex - value) if up else (value - vertex)    # of ∓½‖value − vertex‖²
        optimizer.step()
    np.testing.assert_allclose(value, vertex, atol=1e-3)


@pytest.mark.parametrize("optimizer", [SGD, Adam])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_are_in_place_and_leave_the_gradient_alone(optimizer, dtype):
    vector, twin = np.ones(9, dtype), np.full(9, 0.5, dtype)
    stepper = optimizer(vector[2:7], twin[2:7], 0.1)                # a stretch, as of θ or of φ
    stepper.step()
    stepper.step()
    assert np.shares_memory(stepper.value, vector) and np.shares_memory(stepper.grad, twin)
    assert (vector[2:7] > 1).all() and vector.dtype == dtype
    np.testing.assert_array_equal(vector[[0, 1, 7, 8]], 1)
    np.testing.assert_array_equal(twin, 0.5)
    assert all(a.dtype == dtype for a in vars(stepper).values() if isinstance(a, np.ndarray))


def test_adam_restored_goes_on_as_if_it_had_never_stopped():
    gradients, start = random_gradients(), np.zeros(6)
    adam = Adam(start.copy(), np.zeros(6), 0.1)
    walk(adam, gradients[:20])
    saved, where = adam.arrays(), adam.value.copy()
    straight_on = walk(adam, gradients[20:])
    resumed = Adam(where, np.zeros(6), 0.1)
    resumed.restore(saved)                                      # copies: the steps in between have not moved them
    np.testing.assert_array_equal(walk(resumed, gradients[20:]), straight_on)


# rows

def test_row_adam_is_adam_for_every_row_with_its_own_counter():
    rng, table, rate = np.random.default_rng(1), np.random.default_rng(0).normal(size=(7, 3)), 0.05
    start, rows, seen = table.copy(), RowAdam(table, rate), [[] for _ in range(7)]
    for _ in range(STEPS):
        index = rng.permutation(6)[:3]                              # unsorted; row 6 is never seen
        if rng.random() < 0.8:
            index = index[index != 5]                               # row 5 is seen rarely
        dq = rng.normal(size=(len(index), 3)) * 10.0 ** rng.integers(-2, 3)
        rows.step(index, dq)
        for i, g in zip(index, dq, strict=True):
            seen[i].append(g)
    assert 0 < len(seen[5]) < 10 < len(seen[0]) and not seen[6]
    for i in range(6):
        np.testing.assert_allclose(table[i], textbook_adam(start[i], seen[i], rate)[-1], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(table[6], start[6])
    np.testing.assert_array_equal(rows.t, [len(s) for s in seen])


def test_a_row_seen_for_the_first_time_late_takes_a_full_first_step():
    table = np.zeros((2, 1))
    rows = RowAdam(table, 0.1)
    for _ in range(100):
        rows.step(np.array([0]), np.ones((1, 1)))
    rows.step(np.array([1]), np.full((1, 1), 1e-3))
    assert table[1, 0] == pytest.approx(0.1, rel=1e-4)


@given(st.lists(st.integers(-5, 4), min_size=1, max_size=12), st.integers(0, 10**6))
def test_duplicate_rows_add_their_gradients(index, seed):
    # −1 is row 4
    rng, seen = np.random.default_rng(seed), sorted({i % 5 for i in index})
    table, twin = np.zeros((5, 2)), np.zeros((5, 2))
    rows, twin_rows = RowAdam(table), RowAdam(twin)
    for _ in range(3):
        dq = rng.normal(size=(len(index), 2))
        summed = np.array([sum(g for i, g in zip(index, dq, strict=True) if i % 5 == r) for r in seen])
        rows.step(np.array(index), dq)
        twin_rows.step(np.array(seen), summed)
    np.testing.assert_allclose(table, twin, rtol=0, atol=1e-12)
    assert rows.t.max() == 3


@pytest.mark.parametrize("settings", [{"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}, {"beta1": 0.0}])
def test_row_adam_takes_adams_settings(settings):
    gradients, table = random_gradients(shape=(4, 2)), np.zeros((4, 2))
    rows = RowAdam(table, 0.1, **settings)
    for g in gradients:
        rows.step(np.arange(4), g)
    np.testing.assert_allclose(table, textbook_adam(np.zeros((4, 2)), gradients, 0.1, **settings)[-1], atol=1e-12)


def test_row_adam_moves_the_table_it_was_given_and_leaves_the_gradients_alone():
    table, dq = np.zeros((4, 2), np.float32), np.ones((3, 2), np.float32)
    rows = RowAdam(table)
    rows.step(np.array([0, 2, 2]), dq)
    assert rows.table is table and table.dtype == rows.m.dtype == rows.v.dtype == np.float32
    assert table[[0, 2]].all() and not table[[1, 3]].any()
    np.testing.assert_array_equal(dq, 1)


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), True, "0.1"])
@pytest.mark.parametrize("make", [lambda r: SGD(np.zeros(1), np.zeros(1), r),
                                  lambda r: Adam(np.zeros(1), np.zeros(1), r),
                                  lambda r: RowAdam(np.zeros((1, 1)), r)], ids=["SGD", "Adam", "RowAdam"])
def test_learning_rates_that_are_not_positive_are_refused(make, rate):
    with pytest.raises(ValueError, match="learning_rate is .* expected a positive finite number"):
        make(rate)


@pytest.mark.parametrize("index", [[-6], [5], [0, -7]])
def test_rows_that_a_table_does_not_have_are_no_others(index):
    table = np.zeros((5, 1))
    with pytest.raises(IndexError, match="expected 0 … 4: the table has 5 rows"):
        RowAdam(table).step(np.array(index), np.ones((len(index), 1)))
    assert not table.any()


@pytest.mark.parametrize("make, rate", [(SGD, 1e-2), (Adam, 1e-3), (lambda value, grad: RowAdam(value), 3e-2)],
                         ids=["SGD", "Adam", "RowAdam"])
def test_under_a_constant_gradient_of_one_every_default_step_is_the_default_rate(make, rate):
    value, grad = np.zeros((2, 1)), np.ones((2, 1))
    optimizer = make(value, grad)
    for n in (1, 2, 3):
        optimizer.step(slice(None), grad) if isinstance(optimizer, RowAdam) else optimizer.step()
        np.testing.assert_allclose(value, n * rate, rtol=1e-6)


def test_an_optimizer_shows_its_settings_and_what_it_moves():
    theta, grad, table = np.zeros(3), np.zeros(3), np.zeros((4, 2))
    assert repr(Adam(theta, grad, 0.1)) == ("Adam(learning_rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-08), which "
                                            "moves 3 numbers")
    assert repr(SGD(theta, grad, maximize=False)).startswith("SGD(learning_rate=0.01, momentum=0, maximize=False)")
    assert repr(RowAdam(table, 0.2)).startswith("RowAdam(learning_rate=0.2,") and "8 numbers" in repr(RowAdam(table))
