r"""# 5 · Amortized variational inference: exercises

$q_i(z|x^i) \to q_\phi(z|x^i)$: a function of $x$ in place of a table. Here you count what that saves, carry the slope
of the ELBO on to $\phi$, and train an encoder. Then a model in which one affine layer is the best encoder, and the
gap that even the best one leaves."""

import numpy as np

from npvae.exercises.climbing import judge_fitted_encoder
from npvae.exercises.laws import same
from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task

# ---- what is saved


def numbers_of_q(m, D, H, K):
    """How many numbers describe the q of m data: in a table, and in an encoder.

    The table has a row [mu, log_sigma] with K latent dimensions for each datapoint; the encoder is a network with D
    inputs, one hidden layer of H units and such a row as its output, with biases. Returns table, encoder.
    """
    return 2 * K * m, (D + 1) * H + (H + 1) * 2 * K


def _numbers(encoder, table=lambda m, K: 2 * K * m):
    return lambda m, D, H, K: (table(m, K), encoder(m, D, H, K))


def _encoder(m, D, H, K):
    return (D + 1) * H + (H + 1) * 2 * K


NUMBERS = Task(
    name="numbers_of_q", title="How many numbers?", points=1, solution=numbers_of_q, returns=("table", "encoder"),
    inputs=lambda rng: tuple(int(n) for n in (rng.integers(50, 90), *rng.permutation(np.arange(3, 30))[:3])),
    text=r"""A table of $q$ has a row $[\mu, \log\sigma]$ for each datapoint. An encoder with one hidden layer,

$$q_\phi(x) = \tanh(x W_1 + b_1)\, W_2 + b_2, \qquad W_1: (D, H), \quad b_1: (H,),
\quad W_2: (H, 2K), \quad b_2: (2K,),$$

has what it has, whatever $m$ is. Which of the two is smaller for a thousand images, and for a million?""",
    hints=("How long is a row? Which of the two numbers has m in it?", "Add up the sizes of the two matrices and the "
                                                                       "two biases."),
    play="numbers_of_q(1000, 784, 128, 16), numbers_of_q(1_000_000, 784, 128, 16)",
    laws=[
        (lambda f, m, D, H, K: same(f(2 * m, D, H, K)[0], 2 * f(m, D, H, K)[0]), "the table does not double with "
                                                                                 "twice the data"),
        (lambda f, m, D, H, K: same(f(m, 2 * D, H, K)[0], f(m, D, H, K)[0]), "the table depends on D: its rows "
                                                                             "describe q"),
        (lambda f, m, D, H, K: same(f(1, D, H, K)[0], 2.0 * K), "for one datapoint the table is not one row, mu and "
                                                                "log_sigma"),
        (lambda f, m, D, H, K: same(f(2 * m, D, H, K)[1], f(m, D, H, K)[1]), "the encoder depends on m: all data "
                                                                             "share it"),
        (lambda f, m, D, H, K: same(f(m, D + 1, H, K)[1], f(m, D, H, K)[1] + H),
         "with one input more the encoder does not have H weights more, one to each hidden unit"),
        (lambda f, m, D, H, K: same(f(m, D, H, K + 1)[1], f(m, D, H, K)[1] + 2 * (H + 1)),
         "with one latent dimension more the encoder does not have two outputs more, each with H weights and a bias"),
        (lambda f, m, D, H, K: same(f(m, D, H + 1, K)[1], f(m, D, H, K)[1] + D + 1 + 2 * K),
         "with one hidden unit more the encoder does not have D weights and a bias more before it, and 2K weights "
         "after it")],
    misconceptions=[
        mistake("no biases", _numbers(lambda m, D, H, K: D * H + 2 * K * H), "encoder: the biases are missing, H and "
                                                                             "2K of them."),
        mistake("no hidden bias", _numbers(lambda m, D, H, K: D * H + 2 * K * (H + 1)), "encoder: the hidden layer's "
                                                                                        "bias, H numbers, "
                "is missing."),
        mistake("no output bias", _numbers(lambda m, D, H, K: D * H + H + 2 * K * H), "encoder: the output's bias, 2K "
                                                                                      "numbers, is missing."),
        mistake("a bias of the input", _numbers(lambda m, D, H, K: D + D * H + H + 2 * K * H),
                "encoder: the input has no bias: each layer has one for each of its outputs."),
        mistake("K for 2K", _numbers(lambda m, D, H, K: D * H + H + H * K + K, lambda m, K: K * m),
                "K stands for 2K: a row holds mu and log_sigma, K numbers each."),
        mistake("K for 2K in the table", _numbers(_encoder, lambda m, K: K * m),
                "table: a row holds mu and log_sigma, K numbers each: 2K."),
        mistake("K for 2K in the encoder", _numbers(lambda m, D, H, K: D * H + H + H * K + K),
                "encoder: its output is a row, mu and log_sigma, K numbers each: 2K."),
        mistake("the encoder m times", _numbers(lambda *n: n[0] * _encoder(*n)),
                "encoder: it is counted m times: all data share one encoder, and its size does not depend on m."),
        mistake("the table once", _numbers(_encoder, lambda m, K: 2 * K), "table: that is one row: each of the m data "
                                                                          "has its own."),
        mistake("the decoder, too", _numbers(lambda m, D, H, K: _encoder(m, D, H, K) + (K + 1) * H + (H + 1) * D),
                "encoder: the decoder is counted, too: its parameters are theta, those of the encoder phi."),
        mistake("exchanged", lambda *n: (_encoder(*n), 2 * n[3] * n[0]), "the two are in the wrong order, exchanged: "
                                                                         "first the table."),
        mistake("a table of the data", lambda m, D, H, K: (m * D, _encoder(m, D, H, K)),
                "table: that is the size of the data, mD: a row describes q, with 2K numbers."),
        mistake("units", _numbers(lambda m, D, H, K: D + H + 2 * K), "encoder: it counts units: the weights are the "
                                                                     "connections between "
                "them, D times H and H times 2K."),
        mistake("hidden units", _numbers(lambda m, D, H, K: H + 2 * K), "encoder: it counts the biases alone, or "
                                                                        "units: the weights "
                "between them are missing.")])

