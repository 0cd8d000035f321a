"""Answers to the exercises of notebook 5 as students write them: WRONG ones and what must be said, RIGHT ones."""

import numpy as np

# ppca_encoder(X, W, b, sigma_g) -> q (m, 2K) = [mu, log_sigma]: the best diagonal q, x = zW + b + sigma_g eps


def encoder_without_b(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = X @ W.T @ np.linalg.inv(M)
    return np.hstack([mu, np.tile(0.5 * np.log(sigma_g**2 / np.diag(M)), (len(X), 1))])


def encoder_without_prior(X, W, b, sigma_g):
    M = W @ W.T
    mu = (X - b) @ W.T @ np.linalg.inv(M)
    return np.hstack([mu, np.tile(0.5 * np.log(sigma_g**2 / np.diag(M)), (len(X), 1))])


def encoder_marginal_variance(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X - b) @ W.T @ np.linalg.inv(M)
    return np.hstack([mu, np.tile(0.5 * np.log(sigma_g**2 * np.diag(np.linalg.inv(M))), (len(X), 1))])


def encoder_log_of_the_variance(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X - b) @ W.T @ np.linalg.inv(M)
    return np.hstack([mu, np.tile(np.log(sigma_g**2 / np.diag(M)), (len(X), 1))])


def encoder_sigma_itself(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X - b) @ W.T @ np.linalg.inv(M)
    return np.hstack([mu, np.tile(np.sqrt(sigma_g**2 / np.diag(M)), (len(X), 1))])


def encoder_sigma_for_the_variance(X, W, b, sigma_g):
    M = W @ W.T + sigma_g * np.eye(len(W))
    mu = (X - b) @ W.T @ np.linalg.inv(M)
    return np.hstack([mu, np.tile(0.5 * np.log(sigma_g / np.diag(M)), (len(X), 1))])


def encoder_without_inverse(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X - b) @ W.T
    return np.hstack([mu, np.tile(0.5 * np.log(sigma_g**2 / np.diag(M)), (len(X), 1))])


def encoder_mean_not_divided(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X - b) @ W.T @ M
    return np.hstack([mu, np.tile(0.5 * np.log(sigma_g**2 / np.diag(M)), (len(X), 1))])


def encoder_diagonal_of_M(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X - b) @ W.T / np.diag(M)
    return np.hstack([mu, np.tile(0.5 * np.log(sigma_g**2 / np.diag(M)), (len(X), 1))])


def encoder_variance_without_noise(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X - b) @ W.T @ np.linalg.inv(M)
    return np.hstack([mu, np.tile(-0.5 * np.log(np.diag(M)), (len(X), 1))])


def encoder_plus_b(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X + b) @ W.T @ np.linalg.inv(M)
    return np.hstack([mu, np.tile(0.5 * np.log(sigma_g**2 / np.diag(M)), (len(X), 1))])


def encoder_mu_alone(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    return (X - b) @ W.T @ np.linalg.inv(M)


def encoder_sigma_first(X, W, b, sigma_g):
    M = W @ W.T + sigma_g**2 * np.eye(len(W))
    mu = (X - b) @ W.T @ np.linalg.inv(M)
    return np.hstack([np.tile(0.5 * np.log(sigma_g**2 / np.diag(M)), (len(X), 1)), mu])


def encoder_solve(X, W, b, sigma_g):
    """By the precision P = I + W W^T / sigma_g^2."""
    P = np.eye(W.shape[0]) + np.einsum("kd,jd->kj", W, W) / sigma_g**2
    mu = np.linalg.solve(P, W @ (X - b).T / sigma_g**2).T
    log_sigma = np.zeros_like(mu) - 0.5 * np.log(np.diagonal(P))
    return np.concatenate((mu, log_sigma), axis=1)


def encoder_woodbury(X, W, b, sigma_g):
    """By the covariance of x, a row at a time."""
    K, D = W.shape
    C = W.T @ W + sigma_g**2 * np.eye(D)
    rows = []
    for x in X:
        mu = W @ np.linalg.solve(C, x - b)
        log_sigma = [-0.5 * np.log(1 + (w @ w) / sigma_g**2) for w in W]
        rows.append([*mu, *log_sigma])
    return np.array(rows)


# approximation_gap(W, sigma_g) -> float: of a diagonal q in probabilistic PCA, half of sum_j log P_jj - log det P


def diagonal_without_half(W, sigma_g):
    P = W @ W.T / sigma_g**2 + np.eye(len(W))
    return np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1]


def diagonal_negative(W, sigma_g):
    P = W @ W.T / sigma_g**2 + np.eye(len(W))
    return 0.5 * (np.linalg.slogdet(P)[1] - np.log(np.diag(P)).sum())


def diagonal_of_the_covariance(W, sigma_g):
    C = np.linalg.inv(W @ W.T / sigma_g**2 + np.eye(len(W)))
    return 0.5 * (np.log(np.diag(C)).sum() - np.linalg.slogdet(C)[1])


def diagonal_without_prior(W, sigma_g):
    P = W @ W.T / sigma_g**2
    return 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])


