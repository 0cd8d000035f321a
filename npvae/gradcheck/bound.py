"""What no gradient check sees: whether the bound is a bound. Code that draws z with σ² and computes its KL with σ is
differentiated correctly, and reports an "ELBO" above log p(x).

    ELBO(q) + KL(q ‖ p(z|x)) = log p(x)        so, where log p(x) is exact, the right number is known for every q
"""

import html
from dataclasses import dataclass, field

import numpy as np

from npvae.checks import whole
from npvae.gradcheck.bound_call import expected_value
from npvae.gradcheck.bound_mistakes import which_mistake
from npvae.gradcheck.linear_gaussian import LinearGaussian
from npvae.models import probabilistic_pca
from npvae.models.affine import best_diagonal_rows, is_affine_gaussian
from npvae.models.data import as_floats
from npvae.models.exact import log_marginal
from npvae.models.generative import check_model


@dataclass
class BoundReport:
    """For each q the right ELBO and the one that came out, mean over the data, nats; and the mistake that fits."""

    rows: list              # dicts: q, log_p, expected, got, error
    tolerance: float
    diagnosis: list = field(default_factory=list)

    @property
    def passed(self):
        """Whether every value is the right one."""
        return not self.diagnosis

    @property
    def error(self):
        """The greatest difference from the right value, nats."""
        return max(row["error"] for row in self.rows)

    def to_dict(self):
        """Plain lists, strings and numbers, ready for JSON."""
        return {"passed": self.passed, "error": self.error, "tolerance": self.tolerance, "rows": self.rows,
                "diagnosis": [{"kind": f.kind, "where": f.where, "sentence": f.sentence} for f in self.diagnosis]}

    def keys(self):
        """The keys of `dict(report)`."""
        return self.to_dict().keys()

    def __getitem__(self, key):
        return self.to_dict()[key]

    def verdict(self):
        """One sentence."""
        return self.diagnosis[0].sentence if self.diagnosis else "no mistake found"

    def __str__(self):
        from npvae.tables import table

        return "\n".join([f"check_bound: {'passed' if self.passed else 'FAILED'}", "", table(*self._cells()), "",
                          f"diagnosis: {self.verdict()}"])

    def _repr_html_(self):
        header, rows = self._cells()
        head = "".join(f"<th>{html.escape(c)}</th>" for c in header)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        return (f"<b>check_bound: {'passed' if self.passed else 'FAILED'}</b><table><thead><tr>{head}</tr></thead>"
                f"<tbody>{body}</tbody></table><p><b>diagnosis</b> {html.escape(self.verdict())}</p>")

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
    for name, q in trial_rows(model, X, rng).items():
        case = LinearGaussian(model, q, X)
        got, doubt, broken = expected_value(elbo_fn, q, X, row, draws, rng)
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


def trial_rows(model, X, rng):
    """Rows q by name: the best one, the prior, one too narrow, one too wide, and one at random."""
    best = best_diagonal_rows(model, X)
    narrow, wide = best.copy(), best.copy()
    narrow[:, model.latent.dim:] -= 1.0
    wide[:, model.latent.dim:] = np.minimum(wide[:, model.latent.dim:] + 0.7, 0.3)
    anywhere = np.concatenate([0.5 * rng.standard_normal((len(X), model.latent.dim)),
                               rng.uniform(-1.0, 0.3, (len(X), model.latent.dim))], axis=1)
    return {"best": best, "prior": np.zeros_like(best), "narrow": narrow, "wide": wide,
            "random": anywhere}
