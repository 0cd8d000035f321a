"""Parts of one's own: the package's pass `check_part`, the README's twelve pass and train, and what is broken is named.
"""

import functools
import inspect
import math
from pathlib import Path

import numpy as np
import pytest
import twelve_own_parts as own

import npvae
from npvae import (
    Affine,
    Gaussian,
    GaussianLikelihood,
    check_part,
    mlp,
    nn,
)
from npvae.inference import schedules
from npvae.inference.protocols import Posterior, Schedule
from npvae.models.protocols import LatentFamily, Likelihood, NoiseRule
from npvae.nn.protocols import Layer, Network, Optimizer
from npvae.parts import members, shapes_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3)) * [2.0, 1.0, 0.5]
COUNTS = RNG.poisson(3.0, (40, 3)).astype(float)
MODEL = npvae.mlp_model(2, [4], 3)

PACKAGE = {
    **{f.__name__: f for f in (npvae.tanh, npvae.relu, npvae.leaky_relu, npvae.gelu, npvae.sigmoid, npvae.softplus,
                               npvae.quadratic_features)},
    "Affine": Affine.random(3, 2, 0), "mlp": mlp([2, 4, 3]), "encoder": mlp([3, 4, 2], input_gradient=False),
    "Unstandardise": nn.Unstandardise(np.ones(3), 2.0), "Standardised": nn.Standardised(mlp([2, 3]), np.ones(2), 2.0),
    "Gaussian(1)": Gaussian(1), "Gaussian(3)": Gaussian(3), "FullGaussian": npvae.FullGaussian(2),
    "Categorical": npvae.Categorical(3), "fixed weights": npvae.Categorical(3, learn_weights=False),
    "GaussianLikelihood(0.7)": GaussianLikelihood(0.7), "GaussianLikelihood": GaussianLikelihood(),
    "Bernoulli": npvae.BernoulliLikelihood(), "Poisson": npvae.PoissonLikelihood(),
    "Laplace": npvae.LaplaceLikelihood(0.5, learn=True), "SeenPixels": npvae.SeenPixelsLikelihood(0.5),
    "Free": npvae.Free(RNG.normal(size=(10, 4))), "Shared": npvae.Shared(np.ones(4), np.zeros(4)),
    "Amortized": npvae.Amortized(mlp([3, 4])), "SemiAmortized": npvae.SemiAmortized(mlp([3, 4]), MODEL, 5),
    "MonteCarlo": npvae.MonteCarlo(4), "GaussHermite": npvae.GaussHermite(3), "Cubature": npvae.Cubature(),
    "SGD": npvae.SGD, "Adam": npvae.Adam, "momentum": functools.partial(npvae.SGD, momentum=0.5),
    "cosine": schedules.cosine(0.1, 0.0, 10), "warm_up": schedules.warm_up(5)}

OWN = {"layer": own.leaky_relu, "scale and shift": own.ScaleAndShift(np.array([1.0, 2.0, 0.5]), np.zeros(3)),
       "convolution": own.Convolution(np.array([0.5, -1.0, 0.3]), np.array(0.1)), "Poisson": own.Poisson(),
       "Laplace": own.Laplace(np.array(-0.3)), "StudentT": own.StudentT(), "LaplaceLatent": own.LaplaceLatent(2),
       "FullGaussian": own.FullGaussian(2), "SemiAmortized": own.SemiAmortized(mlp([3, 6, 4]), MODEL),
       "Nesterov": own.Nesterov, "cosine": own.cosine, "Halton": own.Halton(2)}


README = (Path(__file__).parents[1] / "README.md").read_text()
PROTOCOLS = (Layer, Network, LatentFamily, Likelihood, Posterior, NoiseRule, Optimizer, Schedule)


