"""Answers to the exercises of notebook 9 as students write them, each with what the sentence must say."""

import numpy as np


# gaussian_log_likelihood(x, g, log_sigma_g) -> value (B,), back(dvalue) -> dg (B, D), dlog_sigma_g
def gaussian_as_on_the_board(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - D / 2 * log_sigma_g - squares / s2
    return value, lambda d: (d[:, None] * 2 * (x - g) / s2, (d * (2 * squares / s2 - D / 2)).sum())


def gaussian_without_half(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - D * log_sigma_g - squares / s2
    return value, lambda d: (d[:, None] * 2 * (x - g) / s2, (d * (2 * squares / s2 - D)).sum())


def gaussian_plus_error(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - D * log_sigma_g + squares / (2 * s2)
    return value, lambda d: (d[:, None] * (g - x) / s2, (d * (-squares / s2 - D)).sum())


def gaussian_dg_turned_round(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - D * log_sigma_g - squares / (2 * s2)
    return value, lambda d: (d[:, None] * (g - x) / s2, (d * (squares / s2 - D)).sum())


def gaussian_by_sigma_g(x, g, log_sigma_g):
    D, s = x.shape[1], np.exp(log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - D * log_sigma_g - squares / (2 * s**2)
    return value, lambda d: (d[:, None] * (x - g) / s**2, (d * (squares / s**3 - D / s)).sum())


def gaussian_without_2_pi(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D * log_sigma_g - squares / (2 * s2)
    return value, lambda d: (d[:, None] * (x - g) / s2, (d * (squares / s2 - D)).sum())


def gaussian_width_without_D(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - D * log_sigma_g - squares / (2 * s2)
    return value, lambda d: (d[:, None] * (x - g) / s2, (d * squares / s2).sum())


def gaussian_mean_of_pixels(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).mean(1)
    value = -0.5 * np.log(2 * np.pi) - log_sigma_g - squares / (2 * s2)
    return value, lambda d: (d[:, None] * (x - g) / s2 / D, (d * (squares / s2 - 1)).sum())


def gaussian_width_for_each_row(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - D * log_sigma_g - squares / (2 * s2)
    return value, lambda d: (d[:, None] * (x - g) / s2, d * (squares / s2 - D))


def gaussian_dg_without_width(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - D * log_sigma_g - squares / (2 * s2)
    return value, lambda d: (d[:, None] * (x - g), (d * (squares / s2 - D)).sum())


def gaussian_one_log_sigma_g(x, g, log_sigma_g):
    D, s2 = x.shape[1], np.exp(2 * log_sigma_g)
    squares = ((x - g) ** 2).sum(1)
    value = -D / 2 * np.log(2 * np.pi) - log_sigma_g - squares / (2 * s2)
    return value, lambda d: (d[:, None] * (x - g) / s2, (d * (squares / s2 - 1)).sum())


# alpha_of(sigma_g)
def alpha_without_2(sigma_g):
    return 1 / sigma_g**2


def alpha_not_squared(sigma_g):
    return 1 / (2 * sigma_g)


def alpha_upside_down(sigma_g):
    return 2 * sigma_g**2


def alpha_two_squared(sigma_g):
    return 1 / (2 * sigma_g) ** 2


def alpha_precedence(sigma_g):
    return 1 / 2 * sigma_g**2


def alpha_root(sigma_g):
    return 1 / (np.sqrt(2) * sigma_g)


# best_sigma_g(x, g, w), g (S, B, D), w (S,)
def best_variance(x, g, w):
    return np.einsum("s,sbd->", w, (x - g) ** 2) / x.size


def best_without_D(x, g, w):
    return np.sqrt((w[:, None] * ((x - g) ** 2).sum(2)).sum(0).mean())


def best_without_weights(x, g, w):
    return np.sqrt(((x - g) ** 2).mean())


def best_absolute(x, g, w):
    return (w[:, None, None] * np.abs(x - g)).sum(0).mean()


def best_of_the_mean_image(x, g, w):
    return np.sqrt(((x - (w[:, None, None] * g).sum(0)) ** 2).mean())


def best_root_of_each_row(x, g, w):
    return np.sqrt((w[:, None] * ((x - g) ** 2).mean(2)).sum(0)).mean()


def best_summed_over_rows(x, g, w):
    return np.sqrt((w[:, None] * ((x - g) ** 2).sum(2)).sum() / x.shape[1])


# kl_between(q, p) -> value (B,), back(dvalue) -> dq
def between_other_way_round(q, p):
    (m, s), (n, t) = np.split(q, 2, axis=1), np.split(p, 2, axis=1)
    value = (s - t + (np.exp(2 * t) + (m - n) ** 2) / (2 * np.exp(2 * s)) - 0.5).sum(1)
    ds = 1 - (np.exp(2 * t) + (m - n) ** 2) / np.exp(2 * s)
    return value, lambda d: d[:, None] * np.concatenate([(m - n) / np.exp(2 * s), ds], axis=1)


def between_distance_not_divided(q, p):
    (m, s), (n, t) = np.split(q, 2, axis=1), np.split(p, 2, axis=1)
    value = (t - s + np.exp(2 * s - 2 * t) / 2 + (m - n) ** 2 / 2 - 0.5).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([m - n, np.exp(2 * s - 2 * t) - 1], axis=1)


def between_log_turned_round(q, p):
    (m, s), (n, t) = np.split(q, 2, axis=1), np.split(p, 2, axis=1)
    value = (s - t + (np.exp(2 * s) + (m - n) ** 2) / (2 * np.exp(2 * t)) - 0.5).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([(m - n) / np.exp(2 * t), np.exp(2 * s - 2 * t) + 1], axis=1)


def between_without_half(q, p):
    (m, s), (n, t) = np.split(q, 2, axis=1), np.split(p, 2, axis=1)
    value = (2 * t - 2 * s + (np.exp(2 * s) + (m - n) ** 2) / np.exp(2 * t) - 1).sum(1)
    back = 2 * np.concatenate([(m - n) / np.exp(2 * t), np.exp(2 * s - 2 * t) - 1], axis=1)
    return value, lambda d: d[:, None] * back


def between_back_by_sigma(q, p):
    (m, s), (n, t) = np.split(q, 2, axis=1), np.split(p, 2, axis=1)
    value = (t - s + (np.exp(2 * s) + (m - n) ** 2) / (2 * np.exp(2 * t)) - 0.5).sum(1)
    back = np.concatenate([(m - n) / np.exp(2 * t), np.exp(s - 2 * t) - np.exp(-s)], axis=1)
    return value, lambda d: d[:, None] * back


def between_p_not_used(q, p):
    m, s = np.split(q, 2, axis=1)
    value = 0.5 * (np.exp(2 * s) + m**2 - 1 - 2 * s).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([m, np.exp(2 * s) - 1], axis=1)


def between_without_minus_half(q, p):
    (m, s), (n, t) = np.split(q, 2, axis=1), np.split(p, 2, axis=1)
    value = (t - s + (np.exp(2 * s) + (m - n) ** 2) / (2 * np.exp(2 * t))).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([(m - n) / np.exp(2 * t), np.exp(2 * s - 2 * t) - 1], axis=1)


def between_ratio_not_squared(q, p):
    (m, s), (n, t) = np.split(q, 2, axis=1), np.split(p, 2, axis=1)
    value = (t - s + np.exp(s - t) / 2 + (m - n) ** 2 / (2 * np.exp(2 * t)) - 0.5).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([(m - n) / np.exp(2 * t), np.exp(s - t) / 2 - 1], axis=1)


# batch_elbo(q, x, eps, g, sigma_g) -> value (B,), back(dvalue) -> dq;  g(z) -> y, back
def batch_back_without_kl(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    y, back_g = g(mu + sigma * eps)
    value = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    value = value - 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)

    def back(d):
        dz = back_g(d[:, None] * (x - y) / sigma_g**2)
        return np.concatenate([dz, dz * eps * sigma], axis=1)

    return value, back


def batch_back_plus_kl(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    y, back_g = g(mu + sigma * eps)
    value = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    value = value - 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)

    def back(d):
        dz, d = back_g(d[:, None] * (x - y) / sigma_g**2), d[:, None]
        return np.concatenate([dz + d * mu, dz * eps * sigma + d * (sigma**2 - 1)], axis=1)

    return value, back


def batch_back_without_eps(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    y, back_g = g(mu + sigma * eps)
    value = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    value = value - 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)

    def back(d):
        dz, d = back_g(d[:, None] * (x - y) / sigma_g**2), d[:, None]
        return np.concatenate([dz - d * mu, dz * sigma - d * (sigma**2 - 1)], axis=1)

    return value, back


def batch_back_without_sigma(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    y, back_g = g(mu + sigma * eps)
    value = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    value = value - 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)

    def back(d):
        dz, d = back_g(d[:, None] * (x - y) / sigma_g**2), d[:, None]
        return np.concatenate([dz - d * mu, dz * eps - d * (sigma**2 - 1)], axis=1)

    return value, back


def batch_sampler_with_the_variance(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    s2, D = np.exp(2 * log_sigma), x.shape[1]
    y, back_g = g(mu + s2 * eps)
    value = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    value = value - 0.5 * (s2 + mu**2 - 1 - 2 * log_sigma).sum(1)

    def back(d):
        dz, d = back_g(d[:, None] * (x - y) / sigma_g**2), d[:, None]
        return np.concatenate([dz - d * mu, 2 * dz * eps * s2 - d * (s2 - 1)], axis=1)

    return value, back


def batch_back_without_precision(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    y, back_g = g(mu + sigma * eps)
    value = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    value = value - 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)

    def back(d):
        dz, d = back_g(d[:, None] * (x - y)), d[:, None]
        return np.concatenate([dz - d * mu, dz * eps * sigma - d * (sigma**2 - 1)], axis=1)

    return value, back


def batch_not_through_the_draw(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    y, back_g = g(mu + sigma * eps)
    value = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    value = value - 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)
    return value, lambda d: -d[:, None] * np.concatenate([mu, sigma**2 - 1], axis=1)


def batch_mean(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, (B, D) = np.exp(log_sigma), x.shape
    y, back_g = g(mu + sigma * eps)
    value = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    value = value - 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)

    def back(d):
        dz = back_g(d / B * (x - y) / sigma_g**2)
        return np.concatenate([dz - d / B * mu, dz * eps * sigma - d / B * (sigma**2 - 1)], axis=1)

    return value.mean(), back


# iw_bound(log_w) (S, B) -> (B,)
def iw_mean_of_logs(log_w):
    return log_w.mean(0)


def iw_without_log_S(log_w):
    top = log_w.max(0)
    return top + np.log(np.exp(log_w - top).sum(0))


def iw_underflows(log_w):
    return np.log(np.exp(log_w).mean(0))


def iw_over_the_batch(log_w):
    top = log_w.max(1, keepdims=True)
    return (top + np.log(np.exp(log_w - top).mean(1, keepdims=True)))[:, 0]


def iw_one_number(log_w):
    top = log_w.max(0)
    return (top + np.log(np.exp(log_w - top).mean(0))).mean()


def iw_top_not_added(log_w):
    return np.log(np.exp(log_w - log_w.max(0)).mean(0))


def iw_greatest(log_w):
    return log_w.max(0)


# bernoulli_log_likelihood(x, logits) -> value (B,), back(dvalue) -> dlogits
def bernoulli_overflows(x, logits):
    p = np.exp(logits) / (1 + np.exp(logits))
    value = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1)
    return value, lambda d: d[:, None] * (x - p)


def bernoulli_by_p(x, logits):
    p = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    value = (x * logits - np.logaddexp(0, logits)).sum(1)
    return value, lambda d: d[:, None] * (x / p - (1 - x) / (1 - p))


def bernoulli_cross_entropy(x, logits):
    value = (np.logaddexp(0, logits) - x * logits).sum(1)
    return value, lambda d: d[:, None] * (np.exp(-np.logaddexp(0, -logits)) - x)


def bernoulli_mean_of_pixels(x, logits):
    value = (x * logits - np.logaddexp(0, logits)).mean(1)
    return value, lambda d: d[:, None] * (x - np.exp(-np.logaddexp(0, -logits))) / x.shape[1]


def bernoulli_only_the_ones(x, logits):
    value = -(x * np.logaddexp(0, -logits)).sum(1)
    return value, lambda d: d[:, None] * x * (1 - np.exp(-np.logaddexp(0, -logits)))


def bernoulli_back_turned_round(x, logits):
    value = (x * logits - np.logaddexp(0, logits)).sum(1)
    return value, lambda d: d[:, None] * (np.exp(-np.logaddexp(0, -logits)) - x)


def bernoulli_clipped(x, logits):
    p = np.clip(np.exp(-np.logaddexp(0, -logits)), 1e-7, 1 - 1e-7)
    return (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1), lambda d: d[:, None] * (x - p)


def bernoulli_logits_taken_for_p(x, logits):
    with np.errstate(all="ignore"):
        value = (x * np.log(logits) + (1 - x) * np.log(1 - logits)).sum(1)
        return value, lambda d: d[:, None] * (x / logits - (1 - x) / (1 - logits))


def gl_value_only_const(x, g, s):
    D = x.shape[1]
    v = np.exp(2 * s)
    r = ((x - g) ** 2).sum(1) / v
    return (-D * np.log(2 * np.pi) - D * s - r / 2, lambda d: (d[:, None] * (x - g) / v, (d * (r - D)).sum()))


def gl_sum_batch(x, g, s):
    D = x.shape[1]
    v = np.exp(2 * s)
    r = ((x - g) ** 2).sum(1) / v
    return ((-D / 2 * np.log(2 * np.pi) - D * s - r / 2).sum(), lambda d: (d * (x - g) / v, (d * (r - D)).sum()))


def alpha_sqrt(s):
    return 1 / np.sqrt(2 * s)


def alpha_pi(s):
    return 1 / (2 * np.pi * s**2)


def best_log(x, g, w):
    return np.log((w[:, None, None] * (x - g) ** 2).sum(0).mean()) / 2


def best_max_node(x, g, w):
    return np.sqrt(((x - g[w.argmax()]) ** 2).mean())


def kb_mean_minus(q, p):
    (m, s), (n, t) = (np.split(q, 2, axis=1), np.split(p, 2, axis=1))
    return (
        (0.5 * (np.exp(2 * s - 2 * t) + (m + n) ** 2 / np.exp(2 * t) - 1) - (s - t)).sum(1),
        lambda d: d[:, None] * np.concatenate([(m + n) / np.exp(2 * t), np.exp(2 * s - 2 * t) - 1], 1),
    )


def kb_value_wrong_back_right(q, p):
    (m, s), (n, t) = (np.split(q, 2, axis=1), np.split(p, 2, axis=1))
    return (
        (0.5 * (np.exp(2 * s - 2 * t) + (m - n) ** 2 - 1) - (s - t)).sum(1),
        lambda d: d[:, None] * np.concatenate([(m - n) / np.exp(2 * t), np.exp(2 * s - 2 * t) - 1], 1),
    )


def be_mu_from_eps(q, x, eps, g, sigma_g):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    D = x.shape[1]
    y, bg = g(mu + sg * eps)
    v = (
        -D / 2 * np.log(2 * np.pi * sigma_g**2)
        - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
        - 0.5 * (sg**2 + mu**2 - 1 - 2 * s).sum(1)
    )

    def back(d):
        d = d[:, None]
        dz = bg(d * (y - x) / sigma_g**2)
        return np.concatenate([dz - d * mu, dz * eps * sg - d * (sg**2 - 1)], 1)

    return (v, back)


def be_kl_half_value(q, x, eps, g, sigma_g):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    D = x.shape[1]
    y, bg = g(mu + sg * eps)
    v = (
        -D / 2 * np.log(2 * np.pi * sigma_g**2)
        - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
        - (sg**2 + mu**2 - 1 - 2 * s).sum(1)
    )

    def back(d):
        d = d[:, None]
        dz = bg(d * (x - y) / sigma_g**2)
        return np.concatenate([dz - 2 * d * mu, dz * eps * sg - 2 * d * (sg**2 - 1)], 1)

    return (v, back)


def iw_min(log_w):
    t = log_w.min(0)
    return t + np.log(np.exp(log_w - t).mean(0))


def iw_log_s_minus(log_w):
    t = log_w.max(0)
    return t + np.log(np.exp(log_w - t).sum(0)) - np.log(len(log_w) - 1)


def bern_tanh(x, logits):
    p = 0.5 * (1 + np.tanh(logits))
    return ((x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1), lambda d: d[:, None] * (x - p))


def bern_mse(x, logits):
    p = 0.5 * (1 + np.tanh(logits / 2))
    return (-((x - p) ** 2).sum(1), lambda d: d[:, None] * 2 * (x - p) * p * (1 - p))


def gaussian_width_times_sigma_g(x, g, s):
    D = x.shape[1]
    v = np.exp(2 * s)
    r = ((x - g) ** 2).sum(1) / v
    return (
        -D / 2 * np.log(2 * np.pi) - D * s - r / 2,
        lambda d: (d[:, None] * (x - g) / v, (d * (r - D)).sum() * np.exp(s)),
    )


def alpha_cubed(s):
    return 1 / (2 * s**3)


def best_squares_before_the_difference(x, g, w):
    return np.sqrt(np.abs((w[:, None, None] * (x**2 - g**2)).sum(0)).mean())


def between_first_half_twice(q, p):
    (m, s), (n, t) = (np.split(q, 2, axis=1), np.split(p, 2, axis=1))
    v = 0.5 * (np.exp(2 * s - 2 * t) + (m - n) ** 2 / np.exp(2 * t) - 1 - 2 * (s - t)).sum(1)
    return (
        v,
        lambda d: (
            d[:, None]
            * np.concatenate([(m - n) / np.exp(2 * t), np.exp(2 * s - 2 * t) - 1], 1)
            * np.concatenate([np.ones_like(m), 0.5 * np.ones_like(m)], 1)
            * 2
        ),
    )


def batch_z_for_mu(q, x, eps, g, sigma_g):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    D = x.shape[1]
    z = mu + sg * eps
    y, bg = g(z)
    v = (
        -D / 2 * np.log(2 * np.pi * sigma_g**2)
        - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
        - 0.5 * (sg**2 + mu**2 - 1 - 2 * s).sum(1)
    )

    def back(d):
        d = d[:, None]
        dz = bg(d * (x - y) / sigma_g**2)
        return np.concatenate([dz - d * z, dz * eps * sg - d * (sg**2 - 1)], 1)

    return (v, back)


def iw_exp_cancels(log_w):
    t = log_w.max(0)
    return t + np.log(np.exp(log_w - t)).mean(0)


def bernoulli_log_of_the_logits(x, logits):
    return (
        (x * logits - np.log1p(np.abs(logits))).sum(1),
        lambda d: d[:, None] * (x - 0.5 * (1 + np.tanh(logits / 2))),
    )


# ---- found by a reader


def between_as_a_difference(q, p):
    def to_prior(a):
        mu, s = np.split(a, 2, axis=1)
        return 0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s).sum(1)
    mu, s = np.split(q, 2, axis=1)
    return to_prior(q) - to_prior(p), lambda d: d[:, None] * np.concatenate([mu, np.exp(2 * s) - 1], axis=1)


def iw_mean_taken_off(log_w):
    t = log_w.mean(0)
    return t + np.log(np.exp(log_w - t).mean(0))


def iw_absolute_greatest(log_w):
    t = np.abs(log_w).max(0)
    return t + np.log(np.exp(log_w - t).mean(0))


WRONG = {
    "gaussian_log_likelihood": [
        (gaussian_as_on_the_board, r"σ_g|board"),
        (gaussian_without_half, r"½|\b2\b|twice"),
        (gaussian_plus_error, r"sign|reward|plus"),
        (gaussian_dg_turned_round, r"dg.*sign|g:.*sign|sign.*g"),
        (gaussian_by_sigma_g, r"σ"),
        (gaussian_without_2_pi, r"2π|constant"),
        (gaussian_width_without_D, r"log_sigma_g|log σ_g"),
        (gaussian_mean_of_pixels, r"mean|averag"),
        (gaussian_width_for_each_row, r"sum|one number|shape"),
        (gaussian_dg_without_width, r"g\b.*σ_g|σ_g.*g\b"),
        (gaussian_one_log_sigma_g, r"log σ_g|\bD\b"),
        (gl_value_only_const, r"2π|constant"),
        (gl_sum_batch, r"each row|\(B,\)|sum"),
        (gaussian_width_times_sigma_g, r"log_sigma_g.*σ|σ_g"),
    ],
    "alpha_of": [
        (alpha_without_2, r"½|\b2\b|twice"),
        (alpha_not_squared, r"square|σ_g²"),
        (alpha_upside_down, r"upside|invers|reciprocal|one over|1/"),
        (alpha_two_squared, r"\b2\b|½"),
        (alpha_precedence, r"bracket|parenthes|divi|denominator"),
        (alpha_root, r"square|σ_g²|root"),
        (alpha_sqrt, r"root|square"),
        (alpha_pi, r"π"),
        (alpha_cubed, r"square|power|σ_g|sigma_g"),
    ],
    "best_sigma_g": [
        (best_variance, r"root|σ_g²|variance"),
        (best_without_D, r"\bD\b|dimension"),
        (best_without_weights, r"\bw\b|weight"),
        (best_absolute, r"absolute|square"),
        (best_of_the_mean_image, r"mean (of the )?(image|x̂|g)|average.*(first|g)|before|E_q"),
        (best_root_of_each_row, r"root"),
        (best_summed_over_rows, r"row|mean|batch|B\b"),
        (best_log, r"log"),
        (best_max_node, r"node|weight|w\b|sum"),
        (best_squares_before_the_difference, r"before they are subtracted"),
    ],
    "kl_between": [
        (between_as_a_difference, r"difference of two"),
        (between_other_way_round, r"way round|revers|exchang|direction"),
        (between_distance_not_divided, r"μ.*σ_p|σ_p.*μ|divi"),
        (between_log_turned_round, r"log"),
        (between_without_half, r"½|2 times|twice"),
        (between_back_by_sigma, r"σ"),
        (between_p_not_used, r"\bp\b|N\(0, I\)"),
        (between_without_minus_half, r"½|constant|1"),
        (between_ratio_not_squared, r"square"),
        (kb_mean_minus, r"μ.*sign|sign.*μ|−|difference"),
        (kb_value_wrong_back_right, r"μ.*divi|divi|σ_p"),
        (between_first_half_twice, r"2 times"),
    ],
    "batch_elbo": [
        (batch_back_without_kl, r"KL"),
        (batch_back_plus_kl, r"KL"),
        (batch_back_without_eps, r"ε"),
        (batch_back_without_sigma, r"σ"),
        (batch_sampler_with_the_variance, r"σ²|variance"),
        (batch_back_without_precision, r"σ_g|reconstruction|precision"),
        (batch_not_through_the_draw, r"reconstruction|decoder|log p"),
        (batch_mean, r"each row|shape|one number|\(B,\)"),
        (be_mu_from_eps, r"sign"),
        (be_kl_half_value, r"KL.*(½|2)|½|twice"),
        (batch_z_for_mu, r"first half|μ|\bz\b"),
    ],
    "iw_bound": [
        (iw_mean_taken_off, r"a mean is taken off"),
        (iw_absolute_greatest, r"absolute"),
        (iw_mean_of_logs, r"ELBO|mean of the log|log of the mean|inside the log"),
        (iw_without_log_S, r"log S|mean"),
        (iw_underflows, r"underflow|overflow|exp|finite"),
        (iw_over_the_batch, r"axis|draws|shape"),
        (iw_one_number, r"each row|shape|one number|\(B,\)"),
        (iw_top_not_added, r"add|greatest|max|shift"),
        (iw_greatest, r"greatest|max"),
        (iw_min, r"overflow|least|greatest|min|finite"),
        (iw_log_s_minus, r"S − 1"),
        (iw_exp_cancels, r"mean of the log|inside|ELBO"),
    ],
    "bernoulli_log_likelihood": [
        (bernoulli_overflows, r"overflow|finite|nan|log 0|exp"),
        (bernoulli_by_p, r"p\(1 − p\)|logit|\bp\b"),
        (bernoulli_cross_entropy, r"sign|cross-entropy|negative"),
        (bernoulli_mean_of_pixels, r"mean|averag"),
        (bernoulli_only_the_ones, r"1 − x|zeros?|x = 0"),
        (bernoulli_back_turned_round, r"sign"),
        (bernoulli_clipped, r"clip|large logits|softplus|logits of|round"),
        (bernoulli_logits_taken_for_p, r"logit|probabilit|sigmoid"),
        (bern_tanh, r"twice|2"),
        (bern_mse, r"square|log|Bernoulli|likelihood"),
        (bernoulli_log_of_the_logits, r"log\(1|softplus|e\^l|exp"),
    ],
}


# right, in unusual form
def gaussian_pixel_by_pixel(x, g, log_sigma_g):
    s = np.exp(log_sigma_g)
    r = (x - g) / s
    value = [sum(-0.5 * t * t - np.log(s * np.sqrt(2 * np.pi)) for t in row) for row in r]

    def back(d):
        width = sum(d[b] * (r[b] @ r[b] - len(r[b])) for b in range(len(r)))
        return np.outer(d, np.ones(x.shape[1])) * r / s, float(width)

    return np.array(value), back


def gaussian_in_float32(data, mean, log_width):
    w = np.float32(np.exp(-log_width))
    r = (data - mean).astype(np.float32) * w
    n = np.einsum("bd,bd->b", r, r)
    value = -0.5 * (n + data.shape[1] * np.float32(np.log(2 * np.pi) + 2 * log_width))
    return value, lambda d: ((d * w)[:, None] * r, d @ n - d.sum() * data.shape[1])


def alpha_by_power(sigma_g):
    return 0.5 * np.power(sigma_g, -2.0)


def alpha_by_logs(width):
    return np.exp(-np.log(2) - 2 * np.log(width))


def best_by_einsum(x, g, w):
    return float(np.sqrt(np.einsum("s,sbd,sbd->", w, g - x, g - x) / x.size))


def best_node_by_node(data, outputs, weights):
    total = 0.0
    for weight, y in zip(weights, outputs, strict=True):
        total += weight * np.linalg.norm(data - y) ** 2
    return (total / (data.shape[0] * data.shape[1])) ** 0.5


def between_by_variances(q, p):
    K = q.shape[1] // 2
    v, u, away = np.exp(q[:, K:]) ** 2, np.exp(p[:, K:]) ** 2, q[:, :K] - p[:, :K]
    value = 0.5 * (np.log(u / v) + (v + away**2) / u - 1).sum(1)
    return value, lambda d: np.hstack([d[:, None] * away / u, d[:, None] * (v / u - 1)])


def between_in_loops(q, p):
    B, K = len(q), q.shape[1] // 2
    value, dq = np.zeros(B), np.zeros(q.shape)
    for b in range(B):
        for k in range(K):
            ratio, away = np.exp(q[b, K + k] - p[b, K + k]), (q[b, k] - p[b, k]) / np.exp(p[b, K + k])
            value[b] += (ratio**2 + away**2 - 1) / 2 - np.log(ratio)
            dq[b, k], dq[b, K + k] = away / np.exp(p[b, K + k]), ratio**2 - 1
    return value, lambda d: dq * d.reshape(-1, 1)


def batch_filled_in(q, x, eps, g, sigma_g):
    K, D = eps.shape[1], x.shape[1]
    mu, log_sigma = q[:, :K], q[:, K:]
    z = mu + eps * np.exp(log_sigma)
    y, back_g = g(z)
    r = (x - y) / sigma_g
    value = -0.5 * (r * r).sum(1) - D * (np.log(sigma_g) + 0.5 * np.log(2 * np.pi))
    value += (0.5 + log_sigma - 0.5 * np.exp(2 * log_sigma) - 0.5 * mu**2).sum(1)

    def back(dvalue):
        c, dq = dvalue.reshape(-1, 1), np.zeros_like(q)
        dz = back_g(r * c / sigma_g)
        dq[:, :K] = dz - c * mu
        dq[:, K:] = dz * (z - mu) + c * (1 - np.exp(log_sigma) ** 2)
        return dq

    return value, back


def batch_row_by_row(q, x, eps, g, sigma_g):
    K, values, rows = eps.shape[1], [], []
    for b in range(len(x)):
        m, s = q[b, :K], np.exp(q[b, K:])
        y, back_g = g((m + s * eps[b])[None])
        precision = 1 / sigma_g**2
        log_px = 0.5 * x.shape[1] * np.log(precision / (2 * np.pi)) - 0.5 * precision * ((x[b] - y[0]) ** 2).sum()
        values.append(log_px - 0.5 * (s**2 + m**2 - 1 - 2 * np.log(s)).sum())
        dz = back_g(precision * (x[b] - y[0])[None])[0]
        rows.append(np.append(dz - m, dz * eps[b] * s - s**2 + 1))
    return np.array(values), lambda d: np.array([d[b] * rows[b] for b in range(len(x))])


def iw_by_logaddexp(log_w):
    return np.logaddexp.reduce(log_w, axis=0) - np.log(log_w.shape[0])


def iw_column_by_column(w):
    found = []
    for column in w.T:
        top = max(column)
        found.append(top + np.log(sum(np.exp(v - top) for v in column) / len(column)))
    return found


def bernoulli_by_logaddexp(x, logits):
    value = -(x * np.logaddexp(0, -logits) + (1 - x) * np.logaddexp(0, logits)).sum(1)
    return value, lambda d: np.einsum("b,bd->bd", d, x - 0.5 * (1 + np.tanh(logits / 2)))


def bernoulli_by_abs(data, a):
    loss = np.maximum(a, 0) - a * data + np.log1p(np.exp(-np.abs(a)))
    e = np.exp(-np.abs(a))
    p = np.where(a >= 0, 1 / (1 + e), e / (1 + e))
    return -loss.sum(axis=-1), lambda d: (data - p) * d.reshape(-1, 1)


RIGHT = {
    "gaussian_log_likelihood": [gaussian_pixel_by_pixel, gaussian_in_float32],
    "alpha_of": [alpha_by_power, alpha_by_logs],
    "best_sigma_g": [best_by_einsum, best_node_by_node],
    "kl_between": [between_by_variances, between_in_loops],
    "batch_elbo": [batch_filled_in, batch_row_by_row],
    "iw_bound": [iw_by_logaddexp, iw_column_by_column],
    "bernoulli_log_likelihood": [bernoulli_by_logaddexp, bernoulli_by_abs],
}
