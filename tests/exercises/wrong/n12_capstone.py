"""Answers to the capstone's steps as they are handed in: WRONG ones with what a right sentence says, RIGHT ones."""

import numpy as np

import npvae
from npvae.exercises.tasks.n12_capstone import capstone, vae_elbo, vae_encode, vae_gradient, vae_start

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4", "log_sigma_g")

# ---- vae_start


def all_zeros(rng, D, H, K):
    return {name: np.zeros_like(a) for name, a in vae_start(rng, D, H, K).items()}


def standard_normal_weights(rng, D, H, K):
    theta = vae_start(rng, D, H, K)
    return {name: rng.normal(size=a.shape) if name[0] == "W" else a for name, a in theta.items()}


def own_generator(rng, D, H, K):
    return vae_start(np.random.default_rng(0), D, H, K)


def encoder_of_K_columns(rng, D, H, K):
    theta = vae_start(rng, D, H, K)
    theta["W2"], theta["b2"] = theta["W2"][:, :K], theta["b2"][:K]
    return theta


def weights_transposed(rng, D, H, K):
    return {name: a.T for name, a in vae_start(rng, D, H, K).items()}


def sigma_g_in_place_of_its_log(rng, D, H, K):
    theta = vae_start(rng, D, H, K)
    del theta["log_sigma_g"]
    return theta | {"sigma_g": np.array(0.3)}


def a_list_of_arrays(rng, D, H, K):
    return list(vae_start(rng, D, H, K).values())


def start_with_uniform(rng, D, H, K):
    def layer(n, m):
        return rng.uniform(-1, 1, (n, m)) * np.sqrt(6 / (n + m)), np.zeros(m)

    (W1, b1), (W2, b2), (W3, b3), (W4, b4) = layer(D, H), layer(H, 2 * K), layer(K, H), layer(H, D)
    return dict(W1=W1, b1=b1, W2=W2, b2=b2, W3=W3, b3=b3, W4=W4, b4=b4, log_sigma_g=-1.0)


def start_in_float32(rng, a, b, c):
    theta = {}
    for i, (n, m) in enumerate([(a, b), (b, 2 * c), (c, b), (b, a)], 1):
        theta[f"W{i}"] = rng.standard_normal((n, m), dtype=np.float32) / np.float32(n) ** 0.5
        theta[f"b{i}"] = np.zeros(m, np.float32)
    theta["log_sigma_g"] = np.zeros((), np.float32)
    return theta


# ---- vae_encode

def no_tanh(theta, x):
    q = (x @ theta["W1"] + theta["b1"]) @ theta["W2"] + theta["b2"]
    K = q.shape[1] // 2
    return q[:, :K], q[:, K:]


def tanh_at_the_end(theta, x):
    q = np.tanh(np.tanh(x @ theta["W1"] + theta["b1"]) @ theta["W2"] + theta["b2"])
    K = q.shape[1] // 2
    return q[:, :K], q[:, K:]


def sigma_returned(theta, x):
    mu, log_sigma = vae_encode(theta, x)
    return mu, np.exp(log_sigma)


def halves_exchanged(theta, x):
    mu, log_sigma = vae_encode(theta, x)
    return log_sigma, mu


def every_second_column(theta, x):
    q = np.tanh(x @ theta["W1"] + theta["b1"]) @ theta["W2"] + theta["b2"]
    return q[:, ::2], q[:, 1::2]


def output_as_a_whole(theta, x):
    return np.tanh(x @ theta["W1"] + theta["b1"]) @ theta["W2"] + theta["b2"]


