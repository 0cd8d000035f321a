"""The lecture's inner loop, q_i ← argmax_q L(q, x^i, θ), for many rows at once and for a fixed θ."""

from functools import partial

import numpy as np

from npvae.arrays import OUT_OF_RANGE, finite_rows, real_array
from npvae.checks import as_generator, positive, whole
from npvae.declared import declares, has_one_prior, is_smooth
from npvae.inference.checks import check_shapes
from npvae.inference.elbo import lower_bound
from npvae.models import Cubature, GaussHermite, affine
from npvae.models.data import check_data, take
from npvae.models.generative import check_model
from npvae.models.joint import log_joint
from npvae.models.noise import Noise, check_noise

ROWS = 1024     # rows in work at once: temporaries stay small whatever m is


def argmax_q(model, start, x, noise=None, tolerance=1e-6, most_steps=5000):
    """The best row q for each x at fixed θ.

    With a Categorical latent the argmax is the posterior itself, q_k ∝ π_k p_θ(x|k), and with a Gaussian latent and
    an affine decoder it has a closed form, too. Otherwise the rows climb the ELBO on deterministic nodes, all rows at
    once, and a row that has converged is left alone.

    Parameters
    ----------
    model : LatentVariableModel
        Its θ is not moved and gathers no gradient if it was made with `gradient=False`.
    start : array (B, R), or None
        Where the rows start; the result is never worse than the start. None leaves it to `starting_rows`. Not read
        where there is a closed form.
    x : array (B, D)
        Floats, or uint8 images 0 … 255.
    noise : Noise, optional
        The nodes; by default `quadrature(model)`.
    tolerance : float
        A row has converged when its next step promises a gain below this, nats; its ELBO may still be some thousand
        times as much below the maximum.
    most_steps : int
        After so many a row is left as it is, as happens in posteriors that are narrow and slanting.

    Returns
    -------
    q : array (B, R)

    Raises
    ------
    ValueError
        For data that do not fit the model, or a start that is not finite or of another shape than (B, R).

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> model = mixture_of_gaussians(3, 2, sigma_g=1.0)
    >>> argmax_q(model, np.zeros((5, 3)), np.zeros((5, 2))).shape
    (5, 3)
    """
    check_model(model)
    tolerance, most_steps = positive("tolerance", tolerance), whole("most_steps", most_steps)
    if start is not None or x is None:
        check_shapes(model, None if start is None else real_array("start", start), x, "start, x")
    x = _checked(model, x)
    if start is not None and not _start_is_not_read(model):
        start = _checked_start(model, start, x, (len(x), model.latent.row_size))
    noise = quadrature_nodes(model, x.dtype) if noise is None else _fitting(noise, model, len(x))
    return _finite(*_best(model, start, x, noise, tolerance, most_steps))


def _best(model, start, x, noise, tolerance, most_steps=5000):
    # the best rows and their ELBOs
    with np.errstate(all="ignore"):
        q = best_rows(model, start, x, noise, tolerance, most_steps)
        return q, lower_bound(model, q, x, noise)[0]


def _of_rows(noise, rows):
    # nodes of their own for each row, or the same for all
    if not isinstance(noise, Noise) or noise.eps.shape[1] == 1:
        return noise
    return Noise(noise.eps[:, rows], noise.w if np.ndim(noise.w) < 2 or noise.w.shape[1] == 1 else noise.w[:, rows])


def _fitting(noise, model, batch):
    # nodes that the rows can be evaluated on; what a family of the user's own takes is its own affair
    ours = declares(model.latent, "nodes are mu + sigma eps")
    return check_noise(noise, batch, model.latent.dim) if ours else noise


def _finite(q, value):
    finite_rows("the ELBO", value, OUT_OF_RANGE)
    return finite_rows("the best q", q, OUT_OF_RANGE)


def _start_is_not_read(model):
    return has_closed_argmax(model.latent) or affine.is_affine_gaussian(model)


def best_rows(model, start, x, noise=None, tolerance=1e-6, most_steps=5000):
    """What `argmax_q` returns, finite or not, of a start and data that have been checked."""
    if has_closed_argmax(model.latent):
        return log_joint(model, x, np.eye(model.latent.dim, dtype=x.dtype)).T
    if affine.is_affine_gaussian(model):
        return affine.best_diagonal_rows(model, x)
    if start is None:
        start = starting_rows(model, x, np.random.default_rng(0)).astype(x.dtype)
    noise = quadrature_nodes(model, x.dtype) if noise is None else noise
    return climb(lambda q, rows: lower_bound(model, q, x[rows], _of_rows(noise, rows)), start, tolerance, most_steps)


