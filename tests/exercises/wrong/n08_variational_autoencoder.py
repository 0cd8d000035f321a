"""Answers to the exercises of notebook 8 as students write them, each with what the sentence must say."""

import numpy as np


# image_elbo(q, x, eps, g, sigma_g) -> (B,)
def elbo_mean_of_the_batch(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu + np.exp(log_sigma) * eps), x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    return (log_px - 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)).mean()


def elbo_plus_kl(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu + np.exp(log_sigma) * eps), x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    return log_px + 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


def elbo_without_constant(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y = g(mu + np.exp(log_sigma) * eps)
    kl = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)
    return -((x - y) ** 2).sum(1) / (2 * sigma_g**2) - kl


def elbo_sampler_with_the_variance(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu + np.exp(2 * log_sigma) * eps), x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    return log_px - 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


def elbo_mean_squared_error(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu + np.exp(log_sigma) * eps), x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).mean(1) / (2 * sigma_g**2)
    return log_px - 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


def elbo_error_without_half(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu + np.exp(log_sigma) * eps), x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / sigma_g**2
    return log_px - 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


def elbo_x_is_lost(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu + np.exp(log_sigma) * eps), x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - (y**2).sum(1) / (2 * sigma_g**2)
    return log_px - 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


def elbo_as_a_loss(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu + np.exp(log_sigma) * eps), x.shape[1]
    loss = D / 2 * np.log(2 * np.pi * sigma_g**2) + ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    return loss + 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


def elbo_half_d_log_sigma_g(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu + np.exp(log_sigma) * eps), x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi) - D / 2 * np.log(sigma_g) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    return log_px - 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


def elbo_at_the_mean(q, x, eps, g, sigma_g):
    mu, log_sigma = np.split(q, 2, axis=1)
    y, D = g(mu), x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    return log_px - 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


# sample_vae(g, sigma_g, n, K, rng) -> x (n, D)
def sample_without_noise(g, sigma_g, n, K, rng):
    return g(rng.standard_normal((n, K)))


def sample_noise_of_the_variance(g, sigma_g, n, K, rng):
    y = g(rng.standard_normal((n, K)))
    return y + sigma_g**2 * rng.standard_normal(y.shape)


def sample_uniform_z(g, sigma_g, n, K, rng):
    y = g(rng.uniform(size=(n, K)))
    return y + sigma_g * rng.standard_normal(y.shape)


def sample_one_z(g, sigma_g, n, K, rng):
    y = np.repeat(g(rng.standard_normal((1, K))), n, axis=0)
    return y + sigma_g * rng.standard_normal(y.shape)


def sample_one_noise_for_all_pixels(g, sigma_g, n, K, rng):
    return g(rng.standard_normal((n, K))) + sigma_g * rng.standard_normal((n, 1))


def sample_with_a_seed(g, sigma_g, n, K, rng):
    rng = np.random.default_rng(0)
    y = g(rng.standard_normal((n, K)))
    return y + sigma_g * rng.standard_normal(y.shape)


def sample_noise_on_z(g, sigma_g, n, K, rng):
    z = rng.standard_normal((n, K))
    return g(z + sigma_g * rng.standard_normal(z.shape))


# kl_by_coordinate(q) -> (K,)
def by_coordinate_by_row(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).mean(1)


def by_coordinate_summed(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(0)


def by_coordinate_without_half(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).mean(0)


def by_coordinate_of_the_mean_row(q):
    mu, log_sigma = np.split(q.mean(0), 2)
    return 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma)


def by_coordinate_one_log_sigma(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - log_sigma).mean(0)


def by_coordinate_one_number(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1).mean()


# active_units(q, threshold) -> int
def active_counts_every_row(q, threshold):
    mu, log_sigma = np.split(q, 2, axis=1)
    return int((0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma) > threshold).sum())


def active_by_mu(q, threshold):
    mu, log_sigma = np.split(q, 2, axis=1)
    return int((np.abs(mu).mean(0) > threshold).sum())


