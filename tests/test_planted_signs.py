"""A wrong sign is planted in each line of each `back`, one after the other: the gradient checks and training both fail.

The lines are found in the syntax tree and the mutated code takes the place of the function's own, wherever it is used.
That both fail says that what is checked is the code that trains.
"""

import ast
import copy
import importlib
from dataclasses import dataclass, replace
from functools import cache, partial
from types import CodeType

import numpy as np
import pytest

import npvae
from npvae.gradcheck import gradcheck
from npvae.inference import AmortizedVI, DivergenceError, SharedQ, VariationalEM, shared_ceiling
from npvae.lab.own_gradients.table import ROOMS
from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    Cubature,
    GaussHermite,
    LaplaceLikelihood,
    LatentVariableModel,
    PoissonLikelihood,
)
from npvae.models.exact import log_marginal
from npvae.models.seen_pixels import seen_or_zero
from npvae.nn import (
    Adam,
    Affine,
    Standardised,
    Unstandardise,
    chain,
    gelu,
    lay_out,
    leaky_relu,
    mlp,
    quadratic_features,
    relu,
    sigmoid,
    softplus,
    tanh,
)

MODULES = ("npvae.nn.layers", "npvae.nn.activations", "npvae.nn.units",
           "npvae.models.gaussian_latent", "npvae.models.full_gaussian_latent",
           "npvae.models.categorical_latent", "npvae.models.gaussian_likelihood",
           "npvae.models.bernoulli_likelihood", "npvae.models.poisson_likelihood", "npvae.models.laplace_likelihood",
           "npvae.models.seen_pixels",
           "npvae.models.generative", "npvae.inference.elbo",
           "npvae.inference.posteriors")
# what no training uses: the gradient of an encoder's input, which is data
NOT_TRAINED = {"npvae.models.seen_pixels seen_or_zero: np.where(seen, dy, 0)",
               *(f"npvae.nn.units Standardised.__call__: {text}" for text in ("back(dy)", "du / self.scale"))}


@dataclass(frozen=True)
class Sign:
    """A function of the package, and the number of the expression in its source whose sign is planted."""

    module: str
    function: str
    number: int
    text: str

    def __str__(self):
        return f"{self.module} {self.function}: {self.text}"


# finding the lines

def gradients(body):
    """The expressions in the statements of a `back` that a gradient is computed by, as nodes of the tree."""
    for statement in body:
        if isinstance(statement, ast.If | ast.For):
            yield from gradients(statement.body)
        elif isinstance(statement, ast.Expr):
            yield from written(statement.value)
        elif isinstance(statement, ast.Assign | ast.AugAssign | ast.Return) and statement.value is not None:
            yield from values(statement.value)


def written(call):
    """What is negated where a call writes its result: np.f(dy, …, out=a), dy.f(…, out=a), np.copyto(a, dy), …"""
    numpys = isinstance(call.func.value, ast.Name) and call.func.value.id == "np"
    if not call.keywords and ast.unparse(call.func) in ("np.copyto", "np.add.at"):
        yield call.args[-1]
    elif any(k.arg == "out" for k in call.keywords):
        yield call.args[0] if numpys else call.func.value


def values(node):
    """The values that an expression may have: of both branches, and of each element but the index."""
    if isinstance(node, ast.IfExp):
        yield from [v for branch in (node.body, node.orelse) for v in values(branch)]
    elif isinstance(node, ast.Tuple):
        yield from [v for element in node.elts for v in values(element)]
    elif not (isinstance(node, ast.Constant) or ast.unparse(node) == "index" or "np.empty" in ast.unparse(node)):
        yield node


def backs(function):
    """The bodies of the backward passes in a function: functions called back…, and lambdas of dy, dq or dvalue."""
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef) and node is not function and node.name.startswith("back"):
            yield node.body
        elif isinstance(node, ast.Lambda) and node.args.args and node.args.args[0].arg in ("dy", "dq", "dvalue"):
            yield [ast.Return(node.body)]


