"""Kinds of slips that the repair mends: whole statements, loops, conditions, slices, labels, several lines at once."""

import linecache

import numpy as np
import pytest

import npvae


def tanh_forward(x, w, b):
    y = np.tanh(x @ w + b)
    return y, (x, w, y)


def two_slips(dout, cache):
    x, w, y = cache
    dz = dout * (1 - y * y)
    dw = x.T @ dz / len(x)
    db = dz.mean(0)
    return dz @ w.T, dw, db


def running_sum(x):
    y = np.cumsum(x, axis=1)

    def back(dy):
        d = dy.copy()
        for t in range(d.shape[1] - 1):
            d[:, t] += d[:, t + 1]
        return d

    return y, back


def lagged(x):
    y = np.array([x[t] * x[t - 2] if t - 2 >= 0 else x[t] for t in range(len(x))])

    def back(dy):
        dx = np.zeros_like(x)
        for t in range(len(x)):
            if t - 2 > 0:
                dx[t] += dy[t] * x[t - 2]
                dx[t - 2] += dy[t] * x[t]
            else:
                dx[t] += dy[t]
        return dx

    return y, back


def pairs(E):
    i, j = np.array([0, 1, 1, 3, 5]), np.array([2, 4, 0, 1, 3])
    r = (E[i] * E[j]).sum(1)
    dE = np.zeros_like(E)
    np.add.at(dE, i, 2 * r[:, None] * E[j])
    return (r**2).sum(), dE


def padded(x):
    pad = 2
    y = np.pad(x, pad)**2

    def back(dy):
        d = 2 * np.pad(x, pad) * dy
        return d[:len(x), :x.shape[1]]

    return y, back


LABELS = np.arange(7) % 5


def cross_entropy(z):
    e = np.exp(z - z.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(7), LABELS]).sum()
    return loss, p


@pytest.mark.parametrize("f, shape, line, says", [
    (running_sum, (6, 5), "for t in range(d.shape[1] - 1)", "the other direction"),
    (lagged, (8,), "if t - 2 > 0", "comparison"),
    (pairs, (6, 5), "np.add.at(dE, i", "np.add.at(dE, j, 2 * r[:, None] * E[i])"),
    (padded, (6, 5), "return d[:len(x)", "pad"),
    (cross_entropy, (7, 5), "return loss, p", "LABELS")])
def test_the_line_and_the_edit_are_named(f, shape, line, says):
    report = npvae.gradcheck(f, np.random.default_rng(0).normal(size=shape), diagnosis=False)
    repair = report.repair
    assert repair, repair.why
    lines = [repair.line] + [repair.also] * (repair.also is not None)
    assert any(line in linecache.getline(f.__code__.co_filename, n) for n in lines)
    assert says in report.hint(3)


def test_two_lines_that_are_wrong_are_both_named():
    rng = np.random.default_rng(0)
    report = npvae.gradcheck((tanh_forward, two_slips), rng.normal(size=(7, 5)), rng.normal(size=(5, 6)),
                             rng.normal(size=6), diagnosis=False)
    said = report.hint(3)
    assert "`dw = x.T @ dz`" in said and "mends w" in said and "`db = dz.sum(0)`" in said and "mends b" in said


def scaled(params, labels):
    labels = labels.reshape(-1)
    d = params["z"] - labels
    n = len(labels)
    return 0.5 * (d**2).sum() / n, {"z": d * n}


def test_an_edit_that_changes_the_arguments_in_place_spoils_no_later_one():
    labels = np.arange(7)
    report = npvae.gradcheck(scaled, {"z": np.random.default_rng(0).normal(size=7)}, labels, diagnosis=False)
    assert report.repair.after.endswith("{'z': d / n})")
    np.testing.assert_array_equal(labels, np.arange(7))
