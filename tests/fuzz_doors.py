"""The doors that the fuzzer knocks at: every public name, its public methods before and after `fit`, and whole fits.

A door is a documented way in: whatever comes through it is answered with finite numbers or with a sentence. FORMULAS
are no doors: the formulas of the hot loop, called once a batch with arrays that a door has checked. They are called
here with finite arrays of the right shape, in any layout, and with everything else as it should be.
"""

import copy
import inspect
from dataclasses import dataclass, field
from functools import cache

import fuzz_pool as pool
import numpy as np
from fuzz_judge import Call

import npvae
import npvae.autoencoders
import npvae.exercises
import npvae.inference
import npvae.models
import npvae.nn
from npvae.gradcheck import BoundReport, Report
from npvae.inference import schedules

ROOMS = (npvae.nn, npvae.models, npvae.inference, npvae.autoencoders, npvae.datasets, npvae)
# layers, latent families and likelihoods: all their methods are formulas, but for these
PARTS = ("Affine", "Chain", "Unstandardise", "Standardised", "Gaussian", "FullGaussian", "Categorical",
         "GaussianLikelihood", "BernoulliLikelihood", "PoissonLikelihood", "LaplaceLikelihood", "SeenPixelsLikelihood")
DOORS_OF_PARTS = {"Affine.random", "Gaussian.sample", "Gaussian.sample_prior", "Categorical.sample",
                  "Categorical.sample_prior"}
FORMULAS = {
    "tanh", "relu", "leaky_relu", "gelu", "sigmoid", "softplus", "quadratic_features",
    "LatentVariableModel.log_likelihood", "LatentVariableModel.decode", "LatentVariableModel.on",
    "LatentVariableModel.started", "RowAdam.step", "SGD.step",
    "Adam.step", "Adam.restore", "RowAdam.restore",
    "Free.__call__", "Shared.__call__", "Amortized.__call__", "SemiAmortized.__call__",
    "AmortizedVI.gradient", "AmortizedVI.restore", "VariationalEM.restore", "SharedQ.restore",
    "Noise", "Gaps", "History", "History.__getitem__"}
# arguments that a formula takes, in a door whose others may be anything
AS_THEY_ARE = {"Gaussian.sample": ("q",), "Categorical.sample": ("q",)}
# pictures are looked at elsewhere
SKIPPED = {"Report.plot", "BoundReport.plot"}
ALWAYS = ("sweeps", "hidden", "vectors", "steps", "most_steps", "tolerance", "samples", "latent_dim", "batch_size",
          "directions", "q_steps", "progress", "dims", "patience", "repeats")
MUTATING = {"fit", "partial_fit", "fit_transform", "set_params", "restore", "step", "forget",
            "gradient", "on", "__call__", "set_output"}
def is_formula(name):
    """Whether a name stands for a formula of the hot loop, and not for a door."""
    return name in FORMULAS or name.split(".")[0] in PARTS and "." in name and name not in DOORS_OF_PARTS


ALLOWED = {"exercises.assert_right": ("AssertionError",)}
INF = {"shared_ceiling"}        # infinite where the data have no variance, as documented
HOLDERS = {"Parameters", "lay_out", "Affine"}   # what they were given is what they hold
WHOLE = {"VAE": npvae.VAE, "Autoencoder": npvae.Autoencoder, "VariationalEM": npvae.VariationalEM,
         "SharedQ": npvae.SharedQ, "AmortizedVI": npvae.AmortizedVI}


