r"""# 7 · The reparameterization trick: exercises

How does one differentiate a draw? Here you write the layer that draws, with its backward pass, and both estimators of
$\nabla_q\, \mathbb E_q f(z)$; the baselines that calm the second; a distribution that is no Gaussian; and the KL, which
needs no draw at all. A row $q$ holds $[\mu, \log\sigma]$, and `mu, log_sigma = np.split(q, 2, axis=1)` takes it apart.

Where a `back` is asked for, it is a function inside of yours. With $F$ for the one number that stands at the end of a
model, it gets $\partial F/\partial z$, called `dz`, and returns $\partial F/\partial q$, called `dq`.
"""

import numpy as np

from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task


def halves(q):
    return np.split(q, 2, axis=1)


def rows(rng, B, K):
    return np.concatenate([rng.normal(size=(B, K)), 0.5 * rng.normal(size=(B, K)) - 0.3], axis=1)


def nodes(q, eps):
    """A draw z = μ + σ ε that can be differentiated.

    q (B, 2K) = [mu, log_sigma], eps (S, B, K): S draws for each row. Returns z (S, B, K) and back:
    dz (S, B, K) -> dq (B, 2K).
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)

    def back(dz):
        return np.concatenate([dz.sum(0), (dz * eps).sum(0) * sigma], axis=1)

    return mu + sigma * eps, back


def nodes_with(width=np.exp, slope=lambda s: np.exp(s), fold=lambda a: a.sum(0), eps_of=lambda e: e, mu_slope=1.0,
               swapped=False):
    """The solution with a part exchanged: the width σ(log σ), its slope, the sum over draws, the ε of back."""
    def answer(q, eps):
        mu, s = halves(q)[::-1] if swapped else halves(q)

        def back(dz):
            parts = [mu_slope * fold(dz), fold(dz * eps_of(eps)) * slope(s)]
            return np.concatenate(parts[::-1] if swapped else parts, axis=1)

        return mu + width(s) * eps, back
    return answer


NODES = Task(
    name="nodes", title="The layer that draws", points=3, solution=nodes, kind="back", wrt=("q",), returns=("z", "dq"),
    inputs=lambda rng, S, B, K: (rows(rng, B, K), rng.normal(size=(S, B, K))), sizes="S B K",
    text=r"""$$z = \mu + \sigma \odot \epsilon, \qquad \sigma = e^{\log\sigma}, \qquad
\frac{\partial z}{\partial \mu} = 1, \qquad \frac{\partial z}{\partial \log\sigma} = \sigma\,\epsilon .$$

