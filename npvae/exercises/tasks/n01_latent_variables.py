r"""# 1 · Latent variables: exercises

Somebody draws $z$ from the prior, sends it through a decoder and adds noise; we see $x$. Here you write that story,
the density of $x$ given $z$, and the integral over $z$ in three ways: on a grid, by draws from the prior, and by
draws from any other $q(z)$. All but the first are done in logarithms, because $p_\theta(x)$ of an image is a number
like $e^{-2000}$."""

import numpy as np

from npvae.exercises.laws import same
from npvae.exercises.misconceptions import mistake
from npvae.exercises.sampling import judge_ancestral, judge_prior_sampling
from npvae.exercises.task import Task
from npvae.exercises.tasks.shifts import wrong_shifts

# ---- the story


def ancestral_sampling(m, K, g, sigma_g, rng):
    """m draws of z ~ N(0, I) and, for each, x ~ N(g(z), sigma_g² I).

    g takes z (m, K) and returns (m, D). Returns z (m, K) and x (m, D). All randomness comes from rng, a
    np.random.Generator.
    """
    z = rng.standard_normal((m, K))
    mean = g(z)
    return z, mean + sigma_g * rng.standard_normal(mean.shape)


SAMPLING = Task(
    name="ancestral_sampling", title="Tell the story", points=2, solution=ancestral_sampling,
    judge=lambda answer: judge_ancestral(SAMPLING, answer), returns=("z", "x"),
    text=r"""To sample from the model, follow the story: first $z$, then $x$.

$$z \sim N(0, I), \qquad x \sim N(g_\theta(z),\, \sigma_g^2 I).$$""",
    hints=("Which of the two has noise with standard deviation 1, and which one of sigma_g?",
           "Draw z with rng.standard_normal, of shape (m, K). Compute g(z) once. Draw noise of its shape, times "
           "sigma_g."),
    play="""z, x = ancestral_sampling(500, 1, lambda z: 1.5 * np.tanh(2 * z), 0.3, np.random.default_rng(0))
x.mean(), x.std()""")

# ---- log N(x; mean, σ² I)


def log_normal(x, mean, sigma):
    """log N(x; mean, sigma² I) of each row, in nats.

    x and mean are (B, D), sigma is a number, the standard deviation. Returns (B,).
    """
    D = x.shape[1]
    squares = ((x - mean) ** 2).sum(1)      # (B,)
    return -D / 2 * np.log(2 * np.pi) - D * np.log(sigma) - squares / (2 * sigma**2)


GRID_X = np.linspace(-9, 9, 2001)


def _square(x, mean):
    return ((x - mean) ** 2).sum(1)


# what multiplies ‖x − mean‖², if not 1/(2 sigma²)
_FACTORS = [
    ("times sigma²", lambda s: s**2 / 2, "the squared error is multiplied by sigma², and it is to be divided: in "
     "`/ 2 * sigma**2` only the 2 is below, brackets are missing."),
    ("times sigma", lambda s: s / 2, "the squared error is multiplied by sigma, and it is to be divided by sigma²."),
    ("divided by sigma", lambda s: 1 / s, "the squared error is divided by sigma alone: brackets are missing, or an "
     "exponent; 2 sigma² belongs below."),
    ("divided by 2 sigma", lambda s: 1 / (2 * s), "the squared error is divided by 2 sigma, and sigma is not squared."),
    ("2 squared", lambda s: 1 / (2 * s) ** 2, "the squared error is divided by (2 sigma)²: only sigma is squared."),
]