# ---- the slope in φ


def gradient_phi(X, A, c, L):
    """The gradient of the mean ELBO with respect to the encoder's parameters; the encoder is affine, q = XA + c.

    X (B, D), A (D, R), c (R,); L(q) returns the ELBO of each row, (B,), and back; back(dvalue (B,)) returns dq (B, R).
    Returns dA (D, R) and dc (R,).
    """
    value, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))                      # (B, R), of the mean
    return X.T @ dq, dq.sum(0)


class _Slope:
    """An ELBO with constant curvature, for rows of any length R."""

    def __init__(self, target, weight):
        self.target, self.weight = target, weight

    def __call__(self, q):
        q = np.asarray(q, float)
        value = -0.5 * (self.weight * (q - self.target) ** 2).sum(1) - 1.5 * np.arange(1, len(self.target) + 1)
        return value, lambda dvalue: np.asarray(dvalue)[:, None] * self.weight * (self.target - q)


def _phi_inputs(rng, B, D, R):
    L = _Slope(2 * rng.normal(size=(B, R)), rng.uniform(0.5, 2, R))
    return rng.normal(size=(B, D)) + 0.5, rng.normal(size=(D, R)), rng.normal(size=R), L


def _phi(scale=None, use_c=1.0, first=None, second=None):
    def gradient(X, A, c, L):
        value, back = L(X @ A + use_c * c)
        dq = back(np.full(len(X), 1 / len(X)) if scale is None else scale(value))
        dA = X.T @ dq if first is None else first(X, X @ A + use_c * c, dq)
        return dA, dq.sum(0) if second is None else second(dq)

    return gradient


def forward_differences(h):
    def gradient(X, A, c, L):
        def mean(A, c):
            return L(X @ A + c)[0].mean()

        dA, dc = np.zeros(A.shape), np.zeros(c.shape)
        for d, move in ((dA, lambda e: mean(A + e, c)), (dc, lambda e: mean(A, c + e))):
            for i in np.ndindex(d.shape):
                e = np.zeros(d.shape)
                e[i] = h
                d[i] = (move(e) - mean(A, c)) / h
        return dA, dc

    return gradient


