r"""# 3 · Variational EM: exercises

The loop of the board, written by hand. First for a mixture of Gaussians, where the argmax over $q$ is the posterior
and the maximum over $\theta$ is an average: the E-step, the slope, the three parts of the M-step, and the loop that
puts them together. Then the argmax as a climb, for an ELBO of which you know nothing but its slope. Last, a maximum
in closed form: probabilistic PCA."""

import numpy as np

from npvae.exercises.climbing import judge_argmax
from npvae.exercises.laws import same
from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task
from npvae.exercises.tasks.mixture_em import E_STEP, EM, MEANS, PI, SIGMA, SLOPE

# ---- the argmax as a climb


def argmax_q(L, q):
    """The rows at the summit of the ELBO, each climbed to by gradient ascent from where q stands.

    L(q) returns the ELBO of each row, (B,), and back; back(dvalue (B,)) returns dq (B, R).
    q (B, R) are rows [mu, log_sigma]. Returns the best rows, (B, R); q itself is not changed.
    """
    for _ in range(500):
        value, back = L(q)
        q = q + 0.05 * back(np.ones(len(q)))
    return q


ARGMAX = Task(
    name="argmax_q", title="The argmax, by hand", points=4, solution=argmax_q, returns=("q",),
    judge=lambda answer: judge_argmax(ARGMAX, answer),
    text=r"""With a decoder that is no mixture nobody knows the posterior, and the argmax is a climb:

$$q_i \leftarrow q_i + \lambda \frac{\partial}{\partial q_i} L(q_i, x^i, \theta).$$

`L(q)` works on many rows at once, and each row has its own ELBO. `back(np.ones(B))` gives all their slopes. The
slopes here are a few units, and the hill's curvature is between 1 and 10: choose $\lambda$ and the number of steps.
Every row has to end less than a thousandth of a nat below its summit.""",
    hints=("What does one step need that the last one has changed?",
           "A loop: ask L at the present q, call back with ones, and make a new q a little further along. With λ = "
           "0.05 a distance of 1 shrinks by 5 % a step or more."),
    play="""model = npvae.probabilistic_pca(1, 2, sigma_g=0.8, rng=np.random.default_rng(0))
x, nodes = np.array([[1.0, 0.5], [-1.0, 2.0]]), npvae.GaussHermite(5)(None, 1, 1)
best = argmax_q(lambda q: npvae.elbo(model, q, x, nodes), np.zeros((2, 2)))
npvae.log_marginal(model, x) - npvae.elbo(model, best, x, nodes)[0]         # with K = 1 nothing is left""")

# ---- a maximum in closed form


def ppca(X, K):
    """The maximum likelihood of probabilistic PCA, x = zW + b + sigma_g ε with z ~ N(0, I).

    X (m, D), K < D. Returns W (K, D), b (D,) and sigma_g, a number. W is unique but for a rotation of its rows.
    """
    b = X.mean(0)
    S = (X - b).T @ (X - b) / len(X)                            # (D, D), with 1/m
    eigenvalues, U = np.linalg.eigh(S)                          # ascending
    eigenvalues, U = eigenvalues[::-1], U[:, ::-1]
    s2 = eigenvalues[K:].mean()
    return np.sqrt(eigenvalues[:K] - s2)[:, None] * U[:, :K].T, b, np.sqrt(s2)


def in_the_right_frame(out, args):
    """W turned so that it is as near as possible to the right one: every rotation is as good."""
    W, b, sigma_g = out
    right = ppca(*args)[0]
    if np.shape(W) != right.shape or not np.isfinite(W).all():
        return out
    left, _, turn = np.linalg.svd(right @ np.asarray(W, float).T)
    return [left @ turn @ W, b, sigma_g]


def _ppca(X, K, S=None, s2_of=None, order=-1, W_of=None, b=None):
    S = np.cov(X.T, bias=True) if S is None else S
    values, U = np.linalg.eigh(S)
    values, U = values[::order], U[:, ::order]
    s2 = (s2_of or (lambda v: v[K:].mean()))(values)
    W = (W_of or (lambda v, U, s2: np.sqrt(np.maximum(v[:K] - s2, 0))[:, None] * U[:, :K].T))(values, U, s2)
    return W, X.mean(0) if b is None else b, np.sqrt(s2)