DENSITY = Task(
    name="log_normal", title="The log density of x given z", points=2, solution=log_normal, sizes="B D",
    inputs=lambda rng, B, D: (rng.normal(size=(B, D)), rng.normal(size=(B, D)), rng.uniform(0.3, 0.8)),
    text=r"""The decoder's output is the mean of a Gaussian in $D$ dimensions with the same variance $\sigma^2$ in
each:

$$\log N(x;\, \text{mean}, \sigma^2 I) = -\frac D2 \log 2\pi - D \log \sigma - \frac{\|x -
\text{mean}\|^2}{2\sigma^2}.$$""",
    hints=("Three terms; which of them depend on x, which on D?",
           "The squared length of x − mean is a sum over the last axis. Stay in logarithms: a product of D densities "
           "is 0 in floating point when D is large."),
    play="log_normal(np.zeros((2, 1)), np.zeros((2, 1)), 0.3)       # a density can be above 1",
    terms={"the constant −(D/2) log 2π": lambda x, mean, sigma: np.full(len(x), -x.shape[1] / 2 * np.log(2 * np.pi)),
           "the term −D log sigma": lambda x, mean, sigma: np.full(len(x), -x.shape[1] * np.log(sigma)),
           "the term −‖x − mean‖²/(2 sigma²)": lambda x, mean, sigma: -_square(x, mean) / (2 * sigma**2)},
    laws=[
        (lambda f, x, mean, s: same(f(x + 3, mean + 3, s), f(x, mean, s)),
         "it changes when x and mean are moved together: only their distance counts"),
        (lambda f, x, mean, s: (f(mean, mean, s) >= f(x, mean, s)).all(), "it is not greatest at x = mean"),
        (lambda f, x, mean, s: abs(np.exp(f(GRID_X[:, None], 0 * GRID_X[:, None], s)).sum() * 0.009 - 1)
         < 1e-3, "in one dimension its exponential does not integrate to 1, so it is no density"),
        (lambda f, x, mean, s: same(f(np.repeat(x, 2, 1), np.repeat(mean, 2, 1), s), 2 * f(x, mean, s)),
         "with every dimension there twice it is not doubled, though independent dimensions add up")],
    misconceptions=[
        mistake("the board's formula",
                lambda x, mean, sigma: -x.shape[1] / 2 * np.log(sigma) + _square(x, mean) / sigma**2,
                "this is the board's formula, with its slips: the plus sign rewards error, and sigma² lacks its "
                "factor 2."),
        mistake("no normalisation", lambda x, mean, sigma: -_square(x, mean) / (2 * sigma**2),
                "only the squared error is there: without its two constants this is no density, it does not integrate "
                "to 1, and sigma could never be learned."),
        mistake("one dimension's constant",
                lambda x, mean, sigma: -0.5 * np.log(2 * np.pi * sigma**2) - _square(x, mean) / (2 * sigma**2),
                "the constant is that of one dimension: there is one for each of the D dimensions."),
        mistake("half of D log sigma",
                lambda x, mean, sigma: -x.shape[1] / 2 * np.log(2 * np.pi * sigma) - _square(x, mean) / (2 * sigma**2),
                "the constant holds sigma where sigma², the variance, belongs."),
        mistake("sigma for the variance",
                lambda x, mean, sigma: -x.shape[1] / 2 * np.log(2 * np.pi * sigma) - _square(x, mean) / (2 * sigma),
                "sigma is taken for the variance: it is the standard deviation, and the variance is sigma²."),
        *(mistake(name, lambda x, mean, s, f=f: (
            log_normal(x, mean, s) + _square(x, mean) * (1 / (2 * s**2) - f(s))), said)
          for name, f, said in _FACTORS),
        mistake("batch sum", lambda x, mean, sigma: (-x.shape[1] / 2 * np.log(2 * np.pi * sigma**2)
                                                     - ((x - mean) ** 2).sum() / (2 * sigma**2)),
                "the squares of the whole batch are added up: each row of x has a log density of its own."),
        mistake("mean over dimensions", lambda x, mean, sigma: log_normal(x, mean, sigma) / x.shape[1],
                "it is the mean over the dimensions: independent dimensions multiply, so their logarithms add up."),
        mistake("distance not squared", lambda x, mean, sigma: (-x.shape[1] / 2 * np.log(2 * np.pi * sigma**2)
                                                                - np.sqrt(_square(x, mean)) / (2 * sigma**2)),
                "the distance ‖x − mean‖ is not squared."),
        mistake("underflow", lambda x, mean, sigma: np.where(log_normal(x, mean, sigma) < -745, -np.inf,
                                                             log_normal(x, mean, sigma)),
                "with many dimensions it is -inf: the product of D densities underflows to 0 before the logarithm is "
                "taken. Add up logarithms instead."),
    ],
    edges={"for x of 2,000 dimensions": lambda rng: (rng.normal(size=(2, 2000)), np.zeros((2, 2000)), 1.0),
           "for a sigma of 1e-4": lambda rng: (rng.normal(size=(2, 3)), np.zeros((2, 3)), 1e-4)})

