r"""# 12 · The capstone: a VAE from an empty file

All parts have been there: layers, the reparameterization, the Gaussian ELBO, backprop, Adam. Now put them together, in
NumPy alone, and train on 1500 handwritten digits of 8 × 8 pixels. In the end the ELBO of 297 images that nobody has
trained on must reach **30 nats**, with at most ten numbers in $z$. (A Gaussian without a $z$ reaches −7; principal
components with ten numbers 16.)

The parameters are a dict of arrays. With $D$ pixels, $H$ hidden units and $K$ numbers in $z$:

| | shape | |
|---|---|---|
| `W1`, `b1` | (D, H), (H,) | encoder, hidden layer, tanh |
| `W2`, `b2` | (H, 2K), (2K,) | encoder, output: $\mu$ in the first half, $\log\sigma$ in the second |
| `W3`, `b3` | (K, H), (H,) | decoder, hidden layer, tanh |
| `W4`, `b4` | (H, D), (D,) | decoder, output $g$ |
| `log_sigma_g` | () | $\log\sigma_g$, one number for all pixels |
"""

import numpy as np

from npvae import datasets
from npvae.exercises.asking import called
from npvae.exercises.task import Task, Wrong
from npvae.gradcheck import gradcheck

BAR, MOST = 30.0, 10        # nats on the test images, numbers in z
NAMES = ("W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4", "log_sigma_g")

# ---- where training begins


def vae_start(rng, D, H, K):
    """The parameters where training begins, a dict of arrays: names and shapes are in the table above.

    rng is a NumPy Generator. Weights are random, of a size such that the numbers in a layer are of order 1; biases are
    0, and so may be log_sigma_g.
    """
    theta = {"log_sigma_g": np.zeros(())}
    for i, (n, m) in enumerate([(D, H), (H, 2 * K), (K, H), (H, D)], 1):
        theta[f"W{i}"] = rng.normal(size=(n, m)) / np.sqrt(n)
        theta[f"b{i}"] = np.zeros(m)
    return theta


def _judge_start(answer):
    sizes = {"D": 12, "H": 50, "K": 3}
    theta, again, other = (_started(answer, seed, sizes) for seed in (0, 0, 1))
    D, H, K = sizes.values()
    shapes = dict(zip(NAMES, [(D, H), (H,), (H, 2 * K), (2 * K,), (K, H), (H,), (H, D), (D,), ()], strict=True))
    for name, shape in shapes.items():
        _check_parameter(name, theta[name], shape)
    for name in NAMES[:-1:2]:
        _check_size(name, theta[name])
    if any(not np.array_equal(theta[name], again[name]) for name in NAMES):
        raise Wrong("rng not used", "the same rng gives other weights each time: draw from rng alone.")
    if all(np.array_equal(theta[name], other[name]) for name in NAMES):
        raise Wrong("rng not used", "every rng gives the same weights: draw from rng, not from a generator of its own.")


def _started(answer, seed, sizes):
    theta, _ = called(VAE_START, answer, (np.random.default_rng(seed), *sizes.values()))
    if not isinstance(theta, dict):
        raise Wrong("type", f"it returns a {type(theta).__name__}, expected a dict of arrays by name.")
    missing = [name for name in NAMES if name not in theta]
    if missing:
        raise Wrong("missing parameter", f"the dict has no {missing[0]}: it has "
                    f"{', '.join(map(str, theta)) or 'nothing'}.")
    return theta


def _check_parameter(name, a, shape):
    if np.shape(a) == shape:
        return
    if np.shape(a) == shape[::-1]:
        raise Wrong("transposed", f"{name} has shape {np.shape(a)}, expected {shape}: "
                    "transposed?")
    more = ": twice as many columns, for μ and for log σ" if name in ("W2", "b2") else ""
    raise Wrong("shape", f"{name} has shape {np.shape(a)}, expected {shape} at D = 12, H = 50, K = 3{more}.")