def diagonal_det_without_log(W, sigma_g):
    P = W @ W.T / sigma_g**2 + np.eye(len(W))
    return 0.5 * (np.log(np.diag(P)).sum() - np.linalg.det(P))


def diagonal_sigma_not_squared(W, sigma_g):
    P = W @ W.T / sigma_g + np.eye(len(W))
    return 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])


def diagonal_without_sigma(W, sigma_g):
    P = W @ W.T + np.eye(len(W))
    return 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])


def diagonal_log_of_the_trace(W, sigma_g):
    P = W @ W.T / sigma_g**2 + np.eye(len(W))
    return 0.5 * (np.log(np.trace(P)) - np.linalg.slogdet(P)[1])


def diagonal_of_the_data_space(W, sigma_g):
    P = W.T @ W / sigma_g**2 + np.eye(W.shape[1])
    return 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])


def diagonal_eigenvalues_for_both(W, sigma_g):
    P = W @ W.T / sigma_g**2 + np.eye(len(W))
    return 0.5 * (np.log(np.linalg.eigvalsh(P)).sum() - np.linalg.slogdet(P)[1])


def diagonal_log10(W, sigma_g):
    P = W @ W.T / sigma_g**2 + np.eye(len(W))
    return 0.5 * (np.log2(np.diag(P)).sum() - np.log2(np.linalg.det(P)))


def diagonal_of_M(W, sigma_g):
    """Powers of sigma_g fall out."""
    M = W @ W.T + sigma_g**2 * np.identity(W.shape[0])
    return -0.5 * np.linalg.slogdet(M / np.sqrt(np.outer(np.diag(M), np.diag(M))))[1]


def diagonal_cholesky(W, sigma_g):
    P = np.eye(W.shape[0])
    for j in range(len(W)):
        for k in range(len(W)):
            P[j, k] += sum(W[j] * W[k]) / sigma_g**2
    root = np.linalg.cholesky(P)
    return float(np.sum(0.5 * np.log(np.diag(P)) - np.log(np.diag(root))))


# gradient_phi(X, A, c, L) -> dA (D, R), dc (R,): of the mean ELBO, q = X A + c, L(q) returns the ELBO (B,) and back


def phi_of_the_sum(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.ones(len(X)))
    return X.T @ dq, dq.sum(0)


def phi_downhill(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))
    return -X.T @ dq, -dq.sum(0)


def phi_transposed(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))
    return dq.T @ X, dq.sum(0)


def phi_back_of_the_value(X, A, c, L):
    value, back = L(X @ A + c)
    dq = back(value / len(X))
    return X.T @ dq, dq.sum(0)


def phi_without_c(X, A, c, L):
    _, back = L(X @ A)
    dq = back(np.full(len(X), 1 / len(X)))
    return X.T @ dq, dq.sum(0)


def phi_dc_averaged(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))
    return X.T @ dq, dq.mean(0)


def phi_dc_not_summed(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))
    return X.T @ dq, dq


def phi_no_chain_rule(X, A, c, L):
    q = X @ A + c
    _, back = L(q)
    dq = back(np.full(len(X), 1 / len(X)))
    return q.T @ dq, dq.sum(0)


