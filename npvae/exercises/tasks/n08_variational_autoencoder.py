r"""# 8 · The variational autoencoder: exercises

The ELBO of each image, and a sample of the model that it trains. Then four numbers that tell what a trained VAE does:
which latent coordinates it uses, how many, where its clouds lie all together, and what a $\beta$ really is. A row $q$
holds $[\mu, \log\sigma]$, and `mu, log_sigma = np.split(q, 2, axis=1)` takes it apart.
"""

import numpy as np

from npvae.exercises.asking import called, check_callable, outputs
from npvae.exercises.misconceptions import mistake
from npvae.exercises.sampling import check_noise_of_its_own, check_not_cut_off
from npvae.exercises.task import Task, Wrong
from npvae.gradcheck import check_bound
from npvae.models import probabilistic_pca


def halves(q):
    return np.split(q, 2, axis=1)


def rows(rng, B, K):
    return np.concatenate([rng.normal(size=(B, K)), 0.5 * rng.normal(size=(B, K)) - 0.3], axis=1)


def decoder(rng, K, D):
    """A smooth decoder, as a function z (n, K) -> (n, D)."""
    W, V, b = rng.normal(size=(K, D)), rng.normal(size=(K, D)), rng.normal(size=D)
    return lambda z: np.tanh(z @ W) + z @ V + b


def image_elbo(q, x, eps, g, sigma_g):
    """The ELBO of each image from one draw, nats: log N(x; g(z), σ_g² I) − KL(q ‖ N(0, I)) with z = μ + σ ε.

    q (B, 2K) = [mu, log_sigma], x (B, D), eps (B, K); g(z) is the decoder's output (B, D), sigma_g a number.
    Returns (B,).
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma, D = np.exp(log_sigma), x.shape[1]
    y = g(mu + sigma * eps)
    log_px = -D / 2 * np.log(2 * np.pi) - D * np.log(sigma_g) - ((x - y) ** 2).sum(1) / (2 * sigma_g**2)
    return log_px - 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)


def _draw(q, eps):
    return halves(q)[0] + np.exp(halves(q)[1]) * eps


def elbo_inputs(rng, B, D, K):
    return rows(rng, B, K), rng.normal(size=(B, D)), rng.normal(size=(B, K)), decoder(rng, K, D), rng.uniform(0.5, 0.8)


def squares(q, x, eps, g, sigma_g, fold=lambda a: a.sum(1)):
    return fold((x - g(halves(q)[0] + np.exp(halves(q)[1]) * eps)) ** 2)


def kl_of(q):
    mu, s = halves(q)
    return 0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s).sum(1)


def off_by(change):
    """The right ELBO and something more."""
    return lambda q, x, eps, g, sigma_g: image_elbo(q, x, eps, g, sigma_g) + change(q, x, eps, g, sigma_g)


def with_width(width):
    """The draw with another width than σ."""
    def answer(q, x, eps, g, sigma_g):
        return image_elbo(q, x, eps * width(halves(q)[1]) / np.exp(halves(q)[1]), g, sigma_g)
    return answer


PPCA = probabilistic_pca(3, 5, sigma_g=0.6, rng=np.random.default_rng(3))


def bound_report(answer):
    return check_bound(lambda q, x, eps: answer(q, x, eps, lambda z: PPCA.decoder(z)[0], 0.6), PPCA, repair=False)


ELBO = Task(
    name="image_elbo", title="The ELBO of each image", points=3, solution=image_elbo, inputs=elbo_inputs, sizes="B D K",
    returns=("the ELBO",), report=bound_report,
    text=r"""One draw $z^i = \mu^i + \sigma^i \odot \epsilon^i$ for each image, and

$$L_i = -\tfrac D2 \log 2\pi - D\log\sigma_g - \frac{\|x^i - g_\theta(z^i)\|^2}{2\sigma_g^2}
 - \tfrac12\sum_k\big(\sigma_k^2 + \mu_k^2 - 1 - 2\log\sigma_k\big).$$