GRADIENT = Task(
    name="gradient_phi", title="The slope in φ", points=3, solution=gradient_phi, sizes="B D R", inputs=_phi_inputs,
    returns=("dA", "dc"), one_row=False,
    text=r"""`back` gives the slope of the ELBO in the rows $q$. Amortization is one step more of the chain rule: with
the smallest encoder there is, $q_i = x^i A + c$,

$$\frac{\partial}{\partial A} \frac1B \sum_{i=1}^B L(q_i, x^i, \theta) = \sum_{i=1}^B (x^i)^\top dq_i,
\qquad \frac{\partial}{\partial c} = \sum_{i=1}^B dq_i, \qquad dq_i = \frac1B \frac{\partial L(q_i, x^i,
\theta)}{\partial q_i}.$$""",
    hints=("Where is L to be asked? What is back to be called with, so that 1/B is in dq?",
           "Rows q = XA + c; back of B times the number 1/B; the sum over i of x^i's column times dq_i's row is one "
           "matrix product; c is added to each row, so its gradient is the sum over the rows."),
    play="""def L(q):                           # a hill with its summit at q = 1
    return -0.5 * ((q - 1) ** 2).sum(1), lambda dvalue: dvalue[:, None] * (1 - q)

gradient_phi(np.array([[1.0], [2.0]]), np.zeros((1, 2)), np.zeros(2), L)""",
    laws=[
        (lambda f, X, A, c, L: same(f(X, A, c, L)[1], gradient_phi(X, A, c, L)[1]),
         "dc is not the sum over the rows of dq, where 1/B is in dq"),
        (lambda f, X, A, c, L: same(f(0 * X, A, c, L)[0], 0 * A), "dA: where all x are 0 it is not 0, though A does "
                                                                  "nothing then")],
    misconceptions=[
        mistake("sum over the batch", _phi(scale=np.ones_like), "it is the gradient of the sum over the batch: the "
                                                                "mean is asked for, "
                "1/B of it."),
        mistake("downhill", lambda *args: tuple(-d for d in gradient_phi(*args)),
                "the sign is wrong: it points downhill, and the ELBO is climbed."),
        mistake("transposed", _phi(first=lambda X, q, dq: dq.T @ X), "dA has shape (R, D), transposed: A is (D, R)."),
        mistake("back of the value", _phi(scale=lambda value: value / len(value)),
                "back is called with the values of L: it takes the weight of each row in the mean, the same for all."),
        mistake("back of the values", _phi(scale=lambda value: value),
                "back is called with the values of L: it takes the weight of each row in the mean, the same for all."),
        mistake("c is missing", _phi(use_c=0.0), "L is asked at X A, without c: the rows are XA + c."),
        mistake("dc averaged", _phi(second=lambda dq: dq.mean(0)), "dc: it is averaged over the rows: 1/B is in dq "
                                                                   "already, so sum."),
        mistake("dc not summed", _phi(second=lambda dq: dq), "dc has shape (B, R): c is added to every row, so its "
                                                             "gradient is the "
                "sum over the rows."),
        mistake("no chain rule", _phi(first=lambda X, q, dq: q.T @ dq), "dA: dq is multiplied by q: what multiplies A "
                                                                        "is X."),
        mistake("divided twice", lambda X, *rest: tuple(d / len(X) for d in gradient_phi(X, *rest)),
                "it is divided by B twice: once in the call of back, once more after it."),
        *(mistake("forward differences", forward_differences(h),
                  "these are forward differences, whose error grows with the step: back gives the slope itself, to all "
                  "digits, in one call.") for h in (1e-1, 1e-2, 1e-3, 1e-4)),
        mistake("dA divided twice", _phi(first=lambda X, q, dq: X.T @ dq / len(X)), "dA: it is divided by B twice."),
        mistake("mean of x", _phi(first=lambda X, q, dq: np.outer(X.mean(0), dq.sum(0))),
                "dA: it is the product of two means: each row's x is multiplied by its own dq before the sum."),
        mistake("sum of x", _phi(first=lambda X, q, dq: np.outer(X.sum(0), dq.sum(0))),
                "dA: it is the product of two sums: each row's x is multiplied by its own dq before the sum."),
        mistake("dc is 0", _phi(second=lambda dq: 0 * dq.sum(0)), "dc: it is 0: c is learned, too."),
        mistake("x centred", _phi(first=lambda X, q, dq: (X - X.mean(0)).T @ dq),
                "dA: the mean is subtracted from x: A multiplies x as it is."),
        mistake("last row",
                _phi(scale=np.ones_like, first=lambda X, q, dq: np.outer(X[-1], dq[-1]), second=lambda dq: dq[-1]),
                "only the last row counts: each overwrites the one before, add them up."),
        mistake("step taken",
                lambda X, A, c, L: tuple(p + d for p, d in zip((A, c), gradient_phi(X, A, c, L), strict=True)),
                "it returns A and c after a step: the gradient itself is asked for."),
        mistake("A and c after the sum", lambda X, A, c, L: tuple(p + len(X) * d for p, d in zip(
            (A, c), gradient_phi(X, A, c, L), strict=True)), "it returns A and c after a step: the gradient itself is "
                                                             "asked for.")])