def phi_divided_twice(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))
    return X.T @ dq / len(X), dq.sum(0) / len(X)


def phi_mean_of_x(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X))).sum(0)
    return np.outer(X.mean(0), dq), dq


def phi_last_row(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.ones(len(X)))
    for x, d in zip(X, dq, strict=True):
        dA, dc = np.outer(x, d), d
    return dA, dc


def phi_ascended(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))
    return A + X.T @ dq, c + dq.sum(0)


def phi_one_at_a_time(X, A, c, L):
    dA, dc = np.zeros(A.shape), np.zeros(c.shape)
    _, back = L(np.array([x @ A + c for x in X]))
    for x, d in zip(X, back(np.ones(len(X))), strict=True):
        dA += np.outer(x, d) / len(X)
        dc += d / len(X)
    return dA, dc


def phi_with_a_column_of_ones(X, A, c, L):
    X1 = np.column_stack([X, np.ones(X.shape[0])])
    _, back = L(X1 @ np.vstack([A, c]))
    G = np.einsum("bd,br->dr", X1, back(np.ones(X.shape[0]))) / X.shape[0]
    return G[:-1], G[-1]


# fit_encoder(X, A, c, L) -> A, c: gradient ascent on the mean ELBO, theta held


def fit_downhill(X, A, c, L, rate=0.05, steps=2000):
    for _ in range(steps):
        _, back = L(X @ A + c)
        dq = back(np.full(len(X), 1 / len(X)))
        A, c = A - rate * X.T @ dq, c - rate * dq.sum(0)
    return A, c


def fit_c_alone(X, A, c, L, rate=0.05, steps=2000):
    for _ in range(steps):
        _, back = L(X @ A + c)
        c = c + rate * back(np.full(len(X), 1 / len(X))).sum(0)
    return A, c


def fit_A_alone(X, A, c, L, rate=0.05, steps=2000):
    for _ in range(steps):
        _, back = L(X @ A + c)
        A = A + rate * X.T @ back(np.full(len(X), 1 / len(X)))
    return A, c


def fit_one_step(X, A, c, L):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))
    return A + 0.05 * X.T @ dq, c + 0.05 * dq.sum(0)


def fit_old_gradient(X, A, c, L, rate=0.05, steps=2000):
    _, back = L(X @ A + c)
    dq = back(np.full(len(X), 1 / len(X)))
    for _ in range(steps):
        A, c = A + rate * X.T @ dq, c + rate * dq.sum(0)
    return A, c


def fit_returns_the_start(X, A, c, L, rate=0.05, steps=2000):
    best_A, best_c = A.copy(), c.copy()
    for _ in range(steps):
        _, back = L(X @ best_A + best_c)
        dq = back(np.full(len(X), 1 / len(X)))
        best_A, best_c = best_A + rate * X.T @ dq, best_c + rate * dq.sum(0)
    return A, c


def fit_changes_the_start(X, A, c, L, rate=0.05, steps=2000):
    for _ in range(steps):
        _, back = L(X @ A + c)
        dq = back(np.full(len(X), 1 / len(X)))
        A += rate * X.T @ dq
        c += rate * dq.sum(0)
    return A, c


def fit_leaps(X, A, c, L, rate=20.0, steps=2000):
    for _ in range(steps):
        _, back = L(X @ A + c)
        dq = back(np.full(len(X), 1 / len(X)))
        A, c = A + rate * X.T @ dq, c + rate * dq.sum(0)
    return A, c


def fit_returns_the_rows(X, A, c, L, rate=0.05, steps=2000):
    for _ in range(steps):
        _, back = L(X @ A + c)
        dq = back(np.full(len(X), 1 / len(X)))
        A, c = A + rate * X.T @ dq, c + rate * dq.sum(0)
    return X @ A + c


def fit_the_rows(X, A, c, L, rate=0.05, steps=2000):
    q = X @ A + c
    for _ in range(steps):
        _, back = L(q)
        q = q + rate * back(np.ones(len(X)))
    return np.zeros_like(A), q.mean(0)


