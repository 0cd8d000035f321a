"""Answers to the tasks of notebook 11 as they are handed in: WRONG ones with what a right sentence says, RIGHT ones."""

import numpy as np

# ---- rows_for


def table_as_a_whole(solver, table, row, W, b, x, index):
    if solver == "free":
        return table
    if solver == "shared":
        return np.tile(row, (len(x), 1))
    return x @ W + b


def one_row_is_not_repeated(solver, table, row, W, b, x, index):
    if solver == "free":
        return table[index]
    if solver == "shared":
        return row
    return x @ W + b


def first_rows(solver, table, row, W, b, x, index):
    if solver == "free":
        return table[np.arange(len(x)) % len(table)]
    if solver == "shared":
        return np.tile(row, (len(x), 1))
    return x @ W + b


def without_b(solver, table, row, W, b, x, index):
    if solver == "free":
        return table[index]
    if solver == "shared":
        return np.tile(row, (len(x), 1))
    return x @ W


def matrix_on_the_left(solver, table, row, W, b, x, index):
    if solver == "free":
        return table[index]
    if solver == "shared":
        return np.tile(row, (len(x), 1))
    return W @ x + b


def shared_is_the_mean_of_the_table(solver, table, row, W, b, x, index):
    if solver == "free":
        return table[index]
    if solver == "shared":
        return np.tile(table.mean(0), (len(x), 1))
    return x @ W + b


def tiled_along_the_columns(solver, table, row, W, b, x, index):
    if solver == "free":
        return table[index]
    if solver == "shared":
        return np.tile(row, len(x))
    return x @ W + b


def rows_by_loops(solver, table, row, W, b, x, index):
    rows = []
    for i, x_i in zip(index, x):
        rows.append({"free": table[i], "shared": row, "amortized": W.T @ x_i + b}[solver])
    return np.array(rows)


def rows_in_float32(kind, T, r, A, a, X, i):
    if kind == "amortized":
        return np.einsum("bd,dr->br", X.astype(np.float32), A.astype(np.float32)) + a.astype(np.float32)
    return np.take(T, i, axis=0) if kind == "free" else np.broadcast_to(r, (X.shape[0], r.size))


# ---- send_back


def assigned_at_index(solver, dq, x, index, m):
    if solver == "free":
        dtable = np.zeros((m, dq.shape[1]))
        dtable[index] = dq
        return dtable
    return dq.sum(0) if solver == "shared" else (x.T @ dq, dq.sum(0))


def plus_equals_at_index(solver, dq, x, index, m):
    if solver == "free":
        dtable = np.zeros((m, dq.shape[1]))
        dtable[index] += dq
        return dtable
    return dq.sum(0) if solver == "shared" else (x.T @ dq, dq.sum(0))


def mean_for_the_shared_row(solver, dq, x, index, m):
    if solver == "free":
        dtable = np.zeros((m, dq.shape[1]))
        np.add.at(dtable, index, dq)
        return dtable
    return dq.mean(0) if solver == "shared" else (x.T @ dq, dq.sum(0))


def weights_transposed(solver, dq, x, index, m):
    if solver == "free":
        dtable = np.zeros((m, dq.shape[1]))
        np.add.at(dtable, index, dq)
        return dtable
    return dq.sum(0) if solver == "shared" else (dq.T @ x, dq.sum(0))


def bias_not_summed(solver, dq, x, index, m):
    if solver == "free":
        dtable = np.zeros((m, dq.shape[1]))
        np.add.at(dtable, index, dq)
        return dtable
    return dq.sum(0) if solver == "shared" else (x.T @ dq, dq)


def shared_row_gets_all_rows(solver, dq, x, index, m):
    if solver == "free":
        dtable = np.zeros((m, dq.shape[1]))
        np.add.at(dtable, index, dq)
        return dtable
    return dq if solver == "shared" else (x.T @ dq, dq.sum(0))


def free_only_the_batch(solver, dq, x, index, m):
    if solver == "free":
        return dq
    return dq.sum(0) if solver == "shared" else (x.T @ dq, dq.sum(0))


def encoder_mean_over_the_batch(solver, dq, x, index, m):
    if solver == "free":
        dtable = np.zeros((m, dq.shape[1]))
        np.add.at(dtable, index, dq)
        return dtable
    return dq.sum(0) if solver == "shared" else (x.T @ dq / len(x), dq.mean(0))


