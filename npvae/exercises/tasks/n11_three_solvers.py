r"""# 11 · Three solvers: exercises

Where the $q$ of a datapoint comes from is all that the three solvers differ in: a row of a table, one row for all, an
encoder's output. Here you write that part, and how a gradient finds its way back to it; then the gaps, the encoder that
a mixture ought to have, and two uses of an encoder: a model that knows the class, and data with missing pixels.
"""

import numpy as np

from npvae.exercises.task import Task

# ---- where q comes from


def rows_for(solver, table, row, W, b, x, index):
    """The rows q of a batch, each of which describes q(z|x) for one x.

    solver is "free", "shared" or "amortized"; table (m, R) holds a row for each datapoint, row (R,) is one for all,
    W (D, R) and b (R,) make a linear encoder; x (B, D) is the batch, and index (B,) says where its x stand in the data.
    Returns q (B, R).
    """
    if solver == "free":
        return table[index]
    if solver == "shared":
        return np.tile(row, (len(x), 1))
    return x @ W + b


def _rows_inputs(rng, m, B, D, R):
    return (rng.normal(size=(m, R)), rng.normal(size=R), rng.normal(size=(D, R)), rng.normal(size=R),
            rng.normal(size=(B, D)), rng.integers(0, m, B))


def _rows_of_all_three(answer, table, row, W, b, x, index):
    return tuple(answer(solver, table, row, W, b, x, index) for solver in ("free", "shared", "amortized"))


def table_read_from_the_top(solver, table, row, W, b, x, index):
    return rows_for(solver, np.resize(table, (len(x), table.shape[1])), row, W, b, x, np.arange(len(x)))


def encoder_without_b(solver, table, row, W, b, x, index):
    return rows_for(solver, table, row, W, 0 * b, x, index)


def shared_row_from_the_table(solver, table, row, W, b, x, index):
    return rows_for(solver, table, table.mean(0), W, b, x, index)


ROWS_FOR = Task(
    name="rows_for", title="Where q comes from", points=2, solution=rows_for, inputs=_rows_inputs, sizes="m B D R",
    call=_rows_of_all_three, returns=('the answer for "free"', 'the answer for "shared"', 'the answer for "amortized"'),
    text=r"""The three solvers take the row $q$ of datapoint $x^i$ from

$$q_i = \text{row } i \text{ of a table}, \qquad q, \text{ the same for all}, \qquad q_\phi(x^i) = x^i W + b.$$""",
    hints=("Three branches of a line each: what shape does each have to return?",
           "Rows of a table are picked by an array of integers in brackets; one row is repeated as often as x has "
           "rows (np.tile or np.broadcast_to); an affine map of all rows is one matrix product."),
    play='rows_for("shared", np.zeros((5, 2)), np.ones(2), np.eye(2), np.zeros(2), np.ones((3, 2)), np.arange(3))',
    misconceptions=[
        (table_read_from_the_top, 'for "free" the table is read from the top: index says where the x of this batch '
                                  "stand in the data."),
        (encoder_without_b, 'for "amortized" the encoder\'s b is missing.'),
        (shared_row_from_the_table, 'for "shared" the mean of the table is taken: the one row for all is the argument '
                                    "row.")])

# ---- and where its gradient goes


def send_back(solver, dq, x, index, m):
    """The gradients of what the rows q came from, given dq (B, R), the gradient of the rows.

    For "free" dtable (m, R), for "shared" drow (R,), for "amortized", q = x W + b, the pair dW (D, R), db (R,).
    x (B, D) is the batch, index (B,) says where its x stand among all m; one x may be there twice.
    """
    if solver == "free":
        dtable = np.zeros((m, dq.shape[1]))
        np.add.at(dtable, index, dq)
        return dtable
    if solver == "shared":
        return dq.sum(0)
    return x.T @ dq, dq.sum(0)


def _back_inputs(rng, m, B, D, R):
    index = rng.integers(0, m, B)
    index[-1] = index[0]
    return rng.normal(size=(B, R)), rng.normal(size=(B, D)), index, m


def _back_of_all_three(answer, dq, x, index, m):
    dW, db = answer("amortized", dq, x, index, m)
    return answer("free", dq, x, index, m), answer("shared", dq, x, index, m), dW, db


