"""Answers to the exercises of notebook 3 as students write them: WRONG ones and what must be said, RIGHT ones."""

import numpy as np


def _softmax(a, axis=1):
    e = np.exp(a - a.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _squares(X, mu):
    return ((X[:, None] - mu) ** 2).sum(2)


# e_step(X, mu, pi, sigma_g) -> q (m, K): the posterior of a mixture of Gaussians


def e_step_over_the_data(X, mu, pi, sigma_g):
    return _softmax(np.log(pi) - _squares(X, mu) / (2 * sigma_g**2), axis=0)


def e_step_without_half(X, mu, pi, sigma_g):
    return _softmax(np.log(pi) - _squares(X, mu) / sigma_g**2)


def e_step_sigma_not_squared(X, mu, pi, sigma_g):
    return _softmax(np.log(pi) - _squares(X, mu) / (2 * sigma_g))


def e_step_without_pi(X, mu, pi, sigma_g):
    return _softmax(-_squares(X, mu) / (2 * sigma_g**2))


def e_step_pi_not_in_logs(X, mu, pi, sigma_g):
    return _softmax(pi - _squares(X, mu) / (2 * sigma_g**2))


def e_step_hard(X, mu, pi, sigma_g):
    return np.eye(len(mu))[_squares(X, mu).argmin(1)]


def e_step_plus_sign(X, mu, pi, sigma_g):
    return _softmax(np.log(pi) + _squares(X, mu) / (2 * sigma_g**2))


def e_step_distance_not_squared(X, mu, pi, sigma_g):
    return _softmax(np.log(pi) - np.sqrt(_squares(X, mu)) / (2 * sigma_g**2))


def e_step_underflows(X, mu, pi, sigma_g):
    p = pi * np.exp(-_squares(X, mu) / (2 * sigma_g**2))
    return p / p.sum(1, keepdims=True)


def e_step_not_normalised(X, mu, pi, sigma_g):
    D = X.shape[1]
    return pi * np.exp(-_squares(X, mu) / (2 * sigma_g**2)) / (2 * np.pi * sigma_g**2) ** (D / 2)


def e_step_logs(X, mu, pi, sigma_g):
    return np.log(pi) - _squares(X, mu) / (2 * sigma_g**2)


def e_step_inverse_distance(X, mu, pi, sigma_g):
    p = pi / _squares(X, mu)
    return p / p.sum(1, keepdims=True)


def e_step_transposed(X, mu, pi, sigma_g):
    return _softmax(np.log(pi) - _squares(X, mu) / (2 * sigma_g**2)).T


def e_step_linear(X, mu, pi, sigma_g):
    """|x|^2 is the same for all k."""
    a = (X @ mu.T - 0.5 * np.einsum("kd,kd->k", mu, mu)) / sigma_g**2 + np.log(pi)
    return np.exp(a - np.logaddexp.reduce(a, axis=1)[:, None])


def e_step_loop(X, mu, pi, sigma_g):
    q = []
    for x in X:
        logs = [np.log(w) - sum((a - b) ** 2 for a, b in zip(x, c, strict=True)) / (2 * sigma_g**2)
                for w, c in zip(pi, mu, strict=True)]
        top = max(logs)
        weights = [np.exp(value - top) for value in logs]
        q.append([weight / sum(weights) for weight in weights])
    return q


# argmax_q(L, q) -> q (B, R): gradient ascent, L(q) returns the ELBO (B,) and back


def climb_downhill(L, q, rate=0.05, steps=500):
    q = q.copy()
    for _ in range(steps):
        _, back = L(q)
        q = q - rate * back(np.ones(len(q)))
    return q


def climb_back_of_the_value(L, q, rate=0.05, steps=500):
    for _ in range(steps):
        value, back = L(q)
        q = q + rate * back(value)
    return q


def climb_one_step(L, q):
    _, back = L(q)
    return q + 0.05 * back(np.ones(len(q)))


def climb_old_gradient(L, q, rate=0.05, steps=500):
    _, back = L(q)
    dq = back(np.ones(len(q)))
    for _ in range(steps):
        q = q + rate * dq
    return q


def climb_adds_the_value(L, q, rate=0.05, steps=500):
    for _ in range(steps):
        value, back = L(q)
        q = q + rate * value[:, None]
    return q


def climb_returns_the_value(L, q, rate=0.05, steps=500):
    for _ in range(steps):
        value, back = L(q)
        q = q + rate * back(np.ones(len(q)))
    return value


def climb_changes_the_start(L, q, rate=0.05, steps=500):
    for _ in range(steps):
        _, back = L(q)
        q += rate * back(np.ones(len(q)))
    return q


def climb_leaps(L, q, rate=5.0, steps=500):
    for _ in range(steps):
        _, back = L(q)
        q = q + rate * back(np.ones(len(q)))
    return q


def climb_one_direction_for_all(L, q, rate=0.05, steps=500):
    for _ in range(steps):
        _, back = L(q)
        q = q + rate * back(np.ones(len(q))).mean(0)
    return q


def climb_forgets(L, q, rate=0.05, steps=500):
    start = q
    for _ in range(steps):
        _, back = L(start)
        q = start + rate * back(np.ones(len(q)))
    return q


def climb_returns_the_start(L, q, rate=0.05, steps=500):
    row = q.copy()
    for _ in range(steps):
        _, back = L(row)
        row += rate * back(np.ones(len(q)))
    return q


def climb_steps_of_the_sign(L, q, rate=0.05, steps=500):
    for _ in range(steps):
        _, back = L(q)
        q = q + rate * np.sign(back(np.ones(len(q))))
    return q


def climb_only_mu(L, q, rate=0.05, steps=500):
    q = q.copy()
    K = q.shape[1] // 2
    for _ in range(steps):
        _, back = L(q)
        q[:, :K] += rate * back(np.ones(len(q)))[:, :K]
    return q


def climb_halving(L, q):
    """Doubles the step of a row after a rise, halves it otherwise."""
    q, rate = np.array(q), np.full((len(q), 1), 0.1)
    value, back = L(q)
    for _ in range(500):
        trial = q + rate * back(np.ones(len(q)))
        higher, _ = L(trial)
        rises = (higher >= value)[:, None]
        q, rate = np.where(rises, trial, q), np.where(rises, rate * 1.5, rate / 2)
        value, back = L(q)
    return q


def climb_until_flat(L, q):
    q = q + 0.0
    for _ in range(20_000):
        _, back = L(q)
        slope = back(np.ones(q.shape[0]))
        if np.abs(slope).max() < 1e-8:
            break
        q = q + 0.1 * slope
    return q


# gradient_of_means(X, q, mu, sigma_g) -> dmu (K, D): of the mean ELBO


def slope_wrong_sign(X, q, mu, sigma_g):
    return (q.sum(0)[:, None] * mu - q.T @ X) / sigma_g**2 / len(X)


def slope_of_the_sum(X, q, mu, sigma_g):
    return (q.T @ X - q.sum(0)[:, None] * mu) / sigma_g**2


def slope_without_sigma(X, q, mu, sigma_g):
    return (q.T @ X - q.sum(0)[:, None] * mu) / len(X)


def slope_sigma_not_squared(X, q, mu, sigma_g):
    return (q.T @ X - q.sum(0)[:, None] * mu) / sigma_g / len(X)


def slope_factor_two(X, q, mu, sigma_g):
    return 2 * (q.T @ X - q.sum(0)[:, None] * mu) / sigma_g**2 / len(X)


def slope_half(X, q, mu, sigma_g):
    return (q.T @ X - q.sum(0)[:, None] * mu) / (2 * sigma_g**2) / len(X)


def slope_without_q(X, q, mu, sigma_g):
    return (X[:, None] - mu).mean(0) / sigma_g**2


def slope_mu_not_weighted(X, q, mu, sigma_g):
    return (q.T @ X - mu) / sigma_g**2 / len(X)


def slope_averaged_by_component(X, q, mu, sigma_g):
    return (q.T @ X / q.sum(0)[:, None] - mu) / sigma_g**2


def slope_transposed(X, q, mu, sigma_g):
    return ((q.T @ X - q.sum(0)[:, None] * mu) / sigma_g**2 / len(X)).T


def slope_log_q_in_place_of_q(X, q, mu, sigma_g):
    return (np.log(q)[..., None] * (X[:, None] - mu)).mean(0) / sigma_g**2


def slope_einsum(X, q, mu, sigma_g):
    return np.einsum("ik,ikd->kd", q, X[:, None, :] - mu[None, :, :]) / (sigma_g**2 * len(X))


def slope_loop(X, q, mu, sigma_g):
    dmu = np.zeros(mu.shape)
    for i in range(len(X)):
        for k in range(len(mu)):
            dmu[k] = dmu[k] + q[i, k] * (X[i] - mu[k]) / sigma_g / sigma_g
    return dmu / len(X)


# m_step_means(X, q) -> mu (K, D)


def means_divided_by_m(X, q):
    return q.T @ X / len(X)


def means_not_divided(X, q):
    return q.T @ X


def means_unweighted(X, q):
    return np.tile(X.mean(0), (q.shape[1], 1))


def means_hard(X, q):
    label = q.argmax(1)
    return np.array([X[label == k].mean(0) for k in range(q.shape[1])])


def means_transposed(X, q):
    return X.T @ q / q.sum(0)


def means_divided_by_rows(X, q):
    return (q / q.sum(1, keepdims=True)).T @ X


def means_of_softmax(X, q):
    w = np.exp(q)
    return w.T @ X / w.sum(0)[:, None]


def means_squared_weights(X, q):
    return (q**2).T @ X / (q**2).sum(0)[:, None]


def means_padded(X, q):
    return q.T @ X / (q.sum(0)[:, None] + 1)


def means_divided_by_all_q(X, q):
    return q.T @ X / q.sum()


def means_average(X, q):
    return [np.average(X, axis=0, weights=column) for column in q.T]


def means_lstsq(X, q):
    """The minimum of the weighted squares, found as a linear system."""
    return np.linalg.solve(np.diag(q.sum(axis=0)), np.einsum("ik,id->kd", q, X))


# m_step_pi(q) -> pi (K,)


def pi_sum(q):
    return q.sum(0)


def pi_over_rows(q):
    return q.mean(1)


def pi_of_counts(q):
    return np.bincount(q.argmax(1), minlength=q.shape[1]) / len(q)


def pi_uniform(q):
    return np.full(q.shape[1], 1 / q.shape[1])


def pi_softmax_of_sums(q):
    e = np.exp(q.sum(0) - q.sum(0).max())
    return e / e.sum()


def pi_divided_by_K(q):
    return q.sum(0) / q.shape[1]


def pi_in_logs(q):
    return np.log(q.mean(0))


def pi_geometric(q):
    e = np.exp(np.log(q).mean(0))
    return e / e.sum()


def pi_root_of_squares(q):
    return (q**2).sum(0) / (q**2).sum()


def pi_kept_dimension(q):
    return q.mean(0, keepdims=True)


def pi_matmul(q):
    return np.full(len(q), 1 / len(q)) @ q


def pi_loop(q):
    total = [0.0] * q.shape[1]
    for row in q:
        total = [a + b for a, b in zip(total, row, strict=True)]
    return np.float32(total) / np.float32(sum(total))


# m_step_sigma_g(X, q, mu) -> sigma_g


def sigma_is_the_variance(X, q, mu):
    return (q * _squares(X, mu)).sum() / X.size


def sigma_without_D(X, q, mu):
    return np.sqrt((q * _squares(X, mu)).sum() / len(X))


def sigma_divided_by_K_too(X, q, mu):
    return np.sqrt((q * _squares(X, mu)).sum() / (X.size * len(mu)))


def sigma_around_the_data_mean(X, q, mu):
    return np.sqrt(X.var(0).mean())


def sigma_nearest(X, q, mu):
    return np.sqrt(_squares(X, mu).min(1).mean() / X.shape[1])


def sigma_unweighted(X, q, mu):
    return np.sqrt(_squares(X, mu).mean() / X.shape[1])


def sigma_mean_of_distances(X, q, mu):
    return (q * np.sqrt(_squares(X, mu))).sum() / X.size


def sigma_mean_guess(X, q, mu):
    return np.sqrt(((X - q @ mu) ** 2).mean())


def sigma_half(X, q, mu):
    return np.sqrt((q * _squares(X, mu)).sum() / (2 * X.size))


def sigma_not_divided(X, q, mu):
    return np.sqrt((q * _squares(X, mu)).sum())


def sigma_for_each_component(X, q, mu):
    return np.sqrt((q * _squares(X, mu)).sum(0) / q.sum(0) / X.shape[1])


def sigma_for_each_dimension(X, q, mu):
    return np.sqrt(np.einsum("ik,ikd->d", q, (X[:, None] - mu) ** 2) / len(X))


def sigma_multiplied_out(X, q, mu):
    """|x|^2 - 2 x·mu + |mu|^2."""
    total = (X**2).sum() - 2 * (q * (X @ mu.T)).sum() + q.sum(0) @ (mu**2).sum(1)
    return np.sqrt(total / (len(X) * X.shape[1]))


def sigma_loop(X, q, mu):
    total = 0
    for i, x in enumerate(X):
        for k, centre in enumerate(mu):
            total += q[i, k] * np.linalg.norm(x - centre) ** 2
    m, D = X.shape
    return float((total / m / D) ** 0.5)


# em(X, mu, pi, sigma_g, sweeps) -> mu, pi, sigma_g, history: E-step, ELBO, M-step


def _table(X, mu, pi, sigma_g):
    return np.log(pi) - _squares(X, mu) / (2 * sigma_g**2) - X.shape[1] / 2 * np.log(2 * np.pi * sigma_g**2)


def _elbo(q, table):
    return (q * (table - np.log(q + 1e-300))).sum(1).mean()


def em_old_means_in_sigma(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = _softmax(table)
        history.append(_elbo(q, table))
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
    return mu, pi, sigma_g, np.array(history)


def em_pi_never_learned(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = _softmax(table)
        history.append(_elbo(q, table))
        mu = q.T @ X / q.sum(0)[:, None]
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def em_sigma_never_learned(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = _softmax(table)
        history.append(_elbo(q, table))
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
    return mu, pi, sigma_g, np.array(history)


def em_e_step_once(X, mu, pi, sigma_g, sweeps):
    history = []
    q = _softmax(_table(X, mu, pi, sigma_g))
    for _ in range(sweeps):
        history.append(_elbo(q, _table(X, mu, pi, sigma_g)))
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def em_history_of_the_sum(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = _softmax(table)
        history.append(_elbo(q, table) * len(X))
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def em_history_without_entropy(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = _softmax(table)
        history.append((q * table).sum(1).mean())
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def em_history_without_constants(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = np.log(pi) - _squares(X, mu) / (2 * sigma_g**2)
        q = _softmax(table)
        history.append(_elbo(q, table))
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def em_returns_the_variance(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = _softmax(table)
        history.append(_elbo(q, table))
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
        sigma_g = (q * _squares(X, mu)).sum() / X.size
    return mu, pi, sigma_g, np.array(history)


def em_hard(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = np.eye(len(mu))[table.argmax(1)]
        history.append((q * table).sum(1).mean())
        count = np.maximum(q.sum(0), 1e-300)
        mu, pi = q.T @ X / count[:, None], q.mean(0) + 1e-300
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def em_a_sweep_too_few(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(1, sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = _softmax(table)
        history.append(_elbo(q, table))
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def em_shared_q(X, mu, pi, sigma_g, sweeps):
    history = []
    for _ in range(sweeps):
        table = _table(X, mu, pi, sigma_g)
        q = np.tile(_softmax(table.mean(0, keepdims=True)), (len(X), 1))
        history.append(_elbo(q, table))
        mu, pi = q.T @ X / q.sum(0)[:, None], q.mean(0)
        sigma_g = np.sqrt((q * _squares(X, mu)).sum() / X.size)
    return mu, pi, sigma_g, np.array(history)


def em_functions(X, mu, pi, sigma_g, sweeps):
    """The steps as functions, log_pi in place of pi, a list for the history."""
    state, history = (mu, np.log(pi), sigma_g**2), []

    def e_step(mu, log_pi, variance):
        d2 = (X**2).sum(1)[:, None] - 2 * X @ mu.T + (mu**2).sum(1)
        table = log_pi - d2 / (2 * variance) - X.shape[1] / 2 * np.log(2 * np.pi * variance)
        log_p = np.logaddexp.reduce(table, axis=1)
        return np.exp(table - log_p[:, None]), log_p.mean()

    def m_step(q):
        mu = np.array([np.average(X, axis=0, weights=w) for w in q.T])
        spread = sum(w @ ((X - c) ** 2).sum(1) for w, c in zip(q.T, mu, strict=True))
        return mu, np.log(q.mean(0)), spread / X.size

    for _ in range(sweeps):
        q, log_p = e_step(*state)
        history.append(log_p)
        state = m_step(q)
    return state[0], np.exp(state[1]), np.sqrt(state[2]), history


def em_recursive(X, mu, pi, sigma_g, sweeps):
    if sweeps == 0:
        return mu, pi, sigma_g, []
    table = _table(X, mu, pi, sigma_g)
    q = _softmax(table)
    value = np.logaddexp.reduce(table, axis=1).mean()
    mu = np.einsum("ik,id,k->kd", q, X, 1 / q.sum(0))
    new = mu, q.sum(0) / q.sum(), np.sqrt((q * _squares(X, mu)).sum() / X.size)
    *rest, history = em_recursive(X, *new, sweeps - 1)
    return (*rest, [value, *history])


# ppca(X, K) -> W (K, D), b (D,), sigma_g: maximum likelihood of x = zW + b + sigma_g eps


def _eigen(X):
    S = np.cov(X.T, bias=True)
    values, vectors = np.linalg.eigh(S)
    return values[::-1], vectors[:, ::-1]


def ppca_smallest(X, K):
    values, U = np.linalg.eigh(np.cov(X.T, bias=True))
    s2 = values[K:].mean()
    return np.sqrt(np.maximum(values[:K] - s2, 0))[:, None] * U[:, :K].T, X.mean(0), np.sqrt(s2)


def ppca_variance_returned(X, K):
    values, U = _eigen(X)
    s2 = values[K:].mean()
    return np.sqrt(values[:K] - s2)[:, None] * U[:, :K].T, X.mean(0), s2


def ppca_noise_not_taken_off(X, K):
    values, U = _eigen(X)
    s2 = values[K:].mean()
    return np.sqrt(values[:K])[:, None] * U[:, :K].T, X.mean(0), np.sqrt(s2)


def ppca_directions_only(X, K):
    values, U = _eigen(X)
    return U[:, :K].T, X.mean(0), np.sqrt(values[K:].mean())


def ppca_unbiased_covariance(X, K):
    values, U = np.linalg.eigh(np.cov(X.T))
    values, U = values[::-1], U[:, ::-1]
    s2 = values[K:].mean()
    return np.sqrt(values[:K] - s2)[:, None] * U[:, :K].T, X.mean(0), np.sqrt(s2)


def ppca_not_centred(X, K):
    values, U = np.linalg.eigh(X.T @ X / len(X))
    values, U = values[::-1], U[:, ::-1]
    s2 = values[K:].mean()
    return np.sqrt(values[:K] - s2)[:, None] * U[:, :K].T, X.mean(0), np.sqrt(s2)


def ppca_b_is_zero(X, K):
    values, U = _eigen(X)
    s2 = values[K:].mean()
    return np.sqrt(values[:K] - s2)[:, None] * U[:, :K].T, np.zeros(X.shape[1]), np.sqrt(s2)


def ppca_sum_of_the_rest(X, K):
    values, U = _eigen(X)
    s2 = values[K:].sum()
    return np.sqrt(np.maximum(values[:K] - s2, 0))[:, None] * U[:, :K].T, X.mean(0), np.sqrt(s2)


def ppca_rest_over_D(X, K):
    values, U = _eigen(X)
    s2 = values[K:].sum() / X.shape[1]
    return np.sqrt(values[:K] - s2)[:, None] * U[:, :K].T, X.mean(0), np.sqrt(s2)


def ppca_without_root(X, K):
    values, U = _eigen(X)
    s2 = values[K:].mean()
    return (values[:K] - s2)[:, None] * U[:, :K].T, X.mean(0), np.sqrt(s2)


def ppca_transposed(X, K):
    values, U = _eigen(X)
    s2 = values[K:].mean()
    return U[:, :K] * np.sqrt(values[:K] - s2), X.mean(0), np.sqrt(s2)


def ppca_rows_of_U(X, K):
    values, U = _eigen(X)
    s2 = values[K:].mean()
    return np.sqrt(values[:K] - s2)[:, None] * U[:K], X.mean(0), np.sqrt(s2)


def ppca_singular_values(X, K):
    b = X.mean(0)
    _, s, Vt = np.linalg.svd(X - b, full_matrices=False)
    s2 = (s[K:] ** 2).sum() / len(X) / (X.shape[1] - K)
    return np.sqrt(s[:K] ** 2 / len(X) - s2)[:, None] * Vt[:K], b, np.sqrt(s2)


def ppca_turned(X, K):
    """Any rotation of the latent frame is as good."""
    values, U = _eigen(X)
    s2 = np.trace(np.cov(X.T, bias=True)) - values[:K].sum()
    s2 /= X.shape[1] - K
    R, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((K, K)))
    return R @ (-np.sqrt(values[:K] - s2)[:, None] * U[:, :K].T), np.average(X, axis=0), s2**0.5


# ---- found by a reader


def e_step_with_a_floor(X, mu, pi, sigma_g):
    q = np.zeros((len(X), len(mu)))
    for i in range(len(X)):
        for k in range(len(mu)):
            q[i, k] = pi[k] * np.exp(-((X[i] - mu[k]) ** 2).sum() / (2 * sigma_g**2))
        q[i] /= q[i].sum() + 1e-12
    return q


def e_step_mean_taken_off(X, mu, pi, sigma_g):
    a = np.log(pi) - ((X[:, None] - mu) ** 2).sum(2) / (2 * sigma_g**2)
    q = np.exp(a - a.mean(1, keepdims=True))
    return q / q.sum(1, keepdims=True)


WRONG = {
    "e_step": [
        (e_step_mean_taken_off, r"mean is taken off"),
        (e_step_with_a_floor, r"small number|logarithm"),
        (e_step_over_the_data, r"axis|sum to one|over the data|rows?"),
        (e_step_without_half, r"half|1/2|½|2 ?sigma|factor 2|2 ?σ|sigma_g² in place"),
        (e_step_sigma_not_squared, r"squar|variance|sigma_g\^2|sigma_g²"),
        (e_step_without_pi, r"\bpi\b|prior|π"),
        (e_step_pi_not_in_logs, r"log"),
        (e_step_hard, r"hard|one-hot|nearest|0 and 1|K-means|k-means"),
        (e_step_plus_sign, r"sign|plus|minus|farther|far"),
        (e_step_distance_not_squared, r"squar"),
        (e_step_underflows, r"underflow|nan"),
        (e_step_not_normalised, r"sum to one|normali"),
        (e_step_logs, r"log|sum to one|exp|normali"),
        (e_step_inverse_distance, r"exp|Gaussian|distance"),
        (e_step_transposed, r"transpos|shape"),
    ],
    "argmax_q": [
        (climb_downhill, r"downhill|sign|descend|falls|lower|minus"),
        (climb_back_of_the_value, r"ones|back\("),
        (climb_one_step, r"steps|summit|top|flat|not there|far"),
        (climb_old_gradient, r"old|again|each step|every step|once|inside the loop|new gradient|start"),
        (climb_adds_the_value, r"gradient|value|back"),
        (climb_returns_the_value, r"shape|value|returns"),
        (climb_changes_the_start, r"chang|in place|copy|input"),
        (climb_leaps, r"rate|too (large|long|big)|leap|shorter|nan|inf"),
        (climb_one_direction_for_all, r"own|row|each|mean over|all"),
        (climb_forgets, r"start|old|same|where it"),
        (climb_returns_the_start, r"start|unchanged|moved"),
        (climb_steps_of_the_sign, r"flat|summit|top|sign|rate|slope"),
        (climb_only_mu, r"log_sigma|half|mu|coordinate|column"),
    ],
    "gradient_of_means": [
        (slope_wrong_sign, r"sign|downhill|negative"),
        (slope_of_the_sum, r"\bm\b|mean|sum"),
        (slope_without_sigma, r"sigma_g"),
        (slope_sigma_not_squared, r"squar|sigma_g\^2|sigma_g²|sigma_g"),
        (slope_factor_two, r"\b2\b|twice|half|1/2"),
        (slope_half, r"\b2\b|half|1/2|0\.5"),
        (slope_without_q, r"\bq\b|weight"),
        (slope_mu_not_weighted, r"mu|weight|sum"),
        (slope_averaged_by_component, r"sum|divid|\bm\b|average"),
        (slope_transposed, r"transpos|shape"),
        (slope_log_q_in_place_of_q, r"log"),
    ],
    "m_step_means": [
        (means_divided_by_m, r"\bm\b|sum_i|sum of (its|the) (weights|q)|number|divid"),
        (means_not_divided, r"divid|sum of|average"),
        (means_unweighted, r"weight|\bq\b|same"),
        (means_hard, r"hard|argmax|weight"),
        (means_transposed, r"transpos|shape"),
        (means_divided_by_rows, r"divid|row|axis|sum"),
        (means_of_softmax, r"exp|softmax|logits|already"),
        (means_squared_weights, r"squar"),
        (means_padded, r"add|padd|\+ ?1|denominator|divid|shrink"),
        (means_divided_by_all_q, r"\bm\b|divid|sum of (its|the) (weights|q)|each|own"),
    ],
    "m_step_pi": [
        (pi_sum, r"sum to (one|1)|divid|\bm\b"),
        (pi_over_rows, r"axis|shape|over the data"),
        (pi_of_counts, r"hard|argmax|count"),
        (pi_uniform, r"uniform|depend|1/K|same"),
        (pi_softmax_of_sums, r"softmax|exp"),
        (pi_divided_by_K, r"\bK\b|\bm\b|sum to (one|1)"),
        (pi_in_logs, r"log"),
        (pi_geometric, r"geometric|log"),
        (pi_root_of_squares, r"squar"),
        (pi_kept_dimension, r"shape"),
    ],
    "m_step_sigma_g": [
        (sigma_is_the_variance, r"root|variance|squar"),
        (sigma_without_D, r"\bD\b|dimension"),
        (sigma_divided_by_K_too, r"\bK\b|component"),
        (sigma_around_the_data_mean, r"mean of|x̄|mu|depend|components"),
        (sigma_nearest, r"nearest|\bq\b|hard|weight"),
        (sigma_unweighted, r"\bq\b|weight"),
        (sigma_mean_of_distances, r"squar|root"),
        (sigma_mean_guess, r"expected|average|mean|outside|inside|mixed"),
        (sigma_half, r"half|\b2\b"),
        (sigma_not_divided, r"divid|mean|mD|m D|sum"),
        (sigma_for_each_component, r"shape|one number|component"),
        (sigma_for_each_dimension, r"shape|one number|dimension"),
    ],
    "em": [
        (em_old_means_in_sigma, r"old|new|order|before|after"),
        (em_pi_never_learned, r"\bpi\b|π"),
        (em_sigma_never_learned, r"sigma_g"),
        (em_e_step_once, r"E-step|inside the loop|once|each sweep|every sweep|again"),
        (em_history_of_the_sum, r"\bm\b|mean|sum"),
        (em_history_without_entropy, r"entropy|log q"),
        (em_history_without_constants, r"constant|log sigma|normali|2 ?pi|2π"),
        (em_returns_the_variance, r"root|variance|squar"),
        (em_hard, r"hard|argmax|nearest|K-means|one-hot"),
        (em_a_sweep_too_few, r"sweep|shape|length"),
        (em_shared_q, r"shared|one q|same|own|each row|each x"),
    ],
    "ppca": [
        (ppca_smallest, r"smallest|largest|order|ascending|great"),
        (ppca_variance_returned, r"root|variance|squar"),
        (ppca_noise_not_taken_off, r"noise|sigma_g\^2|sigma_g²|minus|subtract|taken off|twice"),
        (ppca_directions_only, r"length|scale|direction|root|unit"),
        (ppca_unbiased_covariance, r"m - 1|m-1|N - 1|1/m|bias|\bm\b"),
        (ppca_not_centred, r"cent|mean|subtract"),
        (ppca_b_is_zero, r"\bb\b|mean"),
        (ppca_sum_of_the_rest, r"sum|mean|average"),
        (ppca_rest_over_D, r"D - K|D-K|average|mean"),
        (ppca_without_root, r"root"),
        (ppca_transposed, r"transpos|shape"),
        (ppca_rows_of_U, r"column|row|transpos"),
    ],
}

RIGHT = {
    "e_step": [e_step_linear, e_step_loop],
    "argmax_q": [climb_halving, climb_until_flat],
    "gradient_of_means": [slope_einsum, slope_loop],
    "m_step_means": [means_average, means_lstsq],
    "m_step_pi": [pi_matmul, pi_loop],
    "m_step_sigma_g": [sigma_multiplied_out, sigma_loop],
    "em": [em_functions, em_recursive],
    "ppca": [ppca_singular_values, ppca_turned],
}
