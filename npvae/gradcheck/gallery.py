"""A gallery of mistakes: wrong gradients and wrong bounds, written out in full, with what the checker says of each.

    from npvae.gradcheck.gallery import GALLERY, example
    print(example("ReLU: tested after the ReLU").source(), example("ReLU: tested after the ReLU").verdict(), sep="\\n")
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from npvae.gradcheck.bound import check_bound
from npvae.gradcheck.check import gradcheck
from npvae.models import probabilistic_pca

GALLERY = []


@dataclass(frozen=True)
class Example:
    """One wrong function: `check()` gives its report, `says` is what the verdict must hold.

    `seen` is where public code shipped the mistake, and `sees` the check that finds it: "gradient" or "bound".
    """

    name: str
    f: Callable
    check: Callable
    says: str
    seen: str
    sees: str

    def source(self) -> str:
        """The wrong code."""
        text = inspect.getsource(self.f)
        return text[text.index("def "):].rstrip()

    def verdict(self) -> str:
        """What the checker says, "passed" if it finds nothing; a refusal to check is a verdict, too."""
        try:
            report = self.check()
        except ValueError as refused:
            return str(refused)
        return "passed" if report.passed else " ".join(finding.sentence for finding in report.diagnosis)


def example(name: str) -> Example:
    """The example of that name; a ValueError lists them all."""
    for found in GALLERY:
        if found.name == name:
            return found
    raise ValueError(f"no example is called {name!r}; there are {[e.name for e in GALLERY]}")


def _checked_by(checker, sees, name, says, *x, seen="", **options):
    def hang(f):
        f.__doc__ = f"Wrong on purpose: {name}."        # not in the source, which is shown
        GALLERY.append(Example(name, f, partial(checker, f, *x, **options), says, seen, sees))
        return f
    return hang


wrong_gradient = partial(_checked_by, gradcheck, "gradient")
wrong_bound = partial(_checked_by, check_bound, "bound")

_rng = np.random.default_rng(0)
X = _rng.standard_normal((5, 3))
LAYER = {"x": X, "W": _rng.standard_normal((3, 2)), "b": _rng.standard_normal(2)}
SQUARE_LAYER = {"x": X, "W": _rng.standard_normal((3, 3))}
ROWS = 1.2 * _rng.standard_normal((5, 4))       # q = [μ, log σ], K = 2
EPS, OTHER_EPS = _rng.standard_normal((2, 6, 5, 2))     # two draws of noise for 6 nodes


@wrong_gradient("affine: db averaged over the batch", "1/B times the right one: a mean over B", LAYER,
                sizes={"B": 5}, seen="pytorch/examples #290 #294 #652")
def affine_mean(p):
    def back(dy):
        return {"x": dy @ p["W"].T, "W": p["x"].T @ dy, "b": dy.mean(0)}

    return p["x"] @ p["W"] + p["b"], back


@wrong_gradient("affine: dW transposed", "W: the gradient is the transposed of the right one", SQUARE_LAYER)
def affine_transposed(p):
    return p["x"] @ p["W"], lambda dy: {"x": dy @ p["W"].T, "W": dy.T @ p["x"]}


@wrong_gradient("tanh: x for y", "x stands in the formula where the output y belongs", X)
def tanh_of_x(x):
    return np.tanh(x), lambda dy: dy * (1 - x * x)


@wrong_gradient("tanh: dy forgotten", "back ignores dy", X)
def tanh_without_dy(x):
    y = np.tanh(x)
    return y, lambda dy: 1 - y * y


@wrong_gradient("sigmoid: a factor forgotten", "a factor y is missing", X)
def sigmoid_half(x):
    y = 1 / (1 + np.exp(-x))
    return y, lambda dy: dy * (1 - y)


@wrong_gradient("ReLU: tested after the ReLU", "the mask is always true: it is tested after the ReLU", X,
                seen="numpy-tutorials MNIST")
def relu_tested_late(x):
    y = np.maximum(x, 0)
    return y, lambda dy: dy * (y >= 0)


@wrong_gradient("softmax: the normaliser forgotten", "−p Σ p d of the softmax's derivative is missing", X)
def softmax(x):
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return p, lambda dy: dy * p


@wrong_gradient("KL: ∂/∂σ for ∂/∂log σ", "the chain-rule factor σ is missing", ROWS)
def kl_by_sigma(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    sigma = np.exp(log_sigma)
    kl = 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)
    return kl, lambda dkl: dkl[:, None] * np.concatenate([mu, sigma - 1 / sigma], axis=1)


@wrong_gradient("KL: forward clamps log σ", "forward clamps in between and back ignores the clamp", ROWS,
                seen="no-magic microvae.py")
def kl_clamped(q):
    mu, log_sigma = q[:, :2], np.clip(q[:, 2:], -1, 1)
    kl = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)
    return kl, lambda dkl: dkl[:, None] * np.concatenate([mu, np.exp(2 * log_sigma) - 1], axis=1)


@wrong_gradient("KL: the entropy left out", "the path through the entropy is left out of the gradient", ROWS,
                terms={"the entropy": lambda q: -q[:, 2:].sum(1), "μ²": lambda q: 0.5 * (q[:, :2] ** 2).sum(1),
                       "σ²": lambda q: 0.5 * np.exp(2 * q[:, 2:]).sum(1)})
def kl_without_entropy(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    kl = 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)
    return kl, lambda dkl: dkl[:, None] * np.concatenate([mu, np.exp(2 * log_sigma)], axis=1)


@wrong_gradient("draw: no gradient for σ", "no gradient arrives, though the value depends on it", ROWS)
def draw_mu_only(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    z = mu + np.exp(log_sigma) * EPS                    # (S, B, K)
    return z, lambda dz: np.concatenate([dz.sum(0), 0 * mu], axis=1)


@wrong_gradient("draw: two noises", "back multiplies by another ε than z was drawn with", ROWS,
                seen="a from-scratch NumPy VAE: μ right, log_var wrong")
def draw_with_two_noises(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    z = mu + np.exp(log_sigma) * EPS
    return z, lambda dz: np.concatenate([dz.sum(0), (dz * OTHER_EPS).sum(0) * np.exp(log_sigma)], axis=1)


@wrong_gradient("draw: noise drawn anew in back", "resampled noise in the backward pass", ROWS)
def draw_again_in_back(q):
    mu, log_sigma = np.split(q, 2, axis=1)
    z = mu + np.exp(log_sigma) * EPS

    def back(dz):
        again = np.random.default_rng().standard_normal(EPS.shape)
        return np.concatenate([dz.sum(0), (dz * again).sum(0) * np.exp(log_sigma)], axis=1)

    return z, back


@wrong_gradient("Gaussian: 1/σ_g² forgotten", "1/σ_g² is missing", X, sizes={"σ_g²": 0.49, "σ_g": 0.7},
                seen="PyTorch-VAE #11")
def gaussian_without_width(g):
    return -0.5 * ((1.5 - g) ** 2).sum(1) / 0.7**2, lambda dvalue: dvalue[:, None] * (1.5 - g)     # x = 1.5


# Below, gradients would be right: value and gradient are wrong together, and only the bound tells.

PCA = probabilistic_pca(3, 5, sigma_g=0.5)              # the default model of `check_bound`


def log_px(x, z, s=0.5):
    """log p(x|z), right."""
    return -((x - PCA.decoder(z)[0]) ** 2).sum(1) / (2 * s**2) - x.shape[1] * (0.5 * np.log(2 * np.pi) + np.log(s))


def kl(mu, sigma):
    """KL(q ‖ p), right."""
    return 0.5 * (sigma**2 + mu**2 - 1 - np.log(sigma**2)).sum(1)


@wrong_bound("sampler with σ², KL with σ", "z is drawn with σ² where σ belongs",
             seen="numpy-ml _sample; DeZero examples/vae.py")
def sampler_with_the_variance(q, x, eps):
    mu, sigma = q[:, :3], np.exp(q[:, 3:])
    z = mu + sigma**2 * eps
    return log_px(x, z) - kl(mu, sigma)


@wrong_bound("KL reads log σ as log σ²", "the KL reads log σ as log σ²", seen="keras #3283; PyTorch-VAE #69")
def kl_of_another_sigma(q, x, eps):
    mu, log_sigma = q[:, :3], q[:, 3:]
    z = mu + np.exp(log_sigma) * eps
    return log_px(x, z) - 0.5 * (np.exp(log_sigma) + mu**2 - 1 - log_sigma).sum(1)


@wrong_bound("one noise for all latent dimensions", "one ε serves all latent dimensions")
def one_noise(q, x, eps):
    mu, sigma = q[:, :3], np.exp(q[:, 3:])
    z = mu + sigma * eps[:, :1]
    return log_px(x, z) - kl(mu, sigma)


@wrong_bound("KL averaged over the latent dimensions", "averaged over the K latent dimensions",
             seen="sigma-vae-tensorflow #2")
def kl_averaged(q, x, eps):
    mu, sigma = q[:, :3], np.exp(q[:, 3:])
    z = mu + sigma * eps
    return log_px(x, z) - 0.5 * (sigma**2 + mu**2 - 1 - np.log(sigma**2)).mean(1)


@wrong_bound("KL with the weight 0.00025", "it has the weight 0.00025",
             seen="PyTorch-VAE #11 #23 #35 #56; lightning-bolts #328")
def kl_weighted(q, x, eps):
    mu, sigma = q[:, :3], np.exp(q[:, 3:])
    z = mu + sigma * eps
    return log_px(x, z) - 0.00025 * kl(mu, sigma)


@wrong_bound("the board's ‖x − g‖²/σ_g²", "the ½ is missing: ‖x − g‖²/σ_g²", seen="the board")
def error_without_half(q, x, eps):
    mu, sigma = q[:, :3], np.exp(q[:, 3:])
    error = ((x - PCA.decoder(mu + sigma * eps)[0]) ** 2).sum(1)
    return -error / 0.5**2 - 5 * (0.5 * np.log(2 * np.pi) + np.log(0.5)) - kl(mu, sigma)


@wrong_bound("the board's missing −x", "‖g(z)‖² stands where ‖x − g(z)‖² belongs", seen="the board")
def error_without_x(q, x, eps):
    mu, sigma = q[:, :3], np.exp(q[:, 3:])
    z = mu + sigma * eps
    return log_px(0 * x, z) - kl(mu, sigma)


@wrong_bound("a cost returned for the ELBO", "it is a cost, −ELBO")
def cost(q, x, eps):
    mu, sigma = q[:, :3], np.exp(q[:, 3:])
    z = mu + sigma * eps
    return kl(mu, sigma) - log_px(x, z)