def _check_size(name, a):
    size = float(np.std(a)) * np.sqrt(len(a))
    if size == 0:
        raise Wrong("all zero", f"{name} is all zeros, or all the same: hidden units that begin alike get the same "
                    "gradient and stay alike; draw random weights.")
    # of order 1 for inputs of order 1; one may begin near zero
    if size > 3:
        raise Wrong("too large", f"{name} is too large: with {len(a)} inputs of order 1, the numbers of the layer "
                    f"are of order {size:.0f}, where tanh is flat; divide by the root of the number of inputs.")


VAE_START = Task(
    name="vae_start", title="Where training begins", points=1, solution=vae_start, judge=_judge_start,
    text="Weights must differ from unit to unit, and be of a size that keeps the numbers of each layer of order 1.",
    hints=("What would the gradient of two hidden units be that begin with the same weights?",
           "A sum of n products of order 1 is of order √n: standard normal weights are divided by that. One loop over "
           "the four layers makes all arrays."),
    play="{name: a.shape for name, a in vae_start(np.random.default_rng(0), 64, 100, 10).items()}")

# ---- the encoder


def vae_encode(theta, x):
    """The mean and the log standard deviation of q(z|x) for each row.

    theta, the dict of parameters; x (B, D) -> mu (B, K), log_sigma (B, K)
    """
    h = np.tanh(x @ theta["W1"] + theta["b1"])
    q = h @ theta["W2"] + theta["b2"]
    K = q.shape[1] // 2
    return q[:, :K], q[:, K:]


def _theta(rng, D, H, K):
    theta = {name: a + 0.3 * rng.normal(size=a.shape) for name, a in vae_start(rng, D, H, K).items()}
    theta["log_sigma_g"] = np.array(rng.uniform(-0.9, -0.4))
    return theta


def _encode_inputs(rng, B, D, H, K):
    return _theta(rng, D, H, K), rng.normal(size=(B, D))


def no_tanh(theta, x):
    q = (x @ theta["W1"] + theta["b1"]) @ theta["W2"] + theta["b2"]
    return np.split(q, 2, axis=1)


def tanh_of_the_output(theta, x):
    return tuple(np.tanh(a) for a in vae_encode(theta, x))


def sigma_for_log_sigma(theta, x):
    mu, log_sigma = vae_encode(theta, x)
    return mu, np.exp(log_sigma)


def half_log_variance(theta, x):
    mu, log_sigma = vae_encode(theta, x)
    return mu, log_sigma / 2


def the_halves_exchanged(theta, x):
    return vae_encode(theta, x)[::-1]


def columns_taken_in_turn(theta, x):
    q = np.concatenate(vae_encode(theta, x), axis=1)
    return q[:, ::2], q[:, 1::2]


def hidden_bias_forgotten(theta, x):
    return vae_encode(theta | {"b1": 0 * theta["b1"]}, x)


def output_bias_forgotten(theta, x):
    return vae_encode(theta | {"b2": 0 * theta["b2"]}, x)


def both_biases_forgotten(theta, x):
    return vae_encode(theta | {"b1": 0 * theta["b1"], "b2": 0 * theta["b2"]}, x)


def sigmoid_for_tanh(theta, x):
    q = 1 / (1 + np.exp(-x @ theta["W1"] - theta["b1"])) @ theta["W2"] + theta["b2"]
    return np.split(q, 2, axis=1)


def relu_for_tanh(theta, x):
    q = np.maximum(x @ theta["W1"] + theta["b1"], 0) @ theta["W2"] + theta["b2"]
    return np.split(q, 2, axis=1)