@dataclass
class Door:
    """A public name: what is called, and sensible arguments for it in a `World`."""

    name: str
    function: object
    own: dict = field(default_factory=dict)     # makers of arguments that are not those of the pool's name
    receiver: object = None                     # World -> the object whose method it is
    changes: tuple = ()
    formula: bool = False
    allowed: tuple = ()

    def call(self, rng, folder):
        """A random call: sensible arguments, of which none, one or two were bent."""
        world = pool.World(rng, folder)
        receiver = {"self": self.receiver(world)} if self.receiver else {}
        arguments, places = self._sensible(world)
        if not self.formula:
            places = _spoil(arguments, places, world, self.name)
        else:
            _rearrange(arguments, world)
        return Call(self.name, self.function, receiver | arguments, self.changes, self.allowed,
                    (*receiver, *places), folder.state)

    def is_known(self):
        """Whether there is a sensible value for each argument that it needs."""
        return all(p.default is not p.empty or name in self.own or name in pool.BY_NAME or p.kind == p.VAR_POSITIONAL
                   for name, p in _parameters(self.function, bool(self.receiver)).items())

    def _sensible(self, world):
        arguments, places = {}, []
        for name, parameter in _parameters(self.function, bool(self.receiver)).items():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) and name not in self.own:
                continue
            required = parameter.default is parameter.empty and parameter.kind != parameter.VAR_POSITIONAL
            if not required and name not in ALWAYS and world.rng.random() < 0.4:
                continue
            make = self.own.get(name)
            value = make(world) if make else world.by_name(name)
            if value is None and not make and parameter.default is not parameter.empty:
                value = parameter.default
            arguments[name] = value
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
                places.append(name)
        return arguments, tuple(places)


def _parameters(function, method):
    try:
        found = dict(inspect.signature(function).parameters)
    except ValueError:
        return {}
    if method:
        found.pop(next(iter(found)), None)
    return found


# ---- bending

def _spoil(arguments, places, world, door):
    rng = world.rng
    names = [name for name in arguments if name not in AS_THEY_ARE.get(door, ())]
    if not names:
        return places
    turn = rng.random()
    if turn < 0.22:
        return places
    if turn < 0.27 and len(names) > 1:
        # two that changed places, as happens to whoever hands them over by place
        a, b = rng.choice(len(names), 2, replace=False)
        arguments[names[a]], arguments[names[b]] = arguments[names[b]], arguments[names[a]]
        return places
    if turn < 0.29:
        arguments["no_such_argument"] = 1
        return places
    if turn < 0.30:
        del arguments[names[rng.integers(len(names))]]
        return tuple(name for name in places if name in arguments)
    for _ in range(1 + (turn > 0.85)):
        name = names[rng.integers(len(names))]
        arguments[name] = bent(name, arguments[name], world, door)
    return places


def bent(name, value, world, door=""):
    """A hostile value in place of a sensible one."""
    rng, turn = world.rng, world.rng.random()
    if isinstance(value, np.ndarray) or isinstance(value, list) and value and isinstance(value[0], list):
        if turn < 0.9:
            return _one(pool.bent(value, rng, world.folder), rng)
    elif "path" in name or name in ("folder", "table_file"):
        options = world.folder.odd() if turn < 0.5 else world.folder.to_read()
        return options[rng.integers(len(options))]
    elif name == "noise" and isinstance(value, tuple) and turn < 0.8:
        part = rng.integers(2)
        parts = [_one(pool.bent(a, rng, world.folder), rng) if i == part else a for i, a in enumerate(value)]
        return npvae.models.Noise(*parts)
    elif callable(value) and turn < 0.5:
        return pool.CALLABLES[rng.integers(len(pool.CALLABLES))]
    elif isinstance(value, dict) and turn < 0.7 and value:
        key = list(value)[rng.integers(len(value))]
        return value | {key: bent("", value[key], world)}
    options = pool.scalars(rng)
    if name in pool.LONG:
        options = [option for option in options if not pool.huge(option)]
    return options[rng.integers(len(options))]


def _one(thunks, rng):
    for _ in range(5):
        try:
            with np.errstate(all="ignore"):
                return thunks[rng.integers(len(thunks))]()
        except (ValueError, TypeError, IndexError, OverflowError):     # not every array can be bent in every way
            continue
    return None


def _rearrange(arguments, world):
    for name, value in arguments.items():
        if isinstance(value, np.ndarray) and value.ndim and world.rng.random() < 0.5:
            arguments[name] = _one(pool.harmless(value, world.rng, world.folder), world.rng)


# ---- the list

