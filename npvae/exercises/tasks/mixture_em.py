"""Exercises of notebook 3 on the mixture of Gaussians: the E-step, the slope, the M-step, and the loop."""

import numpy as np

from npvae.exercises.laws import same
from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task
from npvae.exercises.tasks.shifts import wrong_shifts


def squares(X, mu):
    """‖x^i − μ_k‖², (m, K)."""
    return ((X[:, None] - mu) ** 2).sum(2)


def softmax(a, axis=1):
    """exp(a), which sums to one along the axis."""
    return np.exp(a - np.logaddexp.reduce(a, axis=axis, keepdims=True))


def responsibilities(rng, m, K):
    """Random q (m, K), rows sum to one."""
    return rng.dirichlet(np.full(K, 0.8), size=m) * 0.98 + 0.02 / K


def clusters(rng, m, K, D):
    """X (m, D), mu (K, D), pi (K,), sigma_g."""
    return (1.5 * rng.normal(size=(m, D)), rng.normal(size=(K, D)), responsibilities(rng, 1, K)[0],
            rng.uniform(0.6, 0.9))


# ---- the E-step


def e_step(X, mu, pi, sigma_g):
    """The posterior p(z = k|x^i) of a mixture of Gaussians: the argmax over all q.

    X (m, D) data, mu (K, D) means, pi (K,) weights, sigma_g a number. Returns q (m, K), rows sum to one.
    """
    squares = ((X[:, None] - mu) ** 2).sum(2)                   # (m, K)
    log_joint = np.log(pi) - squares / (2 * sigma_g**2)         # but for what is the same for all k
    q = np.exp(log_joint - log_joint.max(1, keepdims=True))
    return q / q.sum(1, keepdims=True)


def _floors(e):
    # a small number added below, or to all terms, with and without the density's constant
    said = (f"a small number, {e:g}, is added: far from all means it outweighs the sum, and where that underflows to 0 "
            "it saves nothing. Work with logarithms.")
    for constant in (lambda s, D: 1.0, lambda s, D: (2 * np.pi * s * s) ** (-D / 2)):
        def p(X, mu, pi, s, constant=constant):
            return pi * np.exp(-squares(X, mu) / (2 * s * s)) * constant(s, X.shape[1])

        yield lambda *a, p=p: p(*a) / (p(*a).sum(1, keepdims=True) + e), said
        yield lambda *a, p=p: (p(*a) + e) / (p(*a) + e).sum(1, keepdims=True), said
        yield lambda *a, p=p: p(*a) / np.maximum(p(*a).sum(1, keepdims=True), e), said


def _shifted(a, shift):
    p = np.exp(a - shift(a, 1))
    return p / p.sum(1, keepdims=True)


def _by(f, axis=1):
    return lambda X, mu, pi, s: softmax(f(squares(X, mu), pi, s), axis)