def argmax_rows(model, start, X, tolerance=1e-6, nodes=None):
    """`argmax_q` for any number of rows, in blocks of ROWS so that temporaries stay small.

    Parameters
    ----------
    model, tolerance
        As in `argmax_q`.
    start : array (m, R), or None
    X : array (m, D)
        Floats, or uint8 images 0 … 255.
    nodes : Noise, optional
        As `noise` in `argmax_q`.

    Returns
    -------
    q : array (m, R), float64
    """
    X, starts = check_data(X, model.data_dim, model.likelihood), None
    model = model.copy(np.float64, gradient=False)
    nodes = quadrature_nodes(model) if nodes is None else nodes
    if start is not None and not _start_is_not_read(model):
        starts = _checked_start(model, start, X, (len(X), model.latent.row_size)).astype(np.float64)
    blocks = [slice(i, i + ROWS) for i in range(0, len(X), ROWS)]
    found = [_best(model, None if starts is None else starts[rows], take(X, rows, np.float64), nodes, tolerance)
             for rows in blocks]
    return _finite(*(np.concatenate(column) for column in zip(*found, strict=True)))


def argmax_shared_q(model, start, x, noise=None, tolerance=1e-8):
    """The best single row for all x at fixed θ, argmax_q Σ_i L(q, x^i, θ).

    Parameters
    ----------
    model : LatentVariableModel
    start : array (R,), or None
        Where the row starts; the result is never worse. None is the prior. Not read with a Categorical latent.
    x : array (B, D)
        Floats, or uint8 images 0 … 255.
    noise : Noise, optional
        The nodes; by default `quadrature(model)`.
    tolerance : float
        Of the mean ELBO, nats.

    Returns
    -------
    q : array (R,)

    Raises
    ------
    ValueError
        For data that do not fit the model, or a start that is not finite or of another shape than (R,).

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> argmax_shared_q(mixture_of_gaussians(3, 2, sigma_g=1.0), np.zeros(3), np.zeros((5, 2))).shape
    (3,)
    """
    tolerance = positive("tolerance", tolerance)
    if x is None:
        raise ValueError("x is None, expected data (B, D); the order is model, start, x")
    x = _checked(model, x)
    if start is None or has_closed_argmax(model.latent):
        start = model.latent.prior_row().astype(x.dtype)
    start = _checked_start(model, start, x, (model.latent.row_size,))
    noise = quadrature_nodes(model, x.dtype) if noise is None else noise
    with np.errstate(all="ignore"):
        row = best_row(model, start, x, noise, tolerance)
        value = lower_bound(model, np.broadcast_to(row, (len(x), len(row))), x, noise)[0]
    finite_rows("the ELBO", value, OUT_OF_RANGE)
    return row


def best_row(model, start, x, noise, tolerance=1e-8):
    """What `argmax_shared_q` returns, finite or not, of a start and data that have been checked."""
    if has_closed_argmax(model.latent):
        # q_k ∝ exp(mean_i log p_θ(x^i, k))
        return best_rows(model, None, x).mean(0)

    def mean_elbo(row, _):                                  # row (1, R)
        value, back = lower_bound(model, np.broadcast_to(row[0], (len(x), row.shape[1])), x, noise)
        return value.mean(keepdims=True), lambda d: back(np.full(len(x), d[0] / len(x))).sum(0, keepdims=True)

    return climb(mean_elbo, start[None], tolerance)[0]


def _checked(model, x):
    # float64 is what integers and half floats are computed in
    check_model(model)
    x = check_data(x, model.data_dim, model.likelihood)
    return x if x.dtype in (np.float32, np.float64) else take(x, slice(None), np.float64)