OWN = {
    "tanh": {"x": lambda w: w.normal(w.B, w.D) * w.one(1, 0, 1e3, 1e300)},
    "quadratic_features": {"x": lambda w: w.normal(w.B, w.D)},
    "chain": {"layers": lambda w: w.one(npvae.tanh, npvae.mlp([2, 3]))},
    "mlp": {"rng": lambda w: w.one(None, w.generator())},
    "Affine": {"dW": lambda w: None, "db": lambda w: None},
    "Affine.__call__": {"x": lambda w: w.normal(w.B, w.K)},
    "Chain.__call__": {"x": lambda w: w.normal(w.B, w.K)},
    "Affine.on": {"parameters": lambda w: npvae.Parameters({"W": np.zeros((w.K, w.D)), "b": np.zeros(w.D)})},
    "Chain.on": {"parameters": lambda w: npvae.lay_out({"a": npvae.mlp([w.K, 3, w.D])}), "prefix": lambda w: "a."},
    "RowAdam": {"moments": lambda w: None}, "RowAdam.step": {"index": lambda w: np.array([0, 1, 1]),
                                                             "dq": lambda w: w.normal(3, 2)},
    "Adam.restore": {"arrays": lambda w: {"m": w.normal(4), "v": w.normal(4) ** 2, "t": np.array(3)}},
    "RowAdam.restore": {"arrays": lambda w: {"m": w.normal(3, 2), "v": w.normal(3, 2) ** 2, "t": np.arange(3)}},
    "Parameters.stretch": {"prefix": lambda w: w.one("W", "b", "")},
    "Parameters.gradient": {"name": lambda w: "W"}, "Parameters.__getitem__": {"name": lambda w: "W"},
    "Gaussian.on": {"parameters": lambda w: npvae.Parameters({"logits": np.zeros(w.K)})},
    "Gaussian.log_prior": {"z": lambda w: w.normal(w.S, w.K)},
    "Gaussian.starting_rows": {"log_joint": lambda w: lambda z: z @ w.normal(w.K, w.B)},
    "Categorical.starting_rows": {"log_joint": lambda w: None},
    "Categorical.log_prior": {"z": lambda w: np.eye(w.K)},
    "LatentVariableModel.decode": {"z": lambda w: w.normal(w.B, w.K)},
    "LatentVariableModel.on": {"parameters": lambda w: npvae.lay_out({"theta": w.model()}),
                               "prefix": lambda w: "theta."},
    "GaussianLikelihood.log_prob_table": {"g": lambda w: w.normal(w.S, w.D), "reach": lambda w: None},
    "GaussianLikelihood.ceiling": {name: lambda w: np.abs(w.normal(4, 3)) for name in ("x", "g", "reach")},
    "BernoulliLikelihood.ceiling": {"x": lambda w: w.rng.random((4, 3)), "g": lambda w: w.normal(4, 3),
                                    "reach": lambda w: np.abs(w.normal(4, 3))},
    "GaussianLikelihood.with_variance": {"V": lambda w: 2.0}, "BernoulliLikelihood.with_variance": {"V": lambda w: 2.0},
    "Standardised": {"network": pool.World.encoder, "center": lambda w: w.normal(w.D), "scale": lambda w: 2.0},
    "Unstandardise": {"center": lambda w: w.normal(w.D), "scale": lambda w: 2.0},
    "GaussianLikelihood.greatest_log_prob": {"D": lambda w: w.D},
    "GaussianLikelihood.sample": {"g": lambda w: w.normal(w.S, w.D)},
    "GaussianLikelihood.mean": {"g": lambda w: w.normal(w.S, w.D)},
    "GaussianLikelihood.on": {"parameters": lambda w: npvae.Parameters({"log_sigma": np.zeros(())})},
    "MonteCarlo.__call__": {"dim": lambda w: w.K},
    "Shared": {"row": lambda w: w.normal(4), "drow": lambda w: np.zeros(4)},
    "SemiAmortized.__call__": {"x": lambda w: w.normal(w.B, w.D)},
    "SemiAmortized": {"steps": lambda w: w.one(0, 2, 5)},
    "Amortized.__call__": {"x": lambda w: w.normal(w.B, w.D)},
    "argmax_q": {"noise": lambda w: w.one(None, w.noise())},
    "evaluate": {"noise": pool.World.rule},
    "Categorical": {"weights": lambda w: w.one(None, np.full(w.K, 1 / w.K))},
    "mixture_of_gaussians": {"means": lambda w: w.one(None, w.normal(w.K, w.D))},
    "maximum_likelihood_ppca": {"X": lambda w: w.normal(12, 4)},
    "fit_rows": {"x": pool.World.x}, "split": {"X": lambda w: w.normal(12, w.D), "labels": lambda w: np.arange(12) % 3},
    "Dataset": {"train_labels": lambda w: np.arange(6) % 2, "test_labels": lambda w: np.arange(2),
                "image_shape": lambda w: w.one(None, (1, w.D))},
    "from_arrays": {"X": lambda w: w.normal(12, w.D), "y": lambda w: w.one(None, np.arange(12) % 3, ["a", "b"] * 6),
                    "test": lambda w: w.one(None, w.normal(3, w.D)), "test_labels": lambda w: None,
                    "columns": lambda w: None},
    "load_file": {"path": lambda w: str(w.folder.path / "data.npz")},
    "read_idx": {"path": lambda w: str(w.folder.path / "images-idx")},
    "autoencoders.load": {"path": lambda w: _saved(w)}, "VAE.load": {"path": lambda w: _saved(w)},
    "Autoencoder.load": {"path": lambda w: _saved(w)},
    "warm_up": {"end": lambda w: 1.0}, "cosine": {"start": lambda w: 0.1, "end": lambda w: 0.01},
    "VAE.set_params": {"settings": lambda w: 1}, "History.__getitem__": {"key": lambda w: w.one("elbo", 0)},
    "Gaps": {name: lambda w: w.normal(w.B) for name in npvae.inference.Gaps._fields},
    "VAE.export": {"dtype": lambda w: w.one("float16", "float32")},
    "gradcheck": {
        "f": lambda w: w.one(npvae.tanh, npvae.sigmoid, pool.users_square, pool.users_wrong_square, pool.users_sum,
                             npvae.mlp([w.D, 2]), npvae.Affine.random(w.D, 2, w.generator())),
        "x": lambda w: w.normal(3, w.D), "method": lambda w: w.one(None, "central", "complex", "taylor", "direction"),
        "dtype": lambda w: None, "tolerance": lambda w: None, "upstream": lambda w: None, "terms": lambda w: None,
        "call": lambda w: None, "sizes": lambda w: w.one(None, {"B": 3}), "name": lambda w: None},
    # of right functions: a wrong one is an AssertionError, as it should be
    "assert_gradients": {"f": lambda w: w.one(npvae.tanh, pool.users_square), "x": lambda w: w.normal(3)},
    "check_bound": {"elbo_fn": lambda w: users_elbo, "model": lambda w: w.one(None, PCA()), "X": lambda w: None,
                    "draws": lambda w: None},
    "check_part": {"part": lambda w: w.one(npvae.tanh, npvae.Affine.random(w.D, 2, 0), npvae.SGD, npvae.MonteCarlo(2),
                                           pool.users_square),
                   "role": lambda w: None, "x": lambda w: None},
    "exercises.check": {"name": lambda w: w.one("gaps", "rows_for", "tanh"),
                        "answer": lambda w: w.one(right_gaps, npvae.tanh, *pool.CALLABLES, w.x(), None, object())},
    "exercises.assert_right": {"name": lambda w: "gaps", "answer": lambda w: right_gaps},
    "exercises.hint": {"name": lambda w: w.one("gaps", "tanh"), "level": lambda w: w.one(1, 2, 3)},
    "exercises.solution": {"name": lambda w: "gaps"}, "exercises.progress": {"file": lambda w: None},
    "check_elbo": {"X": pool.World.x, "tolerance": lambda w: None, "dtype": lambda w: None},
}
for _layer in ("relu", "leaky_relu", "gelu", "sigmoid", "softplus"):
    OWN[_layer] = OWN["tanh"]
