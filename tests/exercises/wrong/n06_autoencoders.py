"""Answers to the exercises of notebook 6 as students write them, each with what the sentence must say."""

import numpy as np


# autoencoder_loss(y, x) -> value, dy
def loss_mean_of_everything(y, x):
    return np.mean((y - x) ** 2), 2 * (y - x) / y.size


def loss_norm_without_square(y, x):
    r = y - x
    norm = np.linalg.norm(r, axis=1)
    return norm.sum(), r / norm[:, None]


def loss_gradient_without_2(y, x):
    return ((y - x) ** 2).sum(), y - x


def loss_gradient_of_the_wrong_sign(y, x):
    return ((x - y) ** 2).sum(), 2 * (x - y)


def loss_one_number_per_image(y, x):
    return ((y - x) ** 2).sum(1), 2 * (y - x)


def loss_gradient_of_the_batch_mean(y, x):
    return ((y - x) ** 2).sum(), 2 * (y - x) / len(x)


def loss_signed_differences(y, x):
    return (y - x).sum(), np.ones_like(y)


# linear_autoencoder(x, W_f, W_g) -> value, dW_f, dW_g
def linear_transposed(x, W_f, W_g):
    z = x @ W_f
    r = z @ W_g - x
    return (r**2).sum(), 2 * x.T @ (r @ W_g.T), 2 * r.T @ z


def linear_without_2(x, W_f, W_g):
    z = x @ W_f
    r = z @ W_g - x
    return (r**2).sum(), x.T @ (r @ W_g.T), z.T @ r


def linear_back_through_the_encoder(x, W_f, W_g):
    z = x @ W_f
    dy = 2 * (z @ W_g - x)
    return ((z @ W_g - x) ** 2).sum(), x.T @ (dy @ W_f), z.T @ dy


def linear_code_held_fixed(x, W_f, W_g):
    z = x @ W_f
    dy = 2 * (z @ W_g - x)
    return ((z @ W_g - x) ** 2).sum(), np.zeros_like(W_f), z.T @ dy


def linear_mean_value(x, W_f, W_g):
    z = x @ W_f
    dy = 2 * (z @ W_g - x)
    return ((z @ W_g - x) ** 2).mean(), x.T @ (dy @ W_g.T), z.T @ dy


def linear_residual_turned_round(x, W_f, W_g):
    z = x @ W_f
    r = x - z @ W_g
    return (r**2).sum(), 2 * x.T @ (r @ W_g.T), 2 * z.T @ r


def linear_x_is_lost(x, W_f, W_g):
    z = x @ W_f
    y = z @ W_g
    return (y**2).sum(), 2 * x.T @ (y @ W_g.T), 2 * z.T @ y


# pca_floor(X, K) -> the sum of the other eigenvalues
def floor_unbiased_covariance(X, K):
    return np.sort(np.linalg.eigvalsh(np.cov(X.T)))[::-1][K:].sum()


def floor_not_centred(X, K):
    return np.sort(np.linalg.eigvalsh(X.T @ X / len(X)))[::-1][K:].sum()


def floor_what_is_kept(X, K):
    return np.sort(np.linalg.eigvalsh(np.cov(X.T, bias=True)))[::-1][:K].sum()


def floor_ascending(X, K):
    return np.linalg.eigvalsh(np.cov(X.T, bias=True))[K:].sum()


def floor_scatter(X, K):
    C = X - X.mean(0)
    return np.sort(np.linalg.eigvalsh(C.T @ C))[::-1][K:].sum()


def floor_singular_values(X, K):
    s = np.linalg.svd(X - X.mean(0), compute_uv=False)
    return s[K:].sum() / len(X)


def floor_mean_eigenvalue(X, K):
    return np.sort(np.linalg.eigvalsh(np.cov(X.T, bias=True)))[::-1][K:].mean()


# pca_reconstruction(X, K) -> Y
def pca_mean_not_added(X, K):
    C = X - X.mean(0)
    U = np.linalg.eigh(np.cov(X.T, bias=True))[1][:, ::-1][:, :K]
    return C @ U @ U.T


def pca_not_centred(X, K):
    U = np.linalg.svd(X, full_matrices=False)[2][:K].T
    return X @ U @ U.T


def pca_smallest(X, K):
    mean = X.mean(0)
    U = np.linalg.eigh(np.cov(X.T, bias=True))[1][:, :K]
    return mean + (X - mean) @ U @ U.T


def pca_rows_for_columns(X, K):
    mean = X.mean(0)
    U = np.linalg.eigh(np.cov(X.T, bias=True))[1][::-1][:K].T
    return mean + (X - mean) @ U @ U.T