It is to be *maximised*, and each image has its own. (The check holds it against $\log p_\theta(x)$ of a model in which
that is known.)""",
    hints=("Four lines: take q apart, draw and decode, log p(x|z), minus the KL.",
           "Sums are over axis 1 alone, pixels in one and latent coordinates in the other; the batch stays."),
    play="image_elbo(np.zeros((1, 2)), np.ones((1, 4)), np.zeros((1, 1)), lambda z: 0.5 + 0 * z @ np.ones((1, 4)), "
         "0.5)",
    edges={"where σ is 1e-6": lambda rng: (np.array([[0.3, np.log(1e-6)]]), rng.normal(size=(1, 4)), np.ones((1, 1)),
                                           decoder(rng, 1, 4), 0.7)},
    terms={"−(D/2) log 2π": lambda q, x, eps, g, s: np.full(len(x), -x.shape[1] / 2 * np.log(2 * np.pi)),
           "−D log σ_g": lambda q, x, eps, g, s: np.full(len(x), -x.shape[1] * np.log(s)),
           "the error −‖x − g(z)‖²/(2σ_g²)": lambda q, x, eps, g, s: -squares(q, x, eps, g, s) / (2 * s**2),
           "−KL": lambda q, x, eps, g, s: -kl_of(q)},
    misconceptions=[
        mistake("KL added", off_by(lambda q, *a: 2 * kl_of(q)),
                "the KL has the wrong sign: it is added where it is to be subtracted."),
        mistake("KL missing", off_by(lambda q, *a: kl_of(q)), "the KL is missing."),
        mistake("a loss", lambda *a: -image_elbo(*a), "its sign is that of a loss; an ELBO is maximised."),
        mistake("constants dropped", off_by(lambda q, x, e, g, s: x.shape[1] / 2 * np.log(2 * np.pi * s**2)),
                "the constant −(D/2) log 2πσ_g² is missing: without it the number is not comparable with log p(x)."),
        mistake("a cost", lambda q, x, e, g, s: squares(q, x, e, g, s) / (2 * s**2) + kl_of(q),
                "it is the cost C, to be minimised: the sign is another, and the constant −(D/2) log 2πσ_g² is "
                "missing."),
        mistake("log 2π dropped", off_by(lambda q, x, *a: x.shape[1] / 2 * np.log(2 * np.pi)),
                "the constant −(D/2) log 2π is missing."),
        mistake("log σ_g dropped", off_by(lambda q, x, e, g, s: x.shape[1] * np.log(s)),
                "the term −D log σ_g is missing."),
        mistake("half of D log σ_g", off_by(lambda q, x, e, g, s: x.shape[1] / 2 * np.log(s)),
                "log σ_g is taken D/2 times, as on the board; σ_g stands in each of the D pixels' densities."),
        mistake("log σ_g once", off_by(lambda q, x, e, g, s: (x.shape[1] - 1) * np.log(s)),
                "log σ_g is taken once; σ_g stands in each of the D pixels' densities."),
        mistake("½ of the error missing", off_by(lambda q, x, e, g, s: -squares(q, x, e, g, s) / (2 * s**2)),
                "a ½ is missing in front of the squared error: the exponent has 2σ_g² below."),
        mistake("σ_g for σ_g²", off_by(lambda q, x, e, g, s: squares(q, x, e, g, s) * (1 / (2 * s**2) - 1 / (2 * s))),
                "the squared error is divided by 2σ_g, where σ_g² belongs."),
        mistake("error not divided", off_by(lambda q, x, e, g, s: squares(q, x, e, g, s) * (1 / (2 * s**2) - 1 / 2)),
                "the squared error is not divided by σ_g²."),
        mistake("mean squared error", off_by(lambda q, x, e, g, s: squares(q, x, e, g, s) * (1 - 1 / x.shape[1]) / (
            2 * s**2)), "it takes the mean over the pixels of the squared error, where the density has their sum."),
        mistake("error rewarded", off_by(lambda q, x, e, g, s: squares(q, x, e, g, s) / s**2),
                "the squared error has the wrong sign: a larger error is rewarded."),
        mistake("x is lost", lambda q, x, e, g, s: image_elbo(q, 0 * x, e, g, s),
                "the x is lost: the decoder's output is compared with zero, not with the image."),
        mistake("σ² for σ", with_width(lambda s: np.exp(2 * s)),
                "the draw has the variance σ² for its width where σ belongs, and the KL does not: no bound on log "
                "p(x)."),
        mistake("log σ for σ", with_width(lambda s: s), "the draw uses log σ as its width: take the exp."),
        mistake("log σ² for log σ in the draw", with_width(lambda s: np.exp(s / 2)),
                "the draw reads log σ as if it were log σ²: its width is √σ, and no longer the KL's."),
        mistake("log σ² for log σ", lambda q, *a: image_elbo(np.concatenate([halves(q)[0], halves(q)[1] / 2], 1), *a),
                "the second half of q is read as log σ²; it is log σ."),
        mistake("noise not used", with_width(lambda s: 0 * s),
                "the noise ε is not used: g(μ) is decoded in place of a draw."),
        mistake("ε for z", lambda q, x, e, g, s: image_elbo(0 * q, x, e, g, s) - kl_of(q),
                "ε itself is decoded: z = μ + σ ε."),
        mistake("KL: ½ missing", off_by(lambda q, *a: -kl_of(q)), "the ½ of the KL is missing."),
        mistake("KL: log σ once", off_by(lambda q, *a: -0.5 * halves(q)[1].sum(1)),
                "in the KL log σ stands where log σ² = 2 log σ belongs."),
        mistake("KL: z for μ", off_by(lambda q, x, e, g, s: kl_of(q) - 0.5 * (
            np.exp(2 * halves(q)[1]) + _draw(q, e) ** 2 - 1 - 2 * halves(q)[1]).sum(1)),
                "in the KL z² stands where μ² belongs: the KL in closed form has no draw in it."),
        mistake("KL: from the draw", off_by(lambda q, x, e, g, s: kl_of(q) - 0.5 * (
            _draw(q, e) ** 2 - e**2 - 2 * halves(q)[1]).sum(1)),
                "the KL is estimated from the draw, as log q(z) − log p(z): asked for is its closed form, which has no "
                "noise."),
        mistake("KL: − 1 missing", off_by(lambda q, *a: -q.shape[1] / 4),
                "in the KL the − 1 is missing: at the prior it is to be zero."),
        mistake("KL: σ for σ²", off_by(lambda q, *a: 0.5 * (np.exp(2 * halves(q)[1]) - np.exp(halves(q)[1])).sum(1)),
                "in the KL σ stands where σ² belongs."),
        mistake("KL: mean", off_by(lambda q, *a: kl_of(q) * (1 - 2 / q.shape[1])),
                "the KL is a mean over the latent coordinates, where their sum belongs."),
        mistake("KL of the batch", off_by(lambda q, *a: kl_of(q) - kl_of(q).sum()),
                "the KL is summed over the batch, too: each row has its own."),
        mistake("mean KL of the batch", off_by(lambda q, *a: kl_of(q) - kl_of(q).mean()),
                "the KL is averaged over the batch: each row has its own."),
        mistake("mean over the batch", lambda *a: image_elbo(*a).mean(),
                "it is one number, the mean over the batch: each image has its own ELBO, (B,)."),
        mistake("sum over the batch", lambda *a: image_elbo(*a).sum(),
                "it is one number, the sum over the batch: each image has its own ELBO, (B,).")])

# ---- generation: the answer is random, so that its statistics are judged

N = 20_000


def sample_vae(g, sigma_g, n, K, rng):
    """n new images from the model: a z from the prior for each, decoded, with the noise of p(x|z).

    g(z) is the decoder's output (n, D) for z (n, K); sigma_g a number, rng a Generator. Returns x (n, D).
    """
    y = g(rng.standard_normal((n, K)))
    return y + sigma_g * rng.standard_normal(y.shape)


def judge_sample(answer):
    """What of x lies off the decoder's plane is noise alone, so that its width can be told from that of z."""
    answer = check_callable(SAMPLE, answer)
    K, D, s, rng = 2, 5, 0.6, np.random.default_rng(8)
    A, _ = np.linalg.qr(rng.normal(size=(D, D)))
    W, b = np.array([[1.5, 0], [0, 2.5]]) @ A[:K], rng.normal(size=D)
    decoded = []

    def g(z):
        decoded.append(np.atleast_2d(np.array(z, float)))
        return np.asarray(z) @ W + b

    x = _sampled(answer, (g, s, N, K, np.random.default_rng(1)), D)
    check_not_cut_off(x)
    z, noise = np.concatenate(decoded or [np.zeros((0, K))]), (x - b) @ A[K:].T
    again, other = (_sampled(answer, (g, s, 9, K, np.random.default_rng(seed)), D) for seed in (1, 2))
    third = _sampled(answer, (g, s, 9, K, np.random.default_rng(1)), D)
    _judge_generator(again, third, other)
    spread = ((x - b) @ np.linalg.pinv(W)).var(0) - noise.var() / np.array([1.5, 2.5]) ** 2
    _judge_z(x, z if z.shape == (N, K) else None, spread)
    _judge_noise(noise, s)
    if z.shape == (N, K):
        check_noise_of_its_own((x - z @ W - b) / s, z, "the noise")