E_STEP = Task(
    name="e_step", title="The E-step", points=3, solution=e_step, sizes="m K D", inputs=clusters,
    text=r"""For each datapoint the best $q_i$ is the posterior of its label, by Bayes' rule:

$$q_{ik} = p_\theta(z = k|x^i) \propto \pi_k\, N(x^i; \mu_k, \sigma_g^2 I)
\propto \pi_k \exp\Big(-\frac{\|x^i - \mu_k\|^2}{2\sigma_g^2}\Big).$$

An $x$ that is far from all means has a posterior, too, though each of its $K$ terms is 0 in floating point.""",
    hints=("Work with the logarithm of the right side. Over which axis do the q of a datapoint sum to one?",
           "The squared distances (m, K) come from X[:, None] - mu by broadcasting. Add log π, take the row's maximum "
           "off, exponentiate, normalise each row."),
    play="e_step(np.array([[0.1], [0.9], [500.0]]), np.array([[0.0], [1.0]]), np.array([0.5, 0.5]), 0.3).round(3)",
    laws=[
        (lambda f, X, mu, pi, s: same(f(X, mu, pi, s).sum(1), np.ones(len(X))), "its rows do not sum to one"),
        (lambda f, X, mu, pi, s: same(f(X + 2, mu + 2, pi, s), f(X, mu, pi, s)),
         "it changes when data and means are moved together: only their distances count"),
        (lambda f, X, mu, pi, s: same(f(X, 0 * mu, pi, s), np.tile(pi, (len(X), 1))),
         "where all means are the same it is not pi, though x says nothing then"),
        (lambda f, X, mu, pi, s: same(f(3 * X, 3 * mu, pi, 3 * s), f(X, mu, pi, s)),
         "it changes when all lengths, sigma_g too, are three times as large: they count as ‖x − μ‖²/sigma_g²"),
        (lambda f, X, mu, pi, s: same(f(np.repeat(X, 2, 1), np.repeat(mu, 2, 1), pi, np.sqrt(2) * s), f(X, mu, pi, s)),
         "with each dimension there twice the exponent is not doubled: a squared distance is a sum over dimensions"),
        (lambda f, X, mu, pi, s: same(f(X, mu, pi, s)[:1], f(X[:1], mu, pi, s)), "a row's q depends on the other "
                                                                                 "data")],
    misconceptions=[
        mistake("normalised over the data", _by(lambda d, pi, s: np.log(pi) - d / (2 * s * s), axis=0),
                "its columns sum to one: each row, a datapoint, has a q that sums to one over its labels, the last "
                "axis."),
        mistake("no half", _by(lambda d, pi, s: np.log(pi) - d / s**2), "the 2 in 2 sigma_g² is missing."),
        mistake("sigma for the variance", _by(lambda d, pi, s: np.log(pi) - d / (2 * s)),
                "sigma_g stands where sigma_g², the variance, belongs."),
        mistake("no pi", _by(lambda d, pi, s: -d / (2 * s * s)),
                "pi is not used: a label that is rare before x is seen is less probable after it, too."),
        mistake("pi not in logarithms", _by(lambda d, pi, s: pi - d / (2 * s * s)),
                "pi is added to a logarithm as it is: its logarithm belongs there."),
        mistake("pi times the exponent", _by(lambda d, pi, s: -pi * d / (2 * s * s)),
                "pi multiplies the exponent: it multiplies the density, so its logarithm is added."),
        mistake("dot product", lambda X, mu, pi, s: softmax(np.log(pi) + X @ mu.T / s**2),
                "it weights by the product x·μ alone: the squared distance has ‖μ‖² in it, too, which depends on k."),
        mistake("absolute distances", lambda X, mu, pi, s: softmax(np.log(pi) - np.abs(X[:, None] - mu).sum(2) / s),
                "the distance is one of absolute values: a Gaussian has the squared distance."),
        mistake("mean over the dimensions",
                lambda X, mu, pi, s: softmax(np.log(pi) - squares(X, mu) / X.shape[1] / (2 * s * s)),
                "the squared distance is averaged over the dimensions: it is a sum over them."),
        mistake("plus sign", _by(lambda d, pi, s: np.log(pi) + d / (2 * s * s)),
                "the squared distance has the wrong sign: the farther a mean, the less probable its label."),
        mistake("distance not squared", _by(lambda d, pi, s: np.log(pi) - np.sqrt(d) / (2 * s * s)),
                "the distance is not squared."),
        mistake("hard", lambda X, mu, pi, s: np.eye(len(mu))[squares(X, mu).argmin(1)],
                "it is hard, 0 and 1 for the nearest mean, as in K-means: a posterior leaves each label its share."),
        mistake("hard, with pi", lambda X, mu, pi, s: np.eye(len(mu))[e_step(X, mu, pi, s).argmax(1)],
                "it is hard, 0 and 1 for the most probable label: a posterior leaves each label its share."),
        mistake("inverse distance",
                lambda X, mu, pi, s: pi / squares(X, mu) / (pi / squares(X, mu)).sum(1, keepdims=True),
                "it weights by one over the squared distance: a Gaussian has the exponential of minus it."),
        *(mistake("a small number added", f, said) for e in (1e-3, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16, 1e-300)
          for f, said in _floors(e)),
        mistake("not normalised", lambda X, mu, pi, s: pi * np.exp(-squares(X, mu) / (2 * s * s)),
                "the rows do not sum to one: what is proportional to the posterior has to be normalised."),
        mistake("the joint", lambda X, mu, pi, s: (pi * np.exp(-squares(X, mu) / (2 * s * s))
                                                   / (2 * np.pi * s * s) ** (X.shape[1] / 2)),
                "it is the joint density p(x, z): normalised by p(x), each row sums to one."),
        mistake("log joint", lambda X, mu, pi, s: np.log(pi) - squares(X, mu) / (2 * s * s),
                "it is a logarithm, not normalised: exponentiate, and let each row sum to one."),
        mistake("underflow",
                lambda X, mu, pi, s: (p := pi * np.exp(-squares(X, mu) / (2 * s * s))) / p.sum(1, keepdims=True),
                "where x is far from all means exp underflows to 0, and 0/0 is nan: take the row's maximum off "
                "first."),
        *wrong_shifts(lambda shift: lambda X, mu, pi, s: _shifted(np.log(pi) - squares(X, mu) / (2 * s * s), shift))],
    edges={"for an x that is far from all means": lambda rng: (np.array([[100.0, 0.0], [0.0, 0.1]]), np.eye(2),
                                                               np.array([0.3, 0.7]), 0.5),
           "for an x that is far nearer to one mean than to the others": lambda rng: (
               np.array([[0.0, 900.0], [0.1, 0.0]]), np.array([[0.0, 900.0], [-1, 0], [1, 0]]),
               np.array([0.3, 0.5, 0.2]), 0.5)})