def active_mask(q, threshold):
    mu, log_sigma = np.split(q, 2, axis=1)
    return 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).mean(0) > threshold


def active_counts_the_dark(q, threshold):
    mu, log_sigma = np.split(q, 2, axis=1)
    return int((0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).mean(0) < threshold).sum())


def active_in_any_row(q, threshold):
    mu, log_sigma = np.split(q, 2, axis=1)
    return int((0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).max(0) > threshold).sum())


def active_rows(q, threshold):
    mu, log_sigma = np.split(q, 2, axis=1)
    return int((0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1) > threshold).sum())


# aggregate_moments(q) -> mean (K,), covariance (K, K)
def aggregate_of_the_means(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return mu.mean(0), np.cov(mu.T, bias=True)


def aggregate_of_the_widths(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return mu.mean(0), np.diag(np.exp(2 * log_sigma).mean(0))


def aggregate_adds_sigma(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return mu.mean(0), np.cov(mu.T, bias=True) + np.diag(np.exp(log_sigma).mean(0))


def aggregate_variances_only(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return mu.mean(0), mu.var(0) + np.exp(2 * log_sigma).mean(0)


def aggregate_unbiased(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return mu.mean(0), np.cov(mu.T) + np.diag(np.exp(2 * log_sigma).mean(0))


def aggregate_mean_sigma_squared(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return mu.mean(0), np.cov(mu.T, bias=True) + np.diag(np.exp(log_sigma).mean(0) ** 2)


def aggregate_not_centred(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return mu.mean(0), mu.T @ mu / len(mu) + np.diag(np.exp(2 * log_sigma).mean(0))


def aggregate_added_everywhere(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    return mu.mean(0), np.cov(mu.T, bias=True) + np.exp(2 * log_sigma).mean(0)


# sigma_g_of_beta(sigma_g, beta) -> the sigma_g with which beta = 1 has the same optimum
def beta_itself(sigma_g, beta):
    return sigma_g * beta


def beta_divided(sigma_g, beta):
    return sigma_g / np.sqrt(beta)


def beta_as_variance(sigma_g, beta):
    return beta * sigma_g**2


def beta_root_of_everything(sigma_g, beta):
    return np.sqrt(beta * sigma_g)


def beta_as_alpha(sigma_g, beta):
    return 1 / (2 * beta * sigma_g**2)


def beta_not_used(sigma_g, beta):
    return sigma_g


def elbo_two_slips(q, x, eps, g, sigma_g):
    mu, s = np.split(q, 2, axis=1)
    y = g(mu + np.exp(s) * eps)
    return -((x - y) ** 2).sum(1) / sigma_g**2 - 0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s).sum(1)


def elbo_plus_log_sigma_g(q, x, eps, g, sigma_g):
    mu, s = np.split(q, 2, axis=1)
    y = g(mu + np.exp(s) * eps)
    D = x.shape[1]
    return (
        -D / 2 * np.log(2 * np.pi)
        + D * np.log(sigma_g)
        - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
        - 0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s).sum(1)
    )


def sample_prior_of_width(g, sigma_g, n, K, rng):
    y = g(sigma_g * rng.standard_normal((n, K)))
    return y + sigma_g * rng.standard_normal(y.shape)


def sample_noise_uniform(g, sigma_g, n, K, rng):
    y = g(rng.standard_normal((n, K)))
    return y + sigma_g * rng.uniform(-1, 1, y.shape)


def byc_abs_mu(q):
    mu, s = np.split(q, 2, axis=1)
    return 0.5 * (np.exp(2 * s) + np.abs(mu) - 1 - 2 * s).mean(0)


def byc_only_mu(q):
    mu, s = np.split(q, 2, axis=1)
    return 0.5 * (mu**2).mean(0)


def act_total(q, threshold):
    mu, s = np.split(q, 2, axis=1)
    return int((0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s)).mean(0).sum() > threshold)


def act_sigma(q, threshold):
    mu, s = np.split(q, 2, axis=1)
    return int((np.exp(s).mean(0) < 1 - threshold).sum())


def agg_cov_of_rows(q):
    mu, s = np.split(q, 2, axis=1)
    return (mu.mean(0), np.cov(mu, bias=True))


def agg_var_not_mean(q):
    mu, s = np.split(q, 2, axis=1)
    return (mu.mean(0), np.cov(mu.T, bias=True) + np.eye(mu.shape[1]))


def beta_plus(sigma_g, beta):
    return sigma_g + np.sqrt(beta)


def beta_cube(sigma_g, beta):
    return sigma_g * beta**0.25


def elbo_log_of_sigma_g_once(q, x, eps, g, sigma_g):
    mu, s = np.split(q, 2, axis=1)
    y = g(mu + np.exp(s) * eps)
    D = x.shape[1]
    return (
        -D / 2 * np.log(2 * np.pi * sigma_g)
        - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
        - 0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s).sum(1)
    )


def sample_absolute_noise(g, sigma_g, n, K, rng):
    z = rng.standard_normal((n, K))
    y = g(z)
    return y + sigma_g * np.abs(rng.standard_normal(y.shape))


def by_coordinate_variance(q):
    mu, s = np.split(q, 2, axis=1)
    return 0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s).var(0)


def active_by_the_median(q, threshold):
    mu, s = np.split(q, 2, axis=1)
    return int((np.median(0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s), axis=0) > threshold).sum())


def aggregate_widths_over_m(q):
    mu, s = np.split(q, 2, axis=1)
    return (mu.mean(0), np.cov(mu.T, bias=True) + np.diag(np.exp(2 * s).mean(0)) / len(mu))


def beta_over_sigma_g(sigma_g, beta):
    return np.sqrt(beta) / sigma_g


# ---- found by a reader


def elbo_with_z_in_the_kl(q, x, eps, g, sigma_g):
    mu, s = np.split(q, 2, axis=1)
    z, D = mu + np.exp(s) * eps, x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - g(z)) ** 2).sum(1) / (2 * sigma_g**2)
    return log_px - 0.5 * (np.exp(2 * s) + z**2 - 1 - 2 * s).sum(1)


