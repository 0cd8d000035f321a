r"""# 4 · Solution 1, one q for all: exercises

The board crosses it out, and here you compute why. First with $\theta$ held: the best $q$ that all data share, its
value, and what lies between one $q$ for all and a $q$ for each. Then over all $\theta$: the ceiling that no decoder
gets past, and the price in nats. `log_pxz` (m, K) holds $\log p_\theta(x^i, z = k)$."""

import numpy as np

from npvae.exercises.laws import same
from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task
from npvae.exercises.tasks.shifts import wrong_shifts


def log_sum(a, axis=0):
    """log of the sum of exp(a)."""
    return np.logaddexp.reduce(a, axis=axis)


def softmax(a, axis=-1):
    """exp(a), which sums to one along the axis."""
    return np.exp(a - np.logaddexp.reduce(a, axis=axis, keepdims=True))


def _table(rng, m, K):
    return 2 * rng.normal(size=(m, K)) + rng.normal(size=(m, 1)) - 3


# ---- θ held: the best shared q


def best_shared_q(log_pxz):
    """The q that is best for all data at once: it maximises the mean ELBO.

    log_pxz (m, K). Returns q (K,), which sums to one.
    """
    log_q = log_pxz.mean(0)                                     # q_k ∝ exp(mean_i log p(x^i, k))
    q = np.exp(log_q - log_q.max())
    return q / q.sum()


SHARED = Task(
    name="best_shared_q", title="The best q for all", points=2, solution=best_shared_q, sizes="m K",
    inputs=lambda rng, m, K: (_table(rng, m, K),),
    text=r"""With one $q$ for all data the mean ELBO is

$$\frac1m \sum_{i=1}^m \sum_k q_k \log \frac{p_\theta(x^i, k)}{q_k}
= \sum_k q_k \Big( \frac1m \sum_{i=1}^m \log p_\theta(x^i, k) \; - \; \log q_k \Big).$$

Compare the right side with the ELBO of a single datapoint: which $q$ maximises it?""",
    hints=("What stands in the place of log p(x, z)? The best q of a single datapoint is its posterior.",
           "Average log_pxz over the data, take the maximum off, exponentiate, and let it sum to one."),
    play="best_shared_q(np.log([[0.4, 0.1], [0.1, 0.4], [0.1, 0.2]]))",
    laws=[
        (lambda f, a: same(f(a).sum(), 1.0), "its numbers do not sum to one"),
        (lambda f, a: same(f(a + np.arange(len(a))[:, None]), f(a)),
         "it changes when a datapoint is more probable under all labels alike: that only adds to the ELBO"),
        (lambda f, a: same(f(np.tile(a, (2, 1))), f(a)), "it changes when each datapoint is there twice: logarithms "
                                                         "are "
         "averaged over the data"),
        (lambda f, a: same(f(a[:1]), softmax(a[0])), "for a single datapoint it is not its posterior"),
        (lambda f, a: same(f(a), best_shared_q(a)), "its mean ELBO is not the highest: the mean of log p(x, k) "
                                                    "counts, of "
         "all data alike")],
    misconceptions=[
        mistake("average of the posteriors", lambda a: softmax(a).mean(0),
                "it is the average of the posteriors: that is the best π, not the best q, which averages logarithms."),
        mistake("sum for mean", lambda a: softmax(a.sum(0)),
                "the logarithms are added up over the data, not averaged: q becomes far too sure."),
        mistake("log of the mean", lambda a: softmax(log_sum(a)),
                "it averages the densities p(x, k): the mean of their logarithms is what the ELBO has."),
        mistake("sum of the log posteriors", lambda a: softmax((a - log_sum(a, 1)[:, None]).sum(0)),
                "the log posteriors are added up over the data, not averaged: q becomes far too sure."),
        mistake("not normalised", lambda a: np.exp(a.mean(0)), "it is not normalised: q has to sum to one."),
        mistake("hard", lambda a: np.eye(a.shape[1])[a.mean(0).argmax()],
                "it is hard, 0 and 1: that loses the entropy, and the best q leaves each label its share."),
        mistake("logits", lambda a: a.mean(0), "these are the logits of q, not normalised: exponentiate, and let them "
                                               "sum to one."),
        mistake("logarithms divided", lambda a: a.mean(0) / a.mean(0).sum(),
                "it divides logarithms by their sum: exponentiate before you normalise."),
        mistake("votes", lambda a: np.bincount(a.argmax(1), minlength=a.shape[1]) / len(a),
                "it counts the votes, each datapoint for its argmax, hard: the logarithms are averaged instead."),
        mistake("one for each", softmax, "it is a q for each datapoint, its own posterior, of shape (m, K): all data "
                                         "share one "
                "here, of shape (K,)."),
        mistake("over the labels", lambda a: softmax(a.mean(1)), "it averages over the labels, axis 1: the data are "
                                                                 "axis 0."),
        mistake("divided by K", lambda a: softmax(a.sum(0) / a.shape[1]),
                "the sum over the data is divided by K: a mean over the data is divided by m."),
        mistake("underflow", lambda a: np.exp(a.mean(0)) / np.exp(a.mean(0)).sum(),
                "exp underflows to 0, and 0/0 is nan: take the maximum off first."),
        *wrong_shifts(lambda shift: lambda a: (e := np.exp(a.mean(0) - shift(a.mean(0), 0))) / e.sum(),
                      ("mean for greatest", "least for greatest", "absolute greatest"))],
    edges={"where one of many labels is far above the others": lambda rng: (
               np.array([[0.0] + 40 * [-735], [1] + 40 * [-735]]),),
           "where log p(x, z) is about −2000": lambda rng: (rng.normal(size=(4, 3)) - 2000,)})