# ---- training


def fit_encoder(X, A, c, L):
    """The affine encoder q = XA + c with the highest mean ELBO, theta held: gradient ascent from A and c.

    X (m, D), A (D, R), c (R,); L(q) returns the ELBO of each row, (m,), and back; back(dvalue (m,)) returns dq (m, R).
    Returns the best A and c; those that are given are not changed.
    """
    for _ in range(500):
        value, back = L(X @ A + c)
        dq = back(np.full(len(X), 1 / len(X)))
        A, c = A + 0.1 * X.T @ dq, c + 0.1 * dq.sum(0)
    return A, c


FIT = Task(
    name="fit_encoder", title="Train the encoder", points=4, solution=fit_encoder, returns=("A", "c"),
    judge=lambda answer: judge_fitted_encoder(FIT, answer),
    text=r"""The board's loop, with $\theta$ held:

$$\phi \leftarrow \phi + \lambda \nabla_\phi, \qquad
\nabla_\phi = \frac{\partial}{\partial\phi} \frac1m \sum_{i=1}^m L(q_\phi(x^i), x^i, \theta), \qquad \phi = (A, c).$$

There is no argmax over $q$ any more; what is learned for one $x$ helps all. `L` takes the rows of all data at once.
The mean ELBO has to end less than a thousandth of a nat below the best. Here the best rows are affine in $x$, so that
an affine encoder can reach them. The data have a spread of about 1.5, and the hill's curvature is between 1 and 10.""",
    hints=("Which task before this one is the body of the loop?",
           "In each round: the gradient at the present A and c, then new A and c a little further along, λ about 0.1, "
           "some hundred times."),
    play="""model = npvae.probabilistic_pca(1, 2, sigma_g=0.8, rng=np.random.default_rng(0))
X, nodes = model.sample(200, np.random.default_rng(1))[0], npvae.GaussHermite(5)(None, 1, 1)
A, c = fit_encoder(X, np.zeros((2, 2)), np.zeros(2), lambda q: npvae.elbo(model, q, X, nodes))
(npvae.log_marginal(model, X) - npvae.elbo(model, X @ A + c, X, nodes)[0]).max()""")

# ---- an encoder in closed form


def ppca_encoder(X, W, b, sigma_g):
    """The best diagonal q of each x in probabilistic PCA, x = zW + b + sigma_g ε, z ~ N(0, I).

    X (m, D), W (K, D), b (D,), sigma_g a number. Returns rows [mu, log_sigma], (m, 2K).
    """
    M = W @ W.T + sigma_g**2 * np.eye(len(W))                   # (K, K)
    mu = (X - b) @ W.T @ np.linalg.inv(M)                       # (m, K)
    log_sigma = 0.5 * np.log(sigma_g**2 / np.diag(M))           # (K,), the same for all x
    return np.hstack([mu, np.tile(log_sigma, (len(X), 1))])


def _rows(mu_of=lambda Y, W, M, s: Y @ W.T @ np.linalg.inv(M), log_sigma_of=lambda M, s: 0.5 * np.log(s * s /
np.diag(M)),
          noise=lambda s: s * s, b_times=1.0):
    def rows(X, W, b, s):
        M = W @ W.T + noise(s) * np.eye(len(W))
        mu = mu_of(X - b_times * b, W, M, s)
        return np.hstack([mu, np.tile(log_sigma_of(M, s), (len(X), 1))])

    return rows