for _method in ("log_prob_table", "greatest_log_prob", "sample", "mean", "on"):
    for _kind in ("Bernoulli", "Poisson", "Laplace", "SeenPixels"):
        OWN[f"{_kind}Likelihood.{_method}"] = OWN["GaussianLikelihood." + _method]
for _method in ("log_prob", "log_prob_table"):
    _name = "PoissonLikelihood." + _method
    OWN[_name] = OWN.get(_name, {}) | {"x": lambda w: w.rng.poisson(3.0, (w.B, w.D)) * 1.0}
for _method in ("ceiling", "with_variance"):
    OWN["SeenPixelsLikelihood." + _method] = OWN["GaussianLikelihood." + _method]
OWN["LaplaceLikelihood.with_variance"] = OWN["GaussianLikelihood.with_variance"]
OWN["LaplaceLikelihood.on"] = {"parameters": lambda w: npvae.Parameters({"log_b": np.zeros(())})}
for _rule in ("GaussHermite", "Cubature"):
    OWN[_rule + ".__call__"] = OWN["MonteCarlo.__call__"]
OWN["Categorical.on"] = OWN["FullGaussian.on"] = OWN["Gaussian.on"]
for _method in ("log_prior", "starting_rows"):
    OWN["FullGaussian." + _method] = OWN["Gaussian." + _method]
