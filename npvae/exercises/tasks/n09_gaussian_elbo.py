r"""# 9 · The Gaussian ELBO: exercises

The last page of the lecture, line by line and in your own code: the likelihood with both of its gradients, the weight
$\alpha$ and the best $\sigma_g$, the KL of two Gaussians, the whole ELBO of a batch with its gradient, a tighter bound,
and a likelihood for pixels that are on or off. Rows $q$ hold $[\mu, \log\sigma]$.

Where a `back` is asked for, it is a function inside of yours. With $F$ for the one number that stands at the end, it
gets, for each row, $\partial F/\partial value$, called `dvalue`, and returns the gradients of $F$ in what is named.
"""

import numpy as np

from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task
from npvae.exercises.tasks.shifts import wrong_shifts
from npvae.models import probabilistic_pca


def halves(q):
    return np.split(q, 2, axis=1)


def rows(rng, B, K):
    return np.concatenate([rng.normal(size=(B, K)), 0.5 * rng.normal(size=(B, K)) - 0.3], axis=1)


def column(d):
    return np.reshape(d, (-1, 1))


# ---- the likelihood and its width


def gaussian_log_likelihood(x, g, log_sigma_g):
    """log N(x; g, σ_g² I) of each row, nats, and its gradients.

    x, g (B, D), log_sigma_g a number. Returns value (B,) and back: dvalue (B,) -> dg (B, D), dlog_sigma_g (one number).
    """
    D, variance = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1) / variance

    def back(dvalue):
        return dvalue[:, None] * (x - g) / variance, (dvalue * (squares - D)).sum()

    return -D / 2 * np.log(2 * np.pi) - D * log_sigma_g - squares / 2, back


def likelihood_with(constant=0.5, width=1.0, error=0.5, over=2, pixels=1.0, dg=1.0, dwidth=lambda r, D, s: r - D):
    """−constant·D log 2π − width·D log σ_g − error·‖x − g‖²/σ_g^over with its gradients; or another dwidth."""
    def answer(x, g, s):
        D = x.shape[1]
        r = ((x - g) ** 2).sum(1) / np.exp(over * s) / (D if pixels != 1 else 1)
        n = 1 if pixels != 1 else D
        value = -constant * n * np.log(2 * np.pi) - width * n * s - error * r

        def back(d):
            slope = 2 * error * (x - g) / np.exp(over * s) / (D if pixels != 1 else 1)
            own = error * over * r - width * n
            plain = error == 0.5 and over == 2 and width == 1 and pixels == 1
            return dg * column(d) * slope, (d * (dwidth(r, D, s) if plain else own)).sum()

        return value, back
    return answer


def but(value=lambda value, D, s: value, dg=lambda dg, s: dg, dwidth=lambda dwidth, D, d: dwidth):
    """The solution with what it returns changed."""
    def answer(x, g, s):
        right, back = gaussian_log_likelihood(x, g, s)
        D = x.shape[1]
        return value(right, D, s), lambda d: (dg(back(d)[0], s), dwidth(back(d)[1], D, d))
    return answer