PPCA = Task(
    name="ppca_encoder", title="The best encoder of probabilistic PCA", points=4, solution=ppca_encoder, sizes="m K D",
    inputs=lambda rng, m, K, D: (rng.normal(size=(m, D)), 0.8 * rng.normal(size=(K, D)), rng.normal(size=D),
                                 rng.uniform(0.6, 0.9)), returns=("the rows",),
    text=r"""Here the posterior is a Gaussian, with $M = WW^\top + \sigma_g^2 I$,

$$p_\theta(z|x) = N\big((x - b)\, W^\top M^{-1},\; \sigma_g^2 M^{-1}\big).$$

The ELBO's best *diagonal* $q = N(\mu, \mathrm{diag}(\sigma^2))$ has the same mean, and its variances are one over the
diagonal of the posterior's *precision* $P = M/\sigma_g^2$:

$$\mu = (x - b)\, W^\top M^{-1}, \qquad \sigma_k^2 = \frac{1}{P_{kk}}.$$

A row holds $\log\sigma$. Note that $\mu$ is affine in $x$ and $\sigma$ does not depend on $x$.""",
    hints=("What is P_kk in terms of M_kk? What is log σ if σ² is known?",
           "M is (K, K). The means of all x come from matrix products; log σ = ½ log σ² is one row, repeated m times, "
           "to the right of the means."),
    play="""W = np.array([[1.0, 0.0], [0.5, 0.5]])
ppca_encoder(np.array([[0.0, 0.0], [1.0, 2.0]]), W, np.zeros(2), 0.5).round(3)""",
    laws=[
        (lambda f, X, W, b, s: same(f(X + 2, W, b + 2, s), f(X, W, b, s)), "it changes when x and b are moved "
                                                                           "together: only "
         "x − b counts"),
        (lambda f, X, W, b, s: same(np.ptp(f(X, W, b, s)[:, len(W):], 0), np.zeros(len(W))),
         "log_sigma is not the same for all x"),
        (lambda f, X, W, b, s: same(f(X, 0 * W, b, s), np.zeros((len(X), 2 * len(W)))),
         "where W is 0, and x says nothing, it is not the prior, mu = 0 and log_sigma = 0"),
        (lambda f, X, W, b, s: same(f(3 * X, 3 * W, 3 * b, 3 * s), f(X, W, b, s)),
         "it changes when x, W, b and sigma_g are three times as large: z does not know the units of x"),
        (lambda f, X, W, b, s: same(f(X, W, b, s)[:, len(W):], ppca_encoder(X, W, b, s)[:, len(W):]),
         "mu may be right, and log_sigma is not: ½ log of one over the diagonal of the precision"),
        (lambda f, X, W, b, s: same(f(X, W, b, s)[:, :len(W)], ppca_encoder(X, W, b, s)[:, :len(W)]),
         "mu is not the posterior's mean, and log_sigma is right")],
    misconceptions=[
        mistake("no b", _rows(b_times=0.0), "b is not subtracted: the posterior looks at x − b."),
        mistake("plus b", _rows(b_times=-1.0), "b has the wrong sign: the decoder adds it, so it is subtracted from "
                                               "x."),
        mistake("no prior", _rows(noise=lambda s: 0.0), "M is W Wᵀ alone: the prior's part, sigma_g² I, is missing."),
        mistake("I for sigma_g² I", _rows(noise=lambda s: 1.0), "M is W Wᵀ + I: the identity is to be multiplied by "
                                                                "sigma_g²."),
        mistake("marginal variances", _rows(log_sigma_of=lambda M, s: 0.5 * np.log(s * s * np.diag(np.linalg.inv(M)))),
                "log_sigma: it has the posterior's marginal variances, the diagonal of the inverse: the best diagonal "
                "q is narrower, one over the diagonal of the precision."),
        mistake("log of the variance", _rows(log_sigma_of=lambda M, s: np.log(s * s / np.diag(M))),
                "log_sigma: it is the log of the variance, twice log_sigma: the half is missing."),
        mistake("sigma itself", _rows(log_sigma_of=lambda M, s: np.sqrt(s * s / np.diag(M))),
                "log_sigma: it is sigma itself: its logarithm is asked for."),
        mistake("the variance itself", _rows(log_sigma_of=lambda M, s: s * s / np.diag(M)),
                "log_sigma: it is the variance itself: the log of its root is asked for."),
        mistake("sigma_g not squared", _rows(noise=lambda s: s, log_sigma_of=lambda M, s: 0.5 * np.log(s / np.diag(M))),
                "sigma_g stands where sigma_g², the variance, belongs."),
        mistake("no inverse", _rows(lambda Y, W, M, s: Y @ W.T), "mu: M⁻¹ is missing."),
        mistake("times M", _rows(lambda Y, W, M, s: Y @ W.T @ M), "mu: it is multiplied by M: its inverse belongs "
                                                                  "there."),
        mistake("inverse of the diagonal", _rows(lambda Y, W, M, s: Y @ W.T / np.diag(M)),
                "mu: it is divided by the diagonal of M: the inverse of the whole matrix belongs there, even for a "
                "diagonal q."),
        mistake("no noise in the variance", _rows(log_sigma_of=lambda M, s: -0.5 * np.log(np.diag(M))),
                "log_sigma: sigma_g² is missing in P = M/sigma_g²."),
        mistake("one sigma for all", _rows(
            log_sigma_of=lambda M, s: np.full(len(M), 0.5 * np.log(s * s / np.diag(M).mean()))),
                "log_sigma: it is the same in all latent dimensions: each has its own M_kk."),
        mistake("M over sigma_g²", _rows(lambda Y, W, M, s: Y @ W.T @ np.linalg.inv(M) * s**2),
                "mu: it has a factor sigma_g² too many: the inverse of M, not of P = M/sigma_g², belongs there."),
        mistake("the precision", _rows(log_sigma_of=lambda M, s: 0.5 * np.log(np.diag(M) / s**2)),
                "log_sigma: its sign is wrong: it is the log of the root of the precision, one over the variance."),
        mistake("sigma_g for sigma", _rows(log_sigma_of=lambda M, s: np.full(len(M), np.log(s))),
                "log_sigma: it is log sigma_g, the width of the noise on x: sigma is that of z given x."),
        mistake("the prior's variance", _rows(log_sigma_of=lambda M, s: np.zeros(len(M))),
                "log_sigma: it is 0, the prior's: x narrows it."),
        mistake("pseudo-inverse", _rows(lambda Y, W, M, s: Y @ np.linalg.pinv(W)),
                "mu: it is the least-squares z, by the pseudo-inverse: the prior draws it towards 0, M has sigma_g² I "
                "in it."),
        mistake("mu alone", lambda X, W, b, s: ppca_encoder(X, W, b, s)[:, :len(W)],
                "it has shape (m, K), mu alone: a row is [mu, log_sigma], 2K numbers."),
        mistake("exchanged", lambda X, W, b, s: np.roll(ppca_encoder(X, W, b, s), len(W), axis=1),
                "mu and log_sigma are in the wrong order: mu is first.")])