def value_of_shared_q(log_pxz):
    """The mean ELBO, in nats, of the best q that all data share.

    log_pxz (m, K). Returns a number.
    """
    return np.logaddexp.reduce(log_pxz.mean(0))                 # log Σ_k exp(mean_i log p(x^i, k))


def _value_of(q_of):
    def value(a):
        q = q_of(a)
        return (q * (a.mean(0) - np.log(q))).sum()

    return value


VALUE = Task(
    name="value_of_shared_q", title="What it is worth", points=2, solution=value_of_shared_q, sizes="m K",
    inputs=lambda rng, m, K: (_table(rng, m, K),),
    text=r"""Put the best shared $q$ into the mean ELBO. Its logarithm is $\frac1m\sum_i \log p_\theta(x^i, k)$ less a
constant, and that constant is all that is left: a closed form without $q$. (Or compute $q$ first and then its ELBO:
the same number.)""",
    hints=("For a single datapoint the ELBO at the posterior is log p(x), the log of the sum of p(x, z). What is it "
           "here?",
           "The log of the sum over k of the exponentials of the mean logarithms, with the maximum taken out."),
    play="""log_pxz = np.log([[0.4, 0.1], [0.1, 0.4]])
value_of_shared_q(log_pxz), np.log(0.5)                         # below the mean of log p(x)""",
    laws=[
        (lambda f, a: f(a) < log_sum(a, 1).mean() + 1e-9, "it lies above the mean of log p(x), which no ELBO does"),
        (lambda f, a: same(f(a + 2), f(a) + 2), "with p(x, z) e² times as large it does not grow by 2"),
        (lambda f, a: same(f(a[:1]), log_sum(a[0])), "for a single datapoint it is not log p(x), which its own q "
                                                     "reaches"),
        (lambda f, a: same(f(np.tile(a, (2, 1))), f(a)), "it changes when each datapoint is there twice: it is a mean "
                                                         "over "
         "the data"),
        (lambda f, a: f(a) > value_of_shared_q(a) - 1e-9, "there is a shared q with a higher ELBO: this is not the "
                                                          "best one's")],
    misconceptions=[
        mistake("each its own", lambda a: log_sum(a, 1).mean(),
                "it is the mean of log p(x^i), which needs a q of its own for each datapoint: one shared q reaches "
                "less."),
        mistake("the best label", lambda a: a.mean(0).max(), "it is the best label alone, for a q that is sure of it: "
                                                             "the best q "
                "is less sure, and gains its entropy."),
        mistake("no entropy", lambda a: (best_shared_q(a) * a.mean(0)).sum(),
                "the entropy of q is missing: −log q is averaged, too."),
        mistake("plus log q", lambda a: (best_shared_q(a) * (a.mean(0) + np.log(best_shared_q(a)))).sum(),
                "log q has the wrong sign: the entropy is added, −log q."),
        mistake("sum for mean", lambda a: log_sum(a.sum(0)), "the logarithms are added up over the data: the mean is "
                                                             "asked for."),
        mistake("value of the sum", lambda a: len(a) * value_of_shared_q(a),
                "it is the sum over the data, m times too large: the mean is asked for."),
        mistake("log of the mean", lambda a: log_sum(log_sum(a) - np.log(len(a))),
                "it averages the densities p(x, k) over the data: the mean of their logarithms is what the ELBO has."),
        mistake("mean of all", lambda a: a.mean(),
                "it is the plain mean of all log p(x, z): over the labels their exponentials are summed, and the log "
                "taken."),
        mistake("mean over the labels", lambda a: value_of_shared_q(a) - np.log(a.shape[1]),
                "it is a mean over the K labels: p(x, z) is summed over z."),
        mistake("average of the posteriors", _value_of(lambda a: softmax(a).mean(0)),
                "it is the ELBO of the average of the posteriors, which is not the best shared q."),
        mistake("uniform q", lambda a: a.mean() + np.log(a.shape[1]), "it is the ELBO of a uniform q, which is not "
                                                                      "the best one."),
        mistake("underflow", lambda a: np.log(np.exp(a.mean(0)).sum()),
                "exp underflows to 0, and log 0 is -inf: take the maximum out first."),
        *wrong_shifts(lambda shift: lambda a: np.log(np.exp(a.mean(0) - shift(a.mean(0), 0)).sum()) + shift(
            a.mean(0), 0)[0], ("mean for greatest", "least for greatest", "absolute greatest"))],
    edges={"where one of many labels is far above the others": lambda rng: (
               np.array([[0.0] + 40 * [-735], [1] + 40 * [-735]]),),
           "where log p(x, z) is about −2000": lambda rng: (rng.normal(size=(4, 3)) - 2000,)})

