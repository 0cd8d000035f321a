"""Answers to the exercises of notebook 2 as students write them: WRONG ones and what must be said, RIGHT ones."""

import numpy as np

# posterior(log_pi, log_px_z) -> (B, K): Bayes' rule, log_pi (K,), log_px_z (B, K)


def bayes_without_prior(log_pi, log_px_z):
    e = np.exp(log_px_z - log_px_z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def bayes_prior_not_in_logs(log_pi, log_px_z):
    a = np.exp(log_pi) + log_px_z
    e = np.exp(a - a.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def bayes_adds_probabilities(log_pi, log_px_z):
    e = np.exp(log_pi) + np.exp(log_px_z)
    return e / e.sum(1, keepdims=True)


def bayes_over_the_batch(log_pi, log_px_z):
    a = log_pi + log_px_z
    e = np.exp(a - a.max(0))
    return e / e.sum(0)


def bayes_over_all(log_pi, log_px_z):
    a = log_pi + log_px_z
    e = np.exp(a - a.max())
    return e / e.sum()


def bayes_not_normalised(log_pi, log_px_z):
    return np.exp(log_pi + log_px_z)


def bayes_divides_the_logs(log_pi, log_px_z):
    a = log_pi + log_px_z
    return a / a.sum(1, keepdims=True)


def bayes_in_logs(log_pi, log_px_z):
    a = log_pi + log_px_z
    return a - np.logaddexp.reduce(a, axis=1, keepdims=True)


def bayes_hard(log_pi, log_px_z):
    a = log_pi + log_px_z
    return np.eye(a.shape[1])[a.argmax(1)]


def bayes_underflows(log_pi, log_px_z):
    p = np.exp(log_pi + log_px_z)
    return p / p.sum(1, keepdims=True)


def bayes_saved_by_a_floor(log_pi, log_px_z):
    p = np.exp(log_pi + log_px_z)
    return p / (p.sum(1, keepdims=True) + 1e-8)


def bayes_divides_by_the_prior(log_pi, log_px_z):
    a = log_px_z - log_pi
    e = np.exp(a - a.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def bayes_logaddexp(log_pi, log_px_z):
    a = log_pi + log_px_z
    return np.exp(a - np.logaddexp.reduce(a, axis=1)[:, None])


def bayes_ratios(log_pi, log_px_z):
    """1 / sum_j exp(a_j - a_k), by loops."""
    B, K = log_px_z.shape
    out = np.zeros((B, K), dtype=np.float32)
    for i in range(B):
        for k in range(K):
            with np.errstate(over="ignore"):
                terms = np.exp((log_pi + log_px_z[i]) - (log_pi[k] + log_px_z[i, k]))
            out[i, k] = 1 / terms.sum()
    return out


# kl_discrete(q, p) -> (B,): sum_z q log(q / p), with 0 log 0 = 0


def kl_other_way(q, p):
    with np.errstate(all="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0).sum(1)


def kl_zero_log_zero(q, p):
    with np.errstate(all="ignore"):
        return (q * np.log(q / p)).sum(1)


def kl_small_number_added(q, p):
    return (q * np.log((q + 1e-3) / (p + 1e-3))).sum(1)


def kl_of_the_batch(q, p):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * np.log(q / p), 0).sum()


def kl_not_weighted(q, p):
    with np.errstate(all="ignore"):
        return np.where(q > 0, np.log(q / p), 0).sum(1)


def kl_wrong_sign(q, p):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * np.log(p / q), 0).sum(1)


def kl_without_log(q, p):
    return (q * (q / p)).sum(1)


def kl_entropy_only(q, p):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * np.log(q), 0).sum(1)


def kl_cross_entropy(q, p):
    with np.errstate(all="ignore"):
        return -np.where(q > 0, q * np.log(p), 0).sum(1)


def kl_mean_over_z(q, p):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * np.log(q / p), 0).mean(1)


def kl_infinity_hidden(q, p):
    seen = (q > 0) & (p > 0)
    with np.errstate(all="ignore"):
        return np.where(seen, q * np.log(q / p), 0).sum(1)


def kl_bits(q, p):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * np.log2(q / p), 0).sum(1)


def kl_symmetric(q, p):
    with np.errstate(all="ignore"):
        a = np.where(q > 0, q * np.log(q / p), 0).sum(1)
        b = np.where(p > 0, p * np.log(p / q), 0).sum(1)
    return (a + b) / 2


