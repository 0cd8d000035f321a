"""Answers to the exercises of notebook 4 as students write them: WRONG ones and what must be said, RIGHT ones."""

import numpy as np


def _softmax(a, axis=-1):
    e = np.exp(a - a.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


# best_shared_q(log_pxz) -> q (K,): q_k ∝ exp(mean_i log p(x^i, k)), log_pxz (m, K)


def shared_average_posterior(log_pxz):
    return _softmax(log_pxz).mean(0)


def shared_sum_for_mean(log_pxz):
    return _softmax(log_pxz.sum(0))


def shared_mean_of_p(log_pxz):
    return _softmax(np.logaddexp.reduce(log_pxz, 0))


def shared_not_normalised(log_pxz):
    return np.exp(log_pxz.mean(0))


def shared_hard(log_pxz):
    return np.eye(log_pxz.shape[1])[log_pxz.mean(0).argmax()]


def shared_logits(log_pxz):
    return log_pxz.mean(0)


def shared_each_its_own(log_pxz):
    return _softmax(log_pxz)


def shared_underflows(log_pxz):
    e = np.exp(log_pxz.mean(0))
    return e / e.sum()


def shared_over_z(log_pxz):
    return _softmax(log_pxz.mean(1))


def shared_product_of_posteriors(log_pxz):
    return _softmax((log_pxz - np.logaddexp.reduce(log_pxz, 1)[:, None]).sum(0))


def shared_ratio_of_logs(log_pxz):
    a = log_pxz.mean(0)
    return a / a.sum()


def shared_most_votes(log_pxz):
    return np.bincount(log_pxz.argmax(1), minlength=log_pxz.shape[1]) / len(log_pxz)


def shared_geometric_posterior(log_pxz):
    """The geometric mean of the posteriors: log p(x^i) is the same for all k."""
    a = (log_pxz - np.logaddexp.reduce(log_pxz, 1, keepdims=True)).mean(0)
    return np.exp(a - np.logaddexp.reduce(a))


def shared_loop(log_pxz):
    m, K = log_pxz.shape
    logits = [sum(log_pxz[i][k] for i in range(m)) / m for k in range(K)]
    return [1 / sum(np.exp(other - this) for other in logits) for this in logits]


# value_of_shared_q(log_pxz) -> float: log sum_k exp(mean_i log p(x^i, k))


def value_of_own_q(log_pxz):
    return np.logaddexp.reduce(log_pxz, 1).mean()


def value_best_label(log_pxz):
    return log_pxz.mean(0).max()


def value_without_entropy(log_pxz):
    a = log_pxz.mean(0)
    return (_softmax(a) * a).sum()


def value_of_the_sum(log_pxz):
    return np.logaddexp.reduce(log_pxz.sum(0))


def value_not_in_logs(log_pxz):
    return np.exp(log_pxz.mean(0)).sum()


def value_mean_over_z_too(log_pxz):
    a = log_pxz.mean(0)
    return np.log(np.exp(a - a.max()).mean()) + a.max()


def value_underflows(log_pxz):
    return np.log(np.exp(log_pxz.mean(0)).sum())


def value_of_average_posterior(log_pxz):
    q = _softmax(log_pxz).mean(0)
    return (q * (log_pxz.mean(0) - np.log(q))).sum()


def value_log_of_the_mean(log_pxz):
    return np.logaddexp.reduce(np.logaddexp.reduce(log_pxz, 0) - np.log(len(log_pxz)))


def value_uniform_q(log_pxz):
    return log_pxz.mean() + np.log(log_pxz.shape[1])


def value_plus_log_q(log_pxz):
    a = log_pxz.mean(0)
    q = _softmax(a)
    return (q * (a + np.log(q))).sum()


def value_from_the_elbo(log_pxz):
    a = log_pxz.mean(0)
    q = _softmax(a)
    return np.mean([(q * (row - np.log(q))).sum() for row in log_pxz])


def value_logaddexp(log_pxz):
    total = -np.inf
    for column in log_pxz.T:
        total = np.logaddexp(total, np.mean(column))
    return float(total)


# shared_ceiling(X) -> float: -(D/2)(log 2 pi V + 1)


def ceiling_without_D(X):
    V = X.var(0).mean()
    return -0.5 * (np.log(2 * np.pi * V) + 1)


def ceiling_for_each_dimension(X):
    return -0.5 * (np.log(2 * np.pi * X.var(0)) + 1).sum()


def ceiling_total_variance(X):
    V = X.var(0).sum()
    return -X.shape[1] / 2 * (np.log(2 * np.pi * V) + 1)


def ceiling_standard_deviation(X):
    V = X.std(0).mean()
    return -X.shape[1] / 2 * (np.log(2 * np.pi * V) + 1)


def ceiling_unbiased(X):
    V = X.var(0, ddof=1).mean()
    return -X.shape[1] / 2 * (np.log(2 * np.pi * V) + 1)


def ceiling_positive(X):
    V = X.var(0).mean()
    return X.shape[1] / 2 * (np.log(2 * np.pi * V) + 1)


def ceiling_without_one(X):
    V = X.var(0).mean()
    return -X.shape[1] / 2 * np.log(2 * np.pi * V)


def ceiling_without_two_pi(X):
    V = X.var(0).mean()
    return -X.shape[1] / 2 * (np.log(V) + 1)


def ceiling_not_centred(X):
    V = (X**2).mean()
    return -X.shape[1] / 2 * (np.log(2 * np.pi * V) + 1)


def ceiling_one_mean_for_all(X):
    V = X.var()
    return -X.shape[1] / 2 * (np.log(2 * np.pi * V) + 1)


def ceiling_of_all_data(X):
    V = X.var(0).mean()
    return -X.size / 2 * (np.log(2 * np.pi * V) + 1)


def ceiling_full_gaussian(X):
    D = X.shape[1]
    return -0.5 * (D * np.log(2 * np.pi) + np.linalg.slogdet(np.cov(X.T, bias=True))[1] + D)


def ceiling_from_the_density(X):
    """The mean log density of the data under N(x̄, V I)."""
    centre = X.mean(axis=0)
    V = np.trace(np.cov(X, rowvar=False, ddof=0)) / X.shape[1]
    logs = -0.5 * np.log(2 * np.pi * V) - (X - centre) ** 2 / (2 * V)
    return logs.sum(axis=1).mean()


def ceiling_loop(X):
    m, D = X.shape
    total = 0.0
    for d in range(D):
        centre = sum(X[:, d]) / m
        total += sum((value - centre) ** 2 for value in X[:, d])
    return -0.5 * D * (1 + np.log(2) + np.log(np.pi) + np.log(total / m / D))


# price(X, K) -> float: half of D log V - sum_{j<=K} log lambda_j - (D - K) log s^2


def _eigenvalues(X):
    return np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]