# ---- between one for all and one for each


def q_for_groups(log_pxz, group):
    """The best q that is one and the same within each group of data.

    log_pxz (m, K); group (m,) holds integers, the same for data of the same group, in any order. Returns q (m, K): the
    row of each datapoint's group.
    """
    q = np.empty(log_pxz.shape)
    for label in np.unique(group):
        log_q = log_pxz[group == label].mean(0)
        q[group == label] = np.exp(log_q - log_q.max())
    return q / q.sum(1, keepdims=True)


def _grouped(rng, K):
    return _table(rng, 12, K), rng.permutation(np.arange(12) % 3 + (np.arange(12) == 11))


def _each(f):
    def groups(a, group):
        q = np.empty(a.shape)
        for label in np.unique(group):
            q[group == label] = f(a[group == label], group)
        return q

    return groups


GROUPS = Task(
    name="q_for_groups", title="Between one q for all and one for each", points=3, solution=q_for_groups, sizes="K",
    inputs=_grouped,
    text=r"""Between the two lies a $q$ for each *group* $G$ of data, e.g. of all images of the same digit:

$$q_{ik} \propto \exp\Big( \frac{1}{|G_i|} \sum_{j \in G_i} \log p_\theta(x^j, k) \Big), \qquad G_i \text{ the group
of } i.$$

One group is solution 1, and $m$ groups of one are variational EM. An encoder will find the groups by itself.""",
    hints=("How do you pick the rows of one group, and how do you write one row to all of them?",
           "A loop over np.unique(group): group == label picks rows, to read and to assign. Within, the task before "
           "last."),
    play="""log_pxz = np.log([[0.4, 0.1], [0.1, 0.4], [0.3, 0.1]])
q_for_groups(log_pxz, np.array([7, 3, 7])).round(3)""",
    laws=[
        (lambda f, a, g: same(f(a, g).sum(1), np.ones(len(a))), "its rows do not sum to one"),
        (lambda f, a, g: all(same(f(a, g)[g == n], np.tile(f(a, g)[g == n][:1], ((g == n).sum(), 1))) for n in set(g)),
         "within a group the rows are not the same"),
        (lambda f, a, g: same(f(a, np.arange(len(a))), softmax(a)), "where each datapoint is a group of its own it is "
                                                                    "not the "
         "posterior"),
        (lambda f, a, g: same(f(a, 0 * g), np.tile(best_shared_q(a), (len(a), 1))),
         "where all data are one group it is not the best shared q"),
        (lambda f, a, g: same(f(np.where((g == g[0])[:, None], a, a + np.arange(a.shape[1])), g)[0], f(a, g)[0]),
         "a group's q depends on the data of other groups")],
    misconceptions=[
        mistake("divided by m", _each(lambda a, g: softmax(a.sum(0) / len(g))),
                "the sum over a group is divided by m: the mean of a group is divided by its own size."),
        mistake("average of the posteriors", _each(lambda a, g: softmax(a).mean(0)),
                "it is the average of the posteriors of each group: the best q averages the logarithms."),
        mistake("one for all", lambda a, g: np.tile(softmax(a.mean(0)), (len(a), 1)),
                "all data have the same q: each group has its own."),
        mistake("one for each", lambda a, g: softmax(a), "each datapoint has its own posterior: within a group q is "
                                                         "the same."),
        mistake("sum for mean", _each(lambda a, g: softmax(a.sum(0))),
                "the logarithms of a group are added up, not averaged: q becomes far too sure."),
        mistake("log of the mean", _each(lambda a, g: softmax(log_sum(a))),
                "it averages the densities p(x, k) of a group: the mean of their logarithms is what the ELBO has."),
        mistake("not normalised", _each(lambda a, g: np.exp(a.mean(0))), "the rows are not normalised: each has to "
                                                                         "sum to one."),
        *wrong_shifts(lambda shift: _each(lambda a, g: (
            p := np.exp(a.mean(0) - shift(a.mean(0), 0))) / p.sum()), ("mean for greatest", "least for greatest")),
        mistake("first of the group", _each(lambda a, g: softmax(a[0])),
                "each group has the posterior of its first datapoint: the mean over all of the group is asked for."),
        mistake("last of the group", _each(lambda a, g: softmax(a[-1])),
                "each group has the posterior of its last datapoint: the mean over all of the group is asked for."),
        mistake("hard", _each(lambda a, g: np.eye(a.shape[1])[a.mean(0).argmax()]),
                "it is hard, 0 and 1: the best q leaves each label its share."),
        mistake("rows by group", lambda a, g: np.concatenate([np.tile(softmax(a[g == n].mean(0)), ((g == n).sum(), 1))
                                                              for n in np.unique(g)]),
                "the rows are in the order of the groups: row i belongs to datapoint i."),
        mistake("one row for each group", lambda a, g: np.array([softmax(a[g == n].mean(0)) for n in np.unique(g)]),
                "it has one row for each group: expected a row for each datapoint, shape (m, K)."),
        *(mistake("groups counted from 0", lambda a, g, r=r: _counted(a, g, r),
                  "groups are taken to be numbered 0, 1, 2, …: they are any integers, so go over np.unique(group).")
          for r in (lambda g: range(len(np.unique(g))), lambda g: range(g.max()), lambda g: range(1, g.max() + 1)))],
    edges={"where the groups are called 20, 7 and 3": lambda rng: (_table(rng, 6, 3), np.array([20, 3, 7, 20, 3, 3])),
           "where one label is far above the others": lambda rng: (np.array([[0.0, -2000, -2000], [1, -800, -400.0]]),
                                                                   np.array([0, 1])),
           "where the groups are called −1 and 0": lambda rng: (_table(rng, 4, 3), np.array([-1, 0, -1, 0])),
           "where log p(x, z) is about −2000": lambda rng: (rng.integers(-9, 9, (4, 3)) / 4 - 2000,
                                                            np.array([0, 0, 1, 1]))})