# ---- what no encoder closes


def approximation_gap(W, sigma_g):
    """What a diagonal q lacks of log p(x) in probabilistic PCA, in nats: the same for every x.

    W (K, D), sigma_g a number. Returns a number, 0 if the rows of W are orthogonal.
    """
    P = W @ W.T / sigma_g**2 + np.eye(len(W))                   # the posterior's precision, (K, K)
    return 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])


def _diagonal(f=lambda P: 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1]), noise=lambda s: s * s, prior=1.0):
    return lambda W, s: f(W @ W.T / noise(s) + prior * np.eye(len(W)))


DIAGONAL = Task(
    name="approximation_gap", title="The price of a diagonal q", points=3, solution=approximation_gap, sizes="K D",
    inputs=lambda rng, K, D: (rng.normal(size=(min(K, D), max(K, D))), rng.uniform(0.6, 0.9)), returns=("the gap",),
    text=r"""Turn the latent frame of probabilistic PCA and $p_\theta(x)$ stays as it is, but the posterior is a
tilted ellipse now, and a diagonal $q$ cannot tilt. With the posterior's precision $P = WW^\top/\sigma_g^2 + I$, the
KL from the best diagonal $q$, whose variances are $1/P_{kk}$, is

$$\tfrac12 \Big[ \sum_{k=1}^K \log P_{kk} - \log\det P \Big].$$

No encoder can close it.""",
    hints=("What is it when P is diagonal?", "np.linalg.slogdet returns a sign and the log of the determinant."),
    play="""W = np.array([[2.0, 0.0], [0.0, 1.0]])
turn = np.array([[0.8, -0.6], [0.6, 0.8]])
approximation_gap(W, 0.5), approximation_gap(turn @ W, 0.5)""",
    terms={"the sum of log P_kk": lambda W, s: 0.5 * np.log((W**2).sum(1) / s**2 + 1).sum(),
           "log det P": lambda W, s: -0.5 * np.linalg.slogdet(W @ W.T / s**2 + np.eye(len(W)))[1]},
    laws=[
        (lambda f, W, s: f(W, s) > -1e-9, "it is negative, and a gap never is"),
        (lambda f, W, s: same(f(2 * np.eye(*W.shape), s), 0.0), "where the rows of W are orthogonal, and P diagonal, "
                                                                "it is not 0"),
        (lambda f, W, s: same(f(3 * W, 3 * s), f(W, s)), "it changes when W and sigma_g are three times as large: "
                                                         "only their "
         "ratio counts"),
        (lambda f, W, s: same(f(W[::-1], s), f(W, s)), "it depends on the order of the latent dimensions"),
        (lambda f, W, s: same(f(W[:, ::-1], s), f(W, s)), "it depends on the order of the data's dimensions")],
    misconceptions=[
        mistake("no half", lambda W, s: 2 * approximation_gap(W, s), "the half is missing: it is twice the gap."),
        mistake("negative", lambda W, s: -approximation_gap(W, s), "its sign is wrong: a gap is never negative."),
        mistake("of the covariance",
                _diagonal(lambda P: 0.5 * (np.log(np.diag(np.linalg.inv(P))).sum() + np.linalg.slogdet(P)[1])),
                "it is computed with the covariance, the inverse: that is the KL the other way round; P is the "
                "precision."),
        mistake("no prior", _diagonal(prior=0.0), "the prior's part of P, the identity, is missing."),
        mistake("det without log", _diagonal(lambda P: 0.5 * (np.log(np.diag(P)).sum() - np.linalg.det(P))),
                "the determinant stands without its log."),
        mistake("sign for log det", _diagonal(lambda P: 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[0])),
                "the sign of the determinant stands where its log belongs: slogdet returns both, the log second."),
        mistake("sigma_g not squared", _diagonal(noise=lambda s: s), "sigma_g is not squared in P."),
        mistake("no sigma_g", _diagonal(noise=lambda s: 1.0), "sigma_g² is missing in P."),
        mistake("times sigma_g²", _diagonal(noise=lambda s: 1 / s**2), "P is multiplied by sigma_g²: the smaller the "
                                                                       "noise, the more x "
                "says about z, so divide."),
        mistake("log of the trace", _diagonal(lambda P: 0.5 * (np.log(np.trace(P)) - np.linalg.slogdet(P)[1])),
                "it is the log of the trace: the sum of the logs of the diagonal is asked for."),
        mistake("product without log", _diagonal(lambda P: 0.5 * (np.prod(np.diag(P)) - np.linalg.det(P))),
                "the logarithms are missing, of the diagonal's product and of the determinant."),
        mistake("sum without log", _diagonal(lambda P: 0.5 * (np.trace(P) - np.linalg.slogdet(P)[1])),
                "the diagonal stands without its log: the sum of log P_kk is asked for."),
        mistake("in the space of the data",
                lambda W, s: (lambda P: 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1]))(
            W.T @ W / s**2 + np.eye(W.shape[1])), "P is made in the space of the data, (D, D): z has K dimensions, W "
                                                  "Wᵀ."),
        mistake("always 0", lambda W, s: 0.0 * s, "it is 0: the eigenvalues of P give its determinant; the sum has "
                                                  "the diagonal of P, "
                "which is something else."),
        mistake("base 2", lambda W, s: approximation_gap(W, s) / np.log(2), "it is in bits, log2: np.log gives nats.")],
    edges={"where the rows of W are orthogonal": lambda rng: (2 * np.eye(3, 5), 0.7)})

TASKS = [NUMBERS, GRADIENT, FIT, PPCA, DIAGONAL]