def _sampled(answer, args, D):
    out = outputs(SAMPLE, called(SAMPLE, answer, args)[0], 1, False)[0]
    if out.shape != (args[2], D):
        raise Wrong("shape", f"x has shape {out.shape}, expected (n, D) = ({args[2]}, {D}): an image in each row.")
    if not np.isfinite(out).all():
        raise Wrong("not finite", "x holds numbers that are not finite.")
    return out.astype(float)


def _judge_generator(x, again, other):
    if not np.array_equal(x, again):
        raise Wrong("rng not used", "two generators with the same seed give other images: draw from rng alone.")
    if np.array_equal(x, other):
        raise Wrong("seed of its own",
                    "generators with different seeds give the same images: draw from rng, and make no "
                    "generator with a seed of its own.")


def _judge_z(x, z, spread):
    # z are those that were decoded, where each was decoded once; spread is what x says of their variance
    if len(np.unique(x.round(9), axis=0)) < N:
        raise Wrong("images repeat", "images repeat: each row needs a z and a noise of its own.")
    if spread.max() < 0.05 and z is not None and z.std(0).max() > 0.5:
        raise Wrong("decoder not used", "what the decoder gives is not in the images: they are noise alone.")
    if spread.max() < 0.05:
        raise Wrong("one z", "one z is decoded for all images: each row needs a z of its own.")
    if z is None:
        if np.abs(spread - 1).max() > 0.1:
            raise Wrong("z of another width", "the z that are decoded have another variance than those of N(0, I).")
        return
    far = np.abs(z.mean(0)).argmax()
    if abs(z[:, far].mean()) > 0.05:
        raise Wrong("z not centred", f"the z that are decoded have mean {z[:, far].mean():.2f}, and those of N(0, I) "
                    "have mean 0: are they uniform, or moved?")
    if abs(np.corrcoef(z.T)[0, 1]) > 0.05:
        raise Wrong("one number for all coordinates", "the coordinates of z are correlated: each gets a number of its "
                    "own.")
    far = np.abs(z.std(0) - 1).argmax()
    if abs(z[:, far].std() - 1) > 0.05:
        raise Wrong("z of another width", f"the z that are decoded have standard deviation {z[:, far].std():.2f}, and "
                                          f"those "
                    "of N(0, I) have 1: is the noise of p(x|z) added to z, or z multiplied by σ_g?")
    if abs((z**4).mean() / 3 - 1) > 0.15:
        raise Wrong("z not normal", "the z that are decoded are not normal, though mean and width are right.")