# ---- the slope in the means


def gradient_of_means(X, q, mu, sigma_g):
    """The gradient of the mean ELBO, (1/m) Σ_i L(q_i, x^i, θ), with respect to the means.

    X (m, D), q (m, K), mu (K, D), sigma_g a number. Returns dmu (K, D).
    """
    return (q.T @ X - q.sum(0)[:, None] * mu) / sigma_g**2 / len(X)


def _slope_inputs(rng, m, K, D):
    X, mu, _, sigma_g = clusters(rng, m, K, D)
    return X, responsibilities(rng, m, K), mu, sigma_g


SLOPE = Task(
    name="gradient_of_means", title="The slope in θ", points=3, solution=gradient_of_means, sizes="m K D",
    inputs=_slope_inputs,
    text=r"""The board's loop takes a step of $\theta$ along the gradient. For the means of a mixture, with the $q_i$
held,

$$\frac1m \sum_{i=1}^m L(q_i, x^i, \theta) = -\frac1m \sum_{i,k} q_{ik} \frac{\|x^i - \mu_k\|^2}{2\sigma_g^2} + \dots$$

Work out its gradient with respect to $\mu_k$.""",
    hints=("What is the derivative of −‖x − μ‖²/2 with respect to μ?",
           "A sum over i of q_ik (x^i − μ_k), over σ_g² and m. It can be had without a loop: q.T @ X is the sum of "
           "q_ik x^i."),
    play="gradient_of_means(np.array([[1.0], [3.0]]), np.array([[1.0], [1.0]]), np.array([[2.0]]), 1.0)",
    laws=[
        (lambda f, X, q, mu, s: same(f(X, q, m_step_means(X, q), s), 0 * mu),
         "at the weighted averages of the data, the M-step's means, it is not zero"),
        (lambda f, X, q, mu, s: same(f(X + 2, q, mu + 2, s), f(X, q, mu, s)),
         "it changes when data and means are moved together: only x − μ counts"),
        (lambda f, X, q, mu, s: same(f(np.tile(X, (2, 1)), np.tile(q, (2, 1)), mu, s), f(X, q, mu, s)),
         "it changes when each datapoint is there twice: it is the gradient of a mean over the data"),
        (lambda f, X, q, mu, s: same(f(X, q, mu, 2 * s), f(X, q, mu, s) / 4),
         "with sigma_g twice as large it is not a quarter: it goes with 1/sigma_g²"),
        (lambda f, X, q, mu, s: same(f(X, q / 2, mu, s), f(X, q, mu, s) / 2), "with all weights halved it is not "
                                                                              "halved")],
    misconceptions=[
        mistake("sum over the data", lambda X, q, mu, s: len(X) * gradient_of_means(X, q, mu, s),
                "it is the gradient of the sum over the data: the mean is asked for, 1/m of it."),
        mistake("no sigma_g", lambda X, q, mu, s: gradient_of_means(X, q, mu, 1.0), "sigma_g² is missing."),
        mistake("sigma_g not squared", lambda X, q, mu, s: gradient_of_means(X, q, mu, np.sqrt(s)),
                "sigma_g is not squared."),
        mistake("no q", lambda X, q, mu, s: (X.mean(0) - mu) / s**2,
                "q is not used: a datapoint pulls at mean k with the weight q_ik."),
        mistake("mu not weighted", lambda X, q, mu, s: (q.T @ X - mu) / s**2 / len(X),
                "mu is subtracted once: it is in each term of the sum, so it counts Σ_i q_ik times."),
        mistake("mu times m", lambda X, q, mu, s: (q.T @ X - len(X) * mu) / s**2 / len(X),
                "mu is subtracted m times: it counts with the weight q_ik in each term, Σ_i q_ik in all."),
        mistake("distance from the mixed mean", lambda X, q, mu, s: q.T @ (X - q @ mu) / s**2 / len(X),
                "x is compared with the expected mean, q mu: each mean k is compared with x on its own."),
        mistake("averaged for each mean", lambda X, q, mu, s: (q.T @ X / q.sum(0)[:, None] - mu) / s**2,
                "it is divided by the sum of each mean's weights: the average over the m data is asked for."),
        mistake("log q for q", lambda X, q, mu, s: np.einsum("ik,ikd->kd", np.log(q), X[:, None] - mu) / s**2 / len(X),
                "log q stands where the weight q belongs."),
        mistake("hard", lambda X, q, mu, s: gradient_of_means(X, np.eye(len(mu))[q.argmax(1)], mu, s),
                "each datapoint pulls at one mean alone, argmax q: it pulls at all, with the weights q_ik.")])

