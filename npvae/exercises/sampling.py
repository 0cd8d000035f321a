"""Judges of answers that draw numbers: what they draw, and what they make of it, is held against what is known."""

import numpy as np

from npvae.exercises.asking import called, check_callable, outputs
from npvae.exercises.task import Task, Wrong

M = 3000            # draws
SURE = 6            # standard errors


def judge_ancestral(task: Task, answer) -> None:
    """Wrong if z is not N(0, I), or if x − g(z) is not sigma_g times independent N(0, 1)."""
    check_callable(task, answer)
    for K, sigma_g in ((2, 0.3), (3, 2.0)):
        z, x = _drawn(task, answer, K, sigma_g, 1)
        if z.shape != (M, K) or x.shape != (M, 2 * K):
            name, got, right = ("z", z, "(m, K)") if z.shape != (M, K) else ("x", x, "(m, D)")
            raise Wrong("shape", f"{name} has shape {got.shape} for m = {M}, K = {K} and D = {2 * K}, expected "
                                 f"{right}.")
        if not np.array_equal(z, _drawn(task, answer, K, sigma_g, 1)[0]):
            raise Wrong("own generator", "with the same rng it draws other numbers: all randomness has to come from "
                                         "rng.")
        if np.array_equal(z, _drawn(task, answer, K, sigma_g, 2)[0]):
            raise Wrong("own generator", "with another rng it draws the same numbers: all randomness has to come from "
                                         "rng.")
        check_standard_normal(z, "z")
        check_not_cut_off(x)
        _check_noise(z, x, sigma_g)


def _curve(z):
    return np.concatenate([z, 0.5 * z * z], axis=1)


def _drawn(task, answer, K, sigma_g, seed):
    out = called(task, answer, (M, K, _curve, sigma_g, np.random.default_rng(seed)))[0]
    z, x = outputs(task, out, 2, True)
    return z.astype(float), x.astype(float)


def _check_noise(z, x, sigma_g):
    K, mean = z.shape[1], _curve(z)
    r = (x - mean) / sigma_g
    if np.abs(r).max() < 1e-5:
        raise Wrong("no noise", "x is g(z) itself, without noise: add sigma_g times N(0, I).")
    if np.allclose(x[:, K:], 0.5 * x[:, :K] ** 2):
        raise Wrong("noise on z", "the noise is put on z, before the decoder: it belongs on g(z), after it.")
    if np.ptp(r, 0).max() < 1e-5:
        raise Wrong("one noise for all rows", "the same noise is added to every row: each row needs its own.")
    if np.ptp(r, 1).max() < 1e-5:
        raise Wrong("one noise for a row", "the noise is the same number in all dimensions of a row: each dimension "
                    "needs its own.")
    slope = ((x - x.mean(0)) * (mean - mean.mean(0))).mean(0) / mean.var(0)
    if np.all(np.abs(slope) < 0.3):
        raise Wrong("another z", "x does not come from the z that is returned: z is drawn again, return the z that g "
                                 "took.")
    _check_spread(r.std(), sigma_g)
    if np.abs(r.mean(0)).max() > SURE / np.sqrt(M):
        raise Wrong("noise has a mean", f"the noise x − g(z) has the mean {sigma_g * r.mean():.3g}, expected 0.")
    check_noise_of_its_own(r, z, "the noise x − g(z)")
    _check_normal(r, "the noise x − g(z)")
    check_independent(r, "the noise x − g(z)")


def check_not_cut_off(x: np.ndarray) -> None:
    """Wrong if many of the numbers of x are its least or its greatest, as a clip makes them."""
    for end, words in ((x.min(), "below"), (x.max(), "above")):
        if (x == end).mean() > 0.01 and np.unique(x).size > 0.01 * x.size:
            raise Wrong("cut off", f"x is cut off at {end:.3g}, with nothing {words}: g(z) with its noise may lie "
                                   "anywhere, "
                        "so no clip.")