def _judge_noise(noise, s):
    got, mean = noise.std(0), noise.mean(0)
    if got.max() < 1e-9 and np.abs(mean).max() > 1e-9:
        raise Wrong("one noise for all images",
                    "all images have the same noise: each pixel of each image gets its own.")
    if got.max() < 1e-9:
        raise Wrong("no noise", "the images have no noise: g(z) is only the mean of p(x|z), whose width is σ_g.")
    if np.abs(np.corrcoef(noise.T) - np.eye(noise.shape[1])).max() > 0.05 or np.ptp(got) > 0.05:
        raise Wrong("one noise for all pixels", "the noise of the pixels is correlated: each pixel of each image gets "
                    "a noise of its own.")
    standard = (noise - mean) / got
    if (standard**4).mean() < 2.2:
        raise Wrong("noise not normal", "the noise is not normal: it is uniform, or has only few values.")
    if np.abs((standard**3).mean(0)).max() > 0.3:
        raise Wrong("noise not normal", "the noise is not normal: it is skewed, as if its sign were lost.")
    if np.abs(mean).max() > 0.03:
        raise Wrong("not around g(z)", "the images are not centred on g(z): g(z) itself is moved or multiplied, where "
                    "only noise is to be added to it.")
    widths = {s**2: "the variance σ_g²", s**0.5: "√σ_g", 1.0: "1, and σ_g is not used,", 2 * s: "twice too large",
              1 / s: "1/σ_g"}
    for width, said in widths.items():
        if abs(got.mean() / width - 1) < 0.02:
            raise Wrong("width of the noise", f"the noise has the wrong width: its standard deviation is {said} where "
                        "σ_g belongs.")
    if abs(got.mean() / s - 1) > 0.02:
        raise Wrong("width of the noise", f"the noise has standard deviation {got.mean():.3f} where σ_g is {s}.")


SAMPLE = Task(
    name="sample_vae", title="New images", points=2, solution=sample_vae, judge=judge_sample, returns=("x",),
    text=r"""$$z \sim N(0, I), \qquad x \sim N\big(g_\theta(z),\, \sigma_g^2 I\big).$$

All randomness comes from `rng`, so that a seed gives the same images again. (`vae.sample` shows $g_\theta(z)$ without
the noise; here you draw from the model itself.)""",
    hints=("Two draws: one in the latent space, one in the space of images.",
           "rng.standard_normal((n, K)) through g, then σ_g times rng.standard_normal of the output's shape on top."),
    play="sample_vae(lambda z: z @ np.ones((1, 3)), 0.1, 5, 1, np.random.default_rng(0))")

# ---- what a trained VAE does