def biases_forgotten(theta, x):
    q = np.tanh(x @ theta["W1"]) @ theta["W2"]
    return q[:, :q.shape[1] // 2], q[:, q.shape[1] // 2:]


def sigmoid_for_tanh(theta, x):
    q = 1 / (1 + np.exp(-(x @ theta["W1"] + theta["b1"]))) @ theta["W2"] + theta["b2"]
    return q[:, :q.shape[1] // 2], q[:, q.shape[1] // 2:]


def split_by_numpy(theta, x):
    h = np.tanh(np.einsum("bd,dh->bh", x, theta["W1"]) + theta["b1"][None])
    return np.split(h.dot(theta["W2"]) + theta["b2"], 2, axis=1)


def encode_in_float32(p, X):
    p = {k: np.float32(v) for k, v in p.items()}
    out = [np.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"] for x in np.float32(X)]
    K = len(p["b2"]) // 2
    return np.array(out)[:, :K], np.array(out)[:, K:]


# ---- vae_elbo

def parts(theta, x, eps):
    mu, log_sigma = vae_encode(theta, x)
    z = mu + np.exp(log_sigma) * eps
    g = np.tanh(z @ theta["W3"] + theta["b3"]) @ theta["W4"] + theta["b4"]
    return mu, log_sigma, g


def elbo_with_the_variance(theta, x, eps):
    return vae_elbo(theta, x, eps * np.exp(vae_encode(theta, x)[1]))


def elbo_at_the_mean(theta, x, eps):
    return vae_elbo(theta, x, 0 * eps)


def squared_error_alone(theta, x, eps):
    mu, log_sigma, g = parts(theta, x, eps)
    s, D = theta["log_sigma_g"], x.shape[1]
    return -D / 2 * np.log(2 * np.pi) - D * s - ((x - g) ** 2).sum(1) / (2 * np.exp(2 * s))


def kl_with_the_wrong_sign(theta, x, eps):
    mu, log_sigma, g = parts(theta, x, eps)
    s, D = theta["log_sigma_g"], x.shape[1]
    log_p = -D / 2 * np.log(2 * np.pi) - D * s - ((x - g) ** 2).sum(1) / (2 * np.exp(2 * s))
    return log_p + 0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def sigma_g_once(theta, x, eps):
    mu, log_sigma, g = parts(theta, x, eps)
    s, D = theta["log_sigma_g"], x.shape[1]
    log_p = -D / 2 * np.log(2 * np.pi) - s - ((x - g) ** 2).sum(1) / (2 * np.exp(2 * s))
    return log_p - 0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def error_over_sigma_g(theta, x, eps):
    mu, log_sigma, g = parts(theta, x, eps)
    s, D = theta["log_sigma_g"], x.shape[1]
    log_p = -D / 2 * np.log(2 * np.pi) - D * s - ((x - g) ** 2).sum(1) / (2 * np.exp(s))
    return log_p - 0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def mean_of_the_batch(theta, x, eps):
    return vae_elbo(theta, x, eps).mean()


def constants_left_out(theta, x, eps):
    return vae_elbo(theta, x, eps) + x.shape[1] / 2 * np.log(2 * np.pi)


def elbo_by_scipys_formula(theta, x, eps):
    mu, log_sigma, g = parts(theta, x, eps)
    s = np.exp(theta["log_sigma_g"])
    density = np.exp(-((x - g) ** 2) / (2 * s**2)) / np.sqrt(2 * np.pi * s**2)
    return np.log(density).sum(1) + (0.5 * (1 - mu**2 - np.exp(log_sigma) ** 2) + log_sigma).sum(1)


def elbo_row_by_row(theta, x, eps):
    return np.concatenate([vae_elbo(theta, x[i:i + 1], eps[i:i + 1]) for i in range(len(x))])


# ---- vae_gradient

def changed(name, change):
    def answer(theta, x, eps):
        value, gradient = vae_gradient(theta, x, eps)
        gradient[name] = change(gradient, theta, x, eps)
        return value, gradient

    return answer


def kl_left_out_of_the_gradient(theta, x, eps):
    B, K = eps.shape
    value, gradient = vae_gradient(theta, x, eps)
    mu, log_sigma = vae_encode(theta, x)
    h = np.tanh(x @ theta["W1"] + theta["b1"])
    dq = np.concatenate([mu, np.exp(2 * log_sigma) - 1], 1) / B
    dh = dq @ theta["W2"].T * (1 - h**2)
    for name, more in {"W1": x.T @ dh, "b1": dh.sum(0), "W2": h.T @ dq, "b2": dq.sum(0)}.items():
        gradient[name] = gradient[name] + more
    return value, gradient


def sum_for_the_mean(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    return value, {name: a * len(x) for name, a in gradient.items()}


def of_the_loss(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    return -value, {name: -a for name, a in gradient.items()}


def of_the_loss_alone(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    return value, {name: -a for name, a in gradient.items()}


def sigma_g_fixed(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    del gradient["log_sigma_g"]
    return value, gradient


def sigma_g_without_normaliser(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    gradient["log_sigma_g"] = gradient["log_sigma_g"] + x.shape[1]
    return value, gradient


def tanh_not_differentiated(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    mu, log_sigma, g = parts(theta, x, eps)
    z = mu + np.exp(log_sigma) * eps
    dg = (x - g) / np.exp(2 * theta["log_sigma_g"]) / len(x)
    du = dg @ theta["W4"].T
    gradient["W3"], gradient["b3"] = z.T @ du, du.sum(0)
    return value, gradient


def slope_of_tanh_forgotten(theta, x, eps):
    B, D = x.shape
    h = np.tanh(x @ theta["W1"] + theta["b1"])
    mu, log_sigma = np.split(h @ theta["W2"] + theta["b2"], 2, axis=1)
    sigma, s2 = np.exp(log_sigma), np.exp(2 * theta["log_sigma_g"])
    z = mu + sigma * eps
    u = np.tanh(z @ theta["W3"] + theta["b3"])
    r = x - u @ theta["W4"] - theta["b4"]
    dg = r / s2 / B
    du = dg @ theta["W4"].T * (1 - u**2)
    dz = du @ theta["W3"].T
    dq = np.concatenate([dz - mu / B, dz * sigma * eps - (sigma**2 - 1) / B], axis=1)
    dh = dq @ theta["W2"].T
    return vae_elbo(theta, x, eps).mean(), {
        "W1": x.T @ dh, "b1": dh.sum(0), "W2": h.T @ dq, "b2": dq.sum(0), "W3": z.T @ du, "b3": du.sum(0),
        "W4": u.T @ dg, "b4": dg.sum(0), "log_sigma_g": ((r**2).sum(1) / s2 - D).mean()}


def rows_not_averaged(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    return vae_elbo(theta, x, eps), gradient


def gradient_by_differences(theta, x, eps):
    value, gradient = vae_elbo(theta, x, eps).mean(), {}
    for name, a in theta.items():
        gradient[name] = np.zeros_like(a)
        for place in np.ndindex(a.shape):
            ends = []
            for h in (1e-5, -1e-5):
                there = {n: b.copy() for n, b in theta.items()}
                there[name][place] += h
                ends.append(vae_elbo(there, x, eps).mean())
            gradient[name][place] = (ends[0] - ends[1]) / 2e-5
    return value, gradient


def gradient_row_by_row(theta, x, eps):
    found = [vae_gradient(theta, x[i:i + 1], eps[i:i + 1]) for i in range(len(x))]
    return np.mean([v for v, _ in found]), {name: sum(g[name] for _, g in found) / len(x) for name in NAMES[::-1]}


# ---- capstone: one that is trained, and what can be wrong with it

DIGITS = npvae.datasets.digits()
ENCODE, DECODE, SIGMA_G = capstone(DIGITS.train, np.random.default_rng(3))


def trained_is_right(train, rng):
    return ENCODE, DECODE, SIGMA_G


def by_the_package(train, rng):
    vae = npvae.VAE(latent_dim=10, hidden=(100,), sweeps=90, batch_size=120, learning_rate=0.005, seed=0,
                    progress=False).fit(train)
    return (lambda x: np.split(vae.solver_.infer(np.asarray(x)), 2, axis=1)), (
        lambda z: vae.model_.decode(z)), vae.sigma_g_


def sigma_for_log_sigma(train, rng):
    return (lambda x: (ENCODE(x)[0], np.exp(ENCODE(x)[1]))), DECODE, SIGMA_G


def log_variance_for_log_sigma(train, rng):
    return (lambda x: (ENCODE(x)[0], 2 * ENCODE(x)[1])), DECODE, SIGMA_G


def variance_for_sigma_g(train, rng):
    return ENCODE, DECODE, SIGMA_G**2


def log_of_sigma_g(train, rng):
    return ENCODE, DECODE, float(np.log(SIGMA_G))


def sigma_g_is_one(train, rng):
    return ENCODE, DECODE, 1.0


def parameters_returned(train, rng):
    return vae_start(rng, 64, 100, 10)


def collapsed(train, rng):
    mean = train.mean(0)
    return (lambda x: (np.zeros((len(x), 2)), np.zeros((len(x), 2)))), (
        lambda z: np.tile(mean, (len(z), 1))), float(np.sqrt(train.var(0).mean()))


def an_autoencoder(train, rng):
    return (lambda x: (50 * ENCODE(x)[0], ENCODE(x)[1] - 3)), (lambda z: DECODE(z / 50)), SIGMA_G


def not_trained(train, rng):
    theta = vae_start(rng, 64, 100, 10)
    return (lambda x: vae_encode(theta, x)), (lambda z: np.tanh(z @ theta["W3"]) @ theta["W4"]), 0.3


def principal_components(train, rng):
    mean, K = train.mean(0), 30
    U, S, Vt = np.linalg.svd(train - mean, full_matrices=False)
    s2 = (S[K:] ** 2).sum() / len(train) / (64 - K)
    W = Vt[:K].T * np.sqrt(S[:K] ** 2 / len(train) - s2)
    M = W.T @ W + s2 * np.eye(K)
    log_sigma = 0.5 * np.log(s2 / np.diag(M))
    return (lambda x: (np.linalg.solve(M, W.T @ (x - mean).T).T, np.tile(log_sigma, (len(x), 1)))), (
        lambda z: z @ W.T + mean), np.sqrt(s2)


def bits_per_pixel(train, rng):
    return ENCODE, (lambda z: 255 * DECODE(z)), SIGMA_G


WRONG = {
    "vae_start": [(all_zeros, "zero|all 0"), (standard_normal_weights, "large"), (own_generator, "rng"),
                  (encoder_of_K_columns, "W2.*2"), (weights_transposed, r"W1.*transposed|W1.*\(D, H\)"),
                  (sigma_g_in_place_of_its_log, "log_sigma_g"), (a_list_of_arrays, "dict")],
    "vae_encode": [(no_tanh, "tanh"), (tanh_at_the_end, "tanh"), (sigma_returned, "log_sigma.*exp|σ"),
                   (halves_exchanged, "exchanged|first half"), (every_second_column, "half|halves"),
                   (output_as_a_whole, "2 things"), (biases_forgotten, "b1|bias"), (sigmoid_for_tanh, "sigmoid|tanh")],
    "vae_elbo": [(elbo_with_the_variance, "σ²|variance"), (elbo_at_the_mean, "eps"),
                 (squared_error_alone, "KL.*missing"),
                 (kl_with_the_wrong_sign, "KL.*sign"), (sigma_g_once, "σ_g|pixel"), (error_over_sigma_g, "σ_g|squared"),
                 (mean_of_the_batch, r"\(B,\).*mean"), (constants_left_out, "log 2π")],
    "vae_gradient": [(kl_left_out_of_the_gradient, "KL"), (sum_for_the_mean, "B times|mean|sum"), (of_the_loss, "sign"),
                     (of_the_loss_alone, "sign"), (sigma_g_fixed, "log_sigma_g"),
                     (sigma_g_without_normaliser, "log_sigma_g|D"), (tanh_not_differentiated, "W3.*(tanh|chain)|tanh"),
                     (rows_not_averaged, "mean"), (slope_of_tanh_forgotten, "slope.*encoder"),
                     (changed("W4", lambda g, *_: g["W4"] * 0), "W4"),
                     (changed("b3", lambda g, *_: -g["b3"]), "b3.*sign")],
    "capstone": [(sigma_for_log_sigma, "log_sigma|log σ"), (log_variance_for_log_sigma, "log σ²|variance"),
                 (variance_for_sigma_g, "square"), (log_of_sigma_g, "positive|log"),
                 (sigma_g_is_one, "sigma_g.*residual|1"),
                 (parameters_returned, "three things"), (collapsed, "same|z"), (an_autoencoder, "KL"),
                 (not_trained, "train|mean image"), (principal_components, "at most 10"),
                 (bits_per_pixel, "range|255|0 and 1")],
}
RIGHT = {"vae_start": [start_with_uniform, start_in_float32], "vae_encode": [split_by_numpy, encode_in_float32],
         "vae_elbo": [elbo_by_scipys_formula, elbo_row_by_row],
         "vae_gradient": [gradient_by_differences, gradient_row_by_row], "capstone": [trained_is_right, by_the_package]}