# ---- the integral, on a grid


def integral_on_a_grid(log_joint, h):
    """log p(x^i) for all data: the sum over the nodes of a grid times its spacing, in logarithms.

    log_joint (m, n) holds log p(x^i, z_j) for m data and n nodes; h is the spacing of the nodes. Returns (m,), nats.
    """
    top = log_joint.max(1, keepdims=True)               # (m, 1)
    return np.log(np.exp(log_joint - top).sum(1) * h) + top[:, 0]


GRID = Task(
    name="integral_on_a_grid", title="The integral over z, on a grid", points=3, solution=integral_on_a_grid,
    sizes="m n", inputs=lambda rng, m, n: (3 * rng.normal(size=(m, n)), rng.uniform(0.05, 0.3)),
    text=r"""On a grid of $n$ nodes with spacing $h$ the integral is a sum,

$$\log p_\theta(x^i) = \log \int p_\theta(x^i, z)\,dz \approx \log \Big( h \sum_{j=1}^n p_\theta(x^i, z_j) \Big).$$

What you get are the *logarithms* of the joint density, and some of them are −2000: $e^{-2000}$ is 0 in floating point.
So take out the largest term of each datapoint before you exponentiate:

$$\log \sum_j e^{a_j} = c + \log \sum_j e^{a_j - c}.$$""",
    hints=("Which c makes the largest exponent 0? Where does c come back?",
           "c is the maximum of each row, kept as a column by keepdims=True, so that it can be subtracted from the "
           "row; add it again after the logarithm. h stands inside the logarithm."),
    play="""z, h = np.linspace(-6, 6, 801, retstep=True)
log_joint = -0.5 * z**2 - 0.5 * (1.2 - z) ** 2 - np.log(2 * np.pi)       # x = z + noise: p(x) = N(x; 0, 2)
integral_on_a_grid(log_joint[None], h), -0.25 * 1.2**2 - 0.5 * np.log(4 * np.pi)""",
    laws=[
        (lambda f, a, h: same(f(a + 2, h), f(a, h) + 2), "with each joint density e² times as large log p(x) does not "
                                                         "grow "
         "by 2"),
        (lambda f, a, h: same(f(np.repeat(a, 2, 1), h), f(a, h) + np.log(2)),
         "with each node there twice the integral is not doubled: all nodes count alike, in a sum"),
        (lambda f, a, h: same(f(a[:, ::-1], h), f(a, h)), "it depends on the order of the nodes")],
    misconceptions=[
        mistake("no spacing", lambda a, h: integral_on_a_grid(a, 1.0),
                "the spacing h is missing: a sum over nodes becomes an integral when each node counts for a width h."),
        mistake("sum of the logarithms", lambda a, h: (a * h).sum(1),
                "it adds up the logarithms: the logarithm stands outside the sum, so exponentiate, add up, then take "
                "it."),
        mistake("mean instead of sum", lambda a, h: integral_on_a_grid(a, 1 / a.shape[1]),
                "it is the mean over the nodes: an integral is their sum times the spacing h."),
        mistake("trapezoid", lambda a, h: np.log(np.exp(integral_on_a_grid(a, h)) - h / 2 * (np.exp(a[:, 0])
                                                                                             + np.exp(a[:, -1]))),
                "the first and the last node count half, as in the trapezoid rule: in this sum all nodes count alike."),
        mistake("last node left out", lambda a, h: integral_on_a_grid(a[:, :-1], h), "the last node is left out."),
        mistake("first node left out", lambda a, h: integral_on_a_grid(a[:, 1:], h), "the first node is left out."),
        mistake("divided by the spacing", lambda a, h: integral_on_a_grid(a, 1 / h),
                "it is divided by the spacing h: each node counts for a width h, so multiply."),
        mistake("spacing outside the logarithm", lambda a, h: h * integral_on_a_grid(a, 1.0),
                "the spacing h multiplies the logarithm: it belongs inside, or as + log h outside."),
        mistake("the greatest node only", lambda a, h: a.max(1) + np.log(h),
                "it is the greatest node alone, without the sum over the others."),
        mistake("shift not added back", lambda a, h: integral_on_a_grid(a - a.max(1, keepdims=True), h),
                "the maximum that was subtracted is not added back after the logarithm."),
        mistake("shift inside the logarithm",
                lambda a, h: np.log(np.exp(a - a.max(1, keepdims=True)).sum(1) * h + a.max(1)),
                "the maximum is added inside the logarithm: it was taken out of an exponent, so it comes back "
                "outside."),
        mistake("sum over the data", lambda a, h: integral_on_a_grid(a.T, h),
                "it sums over the data: the nodes are axis 1, the data axis 0."),
        mistake("one shift for all rows", lambda a, h: np.log(np.exp(a - a.max()).sum(1) * h) + a.max(),
                "one maximum for all data: a row far below the others underflows to -inf; each row needs its own."),
        mistake("underflow", lambda a, h: np.log((np.exp(a) * h).sum(1)),
                "exp underflows to 0, and log 0 is -inf: subtract the row's maximum before you exponentiate, and add "
                "it back after the logarithm."),
        *(mistake("a small number added", lambda a, h, e=e: np.log((np.exp(a) * h).sum(1) + e),
                  f"a small number, {e:g}, is added inside the logarithm: that is no log p(x) any more. Against "
                  "underflow, "
                  "subtract the row's maximum.") for e in (1e-3, 1e-6, 1e-8, 1e-10, 1e-12, 1e-16, 1e-300)),
        *wrong_shifts(lambda shift: lambda a, h: np.log(np.exp(a - shift(a, 1)).sum(1) * h) + (
            shift(a, 1) + np.zeros((len(a), 1)))[:, 0]),
        mistake("normalised before the sum", lambda a, h: np.log(h) + 0 * a[:, 0],
                "it is log h, whatever log_joint is: the terms are normalised before they are added up, and then sum "
                "to one."),
    ],
    edges={"where log p(x, z) is about −2000, or above 800":
               lambda rng: (rng.normal(size=(3, 50)) + np.array([[-2000], [900], [0]]), 0.1),
           "where log p(x, z) is about −2000": lambda rng: (rng.normal(size=(3, 50)) - 2000, 0.1),
           "where one node is far above the others": lambda rng: (
               np.array([[0.0, -2000, -2000], [-800, 1, -400]]), 0.1),
           "where one datapoint is far less probable than the others":
               lambda rng: (rng.normal(size=(3, 50)) - np.array([[0], [900], [1800]]), 0.1),
           "where log p(x, z) is above 800": lambda rng: (rng.normal(size=(3, 20)) + 800, 0.1)})