def functions(tree, prefix=""):
    """All functions and methods of a module by name."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from functions(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node


@cache
def tree_of(module):
    with open(importlib.import_module(module).__file__, encoding="utf-8") as file:
        return ast.parse(file.read())


SIGNS = [Sign(module, name, number, ast.unparse(node))
         for module in MODULES for name, function in functions(tree_of(module))
         for number, node in enumerate(node for body in backs(function) for node in gradients(body))]


# planting

class Negated(ast.NodeTransformer):
    """v becomes −v, and None, which a layer that reads data returns, stays None."""

    def __init__(self, target):
        self.target = target

    def visit(self, node):
        if node is not self.target:
            return self.generic_visit(node)
        return ast.Call(ast.parse("lambda v: None if v is None else -v", mode="eval").body, [node], [])


def mutated_code(sign):
    """The code of the function with the sign in it."""
    tree = copy.deepcopy(tree_of(sign.module))
    function = dict(functions(tree))[sign.function]
    target = [node for body in backs(function) for node in gradients(body)][sign.number]
    code = compile(ast.fix_missing_locations(Negated(target).visit(tree)), sign.module, "exec")
    for name in sign.function.split("."):
        code = next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name)
    return code


@pytest.fixture
def plant(monkeypatch):
    def planted(sign):
        function = importlib.import_module(sign.module)
        for name in sign.function.split("."):
            function = getattr(function, name)
        monkeypatch.setattr(function, "__code__", mutated_code(sign))

    return planted


# gradient checks

def first_failing_check():
    """Of the package's own gradients, and of networks as a solver puts them between the data's units."""
    subjects = (subject for room in (in_units, *ROOMS) for subject in room(np.random.default_rng(0)))
    for name, arguments in subjects:
        try:
            if not gradcheck(**arguments, method="complex", diagnosis=False).passed:
                return name
        except ValueError as refused:
            return f"{name}: {refused}"
    return None


def in_units(rng):
    center, x = rng.standard_normal(3), rng.standard_normal((5, 3))
    yield "Standardised", {"f": Standardised(mlp([3, 4, 2], rng=rng), center, 1.7), "x": x}
    yield "Unstandardise", {"f": chain(mlp([3, 3], rng=rng), Unstandardise(center, 1.7)), "x": x}


# training: each is how far it stays below what it should reach

def rng(seed=0):
    return np.random.default_rng(seed)


PLANE = rng(0).normal(size=(60, 2)) @ rng(1).normal(size=(2, 4)) + 0.5 * rng(2).normal(size=(60, 4)) + 1.0
KIND = np.repeat([0, 1, 2], [36, 16, 8])
CLUSTERS = np.array([[3.0, 0.0], [-2.0, 2.0], [-2.0, -3.0]])[KIND] + 0.4 * rng(3).normal(size=(60, 2))
BITS = (rng(4).random((60, 6)) < np.where(KIND[:, None] > 0, [0.95] * 3 + [0.1] * 3, [0.05] * 3 + [0.7] * 3)) * 1.0
COUNTS = rng(5).poisson(np.array([[9.0, 1.0, 4.0], [2.0, 6.0, 4.0]])[(KIND > 0) * 1]) * 1.0
LINE = np.linspace(-2, 2, 60)[:, None]
CURVE = np.concatenate([np.sin(LINE), LINE**2], axis=1)
FULL = {"learning_rate": 0.03, "dtype": np.float64, "progress": False}


def mean_elbo(solver, X):
    return solver.fit(X).elbo(X).mean()


def amortized(model, encoder, sweeps=200, noise=None, beta=1.0):
    return AmortizedVI(model, sweeps, batch_size=60, encoder=encoder, noise=noise or Cubature(), beta=beta, **FULL)


def greatest_log_p_of_a_plane():
    """Of all models x = zW + b + σ_g ε with K = 2 (Tipping & Bishop 1999)."""
    lambdas = np.linalg.eigvalsh(np.cov(PLANE.T, bias=True))
    return -0.5 * (4 * np.log(2 * np.pi) + np.log(lambdas[2:]).sum() + 2 * np.log(lambdas[:2].mean()) + 4)


def plane_by_an_encoder():
    solver = amortized(npvae.probabilistic_pca(2, 4), mlp([4, 4], input_gradient=False))
    return greatest_log_p_of_a_plane() - 0.01 - mean_elbo(solver, PLANE)


def plane_by_full_covariances():
    model = replace(npvae.probabilistic_pca(2, 4), latent=npvae.FullGaussian(2))
    return greatest_log_p_of_a_plane() - 0.01 - mean_elbo(amortized(model, mlp([4, 5])), PLANE)


def plane_with_holes():
    X = np.where(rng(6).random(PLANE.shape) < 0.2, np.nan, PLANE)
    model = replace(npvae.probabilistic_pca(2, 4), likelihood=npvae.SeenPixelsLikelihood())
    encoder = chain(seen_or_zero, mlp([4, 4]))
    # log p of what is seen: the Gaussian of all four, without the rows and columns of what is not
    C, b = np.cov(PLANE.T, bias=True), PLANE.mean(0)
    lambdas, U = np.linalg.eigh(C)
    lambdas[:2] = lambdas[:2].mean()
    C = (U * lambdas) @ U.T
    log_p = [log_normal((x - b)[~np.isnan(x)], C[np.ix_(~np.isnan(x), ~np.isnan(x))]) for x in X]
    return np.mean(log_p) - 0.45 - mean_elbo(amortized(model, encoder), X)


def log_normal(x, C):
    """log N(x; 0, C)."""
    return -0.5 * (len(x) * np.log(2 * np.pi) + np.linalg.slogdet(C)[1] + x @ np.linalg.solve(C, x))


def clusters_that_are_seen():
    model = LatentVariableModel(Categorical(3), mlp([3, 2]), npvae.SeenPixelsLikelihood())
    return -2.3 - mean_elbo(amortized(model, mlp([2, 8, 3])), CLUSTERS)


def plane_after_a_warm_up():
    solver = amortized(npvae.probabilistic_pca(2, 4), mlp([4, 4]), 300, beta=lambda sweep: min(1.0, sweep / 200))
    return greatest_log_p_of_a_plane() - 0.01 - mean_elbo(solver, PLANE)


def plane_by_rows():
    solver = VariationalEM(npvae.probabilistic_pca(2, 4), 100, batch_size=30, noise=Cubature(), **FULL)
    return greatest_log_p_of_a_plane() - 0.05 - mean_elbo(solver, PLANE)


def plane_by_one_row():
    solver = SharedQ(npvae.probabilistic_pca(2, 4), 100, batch_size=30, noise=Cubature(), q_learning_rate=0.03, **FULL)
    return shared_ceiling(PLANE) - 0.01 - mean_elbo(solver, PLANE)


def clusters():
    means = np.stack([CLUSTERS[KIND == k].mean(0) for k in range(3)])
    at_the_truth = log_marginal(npvae.mixture_of_gaussians(3, 2, 0.4, means=means), CLUSTERS).mean()
    return at_the_truth - mean_elbo(amortized(npvae.mixture_of_gaussians(3, 2), mlp([2, 8, 3])), CLUSTERS)


def overlapping_clusters():
    """The posterior of a mixture is affine in x, so that a linear encoder leaves no gap to log p(x)."""
    solver = amortized(npvae.mixture_of_gaussians(2, 4, sigma_g=1.5), mlp([4, 2])).fit(PLANE)
    return (log_marginal(solver.model, PLANE) - solver.elbo(PLANE)).mean() - 0.01


def bits_of_two_kinds():
    model = LatentVariableModel(Categorical(2), mlp([2, 6]), BernoulliLikelihood())
    return -2.6 - mean_elbo(amortized(model, mlp([6, 8, 2])), BITS)


def bits_of_a_network():
    model = npvae.mlp_model(1, [8], 6, BernoulliLikelihood())
    return -2.7 - mean_elbo(amortized(model, mlp([6, 8, 2]), noise=GaussHermite(8)), BITS)


def counts_of_two_kinds():
    """Against log p(x) with the rates and the weight that each kind has in the data."""
    rates = np.log([COUNTS[KIND == 0].mean(0), COUNTS[KIND > 0].mean(0)])
    model = LatentVariableModel(Categorical(2, [0.6, 0.4]), Affine(rates, np.zeros(3)), PoissonLikelihood())
    return log_marginal(model, COUNTS).mean() - 0.02 - mean_elbo(amortized(replace(
        model, decoder=mlp([2, 3])), mlp([3, 8, 2])), COUNTS)


def counts_of_a_network():
    model = LatentVariableModel(npvae.Gaussian(1), mlp([1, 3]), PoissonLikelihood())
    return -6.9 - mean_elbo(amortized(model, mlp([3, 8, 2]), noise=GaussHermite(8)), COUNTS)


def clusters_with_absolute_errors():
    model = LatentVariableModel(Categorical(3), mlp([3, 2]), LaplaceLikelihood())
    return -2.3 - mean_elbo(amortized(model, mlp([2, 8, 3])), CLUSTERS)


def plane_with_absolute_errors():
    model = LatentVariableModel(npvae.Gaussian(1), mlp([1, 4]), LaplaceLikelihood())
    return -6.0 - mean_elbo(amortized(model, mlp([4, 2]), noise=GaussHermite(8)), PLANE)


def squared_error(network, target, weight=1.0, steps=300):
    parameters = lay_out({"net": network})
    network = network.on(parameters, "net.")
    adam = Adam(parameters.value, parameters.grad, 0.03, maximize=False)
    for _ in range(steps):
        y, back = network(LINE)
        back(2 * weight * (y - target) / len(LINE))
        adam.step()
    return (weight * (network(LINE)[0] - target) ** 2).sum(1).mean()


def curve_by(activation):
    return squared_error(chain(Affine.random(1, 8, rng(0)), activation, Affine.random(8, 2, rng(1))), CURVE) - 0.02


def features_of_a_line(columns):
    """Of x W + b with unknown W and b: of the features' row alone, or of the products alone."""
    target = quadratic_features(LINE * [1.0, -0.5] + [0.7, 0.4])[0]
    weight = np.zeros(5)
    weight[columns] = 1
    start = Affine(np.array([[0.8, -0.3]]), np.array([0.5, 0.2]))
    return squared_error(chain(start, quadratic_features), target, weight) - 1e-4