def _ascending(X, K, unbiased, rows):
    values, U = np.linalg.eigh(np.cov(X.T, bias=not unbiased))
    s2 = values[K:].mean()
    return np.sqrt(values[:K] - s2)[:, None] * (U[:K] if rows else U[:, :K].T), X.mean(0), np.sqrt(s2)


PPCA = Task(
    name="ppca", title="Probabilistic PCA in closed form", points=4, solution=ppca, sizes="D",
    inputs=lambda rng, D: (rng.normal(size=(30, D)) @ rng.normal(size=(D, D)) + rng.normal(size=D), 2 if D > 3 else 1),
    returns=("W", "b", "sigma_g"), canonical=in_the_right_frame,
    text=r"""For a linear decoder even the whole maximum over $\theta$ is known (Tipping and Bishop 1999). Let
$\lambda_1 \ge \dots \ge \lambda_D$ be the eigenvalues of the data's covariance,
$S = \frac1m \sum_i (x^i - \bar x)(x^i - \bar x)^\top$, and $u_1, \dots, u_D$ its eigenvectors. Then

$$b = \bar x, \qquad \sigma_g^2 = \frac{1}{D - K} \sum_{j > K} \lambda_j, \qquad
\text{row } j \text{ of } W = \sqrt{\lambda_j - \sigma_g^2}\; u_j^\top.$$""",
    hints=("In which order does np.linalg.eigh return eigenvalues, and where are the eigenvectors: rows or columns?",
           "Centre X, make S with 1/m, take eigh, reverse the order. The noise is the mean of the eigenvalues that "
           "are left over; it is part of the K large ones, too, so it is taken off them."),
    play="""X = npvae.datasets.linear_gaussian(300, rng=1, data_dim=5, latent_dim=2).train
W, b, sigma_g = ppca(X, 2)
C = W.T @ W + sigma_g**2 * np.eye(5)                            # the model's covariance of x
sigma_g, np.abs(C - np.cov(X.T, bias=True)).max()""",
    laws=[
        (lambda f, X, K: same(f(X, K)[1], X.mean(0)), "b is not the mean of the data"),
        (lambda f, X, K: same(f(X, K)[2], ppca(X, K)[2]), "sigma_g is not the root of the mean of the eigenvalues "
                                                          "after the K-th"),
        (lambda f, X, K: same(np.trace(f(X, K)[0].T @ f(X, K)[0]) + X.shape[1] * f(X, K)[2] ** 2, X.var(0).sum()),
         "W: the model's variance, of W and of the noise, is not that of the data"),
        (lambda f, X, K: same(f(X, K)[0] @ f(X, K)[0].T, np.diag(np.diag(f(X, K)[0] @ f(X, K)[0].T))),
         "W: its rows are not orthogonal"),
        (lambda f, X, K: same(f(X + 2, K)[0], f(X, K)[0]), "W changes when all data are moved")],
    misconceptions=[
        mistake("smallest eigenvalues", lambda X, K: _ppca(X, K, order=1),
                "it takes the smallest eigenvalues for the largest: np.linalg.eigh returns them in ascending order."),
        *(mistake("smallest eigenvalues", lambda X, K, unbiased=unbiased, rows=rows: _ascending(X, K, unbiased, rows),
                  "W is nan, the root of a negative number: the eigenvalues are in ascending order, as np.linalg.eigh "
                  "returns them, so that the smallest stand for the largest.")
          for unbiased in (False, True) for rows in (False, True)),
        mistake("smallest directions", lambda X, K: _ppca(
            X, K, W_of=lambda v, U, s2: np.sqrt(v[:K] - s2)[:, None] * U[:, ::-1][:, :K].T),
            "W: it has the eigenvectors of the smallest eigenvalues: those of the largest belong to it."),
        mistake("the variance is returned", lambda X, K: (*ppca(X, K)[:2], ppca(X, K)[2] ** 2),
                "sigma_g: it is the variance: its root is asked for."),
        mistake("noise not taken off",
                lambda X, K: _ppca(X, K, W_of=lambda v, U, s2: np.sqrt(v[:K])[:, None] * U[:, :K].T),
                "W: the noise sigma_g² is not taken off the eigenvalues, so that it counts twice in these directions."),
        mistake("sigma for the variance", lambda X, K: _ppca(
            X, K, W_of=lambda v, U, s2: np.sqrt(np.maximum(v[:K] - np.sqrt(s2), 0))[:, None] * U[:, :K].T),
            "W: sigma_g is taken off the eigenvalues: these are variances, so it is sigma_g²."),
        mistake("directions only", lambda X, K: _ppca(X, K, W_of=lambda v, U, s2: U[:, :K].T),
                "W: its rows are unit vectors, the directions without their length: that is the root of what exceeds "
                "the noise."),
        mistake("no root", lambda X, K: _ppca(X, K, W_of=lambda v, U, s2: (v[:K] - s2)[:, None] * U[:, :K].T),
                "W: the root is missing: eigenvalues are variances, and W multiplies a z with variance 1."),
        mistake("divided by m - 1", lambda X, K: _ppca(X, K, S=np.cov(X.T)),
                "the covariance is divided by m − 1, as np.cov does by itself: the maximum of the likelihood has 1/m."),
        mistake("not divided by m", lambda X, K: _ppca(X, K, S=np.cov(X.T, bias=True) * len(X)),
                "the covariance is not divided by m: it is a sum over the data, the mean is asked for."),
        mistake("correlation", lambda X, K: _ppca(X, K, S=np.corrcoef(X.T)),
                "it takes the correlation: the data are not to be brought to the same scale, take the covariance."),
        mistake("not centred", lambda X, K: _ppca(X, K, S=X.T @ X / len(X)),
                "X is not centred: the covariance is that of x minus its mean."),
        mistake("not centred, b 0", lambda X, K: _ppca(X, K, S=X.T @ X / len(X), b=np.zeros(X.shape[1])),
                "X is not centred, and b is 0: the mean of the data is b, and is subtracted before the covariance."),
        mistake("b is 0",
                lambda X, K: _ppca(X, K, b=np.zeros(X.shape[1])), "b: it is 0: the decoder has to put back the mean "
                "of the data."),
        mistake("noise summed", lambda X, K: _ppca(X, K, s2_of=lambda v: v[K:].sum()),
                "sigma_g² is the sum of the eigenvalues that are left over: it is their mean, the noise of one "
                "dimension."),
        mistake("noise over D", lambda X, K: _ppca(X, K, s2_of=lambda v: v[K:].sum() / len(v)),
                "the noise is divided by D: D − K eigenvalues are left over, and their average is asked for."),
        mistake("noise of all", lambda X, K: _ppca(X, K, s2_of=lambda v: v.mean()),
                "the noise is the mean of all eigenvalues: only those after the K-th are left over."),
        mistake("next eigenvalue only", lambda X, K: _ppca(X, K, s2_of=lambda v: v[K]),
                "the noise is the (K + 1)-th eigenvalue alone: it is the mean of all that are left over."),
        mistake("smallest eigenvalue only", lambda X, K: _ppca(X, K, s2_of=lambda v: v[-1]),
                "the noise is the smallest eigenvalue alone: it is the mean of all that are left over."),
        mistake("transposed",
                lambda X, K: (ppca(X, K)[0].T, *ppca(X, K)[1:]), "W has shape (D, K), transposed: expected (K, D), "
                "for x = zW."),
        mistake("rows for columns",
                lambda X, K: _ppca(X, K, W_of=lambda v, U, s2: np.sqrt(v[:K] - s2)[:, None] * U[:K]),
                "W: it has rows of U: np.linalg.eigh puts the eigenvectors into the columns."),
        mistake("rows for columns, reversed", lambda X, K: _ppca(
            X, K, W_of=lambda v, U, s2: np.sqrt(v[:K] - s2)[:, None] * U[::-1][:K]),
            "W: it has rows of U: np.linalg.eigh puts the eigenvectors into the columns."),
        mistake("rows for columns of eigh",
                lambda X, K: _ppca(X, K, W_of=lambda v, U, s2: np.sqrt(v[:K] - s2)[:, None] * U[:, ::-1][::-1][:K]),
                "W: it has rows of U: np.linalg.eigh puts the eigenvectors into the columns."),
    ])

TASKS = [E_STEP, SLOPE, MEANS, PI, SIGMA, EM, ARGMAX, PPCA]