# ---- the integral, by draws from the prior


def prior_sampling(log_likelihood, K, S, rng):
    """log of the average of p(x|z_s) over S draws z_s from the prior N(0, I): a number, in nats.

    log_likelihood takes z (S, K) and returns log p(x|z_s), (S,). All randomness comes from rng.
    """
    log_px = log_likelihood(rng.standard_normal((S, K)))
    top = log_px.max()
    return np.log(np.exp(log_px - top).mean()) + top


PRIOR = Task(
    name="prior_sampling", title="The integral, by draws from the prior", points=2, solution=prior_sampling,
    judge=lambda answer: judge_prior_sampling(PRIOR, answer),
    text=r"""The integral is an average over the prior, so average:

$$\log p_\theta(x) = \log E_{p(z)}\, p_\theta(x|z) \approx \log \Big( \frac1S \sum_{s=1}^S p_\theta(x|z_s) \Big),
\qquad z_s \sim N(0, I).$$

Again what you get are logarithms, which may be very negative.""",
    hints=("What is averaged, p(x|z) or its logarithm? What stands outside?",
           "Draw z of shape (S, K), call log_likelihood once, and take the log of the mean of the exponentials as in "
           "the task before: with the largest one taken out."),
    play="""log_likelihood = lambda z: -0.5 * ((1.2 - z) ** 2).sum(1) - z.shape[1] * 0.5 * np.log(2 * np.pi)
[prior_sampling(log_likelihood, K, 1000, np.random.default_rng(0)).round(2) for K in (1, 5, 20)]""")