def kl_by_coordinate(q):
    """The KL of each latent coordinate, mean over the data, nats.

    q (m, 2K) = [mu, log_sigma]. Returns (K,).
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    return 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).mean(0)


def by_coordinate(q):
    mu, s = halves(q)
    return 0.5 * (np.exp(2 * s) + mu**2 - 1 - 2 * s)


BY_COORDINATE = Task(
    name="kl_by_coordinate", title="Which coordinates live", points=1, solution=kl_by_coordinate, sizes="m K",
    inputs=lambda rng, m, K: (rows(rng, m, K),), one_row=False, returns=("the KL",),
    text=r"""$$KL_k = \frac1m \sum_{i=1}^m \tfrac12\big((\sigma^i_k)^2 + (\mu^i_k)^2 - 1 - 2\log\sigma^i_k\big)$$

A coordinate whose $KL_k$ is zero is $N(0, 1)$ for every $x$, and tells the decoder nothing.""",
    hints=("All numbers of the sum are an array (m, K). Which axis goes?",
           "It is the KL of notebook 7, kept apart by coordinate: what was summed there stays, and what stayed there "
           "is averaged."),
    play="kl_by_coordinate(np.array([[0.0, 2.0, 0.0, -1.0], [0.0, -2.0, 0.0, -1.0]]))",
    example=lambda: (np.array([[0.0, 2.0, 0.0, -1.0], [0.0, -2.0, 0.0, -1.0]]),),
    edges={"for a single row": lambda rng: (rows(rng, 1, 3),), "for one coordinate": lambda rng: (rows(rng, 5, 1),)},
    misconceptions=[
        mistake("by row", lambda q: by_coordinate(q).mean(1),
                "it runs over the wrong axis: the mean is over the rows, and each coordinate has its number."),
        mistake("KL of each row", lambda q: by_coordinate(q).sum(1),
                "it is the KL of each row, summed over the coordinates: keep those apart, and take the mean over the "
                "rows."),
        mistake("sum over the data", lambda q: by_coordinate(q).sum(0),
                "it is the sum over the data; the mean is asked for."),
        mistake("one number", lambda q: by_coordinate(q).sum(1).mean(),
                "it is one number, all coordinates together: each coordinate has its own, (K,)."),
        mistake("one number", lambda q: by_coordinate(q).mean(),
                "it is one number, all coordinates together: each coordinate has its own, (K,)."),
        mistake("variance", lambda q: by_coordinate(q).var(0), "it is the variance over the rows; the mean is asked "
                                                               "for."),
        mistake("not averaged", by_coordinate, "it has a number for each row, too: take the mean over the rows."),
        mistake("½ missing", lambda q: 2 * by_coordinate(q).mean(0), "the ½ is missing."),
        mistake("KL of the mean row", lambda q: by_coordinate(q.mean(0, keepdims=True))[0],
                "it is the KL of the mean row: the KL of each row comes first, and then the mean."),
        mistake("KL of the mean row", lambda q: 0.5 * (np.exp(2 * halves(q)[1]).mean(0) + halves(q)[0].mean(0) ** 2 - 1
                                                     - 2 * halves(q)[1].mean(0)),
                "μ is averaged before it is squared: the KL of each row comes first, and then the mean."),
        mistake("log σ once", lambda q: (by_coordinate(q) + 0.5 * halves(q)[1]).mean(0),
                "log σ stands where log σ² = 2 log σ belongs."),
        mistake("log σ² for log σ",
               lambda q: by_coordinate(np.concatenate([halves(q)[0], halves(q)[1] / 2], 1)).mean(0),
                "the second half of q is read as log σ²; it is log σ."),
        mistake("|μ| for μ²", lambda q: (by_coordinate(q) + 0.5 * (np.abs(halves(q)[0]) - halves(q)[0] ** 2)).mean(0),
                "|μ| stands where μ² belongs."),
        mistake("μ for μ²", lambda q: (by_coordinate(q) + 0.5 * (halves(q)[0] - halves(q)[0] ** 2)).mean(0),
                "μ is not squared."),
        mistake("μ alone", lambda q: 0.5 * (halves(q)[0] ** 2).mean(0), "the terms with σ are missing: this is μ "
                                                                        "alone."),
        mistake("σ alone", lambda q: by_coordinate(q * np.repeat([0.0, 1.0], q.shape[1] // 2)).mean(0),
                "the term with μ is missing: this is σ alone."),
        mistake("σ for σ²", lambda q: (by_coordinate(q) + 0.5 * (
            np.exp(halves(q)[1]) - np.exp(2 * halves(q)[1]))).mean(0),
                "σ stands where σ² belongs."),
        mistake("− 1 missing", lambda q: by_coordinate(q).mean(0) + 0.5,
                "the − 1 is missing: a coordinate that is the prior's has KL 0.")])


def active_units(q, threshold):
    """How many latent coordinates are in use: those whose mean KL over the data is greater than a threshold.

    q (m, 2K) = [mu, log_sigma], threshold in nats. Returns a whole number.
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    kl = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).mean(0)
    return int((kl > threshold).sum())