def price_without_half(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return D * np.log(v.mean()) - np.log(v[:K]).sum() - (D - K) * np.log(v[K:].mean())


def price_negative(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return -0.5 * (D * np.log(v.mean()) - np.log(v[:K]).sum() - (D - K) * np.log(v[K:].mean()))


def price_smallest(X, K):
    v, D = np.linalg.eigvalsh(np.cov(X.T, bias=True)), X.shape[1]
    return 0.5 * (D * np.log(v.mean()) - np.log(v[:K]).sum() - (D - K) * np.log(v[K:].mean()))


def price_without_noise(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return 0.5 * (D * np.log(v.mean()) - np.log(v[:K]).sum())


def price_all_eigenvalues(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return 0.5 * (D * np.log(v.mean()) - np.log(v).sum())


def price_log_of_the_sum(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return 0.5 * (D * np.log(v.mean()) - np.log(v[:K].sum()) - (D - K) * np.log(v[K:].mean()))


def price_sum_of_the_rest(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return 0.5 * (D * np.log(v.mean()) - np.log(v[:K]).sum() - (D - K) * np.log(v[K:].sum()))


def price_total_variance(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return 0.5 * (D * np.log(v.sum()) - np.log(v[:K]).sum() - (D - K) * np.log(v[K:].mean()))


def price_not_centred(X, K):
    v, D = np.linalg.eigvalsh(X.T @ X / len(X))[::-1], X.shape[1]
    return 0.5 * (D * np.log(v.mean()) - np.log(v[:K]).sum() - (D - K) * np.log(v[K:].mean()))


def price_correlation(X, K):
    v, D = np.linalg.eigvalsh(np.corrcoef(X.T))[::-1], X.shape[1]
    return 0.5 * (D * np.log(v.mean()) - np.log(v[:K]).sum() - (D - K) * np.log(v[K:].mean()))


def price_of_all_data(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return 0.5 * len(X) * (D * np.log(v.mean()) - np.log(v[:K]).sum() - (D - K) * np.log(v[K:].mean()))


def price_D_times_noise(X, K):
    v, D = _eigenvalues(X), X.shape[1]
    return 0.5 * (D * np.log(v.mean()) - np.log(v[:K]).sum() - D * np.log(v[K:].mean()))


def price_of_singular_values(X, K):
    """Divided by m - 1 in place of m: the factor falls out."""
    s = np.linalg.svd(X - X.mean(0), compute_uv=False)
    full = np.zeros(X.shape[1])
    full[:len(s)] = s**2 / (len(X) - 1)
    model = np.append(full[:K], np.repeat(full[K:].mean(), len(full) - K))
    return 0.5 * (np.log(full.mean()) - np.log(model)).sum()


def price_of_densities(X, K):
    """The difference of two mean log densities."""
    Y, D = X - X.mean(0), X.shape[1]
    S = Y.T @ Y / len(Y)
    v, U = np.linalg.eigh(S)
    v = v[::-1].copy()
    U = U[:, ::-1]
    v[K:] = v[K:].mean()
    C = (U * v) @ U.T
    ppca = -0.5 * (np.linalg.slogdet(2 * np.pi * C)[1] + np.einsum("id,de,ie->i", Y, np.linalg.inv(C), Y).mean())
    V = (Y**2).mean()
    return ppca + D / 2 * (np.log(2 * np.pi * V) + 1)


# q_for_groups(log_pxz, group) -> q (m, K): the best q that is one and the same within each group


def groups_divided_by_m(log_pxz, group):
    q = np.empty(log_pxz.shape)
    for label in np.unique(group):
        q[group == label] = _softmax(log_pxz[group == label].sum(0) / len(group))
    return q


def groups_average_posterior(log_pxz, group):
    q = np.empty(log_pxz.shape)
    for label in np.unique(group):
        q[group == label] = _softmax(log_pxz[group == label]).mean(0)
    return q


def groups_one_row_each(log_pxz, group):
    return np.array([_softmax(log_pxz[group == label].mean(0)) for label in np.unique(group)])


def groups_one_for_all(log_pxz, group):
    return np.tile(_softmax(log_pxz.mean(0)), (len(group), 1))


def groups_own_q(log_pxz, group):
    return _softmax(log_pxz)


def groups_numbered_from_zero(log_pxz, group):
    q = np.zeros(log_pxz.shape)
    for label in range(len(np.unique(group))):
        if (group == label).any():
            q[group == label] = _softmax(log_pxz[group == label].mean(0))
    return q


def groups_sum_for_mean(log_pxz, group):
    q = np.empty(log_pxz.shape)
    for label in np.unique(group):
        q[group == label] = _softmax(log_pxz[group == label].sum(0))
    return q


def groups_in_order_of_label(log_pxz, group):
    parts = []
    for label in np.unique(group):
        rows = log_pxz[group == label]
        parts.append(np.tile(_softmax(rows.mean(0)), (len(rows), 1)))
    return np.concatenate(parts)


def groups_not_normalised(log_pxz, group):
    q = np.empty(log_pxz.shape)
    for label in np.unique(group):
        q[group == label] = np.exp(log_pxz[group == label].mean(0))
    return q


def groups_first_of_each(log_pxz, group):
    q = np.empty(log_pxz.shape)
    for label in np.unique(group):
        q[group == label] = _softmax(log_pxz[group == label][0])
    return q


def groups_log_of_mean(log_pxz, group):
    q = np.empty(log_pxz.shape)
    for label in np.unique(group):
        q[group == label] = _softmax(np.logaddexp.reduce(log_pxz[group == label], 0))
    return q


def groups_matrix(log_pxz, group):
    same = (group[:, None] == group[None, :]).astype(float)
    a = same @ log_pxz / same.sum(1, keepdims=True)
    return _softmax(a)


def groups_add_at(log_pxz, group):
    _, index = np.unique(group, return_inverse=True)
    total = np.zeros((index.max() + 1, log_pxz.shape[1]))
    np.add.at(total, index, log_pxz)
    a = (total / np.bincount(index)[:, None])[index]
    return np.exp(a - np.logaddexp.reduce(a, axis=1)[:, None])


# ---- found by a reader


def shared_mean_taken_off(log_pxz):
    a = log_pxz.mean(0)
    q = np.exp(a - a.mean())
    return q / q.sum()


def value_mean_taken_off(log_pxz):
    a = log_pxz.mean(0)
    return np.log(np.exp(a - a.mean()).sum()) + a.mean()


def groups_mean_taken_off(log_pxz, group):
    q = np.empty(log_pxz.shape)
    for name in np.unique(group):
        a = log_pxz[group == name].mean(0)
        q[group == name] = np.exp(a - a.mean())
    return q / q.sum(1, keepdims=True)


WRONG = {
    "best_shared_q": [
        (shared_mean_taken_off, r"mean is taken off"),
        (shared_average_posterior, r"average.*posterior|posteriors|mean of the posterior"),
        (shared_sum_for_mean, r"sum|mean|too sure"),
        (shared_mean_of_p, r"mean of (the )?log|log of (the|a) mean|average of (the )?log|logarithms"),
        (shared_not_normalised, r"sum to one|normali"),
        (shared_hard, r"hard|argmax|one-hot|certain|sure|0 and 1"),
        (shared_logits, r"logits|exp|negative|sum to one|normali"),
        (shared_each_its_own, r"shape|own|one row|shared|each"),
        (shared_underflows, r"underflow|nan"),
        (shared_over_z, r"axis|shape|data"),
        (shared_product_of_posteriors, r"sum|mean|too sure"),
        (shared_ratio_of_logs, r"exp|log"),
        (shared_most_votes, r"vote|count|hard|argmax"),
    ],
    "value_of_shared_q": [
        (value_mean_taken_off, r"mean is taken off"),
        (value_of_own_q, r"own|log p|each"),
        (value_best_label, r"best|max|label|one k|sure"),
        (value_without_entropy, r"entropy|log q"),
        (value_of_the_sum, r"mean|sum|\bm\b"),
        (value_not_in_logs, r"log"),
        (value_mean_over_z_too, r"mean|sum|log K|\bK\b"),
        (value_underflows, r"underflow|inf"),
        (value_of_average_posterior, r"average.*posterior|posteriors|not the best"),
        (value_log_of_the_mean, r"mean of (the )?log|log of (the|a) mean|average of (the )?log|logarithms"),
        (value_uniform_q, r"uniform"),
        (value_plus_log_q, r"sign|plus|\+|entropy|log q"),
    ],
    "shared_ceiling": [
        (ceiling_without_D, r"\bD\b|dimension"),
        (ceiling_for_each_dimension, r"one sigma_g|same|each dimension|own"),
        (ceiling_total_variance, r"mean|sum|per dimension|\bD\b"),
        (ceiling_standard_deviation, r"standard deviation|squar|variance|root"),
        (ceiling_unbiased, r"m - 1|m-1|1/m|\bm\b"),
        (ceiling_positive, r"sign|negative"),
        (ceiling_without_one, r"\+ ?1|\b1\b|constant"),
        (ceiling_without_two_pi, r"2 ?pi|2π"),
        (ceiling_not_centred, r"cent|mean|subtract"),
        (ceiling_one_mean_for_all, r"own mean|mean of|column|each dimension|cent"),
        (ceiling_of_all_data, r"\bm\b|mean|sum|data"),
        (ceiling_full_gaussian, r"covariance|correlat|full|one sigma_g"),
    ],
    "price": [
        (price_without_half, r"half|1/2|½|twice"),
        (price_negative, r"sign|negative"),
        (price_smallest, r"smallest|largest|order|ascending"),
        (price_without_noise, r"noise|s\^2|s²|D - K|rest"),
        (price_all_eigenvalues, r"all|each|own|s²|s\^2|average|mean|rest"),
        (price_log_of_the_sum, r"log of|sum of (the )?log|inside"),
        (price_sum_of_the_rest, r"mean|sum|s\^2|s²"),
        (price_total_variance, r"\bV\b|mean|sum"),
        (price_not_centred, r"cent|mean|subtract"),
        (price_correlation, r"correlation|covariance|scale"),
        (price_of_all_data, r"\bm\b|mean|sum|per datum"),
        (price_D_times_noise, r"D [-−] K"),
    ],
    "q_for_groups": [
        (groups_mean_taken_off, r"mean is taken off"),
        (groups_divided_by_m, r"\bm\b|divid|size|number"),
        (groups_average_posterior, r"average.*posterior|posteriors|mean of the posterior"),
        (groups_one_row_each, r"shape|row"),
        (groups_one_for_all, r"group|one q|all"),
        (groups_own_q, r"group|own|same"),
        (groups_numbered_from_zero, r"label|number|0, 1|unique|sum to one"),
        (groups_sum_for_mean, r"sum|mean|too sure"),
        (groups_in_order_of_label, r"order|row"),
        (groups_not_normalised, r"sum to one|normali"),
        (groups_first_of_each, r"first|mean|all"),
        (groups_log_of_mean, r"mean of (the )?log|log of (the|a) mean|average of (the )?log|logarithms"),
    ],
}

RIGHT = {
    "best_shared_q": [shared_geometric_posterior, shared_loop],
    "value_of_shared_q": [value_from_the_elbo, value_logaddexp],
    "shared_ceiling": [ceiling_from_the_density, ceiling_loop],
    "price": [price_of_singular_values, price_of_densities],
    "q_for_groups": [groups_matrix, groups_add_at],
}