# ---- the integral, by draws from any q


def importance_sampling(log_pxz, log_q):
    """log of the average of p(x, z_s)/q(z_s), the importance sampling estimate of log p(x).

    log_pxz and log_q, both (S, B), hold log p(x, z_s) and log q(z_s) for S draws z_s ~ q of each of B rows.
    Returns (B,), nats.
    """
    log_w = log_pxz - log_q
    top = log_w.max(0)
    return np.log(np.exp(log_w - top).mean(0)) + top


def _log_mean(a):
    return np.logaddexp.reduce(a, 0) - np.log(len(a))


IMPORTANCE = Task(
    name="importance_sampling", title="The integral, by draws from any q", points=3, solution=importance_sampling,
    sizes="S B", inputs=lambda rng, S, B: (2 * rng.normal(size=(S, B)) - 3, rng.normal(size=(S, B)) - 1),
    text=r"""Draws from the prior miss the $z$ that explain $x$. Draw from another $q(z)$, and correct for it by
weights:

$$p_\theta(x) = E_{q(z)} \frac{p_\theta(x, z)}{q(z)}
\approx \frac1S \sum_{s=1}^S w_s, \qquad w_s = \frac{p_\theta(x, z_s)}{q(z_s)}, \qquad z_s \sim q.$$

Return its logarithm, for each column. Draws lie along the first axis, as everywhere in the package.""",
    hints=("What is log w? Over which axis do you average, and is it the weights or their logarithms?",
           "log w is a difference of the two arrays; then the log of a mean of exponentials over axis 0, with the "
           "largest of each column taken out."),
    play="""z = np.random.default_rng(0).normal(0.6, 0.7, size=(1000, 1))
log_q = -0.5 * ((z - 0.6) / 0.7) ** 2 - np.log(0.7) - 0.5 * np.log(2 * np.pi)
importance_sampling(-0.5 * z**2 - 0.5 * (1.2 - z) ** 2 - np.log(2 * np.pi), log_q), -0.36 - 0.5 * np.log(4 * np.pi)""",
    laws=[
        (lambda f, p, q: same(f(p + 2, q + 2), f(p, q)), "it changes when both logarithms grow by the same: only their "
         "difference counts"),
        (lambda f, p, q: same(f(p + 2, q), f(p, q) + 2), "with p(x, z) e² times as large log p(x) does not grow by 2"),
        (lambda f, p, q: same(f(np.tile(p, (2, 1)), np.tile(q, (2, 1))), f(p, q)),
         "it changes when each draw is counted twice: it is to be an average over the draws"),
        (lambda f, p, q: same(f(p[:1], q[:1]), (p - q)[0]), "with a single draw it is not log p − log q")],
    misconceptions=[
        mistake("mean of the logarithms", lambda p, q: (p - q).mean(0),
                "it is the mean of the logarithms, which estimates the ELBO: here the log of the mean is asked for."),
        mistake("shift not added back", lambda p, q: _log_mean(p - q - (p - q).max(0)),
                "the maximum that was subtracted is not added back after the logarithm."),
        mistake("the greatest weight", lambda p, q: (p - q).max(0),
                "it is the greatest weight alone: the mean over all draws is asked for."),
        mistake("q is not used", lambda p, q: _log_mean(p),
                "q is not used: draws from q have to be corrected by dividing by q(z)."),
        mistake("times q", lambda p, q: _log_mean(p + q),
                "it multiplies by q: a z that q draws too often has to count for less, so divide, log p − log q."),
        mistake("upside down", lambda p, q: _log_mean(q - p),
                "the weights are upside down, q / p: a weight is p(x, z)/q(z)."),
        mistake("sum instead of mean", lambda p, q: np.logaddexp.reduce(p - q, 0),
                "it is the sum over the draws: take their mean, log S less."),
        mistake("ratio of sums", lambda p, q: np.logaddexp.reduce(p, 0) - np.logaddexp.reduce(q, 0),
                "it is a ratio of two sums: each draw has its own weight p/q, and these are averaged."),
        mistake("weights normalised", lambda p, q: (np.exp(p - q - np.logaddexp.reduce(p - q, 0)) * (p - q)).sum(0),
                "the weights are normalised and average their own logarithms: log p(x) is the log of their plain "
                "mean."),
        mistake("ratio of logarithms", lambda p, q: np.log((p / q).mean(0)),
                "it divides the logarithms: log(p/q) is log p − log q."),
        mistake("other axis", lambda p, q: _log_mean((p - q).T),
                "it averages over the rows of the batch: the draws are axis 0."),
        mistake("one number for all", lambda p, q: _log_mean((p - q).ravel()),
                "it averages over the draws and the batch, which leaves one number: each x has an estimate of its "
                "own."),
        mistake("underflow", lambda p, q: np.log((np.exp(p) / np.exp(q)).mean(0)),
                "exp underflows to 0, so this is nan or -inf: subtract the logarithms, and take the maximum out "
                "before you exponentiate."),
        mistake("underflow after the difference", lambda p, q: np.log(np.exp(p - q).mean(0)),
                "exp of log w underflows to 0, and log 0 is -inf: take the maximum of log w out first."),
        *wrong_shifts(lambda shift: lambda p, q: np.log(np.exp(p - q - shift(p - q, 0)).mean(0)) + (
            shift(p - q, 0) + np.zeros((1, p.shape[1])))[0]),
    ],
    edges={"where log w is about −2000, or above 800": lambda rng: (
               rng.normal(size=(20, 3)) + np.array([-2000, 900, 0]), rng.normal(size=(20, 3))),
           "where one draw is far above the others": lambda rng: (
               np.array([[0.0, -800], [-2000, 1], [-2000, -400]]), rng.normal(size=(3, 2))),
           "where log p(x, z) is about −2000": lambda rng: (rng.normal(size=(20, 3)) - 2000, rng.normal(size=(20, 3))),
           "where both logarithms are about −2000":
               lambda rng: (rng.normal(size=(20, 3)) - 2000, rng.normal(size=(20, 3)) - 2000)})