def a_row_twice_in_the_batch(solver, dq, x, index, m):
    if solver != "free":
        return send_back(solver, dq, x, index, m)
    dtable = np.zeros((m, dq.shape[1]))
    dtable[index] = dq
    return dtable


def rows_twice_averaged(solver, dq, x, index, m):
    found = send_back(solver, dq, x, index, m)
    return found / np.maximum(np.bincount(index, minlength=m), 1)[:, None] if solver == "free" else found


SEND_BACK = Task(
    name="send_back", title="Where the gradient goes", points=3, solution=send_back, inputs=_back_inputs,
    sizes="m B D R", call=_back_of_all_three, returns=("dtable", "drow", "dW", "db"),
    text=r"""What the ELBO says of the rows, $\partial L/\partial q$, has to find its way back to where they came from:
by the chain rule, each number that rows were made of collects from all rows that it has touched.""",
    hints=("Each number gets the sum over all rows of the batch in which it was used.",
           "The shared row is used in all rows, so its gradient is a sum over them, and so is that of b; W meets x; a "
           "row of the table is used as often as its number stands in index, and `a[i] += …` adds only once."),
    play='send_back("free", np.ones((3, 2)), np.ones((3, 4)), np.array([0, 2, 2]), 5)',
    misconceptions=[(rows_twice_averaged, "dtable: where an x is in the batch twice, the mean of its gradients is "
                                          "taken: what comes back from each row is added."),
                    (a_row_twice_in_the_batch, "dtable: where an x is in the batch twice, the table gets only one of "
                                               "the two gradients: assigning to, or adding in place at, an array of "
                                               "integers does not add up.")])

# ---- the gaps


def gaps(log_p, best, elbo):
    """The approximation gap and the amortization gap of each x, in nats.

    log_p (B,) is log p(x), best (B,) the ELBO at the best q of the family, elbo (B,) the ELBO at the encoder's q.
    Returns two arrays (B,), the approximation gap and the amortization gap.
    """
    return log_p - best, best - elbo


def _gaps_inputs(rng, B):
    log_p = rng.normal(size=B)
    best = log_p - rng.uniform(0.1, 1, B)
    return log_p, best, best - rng.uniform(0.1, 1, B)


def the_two_exchanged(log_p, best, elbo):
    return best - elbo, log_p - best


def gaps_negative(log_p, best, elbo):
    return best - log_p, elbo - best


def amortization_measured_from_log_p(log_p, best, elbo):
    return log_p - best, log_p - elbo


def approximation_measured_to_the_elbo(log_p, best, elbo):
    return log_p - elbo, best - elbo


def differences_of_probabilities(log_p, best, elbo):
    return np.exp(log_p) - np.exp(best), np.exp(best) - np.exp(elbo)


GAPS = Task(
    name="gaps", title="Two gaps", points=1, solution=gaps, inputs=_gaps_inputs, sizes="B",
    returns=("the approximation gap", "the amortization gap"),
    text=r"""$$\log p_\theta(x) = L(q_\phi(x), x, \theta) + \text{amortization gap} + \text{approximation gap}.$$

The approximation gap is what even the best $q$ of the family lacks, the amortization gap what the encoder lacks beside
that best one.""",
    hints=("Neither gap can be negative, and with the encoder's ELBO they add up to log p(x).",
           "Draw the three numbers on a line, elbo ≤ best ≤ log p: each gap is the distance of two neighbours."),
    play="gaps(np.array([3.0]), np.array([2.5]), np.array([1.0]))",
    misconceptions=[
        (the_two_exchanged, "the two gaps are exchanged: what the best q lacks is the approximation gap, and what the "
                            "encoder lacks beside it the amortization gap."),
        (gaps_negative, "the sign of both gaps is wrong: a gap is what is missing, and cannot be negative."),
        (amortization_measured_from_log_p, "the amortization gap holds the approximation gap, too: it is what the "
                                           "encoder lacks beside the best q, not beside log p(x)."),
        (approximation_measured_to_the_elbo, "the approximation gap holds the amortization gap, too: it is what the "
                                             "best q lacks, whatever the encoder does."),
        (differences_of_probabilities, "these are differences of probabilities: a gap is a difference of logarithms, "
                                       "in nats, without exp.")])

# ---- what an encoder of a mixture ought to be