# ---- the M-step


def m_step_means(X, q):
    """The means at which the gradient is zero.

    X (m, D), q (m, K). Returns mu (K, D).
    """
    return q.T @ X / q.sum(0)[:, None]


MEANS = Task(
    name="m_step_means", title="The M-step: means", points=2, solution=m_step_means, sizes="m K D",
    inputs=lambda rng, m, K, D: (rng.normal(size=(m, D)) + 1, responsibilities(rng, m, K)),
    text=r"""Where the maximum over $\theta$ is known one can jump there. Set the gradient of the task before to zero:

$$\sum_{i=1}^m q_{ik} (x^i - \mu_k) = 0.$$""",
    hints=("Solve for μ_k: it is an average of the data. With which weights, and what do they add up to?",
           "The weighted sums are q.T @ X, (K, D); divide each row by the sum of its weights."),
    play="m_step_means(np.array([[0.0], [1.0], [5.0]]), np.array([[1, 0], [0.5, 0.5], [0, 1]]))",
    laws=[
        (lambda f, X, q: same(f(X + 2, q), f(X, q) + 2), "when the data are moved the means do not move along: they "
                                                         "are no "
         "weighted averages, whose weights sum to one"),
        (lambda f, X, q: same(f(X, q / 2), f(X, q)), "it changes when all weights are halved: only their ratios count"),
        (lambda f, X, q: same(f(np.tile(X, (2, 1)), np.tile(q, (2, 1))), f(X, q)), "it changes when each datapoint is "
                                                                                   "there "
         "twice"),
        (lambda f, X, q: same(f(X, 0 * q + 1), np.tile(X.mean(0), (q.shape[1], 1))),
         "with equal weights each mean is not the mean of the data"),
        (lambda f, X, q: same(f(3 * X, q), 3 * f(X, q)), "with data three times as large the means are not")],
    misconceptions=[
        mistake("divided by m", lambda X, q: q.T @ X / len(X),
                "it is divided by m: the weights of mean k add up to Σ_i q_ik, and an average is divided by that."),
        mistake("not divided", lambda X, q: q.T @ X, "it is a weighted sum, not divided by the sum of its weights."),
        mistake("no q", lambda X, q: np.tile(X.mean(0), (q.shape[1], 1)),
                "all means are the same, that of the data: q gives each mean weights of its own."),
        mistake("hard", lambda X, q: m_step_means(X, np.eye(q.shape[1])[q.argmax(1)]),
                "it is hard: each datapoint counts for argmax q alone; it counts for all means, with the weights "
                "q_ik."),
        mistake("divided by K", lambda X, q: q.T @ X / q.shape[1],
                "it is divided by K: each mean is divided by the sum of its own weights."),
        mistake("one datapoint each", lambda X, q: X[q.argmax(0)],
                "each mean is one of the data, the most probable one: it is an average of all, with the weights q."),
        mistake("divided by all of q", lambda X, q: q.T @ X / q.sum(),
                "it is divided by the sum of all q, which is m: each mean by the sum of its own weights."),
        mistake("divided by the rows", lambda X, q: (q / q.sum(1, keepdims=True)).T @ X,
                "it is divided by the rows' sums, which are one: each mean is divided by the sum of its column."),
        mistake("softmax of q", lambda X, q: m_step_means(X, np.exp(q)), "q is exponentiated: these are probabilities "
                "already, no logits."),
        mistake("q squared", lambda X, q: m_step_means(X, q * q), "the weights are squared: they are q itself."),
        mistake("denominator too large", lambda X, q: q.T @ X / (q.sum(0)[:, None] + 1),
                "1 is added to the denominator, which shrinks the means towards 0."),
        mistake("numerator without q", lambda X, q: X.sum(0) / q.sum(0)[:, None],
                "the sum of the data is not weighted by q, only divided by the weights.")])


def m_step_pi(q):
    """The best weights pi, which sum to one.

    q (m, K). Returns pi (K,).
    """
    return q.mean(0)