The noise is an argument. One row $q$ moves all of its $S$ draws, so `back` adds up what comes back from them.""",
    hints=("mu (B, K) and eps (S, B, K) broadcast. What has to happen to the axis S on the way back?",
           "back: the first half is the sum of dz over the draws; the second the sum of dz times ∂z/∂log σ. Put them "
           "side by side with np.concatenate(…, axis=1)."),
    play="nodes(np.array([[1.0, 0.0]]), np.array([[[2.0]], [[-1.0]]]))[0]",
    example=lambda: (np.array([[1.0, 0.0]]), np.array([[[2.0]], [[-1.0]]])),
    edges={"where σ is 1e-8": lambda rng: (np.array([[1.0, np.log(1e-8)]]), rng.normal(size=(3, 1, 1))),
           "for a single draw": lambda rng: (rows(rng, 4, 2), rng.normal(size=(1, 4, 2)))},
    misconceptions=[
        mistake("log σ taken for σ", nodes_with(lambda s: s, lambda s: np.ones_like(s)),
                "log σ is used as if it were σ: the second half of q is a logarithm, and may be negative."),
        mistake("σ² for σ", nodes_with(lambda s: np.exp(2 * s), lambda s: 2 * np.exp(2 * s)),
                "the noise is multiplied by the variance σ²: the standard deviation of z is then σ², not σ."),
        mistake("log σ² for log σ", nodes_with(lambda s: np.exp(s / 2), lambda s: np.exp(s / 2) / 2),
                "the second half of q is read as log σ²; it is log σ, whose exp is σ itself."),
        mistake("σ missing in back", nodes_with(slope=lambda s: np.ones_like(s)),
                "dq, second half: a factor σ is missing, the chain rule from σ to log σ."),
        mistake("log σ in back", nodes_with(slope=lambda s: s),
                "dq, second half: log σ stands where σ belongs, take its exp."),
        mistake("divided by σ in back", nodes_with(slope=lambda s: np.exp(-s)),
                "dq, second half: it is divided by σ, but the chain rule from σ to log σ multiplies by σ."),
        mistake("ε missing in back", nodes_with(eps_of=np.ones_like),
                "dq, second half: the factor ε is missing; z moves with σ by its own ε."),
        mistake("halves in one", lambda q, eps: (nodes(q, eps)[0], lambda dz: np.tile(dz.sum(0), 2)),
                "dq: both halves are the sum of dz; the second is multiplied by ∂z/∂log σ."),
        mistake("|ε| for ε in back", nodes_with(eps_of=np.abs),
                "dq, second half: |ε| stands where ε belongs: a sign is lost."),
        mistake("z for σε in back", lambda q, eps: nodes_with(
            eps_of=lambda e: nodes(q, e)[0], slope=np.ones_like)(q, eps),
                "dq, second half: z stands where ∂z/∂log σ belongs, which is without μ."),
        mistake("product of sums", lambda q, eps: (nodes(q, eps)[0], lambda dz: np.concatenate(
            [dz.sum(0), dz.sum(0) * eps.sum(0) * np.exp(halves(q)[1])], axis=1)),
                "dq, second half: dz and ε are summed over the draws before they are multiplied: it is a sum of "
                "products, each draw's dz with its own ε."),
        mistake("product of means", lambda q, eps: (nodes(q, eps)[0], lambda dz: np.concatenate(
            [dz.sum(0), dz.sum(0) * eps.mean(0) * np.exp(halves(q)[1])], axis=1)),
                "dq, second half: ε is averaged over the draws before it meets dz: each draw's dz is multiplied by "
                "its own ε."),
        mistake("z for ε in back", lambda q, eps: nodes_with(eps_of=lambda e: halves(q)[0] + np.exp(halves(q)[1]) * e)(
            q, eps), "dq, second half: z stands where ε belongs."),
        mistake("mean over draws", nodes_with(fold=lambda a: a.mean(0)),
                "back takes the mean over the draws: z is all S draws, so what comes back from each is added."),
        mistake("first draw only", nodes_with(fold=lambda a: a[0]),
                "back uses the first draw only: the sum over the S draws is missing."),
        mistake("σ in the gradient of μ", lambda q, eps: (nodes(q, eps)[0], lambda dz: nodes(q, eps)[1](dz) * np.exp(
            np.concatenate([halves(q)[1], 0 * halves(q)[1]], axis=1))),
                "dq, first half: it is multiplied by σ, but z moves with μ one to one."),
        mistake("halves exchanged in back", lambda q, eps: (nodes(q, eps)[0], lambda dz: np.roll(
            nodes(q, eps)[1](dz), q.shape[1] // 2, axis=1)), "back returns the two halves in exchanged order."),
        mistake("halves exchanged", nodes_with(swapped=True),
                "the two halves of q are exchanged: μ comes first, then log σ."),
        mistake("not summed over draws", lambda q, eps: (nodes(q, eps)[0], lambda dz: np.concatenate(
            [dz, dz * eps * np.exp(halves(q)[1])], axis=2)),
                "dq has an axis S too many: one row moves all of its draws, so sum over them."),
        mistake("minus", lambda q, eps: nodes(q, -eps), "the noise is subtracted: z = μ + σ ε has a plus.")])

# ---- two estimators of a gradient


def pathwise(q, df, eps):
    """The pathwise gradient of E f(z) with respect to q, one for each draw.

    q (B, 2K) = [mu, log_sigma], eps (S, B, K); df(z) is ∂f/∂z, (S, B, K) as z is. Returns (S, B, 2K).
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    slope = df(mu + sigma * eps)
    return np.concatenate([slope, slope * eps * sigma], axis=2)


def cubic(z):
    return 3 * z**2 - np.cos(z)


def path_with(width=np.exp, slope=np.exp, eps_of=lambda e: e, at=None):
    def answer(q, df, eps):
        mu, s = halves(q)
        slopes = df(mu + width(s) * eps) if at is None else np.broadcast_to(df(at(mu, s, eps)), eps.shape)
        return np.concatenate([slopes, slopes * eps_of(eps) * slope(s)], axis=2)
    return answer


def z_times_slope(q, df, eps):
    mu, log_sigma = halves(q)
    z = mu + np.exp(log_sigma) * eps
    return np.concatenate([df(z), df(z) * z], axis=2)


def first_times_sigma(q, df, eps):
    sigma = np.exp(halves(q)[1])
    return pathwise(q, df, eps) * np.concatenate([sigma, np.ones_like(sigma)], axis=1)