LIKELIHOOD = Task(
    name="gaussian_log_likelihood", title="The log-likelihood", points=3, solution=gaussian_log_likelihood, kind="back",
    wrt=("g", "log_sigma_g"), returns=("the value", "dg", "dlog_sigma_g"), sizes="B D",
    inputs=lambda rng, B, D: (rng.normal(size=(B, D)), rng.normal(size=(B, D)), np.array(rng.uniform(-0.9, -0.3))),
    text=r"""$$\log \mathcal N(x;\, g, \sigma_g^2 I) = -\tfrac D2 \log 2\pi - D\log\sigma_g - \frac{\|x -
g\|^2}{2\sigma_g^2},$$

with $\log\sigma_g$ as the argument. Its gradients are in $g$, and in $\log\sigma_g$, of which there is only one for
the whole batch.""",
    hints=("σ_g^{−2} is e^{−2 log σ_g}: what is its derivative in log σ_g?",
           "dg pulls g towards x. dlog_sigma_g is zero where ‖x − g‖²/D equals σ_g²; sum it over the batch, each row "
           "times its dvalue."),
    play="gaussian_log_likelihood(np.ones((1, 4)), np.zeros((1, 4)), np.log(0.5))[0]",
    example=lambda: (np.ones((1, 4)), np.zeros((1, 4)), np.log(0.5)),
    edges={"where x = g": lambda rng: (np.ones((2, 3)), np.ones((2, 3)), np.array(-0.5)),
           "where σ_g is 1e-4": lambda rng: (np.ones((2, 3)), 1 + 1e-4 * rng.normal(size=(2, 3)), np.log(1e-4))},
    terms={"−(D/2) log 2π": lambda x, g, s: np.full(len(x), -x.shape[1] / 2 * np.log(2 * np.pi)),
           "−D log σ_g": lambda x, g, s: np.full(len(x), -x.shape[1] * s),
           "the error −‖x − g‖²/(2σ_g²)": lambda x, g, s: -((x - g) ** 2).sum(1) / (2 * np.exp(2 * s))},
    misconceptions=[
        mistake("as on the board", likelihood_with(width=0.5, error=1.0),
                "it is the board's line: σ_g stands in each of the D factors, and its exponent has a ½."),
        mistake("as on the board, without constant", likelihood_with(constant=0, width=0.5, error=1.0),
                "it is the board's line: the constant in 2π is missing, σ_g stands in each of the D factors, and "
                "there is a ½."),
        mistake("½ of the error missing", likelihood_with(error=1.0),
                "the ½ in front of the squared error is missing: below it stands 2σ_g²."),
        mistake("error rewarded", likelihood_with(error=-0.5),
                "the squared error has the wrong sign: with a plus, a larger error is rewarded."),
        mistake("log 2π missing", likelihood_with(constant=0), "the constant −(D/2) log 2π is missing."),
        mistake("log 2π once", but(value=lambda value, D, s: value + (D - 1) / 2 * np.log(2 * np.pi)),
                "log 2π is taken once; it belongs to each of the D pixels."),
        mistake("log σ_g halved", likelihood_with(width=0.5),
                "log σ_g is taken D/2 times: σ_g itself, not its root, is below in each of the D factors."),
        mistake("log σ_g missing", likelihood_with(width=0),
                "the term −D log σ_g is missing: no width is then too large."),
        mistake("log σ_g once", but(lambda value, D, s: value + (D - 1) * s,
                                   dwidth=lambda dwidth, D, d: dwidth + (D - 1) * d.sum()),
                "log σ_g is taken once; σ_g stands in each of the D factors."),
        mistake("σ_g for σ_g²", likelihood_with(over=1), "the squared error is divided by σ_g, where σ_g² belongs."),
        mistake("mean over the pixels", likelihood_with(pixels=0),
                "it is the mean over the pixels: the logarithm of a product of densities is a sum."),
        mistake("a loss", but(lambda value, D, s: -value, lambda dg, s: -dg, lambda dwidth, D, d: -dwidth),
                "its sign is that of a loss, −log p."),
        mistake("dg has the wrong sign", likelihood_with(dg=-1.0),
                "dg has the wrong sign: the value grows where g moves towards x."),
        mistake("σ_g² missing in dg", but(dg=lambda dg, s: dg * np.exp(2 * s)),
                "dg: it is not divided by σ_g²."),
        mistake("σ_g for σ_g² in dg", but(dg=lambda dg, s: dg * np.exp(s)),
                "dg: it is divided by σ_g, where σ_g² belongs."),
        mistake("factor 2 in dg", likelihood_with(dg=2.0),
                "dg is twice the right one: the ½ and the 2 of the square cancel."),
        mistake("derivative in σ_g", likelihood_with(dwidth=lambda r, D, s: (r - D) / np.exp(s)),
                "dlog_sigma_g is the derivative in σ_g: a factor σ_g is missing, the chain rule to log σ_g."),
        mistake("derivative in σ_g²", likelihood_with(dwidth=lambda r, D, s: (r - D) / 2),
                "dlog_sigma_g is half of the right one: it is the derivative in log σ_g²."),
        mistake("D missing in dlog_sigma_g", likelihood_with(dwidth=lambda r, D, s: r),
                "dlog_sigma_g: the −D is missing, the slope of −D log σ_g."),
        mistake("error halved in dlog_sigma_g", likelihood_with(dwidth=lambda r, D, s: r / 2 - D),
                "dlog_sigma_g: the slope of the error is half of the right one: σ_g^{−2} has a 2 in its derivative."),
        mistake("error's sign in dlog_sigma_g", likelihood_with(dwidth=lambda r, D, s: -r - D),
                "dlog_sigma_g: the slope of the error has the wrong sign: a wider Gaussian minds an error less."),
        mistake("sign of dlog_sigma_g", likelihood_with(dwidth=lambda r, D, s: D - r),
                "dlog_sigma_g has the wrong sign."),
        mistake("dlog_sigma_g for each row", lambda x, g, s: (gaussian_log_likelihood(x, g, s)[0], lambda d: (
            gaussian_log_likelihood(x, g, s)[1](d)[0], d * (((x - g) ** 2).sum(1) / np.exp(2 * s) - x.shape[1]))),
                "dlog_sigma_g holds a number for each row: one σ_g moves all rows, so sum over the batch to one "
                "number."),
        mistake("dlog_sigma_g averaged", but(dwidth=lambda dwidth, D, d: dwidth / len(d)),
                "dlog_sigma_g is a mean over the batch: what comes back from each row is added."),
        mistake("dlog_sigma_g without dvalue", lambda x, g, s: (gaussian_log_likelihood(x, g, s)[0], lambda d: (
            gaussian_log_likelihood(x, g, s)[1](d)[0], gaussian_log_likelihood(x, g, s)[1](np.ones(len(x)))[1])),
                "dlog_sigma_g does not use dvalue: each row counts with its own.")])


def alpha_of(sigma_g):
    """The weight α of the squared error in the cost C = α ‖x − g(z)‖² + KL, for a decoder of width sigma_g.

    sigma_g: a number or an array. Returns the same shape.
    """
    return 1 / (2 * sigma_g**2)


ALPHA = Task(
    name="alpha_of", title="α is a width", points=1, solution=alpha_of, sizes="B", returns=("α",),
    inputs=lambda rng, B: (rng.uniform(0.1, 3, B),),
    text=r"""The negative ELBO is $\alpha\, \|x - g_\theta(z)\|^2 + KL$ and a constant. What is $\alpha$? One line.""",
    hints=("Look at the exponent of the Gaussian density.",
           "Write log p(x|z) down, change its sign, and keep the term with the error: what stands in front of it?"),
    play="alpha_of(0.25)", example=lambda: (np.array(0.25),),
    edges={"for one number": lambda rng: (np.array(0.5),)},
    misconceptions=[
        mistake("2 missing", lambda s: 1 / s**2, "the 2 is missing: the exponent of a Gaussian has 2σ_g² below."),
        mistake("not squared", lambda s: 1 / (2 * s), "σ_g is not squared: the exponent has the variance below."),
        mistake("neither", lambda s: 1 / s, "σ_g is not squared, and the 2 is missing."),
        mistake("upside down", lambda s: 2 * s**2,
                "it is upside down, one over α: a narrow decoder minds errors more."),
        mistake("2 squared", lambda s: 1 / (2 * s) ** 2, "the 2 is squared, too: only σ_g is."),
        mistake("root of 2σ_g", lambda s: 1 / np.sqrt(2 * s), "a root is taken where σ_g is to be squared."),
        mistake("π", lambda s: 1 / (2 * np.pi * s**2), "a π is too much: it belongs to the normaliser, not to the "
                                                       "exponent."),
        mistake("brackets missing", lambda s: s**2 / 2,
                "it grows with σ_g: 1 / 2 * σ_g² multiplies by σ_g², as the brackets of the denominator are missing."),
        mistake("root", lambda s: 1 / (np.sqrt(2) * s), "it is the root of α: σ_g is to be squared."),
        mistake("negative", lambda s: -1 / (2 * s**2), "the sign is wrong: in a cost the squared error is added."),
        mistake("½ only", lambda s: 0.5 + 0 * s, "σ_g is not used: ½ is the α of σ_g = 1 alone.")])