def check_noise_of_its_own(r: np.ndarray, z: np.ndarray, name: str) -> None:
    """Wrong if the noise r (m, D), in units of its width, is made of the numbers of z (m, K), or depends on them."""
    if np.isin(np.abs(r).round(8), np.abs(z).round(8)).mean() > 0.05:
        raise Wrong("z as noise", f"{name} is made of the numbers of z: x needs a second draw, independent of z.")
    if np.unique(r.round(8)).size < 0.9 * r.size:
        raise Wrong("noise repeats", f"numbers of {name} repeat: each number of x has a draw of its own.")
    limit, K = SURE / np.sqrt(len(r)), z.shape[1]
    for f in (lambda a: a, np.square):
        if np.abs(np.corrcoef(f(r).T, f(z).T)[:-K, -K:]).max() > limit:
            raise Wrong("noise depends on z", f"{name} depends on z: it is to be drawn independently of it.")


def _check_normal(r, name):
    # skewness and kurtosis
    flat = (r - r.mean()).ravel() / r.std()
    if abs((flat**3).mean()) > SURE * np.sqrt(6 / flat.size) or abs(
            (flat**4).mean() - 3) > SURE * np.sqrt(24 / flat.size):
        what = "looks uniform" if abs((flat**4).mean() - 1.8) < 0.1 else "is not normal"
        raise Wrong("noise not normal", f"{name} {what}, though its width is right: p(x|z) is a Gaussian.")


def _check_spread(s, sigma_g):
    if abs(s - 1) < 0.1:
        return
    said = f"the noise x − g(z) has standard deviation {s * sigma_g:.3g} where sigma_g is {sigma_g}"
    if abs(s / sigma_g - 1) < 0.1:
        raise Wrong("variance for standard deviation", f"{said}: that is sigma_g², the variance, in its place.")
    if abs(s * np.sqrt(sigma_g) - 1) < 0.1:
        raise Wrong("root of the standard deviation", f"{said}: that is the root of sigma_g, which is no variance.")
    raise Wrong("spread of the noise", f"{said}.")


def check_standard_normal(z: np.ndarray, name: str) -> None:
    """Wrong if the numbers of z (m, K) are not independent draws of N(0, 1)."""
    m = len(z)
    if np.ptp(z, 0).max() == 0:
        raise Wrong("one z for all", f"{name} is the same in every row: each row has its own draw.")
    if z.shape[1] > 1 and np.ptp(z, 1).max() == 0:
        raise Wrong("one number for all dimensions", f"{name} has the same number in all its dimensions: the "
                                                     "dimensions "
                    "are drawn independently.")
    flat = z.ravel()
    off = abs(flat.mean()) > SURE / np.sqrt(flat.size) or abs(flat.var() - 1) > SURE * np.sqrt(2 / flat.size)
    kurtosis = ((flat - flat.mean()) ** 4).mean() / flat.var() ** 2
    if off or abs(kurtosis - 3) > SURE * np.sqrt(24 / flat.size):
        what = "looks uniform" if abs(kurtosis - 1.8) < 0.2 else "is not N(0, I)"
        raise Wrong("not the prior", f"{name} {what}, with mean {flat.mean():.2f} and standard deviation "
                    f"{flat.std():.2f}: the prior is N(0, I), rng.standard_normal.")
    check_independent(z[:m], name)


def check_independent(a: np.ndarray, name: str) -> None:
    """Wrong if columns are correlated, or each row with the next."""
    m, limit = len(a), SURE / np.sqrt(len(a))
    between = np.corrcoef(a.T) if a.shape[1] > 1 else np.eye(1)
    if np.abs(between - np.eye(len(between))).max() > limit:
        raise Wrong("correlated dimensions", f"the dimensions of {name} are correlated: they are drawn independently.")
    next_row = (a[1:] * a[:-1]).mean(0) / a.var(0)
    if np.abs(next_row).max() > limit * np.sqrt(m / (m - 1)):
        raise Wrong("correlated rows", f"the rows of {name} are correlated: they are drawn independently.")