# ---- how many of the draws count


def effective_sample_size(log_w):
    """How many equally weighted draws these weights are worth, between 1 and S.

    log_w (S, B) holds the logarithms of the weights of S draws, not normalised. Returns (B,).
    """
    w = np.exp(log_w - log_w.max(0))
    w = w / w.sum(0)
    return 1 / (w**2).sum(0)


def _weights(log_w):
    return np.exp(log_w - np.logaddexp.reduce(log_w, 0))


EFFECTIVE = Task(
    name="effective_sample_size", title="How many of the draws count?", points=2, solution=effective_sample_size,
    sizes="S B", inputs=lambda rng, S, B: (1.5 * rng.normal(size=(S, B)) - 2,),
    text=r"""If one of a thousand draws carries nearly all the weight, the estimate is as good as one draw. With the
weights normalised to sum to one, $\tilde w_s = w_s / \sum_r w_r$, the effective sample size is

$$\mathrm{ESS} = \frac{1}{\sum_{s=1}^S \tilde w_s^2}.$$""",
    hints=("What is it for S equal weights? And when one weight is 1 and all others 0?",
           "Exponentiate with the maximum of the column taken out, divide by the column's sum, square, add up, "
           "invert."),
    play="effective_sample_size(np.array([[0.0, 0.0], [0.0, -50.0]]))      # two draws: both count, one counts",
    laws=[
        (lambda f, a: same(f(a + 2), f(a)), "it changes when all weights are multiplied by the same: they are to be "
                                            "normalised"),
        (lambda f, a: same(f(0 * a), np.full(a.shape[1], float(len(a)))), "for S equal weights it is not S"),
        (lambda f, a: same(f(np.where(np.arange(len(a))[:, None], -60.0, a)), np.ones(a.shape[1])),
         "where one draw has all the weight it is not 1"),
        (lambda f, a: same(f(np.tile(a, (2, 1))), 2 * f(a)), "with each draw there twice it is not doubled")],
    misconceptions=[
        mistake("logarithms taken for weights", lambda a: a.sum(0) ** 2 / (a**2).sum(0),
                "the logarithms are used as if they were the weights: exponentiate first."),
        mistake("not normalised", lambda a: 1 / (np.exp(a - a.max(0)) ** 2).sum(0),
                "the weights are not normalised: they have to sum to one in each column before they are squared."),
        mistake("greatest weight", lambda a: 1 / _weights(a).max(0),
                "it is one over the greatest weight: the sum of all squared weights is asked for."),
        mistake("entropy", lambda a: np.exp(-(_weights(a) * np.log(_weights(a))).sum(0)),
                "it is the exponential of the entropy, another count of draws: here one over the sum of the squares."),
        mistake("share of the draws", lambda a: effective_sample_size(a) / len(a),
                "it is the share of the draws, divided by S: the number of draws is asked for."),
        mistake("sum not squared", lambda a: np.exp(np.logaddexp.reduce(a - a.max(0), 0)
                                                    - np.logaddexp.reduce(2 * (a - a.max(0)), 0)),
                "the sum of the weights above is not squared: (Σ w)² / Σ w²."),
        mistake("mean of the squares", lambda a: 1 / (_weights(a) ** 2).mean(0),
                "the squares are averaged, which makes it S times too large: they are summed."),
        mistake("inverted before the sum", lambda a: (1 / _weights(a) ** 2).sum(0),
                "each square is inverted before the sum: it is one over their sum."),
        mistake("squared after the sum", lambda a: 1 / _weights(a).sum(0) ** 2,
                "the sum is squared, not each weight: square each normalised weight before the sum."),
        mistake("other axis", lambda a: effective_sample_size(a.T),
                "it sums over the rows of the batch: the draws are axis 0."),
        mistake("normalised over all", lambda a: 1 / (np.exp(a - np.logaddexp.reduce(a.ravel())) ** 2).sum(0),
                "the weights are normalised over all columns together: each column sums to one on its own."),
        mistake("underflow", lambda a: np.exp(a).sum(0) ** 2 / (np.exp(a) ** 2).sum(0),
                "exp underflows to 0, and 0/0 is nan: take the column's maximum out before you exponentiate."),
    ],
    edges={"where the log weights are about −2000": lambda rng: (rng.normal(size=(20, 3)) - 2000,),
           "where all weights are equal": lambda rng: (np.full((7, 3), -1.0),),
           "where one draw has all the weight": lambda rng: (np.where(np.eye(5, 3) > 0, 0.0, -500.0),)})

TASKS = [SAMPLING, DENSITY, GRID, PRIOR, IMPORTANCE, EFFECTIVE]