def kl_loop(q, p):
    answer = []
    for q_row, p_row in zip(q.tolist(), p.tolist(), strict=True):
        total = 0.0
        for a, b in zip(q_row, p_row, strict=True):
            if a > 0:
                total += a * (np.log(a) - np.log(b)) if b > 0 else np.inf
        answer.append(total)
    return np.array(answer)


def kl_masked(q, p):
    ratio = np.ones(q.shape)
    with np.errstate(divide="ignore"):
        np.divide(q, p, out=ratio, where=q > 0)
    return np.einsum("bk,bk->b", q, np.log(ratio, out=np.zeros(q.shape), where=ratio != 0))


# elbo_discrete(q, log_pxz) -> (B,): sum_z q log(p(x, z) / q)


def elbo_log_p(q, log_pxz):
    return np.logaddexp.reduce(log_pxz, axis=1)


def elbo_without_entropy(q, log_pxz):
    return (q * log_pxz).sum(1)


def elbo_plus_log_q(q, log_pxz):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * (log_pxz + np.log(q)), 0).sum(1)


def elbo_log_of_the_sum(q, log_pxz):
    return np.log((q * np.exp(log_pxz)).sum(1))


def elbo_not_weighted(q, log_pxz):
    with np.errstate(all="ignore"):
        return np.where(q > 0, log_pxz - np.log(q), 0).sum(1)


def elbo_nan_at_zero(q, log_pxz):
    with np.errstate(all="ignore"):
        return (q * (log_pxz - np.log(q))).sum(1)


def elbo_negative(q, log_pxz):
    with np.errstate(all="ignore"):
        return -np.where(q > 0, q * (log_pxz - np.log(q)), 0).sum(1)


def elbo_of_the_batch(q, log_pxz):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * (log_pxz - np.log(q)), 0).sum()


def elbo_batch_mean(q, log_pxz):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * (log_pxz - np.log(q)), 0).sum(1).mean()


def elbo_mean_over_z(q, log_pxz):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * (log_pxz - np.log(q)), 0).mean(1)


def elbo_q_taken_for_logs(q, log_pxz):
    return (q * (log_pxz - q)).sum(1)


def elbo_smoothed(q, log_pxz):
    return (q * (log_pxz - np.log(q + 1e-2))).sum(1)


def elbo_joint_not_in_logs(q, log_pxz):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * (np.exp(log_pxz) - np.log(q)), 0).sum(1)


def elbo_loop(q, log_pxz):
    L = np.zeros(len(q))
    for i in range(q.shape[0]):
        for k in range(q.shape[1]):
            if q[i, k] != 0:
                L[i] += q[i, k] * log_pxz[i, k] - q[i, k] * np.log(q[i, k])
    return L


def elbo_log_p_minus_kl(q, log_pxz):
    log_p = np.logaddexp.reduce(log_pxz, axis=1)
    log_posterior = log_pxz - log_p[:, None]
    safe = np.where(q > 0, q, 1)
    return log_p - np.einsum("ik,ik->i", q, np.log(safe) - log_posterior)


# two_terms(q, log_pi, log_px_z) -> explains (B,), kl_to_prior (B,)


def _kl(q, p):
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * np.log(q / p), 0).sum(1)


def terms_kl_to_posterior(q, log_pi, log_px_z):
    p = np.exp(log_pi + log_px_z)
    p = p / p.sum(1, keepdims=True)
    return (q * log_px_z).sum(1), _kl(q, p)


def terms_joint_explains(q, log_pi, log_px_z):
    return (q * (log_pi + log_px_z)).sum(1), _kl(q, np.exp(log_pi))


def terms_kl_reversed(q, log_pi, log_px_z):
    pi = np.broadcast_to(np.exp(log_pi), q.shape)
    return (q * log_px_z).sum(1), _kl(pi, q)


def terms_kl_negative(q, log_pi, log_px_z):
    return (q * log_px_z).sum(1), -_kl(q, np.exp(log_pi))


def terms_swapped(q, log_pi, log_px_z):
    return _kl(q, np.exp(log_pi)), (q * log_px_z).sum(1)


def terms_log_of_the_average(q, log_pi, log_px_z):
    return np.log((q * np.exp(log_px_z)).sum(1)), _kl(q, np.exp(log_pi))


def terms_weighted_by_prior(q, log_pi, log_px_z):
    return (np.exp(log_pi) * log_px_z).sum(1), _kl(q, np.exp(log_pi))


def terms_entropy_for_kl(q, log_pi, log_px_z):
    return (q * log_px_z).sum(1), -np.where(q > 0, q * np.log(np.where(q > 0, q, 1)), 0).sum(1)