PI = Task(
    name="m_step_pi", title="The M-step: weights", points=1, solution=m_step_pi, sizes="m K",
    inputs=lambda rng, m, K: (responsibilities(rng, m, K),),
    text=r"""Maximise $\sum_{i,k} q_{ik} \log \pi_k$ under $\sum_k \pi_k = 1$.
With a Lagrange multiplier $\lambda$ (no step size here),

$$\frac{\sum_i q_{ik}}{\pi_k} = \lambda \quad\text{for all } k.$$

Which $\lambda$ makes the $\pi_k$ sum to one?""",
    hints=("Sum over k what the Lagrange condition says of π_k.", "π_k is proportional to the sum of column k of q."),
    play="m_step_pi(np.array([[1, 0], [0.5, 0.5], [0, 1], [0, 1]]))",
    laws=[
        (lambda f, q: same(f(q).sum(), 1.0), "its numbers do not sum to one"),
        (lambda f, q: same(f(np.tile(q, (2, 1))), f(q)), "it changes when each datapoint is there twice"),
        (lambda f, q: same(f(np.eye(q.shape[1])), np.full(q.shape[1], 1 / q.shape[1])),
         "where each label has one datapoint of its own it is not uniform"),
        (lambda f, q: same(f(np.concatenate([q, q[:1]])), (len(q) * f(q) + q[0]) / (len(q) + 1)),
         "one datapoint more does not count by 1/m of its q: pi is the plain average of the rows")],
    misconceptions=[
        mistake("not divided by m",
                lambda q: q.sum(0), "it is the sum of each column, which does not sum to 1: λ is missing."),
        mistake("hard counts", lambda q: np.bincount(q.argmax(1), minlength=q.shape[1]) / len(q),
                "it counts argmax q, hard: each datapoint counts for all labels, with the weights q_ik."),
        mistake("uniform",
                lambda q: np.full(q.shape[1], 1 / q.shape[1]), "it is uniform, 1/K, and does not depend on q."),
        mistake("softmax of the sums", lambda q: softmax(q.sum(0), 0),
                "it is a softmax of the sums: they are no logits, and positive already."),
        mistake("softmax of q", lambda q: softmax(q).mean(0), "the rows go through a softmax: q are probabilities "
                                                              "already."),
        mistake("divided by m - 1", lambda q: q.sum(0) / (len(q) - 1), "it is divided by m − 1, and does not sum to "
                                                                       "1."),
        mistake("softmax of the means", lambda q: softmax(q.mean(0), 0),
                "it is a softmax of the means: they are no logits, and sum to one already."),
        mistake("divided by K", lambda q: q.sum(0) / q.shape[1], "it is divided by K, and does not sum to 1."),
        mistake("geometric mean", lambda q: softmax(np.log(q).mean(0), 0),
                "it is the geometric mean of the rows, an average of logarithms: the plain average is asked for."),
        mistake("q squared", lambda q: (q**2).sum(0) / (q**2).sum(), "the weights are squared: they are q itself."),
        mistake("over the labels", lambda q: q.mean(1), "it averages over the labels: pi is an average over the data, "
                "axis 0.")])


def m_step_sigma_g(X, q, mu):
    """The best sigma_g, the same for all labels and dimensions.

    X (m, D), q (m, K), mu (K, D). Returns a number.
    """
    squares = ((X[:, None] - mu) ** 2).sum(2)                   # (m, K)
    return np.sqrt((q * squares).sum() / X.size)


def _root_mean(f):
    return lambda X, q, mu: np.sqrt(f(X, q, squares(X, mu)))


