"""Answers to the exercises of notebook 7 as students write them, each with what the sentence must say."""

import numpy as np


# nodes(q, eps) -> z (S, B, K), back
def nodes_without_exp(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    z = mu + log_sigma * eps
    return z, lambda dz: np.concatenate([dz.sum(0), (dz * eps).sum(0)], axis=1)


def nodes_with_the_variance(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    v = np.exp(2 * log_sigma)
    return mu + v * eps, lambda dz: np.concatenate([dz.sum(0), 2 * v * (dz * eps).sum(0)], axis=1)


def nodes_back_without_sigma(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    z = mu + np.exp(log_sigma) * eps
    return z, lambda dz: np.concatenate([dz.sum(0), (dz * eps).sum(0)], axis=1)


def nodes_back_without_eps(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    return mu + sigma * eps, lambda dz: np.concatenate([dz.sum(0), dz.sum(0) * sigma], axis=1)


def nodes_back_mean(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    return mu + sigma * eps, lambda dz: np.concatenate([dz.mean(0), (dz * eps).mean(0) * sigma], axis=1)


def nodes_back_for_each_draw(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    return mu + sigma * eps, lambda dz: np.concatenate([dz, dz * eps * sigma], axis=2)


def nodes_halves_exchanged(q, eps):
    log_sigma, mu = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    return mu + sigma * eps, lambda dz: np.concatenate([(dz * eps).sum(0) * sigma, dz.sum(0)], axis=1)


def nodes_own_noise(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, e = np.exp(log_sigma), np.random.default_rng().standard_normal(eps.shape)
    return mu + sigma * e, lambda dz: np.concatenate([dz.sum(0), (dz * e).sum(0) * sigma], axis=1)


# pathwise(q, df, eps) -> (S, B, 2K)
def pathwise_averaged(q, df, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    slope = df(mu + np.exp(log_sigma) * eps)
    return np.concatenate([slope.mean(0), (slope * eps).mean(0) * np.exp(log_sigma)], axis=1)


def pathwise_without_sigma(q, df, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    slope = df(mu + np.exp(log_sigma) * eps)
    return np.concatenate([slope, slope * eps], axis=2)


def pathwise_slope_at_mu(q, df, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    slope = np.broadcast_to(df(mu[None]), eps.shape)
    return np.concatenate([slope, slope * eps * np.exp(log_sigma)], axis=2)


def pathwise_without_eps(q, df, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    slope = df(mu + np.exp(log_sigma) * eps)
    return np.concatenate([slope, slope * np.exp(log_sigma)], axis=2)


def pathwise_log_variance(q, df, eps):
    mu, log_var = np.split(q, 2, axis=1)
    sigma = np.exp(0.5 * log_var)
    slope = df(mu + sigma * eps)
    return np.concatenate([slope, 0.5 * slope * eps * sigma], axis=2)


def pathwise_sigma_read_as_it_is(q, df, eps):
    mu, sigma = np.split(q, 2, axis=1)
    slope = df(mu + sigma * eps)
    return np.concatenate([slope, slope * eps], axis=2)


# score_function(q, f, z) -> (S, B, 2K)
def score_over_sigma(q, f, z):
    mu, log_sigma = np.split(q, 2, axis=1)
    e = (z - mu) / np.exp(log_sigma)
    return f(z)[:, :, None] * np.concatenate([e, e**2 - 1], axis=2)


def score_without_minus_1(q, f, z):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    return f(z)[:, :, None] * np.concatenate([(z - mu) / sigma**2, ((z - mu) / sigma) ** 2], axis=2)


def score_by_sigma(q, f, z):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    return f(z)[:, :, None] * np.concatenate([(z - mu) / sigma**2, (z - mu) ** 2 / sigma**3 - 1 / sigma], axis=2)


def score_turned_round(q, f, z):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    e = (mu - z) / sigma
    return f(z)[:, :, None] * np.concatenate([e / sigma, e**2 - 1], axis=2)


def score_without_f(q, f, z):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    e = (z - mu) / sigma
    return np.concatenate([e / sigma, e**2 - 1], axis=2)


def score_averaged(q, f, z):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    e = (z - mu) / sigma
    return (f(z)[:, :, None] * np.concatenate([e / sigma, e**2 - 1], axis=2)).mean(0)


def score_with_the_density(q, f, z):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    e = (z - mu) / sigma
    density = np.exp(-0.5 * e**2 - log_sigma - 0.5 * np.log(2 * np.pi)).prod(2)
    return (f(z) * density)[:, :, None] * np.concatenate([e / sigma, e**2 - 1], axis=2)


# best_baseline(value, score) -> (P,)
def baseline_mean(value, score):
    return np.full(score.shape[1], value.mean())


def baseline_without_squares(value, score):
    return (value[:, None] * score).mean(0) / score.mean(0)


def baseline_not_divided(value, score):
    return (value[:, None] * score**2).mean(0)


def baseline_one_for_all(value, score):
    s2 = (score**2).sum(1)
    return (value * s2).mean() / s2.mean()


def baseline_square_of_the_mean(value, score):
    return (value[:, None] * score**2).mean(0) / score.mean(0) ** 2


def baseline_regression(value, score):
    return (value[:, None] * score).mean(0) / (score**2).mean(0)


# leave_one_out(value) -> c (S, B)
def loo_itself_included(value):
    return np.broadcast_to(value.mean(0), value.shape)


def loo_divided_by_S(value):
    return (value.sum(0) - value) / len(value)


def loo_over_the_batch(value):
    return (value.sum(1, keepdims=True) - value) / (value.shape[1] - 1)


def loo_difference(value):
    return value - (value.sum(0) - value) / (len(value) - 1)


def loo_the_one_before(value):
    return np.roll(value, 1, axis=0)


def loo_first_left_out(value):
    return np.broadcast_to(value[1:].mean(0), value.shape)


# exponential(rate, u) -> z (S, B), back
def exponential_times_rate(rate, u):
    z = -np.log(1 - u) * rate
    return z, lambda dz: (-dz * np.log(1 - u)).sum(0)


def exponential_negative(rate, u):
    z = np.log(1 - u) / rate
    return z, lambda dz: -(dz * z).sum(0) / rate


def exponential_back_plus(rate, u):
    z = -np.log(1 - u) / rate
    return z, lambda dz: (dz * z).sum(0) / rate


def exponential_back_log_rate(rate, u):
    z = -np.log(1 - u) / rate
    return z, lambda dz: -(dz * z).sum(0)


def exponential_back_not_summed(rate, u):
    z = -np.log(1 - u) / rate
    return z, lambda dz: -dz * z / rate


def exponential_density(rate, u):
    z = rate * np.exp(-rate * u)
    return z, lambda dz: (dz * np.exp(-rate * u) * (1 - rate * u)).sum(0)


def exponential_back_zero(rate, u):
    z = -np.log(1 - u) / rate
    return z, lambda dz: np.zeros_like(rate)


# kl(q) -> value (B,), back
def kl_one_log_sigma(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    value = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - log_sigma).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([mu, np.exp(2 * log_sigma) - 0.5], axis=1)


def kl_without_half(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    value = (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([2 * mu, 2 * np.exp(2 * log_sigma) - 2], axis=1)


def kl_back_by_sigma(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    value = 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([mu, sigma - 1 / sigma], axis=1)


def kl_of_the_batch(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    value = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum()
    return value, lambda d: d * np.concatenate([mu, np.exp(2 * log_sigma) - 1], axis=1)


def kl_negative(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    value = 0.5 * (1 + 2 * log_sigma - mu**2 - np.exp(2 * log_sigma)).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([-mu, 1 - np.exp(2 * log_sigma)], axis=1)


def kl_without_minus_1(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    value = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 2 * log_sigma).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([mu, np.exp(2 * log_sigma) - 1], axis=1)


def kl_log_variance(q):
    mu, log_var = np.split(q, 2, axis=1)
    value = 0.5 * (np.exp(log_var) + mu**2 - 1 - log_var).sum(1)
    return value, lambda d: d[:, None] * np.concatenate([mu, 0.5 * (np.exp(log_var) - 1)], axis=1)


def kl_mean_over_coordinates(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    value = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).mean(1)
    back = np.concatenate([mu, np.exp(2 * log_sigma) - 1], axis=1) / mu.shape[1]
    return value, lambda d: d[:, None] * back


def kl_back_without_dvalue(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    value = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)
    return value, lambda d: np.concatenate([mu, np.exp(2 * log_sigma) - 1], axis=1)


def nodes_sigma_in_both(q, eps):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    return (mu + sg * eps, lambda dz: np.concatenate([(dz * sg).sum(0), (dz * eps * sg).sum(0)], 1))


def nodes_value_var_grad_right(q, eps):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    return (mu + sg**2 * eps, lambda dz: np.concatenate([dz.sum(0), (dz * eps * sg).sum(0)], 1))


def path_f_grad_times_eps_only_first(q, df, eps):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    g = df(mu + sg * eps)
    return np.concatenate([g * sg, g * eps * sg], 2)


def path_halves(q, df, eps):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    g = df(mu + sg * eps)
    return np.concatenate([g * eps * sg, g], 2)


def score_z_over_var(q, f, z):
    mu, s = np.split(q, 2, axis=1)
    v = np.exp(2 * s)
    return f(z)[..., None] * np.concatenate([z / v, (z - mu) ** 2 / v - 1], 2)


def score_plus_one(q, f, z):
    mu, s = np.split(q, 2, axis=1)
    v = np.exp(2 * s)
    return f(z)[..., None] * np.concatenate([(z - mu) / v, (z - mu) ** 2 / v + 1], 2)


def base_median(value, score):
    return np.full(score.shape[1], np.median(value))


def base_sum_above(value, score):
    return (value[:, None] * score**2).sum(0) / (score**2).mean(0)


def loo_running(value):
    out = np.zeros_like(value)
    for s in range(1, len(value)):
        out[s] = value[:s].mean(0)
    return out


def loo_s_plus(value):
    return (value.sum(0) - value) / (len(value) + 1)


def exp_log_u_plus(rate, u):
    z = np.log(1 + u) / rate
    return (z, lambda dz: -(dz * z).sum(0) / rate)


def exp_back_log(rate, u):
    z = -np.log(1 - u) / rate
    return (z, lambda dz: (dz * np.log(1 - u) / rate).sum(0))


def kl_half_only_value(q):
    mu, s = np.split(q, 2, axis=1)
    return (
        (np.exp(2 * s) + mu**2 - 1 - 2 * s).sum(1),
        lambda d: d[:, None] * np.concatenate([mu, np.exp(2 * s) - 1], 1),
    )


def kl_mu_not_squared(q):
    mu, s = np.split(q, 2, axis=1)
    return (
        0.5 * (np.exp(2 * s) + mu - 1 - 2 * s).sum(1),
        lambda d: d[:, None] * np.concatenate([0.5 + 0 * mu, np.exp(2 * s) - 1], 1),
    )


def nodes_log_sigma_in_back(q, eps):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    return (mu + sg * eps, lambda dz: np.concatenate([dz.sum(0), (dz * eps).sum(0) * s], 1))


def pathwise_times_z(q, df, eps):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    z = mu + sg * eps
    return np.concatenate([df(z), df(z) * z], 2)


def score_with_a_baseline(q, f, z):
    mu, s = np.split(q, 2, axis=1)
    sg = np.exp(s)
    e = (z - mu) / sg
    return (f(z) - f(z).mean(0))[..., None] * np.concatenate([e / sg, e**2 - 1], 2)


def baseline_less_the_mean(value, score):
    c = (value * (score**2).T).T.mean(0) / (score**2).mean(0)
    return c - value.mean()


def loo_one_factor_too_many(value):
    return (
        np.stack([value[np.arange(len(value)) != s].sum(0) for s in range(len(value))]) / len(value) * (len(value) - 1)
    )


def exponential_log_10(rate, u):
    z = -np.log10(1 - u) / rate
    return (z, lambda dz: -(dz * z).sum(0) / rate)


def kl_log_sigma_added(q):
    mu, s = np.split(q, 2, axis=1)
    return (
        0.5 * (np.exp(2 * s) + mu**2 - 1 + 2 * s).sum(1),
        lambda d: d[:, None] * np.concatenate([mu, np.exp(2 * s) + 1], 1),
    )


# ---- found by a reader


def nodes_back_absolute_eps(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    s = np.exp(log_sigma)
    return mu + s * eps, lambda dz: np.concatenate([dz.sum(0), (dz * np.abs(eps)).sum(0) * s], axis=1)


def nodes_back_with_z(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    z = mu + np.exp(log_sigma) * eps
    return z, lambda dz: np.concatenate([dz.sum(0), (dz * z).sum(0)], axis=1)


def nodes_back_product_of_sums(q, eps):
    mu, log_sigma = np.split(q, 2, axis=1)
    s = np.exp(log_sigma)
    return mu + s * eps, lambda dz: np.concatenate([dz.sum(0), dz.sum(0) * eps.sum(0) * s], axis=1)


def kl_of_the_prior_to_q(q):
    mu, s = np.split(q, 2, axis=1)
    v = np.exp(2 * s)
    return (0.5 * ((1 + mu**2) / v - 1 + 2 * s).sum(1),
            lambda d: d[:, None] * np.concatenate([mu / v, 1 - (1 + mu**2) / v], axis=1))


WRONG = {
    "nodes": [
        (nodes_back_absolute_eps, r"ε\|"),
        (nodes_back_with_z, r"z stands"),
        (nodes_back_product_of_sums, r"sum of products"),
        (nodes_without_exp, r"exp|log σ"),
        (nodes_with_the_variance, r"σ²|squared|variance"),
        (nodes_back_without_sigma, r"σ"),
        (nodes_back_without_eps, r"ε"),
        (nodes_back_mean, r"mean"),
        (nodes_back_for_each_draw, r"sum"),
        (nodes_halves_exchanged, r"exchang|halves|half|order"),
        (nodes_own_noise, r"noise|ε|numbers of its own"),
        (nodes_sigma_in_both, r"first half.*σ|μ|σ"),
        (nodes_value_var_grad_right, r"σ²|variance|z:"),
        (nodes_log_sigma_in_back, r"log σ stands"),
    ],
    "pathwise": [
        (pathwise_averaged, r"each draw|shape|averag|mean"),
        (pathwise_without_sigma, r"σ"),
        (pathwise_slope_at_mu, r"μ"),
        (pathwise_without_eps, r"ε"),
        (pathwise_log_variance, r"log σ²|variance"),
        (pathwise_sigma_read_as_it_is, r"exp|log σ"),
        (path_f_grad_times_eps_only_first, r"first half"),
        (path_halves, r"order"),
        (pathwise_times_z, r"\bz stands"),
    ],
    "score_function": [
        (score_over_sigma, r"σ"),
        (score_without_minus_1, r"1"),
        (score_by_sigma, r"σ"),
        (score_turned_round, r"sign"),
        (score_without_f, r"\bf\b"),
        (score_averaged, r"each draw|shape|averag|mean"),
        (score_with_the_density, r"q\(z\)|density|weight"),
        (score_z_over_var, r"first half|μ"),
        (score_plus_one, r"second half|1"),
        (score_with_a_baseline, r"mean|baseline|taken off"),
    ],
    "best_baseline": [
        (baseline_mean, r"mean"),
        (baseline_without_squares, r"squar|s²"),
        (baseline_not_divided, r"divi"),
        (baseline_one_for_all, r"each|coordinate|shape"),
        (baseline_square_of_the_mean, r"square"),
        (baseline_regression, r"squar|s²"),
        (base_median, r"median|weigh|same|coordinate|squar"),
        (base_sum_above, r"sum"),
        (baseline_less_the_mean, r"mean|taken off|constant"),
    ],
    "leave_one_out": [
        (loo_itself_included, r"itself|own"),
        (loo_divided_by_S, r"S − 1"),
        (loo_over_the_batch, r"axis|batch|rows|draws"),
        (loo_difference, r"baseline|itself|c_s|already"),
        (loo_the_one_before, r"one other|single|all (the )?other|before|neighbour"),
        (loo_first_left_out, r"first|own|each"),
        (loo_running, r"before|earlier|others|all"),
        (loo_s_plus, r"S − 1|S \+ 1|\(S|divided"),
        (loo_one_factor_too_many, r"sum|S|times"),
    ],
    "exponential": [
        (exponential_times_rate, r"divi|1/λ|mean"),
        (exponential_negative, r"sign|negative|positive"),
        (exponential_back_plus, r"sign"),
        (exponential_back_log_rate, r"λ|rate"),
        (exponential_back_not_summed, r"sum"),
        (exponential_density, r"density|inverse|distribution"),
        (exponential_back_zero, r"zero"),
        (exp_log_u_plus, r"1 − u|sign of u|−u|sign"),
        (exp_back_log, r"λ|rate"),
        (exponential_log_10, r"log|10"),
    ],
    "kl": [
        (kl_of_the_prior_to_q, r"other way round"),
        (kl_one_log_sigma, r"log σ"),
        (kl_without_half, r"½|2 times|twice"),
        (kl_back_by_sigma, r"σ"),
        (kl_of_the_batch, r"each row|row|shape|batch"),
        (kl_negative, r"sign|negative"),
        (kl_without_minus_1, r"− ?1|constant"),
        (kl_log_variance, r"log σ²|variance"),
        (kl_mean_over_coordinates, r"mean|K"),
        (kl_back_without_dvalue, r"dvalue|dy|upstream"),
        (kl_half_only_value, r"½"),
        (kl_mu_not_squared, r"μ.*squar|squar.*μ|μ²"),
        (kl_log_sigma_added, r"log σ.*sign|sign.*log σ"),
    ],
}


# right, in unusual form
def nodes_in_loops(q, eps):
    S, B, K = eps.shape
    z = np.empty((S, B, K))
    for s in range(S):
        for b in range(B):
            for k in range(K):
                z[s, b, k] = q[b, k] + eps[s, b, k] * np.exp(q[b, K + k])

    def back(dz):
        dq = np.zeros((B, 2 * K))
        for s in range(S):
            for b in range(B):
                for k in range(K):
                    dq[b, k] += dz[s, b, k]
                    dq[b, K + k] += dz[s, b, k] * (z[s, b, k] - q[b, k])
        return dq

    return z, back


def nodes_in_float32(rows, noise):
    K = noise.shape[-1]
    m, s = rows[:, :K].astype(np.float32), np.exp(rows[:, K:].astype(np.float32))
    e = noise.astype(np.float32)
    return m + s * e, lambda g: np.hstack([np.einsum("sbk->bk", g), np.einsum("sbk,sbk,bk->bk", g, e, s)])


def pathwise_draw_by_draw(q, df, eps):
    K, found = eps.shape[2], []
    for e in eps:
        z = q[:, :K] + np.exp(q[:, K:]) * e
        slope = df(z[None])[0]
        found.append(np.hstack([slope, slope * (z - q[:, :K])]))
    return np.stack(found)


def pathwise_filled_in(row, gradient, noise):
    S, B, K = noise.shape
    out = np.empty((S, B, 2 * K))
    scale = np.exp(row[None, :, K:])
    out[..., :K] = gradient(noise * scale + row[None, :, :K])
    out[..., K:] = out[..., :K] * noise * scale
    return out


def score_by_precision(q, f, z):
    K = z.shape[2]
    precision = np.exp(-2 * q[:, K:])
    value, away = f(z), z - q[:, :K]
    return np.dstack([value[..., None] * away * precision, value[..., None] * (away * away * precision - 1.0)])


def score_row_by_row(q, f, z):
    S, B, K = z.shape
    value, out = f(z), np.zeros((S, B, 2 * K), np.float32)
    for s in range(S):
        for b in range(B):
            e = (z[s, b] - q[b, :K]) / np.exp(q[b, K:])
            out[s, b] = value[s, b] * np.append(e / np.exp(q[b, K:]), e * e - 1)
    return out


def baseline_by_weights(value, score):
    w = score**2 / (score**2).sum(axis=0)
    return value @ w


def baseline_in_loops(f, s):
    return [sum(a * b**2 for a, b in zip(f, column, strict=True)) / sum(b * b for b in column) for column in s.T]


def loo_by_deleting(value):
    return np.stack([np.delete(value, s, axis=0).mean(axis=0) for s in range(len(value))])


def loo_by_matrix(f):
    S = f.shape[0]
    return ((np.ones((S, S)) - np.eye(S)) / (S - 1)) @ f


def exponential_by_log1p(rate, u):
    unit = -np.log1p(-u)
    return unit / rate, lambda dz: np.einsum("sb,sb,b->b", dz, unit, -(rate**-2.0))


def exponential_from_the_other_end(rate, u):
    z = -np.log(u) / rate
    return z, lambda dz: np.array([-(dz[:, b] * z[:, b]).sum() / rate[b] for b in range(len(rate))])


def kl_by_variance(q):
    K = q.shape[1] // 2
    mean, var = q[:, :K], np.exp(q[:, K:]) ** 2
    value = (var + mean**2 - np.log(var)).sum(1) / 2 - K / 2

    def back(dvalue):
        dq = np.empty_like(q)
        dq[:, :K], dq[:, K:] = mean, var - 1
        return np.einsum("b,bk->bk", dvalue, dq)

    return value, back


def kl_in_float32(row):
    m, s = (a.astype(np.float32) for a in np.hsplit(row, 2))
    terms = np.expm1(2 * s) + m * m - 2 * s
    return np.float32(0.5) * terms.sum(axis=-1), lambda d: np.hstack([d[:, None] * m, d[:, None] * np.expm1(2 * s)])


RIGHT = {
    "nodes": [nodes_in_loops, nodes_in_float32],
    "pathwise": [pathwise_draw_by_draw, pathwise_filled_in],
    "score_function": [score_by_precision, score_row_by_row],
    "best_baseline": [baseline_by_weights, baseline_in_loops],
    "leave_one_out": [loo_by_deleting, loo_by_matrix],
    "exponential": [exponential_by_log1p, exponential_from_the_other_end],
    "kl": [kl_by_variance, kl_in_float32],
}
