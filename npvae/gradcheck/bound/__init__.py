"""What no gradient check sees: whether the bound is a bound. Code that draws z with σ² and computes its KL with σ is
differentiated correctly, and reports an "ELBO" above log p(x).

    ELBO(q) + KL(q ‖ p(z|x)) = log p(x)        so, where log p(x) is exact, the right number is known for every q
"""

from dataclasses import dataclass, field

import numpy as np

from npvae.arrays import numbers
from npvae.checks import whole
from npvae.gradcheck.bound.mistakes import LinearGaussian, which_mistake
from npvae.gradcheck.report import Finding, Verdict
from npvae.models import Cubature, probabilistic_pca
from npvae.models.affine import best_diagonal_rows, is_affine_gaussian
from npvae.models.checks import check_model
from npvae.models.data import as_floats
from npvae.models.exact import log_marginal

ROWS = {"log_sigma": lambda s: s, "log_variance": lambda s: 2 * s, "sigma": np.exp}
FEWEST = 100        # draws, with which six standard errors are as rare as for a normal


@dataclass(repr=False)
class BoundReport(Verdict):
    """For each q the right ELBO and the one that came out, mean over the data, nats; and the mistake that fits."""

    rows: list[dict]        # q, log_p, expected, got, error
    tolerance: float
    diagnosis: list[Finding] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every value is the right one."""
        return not self.diagnosis

    @property
    def error(self) -> float:
        """The greatest difference from the right value, nats."""
        return max(row["error"] for row in self.rows)

    def to_dict(self) -> dict:
        """Plain lists, strings and numbers, ready for JSON."""
        return {"passed": self.passed, "error": self.error, "tolerance": self.tolerance, "rows": self.rows,
                "diagnosis": self._findings()}

    def verdict(self) -> str:
        """One sentence."""
        return self.diagnosis[0].sentence if self.diagnosis else "no mistake found"

    def _title(self):
        return f"check_bound: {'passed' if self.passed else 'FAILED'}"

    def _below(self):
        return [f"diagnosis: {self.verdict()}"]

    def _cells(self):
        header = ["q", "log p(x) (nats)", "right ELBO", "got", "furthest off"]
        return header, [[row["q"], *(f"{row[k]:.6f}" for k in ("log_p", "expected", "got")), f"{row['error']:.1e}"]
                        for row in self.rows]


def check_bound(elbo_fn, model=None, X=None, *, row="log_sigma", draws=None, seed=0):
    """Hold an ELBO function against log p(x), and say which mistake fits if it is not an ELBO.

    Parameters
    ----------
    elbo_fn : callable (q (B, 2K), x (B, D), eps (B, K)) -> value (B,), nats
        One draw z = μ + σ ε for each row. Its mean over ε is taken exactly, over cubature points. With `draws`, a
        function (q, x) that draws its own noise.
    model : LatentVariableModel, optional
        Probabilistic PCA; `npvae.probabilistic_pca(3, 5, sigma_g=0.5)` by default, which is the same model each time.
    X : array (B, D), optional
        Data; seven draws from the model by default.
    row : "log_sigma", "log_variance" or "sigma"
        What stands in the second half of the rows that your function takes.
    draws : int, optional
        Average so many calls of a function (q, x), at least 100; values then count as right within six standard
        errors.
    seed : int

    Returns
    -------
    report : BoundReport
        `.passed`, `.diagnosis`, a table of right and obtained values.

    Raises
    ------
    ValueError
        If the model is not probabilistic PCA, the function does not return (B,) numbers, or the draws are too few.

    Notes
    -----
    The identity is the lecture's second form of the ELBO; the posterior is Tipping & Bishop's (1999).

    Examples
    --------
    >>> from npvae.inference import elbo
    >>> from npvae.models import Noise, probabilistic_pca
    >>> model = probabilistic_pca(3, 5, sigma_g=0.5)
    >>> one = np.ones((1, 1))
    >>> check_bound(lambda q, x, eps: elbo(model, q, x, Noise(eps[None], one))[0], model).passed
    True
    >>> doubled = check_bound(lambda q, x, eps: elbo(model, q, x, Noise(2 * eps[None], one))[0], model)
    >>> doubled.verdict()
    'sampler: the noise has standard deviation 2, not 1. Draw ε ~ N(0, I).'
    """
    if not callable(elbo_fn):
        raise ValueError(f"elbo_fn is {elbo_fn!r}, expected a function (q, x, eps) -> value (B,)")
    model = probabilistic_pca(3, 5, sigma_g=0.5) if model is None else model
    if not is_affine_gaussian(check_model(model)):
        raise ValueError(f"check_bound got {model}, expected probabilistic PCA (Gaussian latent, affine decoder, "
                         "GaussianLikelihood): there every mistake predicts a number of its own")
    if abs(np.log(model.likelihood.sigma_g)) < 1e-3:
        raise ValueError("the model's σ_g is 1, where σ_g for σ_g² and a missing −D log σ_g change nothing: take "
                         "another one, e.g. sigma_g=0.5")
    rng = np.random.default_rng(whole("seed", seed, least=0))
    X = model.sample(7, rng)[0] if X is None else as_floats(X, model.data_dim, model.likelihood)
    log_p, rows, found, cases = log_marginal(model, X), [], [], []
    for name, q in _trial_rows(model, X, rng).items():
        case = LinearGaussian(model, q, X)
        got, doubt, broken = _expected_value(elbo_fn, q, X, row, draws, rng)
        found += broken
        # ELBO = log p(x) − KL(q ‖ p(z|x))
        right = log_p - case.kl_to_posterior()
        cases.append((case, right, got, doubt))
        rows.append({"q": name, "log_p": float(log_p.mean()), "expected": float(right.mean()),
                     "got": float(got.mean()), "error": float(np.abs(got - right).max())})
    tolerance = 1e-8 * float(np.abs(log_p).max() + 1)
    if not found:
        found = which_mistake(cases, tolerance)
    return BoundReport(rows, tolerance, found[:1])


def _trial_rows(model, X, rng):
    """Rows q by name: the best one, the prior, one too narrow, one too wide, and one at random."""
    best = best_diagonal_rows(model, X)
    narrow, wide = best.copy(), best.copy()
    narrow[:, model.latent.dim:] -= 1.0
    wide[:, model.latent.dim:] = np.minimum(wide[:, model.latent.dim:] + 0.7, 0.3)
    anywhere = np.concatenate([0.5 * rng.standard_normal((len(X), model.latent.dim)),
                               rng.uniform(-1.0, 0.3, (len(X), model.latent.dim))], axis=1)
    return {"best": best, "prior": np.zeros_like(best), "narrow": narrow, "wide": wide,
            "random": anywhere}


def _expected_value(elbo_fn, q, X, row, draws, rng):
    """E_ε of the function for each row [μ, log σ], its standard error, and what is already wrong: (B,), (B,), findings.
    """
    if not isinstance(row, str) or row not in ROWS:
        raise ValueError(f"row is {row!r}, expected one of {', '.join(ROWS)}")
    if draws is not None:
        # the standard error of fewer is too uncertain
        whole("draws", draws, least=FEWEST)
    K = q.shape[1] // 2
    rows = np.concatenate([q[:, :K], ROWS[row](q[:, K:])], axis=1)
    if draws is not None:
        values = np.array([_called(elbo_fn, rows, X) for _ in range(draws)])
        return values.mean(0), values.std(0, ddof=1) / np.sqrt(draws), []
    broken = _reactions(elbo_fn, rows, X, rng)
    # exact for polynomials up to degree 3 in ε, so for every affine decoder
    nodes = Cubature()(None, 1, K).eps[:, 0]
    values = [_called(elbo_fn, rows, X, np.tile(eps, (len(X), 1))) for eps in nodes]
    return np.mean(values, axis=0), np.zeros(len(X)), broken


def _called(elbo_fn, q, X, *eps):
    """The values (B,), or a ValueError that says what came instead."""
    value = elbo_fn(q.copy(), X.copy(), *eps)
    value = numbers("the ELBO function's value", value[0] if isinstance(value, tuple) and value else value)
    if value.dtype == np.float32:
        raise ValueError("the ELBO function answers in float32, whose rounding hides small mistakes: some array in it, "
                         "or its model, is float32; check in float64 (model.copy(np.float64))")
    value = value.astype(float)
    if value.shape != (len(X),):
        raise ValueError(f"the ELBO function returned shape {value.shape}, expected ({len(X)},): one number for each "
                         "row, neither summed nor averaged over the batch")
    if not np.isfinite(value).all():
        raise ValueError("the ELBO function returned numbers that are not finite, for moderate rows: look for an "
                         "overflow, or a logarithm of 0")
    return value


def _reactions(elbo_fn, rows, X, rng):
    """Findings from one draw: does each row react to its own noise, and to its own only?"""
    eps = rng.standard_normal((len(X), rows.shape[1] // 2))
    other = eps.copy()
    other[0] = rng.standard_normal(eps.shape[1])
    elsewhere, others = X.copy(), rows.copy()
    elsewhere[0] += 1
    others[0] += 0.1
    value, again, moved = (_called(elbo_fn, rows, X, e) for e in (eps, eps, other))
    if not np.allclose(value, again, rtol=1e-12):
        return [Finding("noise", "sampler", "sampler: the function draws noise of its own beside eps. Use eps only, or "
                        "pass draws=… for a function (q, x).")]
    if not np.allclose(value[1:], _called(elbo_fn, others, elsewhere, eps)[1:], rtol=1e-12):
        return [Finding("batch", "ELBO", "ELBO: a row's value depends on another row's x or q: a mean or a sum over "
                        "the batch, or shapes such as (B,) and (B, 1) broadcast to (B, B). Reduce over axis 1 only.")]
    if not np.allclose(value[1:], moved[1:], rtol=1e-12):
        return [Finding("noise", "sampler", "sampler: reused noise, a row's value depends on another row's ε. Draw ε "
                        "with shape (B, K), one for each row.")]
    # z is linear in ε, so beyond its value at 0 the even part of an ELBO grows with its square
    at = [_called(elbo_fn, rows, X, t * eps) for t in (0.0, 1.0, -1.0, 2.0, -2.0)]
    even, twice = at[1] + at[2] - 2 * at[0], at[3] + at[4] - 2 * at[0]
    if not np.allclose(twice, 4 * even, rtol=1e-6, atol=1e-9 * np.abs(at).max()):
        return [Finding("noise", "sampler", "sampler: the value is no quadratic of ε, as it is for z = μ + σ ε: the "
                        "noise is clipped, squashed or has lost its sign. Use ε as it is.")]
    return []