def terms_prior_taken_for_probabilities(q, log_pi, log_px_z):
    return (q * log_px_z).sum(1), np.where(q > 0, q * (np.log(np.where(q > 0, q, 1)) + log_pi), 0).sum(1)


def terms_added_up(q, log_pi, log_px_z):
    return (q * log_px_z).sum(1) - _kl(q, np.exp(log_pi))


def terms_einsum(q, log_pi, log_px_z):
    log_q = np.log(np.where(q == 0, 1, q))
    return np.einsum("bk,bk->b", q, log_px_z), np.einsum("bk,bk->b", q, log_q) - q @ log_pi


def terms_loop(q, log_pi, log_px_z):
    first, second = [], []
    for row, likelihood in zip(q, log_px_z, strict=True):
        first.append(sum(a * b for a, b in zip(row, likelihood, strict=True)))
        second.append(sum(a * (np.log(a) - b) for a, b in zip(row, log_pi, strict=True) if a))
    return np.array(first), np.array(second)


# gap(q, log_pxz) -> (B,): log p(x) - L(q), never negative


def gap_negative(q, log_pxz):
    L = (q * log_pxz).sum(1) + -np.where(q > 0, q * np.log(np.where(q > 0, q, 1)), 0).sum(1)
    return L - np.logaddexp.reduce(log_pxz, axis=1)