def judge_prior_sampling(task: Task, answer) -> None:
    """Wrong if the z are no S draws of the prior, or if what is made of their log p(x|z) is not the log of the mean."""
    check_callable(task, answer)
    for K, S, level, width in ((2, 3000, 0.0, 0.5), (3, 1000, -3000.0, 0.5), (2, 3000, 0.0, 0.03)):
        value, z, a = _estimate(task, answer, K, S, level, width)
        again = _estimate(task, answer, K, S, level, width)[0]
        if not np.array_equal(value, again, equal_nan=True):
            raise Wrong("own generator", "with the same rng it gives another value: all randomness has to come from "
                                         "rng.")
        if len(z) == 1:
            raise Wrong("average of z", "log_likelihood is asked at a single z: average p(x|z_s) over S draws, not "
                                        "the z.")
        if len(z) != S:
            raise Wrong("number of draws", f"log_likelihood is asked at {len(z)} z, expected the S = {S} draws.")
        if value.shape:
            raise Wrong("shape", f"it returns an array of shape {value.shape}, expected one number.")
        check_standard_normal(z, "z")
        _check_estimate(float(value), z, a)


def _estimate(task, answer, K, S, level, width):
    asked = []

    def log_likelihood(z):
        z = np.asarray(z, float)
        if z.ndim != 2 or z.shape[1] != K:
            raise ValueError(f"z has shape {z.shape}, expected (S, K) with K = {K}")
        a = -((0.8 - z) ** 2).sum(1) / (2 * width**2) + level
        asked.append((z.copy(), a))
        return a.copy()

    # log_likelihood keeps what it is asked: the arguments are not copied
    out = called(task, lambda *args: answer(log_likelihood, *args[1:]), (None, K, S, np.random.default_rng(1)))[0]
    if not asked:
        raise Wrong("log_likelihood is not used", "log_likelihood is never called.")
    value = outputs(task, out, 1, False)[0]
    return value, np.concatenate([z for z, _ in asked]), np.concatenate([a for _, a in asked])


def _check_estimate(value, z, a):
    top = a.max()
    right = np.log(np.exp(a - top).mean()) + top
    S, K = z.shape
    log_prior = -0.5 * (z * z).sum(1) - K / 2 * np.log(2 * np.pi)
    with_prior = a + log_prior
    known = {
        a.mean(): ("mean of the logarithms", "it is the mean of the logarithms: the log of the mean is asked for, so "
                   "exponentiate before you average."),
        right + np.log(S): ("sum instead of mean", "it is the sum over the draws, log S too much: take their mean."),
        np.exp(right): ("no logarithm", "it is p(x) itself: its logarithm is asked for."),
        right - top: ("shift not added back", "the maximum that was subtracted is not added back after the logarithm."),
        np.log(np.exp(a - log_prior - (a - log_prior).max()).mean()) + (a - log_prior).max():
            ("divided by the prior", "it divides by the prior: z is drawn from it already, so average p(x|z) alone."),
        np.median(a): ("median", "it is the median of the logarithms: the log of the mean is asked for."),
        top: ("the best draw only", "it is the best draw alone, the maximum: take the mean over all draws."),
        np.log(np.exp(with_prior - with_prior.max()).mean()) + with_prior.max():
            ("prior twice", "the prior is counted twice: z is drawn from it already, so average p(x|z) alone."),
    }
    if abs(value - right) <= 1e-4 * (1 + abs(right)) * (1 if abs(right) < 100 else 1e-2):
        return
    for v, (name, sentence) in known.items():
        if abs(value - v) <= 1e-6 * (1 + abs(v)):
            raise Wrong(name, sentence)
    if not np.isfinite(value) and a.max() - a.mean() > 500:
        raise Wrong("mean for greatest", f"where log p(x|z) lies between {a.min():.0f} and {top:.0f} it is {value}: "
                    "what is taken off before the exponential is not the greatest (their mean?), and exp overflows.")
    if not np.isfinite(value):
        raise Wrong("underflow", f"where log p(x|z) is about {a.mean():.0f} it is {value}: exp underflows to 0 before "
                                 "the "
                    "logarithm is taken; take the maximum out first, and add it back after the logarithm.")
    raise Wrong("unknown", f"it is {value:.5g}, and the log of the mean of the p(x|z_s) that it asked for is "
                           f"{right:.5g}.")