VAE_ENCODE = Task(
    name="vae_encode", title="The encoder", points=2, solution=vae_encode, inputs=_encode_inputs, sizes="B D H K",
    returns=("mu", "log_sigma"),
    text=r"$$h = \tanh(x W_1 + b_1), \qquad [\mu, \log\sigma] = h W_2 + b_2.$$",
    hints=("Two affine maps with a tanh between them.",
           "Call the second one's output q, (B, 2K): mu is its first K columns, log_sigma the others; no tanh and no "
           "exp after it."),
    play="vae_encode(vae_start(np.random.default_rng(0), 64, 100, 10), np.zeros((3, 64)))",
    misconceptions=[
        (no_tanh, "the tanh of the hidden layer is missing: without it two affine maps are one."),
        (tanh_of_the_output, "a tanh is taken of the output, too: mu and log_sigma are not bound to (−1, 1)."),
        (sigma_for_log_sigma, "log_sigma is exp of what is asked for: return log σ, not σ."),
        (half_log_variance, "log_sigma is halved: the second half of the columns is log σ, not log σ²."),
        (the_halves_exchanged, "mu and log_sigma are exchanged: mu is the first half of the columns."),
        (columns_taken_in_turn, "the columns are dealt out in turn: mu is the first half, log_sigma the second."),
        (hidden_bias_forgotten, "the bias b1 is missing."), (output_bias_forgotten, "the bias b2 is missing."),
        (both_biases_forgotten, "the biases b1 and b2 are missing."),
        (sigmoid_for_tanh, "the hidden layer is a sigmoid, expected tanh."),
        (relu_for_tanh, "the hidden layer is a relu, expected tanh.")])

# ---- the bound


