"""Answers to the exercises of notebook 1 as students write them: WRONG ones and what must be said, RIGHT ones."""

import numpy as np

# ancestral_sampling(m, K, g, sigma_g, rng) -> z (m, K), x (m, D)


def sampling_with_the_variance(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    mean = g(z)
    return z, mean + sigma_g**2 * rng.standard_normal(mean.shape)


def sampling_with_the_root(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    mean = g(z)
    return z, rng.normal(mean, np.sqrt(sigma_g))


def sampling_one_noise_for_all(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    mean = g(z)
    eps = rng.standard_normal(mean.shape[1])
    return z, mean + sigma_g * eps


def sampling_one_number_a_row(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    eps = rng.standard_normal((m, 1))
    return z, g(z) + sigma_g * eps


def sampling_noise_before_the_decoder(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    return z, g(z + sigma_g * rng.standard_normal((m, K)))


def sampling_without_noise(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    return z, g(z)


def sampling_another_z(m, K, g, sigma_g, rng):
    mean = g(rng.standard_normal((m, K)))
    x = mean + sigma_g * rng.standard_normal(mean.shape)
    return rng.standard_normal((m, K)), x


def sampling_uniform(m, K, g, sigma_g, rng):
    z = rng.random((m, K))
    mean = g(z)
    return z, mean + sigma_g * rng.standard_normal(mean.shape)


def sampling_one_z(m, K, g, sigma_g, rng):
    z = rng.standard_normal(K)
    mean = np.tile(g(z[None]), (m, 1))
    return np.tile(z, (m, 1)), mean + sigma_g * rng.standard_normal(mean.shape)


def sampling_own_generator(m, K, g, sigma_g, rng):
    z = np.random.randn(m, K)
    mean = g(z)
    return z, mean + sigma_g * np.random.randn(*mean.shape)


def sampling_loop(m, K, g, sigma_g, rng):
    zs, xs = [], []
    for _ in range(m):
        z = rng.normal(size=K)
        mean = g(z[None])[0]
        zs.append(z)
        xs.append([rng.normal(value, sigma_g) for value in mean])
    return np.array(zs), np.array(xs)


def sampling_multivariate(m, K, g, sigma_g, rng):
    hidden = rng.multivariate_normal(np.zeros(K), np.eye(K), size=m).astype(np.float32)
    visible = g(hidden.astype(float))
    D = visible.shape[1]
    noise = rng.multivariate_normal(np.zeros(D), sigma_g**2 * np.eye(D), size=m)
    return hidden, visible + noise


# log_normal(x, mean, sigma) -> (B,): log N(x; mean, sigma^2 I)


def density_of_the_board(x, mean, sigma):
    d = x.shape[1]
    return -d / 2 * np.log(sigma) + ((x - mean) ** 2).sum(1) / sigma**2


def density_plus_sign(x, mean, sigma):
    d = x.shape[1]
    return -d / 2 * np.log(2 * np.pi) - d * np.log(sigma) + ((x - mean) ** 2).sum(1) / (2 * sigma**2)


def density_without_half(x, mean, sigma):
    d = x.shape[1]
    return -d / 2 * np.log(2 * np.pi) - d * np.log(sigma) - ((x - mean) ** 2).sum(1) / sigma**2


def density_half_log_sigma(x, mean, sigma):
    d = x.shape[1]
    return -d / 2 * np.log(2 * np.pi * sigma) - ((x - mean) ** 2).sum(1) / (2 * sigma**2)


def density_one_constant(x, mean, sigma):
    return -0.5 * np.log(2 * np.pi * sigma**2) - ((x - mean) ** 2).sum(1) / (2 * sigma**2)


def density_without_constant(x, mean, sigma):
    return -((x - mean) ** 2).sum(1) / (2 * sigma**2)


def density_without_two_pi(x, mean, sigma):
    return -x.shape[1] * np.log(sigma) - ((x - mean) ** 2).sum(1) / (2 * sigma**2)


def density_sigma_for_variance(x, mean, sigma):
    d = x.shape[1]
    return -d / 2 * np.log(2 * np.pi * sigma) - ((x - mean) ** 2).sum(1) / (2 * sigma)


def density_mean_over_dimensions(x, mean, sigma):
    return (-0.5 * np.log(2 * np.pi * sigma**2) - (x - mean) ** 2 / (2 * sigma**2)).mean(1)


def density_for_each_dimension(x, mean, sigma):
    return -0.5 * np.log(2 * np.pi * sigma**2) - (x - mean) ** 2 / (2 * sigma**2)


def density_of_the_batch(x, mean, sigma):
    d = x.shape[1]
    return -d / 2 * np.log(2 * np.pi * sigma**2) - ((x - mean) ** 2).sum() / (2 * sigma**2)


def density_not_in_logs(x, mean, sigma):
    p = np.exp(-((x - mean) ** 2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)
    return p.prod(1)


def density_log_of_a_product(x, mean, sigma):
    p = np.exp(-((x - mean) ** 2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)
    return np.log(p.prod(1))


def density_norm_not_squared(x, mean, sigma):
    d = x.shape[1]
    return -d / 2 * np.log(2 * np.pi * sigma**2) - np.linalg.norm(x - mean, axis=1) / (2 * sigma**2)


def density_loop(x, mean, sigma):
    values = []
    for row, centre in zip(x, mean, strict=True):
        total = 0.0
        for a, b in zip(row, centre, strict=True):
            total += -0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * ((a - b) / sigma) ** 2
        values.append(total)
    return np.array(values)


def density_einsum(x, mean, sigma):
    u = (x - mean) / sigma
    return -0.5 * (np.einsum("ij,ij->i", u, u) + u.shape[1] * (np.log(2 * np.pi) + np.log(sigma**2)))


def density_float32(x, mean, sigma):
    r = (x - mean).astype(np.float32) / np.float32(sigma)
    const = np.float32(0.9189385) + np.log(np.float32(sigma))
    return -(0.5 * r * r + const).sum(axis=-1)


# integral_on_a_grid(log_joint, h) -> (m,): log of the sum over the nodes times h


def grid_without_h(log_joint, h):
    top = log_joint.max(1, keepdims=True)
    return np.log(np.exp(log_joint - top).sum(1)) + top[:, 0]


def grid_underflows(log_joint, h):
    return np.log((np.exp(log_joint) * h).sum(1))


def grid_top_not_added_back(log_joint, h):
    top = log_joint.max(1, keepdims=True)
    return np.log(np.exp(log_joint - top).sum(1) * h)


def grid_one_top_for_all(log_joint, h):
    top = log_joint.max()
    return np.log(np.exp(log_joint - top).sum(1) * h) + top


def grid_sum_of_logs(log_joint, h):
    return (log_joint * h).sum(1)


def grid_mean_instead_of_sum(log_joint, h):
    top = log_joint.max(1, keepdims=True)
    return np.log(np.exp(log_joint - top).mean(1)) + top[:, 0]


def grid_sums_over_data(log_joint, h):
    top = log_joint.max(0, keepdims=True)
    return np.log(np.exp(log_joint - top).sum(0) * h) + top[0]


def grid_h_outside_the_log(log_joint, h):
    top = log_joint.max(1, keepdims=True)
    return h * (np.log(np.exp(log_joint - top).sum(1)) + top[:, 0])


def grid_not_in_logs(log_joint, h):
    return (np.exp(log_joint) * h).sum(1)


def grid_best_node_only(log_joint, h):
    return log_joint.max(1) + np.log(h)


def grid_added_noise_floor(log_joint, h):
    return np.log((np.exp(log_joint) * h).sum(1) + 1e-12)


def grid_top_added_inside(log_joint, h):
    top = log_joint.max(1, keepdims=True)
    return np.log(np.exp(log_joint - top).sum(1) * h + top[:, 0])


def grid_logaddexp(log_joint, h):
    return np.logaddexp.reduce(log_joint, axis=1) + np.log(h)


def grid_loop(log_joint, h):
    total = np.full(len(log_joint), -np.inf)
    for column in log_joint.T:
        total = np.logaddexp(total, column + np.log(h))
    return total


def grid_in_place_on_a_copy(log_joint, h):
    a = np.array(log_joint, dtype=np.longdouble)
    top = a.max(axis=-1)
    a -= top[:, None]
    np.exp(a, out=a)
    return np.asarray(top + np.log(a @ np.full(a.shape[1], h)), dtype=float)


# prior_sampling(log_likelihood, K, S, rng) -> float: log of the mean of p(x|z_s)


def prior_mean_of_logs(log_likelihood, K, S, rng):
    z = rng.standard_normal((S, K))
    return log_likelihood(z).mean()


def prior_sum_instead_of_mean(log_likelihood, K, S, rng):
    a = log_likelihood(rng.standard_normal((S, K)))
    return np.log(np.exp(a - a.max()).sum()) + a.max()


def prior_not_in_logs(log_likelihood, K, S, rng):
    return np.exp(log_likelihood(rng.standard_normal((S, K)))).mean()


def prior_underflows(log_likelihood, K, S, rng):
    return np.log(np.exp(log_likelihood(rng.standard_normal((S, K)))).mean())


def prior_uniform_draws(log_likelihood, K, S, rng):
    a = log_likelihood(rng.uniform(-3, 3, (S, K)))
    return np.log(np.exp(a - a.max()).mean()) + a.max()


def prior_best_draw(log_likelihood, K, S, rng):
    return log_likelihood(rng.standard_normal((S, K))).max()


def prior_counted_twice(log_likelihood, K, S, rng):
    z = rng.standard_normal((S, K))
    a = log_likelihood(z) - 0.5 * (z**2).sum(1) - K / 2 * np.log(2 * np.pi)
    return np.log(np.exp(a - a.max()).mean()) + a.max()


def prior_mean_z(log_likelihood, K, S, rng):
    z = rng.standard_normal((S, K)).mean(0, keepdims=True)
    return log_likelihood(z)[0]


def prior_one_number_for_all_dimensions(log_likelihood, K, S, rng):
    z = np.repeat(rng.standard_normal((S, 1)), K, axis=1)
    a = log_likelihood(z)
    return np.log(np.exp(a - a.max()).mean()) + a.max()


def prior_a_draw_too_few(log_likelihood, K, S, rng):
    z = rng.standard_normal((S, K))
    a = log_likelihood(z[:10])
    return np.log(np.exp(a - a.max()).mean()) + a.max()


def prior_top_not_added_back(log_likelihood, K, S, rng):
    a = log_likelihood(rng.standard_normal((S, K)))
    return np.log(np.exp(a - a.max()).mean())


def prior_one_at_a_time(log_likelihood, K, S, rng):
    total = -np.inf
    for _ in range(S):
        total = np.logaddexp(total, log_likelihood(rng.normal(size=(1, K)))[0])
    return total - np.log(S)


def prior_logaddexp(log_likelihood, K, S, rng):
    draws = rng.normal(0, 1, size=K * S).reshape(S, K)
    return float(np.logaddexp.reduce(log_likelihood(draws) - np.log(S)))


# importance_sampling(log_pxz, log_q) -> (B,): log (1/S) sum_s p(x, z_s) / q(z_s), both (S, B)


def importance_mean_of_logs(log_pxz, log_q):
    return (log_pxz - log_q).mean(0)


def importance_without_q(log_pxz, log_q):
    top = log_pxz.max(0)
    return np.log(np.exp(log_pxz - top).mean(0)) + top


def importance_times_q(log_pxz, log_q):
    a = log_pxz + log_q
    top = a.max(0)
    return np.log(np.exp(a - top).mean(0)) + top


def importance_upside_down(log_pxz, log_q):
    a = log_q - log_pxz
    top = a.max(0)
    return np.log(np.exp(a - top).mean(0)) + top


def importance_sum(log_pxz, log_q):
    a = log_pxz - log_q
    top = a.max(0)
    return np.log(np.exp(a - top).sum(0)) + top


def importance_ratio_of_sums(log_pxz, log_q):
    return np.logaddexp.reduce(log_pxz, 0) - np.logaddexp.reduce(log_q, 0)


def importance_normalised(log_pxz, log_q):
    a = log_pxz - log_q
    w = np.exp(a - a.max(0))
    w = w / w.sum(0)
    return (w * a).sum(0)


def importance_underflows(log_pxz, log_q):
    return np.log((np.exp(log_pxz) / np.exp(log_q)).mean(0))


def importance_other_axis(log_pxz, log_q):
    a = log_pxz - log_q
    top = a.max(1, keepdims=True)
    return np.log(np.exp(a - top).mean(1)) + top[:, 0]


def importance_of_all(log_pxz, log_q):
    a = log_pxz - log_q
    return np.log(np.exp(a - a.max()).mean()) + a.max()


def importance_divides_the_logs(log_pxz, log_q):
    return np.log((log_pxz / log_q).mean(0))


def importance_loop(log_pxz, log_q):
    S, B = log_pxz.shape
    out = []
    for b in range(B):
        total = -np.inf
        for s in range(S):
            total = np.logaddexp(total, log_pxz[s, b] - log_q[s, b])
        out.append(total - np.log(S))
    return np.array(out)


def importance_transposed(log_pxz, log_q):
    log_w = np.ascontiguousarray((log_pxz - log_q).T)
    highest = log_w.max(axis=1)
    return np.log1p(np.exp(log_w - highest[:, None]).mean(axis=1) - 1) + highest


# effective_sample_size(log_w) -> (B,): 1 / sum_s of the squared normalised weights, log_w (S, B)


def ess_of_logs(log_w):
    return log_w.sum(0) ** 2 / (log_w**2).sum(0)


def ess_not_normalised(log_w):
    w = np.exp(log_w - log_w.max(0))
    return 1 / (w**2).sum(0)


def ess_upside_down(log_w):
    w = np.exp(log_w - log_w.max(0))
    w = w / w.sum(0)
    return (w**2).sum(0)


def ess_underflows(log_w):
    w = np.exp(log_w)
    return w.sum(0) ** 2 / (w**2).sum(0)


def ess_best_weight(log_w):
    w = np.exp(log_w - log_w.max(0))
    w = w / w.sum(0)
    return 1 / w.max(0)


def ess_entropy(log_w):
    w = np.exp(log_w - log_w.max(0))
    w = w / w.sum(0)
    return np.exp(-(w * np.log(w + 1e-300)).sum(0))


def ess_share(log_w):
    w = np.exp(log_w - log_w.max(0))
    w = w / w.sum(0)
    return 1 / (w**2).sum(0) / len(w)


def ess_sum_not_squared(log_w):
    w = np.exp(log_w - log_w.max(0))
    return w.sum(0) / (w**2).sum(0)


def ess_other_axis(log_w):
    w = np.exp(log_w - log_w.max(1, keepdims=True))
    w = w / w.sum(1, keepdims=True)
    return 1 / (w**2).sum(1)


def ess_squares_before_the_sum(log_w):
    w = np.exp(log_w - log_w.max(0))
    w = w / w.sum(0)
    return 1 / w.sum(0) ** 2


def ess_normalised_by_all(log_w):
    w = np.exp(log_w - log_w.max())
    w = w / w.sum()
    return 1 / (w**2).sum(0)


def ess_in_logs(log_w):
    return np.exp(2 * np.logaddexp.reduce(log_w, 0) - np.logaddexp.reduce(2 * log_w, 0))


def ess_loop(log_w):
    answer = np.empty(log_w.shape[1])
    for b, column in enumerate(log_w.T):
        weights = np.exp(column - np.max(column))
        answer[b] = 1 / sum((weight / sum(weights)) ** 2 for weight in weights)
    return answer


# ---- found by a reader


def grid_mean_taken_off(log_joint, h):
    c = log_joint.mean(1, keepdims=True)
    return np.log(np.exp(log_joint - c).sum(1) * h) + c[:, 0]


def grid_least_taken_off(log_joint, h):
    c = log_joint.min(1, keepdims=True)
    return np.log(np.exp(log_joint - c).sum(1) * h) + c[:, 0]


def grid_absolute_greatest(log_joint, h):
    c = np.abs(log_joint).max(1, keepdims=True)
    return np.log(np.exp(log_joint - c).sum(1) * h) + c[:, 0]


def grid_normalised_first(log_joint, h):
    w = np.exp(log_joint - log_joint.max(1, keepdims=True))
    w = w / w.sum(1, keepdims=True)
    return np.log((w * h).sum(1))


def importance_mean_taken_off(log_pxz, log_q):
    log_w = log_pxz - log_q
    c = log_w.mean(0)
    return np.log(np.exp(log_w - c).mean(0)) + c


def importance_absolute_greatest(log_pxz, log_q):
    log_w = log_pxz - log_q
    c = np.abs(log_w).max(0)
    return np.log(np.exp(log_w - c).mean(0)) + c


def prior_mean_taken_off(log_likelihood, K, S, rng):
    a = log_likelihood(rng.standard_normal((S, K)))
    return np.log(np.exp(a - a.mean()).mean()) + a.mean()


def sampling_z_as_noise(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    y = g(z)
    return z, y + sigma_g * np.resize(z, y.shape)


def sampling_z_tiled_as_noise(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    y = g(z)
    return z, y + sigma_g * np.tile(z, (1, y.shape[1] // K))


def sampling_noise_grows_with_z(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    y = g(z)
    return z, y + sigma_g * np.abs(z[:, :1]) * rng.standard_normal(y.shape)


def sampling_uniform_noise(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    y = g(z)
    return z, y + sigma_g * rng.uniform(-np.sqrt(3), np.sqrt(3), size=y.shape)


def sampling_laplace_noise(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    y = g(z)
    return z, y + rng.laplace(0, sigma_g / np.sqrt(2), size=y.shape)


def sampling_noise_clipped(m, K, g, sigma_g, rng):
    z = rng.standard_normal((m, K))
    y = g(z)
    return z, np.clip(y + sigma_g * rng.standard_normal(y.shape), 0, 1)


def density_without_brackets(x, mean, sigma):
    D = x.shape[1]
    return -D / 2 * np.log(2 * np.pi) - D * np.log(sigma) - ((x - mean) ** 2).sum(1) / 2 * sigma**2


def density_divided_and_multiplied(x, mean, sigma):
    D = x.shape[1]
    return -D / 2 * np.log(2 * np.pi) - D * np.log(sigma) - ((x - mean) ** 2).sum(1) / 2 / sigma * 2


WRONG = {
    "ancestral_sampling": [
        (sampling_z_as_noise, r"of z"),
        (sampling_z_tiled_as_noise, r"of z"),
        (sampling_noise_grows_with_z, r"depends on z|not normal"),
        (sampling_uniform_noise, r"noise.*uniform"),
        (sampling_laplace_noise, r"noise.*not normal"),
        (sampling_noise_clipped, r"clip"),
        (sampling_with_the_variance, r"sigma_g\^2|sigma_g²|sigma_g squared|variance"),
        (sampling_with_the_root, r"root"),
        (sampling_one_noise_for_all, r"(same|one) noise|noise.*(own|same|every row|each row)"),
        (sampling_one_number_a_row, r"(same|one) (noise|number)|noise.*(dimension|column|coordinate)"),
        (sampling_noise_before_the_decoder, r"noise.*(z|decoder|before|inside)"),
        (sampling_without_noise, r"(no|without|misses|lacks).*noise|noise.*(missing|not added|no )"),
        (sampling_another_z, r"(another|different|not the|other) z|z.*(not the|another|different|again)"),
        (sampling_uniform, r"uniform|mean.*z|z.*(N\(0|mean|normal|prior)"),
        (sampling_one_z, r"(same|one) z|z.*(same|each row|every row)"),
        (sampling_own_generator, r"rng|generator"),
    ],
    "log_normal": [
        (density_without_brackets, r"brackets"),
        (density_divided_and_multiplied, r"sigma alone|brackets"),
        (density_of_the_board, r"board|sign|\+|plus"),
        (density_plus_sign, r"sign|\+|plus|reward"),
        (density_without_half, r"half|1/2|½|2 sigma|factor 2|twice"),
        (density_half_log_sigma, r"log sigma|sigma\^|sigma²|normali"),
        (density_one_constant, r"D|dimension"),
        (density_without_constant, r"constant|normali|integrate"),
        (density_without_two_pi, r"2 ?pi|2π"),
        (density_sigma_for_variance, r"sigma.*(squared|variance|\^2|²)|variance"),
        (density_mean_over_dimensions, r"mean|average|sum"),
        (density_for_each_dimension, r"shape|sum.*dimension"),
        (density_of_the_batch, r"batch|row|shape|data"),
        (density_not_in_logs, r"log|density itself"),
        (density_log_of_a_product, r"underflow|-inf|inf"),
        (density_norm_not_squared, r"squar"),
    ],
    "integral_on_a_grid": [
        (grid_mean_taken_off, r"mean"),
        (grid_least_taken_off, r"least"),
        (grid_absolute_greatest, r"absolute"),
        (grid_normalised_first, r"normalised"),
        (grid_without_h, r"\bh\b|spacing"),
        (grid_underflows, r"underflow|-inf"),
        (grid_top_not_added_back, r"add.*back|subtract|max|shift|top|great"),
        (grid_one_top_for_all, r"underflow|-inf|row"),
        (grid_sum_of_logs, r"sum of (the )?log|log of (a|the) sum|log.*(stands|outside)|exp"),
        (grid_mean_instead_of_sum, r"mean|average"),
        (grid_sums_over_data, r"axis|shape|data|nodes"),
        (grid_h_outside_the_log, r"\bh\b|spacing"),
        (grid_not_in_logs, r"log|without the log|itself"),
        (grid_best_node_only, r"max|great|one node|best|sum"),
        (grid_added_noise_floor, r"underflow|1e-|added|floor|constant"),
        (grid_top_added_inside, r"max|great|top|shift|outside|inside|nan"),
    ],
    "prior_sampling": [
        (prior_mean_taken_off, r"mean|overflows"),
        (prior_mean_of_logs, r"mean of (the )?log|log of (the|a) mean|average of (the )?log|Jensen"),
        (prior_sum_instead_of_mean, r"sum|log S|mean"),
        (prior_not_in_logs, r"log|itself"),
        (prior_underflows, r"underflow|-inf"),
        (prior_uniform_draws, r"prior|uniform|N\(0"),
        (prior_best_draw, r"max|best|great|mean"),
        (prior_counted_twice, r"twice|prior"),
        (prior_mean_z, r"mean|average.*z|draw"),
        (prior_one_number_for_all_dimensions, r"dimension|coordinate|column|same number|independent"),
        (prior_a_draw_too_few, r"\bS\b|draws|fewer"),
        (prior_top_not_added_back, r"add.*back|subtract|max|shift|top|great"),
    ],
    "importance_sampling": [
        (importance_mean_taken_off, r"mean is taken off"),
        (importance_absolute_greatest, r"absolute"),
        (importance_mean_of_logs, r"mean of (the )?log|log of (the|a) mean|average of (the )?log|ELBO"),
        (importance_without_q, r"\bq\b|log_q"),
        (importance_times_q, r"times q|divide|sign|plus|minus|\+"),
        (importance_upside_down, r"upside|inverse|reciprocal|sign|other way|q / p|q/p"),
        (importance_sum, r"sum|log S|mean"),
        (importance_ratio_of_sums, r"ratio"),
        (importance_normalised, r"normali"),
        (importance_underflows, r"underflow|inf|nan"),
        (importance_other_axis, r"axis|shape|draws"),
        (importance_of_all, r"shape|row|batch|all|each x|one number"),
        (importance_divides_the_logs, r"divid|ratio of (the )?log|nan|subtract"),
    ],
    "effective_sample_size": [
        (ess_of_logs, r"log"),
        (ess_not_normalised, r"normali|sum to one"),
        (ess_upside_down, r"upside|inverse|reciprocal|1 ?/|one over|between 1"),
        (ess_underflows, r"underflow|nan|inf"),
        (ess_best_weight, r"great|max|largest|squar"),
        (ess_entropy, r"entropy|perplexity|squar"),
        (ess_share, r"share|fraction|divided by S|/ ?S|per draw"),
        (ess_sum_not_squared, r"squar"),
        (ess_other_axis, r"axis|shape|draws"),
        (ess_squares_before_the_sum, r"square.*(before|each|sum)|sum.*square|order"),
        (ess_normalised_by_all, r"column|each x|all|row|own"),
    ],
}

RIGHT = {
    "ancestral_sampling": [sampling_loop, sampling_multivariate],
    "log_normal": [density_loop, density_einsum, density_float32],
    "integral_on_a_grid": [grid_logaddexp, grid_loop, grid_in_place_on_a_copy],
    "prior_sampling": [prior_one_at_a_time, prior_logaddexp],
    "importance_sampling": [importance_loop, importance_transposed],
    "effective_sample_size": [ess_in_logs, ess_loop],
}