def back_by_loops(solver, dq, x, index, m):
    dtable, drow, dW = np.zeros((m, dq.shape[1])), 0, 0
    for i, d, x_i in zip(index, dq, x):
        dtable[i] += d
        drow = drow + d
        dW = dW + np.outer(x_i, d)
    return {"free": dtable, "shared": drow, "amortized": (dW, drow)}[solver]


def back_by_one_hot(solver, dq, x, index, m):
    chosen = np.eye(m)[index]
    if solver == "free":
        return chosen.T @ dq
    ones = np.ones(len(dq))
    return ones @ dq if solver == "shared" else [np.einsum("bd,br->dr", x, dq), np.einsum("br->r", dq)]


# ---- gaps


def gaps_exchanged(log_p, best, elbo):
    return best - elbo, log_p - best


def gaps_negative(log_p, best, elbo):
    return best - log_p, elbo - best


def amortization_is_the_whole_gap(log_p, best, elbo):
    return log_p - best, log_p - elbo


def gaps_of_the_means(log_p, best, elbo):
    return (log_p - best).mean(), (best - elbo).mean()


def approximation_is_the_whole_gap(log_p, best, elbo):
    return log_p - elbo, best - elbo


def gaps_in_one_array(log_p, best, elbo):
    return np.stack([log_p - best, best - elbo], 1)


def gaps_of_probabilities(log_p, best, elbo):
    return np.exp(log_p) - np.exp(best), np.exp(best) - np.exp(elbo)


def gaps_by_loops(a, b, c):
    one, two = [], []
    for i in range(len(a)):
        one.append(a[i] - b[i])
        two.append(b[i] - c[i])
    return one, two


def gaps_as_rows(log_p, best, elbo):
    return -np.diff(np.stack([log_p, best, elbo]), axis=0)


# ---- ideal_encoder


def without_the_prior(means, weights, sigma_g):
    return means.T / sigma_g**2, -(means**2).sum(1) / (2 * sigma_g**2)


def weights_without_log(means, weights, sigma_g):
    return means.T / sigma_g**2, weights - (means**2).sum(1) / (2 * sigma_g**2)


def sigma_not_squared(means, weights, sigma_g):
    return means.T / sigma_g, np.log(weights) - (means**2).sum(1) / (2 * sigma_g)


def norms_forgotten(means, weights, sigma_g):
    return means.T / sigma_g**2, np.log(weights)


def norms_added(means, weights, sigma_g):
    return means.T / sigma_g**2, np.log(weights) + (means**2).sum(1) / (2 * sigma_g**2)


def half_lost(means, weights, sigma_g):
    return means.T / sigma_g**2, np.log(weights) - (means**2).sum(1) / sigma_g**2


def half_in_the_weights(means, weights, sigma_g):
    return means.T / (2 * sigma_g**2), np.log(weights) - (means**2).sum(1) / (2 * sigma_g**2)


def means_not_transposed(means, weights, sigma_g):
    return means / sigma_g**2, np.log(weights) - (means**2).sum(1) / (2 * sigma_g**2)


def norms_over_the_components(means, weights, sigma_g):
    return means.T / sigma_g**2, np.log(weights) - (means**2).sum() / (2 * sigma_g**2)


def encoder_against_the_first(means, weights, sigma_g):
    W = (means - means[0]).T / sigma_g**2
    b = np.log(weights / weights[0]) - ((means**2).sum(1) - (means[0] ** 2).sum()) / (2 * sigma_g**2)
    return W, b


def encoder_by_loops(M, pi, s):
    K, D = M.shape
    W, b = np.zeros((D, K)), np.zeros(K)
    for k in range(K):
        for d in range(D):
            W[d, k] = M[k, d] / s / s
            b[k] -= M[k, d] ** 2 / (2 * s * s)
        b[k] += np.log(pi[k]) + 3.0
    return W, b


# ---- conditional_elbo