def ideal_encoder(means, weights, sigma_g):
    """The weights of the linear encoder whose softmax is the posterior p(k|x) of a mixture of Gaussians.

    means (K, D), weights (K,) that sum to 1, and sigma_g: p(x) = Σ_k weights_k N(x; means_k, sigma_g² I).
    Returns W (D, K) and b (K,): p(k|x) = softmax_k(x W + b).
    """
    return means.T / sigma_g**2, np.log(weights) - (means**2).sum(1) / (2 * sigma_g**2)


def _mixture_inputs(rng, K, D):
    return rng.normal(size=(K, D)), rng.dirichlet(np.full(K, 3.0)), rng.uniform(0.4, 0.8)


def _up_to_what_all_k_share(results, args):
    # a softmax does not see what is added to all k
    W, b = (np.asarray(a, float) for a in results)
    K, D = args[0].shape
    if W.shape != (D, K) or b.shape != (K,):
        return [W, b]
    return [W - W.mean(1, keepdims=True), b - b.mean()]


def class_weights_forgotten(means, weights, sigma_g):
    return ideal_encoder(means, np.ones(len(weights)), sigma_g)


def class_weights_without_log(means, weights, sigma_g):
    return ideal_encoder(means, np.exp(weights), sigma_g)


def sigma_g_not_squared(means, weights, sigma_g):
    return ideal_encoder(means, weights, np.sqrt(sigma_g))


def norms_of_the_means_forgotten(means, weights, sigma_g):
    return means.T / sigma_g**2, np.log(weights)


def one_norm_for_all_k(means, weights, sigma_g):
    return means.T / sigma_g**2, np.log(weights) - (means**2).sum() / (2 * sigma_g**2)


def norms_with_the_wrong_sign(means, weights, sigma_g):
    return means.T / sigma_g**2, np.log(weights) + (means**2).sum(1) / (2 * sigma_g**2)


def norms_without_half(means, weights, sigma_g):
    return means.T / sigma_g**2, np.log(weights) - (means**2).sum(1) / sigma_g**2


IDEAL_ENCODER = Task(
    name="ideal_encoder", title="The encoder that a mixture ought to have", points=3, solution=ideal_encoder,
    inputs=_mixture_inputs, sizes="K D", returns=("W", "b"), canonical=_up_to_what_all_k_share,
    text=r"""For a mixture of Gaussians with a common $\sigma_g$ the posterior is a linear softmax: what depends on $k$
in $\log \pi_k N(x; \mu_k, \sigma_g^2 I)$ is linear in $x$. Expand $\|x - \mu_k\|^2$, and drop what is the same for
all $k$.""",
    hints=("Write log π_k N(x; μ_k, σ_g² I) for one k, and cross out each term without a k.",
           "‖x − μ_k‖² has three terms: one has no k, one is linear in x and makes W, one has no x and goes into b, as "
           "does the logarithm of π_k."),
    play="ideal_encoder(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([0.5, 0.5]), 0.5)",
    misconceptions=[
        (class_weights_forgotten, "b: the mixture's weights π_k are missing: a posterior is prior times likelihood."),
        (class_weights_without_log, "b: the mixture's weights stand there themselves: in the exponent belongs their "
                                    "logarithm."),
        (sigma_g_not_squared, "sigma_g stands where its square belongs, in W and in b."),
        (norms_of_the_means_forgotten, "b: the norm ‖μ_k‖² of each k is missing, the third term of ‖x − μ_k‖², a sum "
                                       "over D for each k."),
        (one_norm_for_all_k, "b: the norms ‖μ_k‖² are added up over all k: each k has its own, a sum over D alone."),
        (norms_with_the_wrong_sign, "b: the sign of the norms ‖μ_k‖² is wrong."),
        (norms_without_half, "b: the norms ‖μ_k‖² are taken 2 times: the density has −‖x − μ_k‖²/(2 σ_g²).")])

# ---- a model that knows the class