def fit_without_c(X, A, c, L, rate=0.05, steps=2000):
    for _ in range(steps):
        _, back = L(X @ A)
        dq = back(np.full(len(X), 1 / len(X)))
        A, c = A + rate * X.T @ dq, c + rate * dq.sum(0)
    return A, c


def fit_momentum(X, A, c, L):
    A, c, vA, vc = np.array(A), np.array(c), 0.0, 0.0
    for _ in range(3000):
        _, back = L(X @ A + c)
        d = back(np.ones(len(X))) / len(X)
        vA, vc = 0.9 * vA + X.T @ d, 0.9 * vc + d.sum(axis=0)
        A, c = A + 0.02 * vA, c + 0.02 * vc
    return A, c


def fit_theta_vector(X, A, c, L):
    """A and c in one matrix with a column of ones for x."""
    X1 = np.column_stack([X, np.ones(len(X))])
    phi = np.vstack([A, c])
    for _ in range(4000):
        _, back = L(X1 @ phi)
        phi = phi + 0.05 * np.einsum("bd,br->dr", X1, back(np.ones(len(X)) / len(X)))
    return phi[:-1], phi[-1]


# numbers_of_q(m, D, H, K) -> table, encoder: how many numbers each holds


def numbers_without_biases(m, D, H, K):
    return 2 * K * m, D * H + H * 2 * K


def numbers_K_outputs(m, D, H, K):
    return K * m, D * H + H + H * K + K


def numbers_table_of_K(m, D, H, K):
    return K * m, D * H + H + H * 2 * K + 2 * K


def numbers_encoder_of_K(m, D, H, K):
    return 2 * K * m, D * H + H + H * K + K


def numbers_times_m(m, D, H, K):
    return 2 * K * m, m * (D * H + H + H * 2 * K + 2 * K)


def numbers_table_of_one(m, D, H, K):
    return 2 * K, D * H + H + H * 2 * K + 2 * K


def numbers_output_bias_forgotten(m, D, H, K):
    return 2 * K * m, D * H + H + H * 2 * K


def numbers_with_decoder(m, D, H, K):
    return 2 * K * m, D * H + H + H * 2 * K + 2 * K + K * H + H + H * D + D


def numbers_swapped(m, D, H, K):
    return D * H + H + H * 2 * K + 2 * K, 2 * K * m


def numbers_bias_of_the_input(m, D, H, K):
    return 2 * K * m, D + D * H + H + H * 2 * K


def numbers_table_of_data(m, D, H, K):
    return m * D, D * H + H + H * 2 * K + 2 * K


def numbers_units(m, D, H, K):
    return 2 * K * m, D + H + 2 * K


def numbers_built(m, D, H, K):
    arrays = [np.empty((D, H)), np.empty(H), np.empty((H, 2 * K)), np.empty(2 * K)]
    return np.broadcast_to(0, (m, 2 * K)).size, sum(a.size for a in arrays)


def numbers_factored(m, D, H, K):
    sizes = [D, H, 2 * K]
    return float(m * sizes[-1]), float(sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False)))


# ---- found by a reader


def slope_by_differences(X, A, c, L):
    h, theta = 1e-3, np.concatenate([A.ravel(), c])
    def F(v):
        return L(X @ v[:A.size].reshape(A.shape) + v[A.size:])[0].mean()
    d = np.array([(F(theta + h * e) - F(theta)) / h for e in np.eye(len(theta))])
    return d[:A.size].reshape(A.shape), d[A.size:]