def right_conditional(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    z = mu + np.exp(log_sigma) * eps
    g = z @ W + V[y] + b
    log_p = -0.5 * (((x - g) / sigma_g) ** 2 + np.log(2 * np.pi * sigma_g**2)).sum(1)
    return log_p - 0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def class_forgotten(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return right_conditional(mu, log_sigma, eps, x, y, W, 0 * V, b, sigma_g)


def classes_averaged(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return right_conditional(mu, log_sigma, eps, x, y * 0, W, V.mean(0, keepdims=True), b, sigma_g)


def y_times_the_first_row(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    z = mu + np.exp(log_sigma) * eps
    g = z @ W + y[:, None] * V[0] + b
    log_p = -0.5 * (((x - g) / sigma_g) ** 2 + np.log(2 * np.pi * sigma_g**2)).sum(1)
    return log_p - 0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def log_prior_of_the_class(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return right_conditional(mu, log_sigma, eps, x, y, W, V, b, sigma_g) - np.log(len(V))


def sampled_with_the_variance(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    z = mu + np.exp(2 * log_sigma) * eps
    g = z @ W + V[y] + b
    log_p = -0.5 * (((x - g) / sigma_g) ** 2 + np.log(2 * np.pi * sigma_g**2)).sum(1)
    return log_p - 0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def kl_added(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    z = mu + np.exp(log_sigma) * eps
    g = z @ W + V[y] + b
    log_p = -0.5 * (((x - g) / sigma_g) ** 2 + np.log(2 * np.pi * sigma_g**2)).sum(1)
    return log_p + 0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def conditional_normaliser_once(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    z = mu + np.exp(log_sigma) * eps
    g = z @ W + V[y] + b
    log_p = -0.5 * (((x - g) / sigma_g) ** 2).sum(1) - 0.5 * np.log(2 * np.pi * sigma_g**2)
    return log_p - 0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def conditional_loss(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return -right_conditional(mu, log_sigma, eps, x, y, W, V, b, sigma_g)


def conditional_with_one_hot(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    sigma = np.exp(log_sigma)
    z_and_y = np.concatenate([mu + sigma * eps, np.eye(len(V))[y]], 1)
    r = x - z_and_y @ np.concatenate([W, V]) - b
    D = x.shape[1]
    log_p = -D / 2 * np.log(2 * np.pi) - D * np.log(sigma_g) - np.einsum("bd,bd->b", r, r) / (2 * sigma_g**2)
    return log_p + (0.5 + log_sigma - mu**2 / 2 - sigma**2 / 2).sum(-1)


def conditional_row_by_row(mu, log_sigma, eps, x, y, W, V, b, sigma_g):
    return [float(right_conditional(mu[i:i + 1], log_sigma[i:i + 1], eps[i:i + 1], x[i:i + 1], y[i:i + 1], W, V, b,
                                    sigma_g)[0]) for i in range(len(x))]


# ---- seen_log_prob


def missing_are_zero(x, g, sigma_g):
    r = np.nan_to_num(x) - g
    value = (-0.5 * (r / sigma_g) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(sigma_g)).sum(1)
    return value, lambda dvalue: dvalue[:, None] * r / sigma_g**2


def constants_of_all_pixels(x, g, sigma_g):
    r = np.where(np.isnan(x), 0, x - g)
    value = (-0.5 * (r / sigma_g) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(sigma_g)).sum(1)
    return value, lambda dvalue: dvalue[:, None] * r / sigma_g**2


def nans_remain(x, g, sigma_g):
    r = x - g
    value = (-0.5 * (r / sigma_g) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(sigma_g)).sum(1)
    return value, lambda dvalue: dvalue[:, None] * r / sigma_g**2


def nans_in_back(x, g, sigma_g):
    r = x - g
    value = np.nansum(-0.5 * (r / sigma_g) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(sigma_g), 1)
    return value, lambda dvalue: dvalue[:, None] * r / sigma_g**2


def gradient_of_the_wrong_sign(x, g, sigma_g):
    seen = ~np.isnan(x)
    r = np.where(seen, x - g, 0)
    value = (seen * (-0.5 * (r / sigma_g) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(sigma_g))).sum(1)
    return value, lambda dvalue: -dvalue[:, None] * r / sigma_g**2


def mean_over_the_seen(x, g, sigma_g):
    seen = ~np.isnan(x)
    r = np.where(seen, x - g, 0)
    n = seen.sum(1)
    value = (seen * (-0.5 * (r / sigma_g) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(sigma_g))).sum(1) / n
    return value, lambda dvalue: (dvalue / n)[:, None] * r / sigma_g**2


def rows_with_missing_pixels_left_out(x, g, sigma_g):
    seen = ~np.isnan(x).any(1, keepdims=True) & np.ones_like(x, bool)
    r = np.where(seen, x - g, 0)
    value = (seen * (-0.5 * (r / sigma_g) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(sigma_g))).sum(1)
    return value, lambda dvalue: dvalue[:, None] * r / sigma_g**2


def upstream_forgotten(x, g, sigma_g):
    seen = ~np.isnan(x)
    r = np.where(seen, x - g, 0)
    value = (seen * (-0.5 * (r / sigma_g) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(sigma_g))).sum(1)
    return value, lambda dvalue: r / sigma_g**2


def seen_by_loops(x, g, sigma_g):
    value, dg = np.zeros(len(x)), np.zeros_like(g)
    for i in range(x.shape[0]):
        for d in range(x.shape[1]):
            if x[i, d] == x[i, d]:
                r = x[i, d] - g[i, d]
                value[i] -= r**2 / (2 * sigma_g**2) + np.log(sigma_g * np.sqrt(2 * np.pi))
                dg[i, d] = r / sigma_g**2
    return value, lambda dvalue: np.einsum("b,bd->bd", dvalue, dg)


def seen_by_nansum(x, g, s):
    value = np.nansum(-0.5 * np.log(2 * np.pi * s * s) - (x - g) ** 2 / (2 * s * s), axis=-1)

    def back(d):
        return (np.nan_to_num((x - g) / s**2).T * d).T

    return value, back


# ---- fill_in


def decoder_everywhere(x, g, w):
    return (w[:, :, None] * g).sum(0)


def first_node_only(x, g, w):
    return np.where(np.isnan(x), g[0], x)


def unweighted_mean(x, g, w):
    return np.where(np.isnan(x), g.mean(0), x)


def column_means(x, g, w):
    return np.where(np.isnan(x), np.nanmean(x, 0), x)


def filled_with_zeros(x, g, w):
    return np.nan_to_num(x)


def compared_with_nan(x, g, w):
    return np.where(x == np.nan, (w[:, :, None] * g).sum(0), x)


def seen_and_missing_exchanged(x, g, w):
    return np.where(np.isnan(x), x, (w[:, :, None] * g).sum(0))


def filled_in_place(x, g, w):
    mean = (w[:, :, None] * g).sum(0)
    x[np.isnan(x)] = mean[np.isnan(x)]
    return x


def filled_by_loops(x, g, w):
    out = np.array(x)
    for i, d in zip(*np.nonzero(np.isnan(x))):
        out[i, d] = sum(w[s, 0] * g[s, i, d] for s in range(len(g)))
    return out


def filled_by_tensordot(X, G, W):
    mean = np.tensordot(W[:, 0].astype(np.float32), G.astype(np.float32), 1)
    return np.where(np.isnan(X), mean, X)


# ---- found by a reader


def back_averages_repeated_rows(solver, dq, x, index, m):
    if solver == "free":
        dtable, count = np.zeros((m, dq.shape[1])), np.zeros((m, 1))
        np.add.at(dtable, index, dq)
        np.add.at(count, index, 1)
        return dtable / np.maximum(count, 1)
    return dq.sum(0) if solver == "shared" else (x.T @ dq, dq.sum(0))


def seen_scaled_up(x, g, sigma_g):
    seen = ~np.isnan(x)
    r = np.where(seen, x - g, 0)
    more = x.shape[1] / np.maximum(seen.sum(1), 1)
    logs = np.where(seen, -0.5 * np.log(2 * np.pi * sigma_g**2) - r**2 / (2 * sigma_g**2), 0)
    return logs.sum(1) * more, lambda d: (d * more)[:, None] * r / sigma_g**2


def seen_filled_by_the_mean(x, g, sigma_g):
    x = np.where(np.isnan(x), np.nanmean(x, axis=0), x)
    logs = -0.5 * np.log(2 * np.pi * sigma_g**2) - (x - g) ** 2 / (2 * sigma_g**2)
    return logs.sum(1), lambda d: d[:, None] * (x - g) / sigma_g**2


def seen_filled_by_the_row(x, g, sigma_g):
    x = np.where(np.isnan(x), np.nanmean(x, axis=1, keepdims=True), x)
    logs = -0.5 * np.log(2 * np.pi * sigma_g**2) - (x - g) ** 2 / (2 * sigma_g**2)
    return logs.sum(1), lambda d: d[:, None] * (x - g) / sigma_g**2


WRONG = {
    "rows_for": [(table_as_a_whole, r"free.*expected \(B, R\)"), (one_row_is_not_repeated, r"shared.*repeat"),
                 (first_rows, "index"), (without_b, "b is missing"), (matrix_on_the_left, "raises.*W @ x"),
                 (shared_is_the_mean_of_the_table, "shared.*(table|row)"),
                 (tiled_along_the_columns, r"shared.*expected \(B, R\)")],
    "send_back": [
        (back_averages_repeated_rows, r"mean of its gradients"),
        (assigned_at_index, "twice"), (plus_equals_at_index, "twice"), (mean_for_the_shared_row, "drow.*1/B"),
                  (weights_transposed, "transpose"), (bias_not_summed, "db.*sum over axis 0"),
                  (shared_row_gets_all_rows, "drow.*sum over axis 0"),
                  (free_only_the_batch, r"dtable.*expected \(m, R\)"),
                  (encoder_mean_over_the_batch, "dW.*1/B|mean")],
    "gaps": [(gaps_exchanged, "exchanged|other"), (gaps_negative, "sign"),
             (amortization_is_the_whole_gap, "amortization.*(best|approximation)"), (gaps_of_the_means, "mean"),
             (approximation_is_the_whole_gap, "approximation.*(best|amortization)"),
             (gaps_in_one_array, "expected 2 things"), (gaps_of_probabilities, "exp|log|nats")],
    "ideal_encoder": [(without_the_prior, "weights"), (weights_without_log, "log"),
                      (sigma_not_squared, "squared|sigma_g"), (norms_forgotten, "norm|‖"), (norms_added, "sign"),
                      (half_lost, "2 times|½|half|1/2"),
                      (half_in_the_weights, "W.*(1/2|½)"), (means_not_transposed, "transposed|raises"),
                      (norms_over_the_components, "norm|‖|each")],
    "conditional_elbo": [(class_forgotten, "V|class"), (classes_averaged, "mean"),
                         (y_times_the_first_row, "label|row of V"),
                         (log_prior_of_the_class, r"p\(y\)|class"), (sampled_with_the_variance, "σ²|variance"),
                         (kl_added, "KL.*sign"), (conditional_normaliser_once, "log σ_g|log 2π|D"),
                         (conditional_loss, "sign")],
    "seen_log_prob": [
        (seen_scaled_up, r"scaled up"),
        (seen_filled_by_the_mean, r"filled by a mean"),
        (seen_filled_by_the_row, r"filled by a mean"),
        (missing_are_zero, "0|zero"), (constants_of_all_pixels, "constant|missing"),
                      (nans_remain, "nan"), (nans_in_back, "nan"), (gradient_of_the_wrong_sign, "sign|−1"),
                      (mean_over_the_seen, "mean|divided|number"), (rows_with_missing_pixels_left_out, "row"),
                      (upstream_forgotten, "dvalue|dy|upstream")],
    "fill_in": [(decoder_everywhere, "seen"), (first_node_only, "first node|node"),
                (unweighted_mean, "weight|w is not used"),
                (column_means, "column|data|not use"), (filled_with_zeros, "0|zero"), (compared_with_nan, "nan"),
                (seen_and_missing_exchanged, "exchanged|seen|nan"), (filled_in_place, "changes its argument x")],
}
RIGHT = {"rows_for": [rows_by_loops, rows_in_float32], "send_back": [back_by_loops, back_by_one_hot],
         "gaps": [gaps_by_loops, gaps_as_rows], "ideal_encoder": [encoder_against_the_first, encoder_by_loops],
         "conditional_elbo": [conditional_with_one_hot, conditional_row_by_row],
         "seen_log_prob": [seen_by_loops, seen_by_nansum], "fill_in": [filled_by_loops, filled_by_tensordot]}