SIGMA = Task(
    name="m_step_sigma_g", title="The M-step: the noise", points=2, solution=m_step_sigma_g, sizes="m K D",
    inputs=lambda rng, m, K, D: (1.5 * rng.normal(size=(m, D)), responsibilities(rng, m, K), rng.normal(size=(K, D))),
    text=r"""With $q$ and $\mu$ held, the part of the mean ELBO that depends on $\sigma_g$ is

$$-D \log \sigma_g - \frac{1}{2\sigma_g^2} \cdot \frac1m \sum_{i,k} q_{ik} \|x^i - \mu_k\|^2.$$

Find the $\sigma_g$ at which its derivative is zero.""",
    hints=("Differentiate with respect to log σ_g. Which average is σ_g², and over what is it taken?",
           "All squared distances, weighted by q, added up over data and labels, divided by m and by D; then the "
           "root."),
    play="m_step_sigma_g(np.array([[1.0], [-1.0]]), np.ones((2, 1)), np.zeros((1, 1)))",
    laws=[
        (lambda f, X, q, mu: same(f(3 * X, q, 3 * mu), 3 * f(X, q, mu)), "with lengths three times as large it is not "
                                                                         "three "
         "times as large, as a standard deviation is"),
        (lambda f, X, q, mu: same(f(X + 2, q, mu + 2), f(X, q, mu)), "it changes when data and means are moved "
                                                                     "together"),
        (lambda f, X, q, mu: same(f(np.tile(X, (2, 1)), np.tile(q, (2, 1)), mu), f(X, q, mu)),
         "it changes when each datapoint is there twice: it is to be an average over the data"),
        (lambda f, X, q, mu: same(f(np.repeat(X, 2, 1), q, np.repeat(mu, 2, 1)), f(X, q, mu)),
         "it changes when each dimension is there twice: it is to be an average over the dimensions"),
        (lambda f, X, q, mu: same(f(X, 0 * q + np.eye(len(mu))[0], mu), np.sqrt(((X - mu[0]) ** 2).mean())),
         "where all q are sure of one label it is not the root mean square of x − μ of that label"),
        (lambda f, X, q, mu: same(f(np.zeros((4, 1)), np.full((4, 2), 0.5), np.array([[1.0], [7.0]])), 5.0),
         "with q = (½, ½) and means at distances 1 and 7 it is not the root of (1 + 49)/2, the average of the "
         "squares")],
    misconceptions=[
        mistake("the variance", lambda X, q, mu: m_step_sigma_g(X, q, mu) ** 2,
                "it is the variance sigma_g²: its root is asked for."),
        mistake("not divided by D", _root_mean(lambda X, q, d: (q * d).sum() / len(X)),
                "it is not divided by D: sigma_g² is the error of one dimension, and ‖x − μ‖² is a sum over D of "
                "them."),
        mistake("divided by K too", _root_mean(lambda X, q, d: (q * d).mean() / X.shape[1]),
                "it is divided by K, too: the weights q sum to one over the components already."),
        mistake("around the data's mean", lambda X, q, mu: np.sqrt(X.var(0).mean()),
                "it is the spread of the data around their mean: mu, the components' means, are not used."),
        mistake("nearest mean only", _root_mean(lambda X, q, d: d.min(1).mean() / X.shape[1]),
                "only the nearest mean counts: each counts with its weight q."),
        mistake("most probable only", _root_mean(lambda X, q, d: d[np.arange(len(d)), q.argmax(1)].mean() / X.shape[1]),
                "only the label argmax q counts, hard: each counts with its weight q."),
        mistake("not weighted", _root_mean(lambda X, q, d: d.mean() / X.shape[1]), "q is not used: each distance "
                                                                                   "counts with "
                "its weight q."),
        mistake("distances not squared", lambda X, q, mu: (q * np.sqrt(squares(X, mu))).sum() / X.size,
                "it is an average of distances: the squares are averaged, and then the root is taken."),
        mistake("root before the average", lambda X, q, mu: (q * np.sqrt(squares(X, mu) / X.shape[1])).sum() / len(X),
                "the root is taken before the average: the squares are averaged first."),
        mistake("distance to the mixed mean", lambda X, q, mu: np.sqrt(((X - q @ mu) ** 2).mean()),
                "it takes the distance to the expected mean, q mu: the squared distances are averaged, not the means "
                "inside."),
        mistake("half", lambda X, q, mu: m_step_sigma_g(X, q, mu) / np.sqrt(2),
                "there is a factor 1/2 too many: the derivative of −D log sigma_g is −D/sigma_g, without a half."),
        mistake("not divided", _root_mean(lambda X, q, d: (q * d).sum()), "it is not divided by mD: it is the root of "
                                                                          "a sum."),
    ])

# ---- the loop