def elbo_with_a_monte_carlo_kl(q, x, eps, g, sigma_g):
    mu, s = np.split(q, 2, axis=1)
    z, D = mu + np.exp(s) * eps, x.shape[1]
    log_px = -D / 2 * np.log(2 * np.pi * sigma_g**2) - ((x - g(z)) ** 2).sum(1) / (2 * sigma_g**2)
    log_q = (-0.5 * np.log(2 * np.pi) - s - 0.5 * eps**2).sum(1)
    log_p = (-0.5 * np.log(2 * np.pi) - 0.5 * z**2).sum(1)
    return log_px + log_p - log_q


def sample_with_z_as_noise(g, sigma_g, n, K, rng):
    z = rng.standard_normal((n, K))
    y = g(z)
    return y + sigma_g * np.resize(z, y.shape)


def sample_clipped(g, sigma_g, n, K, rng):
    y = g(rng.standard_normal((n, K)))
    return np.clip(y + sigma_g * rng.standard_normal(y.shape), 0, 1)


def active_at_the_threshold(q, threshold):
    mu, s = np.split(q, 2, axis=1)
    return int((0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s).mean(0) >= threshold).sum())


WRONG = {
    "image_elbo": [
        (elbo_with_z_in_the_kl, r"KL z²"),
        (elbo_with_a_monte_carlo_kl, r"estimated from the draw"),
        (elbo_mean_of_the_batch, r"each (row|image)|shape|one number|\(B,\)"),
        (elbo_plus_kl, r"KL.*(sign|added|subtract)|sign.*KL"),
        (elbo_without_constant, r"constant|log 2π|log σ_g"),
        (elbo_sampler_with_the_variance, r"σ²|variance"),
        (elbo_mean_squared_error, r"mean over|averag"),
        (elbo_error_without_half, r"½|2 ?σ_g²|twice|\b2\b"),
        (elbo_x_is_lost, r"\bx\b"),
        (elbo_as_a_loss, r"sign|negative|maximi"),
        (elbo_half_d_log_sigma_g, r"log σ_g"),
        (elbo_at_the_mean, r"noise|ε|at μ|the mean"),
        (elbo_two_slips, r"½|constant|2π|error"),
        (elbo_plus_log_sigma_g, r"log σ_g.*sign|sign.*log σ_g"),
        (elbo_log_of_sigma_g_once, r"σ_g"),
    ],
    "sample_vae": [
        (sample_with_z_as_noise, r"of z|correlated"),
        (sample_clipped, r"clip"),
        (sample_without_noise, r"noise|σ_g"),
        (sample_noise_of_the_variance, r"σ_g²|variance"),
        (sample_uniform_z, r"N\(0|normal|mean of z|uniform"),
        (sample_one_z, r"one z|same z|each (row|image)"),
        (sample_one_noise_for_all_pixels, r"each pixel|pixels|own noise|every pixel"),
        (sample_with_a_seed, r"rng|generator|seed"),
        (sample_noise_on_z, r"on z|to z|noise.*\bz\b"),
        (sample_prior_of_width, r"standard deviation|width|σ_g"),
        (sample_noise_uniform, r"noise"),
        (sample_absolute_noise, r"noise"),
    ],
    "kl_by_coordinate": [
        (by_coordinate_by_row, r"axis|rows|coordinates|shape"),
        (by_coordinate_summed, r"mean|sum"),
        (by_coordinate_without_half, r"½|2 times|twice"),
        (by_coordinate_of_the_mean_row, r"mean (of the )?row|first|averag.*(row|q)|each row"),
        (by_coordinate_one_log_sigma, r"log σ"),
        (by_coordinate_one_number, r"each coordinate|shape|\(K,\)"),
        (byc_abs_mu, r"μ.*squar|squar.*μ|μ²|absolute"),
        (byc_only_mu, r"σ|missing|only"),
        (by_coordinate_variance, r"varia|mean"),
    ],
    "active_units": [
        (active_at_the_threshold, r"threshold"),
        (active_counts_every_row, r"mean|averag|row"),
        (active_by_mu, r"μ|KL"),
        (active_mask, r"count|number|whole"),
        (active_counts_the_dark, r"not active|dark|below|inactive|unused|other"),
        (active_in_any_row, r"mean|averag|any row|greatest|max"),
        (active_rows, r"rows|coordinate"),
        (act_total, r"sum|total|each|number|count"),
        (act_sigma, r"σ|KL"),
        (active_by_the_median, r"median"),
    ],
    "aggregate_moments": [
        (aggregate_of_the_means, r"σ²|clouds?|width"),
        (aggregate_of_the_widths, r"μ"),
        (aggregate_adds_sigma, r"σ²|square"),
        (aggregate_variances_only, r"shape|\(K, K\)|diagonal"),
        (aggregate_unbiased, r"m − 1|1/m"),
        (aggregate_mean_sigma_squared, r"square|E σ²|mean of"),
        (aggregate_not_centred, r"cent|mean"),
        (aggregate_added_everywhere, r"diagonal"),
        (agg_cov_of_rows, r"transpos|rows|shape|\(K, K\)"),
        (agg_var_not_mean, r"σ|width|I\b|diagonal"),
        (aggregate_widths_over_m, r"diagonal|σ²"),
    ],
    "sigma_g_of_beta": [
        (beta_itself, r"root|√|square"),
        (beta_divided, r"divi|wrong (way|direction)|invers|multipl"),
        (beta_as_variance, r"variance|root|σ_g²|squared"),
        (beta_root_of_everything, r"root|σ_g"),
        (beta_as_alpha, r"α|alpha"),
        (beta_not_used, r"β|beta"),
        (beta_plus, r"multipl|add|times|product|sum"),
        (beta_cube, r"root|β"),
        (beta_over_sigma_g, r"1/|divi|σ_g"),
    ],
}