def some_dark(rng, m, K):
    """Rows with many coordinates, some dark, some lit for a few rows only, so that all ways of counting differ."""
    size, sigma = (np.repeat(a, [K, 2 * K, 3 * K, 5 * K, 9 * K]) for a in (
        [0.05, 0.35, 0.6, 1.5, 1.2], [0.97, 0.67, 0.42, 0.07, 0.95]))
    mu = rng.normal(size=(3 * m, 20 * K)) * size
    return np.concatenate([mu, np.log(sigma) + 0.05 * rng.normal(size=mu.shape)], axis=1), 0.3


ACTIVE = Task(
    name="active_units", title="How many live", points=1, solution=active_units, inputs=some_dark, sizes="m K",
    one_row=False, returns=("the number",),
    text=r"""$$\#\{k : KL_k > t\}$$ with the mean $KL_k$ of the last task. (The notebook uses $t = 0.1$ nats.)""",
    hints=("Your own kl_by_coordinate may be called, or written again.",
           "Compare with the threshold and count the Trues."),
    play="active_units(np.array([[0.0, 2.0, 0.0, -1.0], [0.0, -2.0, 0.0, -1.0]]), 0.1)",
    edges={"where all are dark": lambda rng: (np.zeros((4, 6)), 0.1),
           "where a KL is exactly the threshold": lambda rng: (
               np.array([[1.0, 2, 0, 0, 0, 0], [-1, 2, 0, 0, 0, 0]]), 0.5),
           "where all live": lambda rng: (np.concatenate([np.ones((4, 3)), -np.ones((4, 3))], 1), 0.1)},
    misconceptions=[
        mistake("every row counted", lambda q, t: int((by_coordinate(q) > t).sum()),
                "it counts every row and coordinate: take the mean over the rows before you compare."),
        mistake("sum over the rows", lambda q, t: int((by_coordinate(q).sum(0) > t).sum()),
                "the KL is summed over the rows, not averaged, before it is compared."),
        mistake("all together", lambda q, t: int(by_coordinate(q).mean(0).sum() > t),
                "the KLs of all coordinates are summed before they are compared: compare each, and count."),
        mistake("by σ", lambda q, t: int((np.exp(halves(q)[1]).mean(0) < 1 - t).sum()),
                "it looks at σ alone; a coordinate is in use if its KL says so, which holds μ, too."),
        mistake("by μ", lambda q, t: int((np.abs(halves(q)[0]).mean(0) > t).sum()),
                "it looks at μ alone; a coordinate is in use if its KL says so, which holds σ, too."),
        mistake("by the mean of μ", lambda q, t: int((np.abs(halves(q)[0].mean(0)) > t).sum()),
                "it looks at the mean of μ alone; a coordinate is in use if its KL says so."),
        mistake("by the variance of μ", lambda q, t: int((halves(q)[0].var(0) > t).sum()),
                "it looks at the variance of μ, another definition; here a coordinate is in use if its KL says so."),
        mistake("a mask", lambda q, t: by_coordinate(q).mean(0) > t,
                "it returns which coordinates are in use; asked for is their number."),
        mistake("a list", lambda q, t: np.flatnonzero(by_coordinate(q).mean(0) > t),
                "it returns the places of the coordinates; asked for is their number."),
        mistake("the dark ones", lambda q, t: int((by_coordinate(q).mean(0) <= t).sum()),
                "it counts the dark ones, those below the threshold."),
        mistake("not less", lambda q, t: int((by_coordinate(q).mean(0) >= t).sum()),
                "a coordinate whose KL is the threshold itself is counted: it has to be greater, > and not ≥."),
        mistake("in any row", lambda q, t: int((by_coordinate(q).max(0) > t).sum()),
                "it takes the greatest KL of any row, where the mean over the rows is compared."),
        mistake("median", lambda q, t: int((np.median(by_coordinate(q), axis=0) > t).sum()),
                "it takes the median over the rows, where the mean is compared."),
        mistake("in every row", lambda q, t: int((by_coordinate(q).min(0) > t).sum()),
                "it takes the least KL of the rows, where the mean over the rows is compared."),
        mistake("rows counted", lambda q, t: int((by_coordinate(q).sum(1) > t).sum()),
                "it counts rows, not coordinates: sum over the wrong axis."),
        mistake("rows counted", lambda q, t: int((by_coordinate(q).mean(1) > t).sum()),
                "it counts rows, not coordinates: mean over the wrong axis."),
        mistake("share", lambda q, t: float((by_coordinate(q).mean(0) > t).mean()),
                "it is the share of the coordinates that are in use; asked for is their number."),
        mistake("½ missing", lambda q, t: int((2 * by_coordinate(q).mean(0) > t).sum()), "the ½ of the KL is missing."),
        mistake("KL of the mean row", lambda q, t: int((by_coordinate(q.mean(0, keepdims=True))[0] > t).sum()),
                "it is the KL of the mean row that is compared: the KL of each row comes first, and then the mean.")])