def _counted(a, g, numbers):
    q = np.zeros(a.shape)
    for label in numbers(g):
        if (g == label).any():
            q[g == label] = softmax(a[g == label].mean(0))
    return q


# ---- over all θ: the ceiling


def shared_ceiling(X):
    """The highest mean ELBO, in nats, that any decoder reaches with one q for all data.

    X (m, D). Returns a number.
    """
    D, V = X.shape[1], X.var(0).mean()                          # V = Σ_i ‖x^i − x̄‖²/(mD)
    return -D / 2 * (np.log(2 * np.pi * V) + 1)


def _ceiling(D, V):
    return -D / 2 * (np.log(2 * np.pi * V) + 1)


CEILING = Task(
    name="shared_ceiling", title="The ceiling", points=2, solution=shared_ceiling, sizes="D",
    inputs=lambda rng, D: (rng.normal(size=(20, D)) * rng.uniform(0.5, 2, D) + 2 * rng.normal(size=D),),
    text=r"""The best that a decoder can do for one shared $q$ is to hit the mean $\bar x$, whatever $z$ is. Then

$$\frac1m \sum_i L(q, x^i, \theta) \le -\frac D2 \log 2\pi\sigma_g^2 - \frac{DV}{2\sigma_g^2}
\le -\frac D2 \big(\log 2\pi V + 1\big), \qquad V = \frac{1}{mD} \sum_{i=1}^m \|x^i - \bar x\|^2.$$""",
    hints=("What is V for D = 1? Which mean is taken off in each dimension?",
           "V averages the squared deviations from the column means over data and dimensions; then one line."),
    play="""X = npvae.datasets.digits().train
shared_ceiling(X), npvae.shared_ceiling(X)""",
    terms={"the constant −(D/2) log 2π": lambda X: -X.shape[1] / 2 * np.log(2 * np.pi),
           "the term −(D/2) log V": lambda X: -X.shape[1] / 2 * np.log(X.var(0).mean()),
           "the term −D/2": lambda X: -X.shape[1] / 2},
    laws=[
        (lambda f, X: same(f(X + 2), f(X)), "it changes when all data are moved: V measures their distance from their "
                                            "mean"),
        (lambda f, X: same(f(3 * X), f(X) - X.shape[1] * np.log(3)),
         "with data three times as large it does not fall by D log 3, as the log of a density does"),
        (lambda f, X: same(f(np.tile(X, (2, 1))), f(X)), "it changes when each datapoint is there twice: it is a mean "
                                                         "over the "
         "data"),
        (lambda f, X: same(f(np.repeat(X, 2, 1)), 2 * f(X)), "with each dimension there twice it is not doubled"),
        (lambda f, X: same(f(X / np.sqrt(X.var(0).mean())), -X.shape[1] / 2 * (np.log(2 * np.pi) + 1)),
         "for V = 1 it is not that of a standard normal, −(D/2)(log 2π + 1)")],
    misconceptions=[
        mistake("one dimension", lambda X: _ceiling(1, X.var(0).mean()), "the factor D is missing: it is the ceiling "
                                                                         "of one dimension."),
        mistake("of all data", lambda X: _ceiling(X.size, X.var(0).mean()),
                "it is that of all data added up, m times too large: the mean over the data is asked for."),
        mistake("a V for each dimension", lambda X: -0.5 * (np.log(2 * np.pi * X.var(0)) + 1).sum(),
                "each dimension has a variance of its own: the model has one sigma_g for all, so average them before "
                "the log."),
        mistake("V summed", lambda X: _ceiling(X.shape[1], X.var(0).sum()),
                "V is summed over the dimensions: it is a mean over data and dimensions."),
        mistake("standard deviation", lambda X: _ceiling(X.shape[1], X.std(0).mean()),
                "V is an average of standard deviations: it averages their squares, the variances."),
        mistake("root of V", lambda X: _ceiling(X.shape[1], np.sqrt(X.var(0).mean())),
                "the root of V stands where V, the variance, belongs: squares are not undone."),
        mistake("divided by m - 1", lambda X: _ceiling(X.shape[1], X.var(0, ddof=1).mean()),
                "V is divided by m − 1: the maximum of the likelihood has 1/m."),
        mistake("not centred", lambda X: _ceiling(X.shape[1], (X**2).mean()),
                "the mean is not subtracted: V measures the distance from x̄."),
        mistake("one mean for all dimensions", lambda X: _ceiling(X.shape[1], X.var()),
                "one mean of all numbers is subtracted, as X.var() does: each dimension, a column, has its own mean."),
        mistake("a mean for each row", lambda X: _ceiling(X.shape[1], X.var(1).mean()),
                "the mean of each row is subtracted: x̄ is the mean over the data, of each column."),
        mistake("a full Gaussian",
                lambda X: -0.5 * (np.linalg.slogdet(2 * np.pi * np.cov(X.T, bias=True))[1] + X.shape[1]),
                "it is that of a Gaussian with a full covariance: the decoder's noise is sigma_g² I, one number.")])