TRAINING = {f"curve by {f.__name__}": partial(curve_by, f) for f in (tanh, relu, leaky_relu, gelu, sigmoid, softplus)}
TRAINING |= {f"features, {name}": partial(features_of_a_line, columns)
             for name, columns in (("row", slice(2)), ("products", slice(2, 5)))}
TRAINING |= {f.__name__: f for f in (plane_with_holes, clusters_that_are_seen, plane_by_an_encoder,
                                     plane_by_full_covariances, clusters, overlapping_clusters,
                                     bits_of_two_kinds,
                                     counts_of_two_kinds, counts_of_a_network,
                                     plane_with_absolute_errors, clusters_with_absolute_errors,
                                     bits_of_a_network, plane_after_a_warm_up, plane_by_one_row, plane_by_rows)}


# what is tried first, so that it is soon found: the trainings that a module has most to do in
FIRST = {"gaussian_latent": ["plane_by_an_encoder"], "gaussian_likelihood": ["plane_by_an_encoder", "clusters"],
         "full_gaussian_latent": ["plane_by_full_covariances"], "categorical_latent": ["clusters"],
         "bernoulli_likelihood": ["bits_of_a_network", "bits_of_two_kinds"],
         "poisson_likelihood": ["counts_of_a_network", "counts_of_two_kinds"],
         "laplace_likelihood": ["plane_with_absolute_errors", "clusters_with_absolute_errors"],
         "seen_pixels": ["plane_with_holes", "clusters_that_are_seen"], "elbo": ["plane_by_an_encoder", "clusters"],
         "generative": ["plane_by_an_encoder"], "posteriors": ["plane_by_one_row", "plane_by_rows"]}


def first_failing_training(module=""):
    first = FIRST.get(module.rpartition(".")[2], [])
    for name in [*first, *(name for name in TRAINING if name not in first)]:
        try:
            with np.errstate(all="ignore"):
                if not TRAINING[name]() <= 0:
                    return name
        except (DivergenceError, ValueError) as problem:
            return f"{name}: {problem}"
    return None


# the tests

def test_there_are_lines_in_every_module():
    assert len(SIGNS) >= 40 and {sign.module for sign in SIGNS} == set(MODULES)


@pytest.mark.parametrize("name", TRAINING)
def test_with_the_right_signs_it_trains(name):
    assert TRAINING[name]() <= 0


@pytest.mark.parametrize("sign", SIGNS, ids=str)
def test_the_gradient_checks_see_the_sign(sign, plant):
    plant(sign)
    assert first_failing_check() is not None


@pytest.mark.parametrize("sign", [sign for sign in SIGNS if str(sign) not in NOT_TRAINED], ids=str)
def test_training_sees_the_sign(sign, plant):
    plant(sign)
    assert first_failing_training(sign.module) is not None