def best_sigma_g(x, g, w):
    """The σ_g at which the ELBO is greatest, encoder and decoder held fixed.

    x (B, D), decoded nodes g (S, B, D) and their weights w (S,), which add up to 1. Returns one number.
    """
    squares = (w[:, None] * ((x - g) ** 2).sum(2)).sum(0)      # E_q ‖x − g(z)‖², (B,)
    return np.sqrt(squares.mean() / x.shape[1])


def weights(rng, S):
    w = rng.uniform(0.2, 1, S)
    return w / w.sum()


def expected(x, g, w):
    return (w[:, None, None] * (x - g) ** 2).sum(0)


BEST = Task(
    name="best_sigma_g", title="The best width", points=2, solution=best_sigma_g, sizes="S B D", returns=("σ_g",),
    inputs=lambda rng, S, B, D: (2 * rng.normal(size=(B, D)), rng.normal(size=(S, B, D)) + 0.3, weights(rng, S)),
    text=r"""$$\hat\sigma_g^2 = \frac{\mathbb E_q \|x - g_\theta(z)\|^2}{D},$$

the mean over all images of the batch. The expectation is a weighted sum over nodes, $\sum_s w_s \|x - g(z_s)\|^2$.""",
    hints=("What is averaged, over which three axes, and in which of them are the weights not equal?",
           "x − g broadcasts to (S, B, D). w needs new axes to meet it. The last step is a root."),
    play="best_sigma_g(np.zeros((1, 4)), np.ones((2, 1, 4)) * np.array([1.0, 3.0])[:, None, None], np.array([0.5, "
         "0.5]))",
    example=lambda: (np.zeros((1, 4)), np.ones((2, 1, 4)) * np.array([1.0, 3.0])[:, None, None], np.array([0.5, 0.5])),
    edges={"for a single node": lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=(1, 3, 2)), np.ones(1))},
    misconceptions=[
        mistake("the variance", lambda x, g, w: expected(x, g, w).mean(), "it is the variance σ_g²: take the root."),
        mistake("not divided by D", lambda x, g, w: np.sqrt(expected(x, g, w).sum(1).mean()),
                "it is not divided by D: the squared norm is a sum over D pixels, each of variance σ_g²."),
        mistake("variance, not divided by D", lambda x, g, w: expected(x, g, w).sum(1).mean(),
                "it is not divided by D, and the root is missing."),
        mistake("weights not used", lambda x, g, w: np.sqrt(((x - g) ** 2).mean()), "the weights w are not used."),
        mistake("likeliest node", lambda x, g, w: np.sqrt(((x - g[w.argmax()]) ** 2).mean()),
                "only the node with the greatest weight is used: take the weighted sum over all nodes."),
        mistake("first node", lambda x, g, w: np.sqrt(((x - g[0]) ** 2).mean()),
                "only the first node is used: take the weighted sum over all nodes."),
        mistake("weights squared", lambda x, g, w: np.sqrt(((w[:, None, None] * (x - g)) ** 2).sum(0).mean()),
                "the weights are squared, too: they multiply the squares."),
        mistake("weights averaged", lambda x, g, w: np.sqrt(expected(x, g, w).mean() / len(w)),
                "it is divided by S: the weights w add up to 1 already, so take the sum over the nodes."),
        mistake("squares before the difference", lambda x, g, w: np.sqrt(np.abs((w[:, None, None] * (
            x**2 - g**2)).sum(0)).mean()),
            "x and g are squared before they are subtracted: take the difference first."),
        mistake("squares before the difference", lambda x, g, w: np.sqrt(np.abs((w[:, None, None] * (
            x**2 - g**2)).sum(0).mean())),
            "x and g are squared before they are subtracted: take the difference first."),
        mistake("absolute errors", lambda x, g, w: (w[:, None, None] * np.abs(x - g)).sum(0).mean(),
                "it is a mean of absolute errors: square them, and take the root at the end."),
        mistake("of the mean image", lambda x, g, w: np.sqrt(((x - (w[:, None, None] * g).sum(0)) ** 2).mean()),
                "the nodes are averaged before the error is squared: E‖x − g‖² is greater than the error of the mean "
                "image."),
        mistake("root of each row", lambda x, g, w: np.sqrt(expected(x, g, w).mean(1)).mean(),
                "the root is taken of each row, and then the mean: first the mean over all, then one root."),
        mistake("root of each node", lambda x, g, w: (w * np.sqrt(((x - g) ** 2).mean((1, 2)))).sum(),
                "the root is taken of each node, and then the weighted sum: one root at the end."),
        mistake("root of each norm", lambda x, g, w: (w[:, None] * np.sqrt(((x - g) ** 2).mean(2))).sum(0).mean(),
                "the root is taken of each squared norm: one root at the end."),
        mistake("summed over the batch", lambda x, g, w: np.sqrt(expected(x, g, w).sum() / x.shape[1]),
                "it is summed over the batch, where the mean over the images belongs."),
        mistake("one for each image", lambda x, g, w: np.sqrt(expected(x, g, w).mean(1)),
                "it has a number for each image; one σ_g is asked for, the mean over the batch below the root."),
        mistake("one for each pixel", lambda x, g, w: np.sqrt(expected(x, g, w).mean(0)),
                "it has a number for each pixel; one σ_g is asked for."),
        mistake("standard deviation of the error", lambda x, g, w: np.std(x - g),
                "the mean error is taken off first, and the weights are not used: it is the square of x − g itself."),
        mistake("factor 2", lambda x, g, w: np.sqrt(2 * expected(x, g, w).mean()),
                "a 2 is too much: set −D/σ_g + E‖x − g‖²/σ_g³ to zero.")])

# ---- the KL of two Gaussians