def section():
    return README.split("## Parts of your own")[1].split("\n## ")[0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_readmes_page_has_each_method_with_its_shapes_and_what_happens_without(protocol):
    rows = section().replace("\\|", "|")
    for name, member in members(protocol).items():
        shapes, without_it = shapes_of(protocol, name), getattr(member, "without", "required")
        if (name not in ("arrays", "on")) or protocol is Optimizer:
            assert f"| `{name}` | {shapes} | {without_it} |" in rows
        else:
            assert f"| `{name}` | " in rows


def test_the_readmes_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    counts = np.random.default_rng(0).poisson(2.0, (80, 64)).astype(float)
    names = {"npvae": npvae, "np": np, "math": math, "counts": counts}
    monkeypatch.setattr(npvae, "VAE", functools.partial(npvae.VAE, sweeps=2, progress=False))
    npvae.VAE.load = npvae.VAE.func.load
    for block in section().split("```python\n")[1:]:
        exec(block.split("```")[0], names)
    assert check_part(names["Poisson"]()) and check_part(names["ScaleAndShift"](np.ones(3), np.zeros(3)))
    assert isinstance(names["model"], npvae.LatentVariableModel)


@pytest.mark.parametrize("part", [*PACKAGE.values(), *OWN.values()], ids=[*PACKAGE, *OWN])
def test_the_contract_is_kept(part):
    report = check_part(part)
    assert report, report
    assert len(report.rows) >= 3 and report.to_dict()["passed"]


def test_each_of_the_twelve_is_short():
    things = {part if inspect.isfunction(part) or isinstance(part, type) else type(part) for part in OWN.values()}
    assert len(things) == 12
    for thing in things:
        code = [line for line in inspect.getsource(thing).splitlines() if line.strip()]
        assert len(code) <= 30, (thing, len(code))


def test_the_report_is_a_table_that_says_what_failed():
    report = check_part(lambda x: (np.tanh(x), lambda dy: dy), role="layer")
    assert not report and report.failed == ["gradient"]
    assert "check_part <lambda>, layer: FAILED" in str(report) and "gradient: error" in str(report)
    with pytest.raises(ValueError, match="role is 'decoder', expected one of layer, network, latent"):
        check_part(npvae.tanh, role="decoder")
    with pytest.raises(ValueError, match="part is 3, which lacks `__call__`"):
        check_part(3)


# ---- broken on purpose

def without(kind, name):
    """The class without one of its methods."""
    return type(kind.__name__, kind.__bases__, {n: a for n, a in vars(kind).items() if n not in (name, "__dict__")})


def replaced(kind, **methods):
    return type(kind.__name__, (kind,), methods)


def scaled(name, factor, which=1):
    """The method `name` with its value (0) or its gradient (1) times a factor."""
    def make(kind):
        def method(self, *arguments):
            *values, back = getattr(kind, name)(self, *arguments)
            if which == 1:
                return *values, lambda *upstream: factor * back(*upstream)
            return factor * values[0], *values[1:], back
        return replaced(kind, **{name: method})
    return make


class Adding(own.ScaleAndShift):
    def __call__(self, x):
        y, _ = super().__call__(x)

        def back(dy):
            if self.ds is not None:
                self.ds += (dy * x).sum(0)
                self.db += dy.sum(0)
            return dy * self.s

        return y, back

    def on(self, parameters, prefix="", gradient=True):
        moved = super().on(parameters, prefix, gradient)
        return Adding(moved.s, moved.b, moved.ds, moved.db)


class Loud(own.ScaleAndShift):
    def on(self, parameters, prefix="", gradient=True):
        moved = super().on(parameters, prefix, True)
        return Loud(moved.s, moved.b, moved.ds, moved.db)


class Still(own.ScaleAndShift):
    def on(self, parameters, prefix="", gradient=True):
        return Still(self.s.copy(), self.b.copy(), np.zeros(3), np.zeros(3))


def mixing(x):
    mean = x.mean(0)
    return x - mean, lambda dy: dy - dy.mean(0)


def in_float64(x):
    return x * np.ones(x.shape[1]), lambda dy: dy


def in_place(x):
    x *= 2
    return x, lambda dy: 2 * dy


def bent(x):
    return npvae.tanh(x)


bent.affine = True


def scale_and_shift(kind):
    return kind(np.array([1.0, 2.0, 0.5]), np.zeros(3))


BROKEN = {
    "layer's gradient": (lambda x: (x**2, lambda dy: dy * x), "gradient"),
    "layer of rows": (mixing, "each row for itself"), "layer in float64": (in_float64, "float32"),
    "layer in place": (in_place, "inputs"), "layer without back": (lambda x: x**2, "methods and shapes"),
    "layer that says affine": (bent, "affine"),
    "layer that adds": (scale_and_shift(Adding), "back writes"),
    "layer that is never held": (scale_and_shift(Loud), "held fixed"),
    "layer that does not move": (scale_and_shift(Still), "methods and shapes"),
    "layer without on": (scale_and_shift(without(own.ScaleAndShift, "on")), "methods and shapes"),
    "likelihood's gradient": (scaled("log_prob", 1.01)(own.Poisson)(), "gradient"),
    "likelihood of another total": (replaced(own.StudentT, log_prob=lambda self, x, g: (
        own.StudentT.log_prob(self, x, g)[0] + 0.1, own.StudentT.log_prob(self, x, g)[1]))(), "sums to 1"),
    "likelihood's mean": (replaced(own.Poisson, mean=lambda self, g: 1 + np.exp(g))(), "mean"),
    "likelihood's draws": (replaced(own.StudentT, sample=lambda self, g, rng: g + rng.standard_normal(g.shape))(),
                           "sample"),
    "likelihood's seed": (replaced(own.Poisson, sample=lambda self, g, rng: np.random.default_rng().poisson(
        np.exp(g)).astype(float))(), "same seed"),
    "likelihood's table": (replaced(own.StudentT, log_prob_table=lambda self, x, g: np.zeros((len(g), len(x))))(),
                           "log_prob_table"),
    "likelihood's start": (replaced(own.Poisson, output_for=lambda self, x: x)(), "output_for"),
    "likelihood's shape": (replaced(own.StudentT, mean=lambda self, g: g[:, 0])(), "methods and shapes"),
    "latent's nodes": (scaled("nodes", 1.01)(own.FullGaussian)(2), "gradient of nodes"),
    "latent's kl": (scaled("kl", 1.01)(own.FullGaussian)(2), "gradient of kl"),
    "latent's kl of another sign": (scaled("kl", -1, 0)(own.LaplaceLatent)(2), "kl is not negative"),
    "latent's kl of another size": (scaled("kl", 1.2, 0)(own.LaplaceLatent)(2), "kl"),
    "latent's weights": (replaced(own.FullGaussian, nodes=lambda self, q, noise: own.FullGaussian.nodes(
        self, q, noise._replace(w=2 * noise.w)))(2), "weights"),
    "latent's prior": (replaced(own.LaplaceLatent, log_prior=lambda self, z: -np.abs(z).sum(-1),
                                kl=own.LaplaceLatent.kl)(2), "log_prior sums to 1"),
    "latent's two priors": (replaced(own.LaplaceLatent, log_prior=lambda self, z: -2 * np.abs(z).sum(-1))(2),
                            "one prior"),
    "latent's q": (replaced(own.LaplaceLatent, log_q=lambda self, q, z: own.LaplaceLatent.log_q(self, q, 0.9 * z))(2),
                   "nodes"),
    "latent's draws": (replaced(own.LaplaceLatent, sample=lambda self, q, n, rng: q[:, :2] + rng.standard_normal(
        (n, len(q), 2)))(2), "sample"),
    "latent's draws of the prior": (replaced(own.LaplaceLatent, sample_prior=lambda self, n, rng: rng.standard_normal(
        (n, 2)), kl=own.LaplaceLatent.kl, log_prior=own.LaplaceLatent.log_prior)(2), "sample_prior"),
    "latent's row of the prior": (replaced(own.LaplaceLatent, prior_row=lambda self: np.ones(4))(2), "prior_row"),
    "latent's mean": (replaced(own.FullGaussian, mean=lambda self, q: q[:, 1:3])(2), "mean"),
    "posterior in the dark": (replaced(own.SemiAmortized, __call__=lambda self, x, index=None: (
        self.encoder(x)[0], lambda dq: None))(mlp([3, 4]), MODEL), "back writes"),
    "posterior that says exact": (replaced(own.SemiAmortized, exact_gradient=True)(mlp([3, 4]), MODEL), "gradient"),
    "optimizer downhill": (replaced(own.Nesterov, step=lambda self: self.value.__isub__(self.grad)),
                           "methods and shapes"),
    "optimizer without minimum": (replaced(own.Nesterov, __init__=lambda self, value, grad, rate, maximize=True:
                                           own.Nesterov.__init__(self, value, grad, rate)), "descends"),
    "optimizer of one rate": (replaced(own.Nesterov, step=lambda self: self.value.__iadd__(
        self.sign * 0.01 * self.grad)), "learning rate"),
    "schedule below 0": (lambda sweep: 0.1 - 0.01 * sweep, "numbers"),
    "schedule of nothing": (lambda sweep: None, "methods and shapes"),
    "noise of weights": (replaced(own.Halton, __call__=lambda self, *a: own.Halton.__call__(self, *a)._replace(
        w=np.ones((4, 1))))(), "weights"),
    "noise too wide": (replaced(own.Halton, __call__=lambda self, *a: own.Halton.__call__(self, *a)._replace(
        eps=1.3 * own.Halton.__call__(self, *a).eps))(), "moments"),
    "noise of no seed": (lambda rng, batch, dim, dtype: npvae.MonteCarlo(2)(np.random.default_rng(), batch, dim, dtype),
                         "same seed"),
    "noise of another shape": (lambda rng, batch, dim, dtype: npvae.models.Noise(np.zeros((2, dim)), np.ones(2) / 2),
                               "methods and shapes")}
ROLES = {"layer without back": "layer", "schedule of nothing": "schedule", "noise of weights": "noise",
         "noise too wide": "noise"}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named(name):
    part, check = BROKEN[name]
    report = check_part(part, role=ROLES.get(name))
    assert check in report.failed, report
    assert check in str(report)


MISSING = [(own.Poisson, (), "log_prob"), (own.Poisson, (), "mean"), (own.StudentT, (), "log_prob"),
           (own.Laplace, (np.array(0.0),), "on"), (own.Laplace, (np.array(0.0),), "arrays"),
           (own.LaplaceLatent, (2,), "nodes"), (own.LaplaceLatent, (2,), "kl"),
           (own.SemiAmortized, (mlp([3, 4]), MODEL), "__call__"),
           (own.ScaleAndShift, (np.ones(3), np.zeros(3)), "__call__"),
           (own.ScaleAndShift, (np.ones(3), np.zeros(3)), "arrays"), (own.Nesterov, None, "step")]


@pytest.mark.parametrize(("kind", "arguments", "name"), MISSING)
def test_a_missing_method_is_named(kind, arguments, name):
    lacking = without(kind, name)
    report = check_part(lacking if arguments is None else lacking(*arguments))
    assert report.failed == ["methods and shapes"] and name in report.rows[0].got
    with pytest.raises(ValueError, match="which lacks `__call__`"):
        check_part(without(own.Halton, "__call__")())


@pytest.mark.parametrize("K", [1, 2])
def test_a_prior_with_edges_sums_to_1(K):
    class Box(own.LaplaceLatent):
        def __init__(self, dim, scale=1.0):
            super().__init__(dim)
            self.scale = scale

        def log_prior(self, z):
            return np.where((np.abs(z - 0.5) <= 0.5).all(-1), np.log(self.scale), -np.inf)

    assert "log_prior sums to 1" not in check_part(Box(K)).failed
    assert "log_prior sums to 1" in check_part(Box(K, 1.1)).failed


def test_a_class_of_posteriors_is_told_to_be_made():
    class Damped:
        def __init__(self, encoder, model=None):
            self.encoder = encoder

        def __call__(self, x, index=None):
            q, back = self.encoder(x)
            return 0.9 * q, lambda dq: back(0.9 * dq)

    assert check_part(Damped(mlp([3, 4, 2]))), check_part(Damped(mlp([3, 4, 2])))
    report = check_part(Damped)
    assert report.role == "posterior" and "expected an object with __call__" in str(report)