PATHWISE = Task(
    name="pathwise", title="Along the path", points=2, solution=pathwise, returns=("the gradient",),
    inputs=lambda rng, S, B, K: (rows(rng, B, K), cubic, rng.normal(size=(S, B, K))), sizes="S B K",
    text=r"""With $z = \mu + \sigma\epsilon$, each draw has a gradient of its own,

$$\frac{\partial f(z)}{\partial \mu} = f'(z), \qquad \frac{\partial f(z)}{\partial \log\sigma} =
f'(z)\,\sigma\,\epsilon,$$

and their mean is the estimate of $\nabla_q\, \mathbb E f(z)$. Return them one by one: their spread is of interest.""",
    hints=("It is `back` of the last task without the sum, and with df(z) in place of dz.",
           "Make z, call df on it once, and put df and df · σ · ε side by side along the last axis."),
    play="pathwise(np.zeros((1, 2)), lambda z: 2 * z, np.array([[[1.0]], [[-0.5]]]))",
    example=lambda: (np.zeros((1, 2)), lambda z: 2 * z, np.array([[[1.0]], [[-0.5]]])),
    edges={"for a single draw": lambda rng: (rows(rng, 4, 2), cubic, rng.normal(size=(1, 4, 2)))},
    misconceptions=[
        mistake("averaged", lambda q, df, eps: pathwise(q, df, eps).mean(0),
                "it is averaged over the draws: asked for is the gradient of each draw, (S, B, 2K)."),
        mistake("σ missing", path_with(slope=np.ones_like),
                "second half: a factor σ is missing, the chain rule from σ to log σ."),
        mistake("σ in the first half", first_times_sigma,
                "first half: it is multiplied by σ, but z moves with μ one to one."),
        mistake("halves exchanged", lambda q, df, eps: np.roll(pathwise(q, df, eps), q.shape[1] // 2, axis=2),
                "the two halves are in exchanged order: μ first, then log σ."),
        mistake("ε missing", path_with(eps_of=np.ones_like), "second half: the factor ε is missing."),
        mistake("slope at μ", path_with(at=lambda mu, s, e: mu[None]),
                "the slope df is taken at μ; it belongs at the draw z."),
        mistake("z for σε", z_times_slope,
                "second half: z stands where σ ε belongs, the derivative of z in log σ."),
        mistake("slope at ε", path_with(at=lambda mu, s, e: e),
                "the slope df is taken at ε; it belongs at the draw z."),
        mistake("log σ² for log σ", path_with(lambda s: np.exp(s / 2), lambda s: np.exp(s / 2) / 2),
                "the second half of q is read as log σ²; it is log σ."),
        mistake("log σ taken for σ", path_with(lambda s: s, np.ones_like),
                "log σ is used as if it were σ: take its exp first."),
        mistake("σ² for σ", path_with(lambda s: np.exp(2 * s), lambda s: 2 * np.exp(2 * s)),
                "the noise is multiplied by the variance σ² where σ belongs."),
        mistake("value for slope", lambda q, df, eps: pathwise(q, lambda z: z, eps),
                "df is not used: it is z that stands where the slope of f at z belongs.")])


def score_function(q, f, z):
    """The score-function gradient of E f(z) with respect to q, one for each draw.

    q (B, 2K) = [mu, log_sigma], z (S, B, K) drawn from it; f(z) (S, B) are values. Returns (S, B, 2K).
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    eps = (z - mu) / sigma
    score = np.concatenate([eps / sigma, eps**2 - 1], axis=2)
    return f(z)[:, :, None] * score


def quadratic(z):
    return (z**2).sum(-1) + z[..., 0]


def score_inputs(rng, S, B, K):
    q = rows(rng, B, K)
    mu, log_sigma = halves(q)
    return q, quadratic, mu + np.exp(log_sigma) * rng.normal(size=(S, B, K))


def score_with(first=lambda e, s: e / s, second=lambda e, s: e**2 - 1, weight=lambda f, z, e, s: f(z)):
    def answer(q, f, z):
        mu, log_sigma = halves(q)
        s = np.exp(log_sigma)
        e = (z - mu) / s
        return weight(f, z, e, s)[..., None] * np.concatenate([first(e, s), second(e, s)], axis=2)
    return answer


def density(e, s):
    return np.exp(-0.5 * e**2 - np.log(s) - 0.5 * np.log(2 * np.pi)).prod(2)


def z_for_away(q, f, z):
    mu, log_sigma = halves(q)
    right = score_function(q, f, z)
    return np.concatenate([f(z)[..., None] * z / np.exp(2 * log_sigma), np.split(right, 2, axis=2)[1]], axis=2)


SCORE = Task(
    name="score_function", title="Values only", points=3, solution=score_function, inputs=score_inputs, sizes="S B K",
    returns=("the gradient",),
    text=r"""Without any slope of $f$:

$$\nabla_q\, \mathbb E_q f(z) = \mathbb E_q\big[f(z)\, \nabla_q \log q(z)\big], \qquad
\log q(z) = \sum_k -\tfrac12\log 2\pi - \log\sigma_k - \frac{(z_k - \mu_k)^2}{2\sigma_k^2} .$$

Derive $\partial \log q/\partial\mu_k$ and $\partial \log q/\partial\log\sigma_k$, and return $f(z)$ times them, draw
by draw.""",
    hints=("In log σ the density has two terms: the normaliser, whose slope is a constant, and the exponent.",
           "With ε = (z − μ)/σ the exponent is −ε²/2, and moving log σ by t turns ε into ε e^{−t}. f(z) has shape (S, "
           "B): it needs a new last axis."),
    play="score_function(np.zeros((1, 2)), lambda z: (z**2).sum(2), np.array([[[1.0]], [[-0.5]]]))",
    example=lambda: (np.zeros((1, 2)), lambda z: (z**2).sum(2), np.array([[[1.0]], [[-0.5]]])),
    edges={"for a single draw": lambda rng: score_inputs(rng, 1, 4, 2)},
    misconceptions=[
        mistake("σ for σ²", score_with(first=lambda e, s: e),
                "first half: ∂log q/∂μ has σ² below, not σ."),
        mistake("z − μ not divided", score_with(first=lambda e, s: e * s),
                "first half: z − μ is to be divided by σ², as the exponent is."),
        mistake("z for z − μ", z_for_away,
                "first half: z stands where z − μ belongs."),
        mistake("+ 1 for − 1", score_with(second=lambda e, s: e**2 + 1),
                "second half: the 1 has the wrong sign: it is the slope of the normaliser, −log σ."),
        mistake("− 1 missing", score_with(second=lambda e, s: e**2),
                "second half: the − 1 is missing, the slope of the normaliser −log σ."),
        mistake("derivative in σ", score_with(second=lambda e, s: (e**2 - 1) / s),
                "second half: it is the derivative in σ; in log σ there is one more factor σ."),
        mistake("derivative in σ²", score_with(second=lambda e, s: (e**2 - 1) / 2),
                "second half: it is half of the right one, the derivative in log σ²; q holds log σ."),
        mistake("ε not squared", score_with(second=lambda e, s: e - 1), "second half: ε = (z − μ)/σ is not squared."),
        mistake("sign of the score of μ", score_with(first=lambda e, s: -e / s),
                "first half has the wrong sign: log q grows when μ moves towards z."),
        mistake("sign of the score", lambda q, f, z: -score_function(q, f, z), "the score has the wrong sign."),
        mistake("f not used", score_with(weight=lambda f, z, e, s: np.ones(z.shape[:2])),
                "f is not used: this is the score alone, whose mean is zero."),
        mistake("baseline of the mean", score_with(weight=lambda f, z, e, s: f(z) - f(z).mean(0)),
                "the mean of f is taken off: a baseline comes later, here f itself stands in front."),
        mistake("averaged", lambda q, f, z: score_function(q, f, z).mean(0),
                "it is averaged over the draws: asked for is the gradient of each draw, (S, B, 2K)."),
        mistake("weighted with q", score_with(weight=lambda f, z, e, s: f(z) * density(e, s)),
                "it is multiplied by the density q(z), but the z are drawn from q already."),
        mistake("log f", score_with(weight=lambda f, z, e, s: np.log(np.abs(f(z)))),
                "the logarithm of f stands where f belongs: the log is of q alone.")])


def best_baseline(value, score):
    """The constant that, taken off f, makes the variance of the score function least; one for each coordinate.

    value (S,) are f(z_s), score (S, P) the scores of the same draws in P coordinates. Returns (P,).
    """
    return (value[:, None] * score**2).mean(0) / (score**2).mean(0)


BASELINE = Task(
    name="best_baseline", title="The best baseline", points=1, solution=best_baseline, returns=("the baseline",),
    inputs=lambda rng, S, P: (2 + rng.normal(size=5 * S), rng.normal(size=(5 * S, P)) + 0.4), sizes="S P",
    text=r"""A constant taken off $f$ leaves the estimator unbiased, since the score $s = \nabla_q\log q$ has mean
zero. Of all constants the best for coordinate $j$ is

$$c_j = \frac{\mathbb E[f\, s_j^2]}{\mathbb E[s_j^2]} .$$

Take the means over the draws.""",
    hints=("It is a weighted mean of the values. What are the weights?",
           "value needs a second axis to meet score**2; means are over axis 0, once above and once below."),
    play="best_baseline(np.array([1.0, 3.0]), np.array([[1.0, 2.0], [1.0, -1.0]]))",
    example=lambda: (np.array([1.0, 3.0]), np.array([[1.0, 2.0], [1.0, -1.0]])),
    misconceptions=[
        mistake("the mean", lambda f, s: np.full(s.shape[1], f.mean()),
                "it is the mean of f: the best baseline weighs each value by its squared score."),
        mistake("the median", lambda f, s: np.full(s.shape[1], np.median(f)),
                "it is the median of f: the best baseline weighs each value by its squared score."),
        mistake("sum above", lambda f, s: (f[:, None] * s**2).sum(0) / (s**2).mean(0),
                "above stands a sum over the draws, below a mean."),
        mistake("sum below", lambda f, s: (f[:, None] * s**2).mean(0) / (s**2).sum(0),
                "above stands a mean over the draws, below a sum."),
        mistake("one mean", lambda f, s: f.mean(),
                "it is the mean of f: the best baseline weighs each value by the squared score, and has one for each "
                "coordinate."),
        mistake("scores not squared", lambda f, s: (f[:, None] * s).mean(0) / s.mean(0),
                "the scores are not squared: without squares above and below this divides by a number near zero."),
        mistake("absolute scores", lambda f, s: (f[:, None] * np.abs(s)).mean(0) / np.abs(s).mean(0),
                "the weights are the absolute scores; they are to be squared."),
        mistake("not divided", lambda f, s: (f[:, None] * s**2).mean(0),
                "it is not divided by E[s²]: as a weighted mean its weights have to add up to 1."),
        mistake("one for all", lambda f, s: (f * (s**2).sum(1)).mean() / (s**2).sum(1).mean(),
                "it is one number for all: each coordinate has its own baseline, with its own scores."),
        mistake("square of the mean", lambda f, s: (f[:, None] * s**2).mean(0) / s.mean(0) ** 2,
                "below stands the square of the mean score, which is near zero, where the mean of the square belongs."),
        mistake("not squared above", lambda f, s: (f[:, None] * s).mean(0) / (s**2).mean(0),
                "above, the score is not squared."),
        mistake("not squared below", lambda f, s: (f[:, None] * s**2).mean(0) / s.mean(0),
                "below, the score is not squared."),
        mistake("mean taken off", lambda f, s: best_baseline(f, s) - f.mean(),
                "the mean of f is taken off, and should not be."),
        mistake("f squared", lambda f, s: ((f[:, None] * s) ** 2).mean(0) / (s**2).mean(0),
                "f is squared, too: only the score is."),
        mistake("product of means", lambda f, s: f.mean() * (s**2).mean(0),
                "it is a product of means: f and s² belong to the same draw, and are multiplied before the mean.")])


def leave_one_out(value):
    """For each draw the mean of f at the other draws of its row.

    value (S, B) are f(z_s), S ≥ 2 draws for each of B rows. Returns c (S, B).
    """
    S = len(value)
    return (value.sum(0) - value) / (S - 1)


OTHERS = Task(
    name="leave_one_out", title="Leave one out", points=1, solution=leave_one_out, returns=("c",),
    inputs=lambda rng, S, B: (1 + rng.normal(size=(S, B)),), sizes="S B",
    text=r"""$$c_s = \frac{1}{S-1}\sum_{t \ne s} f(z_t)$$

The baseline of a draw is the mean of the *others*, so that no value is a part of its own baseline.""",
    hints=("The sum of the others is the sum of all, less what?",
           "One sum over the axis of the draws, minus value, which broadcasts; then divide by how many others there "
           "are."),
    play="leave_one_out(np.array([[1.0], [2.0], [6.0]]))", example=lambda: (np.array([[1.0], [2.0], [6.0]]),),
    edges={"for two draws": lambda rng: (rng.normal(size=(2, 3)),),
           "where all values are 1e6 + small": lambda rng: (1e6 + rng.normal(size=(4, 3)),)},
    misconceptions=[
        mistake("itself included", lambda v: np.broadcast_to(v.mean(0), v.shape),
                "each value is a part of its own baseline: leave itself out."),
        mistake("itself included", lambda v: v.mean(0),
                "it is one mean for all draws of a row, and each value is a part of its own baseline: leave itself "
                "out."),
        mistake("divided by S", lambda v: (v.sum(0) - v) / len(v),
                "it is divided by S: the others are S − 1."),
        mistake("divided by S + 1", lambda v: (v.sum(0) - v) / (len(v) + 1),
                "it is divided by S + 1: the others are S − 1."),
        mistake("the draws before", lambda v: np.stack([v[:s].mean(0) if s else 0 * v[0] for s in range(len(v))]),
                "it is the mean of the draws before: those after belong to the others, too."),
        mistake("over the batch", lambda v: (v.sum(1, keepdims=True) - v) / (v.shape[1] - 1),
                "it runs over the wrong axis: the others are the other draws of a row, not the other rows of the "
                "batch."),
        mistake("over everything", lambda v: (v.sum() - v) / (v.size - 1),
                "it is a mean over all draws and rows: the others are the other draws of the same row."),
        mistake("sum over everything", lambda v: (v.sum() - v) / max(len(v) - 1, 1),
                "the sum is over all rows of the batch: the others are the other draws of the same row."),
        mistake("already taken off", lambda v: v - (v.sum(0) - v) / (len(v) - 1),
                "it is f less the baseline; asked for is the baseline itself."),
        mistake("taken off, other sign", lambda v: (v.sum(0) - v) / (len(v) - 1) - v,
                "it is the baseline less f; asked for is the baseline itself."),
        mistake("the draw before", lambda v: np.roll(v, 1, axis=0),
                "it is a single other draw, the one before: take the mean of all others."),
        mistake("the draw after", lambda v: np.roll(v, -1, axis=0),
                "it is a single other draw, the one after: take the mean of all others."),
        mistake("first left out", lambda v: np.broadcast_to(v[1:].mean(0), v.shape),
                "the first draw is left out for all: each leaves out its own."),
        mistake("last left out", lambda v: np.broadcast_to(v[:-1].mean(0), v.shape),
                "the last draw is left out for all: each leaves out its own."),
        mistake("one factor too many", lambda v: (v.sum(0) - v) * (len(v) - 1) / len(v),
                "the sum of the others is multiplied by (S − 1)/S; divide it by S − 1."),
        mistake("sum of the others", lambda v: v.sum(0) - v, "it is the sum of the others: divide it by S − 1.")])

# ---- not only Gaussians


def exponential(rate, u):
    """Draws from the exponential distribution of rate λ, which can be differentiated.

    rate (B,), u (S, B) uniform in (0, 1). Returns z (S, B) and back: dz (S, B) -> drate (B,).
    """
    z = -np.log(1 - u) / rate

    def back(dz):
        return -(dz * z).sum(0) / rate

    return z, back


def from_either_end(exponential, rate, u):
    """−log u/λ is a draw as good as −log(1 − u)/λ: then it is asked at 1 − u."""
    out = exponential(rate, u)
    z = out[0] if isinstance(out, tuple | list) and len(out) == 2 else None
    if np.shape(z) == u.shape and np.allclose(z, -np.log(u) / rate, rtol=1e-4):
        return exponential(rate, 1 - u)
    return out


def exponential_with(z_of, dz_drate):
    def answer(rate, u):
        z = z_of(rate, u)
        return z, lambda dz: (dz * dz_drate(z, rate, u)).sum(0)
    return answer


def inverse(rate, u):
    return -np.log(1 - u) / rate


EXPONENTIAL = Task(
    name="exponential", title="Another path", points=2, solution=exponential, kind="back", wrt=("rate",),
    returns=("z", "drate"), call=from_either_end,
    inputs=lambda rng, S, B: (rng.uniform(0.5, 3, B), rng.uniform(0.05, 0.95, (S, B))), sizes="S B",
    text=r"""The trick works wherever $z$ is a smooth function of a parameter and of noise that has none. The
exponential distribution, $p(z) = \lambda e^{-\lambda z}$, has $F(z) = 1 - e^{-\lambda z}$. Turn $u = F(z)$ round, and
you have a draw from a uniform $u$:

$$z = -\frac{\log(1 - u)}{\lambda} .$$

Write it, and how it moves with $\lambda$; `back` sums over the draws of a row.""",
    hints=("What is the derivative of a/λ? And what is a/λ called here?",
           "∂z/∂λ can be written with z itself and λ, and is negative: a greater rate means shorter times."),
    play="exponential(np.array([2.0]), np.random.default_rng(0).uniform(size=(1000, 1)))[0].mean()    # 1/λ",
    edges={"for a single draw": lambda rng: (np.array([2.0, 0.1]), np.array([[0.3, 0.7]]))},
    misconceptions=[
        mistake("times the rate", exponential_with(lambda r, u: -np.log(1 - u) * r, lambda z, r, u: -np.log(1 - u)),
                "it is multiplied by the rate: the mean of z is 1/λ, so λ divides."),
        mistake("minus missing", exponential_with(lambda r, u: np.log(1 - u) / r, lambda z, r, u: -z / r),
                "z is negative: a sign is wrong, as the logarithm of a number below 1 is negative."),
        mistake("1 + u", exponential_with(lambda r, u: np.log(1 + u) / r, lambda z, r, u: -z / r),
                "a sign of u is wrong: 1 + u stands in the logarithm."),
        mistake("rate missing", exponential_with(lambda r, u: -np.log(1 - u), lambda z, r, u: 0 * z),
                "the rate is not used: the mean of z is to be 1/λ."),
        mistake("the density", exponential_with(lambda r, u: r * np.exp(-r * u),
                                               lambda z, r, u: np.exp(-r * u) * (1 - r * u)),
                "it is the density at u: a draw needs the inverse of the distribution function."),
        mistake("the distribution function", exponential_with(lambda r, u: 1 - np.exp(-r * u),
                                                             lambda z, r, u: u * np.exp(-r * u)),
                "it is the distribution function F at u: a draw needs its inverse."),
        mistake("sign of the gradient", exponential_with(inverse, lambda z, r, u: z / r),
                "drate has the wrong sign: a greater rate makes z smaller."),
        mistake("gradient in log λ", exponential_with(inverse, lambda z, r, u: -z),
                "drate is the derivative in log λ: in the rate λ itself one more λ divides."),
        mistake("divided by λ² too often", exponential_with(inverse, lambda z, r, u: -z / r**2),
                "drate is divided by λ once too often: one of them is in z already."),
        mistake("zero gradient", exponential_with(inverse, lambda z, r, u: 0 * z),
                "drate is zero: u is fixed, but z moves with the rate."),
        mistake("mean over draws", lambda rate, u: (
            inverse(rate, u), lambda dz: -(dz * inverse(rate, u)).mean(0) / rate),
                "back takes the mean over the draws: what comes back from each is added."),
        mistake("not summed over draws", lambda rate, u: (inverse(rate, u), lambda dz: -dz * inverse(rate, u) / rate),
                "drate has an axis S too many: one rate moves all of its draws, so sum over them."),
        mistake("dz not used", lambda rate, u: (inverse(rate, u), lambda dz: -inverse(rate, u).sum(0) / rate),
                "back does not use dz.")])

# ---- without a draw


def kl(q):
    """KL(N(μ, σ²) ‖ N(0, I)) of each row, nats, and its gradient.

    q (B, 2K) = [mu, log_sigma]. Returns value (B,) and back: dvalue (B,) -> dq (B, 2K).
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma2 = np.exp(2 * log_sigma)

    def back(dvalue):
        return dvalue[:, None] * np.concatenate([mu, sigma2 - 1], axis=1)

    return 0.5 * (sigma2 + mu**2 - 1 - 2 * log_sigma).sum(1), back


def kl_with(terms, dmu=lambda m, s: m, ds=lambda m, s: np.exp(2 * s) - 1, fold=lambda a: a.sum(1)):
    def answer(q):
        m, s = halves(q)
        return fold(terms(m, s)), lambda d: np.reshape(d, (-1, 1)) * np.concatenate([dmu(m, s), ds(m, s)], axis=1)
    return answer


def kl_terms(m, s):
    return 0.5 * (np.exp(2 * s) + m**2 - 1 - 2 * s)


KL = Task(
    name="kl", title="The KL to the prior", points=3, solution=kl, kind="back", inputs=lambda rng, B,
    K: (rows(rng, B, K),),
    sizes="B K", returns=("the KL", "dq"),
    text=r"""No draw is needed for the second half of the ELBO:

$$KL\big(N(\mu, \sigma^2 I)\,\|\,N(0, I)\big) = \tfrac12 \sum_k \big(\sigma_k^2 + \mu_k^2 - 1 - 2\log\sigma_k\big).$$

Derive both gradients, in $\mu_k$ and in $\log\sigma_k$.""",
    hints=("With s = log σ, σ² is e^{2s}: what is its derivative in s?",
           "back: two halves side by side, each times dvalue[:, None]. At μ = 0, σ = 1 the KL is least, so both are "
           "zero."),
    play="kl(np.array([[0.0, 0.0], [1.0, 0.0]]))[0]", example=lambda: (np.array([[0.0, 0.0], [1.0, 0.0]]),),
    edges={"where q is the prior": lambda rng: (np.zeros((3, 4)),),
           "where σ is 1e-6": lambda rng: (np.array([[1.0, -1.0, np.log(1e-6), 0.0]]),)},
    terms={"½ Σ σ²": lambda q: np.exp(2 * halves(q)[1]).sum(1) / 2, "½ Σ μ²": lambda q: (halves(q)[0] ** 2).sum(1) / 2,
           "−½ K": lambda q: np.full(len(q), -q.shape[1] / 4), "−Σ log σ": lambda q: -halves(q)[1].sum(1)},
    misconceptions=[
        mistake("log σ once", kl_with(lambda m, s: 0.5 * (np.exp(2 * s) + m**2 - 1 - s),
                                     ds=lambda m, s: np.exp(2 * s) - 0.5),
                "log σ stands where log σ² = 2 log σ belongs."),
        mistake("log σ² for log σ", kl_with(lambda m, s: 0.5 * (np.exp(s) + m**2 - 1 - s),
                                           ds=lambda m, s: 0.5 * (np.exp(s) - 1)),
                "the second half of q is read as log σ²; it is log σ."),
        mistake("other way round", kl_with(lambda m, s: 0.5 * ((1 + m**2) * np.exp(-2 * s) - 1 + 2 * s),
                                           lambda m, s: m * np.exp(-2 * s),
                                           lambda m, s: 1 - (1 + m**2) * np.exp(-2 * s)),
                "it is the KL the other way round, KL(N(0, I) ‖ q): the average is taken under q."),
        mistake("½ missing", kl_with(lambda m, s: 2 * kl_terms(m, s), lambda m, s: 2 * m,
                                    lambda m, s: 2 * np.exp(2 * s) - 2), "the ½ in front is missing."),
        mistake("negative", kl_with(lambda m, s: -kl_terms(m, s), lambda m, s: -m, lambda m, s: 1 - np.exp(2 * s)),
                "it is negative, and a KL never is: the sign is that of −KL, as it stands in an ELBO."),
        mistake("− 1 missing", kl_with(lambda m, s: kl_terms(m, s) + 0.5),
                "the − 1 is missing: at μ = 0, σ = 1 the KL is to be zero."),
        mistake("μ for μ²", kl_with(lambda m, s: 0.5 * (np.exp(2 * s) + m - 1 - 2 * s), lambda m, s: 0.5 + 0 * m),
                "μ is not squared."),
        mistake("|μ| for μ²", kl_with(lambda m, s: 0.5 * (np.exp(2 * s) + np.abs(m) - 1 - 2 * s),
                                      lambda m, s: 0.5 * np.sign(m)), "|μ| stands where μ² belongs."),
        mistake("σ for σ²", kl_with(lambda m, s: 0.5 * (np.exp(s) + m**2 - 1 - 2 * s),
                                   ds=lambda m, s: 0.5 * np.exp(s) - 1), "σ stands where σ² belongs."),
        mistake("mean over coordinates", kl_with(kl_terms, fold=lambda a: a.mean(1)),
                "it is a mean over the K coordinates: their KLs add."),
        mistake("sum over the batch", kl_with(kl_terms, fold=lambda a: a.sum()),
                "it is one number for the batch: each row has a KL of its own, (B,)."),
        mistake("mean over the batch", kl_with(kl_terms, fold=lambda a: a.sum(1).mean()),
                "it is the mean over the batch: each row has a KL of its own, (B,)."),
        mistake("derivative in σ", kl_with(kl_terms, ds=lambda m, s: np.exp(s) - np.exp(-s)),
                "dq, second half: it is the derivative in σ; a factor σ is missing, the chain rule from σ to log σ."),
        mistake("derivative in σ²", kl_with(kl_terms, ds=lambda m, s: 0.5 * (np.exp(2 * s) - 1)),
                "dq, second half: it is half of the right one: e^{2 log σ} has a 2 in its derivative."),
        mistake("dvalue not used", lambda q: (kl(q)[0], lambda d: kl(q)[1](np.ones(len(q)))),
                "back does not use dvalue: each row's gradient is multiplied by its own."),
        mistake("gradient negative", lambda q: (kl(q)[0], lambda d: -kl(q)[1](d)), "dq has the wrong sign."),
        mistake("halves exchanged", lambda q: kl(np.roll(q, q.shape[1] // 2, axis=1)),
                "the two halves of q are exchanged: μ comes first, then log σ.")])

TASKS = [NODES, PATHWISE, SCORE, BASELINE, OTHERS, EXPONENTIAL, KL]
