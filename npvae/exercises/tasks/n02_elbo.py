r"""# 2 · The ELBO: exercises

Where $z$ is one of $K$ labels, every integral is a sum that you can write in a line. Here you write the posterior,
the KL, the ELBO in both its forms, what it lacks of $\log p_\theta(x)$, and the slope along which it is climbed. Rows
are data, columns are labels; $0 \log 0 = 0$ everywhere."""

import numpy as np

from npvae.exercises.laws import same
from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task
from npvae.exercises.tasks.shifts import wrong_shifts

SMALL = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)        # added where nothing should be


def distributions(rng, B, K):
    """B rows of K probabilities, none of them 0."""
    return rng.dirichlet(np.full(K, 1.5), size=B) * 0.98 + 0.02 / K


def some_zeros(rng, B=4, K=4):
    """Rows of probabilities with zeros in different places."""
    q = distributions(rng, B, K) * (rng.random((B, K)) < 0.6)
    q[np.arange(B), np.arange(B) % K] = 0.5
    q[0] = np.eye(K)[0]
    return q / q.sum(1, keepdims=True)


def log0(q):
    """log q, and 0 where q is 0: for sums of q log q."""
    return np.log(np.where(q > 0, q, 1))


def softmax(a):
    """exp(a) with rows that sum to one."""
    return np.exp(a - np.logaddexp.reduce(a, axis=1, keepdims=True))


def log_sum(a):
    """log of the sum of exp(a) over each row."""
    return np.logaddexp.reduce(a, axis=1)


def _sure(q):
    # rows that are sure of the first label
    return np.tile(np.eye(q.shape[1])[0], (len(q), 1))


# ---- Bayes


