"""Independent of the checker: gradients of the corpus by differences of fourth order, every coordinate."""

import numpy as np

STEP = 1e-4


def worst_error(f, x, seed=0, coordinates=None):
    """The largest ‖a − n‖ / (‖a‖ + ‖n‖) of all arrays in x, for a random upstream gradient.

    With `coordinates`, of so many in each array, drawn at random, and of the slope along one random direction.
    """
    x, rng = {name: np.array(a, float) for name, a in x.items()}, np.random.default_rng([seed, 5])
    y, back = f({n: a.copy() for n, a in x.items()})
    c = rng.standard_normal(np.shape(y)) if callable(back) else 1.0
    analytic = back(np.array(c)) if callable(back) else back
    worst = 0.0
    for name, at in x.items():
        a = np.asarray(analytic[name])
        if a.shape != at.shape:
            return np.inf
        directions = np.eye(at.size)
        if coordinates is not None and at.size > coordinates:
            directions = np.vstack([directions[rng.permutation(at.size)[:coordinates]], rng.standard_normal(at.size)])
        n = np.array([slope(f, x, name, d.reshape(at.shape), c) for d in directions])
        worst = max(worst, distance(directions @ a.ravel(), n))
    return worst


def distance(a, n):
    size = np.linalg.norm(a) + np.linalg.norm(n)
    return float(np.linalg.norm(a - n) / size) if size > 1e-9 else 0.0


def slope(f, x, name, direction, c):
    """d/dt Σ c ⊙ f(x + t d) = (8 (F(h) − F(−h)) − F(2h) + F(−2h)) / 12h."""

    def at(t):
        moved = {n: a.copy() for n, a in x.items()}
        moved[name] += t * direction
        return (c * np.asarray(f(moved)[0])).sum()

    return (8 * (at(STEP) - at(-STEP)) - at(2 * STEP) + at(-2 * STEP)) / (12 * STEP)