WRONG = {
    "ppca_encoder": [
        (encoder_without_b, r"\bb\b"),
        (encoder_without_prior, r"prior|sigma_g² I|sigma_g\^2 I|identity|\bI\b"),
        (encoder_marginal_variance, r"marginal|inverse|M_jj|diagonal|precision"),
        (encoder_log_of_the_variance, r"variance|log_sigma|half|1/2"),
        (encoder_sigma_itself, r"log"),
        (encoder_sigma_for_the_variance, r"squar|variance|sigma_g\^2|sigma_g²"),
        (encoder_without_inverse, r"M|inverse"),
        (encoder_mean_not_divided, r"M|inverse"),
        (encoder_diagonal_of_M, r"diagonal|inverse|off"),
        (encoder_variance_without_noise, r"sigma_g"),
        (encoder_plus_b, r"\bb\b|sign"),
        (encoder_mu_alone, r"shape|log_sigma|2K"),
        (encoder_sigma_first, r"order|first|swap|places"),
    ],
    "approximation_gap": [
        (diagonal_without_half, r"half|1/2|½|twice|factor|\b2\b"),
        (diagonal_negative, r"sign|negative"),
        (diagonal_of_the_covariance, r"precision|covariance|inverse"),
        (diagonal_without_prior, r"prior|identity|\bI\b"),
        (diagonal_det_without_log, r"log"),
        (diagonal_sigma_not_squared, r"squar|variance|sigma_g\^2|sigma_g²"),
        (diagonal_without_sigma, r"sigma_g"),
        (diagonal_log_of_the_trace, r"trace|sum of (the )?log|log of"),
        (diagonal_of_the_data_space, r"\bK\b|data|W W|latent|transpos"),
        (diagonal_eigenvalues_for_both, r"eigen|diagonal|zero|0"),
        (diagonal_log10, r"log2|bits|nats"),
    ],
    "gradient_phi": [
        (slope_by_differences, r"forward differences"),
        (phi_of_the_sum, r"mean|\bB\b|sum|divid"),
        (phi_downhill, r"sign|downhill|minus|negative"),
        (phi_transposed, r"shape|transpos"),
        (phi_back_of_the_value, r"ones|value|back\("),
        (phi_without_c, r"\bc\b"),
        (phi_dc_averaged, r"dc|sum|\bB\b"),
        (phi_dc_not_summed, r"dc|shape|sum"),
        (phi_no_chain_rule, r"\bX\b|x|chain|shape"),
        (phi_divided_twice, r"twice|\bB\b|divid"),
        (phi_mean_of_x, r"mean|product|row|outer|each"),
        (phi_last_row, r"last|add|sum|overwrit"),
        (phi_ascended, r"gradient|step|added|A \+"),
    ],
    "fit_encoder": [
        (fit_downhill, r"downhill|sign|descend|falls|lower|minus"),
        (fit_c_alone, r"\bA\b"),
        (fit_A_alone, r"\bc\b"),
        (fit_one_step, r"steps|summit|top|flat|not there|far"),
        (fit_old_gradient, r"old|again|each step|every step|once|inside the loop|new gradient|start"),
        (fit_returns_the_start, r"start|unchanged|moved"),
        (fit_changes_the_start, r"chang|in place|copy|input"),
        (fit_leaps, r"rate|too (large|long|big)|leap|shorter|nan|inf"),
        (fit_returns_the_rows, r"two|2 things|pair|rows"),
        (fit_the_rows, r"\bA\b|depend|solution 1|shared|same"),
        (fit_without_c, r"\bc\b"),
    ],
    "numbers_of_q": [
        (numbers_without_biases, r"bias"),
        (numbers_K_outputs, r"2 ?K|log_sigma|sigma"),
        (numbers_table_of_K, r"2 ?K|log_sigma|sigma"),
        (numbers_encoder_of_K, r"2 ?K|log_sigma|sigma"),
        (numbers_times_m, r"\bm\b|shared|depend"),
        (numbers_table_of_one, r"\bm\b|each"),
        (numbers_output_bias_forgotten, r"bias|output"),
        (numbers_with_decoder, r"decoder|theta"),
        (numbers_swapped, r"swap|order|exchang|places"),
        (numbers_bias_of_the_input, r"bias|input"),
        (numbers_table_of_data, r"data|\bD\b|latent"),
        (numbers_units, r"unit|weight|connection"),
    ],
}

RIGHT = {
    "ppca_encoder": [encoder_solve, encoder_woodbury],
    "approximation_gap": [diagonal_of_M, diagonal_cholesky],
    "gradient_phi": [phi_one_at_a_time, phi_with_a_column_of_ones],
    "fit_encoder": [fit_momentum, fit_theta_vector],
    "numbers_of_q": [numbers_built, numbers_factored],
}