def conditional_elbo(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    """The ELBO of a class-conditional VAE for each row, in nats, with one draw of z.

    q(z|x, y) = N(mu, σ²), mu and log_sigma (B, K), eps (B, K); x (B, D), and y (B,) the classes, integers from 0.
    The decoder's output is g = z W + (row y of V) + b with W (K, D), V (C, D), b (D,); x ~ N(g, sigma_g² I).
    Returns (B,), a bound on log p(x|y).
    """
    sigma, D = np.exp(log_sigma), x.shape[1]
    z = mu + sigma * eps
    g = z @ W + V[y] + b
    log_p = -D / 2 * np.log(2 * np.pi) - D * np.log(sigma_g) - ((x - g) ** 2).sum(1) / (2 * sigma_g**2)
    kl = 0.5 * (mu**2 + sigma**2 - 1 - 2 * log_sigma).sum(1)
    return log_p - kl


def _conditional_inputs(rng, B, K, D, C):
    return (rng.normal(size=(B, K)), 0.5 * rng.normal(size=(B, K)), rng.normal(size=(B, K)), rng.normal(size=(B, D)),
            rng.integers(0, C, B), rng.normal(size=(K, D)), rng.normal(size=(C, D)), rng.normal(size=D),
            rng.uniform(0.4, 0.8))


def class_not_used(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return conditional_elbo(mu, log_sigma, eps, x, y, W, 0 * V, b, sigma_g)


def mean_of_the_classes(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return conditional_elbo(mu, log_sigma, eps, x, 0 * y, W, V.mean(0, keepdims=True), b, sigma_g)


def class_as_a_number(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return conditional_elbo(mu, log_sigma, eps, x, np.arange(len(x)), W, y[:, None] * V[0], b, sigma_g)


def prior_of_the_class(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return conditional_elbo(mu, log_sigma, eps, x, y, W, V, b, sigma_g) - np.log(len(V))


def variance_for_sigma_in_z(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return conditional_elbo(mu, log_sigma, eps * np.exp(log_sigma), x, y, W, V, b, sigma_g)


def noise_not_used(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return conditional_elbo(mu, log_sigma, 0 * eps, x, y, W, V, b, sigma_g)


_TERMS = {
    "the squared error": lambda mu, log_sigma, eps, x, y, W, V, b, sigma_g: -(
        (x - (mu + np.exp(log_sigma) * eps) @ W - V[y] - b) ** 2).sum(1) / (2 * sigma_g**2),
    "−(D/2) log 2π": lambda *a: np.full(len(a[3]), -a[3].shape[1] / 2 * np.log(2 * np.pi)),
    "−D log σ_g": lambda *a: np.full(len(a[3]), -a[3].shape[1] * np.log(a[8])),
    "the KL": lambda mu, log_sigma, *_: -0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)}


def normaliser_of_one_pixel(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    D = x.shape[1]
    return (conditional_elbo(mu, log_sigma, eps, x, y, W, V, b, sigma_g)
            + (D - 1) / 2 * np.log(2 * np.pi) + (D - 1) * np.log(sigma_g))


CONDITIONAL_ELBO = Task(
    name="conditional_elbo", title="A VAE that knows the class", points=4, solution=conditional_elbo,
    inputs=_conditional_inputs, sizes="B K D C", terms=_TERMS,
    text=r"""When the class $y$ of each $x$ is known, the decoder can be told, and $z$ is left to describe what differs
within a class:

$$\log p(x \mid y) \ge \log N(x;\, g(z, y),\, \sigma_g^2 I) - \mathrm{KL}(q(z \mid x, y) \,\|\, p(z)), \qquad
g(z, y) = zW + V_y + b.$$""",
    hints=("It is the Gaussian ELBO of notebook 9; only g is new.",
           "Each row takes its own row of V: an array of integers in brackets, or a one-hot y times V. The density is "
           "of D pixels: it has a constant for each of them."),
    play="conditional_elbo(np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((2, 3)), np.array([0, 1]),\n"
         "                 np.zeros((1, 3)), np.eye(3), np.zeros(3), 1.0)",
    misconceptions=[
        (class_not_used, "the class is not used: V's row y belongs into g."),
        (mean_of_the_classes, "all rows get the mean of V: each takes the row of its own class."),
        (class_as_a_number, "the label y is used as a number that multiplies a row of V: a label names a row of V."),
        (prior_of_the_class, "log p(y) is added: this bound is on log p(x|y), where the class is given."),
        (variance_for_sigma_in_z, "z is drawn with the variance σ² in place of σ: z = μ + σ ε."),
        (noise_not_used, "eps is not used: z is a draw from q, not its mean."),
        (normaliser_of_one_pixel, "log σ_g and log 2π are counted once a row: each of the D pixels has them.")])

# ---- data with missing pixels


def seen_log_prob(x, g, sigma_g):
    """log N of the pixels that were seen, for each row, in nats, and its gradient.

    x (B, D) with NaN for what was not seen, g (B, D), sigma_g a number -> value (B,), back: dvalue (B,) -> dg (B, D)
    """
    seen = ~np.isnan(x)
    r = np.where(seen, x - g, 0)
    pixels = -0.5 * np.log(2 * np.pi) - np.log(sigma_g) - r**2 / (2 * sigma_g**2)

    def back(dvalue):
        return dvalue[:, None] * r / sigma_g**2

    return np.where(seen, pixels, 0).sum(1), back


def _missing(rng, x):
    hidden = rng.random(x.shape) < 0.4
    # some pixel is missing and some is seen, whatever the draws
    hidden[0, 0], hidden[0, 1] = True, False
    return np.where(hidden, np.nan, x)


def _seen_inputs(rng, B, D):
    return _missing(rng, rng.normal(size=(B, D))), rng.normal(size=(B, D)), rng.uniform(0.4, 0.8)


def missing_pixels_as_zeros(x, g, sigma_g):
    return seen_log_prob(np.nan_to_num(x), g, sigma_g)


def constants_of_missing_pixels(x, g, sigma_g):
    value, back = seen_log_prob(x, g, sigma_g)
    return value - np.isnan(x).sum(1) * (0.5 * np.log(2 * np.pi) + np.log(sigma_g)), back


def mean_over_seen_pixels(x, g, sigma_g):
    value, back = seen_log_prob(x, g, sigma_g)
    n = (~np.isnan(x)).sum(1)
    with np.errstate(all="ignore"):
        return value / n, lambda dvalue: back(dvalue / n)


def incomplete_rows_left_out(x, g, sigma_g):
    return seen_log_prob(np.where(np.isnan(x).any(1, keepdims=True), np.nan, x), g, sigma_g)


def nan_in_the_gradient(x, g, sigma_g):
    return seen_log_prob(x, g, sigma_g)[0], lambda dvalue: dvalue[:, None] * (x - g) / sigma_g**2


def nan_in_the_value(x, g, sigma_g):
    return (seen_log_prob(x, g, sigma_g)[0] + 0 * x.sum(1),
            lambda dvalue: dvalue[:, None] * (x - g) / sigma_g**2)


def scaled_up(x, g, sigma_g):
    value, back = seen_log_prob(x, g, sigma_g)
    with np.errstate(all="ignore"):
        more = 1 / (~np.isnan(x)).mean(1)
        return value * more, lambda dvalue: back(dvalue * more)


def scaled_up_in_the_value(x, g, sigma_g):
    return scaled_up(x, g, sigma_g)[0], seen_log_prob(x, g, sigma_g)[1]


def filled_by_the_mean(axis):
    def filled_by_a_mean(x, g, sigma_g):
        seen = ~np.isnan(x)
        with np.errstate(all="ignore"):
            mean = np.where(seen, x, 0).sum(axis, keepdims=True) / seen.sum(axis, keepdims=True)
        return seen_log_prob(np.where(seen, x, mean), g, sigma_g)
    return filled_by_a_mean


SEEN_LOG_PROB = Task(
    name="seen_log_prob", title="Missing pixels", points=3, solution=seen_log_prob, inputs=_seen_inputs, sizes="B D",
    kind="back", wrt=("g",), returns=("the value", "dg"),
    text=r"""What was not seen is integrated out, and for independent pixels that is easy: their densities integrate to
1 and drop out,

$$\log p(x_{\text{seen}} \mid z) = \sum_{d \text{ seen}} \log N(x_d;\, g_d,\, \sigma_g^2).$$""",
    hints=("What does a pixel that was not seen add to the sum, and what to the gradient?",
           "np.isnan tells which pixels are missing; NaN times 0 is NaN, so np.where has to replace it before anything "
           "is added up, in the value and in back. The constants are of the seen pixels, too."),
    play="value, back = seen_log_prob(np.array([[1.0, np.nan]]), np.zeros((1, 2)), 1.0)\nvalue, back(np.ones(1))",
    misconceptions=[
        *((scaled, "it is scaled up by D over the number of seen pixels, as if the others had been like them: what was "
                   "not seen adds nothing.") for scaled in (scaled_up, scaled_up_in_the_value)),
        *((filled, "the missing pixels are filled by a mean: that claims to have seen them, where nothing was seen.")
          for filled in map(filled_by_the_mean, (0, 1, None))),
        (missing_pixels_as_zeros, "the missing pixels are taken for 0: that claims to have seen black, where nothing "
                                  "was seen."),
        (constants_of_missing_pixels, "the constants, −log σ_g − ½ log 2π, are counted for the missing pixels, too."),
        (mean_over_seen_pixels, "it is the mean over the seen pixels: log p of a row is their sum."),
        (incomplete_rows_left_out, "rows with a missing pixel are left out as a whole: the pixels that were seen in "
                                   "them count."),
        (nan_in_the_gradient, "dg is nan at the missing pixels: whatever g says of them, the value does not change."),
        (nan_in_the_value, "the value is nan in each row with a missing pixel, and so is dg at the missing pixels: put "
                           "something else in their place before adding up.")],
    edges={"for a row of which nothing was seen": lambda rng: (np.full((1, 3), np.nan), rng.normal(size=(1, 3)), 0.5)})


def fill_in(x, g, w):
    """x with its missing pixels filled in by their mean under q.

    x (B, D) with NaN for what was not seen; g (S, B, D), the decoder's output at the S nodes z of each row, and w (S,
    1), their weights: E[x|z_s] = g_s. Returns (B, D), a new array; the pixels that were seen stay as they are.
    """
    return np.where(np.isnan(x), (w[:, :, None] * g).sum(0), x)


def _fill_inputs(rng, S, B, D):
    return _missing(rng, rng.normal(size=(B, D))), rng.normal(size=(S, B, D)), rng.dirichlet(np.ones(S))[:, None]


def seen_pixels_replaced(x, g, w):
    return (w[:, :, None] * g).sum(0)


def first_node(x, g, w):
    return np.where(np.isnan(x), g[0], x)


def weights_not_used(x, g, w):
    return np.where(np.isnan(x), g.mean(0), x)


def sum_without_weights(x, g, w):
    return np.where(np.isnan(x), g.sum(0), x)


def mean_of_the_data(x, g, w):
    with np.errstate(all="ignore"):
        return np.where(np.isnan(x), np.nanmean(x, 0), x)


def zeros_filled_in(x, g, w):
    return np.nan_to_num(x)


def still_nan(x, g, w):
    return x


def the_seen_filled_in(x, g, w):
    return np.where(np.isnan(x), x, (w[:, :, None] * g).sum(0))


FILL_IN = Task(
    name="fill_in", title="Filling in", points=2, solution=fill_in, inputs=_fill_inputs, sizes="S B D",
    text=r"""Once $q$ is found from what was seen, the decoder says what the rest looks like:

$$E[x_d \mid x_{\text{seen}}] \approx \sum_s w_s\, g_d(z_s) \quad \text{for the missing } d.$$""",
    hints=("Two questions for each pixel: was it seen? and if not, what is the mean of g over the nodes?",
           "The weights w (S, 1) are of nodes, and g is (S, B, D): give w one more axis, multiply, add up over the "
           "nodes; then np.where chooses."),
    play="fill_in(np.array([[1.0, np.nan]]), np.ones((2, 1, 2)), np.array([[0.5], [0.5]]))",
    misconceptions=[
        (seen_pixels_replaced, "the seen pixels are replaced, too: keep x where it was seen."),
        (first_node, "only the first node is used: the mean is over all nodes, with their weights."),
        (weights_not_used, "w is not used: the mean over the nodes is a weighted one."),
        (sum_without_weights, "the nodes are added up without their weights w."),
        (mean_of_the_data, "the mean of the data's columns is filled in: ask the decoder's output g, which knows what "
                           "was seen of this x."),
        (zeros_filled_in, "zeros are filled in: the mean under q is asked."),
        (still_nan, "the missing pixels are still nan: nothing is equal to nan, not even nan itself; np.isnan tells."),
        (the_seen_filled_in, "the two cases are exchanged: the missing pixels are still nan, and the seen ones are "
                             "replaced.")])

TASKS = [ROWS_FOR, SEND_BACK, GAPS, IDEAL_ENCODER, CONDITIONAL_ELBO, SEEN_LOG_PROB, FILL_IN]