# ---- the price


def price(X, K):
    """How many nats a shared q gives away, with a linear decoder of K latent dimensions.

    X (m, D), K < D. Returns a number, not negative.
    """
    eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]          # λ_1 ≥ … ≥ λ_D
    D, s2 = X.shape[1], eigenvalues[K:].mean()
    return 0.5 * (D * np.log(eigenvalues.mean()) - np.log(eigenvalues[:K]).sum() - (D - K) * np.log(s2))


def _price(X, K, v=None, V=None, head=None, s2=None, factor=None):
    v, D = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1] if v is None else v, X.shape[1]
    V, s2 = (V or np.mean)(v), (s2 or (lambda v: v[K:].mean()))(v)
    head = (head or (lambda v: np.log(v[:K]).sum()))(v)
    return 0.5 * (D * np.log(V) - head - (D - K if factor is None else factor) * np.log(s2))


PRICE = Task(
    name="price", title="The price", points=3, solution=price, sizes="D", returns=("the price",),
    inputs=lambda rng, D: (rng.normal(size=(30, D)) @ rng.normal(size=(D, D)) + rng.normal(size=D), 2 if D > 3 else 1),
    text=r"""For a linear decoder the best with own (or amortized) $q_i$ is known, too: probabilistic PCA's maximum
likelihood. With $\lambda_1 \ge \dots \ge \lambda_D$ the eigenvalues of the data's covariance, $V$ their mean and
$s^2$ the mean of those after the $K$-th, the difference is

$$\text{price} = \tfrac12 \Big[ D \log V - \sum_{j \le K} \log \lambda_j - (D - K) \log s^2 \Big].$$""",
    hints=("In which order does np.linalg.eigvalsh return them? What is the price when all eigenvalues are the same?",
           "Eigenvalues of np.cov(X.T, bias=True), largest first; three terms, and a half."),
    play="""X = npvae.datasets.digits().train[:, 20:30]
best = npvae.log_marginal(npvae.maximum_likelihood_ppca(X, 2), X).mean()
price(X, 2), best - npvae.shared_ceiling(X)""",
    terms={"the term (D/2) log V": lambda X, K: X.shape[1] / 2 * np.log(X.var(0).mean()),
           "the sum of log λ_j": lambda X, K: -0.5 * np.log(np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1][:K]).sum(),
           "the noise's term (D − K) log s²": lambda X, K: -(X.shape[1] - K) / 2 * np.log(
               np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1][K:].mean())},
    laws=[
        (lambda f, X, K: f(X, K) > -1e-9, "it is negative: own q are never worse than a shared one"),
        (lambda f, X, K: same(f(X + 2, K), f(X, K)), "it changes when all data are moved: the covariance does not"),
        (lambda f, X, K: same(f(3 * X, K), f(X, K)), "it changes when the data are three times as large: a price in "
                                                     "nats is a "
         "ratio of variances"),
        (lambda f, X, K: same(f(np.concatenate([np.eye(X.shape[1]), -np.eye(X.shape[1])]), K), 0.0),
         "where all eigenvalues are the same it is not 0"),
        (lambda f, X, K: same(f(np.tile(X, (2, 1)), K), f(X, K)), "it changes when each datapoint is there twice"),
        (lambda f, X, K: same(f(X, 0), 0.0), "with K = 0, without a latent variable, it is not 0")],
    misconceptions=[
        mistake("no half", lambda X, K: 2 * price(X, K), "the half is missing: it is twice the price."),
        mistake("smallest first", lambda X, K: _price(X, K, np.linalg.eigvalsh(np.cov(X.T, bias=True))),
                "the smallest eigenvalues are taken for the largest: np.linalg.eigvalsh returns them in ascending "
                "order."),
        mistake("no noise", lambda X, K: _price(X, K, factor=0), "the noise's term, (D − K) log s², is missing."),
        mistake("D for D - K", lambda X, K: _price(X, K, factor=X.shape[1]),
                "log s² counts D times: it stands for the D − K dimensions that are left over."),
        mistake("K for D - K", lambda X, K: _price(X, K, factor=K),
                "log s² counts K times: it stands for the D − K dimensions that are left over."),
        mistake("all eigenvalues on their own", lambda X, K: _price(X, K, head=lambda v: np.log(v).sum(), factor=0),
                "all eigenvalues count on their own, a full Gaussian: those after the K-th are replaced by their mean "
                "s²."),
        mistake("log of the sum", lambda X, K: _price(X, K, head=lambda v: np.log(v[:K].sum())),
                "it is the log of the sum of the first K eigenvalues: their logarithms are summed."),
        mistake("log of the mean", lambda X, K: _price(X, K, head=lambda v: K * np.log(v[:K].mean())),
                "the first K eigenvalues are averaged before the log: each has its own logarithm."),
        mistake("s2 summed", lambda X, K: _price(X, K, s2=lambda v: v[K:].sum()),
                "s² is the sum of the eigenvalues after the K-th: it is their mean."),
        mistake("s2 over D", lambda X, K: _price(X, K, s2=lambda v: v[K:].sum() / len(v)),
                "s² is divided by D: D − K eigenvalues are left over, and their mean is asked for."),
        mistake("one eigenvalue for s2", lambda X, K: _price(X, K, s2=lambda v: v[K]),
                "s² is the (K + 1)-th eigenvalue alone: it is the mean of all after the K-th."),
        mistake("roots of the eigenvalues",
                lambda X, K: _price(X, K, np.sqrt(np.linalg.eigvalsh(np.cov(X.T, bias=True)))[::-1]),
                "the roots of the eigenvalues are taken: λ are variances, as they are."),
        mistake("V summed", lambda X, K: _price(X, K, V=np.sum), "V is the sum of the eigenvalues: it is their mean."),
        mistake("standard deviation for s2", lambda X, K: _price(X, K, s2=lambda v: np.sqrt(v[K:].mean())),
                "the root of s² stands where s², a variance, belongs."),
        mistake("not centred", lambda X, K: _price(X, K, np.linalg.eigvalsh(X.T @ X / len(X))[::-1]),
                "X is not centred: the covariance is that of x minus its mean."),
        mistake("correlation", lambda X, K: _price(X, K, np.linalg.eigvalsh(np.corrcoef(X.T))[::-1]),
                "these are the eigenvalues of the correlation: the scale of each dimension counts, so take the "
                "covariance."),
        mistake("of all data", lambda X, K: len(X) * price(X, K),
                "it is the price of all data added up, m times too large: that of one datum, the mean, is asked for.")])

TASKS = [SHARED, VALUE, GROUPS, CEILING, PRICE]