def kl_between(q, p):
    """KL(q ‖ p) of two Gaussians with diagonal covariance, for each row, nats, and its gradient in q.

    q, p (B, 2K), each [mu, log_sigma]. Returns value (B,) and back: dvalue (B,) -> dq (B, 2K).
    """
    (mu, log_sigma), (mu_p, log_sigma_p) = np.split(q, 2, axis=1), np.split(p, 2, axis=1)
    ratio, away = np.exp(2 * (log_sigma - log_sigma_p)), (mu - mu_p) * np.exp(-log_sigma_p)

    def back(dvalue):
        return dvalue[:, None] * np.concatenate([away * np.exp(-log_sigma_p), ratio - 1], axis=1)

    return 0.5 * (ratio + away**2 - 1 - 2 * (log_sigma - log_sigma_p)).sum(1), back


def between_with(ratio=2.0, over=2.0, log=1.0, one=0.5, scale=1.0, dmu=None, ds=None):
    def answer(q, p):
        (m, s), (n, t) = halves(q), halves(p)
        e = (m - n) ** 2 / np.exp(over * t)
        value = scale * (0.5 * np.exp(ratio * (s - t)) + 0.5 * e - one - log * (s - t)).sum(1)
        own = scale * (m - n) / np.exp(over * t), scale * (0.5 * ratio * np.exp(ratio * (s - t)) - log)
        slopes = [dmu(m, s, n, t) if dmu else own[0], ds(m, s, n, t) if ds else own[1]]
        return value, lambda d: column(d) * np.concatenate(slopes, axis=1)
    return answer


def reversed_kl(q, p):
    (m, s), (n, t) = halves(q), halves(p)
    e = (np.exp(2 * t) + (m - n) ** 2) / np.exp(2 * s)
    slopes = np.concatenate([(m - n) / np.exp(2 * s), 1 - e], axis=1)
    return (0.5 * e - 0.5 + s - t).sum(1), lambda d: column(d) * slopes


def distance_in_units_of_q(q, p):
    value, back = kl_between(q, p)
    (m, s), (n, t) = halves(q), halves(p)
    return value + 0.5 * ((m - n) ** 2 * (np.exp(-2 * s) - np.exp(-2 * t))).sum(1), back


