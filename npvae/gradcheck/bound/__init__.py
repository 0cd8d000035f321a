"""What no gradient check sees: whether the bound is a bound. Code that draws z with σ² and computes its KL with σ is
differentiated correctly, and reports an "ELBO" above log p(x).

    E_q log p(x|z) − KL(q ‖ p(z)) = ELBO(q) = log p(x) − KL(q ‖ p(z|x))

so the right number is known for every q: exactly for probabilistic PCA, by quadrature for other decoders.
"""

from functools import partial

import numpy as np

from npvae.checks import shown, truth, whole
from npvae.declared import declares
from npvae.dialects.elbos import ROWS, Terms, UserFunction, nodes_of, trial_rows
from npvae.gradcheck.bound.mistakes import Fit
from npvae.gradcheck.bound.which import finding, same_mistake, weighted_mistake, which_mistake
from npvae.gradcheck.report import BoundReport, Finding
from npvae.models import LatentVariableModel, probabilistic_pca
from npvae.models.affine import is_affine_gaussian
from npvae.models.checks import check_model
from npvae.models.data import as_floats
from npvae.models.exact import log_marginal
from npvae.repair.elbos import find_edit

FEWEST = 100        # draws, with which six standard errors are as rare as for a normal
MOST = 20           # data dimensions in which a decoder is read off
STEPS = (0.0, 1.0, -1.0, 2.0, -2.0)


def check_bound(elbo_fn, model: LatentVariableModel | None = None, X=None, *, row: str = "log_sigma",
                draws: int | None = None, seed: int = 0, repair: bool = True) -> BoundReport:
    """Hold an ELBO function against the right ELBO and log p(x), and say which mistake fits if it is not an ELBO.

    Parameters
    ----------
    elbo_fn : callable
        `elbo_fn(q, x, eps) -> value (B,)` in nats, with rows q (B, 2K), data x (B, D) and one draw z = μ + σ ε for
        each row, eps (B, K). Its mean over ε is taken over nodes. With `draws`, `elbo_fn(q, x)`, which draws its own
        noise, as often as it likes: an importance-weighted bound may stand above the ELBO. A function of four
        arguments (with `draws`, of three) gets μ and the second half of the rows apart: `elbo_fn(mu, logvar, x, eps)`.
        A loss to be minimised, or one number for the batch, is turned by a lambda:
        `lambda q, x, eps: -loss(...)`.
    model
        What your function's x and z are of: any model with a Gaussian latent, so with your own decoder, too.
        `npvae.probabilistic_pca(3, 5, sigma_g=0.5)` by default, which is the same model each time.
    X : array (B, D), optional
        Data; seven draws from the model by default.
    row : "log_sigma", "log_variance", "sigma" or "softplus"
        What stands in the second half of the rows that your function takes; σ = log(1 + e^ρ) for "softplus".
    draws
        Average so many calls of a function (q, x), at least 100; values then count as right within six standard
        errors.
    seed : int
    repair
        False spares the search for the line of `elbo_fn` that is wrong, up to ten seconds once a failed report is
        printed, or asked with `report.hint(1)` for the sentence, `(2)` the line, `(3)` the edit.

    Returns
    -------
    report : BoundReport
        True if the bound is right. `.diagnosis`, `.notes`, and a table of right and obtained values.

    Raises
    ------
    ValueError
        If the model's latent is not Gaussian, the function does not return (B,) numbers, or the draws are too few.

    Notes
    -----
    The identity is the lecture's second form of the ELBO; the posterior is Tipping & Bishop's (1999).

    Examples
    --------
    >>> from npvae.inference import elbo
    >>> from npvae.models import Noise, probabilistic_pca
    >>> model = probabilistic_pca(3, 5, sigma_g=0.5)
    >>> one = np.ones((1, 1))
    >>> bool(check_bound(lambda q, x, eps: elbo(model, q, x, Noise(eps[None], one))[0], model))
    True
    >>> doubled = check_bound(lambda q, x, eps: elbo(model, q, x, Noise(2 * eps[None], one))[0], model)
    >>> doubled.verdict()
    'sampler: the noise has standard deviation 2, not 1. Draw ε ~ N(0, I).'
    """
    _check_options(elbo_fn, row, draws)
    repair = truth("repair", repair)
    model = probabilistic_pca(3, 5, sigma_g=0.5) if model is None else check_model(model)
    notes = _check_bound_model(model)
    rng = np.random.default_rng(whole("seed", seed, least=0))
    X = model.sample(7, rng)[0] if X is None else as_floats(X, model.data_dim, model.likelihood)
    trial, noise = trial_rows(model, X, rng), nodes_of(model, many=draws is not None)
    t = Terms(model, np.concatenate(list(trial.values())), np.concatenate([X] * len(trial)), noise, row, len(X))
    user = UserFunction(elbo_fn, model.latent.dim, row, draws)
    log_p = _log_p(model, X)
    tolerance = 1e-8 * float(np.abs(t.right if log_p is None else log_p).max() + 1)
    got, doubt, broken = _expected_values(user, trial, X, noise, rng, model if t.affine else None)
    fit, right = Fit(got, doubt, tolerance), t.right
    found = broken or which_mistake(t, fit, None if draws else lambda: _decoder_read_off(user, t, fit, trial, X))
    k = 1
    if found and draws and not broken:
        found, right, k = weighted_mistake(t, fit, found, rng, notes)
    rows = [{"q": name, "log_p": None if log_p is None else float(log_p.mean()), "expected": float(r.mean()),
             "got": float(g.mean()), "error": float(np.abs(g - r).max())}
            for name, r, g in zip(trial, *(np.split(a, len(trial)) for a in (right, got)), strict=True)]
    report = BoundReport(rows, tolerance, [found] if found else [], notes)
    if repair and found:
        report.search = partial(find_edit, user, model, X, seed, partial(same_mistake, found), k)
    return report