for _method in ("factor", "nodes", "kl", "log_q", "sample", "mean", "covariance"):
    OWN["FullGaussian." + _method] = {"q": lambda w: w.normal(w.B, 2 * w.K + w.K * (w.K - 1) // 2)}
OWN["FullGaussian.row_of"] = {"mean": lambda w: w.normal(w.B, w.K), "covariance": lambda w: 2 * np.eye(w.K)}
OWN["Autoencoder.export"], OWN["Autoencoder.set_params"] = OWN["VAE.export"], OWN["VAE.set_params"]
for _pair in ("elbo", "pathwise", "sticking_the_landing", "pathwise_elbo", "total_derivative"):
    OWN[_pair] = {}


def PCA():
    """The model that `check_bound` takes by default."""
    return npvae.probabilistic_pca(3, 5, sigma_g=0.5)


def right_gaps(log_p, best, elbo):
    """A right answer to an exercise."""
    return log_p - best, best - elbo


def users_elbo(q, x, eps):
    """A right ELBO of the user's, one draw a row."""
    return npvae.elbo(PCA(), q, x, npvae.models.Noise(eps[None], np.ones((1, 1))))[0]


def doors():
    """Every door, the important ones more than once."""
    found = {}
    for room in ROOMS:
        for name in room.__all__:
            thing = getattr(room, name)
            if not callable(thing) or isinstance(thing, type) and issubclass(thing, BaseException):
                continue
            _add(found, name, thing)
    found["load"] = _function("load", npvae.datasets.load)
    found["autoencoders.load"] = _function("autoencoders.load", npvae.autoencoders.load)
    for name in ("gradcheck", "check_bound"):
        found[name] = _function(name, getattr(npvae, name))
    for name in ("warm_up", "cosine"):
        found[name] = _function(name, getattr(schedules, name))
    for name in ("check", "assert_right", "hint", "solution", "tasks", "progress"):
        full = f"exercises.{name}"
        found[full] = _function(full, getattr(npvae.exercises, name))
    for report in (Report, BoundReport):
        _methods(found, report.__name__, report)
    whole = [_whole(name, cls) for name, cls in WHOLE.items()]
    heavy = [found[name] for name in HEAVY if name in found]
    known = [door for door in found.values() if not door.formula or door.is_known()]
    return known + 4 * whole + 2 * heavy


HEAVY = ("elbo", "evaluate", "argmax_q", "importance_weighted_bound", "gap_decomposition", "log_marginal",
         "exact_posterior", "gradcheck", "check_bound", "mixture_of_gaussians", "load_file", "LatentVariableModel")


def _add(found, name, thing):
    if not isinstance(thing, type):
        found[name] = _function(name, thing)
        return
    found[name] = _function(name, thing)
    _methods(found, name, thing)


def _function(name, function):
    return Door(name, function, OWN.get(name, {}), formula=is_formula(name), changes=_changes(name),
                allowed=ALLOWED.get(name, ("inf", "nan") if name in HOLDERS else ("inf",) if name in INF else ()))


def _changes(name):
    return {"SGD": ("value", "grad"), "Adam": ("value", "grad"), "RowAdam": ("table", "moments")}.get(name, ())


def _methods(found, name, cls):
    for attribute in dir(cls):
        full = f"{name}.{attribute}"
        if attribute.startswith("_") and (attribute not in ("__call__", "__getitem__") or attribute not in vars(cls)):
            continue
        if full in SKIPPED or not _ours(cls, attribute):
            continue
        member = inspect.getattr_static(cls, attribute)
        if isinstance(member, classmethod | staticmethod):
            found[full] = _function(full, getattr(cls, attribute))
        elif name in RECEIVERS:
            for state, receiver in RECEIVERS[name].items():
                formula = is_formula(full) and state != " unfitted"
                allowed = ("OSError",) if attribute in ("save", "export") else ()
                function = Property(attribute) if isinstance(member, property) else getattr(cls, attribute)
                found[full + state] = Door(full + state, function, OWN.get(full, {}), receiver, formula=formula,
                                           changes=("self", "parameters") if attribute in MUTATING else (),
                                           allowed=allowed)


def _ours(cls, attribute):
    owner = next((c for c in cls.__mro__ if attribute in vars(c)), object)
    member = inspect.getattr_static(cls, attribute)
    return owner.__module__.startswith("npvae") and (
        isinstance(member, property | classmethod | staticmethod) or inspect.isfunction(member))


class Property:
    """Reading an attribute, as a call."""

    def __init__(self, name):
        self.name, self.__name__ = name, name

    def __call__(self, self_):
        return getattr(self_, self.name)


# ---- objects whose methods are called

@cache
def _fitted(name, kind):
    world = pool.World(np.random.default_rng(5), None)
    world.kind, world.K, world.D, world.B = kind, 2, 3, 12
    cls, X = WHOLE[name], world.x()
    if name in ("VAE", "Autoencoder"):
        extra = {"likelihood": "bernoulli"} if name == "VAE" and world.bernoulli else {}
        return cls(latent_dim=2, hidden=(4,), sweeps=2, batch_size=5, progress=False, **extra).fit(X)
    return cls(world.model(), sweeps=2, batch_size=5, progress=False).fit(X)


def _after_fit(name):
    def receiver(world):
        kinds = ("mlp", "bernoulli") if name in ("VAE", "Autoencoder") else ("pca", "mixture", "relu", "bernoulli")
        world.kind, world.K, world.D, world.B = world.one(*kinds), 2, 3, world.one(1, 5, 12)
        return copy.deepcopy(_fitted(name, world.kind))

    return receiver


def _before_fit(name):
    def receiver(world):
        if name in ("VAE", "Autoencoder"):
            return WHOLE[name](latent_dim=2, hidden=(4,), sweeps=2, progress=False)
        return WHOLE[name](world.model(), sweeps=2, progress=False)

    return receiver


def _saved(world):
    name = world.one("VAE", "Autoencoder")
    path = world.folder.file("saved")
    _fitted(name, "mlp").save(path)
    return path


def _report(world):
    f = world.one(pool.users_square, pool.users_wrong_square)
    return npvae.gradcheck(f, np.array([0.3, 1.2]))


RECEIVERS = {
    "Parameters": {"": lambda w: npvae.Parameters({"W": w.normal(2, 3), "b": w.normal(3)})},
    "Affine": {"": lambda w: npvae.Affine(w.normal(w.K, w.D), w.normal(w.D))},
    "Chain": {"": lambda w: npvae.mlp([w.K, 3, w.D])},
    "Unstandardise": {"": lambda w: npvae.nn.Unstandardise(w.normal(w.D), 2.0)},
    "Standardised": {"": lambda w: npvae.nn.Standardised(w.encoder(), w.normal(w.D), 2.0)},
    "SGD": {"": lambda w: npvae.SGD(w.normal(4), w.normal(4))},
    "Adam": {"": lambda w: npvae.Adam(w.normal(4), w.normal(4))},
    "RowAdam": {"": lambda w: npvae.RowAdam(w.normal(3, 2))},
    "Gaussian": {"": lambda w: (setattr(w, "kind", "pca"), w.latent())[1]},
    "FullGaussian": {"": lambda w: (setattr(w, "kind", "pca"), npvae.FullGaussian(w.K))[1]},
    "Categorical": {"": lambda w: (setattr(w, "kind", "mixture"), w.latent())[1]},
    "MonteCarlo": {"": lambda w: npvae.MonteCarlo(w.S)}, "GaussHermite": {"": lambda w: npvae.GaussHermite(w.S)},
    "Cubature": {"": lambda w: npvae.Cubature()},
    "GaussianLikelihood": {"": lambda w: (setattr(w, "kind", "pca"), w.likelihood())[1]},
    "BernoulliLikelihood": {"": lambda w: (setattr(w, "kind", "bernoulli"), w.likelihood())[1]},
    "PoissonLikelihood": {"": lambda w: npvae.PoissonLikelihood()},
    "SeenPixelsLikelihood": {"": lambda w: npvae.SeenPixelsLikelihood(w.one(None, 0.5))},
    "LaplaceLikelihood": {"": lambda w: npvae.LaplaceLikelihood(w.one(None, 0.5))},
    "LatentVariableModel": {"": pool.World.model},
    "Free": {"": lambda w: npvae.Free(w.normal(w.B, w.R))},
    "Shared": {"": lambda w: npvae.Shared(w.normal(w.R), np.zeros(w.R))},
    "SemiAmortized": {"": lambda w: npvae.SemiAmortized(w.encoder(), w.model(), 3)},
    "Amortized": {"": lambda w: npvae.Amortized(w.encoder())},
    "History": {"": lambda w: npvae.inference.History([{"sweep": 1, "elbo": -2.0}])},
    "Report": {"": _report}, "BoundReport": {"": lambda w: npvae.check_bound(users_elbo, PCA())},
} | {name: {"": _after_fit(name), " unfitted": _before_fit(name)} for name in WHOLE}


# ---- whole fits: settings and data together

def _whole(name, cls):
    if name in ("VAE", "Autoencoder"):
        def fit(X, **settings):
            model = cls(**settings).fit(X)
            return (model, model.transform(X), model.reconstruct(X), model.score(X),
                    model.sample(2))
    else:
        def fit(X, **settings):
            solver = cls(**settings).fit(X)
            return solver, solver.infer(X), solver.elbo(X)

    names = [p for p in inspect.signature(cls).parameters.values() if p.name not in ("self", "after_sweep")]
    keyword = [p.replace(kind=p.KEYWORD_ONLY) for p in names]
    X = inspect.Parameter("X", inspect.Parameter.KEYWORD_ONLY)
    fit.__signature__ = inspect.Signature([X, *keyword])
    return Door(name + "(…).fit(X)", fit, SETTINGS)


SETTINGS = {
    "optimizer": lambda w: w.one(None, npvae.SGD),
    "noise": pool.World.rule, "encoder": lambda w: w.one(None, w.encoder()), "table_file": lambda w: None,
    "exact_m_step": lambda w: w.one(False, False, True),
    "likelihood": lambda w: w.one("bernoulli" if w.bernoulli else "gaussian", w.likelihood()),
    "decoder": lambda w: w.one(None, None, w.model().decoder), "latent": lambda w: w.one(None, None, w.model().latent),
    "alpha": lambda w: None, "sigma_g": lambda w: None if w.bernoulli else w.one(None, 0.5),
    "activation": lambda w: w.one("tanh", "relu", "gelu"), "dtype": lambda w: w.one(None, np.float64, np.float32),
    "samples": lambda w: w.one(1, 2),
}