def gap_reversed_kl(q, log_pxz):
    p = np.exp(log_pxz - np.logaddexp.reduce(log_pxz, axis=1)[:, None])
    with np.errstate(all="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0).sum(1)


def gap_kl_to_the_joint(q, log_pxz):
    return _kl(q, np.exp(log_pxz))


def gap_without_entropy(q, log_pxz):
    return np.logaddexp.reduce(log_pxz, axis=1) - (q * log_pxz).sum(1)


def gap_log_p_only(q, log_pxz):
    return np.logaddexp.reduce(log_pxz, axis=1)


def gap_elbo_only(q, log_pxz):
    return (q * log_pxz).sum(1) - np.where(q > 0, q * np.log(np.where(q > 0, q, 1)), 0).sum(1)


def gap_posterior_over_the_batch(q, log_pxz):
    p = np.exp(log_pxz - np.logaddexp.reduce(log_pxz, axis=0))
    return _kl(q, p)


def gap_not_in_logs(q, log_pxz):
    p = np.exp(log_pxz - np.logaddexp.reduce(log_pxz, axis=1)[:, None])
    return np.abs(q - p).sum(1)


def gap_underflows(q, log_pxz):
    p = np.exp(log_pxz)
    with np.errstate(all="ignore"):
        return _kl(q, p / p.sum(1, keepdims=True))


def gap_log_p_of_q(q, log_pxz):
    L = (q * log_pxz).sum(1) - np.where(q > 0, q * np.log(np.where(q > 0, q, 1)), 0).sum(1)
    with np.errstate(all="ignore"):
        return np.log((q * np.exp(log_pxz)).sum(1)) - L


def gap_loop(q, log_pxz):
    out = []
    for row, joint in zip(q, log_pxz, strict=True):
        top = max(joint)
        log_p = top + np.log(sum(np.exp(value - top) for value in joint))
        out.append(log_p - sum(a * (b - np.log(a)) for a, b in zip(row, joint, strict=True) if a > 0))
    return np.array(out)


def gap_kl(q, log_pxz):
    log_posterior = log_pxz - np.logaddexp.reduce(log_pxz, axis=-1, keepdims=True)
    log_q = np.log(q, where=q > 0, out=np.zeros_like(q))
    return ((log_q - log_posterior) * q).sum(axis=-1)


# elbo_gradient(logits, log_pxz) -> (B, K): dL/dlogits, with q = softmax(logits)


def _softmax(a):
    e = np.exp(a - a.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def gradient_in_q(logits, log_pxz):
    q = _softmax(logits)
    return log_pxz - np.log(q) - 1


def gradient_not_centred(logits, log_pxz):
    q = _softmax(logits)
    return q * (log_pxz - np.log(q))


def gradient_downhill(logits, log_pxz):
    q = _softmax(logits)
    f = log_pxz - np.log(q)
    return q * ((q * f).sum(1, keepdims=True) - f)


def gradient_without_entropy(logits, log_pxz):
    q = _softmax(logits)
    return q * (log_pxz - (q * log_pxz).sum(1, keepdims=True))


def gradient_without_q(logits, log_pxz):
    q = _softmax(logits)
    f = log_pxz - np.log(q)
    return f - (q * f).sum(1, keepdims=True)


def gradient_plain_mean(logits, log_pxz):
    q = _softmax(logits)
    f = log_pxz - np.log(q)
    return q * (f - f.mean(1, keepdims=True))


def gradient_posterior_minus_q(logits, log_pxz):
    return _softmax(log_pxz) - _softmax(logits)


def gradient_diagonal_softmax(logits, log_pxz):
    q = _softmax(logits)
    return q * (1 - q) * (log_pxz - np.log(q) - 1)


def gradient_over_batch(logits, log_pxz):
    q = _softmax(logits)
    f = log_pxz - np.log(q)
    return q * (f - (q * f).sum(1, keepdims=True)) / len(q)


def gradient_logits_taken_for_log_q(logits, log_pxz):
    q = _softmax(logits)
    f = log_pxz - logits
    return q * f - q * (q * f).sum(0)


def gradient_plus_entropy(logits, log_pxz):
    q = _softmax(logits)
    f = log_pxz + np.log(q)
    return q * (f - (q * f).sum(1, keepdims=True))


def gradient_jacobian(logits, log_pxz):
    """The Jacobian of softmax, row by row, times dL/dq."""
    out = np.zeros_like(logits)
    for b in range(len(logits)):
        q = np.exp(logits[b] - np.logaddexp.reduce(logits[b]))
        J = np.diag(q) - np.outer(q, q)
        out[b] = J @ (log_pxz[b] - np.log(q) - 1)
    return out


def gradient_unnormalised_f(logits, log_pxz):
    """Constants of a row fall out: f may be log p - logits."""
    q = _softmax(logits)
    f = log_pxz - logits
    return q * f - q * np.einsum("bk,bk->b", q, f)[:, None]


# ---- found by a reader


def bayes_mean_taken_off(log_pi, log_px_z):
    a = log_pi + log_px_z
    p = np.exp(a - a.mean(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def bayes_least_taken_off(log_pi, log_px_z):
    a = log_pi + log_px_z
    p = np.exp(a - a.min(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def slope_with_a_naive_softmax(logits, log_pxz):
    e = np.exp(logits)
    q = e / e.sum(1, keepdims=True)
    f = log_pxz - np.log(q)
    return q * (f - (q * f).sum(1, keepdims=True))


def slope_with_one_greatest(logits, log_pxz):
    e = np.exp(logits - logits.max())
    q = e / e.sum(1, keepdims=True)
    f = log_pxz - np.log(q)
    return q * (f - (q * f).sum(1, keepdims=True))


def gap_mean_taken_off(q, log_pxz):
    c = log_pxz.mean(1, keepdims=True)
    log_p = np.log(np.exp(log_pxz - c).sum(1)) + c[:, 0]
    return log_p - (q * (log_pxz - np.log(np.where(q > 0, q, 1)))).sum(1)


WRONG = {
    "posterior": [
        (bayes_mean_taken_off, r"mean is taken off"),
        (bayes_least_taken_off, r"least|mean is taken off"),
        (bayes_without_prior, r"prior|log_pi|pi"),
        (bayes_prior_not_in_logs, r"log|pi"),
        (bayes_adds_probabilities, r"times|product|add|multipl"),
        (bayes_over_the_batch, r"axis|sum to one|rows|batch|over the data"),
        (bayes_over_all, r"sum to one|rows?|all|batch"),
        (bayes_not_normalised, r"sum to one|normali|p\(x\)"),
        (bayes_divides_the_logs, r"logarithms|exponentiate"),
        (bayes_in_logs, r"log|exp|negative"),
        (bayes_hard, r"hard|one-hot|certain|zero.*one|argmax|0 and 1"),
        (bayes_underflows, r"underflow|nan"),
        (bayes_saved_by_a_floor, r"underflow|sum to one|1e-|floor|constant"),
        (bayes_divides_by_the_prior, r"prior|divide|sign|log_pi"),
    ],
    "kl_discrete": [
        (kl_other_way, r"other way|revers|KL\(p|swap|direction|exchang"),
        (kl_zero_log_zero, r"0 log 0|nan|zero"),
        (kl_small_number_added, r"small number|1e-|bias|added|epsilon|floor|smooth"),
        (kl_of_the_batch, r"shape|row|batch|axis 0"),
        (kl_not_weighted, r"weight|times q|average"),
        (kl_wrong_sign, r"sign|negative"),
        (kl_without_log, r"log"),
        (kl_entropy_only, r"\bp\b|entropy"),
        (kl_cross_entropy, r"cross|entropy|log q"),
        (kl_mean_over_z, r"mean|average|sum"),
        (kl_infinity_hidden, r"inf"),
        (kl_bits, r"bits|log2|nats"),
        (kl_symmetric, r"symmetric|both"),
    ],
    "elbo_discrete": [
        (elbo_log_p, r"log p|q|depend"),
        (elbo_without_entropy, r"entropy|log q"),
        (elbo_plus_log_q, r"sign|plus|\+|log q|minus"),
        (elbo_log_of_the_sum, r"log of|sum of log|average of (the )?log|Jensen|inside"),
        (elbo_not_weighted, r"weight|times q|average"),
        (elbo_nan_at_zero, r"0 log 0|nan|zero"),
        (elbo_negative, r"sign|negative"),
        (elbo_of_the_batch, r"shape|row|batch|axis 0"),
        (elbo_batch_mean, r"shape|row|batch|axis 0"),
        (elbo_mean_over_z, r"mean|average|sum"),
        (elbo_q_taken_for_logs, r"log q|log"),
        (elbo_smoothed, r"small number|1e-|bias|added|epsilon|floor|smooth|above"),
        (elbo_joint_not_in_logs, r"log|exp"),
    ],
    "two_terms": [
        (terms_kl_to_posterior, r"posterior|prior"),
        (terms_joint_explains, r"prior|joint|twice|p\(x\|z\)"),
        (terms_kl_reversed, r"other way|revers|KL\(p|swap|direction|exchang"),
        (terms_kl_negative, r"sign|negative"),
        (terms_swapped, r"swap|order|exchang|places"),
        (terms_log_of_the_average, r"log of|average of (the )?log|mean of (the )?log|inside"),
        (terms_weighted_by_prior, r"\bq\b|weight|prior"),
        (terms_entropy_for_kl, r"entropy|prior"),
        (terms_prior_taken_for_probabilities, r"sign|minus|log_pi|prior"),
        (terms_added_up, r"two|pair|both|separate|2 things"),
    ],
    "gap": [
        (gap_mean_taken_off, r"mean is taken off"),
        (gap_negative, r"sign|negative|L - log p|below"),
        (gap_reversed_kl, r"other way|revers|KL\(p|swap|direction|exchang"),
        (gap_kl_to_the_joint, r"joint|normali|log p|p\(x\)|posterior"),
        (gap_without_entropy, r"entropy|log q"),
        (gap_log_p_only, r"log p|ELBO|\bL\b"),
        (gap_elbo_only, r"ELBO|\bL\b|log p"),
        (gap_posterior_over_the_batch, r"axis|batch|row|over the data"),
        (gap_not_in_logs, r"log|KL|differ|distance"),
        (gap_underflows, r"underflow|nan|inf"),
        (gap_log_p_of_q, r"weight"),
    ],
    "elbo_gradient": [
        (slope_with_a_naive_softmax, r"overflow"),
        (slope_with_one_greatest, r"one greatest"),
        (gradient_in_q, r"logits|softmax|to q|chain|dq|Jacobian"),
        (gradient_not_centred, r"centr|mean|sum to zero|subtract|softmax|average"),
        (gradient_downhill, r"sign|downhill|minus|negative"),
        (gradient_without_entropy, r"entropy|log q"),
        (gradient_without_q, r"times q|factor q|\bq\b|weight"),
        (gradient_plain_mean, r"weight|mean|average|sum to zero"),
        (gradient_posterior_minus_q, r"posterior|log|cross"),
        (gradient_diagonal_softmax, r"softmax|diagonal|Jacobian|off-diagonal|every|all|sum to zero"),
        (gradient_over_batch, r"batch|\bB\b|divid|rows"),
        (gradient_logits_taken_for_log_q, r"axis|batch|sum to zero|row"),
        (gradient_plus_entropy, r"sign|plus|\+|entropy|log q"),
    ],
}

RIGHT = {
    "posterior": [bayes_logaddexp, bayes_ratios],
    "kl_discrete": [kl_loop, kl_masked],
    "elbo_discrete": [elbo_loop, elbo_log_p_minus_kl],
    "two_terms": [terms_einsum, terms_loop],
    "gap": [gap_loop, gap_kl],
    "elbo_gradient": [gradient_jacobian, gradient_unnormalised_f],
}