def _check_options(elbo_fn, row, draws):
    if not callable(elbo_fn):
        raise ValueError(f"elbo_fn is {elbo_fn!r}, expected a function (q, x, eps) -> value (B,)")
    if not isinstance(row, str) or row not in ROWS:
        raise ValueError(f"row is {row!r}, expected one of {', '.join(ROWS)}")
    if draws is not None:
        # the standard error of fewer is too uncertain
        whole("draws", draws, least=FEWEST)


def _check_bound_model(model):
    """Notes on a model that can be checked, else a ValueError."""
    if not declares(model.latent, "nodes are mu + sigma eps"):
        raise ValueError(f"check_bound got {shown(model)}, expected a model with a Gaussian latent, e.g. probabilistic "
                         "PCA or npvae.mlp_model(2, [16], 5): its rows are [μ, log σ] and z = μ + σ ε")
    if getattr(model.likelihood, "sigma_g", None) is None or abs(np.log(model.likelihood.sigma_g)) > 1e-3:
        return []
    if is_affine_gaussian(model):
        raise ValueError("the model's σ_g is 1, where σ_g for σ_g² and a missing −D log σ_g change nothing: take "
                         "another one, e.g. sigma_g=0.5")
    return ["the model's σ_g is 1, where σ_g for σ_g² and a missing −D log σ_g change nothing: they were not checked"]


def _log_p(model, X):
    """log p(x), or None where neither a formula nor quadrature gives it soon."""
    if not is_affine_gaussian(model) and model.latent.dim > 1:
        return None
    try:
        return log_marginal(model, X)
    except ValueError:
        return None


def _expected_values(user, trial, X, noise, rng, affine_model):
    """E_ε of the function for all rows, standard errors, and what is already wrong: (N,), (N,), finding or None."""
    got, doubt, broken = [], [], None
    for q in trial.values():
        if user.draws is not None:
            values = np.array([user(q, X) for _ in range(user.draws)])
            got.append(values.mean(0))
            doubt.append(values.std(0, ddof=1) / np.sqrt(user.draws))
            continue
        broken = broken or _reactions(user, q, X, rng, affine_model)
        values = np.array([user(q, X, np.tile(eps, (len(X), 1))) for eps in noise.eps[:, 0]])
        got.append((noise.w * values).sum(0))
        doubt.append(np.zeros(len(X)))
    return np.concatenate(got), np.concatenate(doubt), broken


def _reactions(user, q, X, rng, affine_model):
    """A finding from one draw: does each row react to its own noise, and to its own only?"""
    eps = rng.standard_normal((len(X), user.K))
    other = eps.copy()
    other[0] = rng.standard_normal(user.K)
    elsewhere, others = X.copy(), q.copy()
    # a pixel that is 0 becomes 1, and 1 becomes 0; a count stays one
    elsewhere[0] = np.abs(1 - elsewhere[0])
    others[0] += 0.1
    value, again, moved = (user(q, X, e) for e in (eps, eps, other))
    if not np.allclose(value, again, rtol=1e-12):
        return Finding("noise", "sampler", "sampler: the function draws noise of its own beside eps. Use eps only, or "
                       "pass draws=… for a function (q, x).")
    if not np.allclose(value[1:], user(others, elsewhere, eps)[1:], rtol=1e-12):
        return Finding("batch", "ELBO", "ELBO: a row's value depends on another row's x or q: a mean or a sum over "
                       "the batch, or shapes such as (B,) and (B, 1) broadcast to (B, B). Reduce over axis 1 only.")
    if not np.allclose(value[1:], moved[1:], rtol=1e-12):
        return Finding("noise", "sampler", "sampler: reused noise, a row's value depends on another row's ε. Draw ε "
                       "with shape (B, K), one for each row.")
    return None if affine_model is None else _curvature(user, q, X, eps, affine_model)