# right, in unusual form
def elbo_in_loops(q, x, eps, g, sigma_g):
    (B, D), K, found = x.shape, eps.shape[1], []
    for b in range(B):
        m, s = q[b, :K], np.exp(q[b, K:])
        y = g((m + s * eps[b])[None])[0]
        value = sum(-0.5 * np.log(2 * np.pi) - np.log(sigma_g) - 0.5 * ((x[b, d] - y[d]) / sigma_g) ** 2
                    for d in range(D))
        found.append(value + sum(0.5 + np.log(s[k]) - 0.5 * s[k] ** 2 - 0.5 * m[k] ** 2 for k in range(K)))
    return np.array(found)


def elbo_in_float32(rows, data, noise, decode, width):
    m, s = (a.astype(np.float32) for a in np.hsplit(rows, 2))
    r = (data - decode(m + np.exp(s) * noise)).astype(np.float32) / np.float32(width)
    kl = 0.5 * (np.expm1(2 * s) + m**2 - 2 * s).sum(-1)
    return -0.5 * np.einsum("bd,bd->b", r, r) - data.shape[-1] * np.log(width * np.sqrt(2 * np.pi)) - kl


def sample_by_normal(decode, width, count, dim, generator):
    y = np.vstack([decode(generator.normal(size=(1, dim))) for _ in range(count)])
    return generator.normal(loc=y, scale=width)