def aggregate_moments(q):
    """Mean and covariance of all clouds together, the mixture (1/m) Σ_i N(μ_i, diag σ_i²).

    q (m, 2K) = [mu, log_sigma]. Returns mean (K,), covariance (K, K).
    """
    mu, log_sigma = np.split(q, 2, axis=1)
    spread = mu - mu.mean(0)
    return mu.mean(0), spread.T @ spread / len(mu) + np.diag(np.exp(2 * log_sigma).mean(0))


def moments_with(of_mu=lambda mu: np.atleast_2d(np.cov(mu.T, bias=True)),
                 of_sigma=lambda s: np.diag(np.exp(2 * s).mean(0)), mean=lambda mu: mu.mean(0)):
    return lambda q: (mean(halves(q)[0]), of_mu(halves(q)[0]) + of_sigma(halves(q)[1]))


MOMENTS = Task(
    name="aggregate_moments", title="All clouds together", points=2, solution=aggregate_moments, sizes="m K",
    one_row=False,
    inputs=lambda rng, m, K: (rows(rng, 3 * m, K) + 0.4,), returns=("the mean", "the covariance"),
    text=r"""The aggregate $\frac1m\sum_i q_\phi(z|x^i)$ is what the decoder was trained on. By the law of total
variance its covariance is that of the centres plus the mean of the clouds' own,

$$\operatorname{Cov} \mu \;+\; \mathbb E\,\operatorname{diag}(\sigma^2),$$

both with $1/m$. The nearer mean and covariance are to $0$ and $I$, the better the decoder knows a random $z$.""",
    hints=("The clouds have no covariances of their own: where does E σ² go in a matrix?",
           "np.cov(mu.T, bias=True), and np.diag of the mean of exp(2 log σ) over the rows."),
    play="aggregate_moments(np.array([[1.0, 0.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0]]))",
    example=lambda: (np.array([[1.0, 0.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0]]),),
    edges={"for a single row": lambda rng: (rows(rng, 1, 3),)},
    misconceptions=[
        mistake("centres only", moments_with(of_sigma=lambda s: 0),
                "the covariance is that of the centres μ alone: the clouds have a width, σ², which is missing."),
        mistake("clouds only", moments_with(of_mu=lambda mu: 0),
                "the covariance is the mean of the clouds' own: how far their centres μ spread is missing."),
        mistake("σ for σ²", moments_with(of_sigma=lambda s: np.diag(np.exp(s).mean(0))),
                "σ is added to the covariance: variances add, σ²."),
        mistake("square of the mean σ", moments_with(of_sigma=lambda s: np.diag(np.exp(s).mean(0) ** 2)),
                "it is the square of the mean of σ, where the mean of the square belongs."),
        mistake("σ of the mean log σ", moments_with(of_sigma=lambda s: np.diag(np.exp(2 * s.mean(0)))),
                "log σ is averaged first: the mean of σ² is taken of σ², not of its logarithm."),
        mistake("log σ² for log σ", moments_with(of_sigma=lambda s: np.diag(np.exp(s / 2) ** 2).mean(0) if s.ndim < 2
                                                else np.diag(np.exp(s / 2).mean(0) ** 2)),
                "the second half of q is read as log σ²; it is log σ."),
        mistake("widths over m", moments_with(of_sigma=lambda s: np.diag(np.exp(2 * s).mean(0)) / len(s)),
                "the mean of σ² is divided by m once more."),
        mistake("summed widths", moments_with(of_sigma=lambda s: np.diag(np.exp(2 * s).sum(0))),
                "σ² is summed over the rows; its mean belongs on the diagonal."),
        mistake("covariance with m − 1", moments_with(lambda mu: np.cov(mu.T) if len(mu) > 1 else np.full(
            (mu.shape[1],) * 2, np.nan)),
                "Cov μ is divided by m − 1 (np.cov does that): here it has 1/m, which is bias=True."),
        mistake("not centred", moments_with(lambda mu: mu.T @ mu / len(mu)),
                "μ is not centred: a covariance is about the mean."),
        mistake("the prior's width", moments_with(of_sigma=lambda s: np.eye(s.shape[1])),
                "1 is added to the diagonal: each cloud has a width σ² of its own, whose mean belongs there."),
        mistake("covariance of the rows", lambda q: (halves(q)[0].mean(0), np.cov(halves(q)[0], bias=True)),
                "the covariance is one of the rows, not of the coordinates: np.cov wants coordinates as rows."),
        mistake("variances only", moments_with(lambda mu: np.diag(mu.var(0))),
                "off the diagonal it is zero: the centres of the clouds may be correlated."),
        mistake("variances only", lambda q: (halves(q)[0].mean(0),
                                            halves(q)[0].var(0) + np.exp(2 * halves(q)[1]).mean(0)),
                "the covariance has shape (K,), expected (K, K): these are the variances, its diagonal."),
        mistake("added everywhere", moments_with(of_sigma=lambda s: np.exp(2 * s).mean(0)),
                "E σ² is added to whole columns: it belongs on the diagonal alone."),
        mistake("covariance of σ", moments_with(of_sigma=lambda s: np.cov(np.exp(s).T, bias=True)),
                "it is the covariance of σ over the rows that is added; the mean of σ² belongs there."),
        mistake("standard deviations", lambda q: (aggregate_moments(q)[0], np.sqrt(np.abs(aggregate_moments(q)[1]))),
                "a root is taken: a covariance has the squares."),
        mistake("sum for the mean", moments_with(mean=lambda mu: mu.sum(0)), "the mean is a sum: divide it by m.")])