def pca_codes(X, K):
    U = np.linalg.eigh(np.cov(X.T, bias=True))[1][:, ::-1][:, :K]
    return (X - X.mean(0)) @ U


def pca_standardised(X, K):
    mean, std = X.mean(0), X.std(0)
    C = (X - mean) / std
    U = np.linalg.eigh(C.T @ C)[1][:, ::-1][:, :K]
    return mean + C @ U @ U.T * std


# prior_mismatch(Z) -> KL(N(m, S) || N(0, I)), nats
def mismatch_without_mean(Z):
    S = np.cov(Z.T, bias=True)
    return 0.5 * (np.trace(S) - len(S) - np.linalg.slogdet(S)[1])


def mismatch_without_K(Z):
    m, S = Z.mean(0), np.cov(Z.T, bias=True)
    return 0.5 * (np.trace(S) + m @ m - np.linalg.slogdet(S)[1])


def mismatch_plus_log_det(Z):
    m, S = Z.mean(0), np.cov(Z.T, bias=True)
    return 0.5 * (np.trace(S) + m @ m - len(m) + np.linalg.slogdet(S)[1])


def mismatch_without_half(Z):
    m, S = Z.mean(0), np.cov(Z.T, bias=True)
    return np.trace(S) + m @ m - len(m) - np.linalg.slogdet(S)[1]


def mismatch_diagonal(Z):
    m, v = Z.mean(0), Z.var(0)
    return 0.5 * (v + m**2 - 1 - np.log(v)).sum()


def mismatch_other_way_round(Z):
    m, S = Z.mean(0), np.cov(Z.T, bias=True)
    P = np.linalg.inv(S)
    return 0.5 * (np.trace(P) + m @ P @ m - len(m) + np.linalg.slogdet(S)[1])


def mismatch_unbiased(Z):
    m, S = Z.mean(0), np.cov(Z.T)
    return 0.5 * (np.trace(S) + m @ m - len(m) - np.linalg.slogdet(S)[1])


# send_bytes(z, low, high) -> bytes (B, K) uint8, received (B, K)
def bytes_of_256_steps(z, low, high):
    sent = np.clip(np.round((z - low) / (high - low) * 256), 0, 256).astype(np.int64).astype(np.uint8)
    return sent, low + sent / 256 * (high - low)


def bytes_not_clipped(z, low, high):
    sent = np.round((z - low) / (high - low) * 255).astype(np.int64).astype(np.uint8)
    return sent, low + sent / 255 * (high - low)