def sample_noise_first(g, sigma_g, n, K, rng):
    D = g(np.zeros((1, K))).shape[1]
    noise = rng.multivariate_normal(np.zeros(D), sigma_g**2 * np.eye(D), size=n)
    return g(rng.standard_normal((K, n)).T) + noise


def by_coordinate_in_loops(q):
    K = q.shape[1] // 2
    return [sum(0.5 * (np.exp(2 * r[K + k]) + r[k] ** 2 - 1 - 2 * r[K + k]) for r in q) / len(q) for k in range(K)]


def by_coordinate_by_expm1(rows):
    m, s = (a.astype(np.float32) for a in np.hsplit(rows, 2))
    return np.einsum("bk->k", np.expm1(2 * s) - 2 * s + m * m) / (2 * len(m))


def active_by_bincount(q, threshold):
    m, s = np.hsplit(q, 2)
    kl = (np.exp(2 * s) + m**2 - 1 - 2 * s).sum(0) / (2 * len(q))
    return np.count_nonzero(kl > threshold)


def active_in_loops(q, limit):
    K, count = q.shape[1] // 2, 0
    for k in range(K):
        values = [0.5 * (np.exp(2 * row[K + k]) + row[k] ** 2 - 1 - 2 * row[K + k]) for row in q]
        count += np.mean(values) > limit
    return count


def aggregate_by_second_moments(q):
    K = q.shape[1] // 2
    mu, s2 = q[:, :K], np.exp(q[:, K:]) ** 2
    second = sum(np.outer(m, m) + np.diag(v) for m, v in zip(mu, s2, strict=True)) / len(q)
    return mu.mean(0), second - np.outer(mu.mean(0), mu.mean(0))


def aggregate_by_einsum(rows):
    m, s = (a.astype(np.float32) for a in np.hsplit(rows, 2))
    c = m - m.mean(0)
    covariance = np.einsum("bi,bj->ij", c, c) / len(c)
    covariance[np.diag_indices(len(covariance))] += np.exp(2 * s).mean(0)
    return m.mean(0), covariance


def beta_by_alpha(sigma_g, beta):
    alpha = 1 / (2 * sigma_g**2) / beta
    return (2 * alpha) ** -0.5


def beta_by_logs(width, weight):
    return np.exp(np.log(width) + 0.5 * np.log(weight))


RIGHT = {
    "image_elbo": [elbo_in_loops, elbo_in_float32],
    "sample_vae": [sample_by_normal, sample_noise_first],
    "kl_by_coordinate": [by_coordinate_in_loops, by_coordinate_by_expm1],
    "active_units": [active_by_bincount, active_in_loops],
    "aggregate_moments": [aggregate_by_second_moments, aggregate_by_einsum],
    "sigma_g_of_beta": [beta_by_alpha, beta_by_logs],
}