def posterior(log_pi, log_px_z):
    """p(z|x) of each row by Bayes' rule.

    log_pi (K,) is log p(z), log_px_z (B, K) is log p(x|z) for B data and K labels. Returns (B, K), rows sum to one.
    """
    log_joint = log_pi + log_px_z                               # (B, K)
    p = np.exp(log_joint - log_joint.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def _bayes_inputs(rng, B, K):
    return np.log(distributions(rng, 1, K)[0]), 2 * rng.normal(size=(B, K)) - 1


BAYES = Task(
    name="posterior", title="Bayes' rule", points=2, solution=posterior, sizes="B K", inputs=_bayes_inputs,
    text=r"""What each label contributes to $p_\theta(x)$ is its posterior probability:

$$p_\theta(z|x) = \frac{p(z)\, p_\theta(x|z)}{\sum_{k=1}^K p(k)\, p_\theta(x|k)}.$$

Both factors come as logarithms, some of them about −2000. A constant taken off a row's logarithms cancels in the
quotient.""",
    hints=("What are the logarithms of numerator and denominator made of? Which constant may be taken off?",
           "Add the two logarithms, take the row's maximum off, exponentiate, divide by the row's sum."),
    play="posterior(np.log([0.5, 0.3, 0.2]), -0.5 * (1.2 - np.array([[-2.0, 0.0, 2.0]])) ** 2)",
    laws=[
        (lambda f, p, j: same(f(p, j).sum(1), np.ones(len(j))), "its rows do not sum to one"),
        (lambda f, p, j: same(f(p, j + 2), f(p, j)), "it changes when p(x|z) is e² times as large for all z: that "
                                                     "cancels"),
        (lambda f, p, j: same(f(p, 0 * j), np.tile(np.exp(p), (len(j), 1))), "where x says nothing about z it is not "
                                                                             "the prior"),
        (lambda f, p, j: same(f(np.full(len(p), -np.log(len(p))), j), softmax(j)),
         "with a uniform prior it is not in proportion to p(x|z)"),
        (lambda f, p, j: same(f(p, j)[:1], f(p, j[:1])), "a row's posterior depends on the other rows")],
    misconceptions=[
        mistake("no prior", lambda p, j: softmax(j), "the prior is not used: the joint is p(z) p(x|z)."),
        mistake("prior not in logarithms", lambda p, j: softmax(np.exp(p) + j),
                "the prior is added as a probability: to log p(x|z) add its logarithm, which log_pi is already."),
        mistake("log of the logarithm", lambda p, j: softmax(np.log(np.abs(p)) + j),
                "a logarithm is taken of log_pi, which is one already."),
        mistake("probabilities added",
                lambda p, j: (np.exp(p) + np.exp(j)) / (np.exp(p) + np.exp(j)).sum(1, keepdims=True),
                "prior and likelihood are added: they multiply, so their logarithms add up."),
        mistake("divided by the prior", lambda p, j: softmax(j - p), "it divides by the prior: a joint is a product."),
        mistake("normalised over the data", lambda p, j: softmax((p + j).T).T,
                "its columns sum to one: each row, a datapoint, has a posterior that sums to one over z, the last "
                "axis."),
        mistake("normalised over all", lambda p, j: np.exp(p + j - np.logaddexp.reduce((p + j).ravel())),
                "all its numbers together sum to one: each row sums to one on its own."),
        mistake("not normalised", lambda p, j: np.exp(p + j),
                "it is the joint p(x, z), not normalised: divide by p(x), so that each row sums to one."),
        mistake("normalised by the maximum", lambda p, j: np.exp(p + j - (p + j).max(1, keepdims=True)),
                "the rows do not sum to one: it divides by the greatest term, and not by the sum."),
        mistake("logarithms multiplied", lambda p, j: softmax(p * j),
                "the logarithms are multiplied: prior and likelihood multiply, so their logarithms add up."),
        mistake("normalised by the likelihood", lambda p, j: np.exp(p + j - log_sum(j)[:, None]),
                "it is divided by the sum of p(x|z), without the prior: the rows do not sum to one."),
        mistake("logarithms divided", lambda p, j: (p + j) / (p + j).sum(1, keepdims=True),
                "it divides logarithms by their sum: exponentiate before you normalise."),
        mistake("hard", lambda p, j: np.eye(len(p))[(p + j).argmax(1)],
                "it is hard, 0 and 1: the posterior leaves each label its share."),
        mistake("underflow", lambda p, j: np.exp(p + j) / np.exp(p + j).sum(1, keepdims=True),
                "exp underflows to 0, or overflows, and 0/0 is nan: take the row's maximum off first."),
        *(mistake("a small number added", lambda p, j, e=e: np.exp(p + j) / (np.exp(p + j).sum(1, keepdims=True) + e),
                  "a small number in the denominator hides an underflow: the rows do not sum to one any more. Take "
                  "the row's maximum off first.") for e in (*SMALL, 1e-8, 1e-10, 1e-12, 1e-16, 1e-300)),
        *wrong_shifts(lambda shift: lambda p, j: (e := np.exp(p + j - shift(p + j, 1))) / e.sum(1, keepdims=True))],
    edges={"where log p(x|z) is about −2000, or +900": lambda rng: (
               np.log([0.5, 0.3, 0.2]), rng.normal(size=(3, 3)) + np.array([[-2000], [900], [0]])),
           "where one label is far above the others": lambda rng: (
               np.log([0.5, 0.3, 0.2]), np.array([[0.0, -2000, -2000], [-800, 1, -400]])),
           "where log p(x|z) is about −2000": lambda rng: (np.log([0.5, 0.3, 0.2]), rng.normal(size=(3, 3)) - 2000),
           "where log p(x|z) is about +900": lambda rng: (np.log([0.5, 0.3, 0.2]), rng.normal(size=(3, 3)) + 900)})

# ---- KL


def kl_discrete(q, p):
    """KL(q ‖ p) of each row, in nats; a label with q = 0 counts nothing, and where only p is 0 it is inf.

    q and p are (B, K), rows sum to one. Returns (B,).
    """
    seen = q > 0                                                # 0 log 0 = 0
    with np.errstate(divide="ignore"):
        log_ratio = np.log(np.where(seen, q, 1)) - np.log(np.where(seen, p, 1))
    return (q * log_ratio).sum(1)


def _adding(e):
    # the usual ways of adding a small number
    said = (f"a small number, {e:g}, is added inside the logarithm: that changes the KL everywhere, and hides that it "
            "is infinite where p alone is 0. Leave out the terms with q = 0 instead.")
    return [mistake("a small number added", f, said) for f in (
        lambda q, p: (q * np.log((q + e) / (p + e))).sum(1), lambda q, p: (q * np.log(q / (p + e) + e)).sum(1),
        lambda q, p: (q * np.log(q / p + e)).sum(1), lambda q, p: (q * np.log((q + e) / p)).sum(1),
        lambda q, p: (q * np.log(q / (p + e))).sum(1))]


KL = Task(
    name="kl_discrete", title="A KL", points=2, solution=kl_discrete, sizes="B K",
    inputs=lambda rng, B, K: (distributions(rng, B, K), distributions(rng, B, K)),
    text=r"""$$KL(q \,\|\, p) = \sum_{z=1}^K q(z) \log \frac{q(z)}{p(z)}, \qquad 0 \log 0 = 0.$$

It is never negative, and infinite where $q$ believes in a label that $p$ excludes.""",
    hints=("In which direction is the average taken, under q or under p? What does NumPy make of 0 · log 0?",
           "np.where(q > 0, …, …) chooses what stands inside the logarithm, so that a term with q = 0 is 0 · log 1."),
    play="kl_discrete(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.9, 0.1], [0.5, 0.5]]))",
    terms={"the average of log q under q": lambda q, p: (q * log0(q)).sum(1),
           "the average of −log p under q": lambda q, p: -(q * np.log(p)).sum(1)},
    laws=[
        (lambda f, q, p: (f(q, p) > -1e-9).all(), "it is negative somewhere, and a KL never is"),
        (lambda f, q, p: same(f(q, q), np.zeros(len(q))), "the KL of q to itself is not 0"),
        (lambda f, q, p: same(f(q[:, ::-1], p[:, ::-1]), f(q, p)), "it depends on the order of the labels"),
        (lambda f, q, p: same(f(np.repeat(q, 2, 1) / 2, np.repeat(p, 2, 1) / 2), f(q, p)),
         "it changes when each label is cut into two halves: the logarithm of the ratio is averaged under q"),
        (lambda f, q, p: same(f(_sure(q), p), -np.log(p[:, 0])), "where q is sure of a label it is not −log p of that "
                                                                 "label, "
         "as the average under q of the log of the ratio is")],
    misconceptions=[
        mistake("the other way round", lambda q, p: kl_discrete(p, q),
                "it is KL(p ‖ q), the other way round: the average is taken under q."),
        mistake("not weighted", lambda q, p: (log0(q) - np.log(p)).sum(1),
                "the log ratios are not weighted: each counts q(z) times."),
        mistake("symmetric", lambda q, p: (kl_discrete(q, p) + kl_discrete(p, q)) / 2,
                "it is the average of both directions: a KL is not symmetric, and KL(q ‖ p) is asked for."),
        mistake("both directions", lambda q, p: kl_discrete(q, p) + kl_discrete(p, q),
                "it is the sum of both directions: a KL is not symmetric, and KL(q ‖ p) is asked for."),
        mistake("no logarithm", lambda q, p: (q * q / p).sum(1),
                "the logarithm is missing: without it this is one plus chi squared, a slip that the board has, too."),
        mistake("log of the average", lambda q, p: np.log((q * q / p).sum(1)),
                "it is the log of the average ratio: the logarithms of the ratios are averaged."),
        mistake("a squared distance", lambda q, p: ((q - p) ** 2).sum(1),
                "it is a squared distance, no KL: that averages the log of the ratio under q."),
        mistake("a difference of entropies", lambda q, p: (q * log0(q)).sum(1) - (p * log0(p)).sum(1),
                "it is the difference of two entropies: log p, too, is averaged under q."),
        mistake("logarithms divided", lambda q, p: (q * np.log(q) / np.log(p)).sum(1),
                "it divides the logarithms: log(q/p) is log q − log p."),
        mistake("an absolute distance", lambda q, p: np.abs(q - p).sum(1),
                "it is an absolute distance, no KL: that averages the log of the ratio under q."),
        mistake("under p", lambda q, p: (p * np.log(q / p)).sum(1),
                "the average is taken under p: the weights are q, the first of the two."),
        mistake("base 2", lambda q, p: kl_discrete(q, p) / np.log(2), "it is in bits: np.log gives nats, np.log2 does "
                                                                      "not."),
        mistake("mean over z", lambda q, p: kl_discrete(q, p) / q.shape[1],
                "it is the mean over z: the weights q make the average already, so take the sum."),
        mistake("an absolute value", lambda q, p: (q * np.abs(np.log(q / p))).sum(1),
                "the logarithms are made positive one by one: only their average under q is never negative."),
        mistake("infinity hidden", lambda q, p: np.where((q > 0) & (p > 0), q * np.log(q / p), 0).sum(1),
                "where p is 0 and q is not, the term is left out: the KL is inf there, since p excludes what q "
                "believes in."),
        mistake("nan_to_num", lambda q, p: np.nan_to_num(q * np.log(q / p)).sum(1),
                "where p is 0 and q is not, nan_to_num hides that the KL is inf."),
        mistake("0 log 0", lambda q, p: (q * np.log(q / p)).sum(1),
                "where q is 0 it is nan: NumPy makes nan of 0 log 0, which is 0 here."),
        *(entry for e in SMALL for entry in _adding(e))],
    edges={"where q is 0": lambda rng: (some_zeros(rng), distributions(rng, 4, 4)),
           "where q and p are 0": lambda rng: 2 * (some_zeros(rng),),
           "where p is 0 and q is not": lambda rng: (distributions(rng, 4, 4), some_zeros(rng))})

# ---- the ELBO


def elbo_discrete(q, log_pxz):
    """The ELBO of each row, in nats.

    q (B, K) are probabilities, rows sum to one; log_pxz (B, K) is log p(x, z). Returns (B,).
    """
    log_q = np.log(np.where(q > 0, q, 1))                       # 0 log 0 = 0
    return (q * (log_pxz - log_q)).sum(1)


ELBO = Task(
    name="elbo_discrete", title="The ELBO", points=2, solution=elbo_discrete, sizes="B K",
    inputs=lambda rng, B, K: (distributions(rng, B, K), 2 * rng.normal(size=(B, K)) - 3),
    text=r"""The lecture's sum, for any $q$ that you like:

$$L(q, x, \theta) = \sum_z q(z) \log \frac{p_\theta(x, z)}{q(z)}, \qquad 0 \log 0 = 0.$$""",
    hints=("It is an average under q of a difference of two logarithms, one of which you are given.",
           "Take care of q = 0 inside the logarithm by np.where; then one product and one sum over the last axis."),
    play="""log_pxz = np.log([[0.05, 0.02, 0.09]])
elbo_discrete(np.full((1, 3), 1 / 3), log_pxz), np.log(0.16)            # below log p(x)""",
    terms={"the average of log p(x, z)": lambda q, j: (q * j).sum(1),
           "the entropy": lambda q, j: -(q * log0(q)).sum(1)},
    laws=[
        (lambda f, q, j: (f(q, j) < log_sum(j) + 1e-7).all(), "it lies above log p(x) somewhere: it is no lower bound"),
        (lambda f, q, j: same(f(softmax(j), j), log_sum(j)), "at the posterior it is not log p(x)"),
        (lambda f, q, j: same(f(q, j + 2), f(q, j) + 2), "with p(x, z) e² times as large it does not grow by 2, as "
                                                         "log p(x) does"),
        (lambda f, q, j: same(f(_sure(q), j), j[:, 0]), "where q is sure of a label it is not log p(x, z) of that "
                                                        "label")],
    misconceptions=[
        mistake("log p(x)", lambda q, j: np.logaddexp.reduce(j, axis=1),
                "it is log p(x), whatever q is: the ELBO depends on q, and is log p(x) only at the posterior."),
        mistake("log of the average", lambda q, j: np.log((q * np.exp(j)).sum(1)),
                "it is the log of an average: the logarithms log p(x, z) are averaged under q, not p(x, z)."),
        mistake("the posterior for the joint", lambda q, j: (q * (np.log(softmax(j)) - log0(q))).sum(1),
                "log p(z|x) stands where log p(x, z) belongs: the joint is not normalised."),
        mistake("log of the average ratio", lambda q, j: np.log((q * np.exp(j) / q).sum(1)),
                "it is the log of the average of p(x, z)/q(z), which is log p(x) for any q: the logarithms are "
                "averaged."),
        mistake("no entropy", lambda q, j: (q * j).sum(1),
                "the entropy of q is missing: the average of log p(x, z) − log q(z) is asked for."),
        mistake("log p(x) plus the KL", lambda q, j: 2 * log_sum(j) - elbo_discrete(q, j),
                "the KL to the posterior is added to log p(x): it is what the ELBO lacks, so it is subtracted."),
        mistake("a KL the other way round",
                lambda q, j: log_sum(j) - (softmax(j) * (np.log(softmax(j)) - np.log(q))).sum(1),
                "it is log p(x) − KL(posterior ‖ q), the KL the other way round: it is averaged under q."),
        mistake("a plain average", lambda q, j: (j - np.log(q)).mean(1),
                "it is the plain average over z: each label counts q(z) times."),
        mistake("log of the sum of the ratios", lambda q, j: np.log((np.exp(j) / q).sum(1)),
                "it is the log of the sum of the ratios: their logarithms are averaged under q."),
        mistake("entropy of a uniform q", lambda q, j: (q * j).sum(1) + np.log(q.shape[1]),
                "log K is added, the entropy of a uniform q: the entropy of this q is asked for."),
        mistake("plus log q", lambda q, j: (q * (j + log0(q))).sum(1),
                "log q has the wrong sign: p(x, z) is divided by q(z)."),
        mistake("not weighted", lambda q, j: (j - log0(q)).sum(1),
                "the terms are not weighted: each counts q(z) times."),
        mistake("q for log q", lambda q, j: (q * (j - q)).sum(1), "q is subtracted, where its logarithm belongs: log "
                                                                  "q."),
        mistake("joint not in logarithms", lambda q, j: (q * (np.exp(j) - log0(q))).sum(1),
                "p(x, z) itself stands where its logarithm belongs, which log_pxz is already."),
        mistake("log of the log joint", lambda q, j: (q * (np.log(j) - np.log(q))).sum(1),
                "a logarithm is taken of log_pxz, which is one already."),
        mistake("mean over z", lambda q, j: elbo_discrete(q, j) / q.shape[1],
                "it is the mean over z: the weights q make the average already, so take the sum."),
        mistake("only the KL's sign", lambda q, j: (q * (log0(q) - j)).sum(1),
                "its sign is wrong: the ELBO is maximised, log p(x, z) counts positive."),
        mistake("0 log 0", lambda q, j: (q * (j - np.log(q))).sum(1),
                "where q is 0 it is nan: NumPy makes nan of 0 log 0, which is 0 here."),
        *(mistake("a small number added", lambda q, j, e=e: (q * (j - np.log(q + e))).sum(1),
                  f"a small number, {e:g}, is added to q inside the logarithm: that changes the ELBO everywhere. "
                  "Leave out "
                  "the terms with q = 0 instead.") for e in SMALL[:-1])],
    edges={"where q is 0": lambda rng: (some_zeros(rng), rng.normal(size=(4, 4))),
           "where log p(x, z) is about −2000": lambda rng: (distributions(rng, 3, 4), rng.normal(size=(3, 4)) - 2000)})

# ---- its two terms


def two_terms(q, log_pi, log_px_z):
    """The two terms of the ELBO in its other form: how well q explains x, and the KL to the prior.

    q (B, K) are probabilities, log_pi (K,) is log p(z), log_px_z (B, K) is log p(x|z).
    Returns explains (B,) and kl (B,), both in nats; the ELBO is explains − kl.
    """
    explains = (q * log_px_z).sum(1)
    log_q = np.log(np.where(q > 0, q, 1))                       # 0 log 0 = 0
    return explains, (q * (log_q - log_pi)).sum(1)


def _explains(q, p, j):
    return (q * j).sum(1)


def _to_prior(q, p, j):
    return (q * (log0(q) - p)).sum(1)


TERMS = Task(
    name="two_terms", title="The ELBO, cut the other way", points=2, solution=two_terms, sizes="B K",
    returns=("explains", "kl"),
    inputs=lambda rng, B, K: (distributions(rng, B, K), *_bayes_inputs(rng, B, K)),
    text=r"""Split $p_\theta(x, z)$ as $p_\theta(x|z)\,p(z)$, and the ELBO falls into two terms, each with a meaning:

$$L(q, x, \theta) = \underbrace{\sum_z q(z) \log p_\theta(x|z)}_{\text{explains } x}
\;-\; \underbrace{KL\big(q(z)\,\|\,p(z)\big)}_{\text{stays near the prior}}.$$

Return both, the KL as a KL: never negative.""",
    hints=("Which of the two has the prior in it? To which distribution is the KL: prior or posterior?",
           "The first is an average under q of what you are given. The second is the KL of the task before, with log "
           "p(z) given."),
    play="two_terms(np.array([[0.05, 0.15, 0.8]]), np.log([0.5, 0.3, 0.2]), -0.5 * (1.2 - np.array([[-2.0, 0.0, "
         "2.0]])) ** 2)",
    laws=[
        (lambda f, q, p, j: (f(q, p, j)[1] > -1e-9).all(), "kl is negative somewhere, and a KL never is"),
        (lambda f, q, p, j: same(f(0 * q + np.exp(p), p, j)[1], np.zeros(len(q))), "where q is the prior, kl is not 0"),
        (lambda f, q, p, j: same(f(q, p, j + 2)[1], f(q, p, j)[1]), "kl depends on p(x|z): to the prior it does not"),
        (lambda f, q, p, j: same(f(q, p, j + 2)[0], f(q, p, j)[0] + 2),
         "with p(x|z) e² times as large explains does not grow by 2: it is to be an average of logarithms under q"),
        (lambda f, q, p, j: same(f(_sure(q), p, j)[0], j[:, 0]),
         "where q is sure of a label, explains is not log p(x|z) of that label"),
        (lambda f, q, p, j: same(f(softmax(p + j), p, j)[0] - f(softmax(p + j), p, j)[1], log_sum(p + j)),
         "at the posterior explains − kl is not log p(x)")],
    misconceptions=[
        mistake("KL to the posterior",
                lambda q, p, j: (_explains(q, p, j), (q * (log0(q) - np.log(softmax(p + j)))).sum(1)),
                "kl: it is the KL to the posterior, which is what the ELBO lacks: this one is to the prior."),
        mistake("log p(x) explains", lambda q, p, j: (log_sum(p + j), _to_prior(q, p, j)),
                "explains: it is log p(x), whatever q is: the average of log p(x|z) under q is asked for."),
        mistake("the best label explains", lambda q, p, j: (j[np.arange(len(q)), q.argmax(1)], _to_prior(q, p, j)),
                "explains: only the most probable label counts: the average is over all labels, weighted by q."),
        mistake("not weighted by q", lambda q, p, j: (j.sum(1), _to_prior(q, p, j)),
                "explains: the terms are not weighted by q."),
        mistake("KL not weighted by q", lambda q, p, j: (_explains(q, p, j), (log0(q) - p).sum(1)),
                "kl: the log ratios are not weighted: each counts q(z) times."),
        mistake("the joint explains", lambda q, p, j: (_explains(q, p, p + j), _to_prior(q, p, j)),
                "explains: it averages log p(x, z), with the prior in it: the prior is in the KL already, so log "
                "p(x|z) here."),
        mistake("KL the other way round", lambda q, p, j: (_explains(q, p, j), (np.exp(p) * (p - np.log(q))).sum(1)),
                "kl: it is KL(prior ‖ q), the other way round: the average is taken under q."),
        mistake("KL negative", lambda q, p, j: (_explains(q, p, j), -_to_prior(q, p, j)),
                "kl: its sign is wrong: a KL is never negative, the minus stands between the two terms."),
        mistake("swapped", lambda q, p, j: (_to_prior(q, p, j), _explains(q, p, j)),
                "the two are swapped: first what explains x, then the KL."),
        mistake("log of the average", lambda q, p, j: (np.log((q * np.exp(j)).sum(1)), _to_prior(q, p, j)),
                "explains: it is the log of an average: the logarithms log p(x|z) are averaged under q, not p(x|z)."),
        mistake("averaged under the prior", lambda q, p, j: ((np.exp(p) * j).sum(1), _to_prior(q, p, j)),
                "explains: the average is taken under the prior: q says how much each z counts."),
        mistake("entropy for the KL", lambda q, p, j: (_explains(q, p, j), -(q * log0(q)).sum(1)),
                "kl: it is the entropy of q: the prior is missing."),
        mistake("negative entropy for the KL", lambda q, p, j: (_explains(q, p, j), (q * log0(q)).sum(1)),
                "kl: the prior is missing, this is the negative entropy of q alone."),
        mistake("cross entropy for the KL", lambda q, p, j: (_explains(q, p, j), -(q * p).sum(1)),
                "kl: it is a cross entropy: log q is missing."),
        mistake("explains under the posterior", lambda q, p, j: ((softmax(p + j) * j).sum(1), _to_prior(q, p, j)),
                "explains: the average is taken under the posterior: it is under q, whatever q is."),
        mistake("plus log prior", lambda q, p, j: (_explains(q, p, j), (q * (log0(q) + p)).sum(1)),
                "kl: log_pi has the wrong sign: q is divided by the prior."),
        mistake("prior not in logarithms", lambda q, p, j: (_explains(q, p, j), (q * (log0(q) - np.exp(p))).sum(1)),
                "kl: the prior is subtracted as a probability: its logarithm belongs there, log_pi."),
        mistake("log of the logarithm", lambda q, p, j: (_explains(q, p, j), (q * np.log(q / p)).sum(1)),
                "kl: it divides by log_pi: that is a logarithm already, so subtract it."),
        mistake("0 log 0", lambda q, p, j: (_explains(q, p, j), (q * (np.log(q) - p)).sum(1)),
                "kl: where q is 0 it is nan: NumPy makes nan of 0 log 0, which is 0 here.")],
    edges={"where q is 0": lambda rng: (some_zeros(rng), *_bayes_inputs(rng, 4, 4))})

# ---- what it lacks


def gap(q, log_pxz):
    """log p(x) − L(q) of each row, in nats: never negative, 0 where q is the posterior.

    q (B, K) are probabilities; log_pxz (B, K) is log p(x, z). Returns (B,).
    """
    log_p = np.logaddexp.reduce(log_pxz, axis=1)                # (B,)
    log_q = np.log(np.where(q > 0, q, 1))                       # 0 log 0 = 0
    return log_p - (q * (log_pxz - log_q)).sum(1)


GAP = Task(
    name="gap", title="What the bound lacks", points=2, solution=gap, sizes="B K",
    inputs=lambda rng, B, K: (distributions(rng, B, K), 2 * rng.normal(size=(B, K)) - 3),
    text=r"""The bar never changes its height; only the cut moves:

$$\log p_\theta(x) - L(q, x, \theta) = KL\big(q(z) \,\|\, p_\theta(z|x)\big) \ge 0.$$

Write the left side or the right side, as you like. Again the logarithms may be about −2000.""",
    hints=("Left: what is log p(x), if you have log p(x, z) for all z? Right: what is the posterior?",
           "Left: a log of a sum of exponentials, taken safely (np.logaddexp.reduce), minus the ELBO. Right: the KL "
           "of q to the normalised joint."),
    play="gap(np.array([[0.2, 0.8], [0.5, 0.5]]), np.log([[0.02, 0.08], [0.02, 0.08]]))        # the first is the "
         "posterior",
    terms={"log p(x)": lambda q, j: np.logaddexp.reduce(j, axis=1),
           "the average of log p(x, z)": lambda q, j: -(q * j).sum(1),
           "the entropy of q": lambda q, j: (q * log0(q)).sum(1)},
    laws=[
        (lambda f, q, j: (f(q, j) > -1e-9).all(), "it is negative somewhere, and the ELBO never lies above log p(x)"),
        (lambda f, q, j: same(f(softmax(j), j), np.zeros(len(j))), "at the posterior it is not 0"),
        (lambda f, q, j: same(f(q, j + 2), f(q, j)), "it changes when p(x, z) is e² times as large: log p(x) and L "
                                                     "grow alike"),
        (lambda f, q, j: same(f(_sure(q), j), log_sum(j) - j[:, 0]),
         "where q is sure of a label it is not −log of the posterior of that label")],
    misconceptions=[
        mistake("negative", lambda q, j: -gap(q, j),
                "its sign is wrong: it is L − log p(x), and the bound lies below, so log p(x) − L is never negative."),
        mistake("KL the other way round", lambda q, j: (softmax(j) * (np.log(softmax(j)) - log0(q))).sum(1),
                "it is KL(posterior ‖ q), the other way round: what the ELBO lacks is averaged under q."),
        mistake("KL to the joint", lambda q, j: (q * (log0(q) - j)).sum(1),
                "it is minus the ELBO, a KL to the joint p(x, z), which is not normalised: log p(x) is missing."),
        mistake("no entropy", lambda q, j: np.logaddexp.reduce(j, axis=1) - (q * j).sum(1),
                "the entropy of q is missing in the ELBO."),
        mistake("the greatest joint for log p(x)", lambda q, j: j.max(1) - elbo_discrete(q, j),
                "the greatest log p(x, z) is taken for log p(x): that is the log of the sum over all z."),
        mistake("the mean joint for p(x)", lambda q, j: log_sum(j) - np.log(j.shape[1]) - elbo_discrete(q, j),
                "p(x) is taken for the mean of p(x, z) over z: it is their sum."),
        mistake("log p(x) alone", lambda q, j: np.logaddexp.reduce(j, axis=1),
                "it is log p(x) alone: the ELBO is to be subtracted."),
        mistake("the ELBO alone", lambda q, j: elbo_discrete(q, j), "it is the ELBO itself: what it lacks of log "
                                                                    "p(x)?"),
        mistake("sum of log p(x, z)", lambda q, j: j.sum(1) - elbo_discrete(q, j),
                "log p(x) is taken for the sum of the log p(x, z): it is the log of the sum of p(x, z)."),
        mistake("posterior over the data", lambda q, j: (q * (log0(q) - np.log(softmax(j.T).T))).sum(1),
                "the posterior is normalised over the data, axis 0: it sums to one over z, in each row."),
        mistake("distance of probabilities", lambda q, j: np.abs(q - softmax(j)).sum(1),
                "it is a distance of two vectors of probabilities, no KL: that has the logarithm of their ratio."),
        mistake("log p(x) weighted by q", lambda q, j: np.log((q * np.exp(j)).sum(1)) - elbo_discrete(q, j),
                "log p(x) is weighted by q: p(x) is the plain sum of p(x, z) over z."),
        mistake("underflow", lambda q, j: (q * (log0(q) - np.log(np.exp(j) / np.exp(j).sum(1, keepdims=True)))).sum(1),
                "exp underflows to 0, and 0/0 is nan: take the row's maximum off first."),
        mistake("log of an underflow", lambda q, j: np.log(np.exp(j).sum(1)) - elbo_discrete(q, j),
                "exp underflows to 0, and log 0 is -inf: take the row's maximum off first."),
        mistake("0 log 0", lambda q, j: np.logaddexp.reduce(j, axis=1) - (q * (j - np.log(q))).sum(1),
                "where q is 0 it is nan: NumPy makes nan of 0 log 0, which is 0 here."),
        *wrong_shifts(lambda shift: lambda q, j: np.log(np.exp(j - shift(j, 1)).sum(1)) + (
            shift(j, 1) + np.zeros((len(j), 1)))[:, 0] - elbo_discrete(q, j))],
    edges={"where q is 0": lambda rng: (some_zeros(rng), rng.normal(size=(4, 4))),
           "where log p(x, z) is about −2000, or 900": lambda rng: (
               distributions(rng, 3, 4), rng.normal(size=(3, 4)) + np.array([[-2000], [900], [0]])),
           "where one label is far above the others": lambda rng: (
               distributions(rng, 2, 41), np.array([[0.0] + 40 * [-735], [1] + 40 * [-735]])),
           "where log p(x, z) is about −2000": lambda rng: (distributions(rng, 3, 4), rng.normal(size=(3, 4)) - 2000)})

# ---- its slope


def elbo_gradient(logits, log_pxz):
    """dL/dlogits of each row, where q = softmax(logits).

    logits (B, K) are any numbers; log_pxz (B, K) is log p(x, z). Returns (B, K).
    """
    log_q = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    q, f = np.exp(log_q), log_pxz - log_q                       # L = Σ_z q f
    return q * (f - (q * f).sum(1, keepdims=True))


def _slope(logits, log_pxz, centred=True, entropy=1):
    q = softmax(logits)
    f = log_pxz - entropy * np.log(q)
    return q * (f - centred * (q * f).sum(1, keepdims=True))


SLOPE = Task(
    name="elbo_gradient", title="The slope of the hill", points=4, solution=elbo_gradient, sizes="B K",
    inputs=lambda rng, B, K: (rng.normal(size=(B, K)), 2 * rng.normal(size=(B, K)) - 3),
    text=r"""To climb the ELBO over all $q$, write $q$ as the softmax of logits $a$, which may be any numbers. With
$f(z) = \log p_\theta(x, z) - \log q(z)$, so that $L = \sum_z q(z) f(z)$, and the Jacobian of the softmax,

$$\frac{\partial q_j}{\partial a_k} = q_j\,(\mathbb 1[j = k] - q_k), \qquad
\frac{\partial L}{\partial q_j} = f_j - 1,$$

work out $\partial L / \partial a_k$. Each row has its own ELBO; nothing is averaged over the batch.""",
    hints=("Multiply the two and sum over j. What becomes of the −1, and of any constant added to f?",
           "The Jacobian has two parts: the diagonal one gives q_k times something, the other q_k times the same "
           "thing's average under q. What do the numbers of a row add up to?"),
    play="""log_pxz = np.log([[0.02, 0.08]])
elbo_gradient(np.zeros((1, 2)), log_pxz), elbo_gradient(log_pxz, log_pxz)       # at the posterior it is 0""",
    laws=[
        (lambda f, a, j: same(f(a, j).sum(1), np.zeros(len(a))),
         "its rows do not sum to zero, though a constant added to all logits of a row changes no q"),
        (lambda f, a, j: same(f(j, j), 0 * j), "at the posterior, the summit, it is not zero"),
        (lambda f, a, j: same(f(a + 2, j), f(a, j)), "it changes when all logits of a row grow by the same, though q "
                                                     "does not"),
        (lambda f, a, j: same(f(a, j + 2), f(a, j)), "it changes when p(x, z) is e² times as large: L only grows by 2"),
        (lambda f, a, j: same(f(a, j)[:1], f(a[:1], j[:1])), "a row's slope depends on the other rows"),
        (lambda f, a, j: ((f(a, j) * _slope(a, j)).sum(1) > 0).all(), "in some rows it does not point uphill")],
    misconceptions=[
        mistake("gradient in q", lambda a, j: j - np.log(softmax(a)) - 1,
                "it is dL/dq: the chain rule's second factor is missing, the Jacobian of the softmax from q to the "
                "logits."),
        mistake("gradient in q without the 1", lambda a, j: j - np.log(softmax(a)),
                "it is dL/dq but for a constant: the Jacobian of the softmax, from q to the logits, is missing."),
        mistake("centred over the batch",
                lambda a, j: softmax(a) * (j - np.log(softmax(a)) - (softmax(a) * (j - np.log(softmax(a)))).sum()),
                "the averages of all rows are added up and subtracted: each row has its own average under its own q."),
        mistake("a slope in f alone", lambda a, j: softmax(a) * (1 - softmax(a)) * (j - np.log(softmax(a))),
                "only the diagonal of the softmax's Jacobian is there: every q depends on every logit."),
        mistake("not centred", lambda a, j: _slope(a, j, centred=False),
                "the average under q is not subtracted: a constant added to all logits of a row changes nothing, so "
                "each row of the gradient sums to zero."),
        mistake("not centred, with the 1", lambda a, j: softmax(a) * (j - np.log(softmax(a)) - 1),
                "only the diagonal of the softmax's Jacobian is there: every q depends on every logit, so that each "
                "row of the gradient sums to zero."),
        mistake("downhill", lambda a, j: -_slope(a, j), "its sign is wrong: it points downhill, and the ELBO is "
                                                        "climbed."),
        mistake("no entropy", lambda a, j: _slope(a, j, entropy=0),
                "log q is missing in f: the entropy of q has a gradient, too."),
        mistake("plus log q", lambda a, j: _slope(a, j, entropy=-1), "log q has the wrong sign in f."),
        mistake("no factor q", lambda a, j: _slope(a, j) / softmax(a),
                "the factor q of the softmax's Jacobian is missing: labels with little weight have a small slope."),
        mistake("plain mean", lambda a, j: softmax(a) * (_slope(a, j) / softmax(a)
                                                         - (_slope(a, j) / softmax(a)).mean(1, keepdims=True)),
                "the plain mean over z is subtracted: it is the average weighted by q, so that each row sums to zero."),
        mistake("q times posterior minus q", lambda a, j: softmax(a) * (softmax(j) - softmax(a)),
                "the posterior and q stand where their logarithms belong, and the average is not subtracted."),
        mistake("log posterior minus log q", lambda a, j: np.log(softmax(j)) - np.log(softmax(a)),
                "it is dL/dq but for a constant: the Jacobian of the softmax, from q to the logits, is missing."),
        mistake("posterior minus q", lambda a, j: softmax(j) - softmax(a),
                "it is the posterior minus q, the slope of a cross entropy: the ELBO's has the logarithms of both."),
        mistake("diagonal of the Jacobian", lambda a, j: softmax(a) * (1 - softmax(a)) * (j - np.log(softmax(a)) - 1),
                "only the diagonal of the softmax's Jacobian is there: every q depends on every logit."),
        mistake("diagonal of the Jacobian, without the 1",
                lambda a, j: softmax(a) * (1 - softmax(a)) * (j - np.log(softmax(a))),
                "only the diagonal of the softmax's Jacobian is there: every q depends on every logit."),
        mistake("averaged over the batch", lambda a, j: _slope(a, j) / len(a),
                "it is divided by the number of rows B: each row has its own ELBO, nothing is averaged over the "
                "batch."),
        mistake("overflow", lambda a, j: (q := np.exp(a) / np.exp(a).sum(1, keepdims=True)) * (
            j - np.log(q) - (q * (j - np.log(q))).sum(1, keepdims=True)),
                "where logits are large exp overflows, or underflows to 0, and the softmax is nan: logits may be any "
                "numbers."),
        *wrong_shifts(lambda shift: lambda a, j: (
            q := (e := np.exp(a - shift(a, 1))) / e.sum(1, keepdims=True)) * (
                j - np.log(q) - (q * (j - np.log(q))).sum(1, keepdims=True)))],
    edges={"where logits are about 1000, or −1000": lambda rng: (
               rng.normal(size=(3, 3)) + np.array([[1e3], [-1e3], [0]]), rng.normal(size=(3, 3))),
           "where one of many labels is far above the others": lambda rng: (np.array([[0.0] + 40 * [-735]]),
                                                                            rng.normal(size=(1, 41))),
           "where a logit is 30 below the others": lambda rng: (np.array([[0.0, 1.0, -30.0]]), rng.normal(size=(1, 3))),
           "where log p(x, z) is about −2000": lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(3, 4)) - 2000)})

TASKS = [BAYES, KL, ELBO, TERMS, GAP, SLOPE]