BETWEEN = Task(
    name="kl_between", title="The KL of two Gaussians", points=3, solution=kl_between, kind="back", wrt=("q",),
    sizes="B K",
    inputs=lambda rng, B, K: (rows(rng, B, K), rows(rng, B, K) + 0.2), returns=("the KL", "dq"),
    text=r"""With a prior that is not $N(0, I)$, as a mixture of priors or a second layer of latents has it,

$$KL\big(N(\mu, \sigma^2)\,\|\,N(\mu_p, \sigma_p^2)\big) = \tfrac12 \sum_k \Big( \frac{\sigma_k^2}{\sigma_{p,k}^2}
 + \frac{(\mu_k - \mu_{p,k})^2}{\sigma_{p,k}^2} - 1 - 2\log\frac{\sigma_k}{\sigma_{p,k}} \Big).$$

`back` gives the gradient in $q$ alone.""",
    hints=("Where p is N(0, I) it is the KL of notebook 7: a first test of yours.",
           "Write σ/σ_p as e^{log σ − log σ_p}. Both halves of dq are zero where q = p."),
    play="kl_between(np.zeros((1, 2)), np.array([[1.0, 0.0]]))[0]",
    edges={"where q = p": lambda rng: (np.full((2, 4), 0.3), np.full((2, 4), 0.3)),
           "where p is N(0, I)": lambda rng: (rows(rng, 3, 2), np.zeros((3, 4)))},
    terms={"½ Σ σ²/σ_p²": lambda q, p: 0.5 * np.exp(2 * (halves(q)[1] - halves(p)[1])).sum(1),
           "½ Σ (μ − μ_p)²/σ_p²": lambda q,
           p: 0.5 * (((halves(q)[0] - halves(p)[0]) / np.exp(halves(p)[1])) ** 2).sum(1),
           "−½ K": lambda q, p: np.full(len(q), -q.shape[1] / 4),
           "−Σ log σ": lambda q, p: -halves(q)[1].sum(1), "Σ log σ_p": lambda q, p: halves(p)[1].sum(1)},
    misconceptions=[
        mistake("other way round", reversed_kl,
                "it is the KL the other way round, KL(p ‖ q)."),
        mistake("difference of two KLs", lambda q, p: (
            kl_between(q, 0 * q)[0] - kl_between(p, 0 * p)[0], kl_between(q, 0 * q)[1]),
                "it is KL(q ‖ N(0, I)) − KL(p ‖ N(0, I)): a difference of two KLs is no KL of q to p."),
        mistake("distance not divided", between_with(over=0.0), "(μ − μ_p)² is not divided by σ_p²."),
        mistake("distance divided by σ_p", between_with(over=1.0), "(μ − μ_p)² is divided by σ_p, where σ_p² belongs."),
        mistake("sum of the means", lambda q, p: kl_between(q, p * np.repeat([-1.0, 1.0], p.shape[1] // 2)),
                "the sign of μ_p is wrong: μ + μ_p stands where the difference μ − μ_p belongs."),
        mistake("distance in units of q", distance_in_units_of_q,
                "(μ − μ_p)² is divided by σ², the variance of q, where σ_p² belongs."),
        mistake("logarithm turned round", between_with(log=-1.0),
                "the logarithm has the wrong sign: it is turned round, log σ_p/σ for log σ/σ_p."),
        mistake("logarithm of σ once", between_with(log=0.5),
                "the logarithm is half of the right one: with ½ in front it is that of the variances."),
        mistake("½ missing", between_with(scale=2.0), "the ½ in front is missing."),
        mistake("− 1 missing", between_with(one=0.0), "the constant −1 is missing: at q = p the KL is to be zero."),
        mistake("ratio not squared", between_with(ratio=1.0),
                "σ/σ_p is not squared: the ratio is that of the variances."),
        mistake("p not used", lambda q, p: kl_between(q, 0 * p), "p is not used: it is the KL to N(0, I)."),
        mistake("mean over coordinates", lambda q, p: (
            kl_between(q, p)[0] * 2 / q.shape[1], lambda d: kl_between(q, p)[1](d) * 2 / q.shape[1]),
                "it is a mean over the K coordinates: their KLs add."),
        mistake("negative", lambda q, p: (-kl_between(q, p)[0], lambda d: -kl_between(q, p)[1](d)),
                "it is negative, and a KL never is: the sign is wrong."),
        mistake("derivative in σ", between_with(ds=lambda m, s, n, t: np.exp(s - 2 * t) - np.exp(-s)),
                "dq, second half: it is the derivative in σ; a factor σ is missing, the chain rule to log σ."),
        mistake("half the derivative", between_with(ds=lambda m, s, n, t: 0.5 * (np.exp(2 * s - 2 * t) - 1)),
                "dq, second half: it is half of the right one, the derivative in log σ²."),
        mistake("second half of N(0, I)", between_with(ds=lambda m, s, n, t: np.exp(2 * s) - 1),
                "dq, second half: it is that of the KL to N(0, I); σ² is not divided by σ_p²."),
        mistake("first half not divided", between_with(dmu=lambda m, s, n, t: m - n),
                "dq, first half: μ − μ_p is not divided by σ_p²."),
        mistake("first half divided by σ_p", between_with(dmu=lambda m, s, n, t: (m - n) / np.exp(t)),
                "dq, first half: μ − μ_p is divided by σ_p, where σ_p² belongs."),
        mistake("sign of the first half", between_with(dmu=lambda m, s, n, t: (n - m) / np.exp(2 * t)),
                "dq, first half, has the wrong sign: the KL grows where μ moves away from μ_p.")])

# ---- the whole


def batch_elbo(q, x, eps, g, sigma_g):
    """The ELBO of each row of a batch from one draw, nats, and its gradient in q.

    q (B, 2K) = [mu, log_sigma], x (B, D), eps (B, K), sigma_g a number. The decoder is a layer: y, back_g = g(z), with
    dz = back_g(dy). Returns value (B,) and back: dvalue (B,) -> dq (B, 2K).
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    y, back_g = g(mu + sigma * eps)
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    kl = 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)

    def back(dvalue):
        dvalue = dvalue[:, None]
        dz = back_g(dvalue * (x - y) / sigma_g**2)
        return np.concatenate([dz - dvalue * mu, dz * eps * sigma - dvalue * (sigma**2 - 1)], axis=1)

    return log_px - kl, back


def layer(rng, K, D):
    """A decoder z (n, K) -> y (n, D), back."""
    W, V = rng.normal(size=(K, D)), rng.normal(size=(K, D))

    def g(z):
        t = np.tanh(z @ W)
        return t + z @ V, lambda dy: (dy * (1 - t**2)) @ W.T + dy @ V.T
    return g


def parts(q, x, eps, g, sigma_g, width=np.exp):
    """log p(x|z), dz for dvalue = 1, KL."""
    (m, s), D = halves(q), x.shape[1]
    y, back_g = g(m + width(s) * eps)
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    return log_px, back_g((x - y) / sigma_g**2), 0.5 * (np.exp(2 * s) + m**2 - 1 - 2 * s).sum(1)


def elbo_with(width=np.exp, slope=np.exp, value=lambda p, kl, q, x, s: p - kl, through=1.0, kl_mu=-1.0, kl_s=-1.0,
              eps_of=lambda e: e, scale=lambda s: 1.0, use=lambda d: d, ds=lambda s: np.exp(2 * s) - 1):
    """The solution with parts exchanged; each row's dz is linear in its dvalue."""
    def answer(q, x, eps, g, sigma_g):
        m, s = halves(q)
        log_px, dz, kl = parts(q, x, eps, g, sigma_g, width)
        dz = through * scale(sigma_g) * dz

        def back(d):
            c = column(use(d))
            return np.concatenate([c * (dz + kl_mu * m), c * (dz * eps_of(eps) * slope(s) + kl_s * ds(s))], axis=1)

        return value(log_px, kl, q, x, sigma_g), back
    return answer


PPCA = probabilistic_pca(3, 5, sigma_g=0.6, rng=np.random.default_rng(3))


def z_in_the_kl(q, x, eps, g, sigma_g):
    value, back = batch_elbo(q, x, eps, g, sigma_g)
    away = np.exp(halves(q)[1]) * eps
    return value, lambda d: back(d) - column(d) * np.concatenate([away, 0 * away], axis=1)


WHOLE = Task(
    name="batch_elbo", title="The whole ELBO, forwards and backwards", points=5, solution=batch_elbo, kind="back",
    wrt=("q",), sizes="B D K", returns=("the ELBO", "dq"),
    inputs=lambda rng, B, D, K: (rows(rng, B, K), rng.normal(size=(B, D)), rng.normal(size=(B, K)), layer(rng, K, D),
                                 rng.uniform(0.5, 0.8)),
    text=r"""Everything together:

$$L = \log \mathcal N\big(x;\, g_\theta(\mu + \sigma\epsilon),\, \sigma_g^2 I\big) - KL\big(N(\mu, \sigma^2)\,\|\,N(0,
I)\big).$$

Backwards: through the likelihood to $y$, through the decoder's `back_g` to $z$, through the draw to $\mu$ and
$\log\sigma$. Both are used twice, by the draw and by the KL, so each gets two gradients, which add.""",
    hints=("dy first: how does log N change with y? The rest you have written before.",
           "Go back in the order in which the value was made: likelihood, decoder, draw. Each half of dq is what comes "
           "through the draw and, beside it, the KL's own slope, with the sign that the KL has in the value."),
    play="batch_elbo(np.zeros((1, 2)), np.ones((1, 1)), np.ones((1, 1)), lambda z: (z, lambda dy: dy), 0.5)[0]",
    edges={"where ε is 0": lambda rng: (rows(rng, 3, 2), rng.normal(size=(3, 4)), np.zeros((3, 2)), layer(rng, 2, 4),
                                        0.7)},
    terms={"−(D/2) log 2π": lambda q, x, e, g, s: np.full(len(x), -x.shape[1] / 2 * np.log(2 * np.pi)),
           "−D log σ_g": lambda q, x, e, g, s: np.full(len(x), -x.shape[1] * np.log(s)),
           "the error −‖x − g(z)‖²/(2σ_g²)": lambda q, x, e, g, s: parts(q, x, e, g, s)[0] + x.shape[1] / 2 * np.log(
               2 * np.pi * s**2), "−KL": lambda q, x, e, g, s: -parts(q, x, e, g, s)[2]},
    misconceptions=[
        mistake("σ² for σ", elbo_with(lambda s: np.exp(2 * s), lambda s: 2 * np.exp(2 * s)),
                "the draw has the variance σ² for its width where σ belongs, and the KL does not: no bound, though its "
                "gradient is right."),
        mistake("log σ for σ", elbo_with(lambda s: s, np.ones_like), "the draw uses log σ as its width: take the exp."),
        mistake("log σ² for log σ in the draw", elbo_with(lambda s: np.exp(s / 2), lambda s: np.exp(s / 2) / 2),
                "the draw reads log σ as if it were log σ²: its width is no longer the KL's."),
        mistake("KL added", elbo_with(value=lambda p, kl, *a: p + kl, kl_mu=1.0, kl_s=1.0),
                "the KL has the wrong sign: it is added where it is to be subtracted."),
        mistake("KL missing", elbo_with(value=lambda p, kl, *a: p, kl_mu=0, kl_s=0), "the KL is missing."),
        mistake("a loss", lambda *a: (-batch_elbo(*a)[0], lambda d: -batch_elbo(*a)[1](d)),
                "its sign is that of a loss; an ELBO is maximised."),
        mistake("constants dropped", elbo_with(value=lambda p, kl, q, x, s: p - kl + x.shape[1] / 2 * np.log(
            2 * np.pi * s**2)), "the constant −(D/2) log 2πσ_g² is missing."),
        mistake("x is lost", lambda q, x, *a: batch_elbo(q, 0 * x, *a),
                "the x is lost: the decoder's output is compared with zero, not with the image."),
        mistake("mean over the batch", lambda q, *a: (batch_elbo(q, *a)[0].mean(), lambda d: batch_elbo(q, *a)[1](
            np.full(len(q), d / len(q)))),
                "it is one number, the mean over the batch: each row has its own ELBO, (B,)."),
        mistake("sum over the batch", lambda q, *a: (batch_elbo(q, *a)[0].sum(), lambda d: batch_elbo(q, *a)[1](
            np.full(len(q), d))), "it is one number, the sum over the batch: each row has its own ELBO, (B,)."),
        mistake("KL missing in back", elbo_with(kl_mu=0, kl_s=0),
                "dq: the KL is missing, whose gradient adds to that which comes through z."),
        mistake("KL's sign in back", elbo_with(kl_mu=1.0, kl_s=1.0),
                "dq: the gradient of the KL has the wrong sign; the KL is subtracted in the value."),
        mistake("z for μ in the KL", z_in_the_kl,
                "dq, first half: z stands where the KL's gradient, μ, belongs."),
        mistake("KL of μ missing in back", elbo_with(kl_mu=0),
                "dq, first half: the gradient of the KL in μ is missing."),
        mistake("KL of σ missing in back", elbo_with(kl_s=0),
                "dq, second half: the gradient of the KL in log σ is missing."),
        mistake("KL's derivative in σ", elbo_with(ds=lambda s: np.exp(s) - np.exp(-s)),
                "dq, second half: the KL's derivative is that in σ; a factor σ is missing."),
        mistake("ε missing in back", elbo_with(eps_of=np.ones_like),
                "dq, second half: the factor ε of the draw is missing."),
        mistake("σ missing in back", elbo_with(slope=np.ones_like),
                "dq, second half: the factor σ of the draw is missing, the chain rule from σ to log σ."),
        mistake("σ_g² missing in back", elbo_with(scale=lambda s: s**2),
                "dq: what comes from the likelihood is not divided by σ_g²."),
        mistake("σ_g for σ_g² in back", elbo_with(scale=lambda s: s),
                "dq: what comes from the likelihood is divided by σ_g, where σ_g² belongs."),
        mistake("factor 2 in back", elbo_with(through=2.0),
                "dq: what comes from the likelihood is twice the right one: the ½ and the 2 of the square cancel."),
        mistake("likelihood's sign in back", elbo_with(through=-1.0),
                "dq: what comes through the decoder has the wrong sign: the value grows where y moves towards x."),
        mistake("decoder missing in back", elbo_with(through=0.0),
                "dq: the reconstruction is missing, what comes from log p(x|z) through the decoder; this is the KL's "
                "alone."),
        mistake("dvalue not used", elbo_with(use=np.ones_like), "back does not use dvalue: each row has its own."),
        mistake("KL without dvalue", lambda q, x, e, g, s: (batch_elbo(q, x, e, g, s)[0], lambda d: batch_elbo(
            q, x, e, g, s)[1](d) + column(d - 1) * np.concatenate([halves(q)[0], np.exp(2 * halves(q)[1]) - 1],
                axis=1)),
                "dq: the KL's gradient is not multiplied by dvalue."),
        mistake("divided by the batch", elbo_with(use=lambda d: d / len(d)),
                "dq is that of the mean over the batch, while the value has a number for each row.")])


def iw_bound(log_w):
    """The importance-weighted bound on log p(x) of each row, nats.

    log_w (S, B) are log p(x, z_s) − log q(z_s), S draws for each of B rows; they may be as low as −1e4. Returns (B,).
    """
    top = log_w.max(0)
    return top + np.log(np.exp(log_w - top).mean(0))


IW = Task(
    name="iw_bound", title="A tighter bound", points=2, solution=iw_bound, returns=("the bound",), sizes="S B",
    inputs=lambda rng, S, B: (2 * rng.normal(size=(S, B)) - 3,),
    text=r"""With $w_s = p(x, z_s)/q(z_s)$, the more draws the nearer to $\log p(x)$ (Burda et al. 2016):

$$L_S = \log \frac1S \sum_{s=1}^S w_s \;\ge\; \frac1S \sum_s \log w_s .$$

For images $\log w$ is often near $-1000$, and $e^{-1000}$ is 0 in floats.""",
    hints=("log Σ e^a = t + log Σ e^{a − t} for any t. Which t keeps all exponents harmless?",
           "Take off each row's own greatest log weight, exp, mean over the draws, log, and add it back."),
    play="iw_bound(np.log(np.array([[1.0], [3.0]])))", example=lambda: (np.log(np.array([[1.0], [3.0]])),),
    edges={"where log w is near −1000, or 1000": lambda rng: (rng.normal(size=(4, 3)) + np.array([-1e3, 1e3, 0]),),
           "where log w is near −1000": lambda rng: (rng.normal(size=(4, 3)) - 1000,),
           "where the draws lie 400 apart": lambda rng: (rng.normal(size=(3, 1)) - np.array([[0], [400], [800]]),),
           "where log w is near 1000": lambda rng: (rng.normal(size=(4, 3)) + 1000,),
           "where the rows lie far apart": lambda rng: (rng.normal(size=(4, 3)) - np.array([0.0, 900.0, 5000.0]),),
           "where the draws lie far apart": lambda rng: (rng.normal(size=(4, 1)) - np.array([[0], [9e2], [5e3], [2]]),),
           "for a single draw": lambda rng: (rng.normal(size=(1, 3)),)},
    misconceptions=[
        mistake("mean of the logarithms", lambda a: a.mean(0),
                "it is the mean of the logarithms, the ELBO: the mean belongs inside the logarithm."),
        mistake("log S missing", lambda a: a.max(0) + np.log(np.exp(a - a.max(0)).sum(0)),
                "it is a sum over the draws, where the mean belongs: log S is missing."),
        mistake("one greatest for all", lambda a: a.max() + np.log(np.exp(a - a.max()).mean(0)),
                "one greatest weight is taken off all rows: a row far below it underflows, each needs its own."),
        mistake("overflow", lambda a: np.log(np.exp(a).mean(0)),
                "exp underflows to 0, or overflows, and the logarithm is not finite: take off each row's greatest "
                "first."),
        *wrong_shifts(lambda shift: lambda a: np.log(np.exp(a - shift(a, 0)).mean(0)) + shift(a, 0)[0],
                      ("mean for greatest", "least for greatest", "absolute greatest")),
        mistake("over the batch", lambda a: a.max(1) + np.log(np.exp(a - a.max(1, keepdims=True)).mean(1)),
                "it runs over the wrong axis: the mean is over the draws, axis 0."),
        mistake("one number", lambda a: iw_bound(a).mean(), "it is one number: each row has a bound of its own, (B,)."),
        mistake("one number", lambda a: iw_bound(a).sum(), "it is one number: each row has a bound of its own, (B,)."),
        mistake("of all weights", lambda a: iw_bound(a.reshape(-1, 1))[0],
                "it is one number, of all weights together: each row has a bound of its own, (B,)."),
        mistake("greatest not added", lambda a: np.log(np.exp(a - a.max(0)).mean(0)),
                "the greatest log weight that was taken off is not added back."),
        mistake("greatest only", lambda a: a.max(0), "it is the greatest log weight alone; the others count, too."),
        mistake("greatest less log S", lambda a: a.max(0) - np.log(len(a)),
                "only the greatest weight is counted: the others belong to the mean, too."),
        mistake("self-normalised", lambda a: (np.exp(a - a.max(0)) * a).sum(0) / np.exp(a - a.max(0)).sum(0),
                "it is a weighted mean of the log weights; the bound is the logarithm of their mean."),
        mistake("no logarithm", lambda a: np.exp(a).mean(0), "the logarithm is missing: it is the mean weight itself."),
        mistake("logarithm of the mean log", lambda a: np.log(np.abs(a.mean(0))),
                "exp is missing: log_w are logarithms already."),
        mistake("divided by S", lambda a: (a.max(0) + np.log(np.exp(a - a.max(0)).sum(0))) / len(a),
                "it is divided by S outside of the logarithm: the mean belongs inside."),
        mistake("log (S − 1)", lambda a: iw_bound(a) + np.log(len(a) / max(len(a) - 1, 1)),
                "it is divided by S − 1: a mean over S draws has S below."),
        mistake("log S added", lambda a: iw_bound(a) + 2 * np.log(len(a)), "log S has the wrong sign.")])

# ---- pixels that are on or off


def bernoulli_log_likelihood(x, logits):
    """log p(x) of each row for pixels that are on with probability sigmoid(logits), nats, and its gradient.

    x (B, D) of 0 and 1, or between; logits (B, D), which may be as large as ±1000. Returns value (B,) and back:
    dvalue (B,) -> dlogits (B, D).
    """
    probability = 0.5 * (1 + np.tanh(logits / 2))

    def back(dvalue):
        return dvalue[:, None] * (x - probability)

    return (x * logits - np.logaddexp(0, logits)).sum(1), back


def logistic(a):
    return 0.5 * (1 + np.tanh(a / 2))


def bernoulli_with(value=lambda x, a: (x * a - np.logaddexp(0, a)).sum(1), slope=lambda x, a: x - logistic(a)):
    return lambda x, a: (value(x, a), lambda d: column(d) * slope(x, a))


def of_probabilities(x, p):
    return (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1)


def clipped(tiny):
    def value(x, a):
        p = np.clip(logistic(a), tiny, 1 - tiny)
        return of_probabilities(x, p)
    return bernoulli_with(value)


BERNOULLI = Task(
    name="bernoulli_log_likelihood", title="Pixels on or off", points=3, solution=bernoulli_log_likelihood, kind="back",
    wrt=("logits",), sizes="B D", returns=("the value", "dlogits"),
    inputs=lambda rng, B, D: (rng.integers(0, 2, (B, D)).astype(float), 2 * rng.normal(size=(B, D))),
    text=r"""With $p_d = \mathrm{sigmoid}(l_d)$, $\;\log p(x|z) = \sum_d x_d\log p_d + (1 - x_d)\log(1 - p_d)$. In
floats, $p = 1$ from $l = 37$ on, and $\log(1 - p)$ is then $-\infty$. Written with the logits nothing overflows:

$$\sum_d x_d\, l_d - \log(1 + e^{l_d}), \qquad \frac{\partial}{\partial l_d} = x_d - p_d .$$""",
    hints=("log(1 + e^l) is a softplus: np.logaddexp(0, l) knows how. And the sigmoid is ½(1 + tanh(l/2)).",
           "Value: x times the logits minus the softplus, summed over the pixels. back: x − sigmoid, times dvalue[:, "
           "None]."),
    play="bernoulli_log_likelihood(np.array([[1.0, 0.0]]), np.array([[1000.0, -1000.0]]))[0]",
    edges={"for logits of ±1000": lambda rng: (np.array([[1.0, 0, 1, 0]]), np.array([[1000.0, -1000, -1000, 1000]])),
           "for logits of ±40": lambda rng: (np.array([[1.0, 0, 1, 0]]), np.array([[40.0, -40, -40, 40]])),
           "for x between 0 and 1": lambda rng: (rng.uniform(size=(3, 4)), rng.normal(size=(3, 4)))},
    terms={"the pixels that are on": lambda x, a: -(x * np.logaddexp(0, -a)).sum(1),
           "the pixels that are off": lambda x, a: -((1 - x) * np.logaddexp(0, a)).sum(1)},
    misconceptions=[
        mistake("clipped 1e-7", clipped(1e-7),
                "the probabilities are clipped: for large logits the value is another; write it with the logits."),
        mistake("clipped 1e-8", clipped(1e-8),
                "the probabilities are clipped: for large logits the value is another; write it with the logits."),
        mistake("clipped 1e-6", clipped(1e-6),
                "the probabilities are clipped: for large logits the value is another; write it with the logits."),
        mistake("clipped 1e-10", clipped(1e-10),
                "the probabilities are clipped: for large logits the value is another; write it with the logits."),
        mistake("cross-entropy", lambda x, a: (-bernoulli_log_likelihood(x, a)[0],
                                              lambda d: -bernoulli_log_likelihood(x, a)[1](d)),
                "its sign is that of the cross-entropy, a loss; log p(x) is its negative."),
        mistake("mean over the pixels", bernoulli_with(lambda x, a: (x * a - np.logaddexp(0, a)).mean(1),
                                                      lambda x, a: (x - logistic(a)) / x.shape[1]),
                "it is the mean over the pixels: log p(x) is their sum."),
        mistake("only the pixels that are on", bernoulli_with(lambda x, a: -(x * np.logaddexp(0, -a)).sum(1),
                                                             lambda x, a: x * (1 - logistic(a))),
                "the pixels with x = 0 do not count: the term with 1 − x is missing."),
        mistake("only the pixels that are off", bernoulli_with(lambda x, a: -((1 - x) * np.logaddexp(0, a)).sum(1),
                                                              lambda x, a: -(1 - x) * logistic(a)),
                "the pixels with x = 1 do not count: their term is missing."),
        mistake("1 − x and x exchanged", lambda x, a: bernoulli_log_likelihood(1 - x, a),
                "x and 1 − x are exchanged: p is the probability of 1."),
        mistake("squared error", bernoulli_with(lambda x, a: -((x - logistic(a)) ** 2).sum(1),
                                                lambda x, a: 2 * (x - logistic(a)) * logistic(a) * logistic(-a)),
                "it is a squared error of the probabilities: a Bernoulli's log p is log of the probability of what x "
                "is."),
        mistake("probability of x", bernoulli_with(lambda x, a: (x * logistic(a) + (1 - x) * logistic(-a)).sum(1)),
                "the logarithms are missing: these are probabilities, added."),
        mistake("tanh of the logits", bernoulli_with(lambda x, a: (2 * x * a - np.logaddexp(0, 2 * a)).sum(1)),
                "the sigmoid is that of twice the logits: ½(1 + tanh(l/2)) has half of l inside."),
        mistake("softplus missing", bernoulli_with(lambda x, a: (x * a).sum(1), lambda x, a: x),
                "the term log(1 + e^l) is missing."),
        mistake("logits taken for probabilities", bernoulli_with(
            lambda x, a: of_probabilities(x, a), lambda x, a: x / a - (1 - x) / (1 - a)),
                "the logits are used as if they were probabilities: a logit may be any number, sigmoid turns it into "
                "one."),
        mistake("derivative in p", bernoulli_with(slope=lambda x, a: x / logistic(a) - (1 - x) / (1 - logistic(a))),
                "dlogits is the derivative in p: the factor p(1 − p) of the sigmoid is missing."),
        mistake("sigmoid's slope twice", bernoulli_with(slope=lambda x, a: (x - logistic(a)) * logistic(a) * (
            1 - logistic(a))),
                "dlogits has the factor p(1 − p) of the sigmoid once too often: x − p holds it already."),
        mistake("sign of the gradient", bernoulli_with(slope=lambda x, a: logistic(a) - x),
                "dlogits has the wrong sign: p − x is that of the loss."),
        mistake("x minus the logits", bernoulli_with(slope=lambda x, a: x - a),
                "dlogits subtracts the logits: x − p has the probability, the sigmoid of the logits."),
        mistake("x alone", bernoulli_with(slope=lambda x, a: x),
                "dlogits: the slope of log(1 + e^l), the sigmoid, is missing."),
        mistake("dvalue not used", lambda x, a: (bernoulli_log_likelihood(x, a)[0],
                                                lambda d: bernoulli_log_likelihood(x, a)[1](np.ones(len(x)))),
                "back does not use dvalue: each row has its own.")])

TASKS = [LIKELIHOOD, ALPHA, BEST, BETWEEN, WHOLE, IW, BERNOULLI]