def bytes_truncated(z, low, high):
    sent = np.clip((z - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    return sent, low + sent / 255 * (high - low)


def bytes_low_forgotten(z, low, high):
    sent = np.clip(np.round((z - low) / (high - low) * 255), 0, 255).astype(np.uint8)
    return sent, sent / 255 * (high - low)


def bytes_one_range(z, low, high):
    low, high = low.min(), high.max()
    sent = np.clip(np.round((z - low) / (high - low) * 255), 0, 255).astype(np.uint8)
    return sent, low + sent / 255 * (high - low)


def bytes_as_floats(z, low, high):
    sent = np.clip(np.round((z - low) / (high - low) * 255), 0, 255)
    return sent, low + sent / 255 * (high - low)


# nearest_label(codes, labels, new) -> (n,) labels
def nearest_index(codes, labels, new):
    return ((new[:, None] - codes) ** 2).sum(2).argmin(1)


def nearest_is_farthest(codes, labels, new):
    return labels[((new[:, None] - codes) ** 2).sum(2).argmax(1)]


def nearest_over_the_wrong_axis(codes, labels, new):
    return labels[((new[:, None] - codes) ** 2).sum(2).argmin(0) % len(labels)]


def nearest_signed(codes, labels, new):
    return labels[(new[:, None] - codes).sum(2).argmin(1)]


def nearest_length(codes, labels, new):
    a, b = np.linalg.norm(new, axis=1), np.linalg.norm(codes, axis=1)
    return labels[np.abs(a[:, None] - b).argmin(1)]


def nearest_absolute(codes, labels, new):
    return labels[np.abs(new[:, None] - codes).sum(2).argmin(1)]


def nearest_product(codes, labels, new):
    return labels[(new @ codes.T).argmax(1)]


def loss_half_value(y, x):
    return (0.5 * ((y - x) ** 2).sum(), 2 * (y - x))


def loss_mean_value_sum_gradient(y, x):
    return (((y - x) ** 2).sum(axis=1).mean(), 2 * (y - x))


def lin_forgot_both_transposes(x, W_f, W_g):
    z = x @ W_f
    y = z @ W_g
    dy = 2 * (y - x)
    return (((y - x) ** 2).sum(), (dy @ W_g.T).T @ x, z.T @ dy)


def lin_dWg_from_y(x, W_f, W_g):
    z = x @ W_f
    y = z @ W_g
    dy = 2 * (y - x)
    return (((y - x) ** 2).sum(), x.T @ (dy @ W_g.T), z.T @ (2 * y))


def floor_sorted_wrong_k(X, K):
    e = np.linalg.eigvalsh(np.cov(X.T, bias=True))
    return e[-K:].sum()


def floor_correlation(X, K):
    e = np.linalg.eigvalsh(np.corrcoef(X.T))[::-1]
    return e[K:].sum()


def pca_no_square(X, K):
    m = X.mean(0)
    u, s, v = np.linalg.svd(X - m, full_matrices=False)
    return m + u[:, :K] @ v[:K]


def pca_one_too_few(X, K):
    m = X.mean(0)
    u, s, v = np.linalg.svd(X - m, full_matrices=False)
    K = K - 1
    return m + u[:, :K] * s[:K] @ v[:K]


def mis_trace_missing(Z):
    m = Z.mean(0)
    S = np.cov(Z.T, bias=True)
    return 0.5 * (m @ m - len(m) - np.linalg.slogdet(S)[1])


def mis_log10(Z):
    m = Z.mean(0)
    S = np.cov(Z.T, bias=True)
    return 0.5 * (np.trace(S) + m @ m - len(m) - np.log10(np.linalg.det(S)))


def bytes_divide_256_back(z, low, high):
    s = np.clip(np.round((z - low) / (high - low) * 255), 0, 255).astype(np.uint8)
    return (s, low + s / 256 * (high - low))


def bytes_int64(z, low, high):
    s = np.clip(np.round((z - low) / (high - low) * 255), 0, 255).astype(int)
    return (s, low + s / 255 * (high - low))


def near_second(codes, labels, new):
    return labels[np.argsort(((new[:, None] - codes) ** 2).sum(2), axis=1)[:, 1]]


def near_mean_coordinate(codes, labels, new):
    return labels[np.abs(new.mean(1)[:, None] - codes.mean(1)).argmin(1)]


def loss_gradient_times_y(y, x):
    return (np.square(y - x).sum(), -2 * (x - y) * y)


def linear_decoder_gets_x(x, W_f, W_g):
    z = x @ W_f
    y = z @ W_g
    dy = 2 * (y - x)
    return (
        ((y - x) ** 2).sum(),
        x.T @ (dy @ W_g.T),
        x.T @ dy @ W_g.T @ np.eye(W_g.shape[0]) @ W_g if False else z.T @ (2 * (x @ np.eye(x.shape[1]))),
    )


def floor_mean_over_pixels(X, K):
    s = np.linalg.svd(X - X.mean(0), compute_uv=False)
    return (s[K:] ** 2).sum() / X.size


def pca_codes_scaled(X, K):
    m = X.mean(0)
    w, U = np.linalg.eigh(np.cov(X.T))
    U = U[:, -K:]
    return m + (X - m) @ U * np.sqrt(w[-K:]) @ U.T


def mismatch_trace_of_the_square(Z):
    m = Z.mean(0)
    S = np.cov(Z.T, bias=True)
    return 0.5 * (np.trace(S @ S) + m @ m - len(m) - np.linalg.slogdet(S)[1])


def bytes_whole_steps(z, low, high):
    s = np.clip(np.round((z - low) / (high - low) * 255), 0, 255).astype(np.uint8)
    return (s, low + s * ((high - low) // 255))


def nearest_five_vote(codes, labels, new):
    d = ((new[:, None] - codes) ** 2).sum(2)
    return np.array([np.bincount(labels[np.argsort(r)[:5]]).argmax() for r in d])


# ---- found by a reader


def nearest_mean_of_the_class(codes, labels, new):
    classes = np.unique(labels)
    means = np.array([codes[labels == c].mean(0) for c in classes])
    return classes[((new[:, None] - means) ** 2).sum(2).argmin(1)]


def plane_by_an_uncentred_svd(X, K):
    mean = X.mean(0)
    _, _, Vt = np.linalg.svd(X, full_matrices=False)
    return mean + (X - mean) @ Vt[:K].T @ Vt[:K]


WRONG = {
    "autoencoder_loss": [
        (loss_mean_of_everything, r"mean|averag"),
        (loss_norm_without_square, r"square|root|norm"),
        (loss_gradient_without_2, r"\b2\b|½|half"),
        (loss_gradient_of_the_wrong_sign, r"sign"),
        (loss_one_number_per_image, r"one number|scalar|over the (batch|images|rows)"),
        (loss_gradient_of_the_batch_mean, r"mean|averag|1/B|len"),
        (loss_signed_differences, r"square"),
        (loss_half_value, r"value.*(½|half|1/2)|½"),
        (loss_mean_value_sum_gradient, r"mean|1/B"),
        (loss_gradient_times_y, r"dy.*factor|2\(|times y|\by\b is"),
    ],
    "linear_autoencoder": [
        (linear_transposed, r"dW_g.*(transpos|shape)"),
        (linear_without_2, r"\b2\b|½|half"),
        (linear_back_through_the_encoder, r"dW_f.*W_g"),
        (linear_code_held_fixed, r"dW_f.*zero"),
        (linear_mean_value, r"mean|averag"),
        (linear_residual_turned_round, r"sign"),
        (linear_x_is_lost, r"(without|lost|miss|minus|−|subtract).*\bx\b|\bx\b.*(lost|miss)"),
        (lin_forgot_both_transposes, r"dW_f.*(transpos|shape)"),
        (lin_dWg_from_y, r"dW_g.*\bx\b.*lost"),
        (linear_decoder_gets_x, r"dW_g.*(z|x is)"),
    ],
    "pca_floor": [
        (floor_unbiased_covariance, r"m − 1|1/m"),
        (floor_not_centred, r"cent|mean"),
        (floor_what_is_kept, r"kept|left over|other eigenvalues|leading|largest"),
        (floor_ascending, r"ascending|order|smallest|sort"),
        (floor_scatter, r"divi|mean over|1/m"),
        (floor_singular_values, r"square"),
        (floor_mean_eigenvalue, r"mean|sum"),
        (floor_sorted_wrong_k, r"kept|keep|largest|left over"),
        (floor_correlation, r"correlation|standard|scal|divided"),
        (floor_mean_over_pixels, r"1/D|divided by D|times"),
    ],
    "pca_reconstruction": [
        (plane_by_an_uncentred_svd, r"not centred"),
        (pca_mean_not_added, r"mean.*(add|back|miss|lost)|(add|miss|lost|without).*mean"),
        (pca_not_centred, r"cent|mean"),
        (pca_smallest, r"largest|smallest|leading|ascending"),
        (pca_rows_for_columns, r"column|row|orthonormal"),
        (pca_codes, r"shape|code"),
        (pca_standardised, r"standard|divi|scal|correlation"),
        (pca_no_square, r"singular|scal|length|width|factor|times"),
        (pca_one_too_few, r"K|too few|dimension|axis|one"),
        (pca_codes_scaled, r"scal|eigenvalue|times|√|standard"),
    ],
    "prior_mismatch": [
        (mismatch_without_mean, r"‖m‖²|mean"),
        (mismatch_without_K, r"\bK\b"),
        (mismatch_plus_log_det, r"log det"),
        (mismatch_without_half, r"½|2 times|twice"),
        (mismatch_diagonal, r"correlat|off.*diagonal|covariances"),
        (mismatch_other_way_round, r"way round|revers|exchang|direction"),
        (mismatch_unbiased, r"m − 1|1/m"),
        (mis_trace_missing, r"tr S|trace"),
        (mis_log10, r"log"),
        (mismatch_trace_of_the_square, r"tr S"),
    ],
    "send_bytes": [
        (bytes_of_256_steps, r"25[56]"),
        (bytes_not_clipped, r"clip|outside|wrap|range"),
        (bytes_truncated, r"round|nearest|cut"),
        (bytes_low_forgotten, r"low"),
        (bytes_one_range, r"each|own|coordinate|column"),
        (bytes_as_floats, r"uint8|type"),
        (bytes_divide_256_back, r"25[56]"),
        (bytes_int64, r"uint8|type"),
        (bytes_whole_steps, r"received|//|whole"),
    ],
    "nearest_label": [
        (nearest_mean_of_the_class, r"averaged|mean"),
        (nearest_index, r"index|indices|position"),
        (nearest_is_farthest, r"farthest|furthest|greatest|largest|argmax"),
        (nearest_over_the_wrong_axis, r"axis|shape|each new"),
        (nearest_signed, r"square|sign"),
        (nearest_length, r"length|norm"),
        (nearest_absolute, r"absolute|square|Euclid"),
        (nearest_product, r"product"),
        (near_second, r"second|nearest|next"),
        (near_mean_coordinate, r"squar|cancel"),
        (nearest_five_vote, r"vote|several"),
    ],
}


# right, in unusual form
def loss_in_loops(y, x):
    total, dy = 0.0, np.zeros(y.shape)
    for i in range(len(x)):
        for d in range(x.shape[1]):
            total += (y[i, d] - x[i, d]) ** 2
            dy[i, d] = 2 * (y[i, d] - x[i, d])
    return total, dy


def loss_in_float32(output, target):
    r = output.astype(np.float32) - target.astype(np.float32)
    return np.einsum("bd,bd->", r, r), r + r


def linear_by_einsum(data, encoder, decoder):
    z = np.einsum("bd,dk->bk", data, encoder)
    r = np.einsum("bk,kd->bd", z, decoder) - data
    return np.linalg.norm(r) ** 2, 2 * np.einsum("bd,be,ke->dk", data, r, decoder), 2 * np.einsum("bk,bd->kd", z, r)


def linear_by_the_product(x, W_f, W_g):
    C = x.T @ x
    E = W_f @ W_g - np.eye(len(C))
    return np.trace(E.T @ C @ E), 2 * C @ E @ W_g.T, 2 * W_f.T @ C @ E


def floor_by_trace(X, K):
    s = np.linalg.svd(X - X.mean(0), compute_uv=False)
    return float(((X - X.mean(0)) ** 2).sum() / len(X) - (s[:K] ** 2).sum() / len(X))


def floor_in_float32(data, n_components):
    centred = (data - data.mean(axis=0)).astype(np.float32)
    covariance = centred.T @ centred / np.float32(len(data))
    return np.linalg.eigvalsh(covariance)[: data.shape[1] - n_components].sum()


def pca_by_svd(X, K):
    mean = X.mean(0, keepdims=True)
    u, s, vt = np.linalg.svd(X - mean, full_matrices=False)
    return mean + (u[:, :K] * s[:K]) @ vt[:K]


def pca_row_by_row(X, K):
    mean = sum(X) / len(X)
    axes = np.linalg.eigh(sum(np.outer(x - mean, x - mean) for x in X))[1]
    return np.array([mean + sum(((x - mean) @ axes[:, -k - 1]) * axes[:, -k - 1] for k in range(K)) for x in X])


def mismatch_by_eigenvalues(Z):
    m = Z.mean(0)
    lam = np.linalg.eigvalsh(np.atleast_2d(np.cov(Z, rowvar=False, ddof=0)))
    return float(np.sum(lam - np.log(lam) - 1) / 2 + np.sum(m**2) / 2)


def mismatch_by_second_moment(Z):
    m = Z.mean(0)
    S = Z.T @ Z / len(Z) - np.outer(m, m)
    return ((Z**2).sum(1).mean() - Z.shape[1] - np.log(np.linalg.det(S))) / 2


def bytes_by_floor(z, low, high):
    step = (high - low) / 255
    sent = np.floor((np.minimum(np.maximum(z, low), high) - low) / step + 0.5).astype("uint8")
    return sent, sent * step + low


def bytes_in_loops(z, low, high):
    sent, back = np.zeros(z.shape, np.uint8), np.zeros(z.shape, np.float32)
    for i, row in enumerate(z):
        for k, value in enumerate(row):
            sent[i, k] = min(max(int(round(255 * (value - low[k]) / (high[k] - low[k]))), 0), 255)
            back[i, k] = low[k] + (high[k] - low[k]) * float(sent[i, k]) / 255
    return sent, back


def nearest_in_loops(codes, labels, new):
    return [labels[min(range(len(codes)), key=lambda i: sum((codes[i] - z) ** 2))] for z in new]


def nearest_by_products(codes, labels, new):
    return np.take(labels, np.argmax(new @ codes.T - 0.5 * np.sum(codes**2, axis=1), axis=1))


RIGHT = {
    "autoencoder_loss": [loss_in_loops, loss_in_float32],
    "linear_autoencoder": [linear_by_einsum, linear_by_the_product],
    "pca_floor": [floor_by_trace, floor_in_float32],
    "pca_reconstruction": [pca_by_svd, pca_row_by_row],
    "prior_mismatch": [mismatch_by_eigenvalues, mismatch_by_second_moment],
    "send_bytes": [bytes_by_floor, bytes_in_loops],
    "nearest_label": [nearest_in_loops, nearest_by_products],
}