def sigma_g_of_beta(sigma_g, beta):
    """The σ_g whose ELBO, with a plain KL, has the same optimum as (1/(2 sigma_g²)) ‖g − x‖² + beta · KL.

    sigma_g, beta: positive numbers, or arrays of one shape. Returns the same shape.
    """
    return np.sqrt(beta) * sigma_g


BETA = Task(
    name="sigma_g_of_beta", title="β in disguise", points=1, solution=sigma_g_of_beta, sizes="B",
    inputs=lambda rng, B: (rng.uniform(0.1, 0.9, B), rng.uniform(1.5, 6, B)), returns=("σ_g",),
    text=r"""Many papers minimise $\frac{1}{2\sigma_g^2}\|g_\theta(z) - x\|^2 + \beta\, KL$. Divide by $\beta$: the
minimum does not mind. Which $\sigma_g$ stands in front of the squared error now? One line.""",
    hints=("Write α/β = 1/(2 σ²) with the new σ and α = 1/(2 σ_g²).",
           "Solve for σ: what of β is left when the root is taken?"),
    play="sigma_g_of_beta(0.2, 4.0)", example=lambda: (np.array(0.2), np.array(4.0)),
    edges={"for β = 1": lambda rng: (np.array(0.3), np.array(1.0)),
           "for β below 1": lambda rng: (np.array(0.3), np.array(0.25))},
    misconceptions=[
        mistake("β itself", lambda s, b: s * b, "σ_g is multiplied by β itself: β multiplies σ_g², so take its root."),
        mistake("divided by the root", lambda s, b: s / np.sqrt(b),
                "it is the wrong direction: σ_g is divided by √β, but a heavier KL is a wider noise."),
        mistake("divided by β", lambda s, b: s / b,
                "it is the wrong direction, and the root is missing: a heavier KL is a wider noise."),
        mistake("the variance", lambda s, b: b * s**2, "it is the variance σ_g²: take the root."),
        mistake("root of everything", lambda s, b: np.sqrt(b * s), "the root is taken of σ_g, too: it is of β alone."),
        mistake("α", lambda s, b: 1 / (2 * b * s**2), "it is the new α; asked for is the σ_g that belongs to it."),
        mistake("α times β", lambda s, b: b / (2 * s**2), "it is α times β; asked for is a σ_g."),
        mistake("added", lambda s, b: s + np.sqrt(b), "√β is added: it multiplies σ_g."),
        mistake("fourth root", lambda s, b: s * b**0.25, "the root of β is taken twice."),
        mistake("β not used", lambda s, b: s + 0 * b, "β is not used."),
        mistake("σ_g not used", lambda s, b: np.sqrt(b) + 0 * s, "σ_g is not used."),
        mistake("β squared", lambda s, b: s * b**2, "β is squared: take its root."),
        mistake("factor two", lambda s, b: np.sqrt(2 * b) * s,
                "a 2 is too much: it is on both sides of α/β = 1/(2σ²).")])

TASKS = [ELBO, SAMPLE, BY_COORDINATE, ACTIVE, MOMENTS, BETA]