def em(X, mu, pi, sigma_g, sweeps):
    """EM for a mixture of Gaussians: so many sweeps, each of an E-step and an M-step.

    X (m, D), mu (K, D), pi (K,) and sigma_g to start from. Returns mu, pi, sigma_g as they are after the last sweep,
    and history (sweeps,), the mean ELBO of each sweep in nats, noted between its E-step and its M-step.
    """
    history = []
    for _ in range(sweeps):
        squares = ((X[:, None] - mu) ** 2).sum(2)                               # (m, K)
        log_joint = np.log(pi) - squares / (2 * sigma_g**2) - X.shape[1] / 2 * np.log(2 * np.pi * sigma_g**2)
        log_p = np.logaddexp.reduce(log_joint, axis=1)                          # (m,)
        q = np.exp(log_joint - log_p[:, None])                                  # the E-step
        history.append(log_p.mean())                                            # with this q the ELBO is log p(x)
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)                         # the M-step
        sigma_g = np.sqrt((q * ((X[:, None] - mu) ** 2).sum(2)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def _em(X, mu, pi, s, sweeps, q_of=softmax, learn=("mu", "pi", "sigma_g"), old=False, once=False,
        noted=lambda q, j, X, s: (q * (j - np.log(np.maximum(q, 1e-300)))).sum(1).mean(), last=False):
    history, q = [], None
    for _ in range(sweeps):
        j = np.log(pi) - squares(X, mu) / (2 * s * s) - X.shape[1] / 2 * np.log(2 * np.pi * s * s)
        q = q_of(j) if q is None or not once else q
        history.append(noted(q, j, X, s))
        before = mu
        mu = m_step_means(X, q) if "mu" in learn else mu
        pi = q.mean(0) + 1e-300 if "pi" in learn else pi
        s = m_step_sigma_g(X, q, before if old else mu) if "sigma_g" in learn else s
    if last:
        j = np.log(pi) - squares(X, mu) / (2 * s * s) - X.shape[1] / 2 * np.log(2 * np.pi * s * s)
        history = [*history[1:], np.logaddexp.reduce(j, axis=1).mean()]
    return mu, pi, s, np.array(history)


def _changed(**how):
    return lambda *args: _em(*args, **how)


def _noted_late(X, mu, pi, s, sweeps):
    history = []
    for _ in range(sweeps):
        q = e_step(X, mu, pi, s)
        mu, pi, s, _ = em(X, mu, pi, s, 1)
        log_joint = np.log(pi) - squares(X, mu) / (2 * s * s) - X.shape[1] / 2 * np.log(2 * np.pi * s * s)
        history.append((q * (log_joint - np.log(np.maximum(q, 1e-300)))).sum(1).mean())
    return mu, pi, s, np.array(history)


def _hard(j):
    return np.eye(j.shape[1])[j.argmax(1)]


def _em_inputs(rng, K, D):
    mu = 1.5 * rng.normal(size=(K, D))
    X = np.repeat(mu, 12, axis=0) + 0.8 * rng.normal(size=(12 * K, D))
    return X, mu + 0.4 * rng.normal(size=(K, D)), rng.dirichlet(np.full(K, 20.0)), 1.1, 5


EM = Task(
    name="em", title="The loop", points=5, solution=em, sizes="K D", inputs=_em_inputs, tolerance=1e-6,
    returns=("mu", "pi", "sigma_g", "history"),
    text=r"""Put the steps together: a sweep is the E-step for all data, then the M-step for $\mu$, $\pi$ and, with
the *new* means, $\sigma_g$. In between note the mean ELBO, with all its constants,

$$\frac1m \sum_{i=1}^m \sum_k q_{ik} \log \frac{\pi_k\, N(x^i; \mu_k, \sigma_g^2 I)}{q_{ik}}.$$

It may never fall from sweep to sweep: if yours does, one of the two steps is no argmax.""",
    hints=("Which of the tasks above are the lines of the loop? What is the ELBO when q is the posterior?",
           "In each sweep: the table of log π_k N(x; μ_k, σ_g² I), the posterior, the mean ELBO onto a list, then μ, "
           "π, and σ_g with the new μ. Right after the E-step the ELBO of a row is log p(x), the log of the sum of "
           "its joint."),
    play="""X = npvae.datasets.mixture(300, rng=3, components=5, sigma_g=0.3).train
mu, pi, sigma_g, history = em(X, X[:5], np.full(5, 0.2), 1.0, 60)
sigma_g, history[0], history[-1], np.diff(history).min()""",
    laws=[
        (lambda f, X, mu, pi, s, n: len(f(X, mu, pi, s, n)[3]) == n, "history does not have an entry for each sweep"),
        (lambda f, X, mu, pi, s, n: abs(f(X, mu, pi, s, n)[1].sum() - 1) < 1e-6, "pi does not sum to one"),
        (lambda f, X, mu, pi, s, n: same(f(X, mu, pi, s, 1)[3], em(X, mu, pi, s, 1)[3]),
         "in the first sweep the ELBO, noted after the E-step, is not the mean of log p(x)"),
        (lambda f, X, mu, pi, s, n: same(f(X, mu, pi, s, 1)[1], em(X, mu, pi, s, 1)[1]),
         "after one sweep pi is not the mean of the posteriors: is it the E-step, or the M-step of pi?"),
        (lambda f, X, mu, pi, s, n: same(f(X, mu, pi, s, 1)[0], em(X, mu, pi, s, 1)[0]),
         "after one sweep the means are not the weighted averages of the data: the M-step of mu is wrong"),
        (lambda f, X, mu, pi, s, n: same(f(X, mu, pi, s, 1)[2], em(X, mu, pi, s, 1)[2]),
         "after one sweep mu and pi are right and sigma_g is not: its M-step is wrong"),
        (lambda f, X, mu, pi, s, n: same(f(X, mu, pi, s, 2)[3], em(X, mu, pi, s, 2)[3]),
         "the first sweep is right, and the second does not go on from where it ended")],
    misconceptions=[
        mistake("old means in sigma_g", _changed(old=True),
                "sigma_g is computed with the means from before the M-step: with the new ones it is smaller, and the "
                "ELBO higher."),
        mistake("pi is never learned", _changed(learn=("mu", "sigma_g")), "pi is never learned: the M-step sets it, "
                                                                          "too."),
        mistake("sigma_g is never learned", _changed(learn=("mu", "pi")), "sigma_g is never learned: the M-step sets "
                                                                          "it, too."),
        mistake("the means alone are learned", _changed(learn=("mu",)),
                "pi and sigma_g are never learned: the M-step sets them, too."),
        mistake("one E-step", _changed(once=True), "the E-step is made once, before the loop: each sweep needs its "
                                                   "own q."),
        mistake("history of the sum", lambda X, *rest: (*em(X, *rest)[:3], len(X) * em(X, *rest)[3]),
                "history: it is the sum over the data: the mean is asked for, 1/m of it."),
        mistake("history without entropy", _changed(noted=lambda q, j, X, s: (q * j).sum(1).mean()),
                "history: log q is missing: this is the average of the log joint, without the entropy of q."),
        mistake("history without constants",
                _changed(noted=lambda q, j, X, s: (np.logaddexp.reduce(j, 1).mean()
                                                   + X.shape[1] / 2 * np.log(2 * np.pi * s * s))),
                "history: the density's constant −(D/2) log(2π sigma_g²) is missing, and sigma_g changes from sweep "
                "to sweep."),
        mistake("history without 2 pi",
                _changed(noted=lambda q, j, X, s: (np.logaddexp.reduce(j, 1).mean()
                                                   + X.shape[1] / 2 * np.log(2 * np.pi))),
                "history: the constant −(D/2) log 2π of the density is missing."),
        mistake("history with the constant of one dimension",
                _changed(noted=lambda q, j, X, s: (np.logaddexp.reduce(j, 1).mean()
                                                   + (X.shape[1] - 1) / 2 * np.log(2 * np.pi * s * s))),
                "history: the density's constant is that of one dimension: there is one for each of the D dimensions."),
        mistake("history after the M-step, with the old q", _noted_late,
                "history: the ELBO is noted after the M-step: it is asked for between the E-step and the M-step."),
        mistake("history after the M-step", _changed(last=True),
                "history: the ELBO is noted after the M-step: it is asked for between the E-step and the M-step."),
        mistake("the variance is returned", lambda *args: (*em(*args)[:2], em(*args)[2] ** 2, em(*args)[3]),
                "sigma_g: it is the variance, sigma_g²: its root is asked for."),
        mistake("variance for sigma", lambda X, mu, pi, s, sweeps: _variance_for_sigma(X, mu, pi, s, sweeps),
                "sigma_g: the M-step gives the variance, sigma_g², and the next E-step takes it for sigma_g: the root "
                "is missing."),
        mistake("hard", _changed(q_of=_hard), "the E-step is hard, argmax, as in K-means: q is the posterior, which "
                                              "leaves "
                "each label its share."),
        mistake("one q for all", _changed(q_of=lambda j: np.tile(softmax(j.mean(0), 0), (len(j), 1))),
                "all data share one q, solution 1: each x^i has a q of its own, and all means fall together like "
                "this."),
        mistake("a sweep too few", lambda X, mu, pi, s, sweeps: em(X, mu, pi, s, sweeps - 1),
                "it makes one sweep too few: history has to have an entry for each of the sweeps."),
        mistake("a sweep too many",
                lambda X, mu, pi, s, sweeps: em(X, mu, pi, s, sweeps + 1), "it makes one sweep too many.")])


def _variance_for_sigma(X, mu, pi, s, sweeps):
    history = []
    for _ in range(sweeps):
        mu, pi, s, noted = em(X, mu, pi, s, 1)
        history.append(noted[0])
        s = s**2
    return mu, pi, s, np.array(history)