def _curvature(user, q, X, eps, model):
    """A finding for a value that is no quadratic of ε. z is linear in ε, and so is the x̂ of an affine decoder."""
    if _is_quadratic([user(q, X, t * eps) for t in STEPS]):
        return None
    if not _is_parabola(user, q, X, eps):
        return _no_parabola()
    # at ε = 0 there is no noise that could have changed x̂
    if X.shape[1] <= MOST and not np.allclose(_outputs(user, q, X, 0 * eps, True), model.decoder(q[:, :user.K])[0],
                                              rtol=1e-5, atol=1e-6):
        return _another_decoder("")
    return Finding("noise", "sampler", "sampler: the value is no quadratic of ε, as it is for z = μ + σ ε: the noise "
                   "is clipped, squashed or has lost its sign. Use ε as it is.")


def _decoder_read_off(user, t, fit, trial, X):
    """The finding for another decoder than the model's: x̂ is read off from how the value depends on x.

    −Σ (x − x̂)²/(2s²) is a parabola in each x_d, with its summit at x̂_d; Σ x l − log(1 + e^l) has the slope l_d.
    """
    if not (t.gaussian or t.binary) or t.D > MOST:
        return None
    eps, q = np.tile(t.eps[-1], (len(X), 1)), trial["random"]
    if t.gaussian and not _is_parabola(user, q, X, eps):
        return _no_parabola()
    outputs = [np.array([_outputs(user, q, X, np.tile(eps, (len(X), 1)), t.gaussian) for eps in t.eps[:, 0]])
               for q in trial.values()]
    g = np.concatenate(outputs, axis=1)                     # (S, N, D)
    if not np.isfinite(g).all() or np.allclose(g, t.decoded(), rtol=1e-6, atol=1e-8):
        return None
    if not np.allclose(fit.got, t.constants - t.error_of(g) - t.kl, rtol=1e-6, atol=1e-6):
        return None
    if np.allclose(_outputs(user, q, X, 0 * eps, t.gaussian), t.model.decoder(q[:, :t.K])[0], rtol=1e-6, atol=1e-6):
        return finding(["sampler"], "x̂ is that of the model at ε = 0, and another one with noise: the noise is scaled, "
                       "clipped, squashed or another than ε", "Draw z = μ + σ ε with ε as it is")
    return _another_decoder(", and all else is right")


def _is_parabola(user, q, X, eps):
    """Whether the value is quadratic in x, as −‖x − x̂‖²/(2σ_g²) is."""
    return _is_quadratic([user(q, X + step, eps) for step in STEPS])


def _is_quadratic(at):
    """Whether the even part of values at `STEPS`, beyond that at 0, grows with the square of the step."""
    once, twice = at[1] + at[2] - 2 * at[0], at[3] + at[4] - 2 * at[0]
    return np.allclose(twice, 4 * once, rtol=1e-6, atol=1e-9 * np.abs(at).max())


def _no_parabola():
    return finding(["likelihood"], "as a function of x the value is no parabola, as −‖x − g‖²/(2σ_g²) is: the absolute "
                   "error, the norm or another density stands where the square belongs", "Square x − g")


def _another_decoder(beside):
    return finding(["decoder"], f"the x̂ = g(z) of your function is not that of the model{beside}: another decoder, "
                   "other weights, or a z that is changed on the way",
                   "Check with model=… of the decoder that your function uses, with its weights")


def _outputs(user, q, X, eps, gaussian):
    """What stands in the value for g(z): (B, D)."""
    found, here = np.empty(X.shape), user(q, X, eps)
    for d in range(X.shape[1]):
        step = np.zeros(X.shape[1])
        step[d] = 1.0
        ahead, behind = user(q, X + step, eps), user(q, X - step, eps)
        slope, bend = (ahead - behind) / 2, ahead + behind - 2 * here
        with np.errstate(all="ignore"):
            found[:, d] = X[:, d] - slope / bend if gaussian else slope
    return found