def _checked_start(model, start, x, shape):
    real_array("start", start)
    start = np.asarray(start)
    if start.shape != shape:
        raise ValueError(f"start has shape {start.shape}, x has shape {x.shape}; expected a "
                         f"start of {shape} real numbers, a row of {model.latent}"
                         + (" for each datapoint" if len(shape) == 2 else "") + "; the order is model, start, x")
    if not np.isfinite(start).all():
        where = f" in row {np.argmin(np.isfinite(start).all(1))}" if len(shape) == 2 else ""
        raise ValueError(f"start has values that are not finite{where}: give finite numbers, or None")
    return start if start.dtype.kind == "f" and start.dtype.itemsize >= 4 else start.astype(x.dtype)


def climb(objective, start, tolerance=1e-6, most_steps=500):
    """Maximise an objective over rows that do not depend on each other, by Rprop (Riedmiller & Braun 1993).

    Every coordinate has its own step: longer while its gradient keeps its sign, half as long when the sign flips, and
    then it waits for one step (the variant iRprop⁻ of Igel & Hüsken 2000).
    Only signs are used, so rows whose posteriors differ in width by orders of magnitude climb together.

    Parameters
    ----------
    objective : callable (q (n, R), rows (n,)) -> value (n,), back
    start : array (B, R)
    tolerance : float
        A row is left alone when Σ_j |∂L/∂q_j| · step_j, what its next step promises, falls below this.
    most_steps : int

    Returns
    -------
    q : array (B, R)
        For each row the best point seen, the start included.

    Examples
    --------
    >>> q = climb(lambda q, rows: (-(q**2).sum(1), lambda d: -2 * q * d[:, None]), np.ones((2, 3)))
    >>> bool(abs(q).max() < 1e-3)
    True
    """
    best, best_value = start.copy(), np.full(len(start), -np.inf)
    q, rows = start.copy(), np.arange(len(start))
    size, previous = np.full_like(q, 0.1), np.zeros_like(q)
    for _ in range(most_steps):
        value, back = objective(q, rows)
        g = back(np.ones_like(value))
        higher = value > best_value[rows]
        best[rows[higher]], best_value[rows[higher]] = q[higher], value[higher]
        # a step into an overflow is taken back, and the next one is a tenth
        lost = ~(np.isfinite(value) & np.isfinite(g).all(1))
        q[lost], g[lost], size[lost] = best[rows[lost]], 0, 0.1 * size[lost]
        agreement = g * previous
        size = np.clip(size * np.where(agreement > 0, 1.2, np.where(agreement < 0, 0.5, 1.0)), 1e-12, 1.0)
        promised = (np.abs(g) * size).sum(1)
        g[agreement < 0] = 0
        q += np.sign(g) * size
        on = (promised > tolerance) | lost
        q, size, previous, rows = q[on], size[on], g[on], rows[on]
        if not len(rows):
            break
    return best


def quadrature(model):
    """Deterministic nodes for a climb: Gauss–Hermite for K ≤ 2, cubature above, none where the nodes are all z.

    More of them where log p_θ(x|z) may have kinks: a q that is fitted on few hides the kinks between them.
    """
    if declares(model.latent, "nodes are all z"):
        return None
    few, many = {1: GaussHermite(20), 2: GaussHermite(5)}, {1: GaussHermite(64), 2: GaussHermite(16)}
    return (few if is_smooth_in_noise(model) else many).get(model.latent.dim, Cubature())


def is_smooth_in_noise(model):
    """Whether log p_θ(x|z) is a smooth function of ε, as the parts say: only then are few nodes right for any θ."""
    return declares(model.latent, "nodes are mu + sigma eps") and is_smooth(model.decoder)


def quadrature_nodes(model, dtype=np.float64):
    """The `Noise` of `quadrature` for a model; None where it needs none."""
    noise = quadrature(model)
    return None if noise is None else noise(None, 1, model.latent.dim, dtype)


def has_closed_argmax(latent):
    """Whether the best row is log p_θ(x, z) itself, for every z: q is then the posterior."""
    return declares(latent, "nodes are all z") and has_one_prior(latent)


def starting_rows(model, x, rng):
    """Rows to start the argmax from for data never seen: the latent family's own, or the prior if it has none.

    Parameters
    ----------
    model : LatentVariableModel
    x : array (B, D)
    rng : numpy.random.Generator or int

    Returns
    -------
    q : array (B, R)
    """
    latent = model.latent
    if not hasattr(latent, "starting_rows"):
        return np.tile(latent.prior_row(), (len(x), 1))
    return latent.starting_rows(partial(log_joint, model, x), len(x), as_generator(rng))