def vae_elbo(theta, x, eps):
    """The ELBO of each row, in nats, with one draw of z.

    theta, the dict of parameters; x (B, D); eps (B, K), the noise -> (B,)
    """
    h = np.tanh(x @ theta["W1"] + theta["b1"])
    mu, log_sigma = np.split(h @ theta["W2"] + theta["b2"], 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    z = mu + sigma * eps
    g = np.tanh(z @ theta["W3"] + theta["b3"]) @ theta["W4"] + theta["b4"]
    error = ((x - g) ** 2).sum(1) / (2 * np.exp(2 * theta["log_sigma_g"]))
    log_p = -D / 2 * np.log(2 * np.pi) - D * theta["log_sigma_g"] - error
    return log_p - 0.5 * (mu**2 + sigma**2 - 1 - 2 * log_sigma).sum(1)


def _elbo_inputs(rng, B, D, H, K):
    return _theta(rng, D, H, K), rng.normal(size=(B, D)), rng.normal(size=(B, K))


def _decoded(theta, x, eps):
    mu, log_sigma = vae_encode(theta, x)
    return np.tanh((mu + np.exp(log_sigma) * eps) @ theta["W3"] + theta["b3"]) @ theta["W4"] + theta["b4"]


def _error_term(theta, x, eps):
    return -((x - _decoded(theta, x, eps)) ** 2).sum(1) / (2 * np.exp(2 * theta["log_sigma_g"]))


def _kl_term(theta, x, eps):
    mu, log_sigma = vae_encode(theta, x)
    return -0.5 * (mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(1)


def z_drawn_with_the_variance(theta, x, eps):
    return vae_elbo(theta, x, eps * np.exp(vae_encode(theta, x)[1]))


def no_noise(theta, x, eps):
    return vae_elbo(theta, x, 0 * eps)


def one_log_sigma_g_for_all_pixels(theta, x, eps):
    return vae_elbo(theta, x, eps) + (x.shape[1] - 1) * theta["log_sigma_g"]


def error_over_sigma_g_not_squared(theta, x, eps):
    return vae_elbo(theta, x, eps) + _error_term(theta, x, eps) * (np.exp(theta["log_sigma_g"]) - 1)


VAE_ELBO = Task(
    name="vae_elbo", title="The bound", points=3, solution=vae_elbo, inputs=_elbo_inputs, sizes="B D H K",
    text=r"""$$z = \mu + \sigma \odot \varepsilon, \quad g = \tanh(z W_3 + b_3) W_4 + b_4, \quad
L = \log N(x; g, \sigma_g^2 I) - \mathrm{KL}(N(\mu, \sigma^2) \,\|\, N(0, I)).$$""",
    hints=("Encode, draw, decode; then the log density of D pixels minus the KL of K coordinates.",
           "log N has three terms: the constant with 2π, D times log σ_g, and the squared error over 2 σ_g²; the KL is "
           "that of notebook 9. Add up over axis 1 only."),
    play="theta = vae_start(np.random.default_rng(0), 64, 100, 10)\n"
         "vae_elbo(theta, npvae.datasets.digits().train[:3], np.zeros((3, 10)))",
    terms={"the squared error": _error_term, "the KL": _kl_term,
           "D log σ_g": lambda theta, x, eps: np.full(len(x), -x.shape[1] * theta["log_sigma_g"]),
           "(D/2) log 2π": lambda theta, x, eps: np.full(len(x), -x.shape[1] / 2 * np.log(2 * np.pi))},
    misconceptions=[
        (z_drawn_with_the_variance, "z is drawn with the variance σ² in place of σ: z = μ + σ ε."),
        (no_noise, "eps is not used: z is a draw, not the mean."),
        (one_log_sigma_g_for_all_pixels, "log σ_g is taken off once a row: each of the D pixels has one."),
        (error_over_sigma_g_not_squared, "the squared error is divided by 2 σ_g: σ_g belongs squared.")])

# ---- its gradient


def vae_gradient(theta, x, eps):
    """The mean of the ELBO over the batch, in nats, and its gradient with respect to each parameter.

    theta, the dict of parameters; x (B, D); eps (B, K) -> (a number, a dict of arrays with theta's names and shapes)
    """
    B, D = x.shape
    h = np.tanh(x @ theta["W1"] + theta["b1"])
    mu, log_sigma = np.split(h @ theta["W2"] + theta["b2"], 2, axis=1)
    sigma, s2 = np.exp(log_sigma), np.exp(2 * theta["log_sigma_g"])
    z = mu + sigma * eps
    u = np.tanh(z @ theta["W3"] + theta["b3"])
    r = x - u @ theta["W4"] - theta["b4"]
    value = (-D / 2 * np.log(2 * np.pi * s2) - (r**2).sum(1) / (2 * s2)
             - 0.5 * (mu**2 + sigma**2 - 1 - 2 * log_sigma).sum(1)).mean()

    dg = r / s2 / B
    du = dg @ theta["W4"].T * (1 - u**2)
    dz = du @ theta["W3"].T
    dq = np.concatenate([dz - mu / B, dz * sigma * eps - (sigma**2 - 1) / B], axis=1)
    dh = dq @ theta["W2"].T * (1 - h**2)
    return value, {"W1": x.T @ dh, "b1": dh.sum(0), "W2": h.T @ dq, "b2": dq.sum(0), "W3": z.T @ du, "b3": du.sum(0),
                   "W4": u.T @ dg, "b4": dg.sum(0), "log_sigma_g": ((r**2).sum(1) / s2 - D).mean()}


def _value_and_gradients(answer, theta, x, eps):
    found = answer(theta, x, eps)
    if not isinstance(found, tuple | list) or len(found) != 2 or not isinstance(found[1], dict):
        what = type(found).__name__ if found is not None else "None"
        raise Wrong("number of results", f"it returns {what}, expected two things: a number, and a dict of gradients.")
    missing = [name for name in NAMES if name not in found[1]]
    if missing:
        raise Wrong("missing gradient", f"the dict has no gradient of {missing[0]}: each parameter has one.")
    return (found[0], *(found[1][name] for name in NAMES))


def _with_kl_times(factor):
    def answer(theta, x, eps):
        value, gradient = vae_gradient(theta, x, eps)
        B, K = eps.shape
        h = np.tanh(x @ theta["W1"] + theta["b1"])
        mu, log_sigma = vae_encode(theta, x)
        dq = (1 - factor) * np.concatenate([mu, np.exp(2 * log_sigma) - 1], 1) / B
        dh = dq @ theta["W2"].T * (1 - h**2)
        more = {"W1": x.T @ dh, "b1": dh.sum(0), "W2": h.T @ dq, "b2": dq.sum(0)}
        return value, {name: a + more.get(name, 0) for name, a in gradient.items()}

    return answer


kl_not_in_the_gradient = _with_kl_times(0)
kl_not_in_the_gradient.__name__ = "kl_not_in_the_gradient"
kl_added_in_the_gradient = _with_kl_times(-1)
kl_added_in_the_gradient.__name__ = "kl_with_the_wrong_sign_in_the_gradient"


def gradient_of_the_sum(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    return value, {name: len(x) * a for name, a in gradient.items()}


def gradient_of_the_negative(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    return value, {name: -a for name, a in gradient.items()}


def the_loss_and_its_gradient(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    return -value, {name: -a for name, a in gradient.items()}


def normaliser_not_in_the_gradient(theta, x, eps):
    value, gradient = vae_gradient(theta, x, eps)
    return value, gradient | {"log_sigma_g": gradient["log_sigma_g"] + x.shape[1]}


def _without_a_slope(layer):
    def answer(theta, x, eps):
        # back through a tanh as if it were the identity, in the decoder or in the encoder
        B = len(x)
        value, gradient = vae_gradient(theta, x, eps)
        h = np.tanh(x @ theta["W1"] + theta["b1"])
        mu, log_sigma = vae_encode(theta, x)
        sigma = np.exp(log_sigma)
        z = mu + sigma * eps
        u = np.tanh(z @ theta["W3"] + theta["b3"])
        dg = (x - u @ theta["W4"] - theta["b4"]) / np.exp(2 * theta["log_sigma_g"]) / B
        du = dg @ theta["W4"].T * (1 if layer == "decoder" else 1 - u**2)
        dz = du @ theta["W3"].T
        dq = np.concatenate([dz - mu / B, dz * sigma * eps - (sigma**2 - 1) / B], axis=1)
        dh = dq @ theta["W2"].T * (1 if layer == "encoder" else 1 - h**2)
        return value, gradient | {"W1": x.T @ dh, "b1": dh.sum(0), "W2": h.T @ dq, "b2": dq.sum(0), "W3": z.T @ du,
                                  "b3": du.sum(0)}

    return answer


decoder_tanh_forgotten, encoder_tanh_forgotten = _without_a_slope("decoder"), _without_a_slope("encoder")
decoder_tanh_forgotten.__name__, encoder_tanh_forgotten.__name__ = "decoder_tanh_forgotten", "encoder_tanh_forgotten"


def _report_of_gradient(answer):
    theta, x, eps = _elbo_inputs(np.random.default_rng(3), 5, 4, 6, 3)
    return gradcheck(lambda theta: answer(theta, x, eps), theta, name="vae_gradient")


VAE_GRADIENT = Task(
    name="vae_gradient", title="Its gradient", points=5, solution=vae_gradient, inputs=_elbo_inputs, sizes="B D H K",
    call=_value_and_gradients, returns=("the value", *(f"the gradient of {name}" for name in NAMES)),
    report=_report_of_gradient,
    text=r"""$\nabla_\theta \tfrac1B \sum_i L(x^i)$, by going back through what `vae_elbo` does, line by line: from $g$
to $u$ to $z$ to $[\mu, \log\sigma]$ to $h$. Two things meet at $\mu$ and $\log\sigma$: what comes through
$z$, and the KL.""",
    hints=("Keep what the forward pass has computed, and go through its lines in reverse; divide by B once.",
           "An affine map gives three things back: to its weights, input.T @ dy, to its bias, dy.sum(0), to its input, "
           "dy @ W.T; a tanh gives dy (1 − y²). dlog_sigma is dz σ ε, minus the KL's own σ² − 1; log_sigma_g's is the "
           "mean of error/σ_g² − D."),
    play="theta = vae_start(np.random.default_rng(0), 4, 5, 2)\n"
         "x, eps = np.random.default_rng(1).normal(size=(3, 4)), np.ones((3, 2))\n"
         "npvae.gradcheck(lambda theta: vae_gradient(theta, x, eps), theta)",
    misconceptions=[
        (kl_not_in_the_gradient, "the gradient lacks the KL: it goes into mu and log_sigma directly, beside what comes "
                                 "through z."),
        (kl_added_in_the_gradient, "the KL has the wrong sign in the gradient: the ELBO subtracts it."),
        (decoder_tanh_forgotten, "the slope of the decoder's tanh is forgotten on the way back to W3 and z."),
        (encoder_tanh_forgotten, "the slope of the encoder's tanh is forgotten on the way back to W1."),
        (gradient_of_the_sum, "the gradients are B times too large: they are of a sum over the batch, and the value is "
                              "a mean."),
        (gradient_of_the_negative, "the gradients have the wrong sign: they are of the loss −L, and the value is L."),
        (the_loss_and_its_gradient, "the sign is wrong: it is the loss −L and its gradient, where L is asked."),
        (normaliser_not_in_the_gradient, "the gradient of log_sigma_g lacks −D, from the density's −D log σ_g.")])

# ---- and the whole


def capstone(train, rng):
    """A VAE, trained on the digits: its encoder and its decoder as functions, and its sigma_g.

    train (1500, 64) with values from 0 to 1, rng a Generator -> (encode, decode, sigma_g):
    encode(x (B, 64)) -> mu, log_sigma (B, K), K at most 10; decode(z (B, K)) -> g (B, 64).
    """
    sweeps, batch, K, rate = 160, 120, 10, 0.008
    theta = vae_start(rng, train.shape[1], 100, K)
    theta["b4"], theta["log_sigma_g"] = train.mean(0), np.log(train.std(0).mean())
    first, second, t = {n: 0.0 for n in theta}, {n: 0.0 for n in theta}, 0
    for sweep in range(sweeps):
        order = rng.permutation(len(train))
        for i in range(0, len(train), batch):
            x = train[order[i:i + batch]]
            _, gradient = vae_gradient(theta, x, rng.normal(size=(len(x), K)))
            t += 1
            for n, d in gradient.items():
                first[n] = 0.9 * first[n] + 0.1 * d
                second[n] = 0.999 * second[n] + 0.001 * d**2
                step = first[n] / (1 - 0.9**t) / (np.sqrt(second[n] / (1 - 0.999**t)) + 1e-8)
                theta[n] = theta[n] + rate * (1 - sweep / sweeps) * step

    def decode(z):
        return np.tanh(z @ theta["W3"] + theta["b3"]) @ theta["W4"] + theta["b4"]

    return lambda x: vae_encode(theta, x), decode, float(np.exp(theta["log_sigma_g"]))


def _judge_capstone(answer):
    digits = datasets.digits()
    trained = called(CAPSTONE, answer, (digits.train, np.random.default_rng(0)))[0] if callable(answer) else answer
    if not isinstance(trained, tuple | list) or len(trained) != 3 or not all(callable(f) for f in trained[:2]):
        raise Wrong("number of results", "expected three things: encode and decode, two functions, and the number "
                    "sigma_g.")
    encode, decode, sigma_g = trained
    if np.shape(sigma_g) != () or not isinstance(sigma_g, float | np.floating | np.ndarray) or not sigma_g > 0:
        raise Wrong("sigma_g", "sigma_g is no positive number: return exp of the logarithm.")
    x = digits.test
    mu, log_sigma = _encoded(encode, x)
    elbo, error, kl = _measured(decode, float(sigma_g), mu, log_sigma, x)
    if mu.shape[1] > MOST:
        raise Wrong("too many dimensions", f"z has {mu.shape[1]} numbers, expected at most {MOST}: with enough of them "
                    "no VAE is needed.")
    if elbo < BAR:
        raise _too_low(decode, float(sigma_g), mu, log_sigma, x, elbo, error, kl)


def _encoded(encode, x):
    found = encode(x.copy())
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong("number of results", "encode is to return two arrays, mu and log_sigma.")
    mu, log_sigma = (np.asarray(a, float) for a in found)
    if mu.ndim != 2 or mu.shape != log_sigma.shape or len(mu) != len(x):
        raise Wrong("shape", f"encode returns mu {mu.shape} and log_sigma {log_sigma.shape} for {len(x)} images, "
                    "expected (B, K) both.")
    if not np.isfinite(mu).all() or not np.isfinite(log_sigma).all():
        raise Wrong("not finite", "encode returns numbers that are not finite: did training diverge?")
    return mu, log_sigma


def _measured(decode, sigma_g, mu, log_sigma, x, draws=20):
    # mean ELBO, mean squared error and mean KL of all images, nats
    rng, errors = np.random.default_rng(5), []
    for _ in range(draws):
        z = mu + np.exp(np.minimum(log_sigma, 30)) * rng.standard_normal(mu.shape)
        g = np.asarray(decode(z), float)
        if g.shape != x.shape:
            raise Wrong("shape", f"decode returns shape {g.shape} for z {z.shape}, expected {x.shape}.")
        errors.append(((x - g) ** 2).mean())
    error, D = float(np.mean(errors)), x.shape[1]
    kl = float((0.5 * (mu**2 + np.exp(2 * np.minimum(log_sigma, 300)) - 1) - log_sigma).sum(1).mean())
    log_p = -D / 2 * np.log(2 * np.pi) - D * np.log(sigma_g) - D * error / (2 * sigma_g**2)
    return log_p - kl, error, kl


def _too_low(decode, sigma_g, mu, log_sigma, x, elbo, error, kl):
    said = f"the ELBO of the test images is {elbo:.1f} nats, and {BAR:g} are to be reached"

    def would_reach(log_sigma=log_sigma, sigma_g=sigma_g):
        with np.errstate(all="ignore"):
            return _measured(decode, sigma_g, mu, log_sigma, x, 5)[0] > BAR - 2

    if (log_sigma > 0).all() and would_reach(np.log(np.maximum(log_sigma, 1e-9))):
        return Wrong("sigma for log sigma", f"{said}: encode returns σ, and log_sigma is asked.")
    if would_reach(log_sigma / 2):
        return Wrong("log variance for log sigma", f"{said}: encode returns log σ², the logarithm of the variance, and "
                     "log_sigma is asked.")
    if would_reach(sigma_g=np.sqrt(sigma_g)):
        return Wrong("variance for sigma_g", f"{said}: sigma_g is the square of what it should be, the variance.")
    residual = np.sqrt(error)
    if residual > 2:
        return Wrong("range", f"{said}: decode's images are out of range, off by {residual:.3g} a pixel where values "
                     "are between 0 and 1.")
    if would_reach(sigma_g=residual):
        return Wrong("sigma_g", f"{said}: sigma_g is {sigma_g:.3g}, and the residuals of the pixels are "
                     f"{residual:.3g}: learn it with the rest.")
    if kl < 0.1:
        return Wrong("collapsed", f"{said}: q is the same for all x, the prior, so that z tells decode nothing: "
                     "posterior collapse.")
    if error > 0.9 * x.var(0).mean():
        return Wrong("not trained", f"{said}: decode's images are no nearer to x than the mean image: it has hardly "
                     "been trained.")
    if kl > 3 * (elbo + kl - 0) or kl > 60:
        return Wrong("KL not paid for", f"{said}: the KL takes {kl:.0f} nats of it: was it "
                     "left out of what was trained?")
    return Wrong("too low", f"{said} (the KL is {kl:.1f} nats, the residuals are {residual:.3f}, sigma_g is "
                 f"{sigma_g:.3f}): train longer, with a learning rate that falls, or with more hidden units.")


CAPSTONE = Task(
    name="capstone", title="The whole, trained", points=10, solution=capstone, judge=_judge_capstone, seconds=100.0,
    text=r"""Write Adam, or another optimizer, and the loop over batches; draw fresh noise for each batch. Use what you
have written above, or anything else in NumPy. The check trains your VAE, which may take a minute, and then computes the
ELBO of the test images from `encode`, `decode` and `sigma_g`.""",
    hints=("Some 1500 steps of Adam with batches of about 100 are enough, with 100 hidden units and ten numbers in z.",
           "Two things make the last nats: σ_g is learned with the rest (start the decoder's bias at the mean image), "
           "and the learning rate, some 0.005 at first, falls to zero by the end."),
    play="encode, decode, sigma_g = capstone(npvae.datasets.digits().train, np.random.default_rng(0))")

TASKS = [VAE_START, VAE_ENCODE, VAE_ELBO, VAE_GRADIENT, CAPSTONE]
