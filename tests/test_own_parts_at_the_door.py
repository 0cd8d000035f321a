"""A part of one's own that lacks a method, or answers in another shape, is one sentence when something is built of it.

What can be done without a method is done; what cannot is a ValueError, never an AttributeError from within.
"""

import numpy as np
import pytest
import twelve_own_parts as own

import npvae
from npvae import AmortizedVI, Gaussian, GaussianLikelihood, LatentVariableModel, SharedQ, VariationalEM, chain, mlp
from npvae.inference.protocols import Posterior, Schedule
from npvae.models.protocols import LatentFamily, Likelihood, NoiseRule
from npvae.nn.protocols import Layer, Network, Optimizer
from npvae.parts import members

X = np.random.default_rng(0).poisson(3.0, (12, 3)).astype(float)
SOLVERS = (VariationalEM, SharedQ, AmortizedVI)


def methods_of(kind, *names):
    return (vars(kind)[name] for name in names)


class Everything:
    """A latent family with each method of the protocol, and a parameter."""

    nodes, log_q = methods_of(own.LaplaceLatent, "nodes", "log_q")

    def __init__(self, dim, c=None, dc=None):
        self.dim, self.row_size = dim, 2 * dim
        self.c, self.dc = np.zeros(()) if c is None else c, dc

    def kl(self, q):
        value, back = own.LaplaceLatent.kl(self, q)

        def back_to_both(dkl):
            if self.dc is not None:
                self.dc[...] = dkl.sum()
            return back(dkl)

        return value + self.c, back_to_both

    def log_prior(self, z):
        return own.LaplaceLatent.log_prior(self, z) - self.c

    def sample(self, q, n, rng):
        return rng.laplace(q[:, :self.dim], np.exp(q[:, self.dim:]), (n, len(q), self.dim))

    def sample_prior(self, n, rng):
        return rng.laplace(size=(n, self.dim))

    def prior_row(self):
        return np.zeros(self.row_size)

    def mean(self, q):
        return q[:, :self.dim]

    def starting_rows(self, log_joint, batch, rng):
        return np.zeros((batch, self.row_size))

    def arrays(self):
        return {"c": self.c}

    def on(self, parameters, prefix="", gradient=True):
        return type(self)(self.dim, parameters[prefix + "c"], parameters.gradient(prefix + "c") if gradient else None)


class Whole:
    """A likelihood with each method of the protocol."""

    __init__, log_prob, mean, sample, arrays = methods_of(own.Laplace, "__init__", "log_prob", "mean", "sample",
                                                          "arrays")

    def check(self, x):
        if (np.abs(x) > 1e6).any():
            raise ValueError("too large")

    def output_for(self, x):
        return x

    def output_scale(self, scale):
        return scale

    def with_variance(self, V):
        return type(self)(np.array(0.5 * np.log(V / 2)))

    def log_prob_table(self, x, g):
        return self.log_prob(x, g[:, None])[0]

    def on(self, parameters, prefix="", gradient=True):
        name = prefix + "log_b"
        return type(self)(parameters[name], parameters.gradient(name) if gradient else None)


class Scaling:
    affine = smooth = True
    __init__, __call__, arrays = methods_of(own.ScaleAndShift, "__init__", "__call__", "arrays")

    def on(self, parameters, prefix="", gradient=True):
        moved = own.ScaleAndShift.on(self, parameters, prefix, gradient)
        return type(self)(moved.s, moved.b, moved.ds, moved.db)


class Wrapped:
    """A network of one's own about one of the package's."""

    def __init__(self, network):
        self.network = network

    def __call__(self, x):
        return self.network(x)

    def arrays(self):
        return self.network.arrays()

    def on(self, parameters, prefix="", gradient=True):
        return type(self)(self.network.on(parameters, prefix, gradient))


class Remembering:
    __init__, step = methods_of(own.Nesterov, "__init__", "step")

    def arrays(self):
        return {"v": self.v.copy()}

    def restore(self, arrays):
        self.v[...] = arrays["v"]

    def forget(self):
        self.v[...] = 0


def model_of(latent=None, likelihood=None, layer=None, decoder=None):
    latent = latent or Gaussian(1)
    sizes = [getattr(latent, "dim", 1) or 1, 4, 3]
    decoder = decoder or (chain(*mlp(sizes).layers, layer) if layer else mlp(sizes))
    return LatentVariableModel(latent, decoder, likelihood or GaussianLikelihood(1.0))


def use(model):
    """All that is asked of a model and of its solvers."""
    for solver, settings in ((VariationalEM, {"tolerance": 0.1}), (SharedQ, {}), (AmortizedVI, {})):
        fitted = solver(model, sweeps=2, batch_size=6, **settings).fit(X)
        q = fitted.infer(X)
        fitted.elbo(X)
        fitted.model.copy(np.float32)
    some = fitted.model
    npvae.argmax_q(some, None, X, most_steps=3)
    for ask in (lambda: npvae.log_marginal(some, X[:1], tolerance=0.3), lambda: some.sample(3, 0),
                lambda: npvae.importance_weighted_bound(some, q, X, 10),
                lambda: npvae.importance_weighted_bound(some, q, X, 10, proposal="mixture"),
                lambda: npvae.gap_decomposition(some, q, X[:1], tolerance=0.3),
                lambda: npvae.elbo_estimators(some.latent, 2)["leave-one-out"](some, q, X, 0),
                lambda: some.decode(some.latent.sample_prior(2, np.random.default_rng(0)))):
        try:
            ask()
        except ValueError:
            # a sentence, of what cannot be done without it
            pass


PARTS = {"latent": (Everything, LatentFamily, lambda kind: model_of(latent=kind(1))),
         "likelihood": (Whole, Likelihood, lambda kind: model_of(likelihood=kind(np.array(0.1)))),
         "layer": (Scaling, Layer, lambda kind: model_of(layer=kind(np.ones(3), np.zeros(3)))),
         "network": (Wrapped, Network, lambda kind: model_of(decoder=kind(mlp([1, 4, 3]))))}
REQUIRED = {(role, name): not hasattr(member, "without") for role, (_, protocol, _) in PARTS.items()
            for name, member in members(protocol).items()}
METHODS = list(REQUIRED)


def without(kind, name):
    """The class without a method or an attribute."""
    if name not in vars(kind):
        # which `__init__` sets
        return type(kind.__name__, (kind,), {name: property(None, lambda self, value: None)})
    return type(kind.__name__, (), {n: a for n, a in vars(kind).items() if n not in (name, "__dict__", "__weakref__")})


@pytest.mark.parametrize(("role", "name"), METHODS)
def test_without_one_method_it_is_refused_at_the_door_or_done_without(role, name):
    kind, protocol, built = PARTS[role]
    use(built(kind))
    lacking = without(kind, name)
    half = name in ("arrays", "on")
    if REQUIRED[role, name] or half:
        with pytest.raises(ValueError, match=f"lacks `{name}`|expected (a network|layers)") as said:
            built(lacking)
        assert "\n" not in str(said.value)
    else:
        use(built(lacking))
        if name not in ("affine", "smooth"):
            with pytest.raises(ValueError, match=f"lacks `{name}`"):
                built(type(kind.__name__, (kind,), {name: None}))


def answers(change, name):
    """The method's answer, changed."""
    def made(kind):
        def method(self, *arguments):
            return change(getattr(kind, name)(self, *arguments))
        return type(kind.__name__, (kind,), {name: method})
    return made


def first(change):
    return lambda answer: (change(answer[0]), *answer[1:])


def last(change):
    return lambda answer: (*answer[:-1], lambda *a: change(answer[-1](*a)))


SHAPES = {
    "nothing": lambda answer: None, "flat": lambda a: a.ravel() if isinstance(a, np.ndarray) else a[0],
    "one more": lambda a: a[None] if isinstance(a, np.ndarray) else (*a, 1), "a list": lambda a: [a]}
WRONG = [(role, name, what) for role, name in METHODS for what in SHAPES
         if name not in ("dim", "row_size", "affine", "smooth", "check") and what != "flat"
         and (name, what) not in {("on", "one more"), ("arrays", "one more"), ("output_scale", "one more")}]


@pytest.mark.parametrize(("role", "name", "what"), WRONG)
def test_another_shape_is_said_at_the_door(role, name, what):
    kind, protocol, built = PARTS[role]
    with pytest.raises(ValueError) as said:
        built(answers(SHAPES[what], name)(kind))
    assert name in str(said.value) or name == "__call__" and kind.__name__ in str(said.value), said.value
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(("role", "name"), [(r, n) for r, n in METHODS if n in ("kl", "nodes", "log_prob", "__call__")])
@pytest.mark.parametrize("which", [first, last])
def test_another_shape_of_the_value_or_of_back_is_said_at_the_door(role, name, which):
    kind, protocol, built = PARTS[role]
    with pytest.raises(ValueError, match="expected") as said:
        built(answers(which(lambda a: a.sum(-1)), name)(kind))
    assert "\n" not in str(said.value)


NUMBERS = {"NaN": lambda a: np.full_like(a, np.nan), "infinite": lambda a: np.full_like(a, np.inf),
           "complex": lambda a: a + 0j, "integers": lambda a: a.astype(int)}
SPOTS = [("latent", "nodes"), ("latent", "kl"), ("likelihood", "log_prob"), ("layer", "__call__"),
         ("network", "__call__")]
ODD = [(*spot, which) for spot in SPOTS for which in (first, last)]
ODD += [("latent", name, lambda change: change) for name in ("log_prior", "log_q", "sample", "sample_prior", "mean")]


@pytest.mark.parametrize("what", NUMBERS)
@pytest.mark.parametrize(("role", "name", "which"), ODD)
def test_what_is_no_array_of_finite_floats_is_said_at_the_door(role, name, which, what):
    kind, _, built = PARTS[role]
    with pytest.raises(ValueError, match="expected") as said:
        SharedQ(built(answers(which(NUMBERS[what]), name)(kind)))
    assert "\n" not in str(said.value) and (name in str(said.value) or kind.__name__ in str(said.value))


@pytest.mark.parametrize("K", [1, 2, 3])
def test_a_transposed_gradient_is_seen_whatever_the_sizes_are(K):
    turned = answers(last(lambda dq: dq.T), "kl")(Everything)
    with pytest.raises(ValueError, match="`kl` of Everything has shape"):
        model_of(latent=turned(K))
    square = answers(last(lambda dx: dx.T), "__call__")(Wrapped)
    with pytest.raises(ValueError, match="dx, which back returns, of Wrapped has shape"):
        SharedQ(model_of(latent=Gaussian(K), decoder=square(mlp([K, 4, 3]))))


def test_what_is_right_on_a_part_of_the_line_is_taken():
    def log(x):
        return np.log(x), lambda dy: dy / x

    class LogNormal(own.LaplaceLatent):
        def nodes(self, q, noise):
            z, w, back = super().nodes(q, noise)
            return np.exp(z), w, lambda dz, dw: back(dz * np.exp(z), dw)

        def kl(self, q):
            return super().kl(q)

        def log_prior(self, z):
            with np.errstate(all="ignore"):
                inside = (z > 0).all(-1)
                return np.where(inside, super().log_prior(np.log(z)) - np.log(z).sum(-1), -np.inf)

    class Counts:
        # no draws, no check: -inf where there are no such counts
        def log_prob(self, x, g):
            value, back = own.Poisson.log_prob(self, np.abs(x), g)
            return value + np.where((x == np.round(x)).all(1), 0, -np.inf), back

        mean = vars(own.Poisson)["mean"]

    model = model_of(latent=LogNormal(1), decoder=chain(log, *mlp([1, 4, 3]).layers), likelihood=Counts())
    assert np.isfinite(AmortizedVI(model, 2, batch_size=6).fit(X).elbo(X)).all()


def test_only_the_first_layer_of_an_encoder_needs_no_gradient_for_what_it_reads():
    def deaf(x):
        return x, lambda dy: None

    AmortizedVI(model_of(), 1, encoder=chain(deaf, *mlp([3, 2]).layers)).fit(X)
    for built in (lambda: AmortizedVI(model_of(), encoder=chain(*mlp([3, 4, 2]).layers[:2], deaf, mlp([4, 2]))),
                  lambda: SharedQ(model_of(decoder=chain(deaf, *mlp([1, 3]).layers)))):
        with pytest.raises(ValueError, match="dx, which back returns, of deaf"):
            built()
    all_z = LatentVariableModel(npvae.Categorical(4), chain(deaf, *mlp([4, 3]).layers), GaussianLikelihood(1.0))
    VariationalEM(all_z, 1).fit(X)


@pytest.mark.parametrize("number", [0, -1, 2.5, None, True])
@pytest.mark.parametrize("name", ["dim", "row_size"])
def test_a_size_that_is_none_is_said(name, number):
    latent = Everything(2)
    setattr(latent, name, number)
    with pytest.raises(ValueError, match=f"`{name}` of Everything is"):
        LatentVariableModel(latent, mlp([2, 3]), GaussianLikelihood(1.0))


def raising(self, *arguments, **named):
    raise AttributeError("no such thing as spam")


@pytest.mark.parametrize(("role", "name"), [(r, n) for r, n in METHODS if n not in (
    "dim", "row_size", "affine", "smooth")])
def test_a_method_that_fails_is_named(role, name):
    kind, _, built = PARTS[role]
    with pytest.raises(ValueError, match="spam"):
        built(type(kind.__name__, (kind,), {name: raising}))


# ---- what a solver is built of

class Plain:
    """An optimizer without a state."""

    def __init__(self, value, grad, learning_rate, maximize=True):
        self.value, self.grad, self.learning_rate = value, grad, learning_rate

    def step(self):
        self.value += self.change()

    def change(self):
        return self.learning_rate * self.grad


def stepping(change):
    return type("Odd", (Plain,), {"change": change})


def solver_with(**settings):
    return lambda: AmortizedVI(model_of(), **{"sweeps": 1, **settings})


SMALL = {"random": type("Rule", (own.Halton,), {"__call__": None})(),
         "step": without(Remembering, "step"), "learning_rate": without(Remembering, "learning_rate"),
         "restore": without(Remembering, "restore"), "arrays": without(Remembering, "arrays")}


@pytest.mark.parametrize(("settings", "says"), [
    ({"noise": SMALL["random"]}, "noise is"), ({"noise": lambda rng, batch, dim, dtype: None}, "noise is None"),
    ({"noise": lambda rng: None}, "noise is"), ({"noise": raising}, "spam"),
    ({"noise": lambda rng, batch, dim, dtype: npvae.models.Noise(np.zeros((2, 7, dim)), np.ones((2, 1)))}, "has shape"),
    ({"optimizer": SMALL["step"]}, "without step"), ({"optimizer": raising}, "spam"),
    ({"optimizer": SMALL["restore"]}, "lacks `restore`"), ({"optimizer": SMALL["arrays"]}, "lacks `arrays`"),
    ({"optimizer": stepping(lambda self: np.nan)}, "Odd makes value nan"),
    ({"optimizer": stepping(lambda self: self.grad[:2])}, "`step` of Odd fails"),
    ({"optimizer": type("Odd", (Plain,), {"learning_rate": property(lambda self: 0.1, lambda self, rate: None)})},
     "learning_rate is 0.1 after it was set to 0.05"),
    ({"noise": lambda rng, batch, dim, dtype: npvae.models.Noise(np.zeros((2, batch, dim)), np.ones((2, 1)))},
     "noise.w sums to 2, expected 1"),
    ({"sweeps": 9, "beta": lambda sweep: [0.5, 1.0][sweep]}, "beta fails in sweep 8 .IndexError"),
    ({"learning_rate": lambda: 0.1}, "<lambda> fails"), ({"learning_rate": raising}, "spam"),
    ({"learning_rate": lambda sweep: None}, "learning_rate is None"), ({"beta": lambda sweep: -1.0}, "beta is -1"),
    ({"encoder": Wrapped(mlp([3, 5]))}, "returns 5 numbers a row, expected 2"),
    ({"encoder": without(Wrapped, "on")(mlp([3, 2]))}, "expected a network"),
    ({"encoder": answers(lambda a: None, "__call__")(Wrapped)(mlp([3, 2]))}, "Wrapped returns"),
    ({"make_posterior": 3}, "make_posterior is 3"),
    ({"make_posterior": lambda encoder: encoder}, "make_posterior fails"),
    ({"make_posterior": lambda encoder, model: None}, "make_posterior returns is None"),
    ({"make_posterior": lambda encoder, model: lambda x, index=None: (encoder(x)[0], None)}, "expected 2 things"),
    ({"make_posterior": lambda encoder, model: lambda x, index=None: (encoder(x)[0][:, 1:], encoder)}, "has shape"),
    ({"make_posterior": lambda encoder, model: raising}, "spam")])
def test_a_part_of_a_solver_is_tried_when_it_is_built(settings, says):
    with pytest.raises(ValueError, match=says) as said:
        solver_with(**settings)()
    assert "\n" not in str(said.value)


def test_a_decoder_without_back_is_for_what_needs_none():
    model = model_of(decoder=type("Bare", (Wrapped,), {"__call__": lambda self, x: (self.network(x)[0], None)})(
        mlp([1, 4, 3])))
    npvae.log_marginal(model, X[:1], tolerance=0.1)
    for solver in SOLVERS:
        with pytest.raises(ValueError, match=r"Bare returns \(ndarray, NoneType\), expected 2 things"):
            solver(model)


@pytest.mark.parametrize("layer", [lambda x: (x, None), lambda x: (x, lambda dy: dy[:, :1]), lambda x: x])
def test_a_layer_within_that_does_not_answer_is_named_in_each_network(layer):
    within = chain(mlp([1, 3]), layer, mlp([3, 3], rng=0))
    for built in (lambda: AmortizedVI(model_of(decoder=within)), lambda: VariationalEM(model_of(decoder=within)),
                  lambda: AmortizedVI(model_of(), encoder=chain(mlp([3, 3]), layer, mlp([3, 2], rng=0))),
                  lambda: npvae.VAE(1, decoder=within, progress=False).fit(X),
                  lambda: npvae.Autoencoder(1, decoder=within, progress=False).fit(X)):
        with pytest.raises(ValueError, match="<lambda>"):
            built()


def test_a_part_that_moves_itself_or_loses_its_class_is_told_so():
    class Moved(Scaling):
        def on(self, parameters, prefix="", gradient=True):
            self.s, self.b = parameters[prefix + "s"], parameters[prefix + "b"]
            return self

    class Lost(own.ScaleAndShift):
        def __call__(self, x):
            return npvae.tanh(x)

    for kind, says in ((Moved, "returns itself, expected another Moved"), (Lost, "`on` of Lost .* another Lost")):
        with pytest.raises(ValueError, match=says):
            model_of(layer=kind(np.ones(3), np.zeros(3)))


def test_counts_that_have_no_draws_are_checked_as_data_alone():
    bare = without(own.Poisson, "sample")
    model = model_of(likelihood=bare())
    AmortizedVI(model, 1).fit(X)
    with pytest.raises(ValueError, match="no counts"):
        AmortizedVI(model, 1).fit(X + 0.5)
    with pytest.raises(ValueError, match="spam"):
        model_of(likelihood=type("Bare", (bare,), {"check": raising})())


def test_a_trial_changes_no_draw_and_no_gradient():
    class Counting(own.Halton):
        calls = 0

        def __call__(self, *arguments):
            self.calls += 1
            return super().__call__(*arguments)

    rule, layer = Counting(), Scaling(np.ones(3), np.zeros(3), np.full(3, 7.0), np.full(3, 7.0))
    AmortizedVI(model_of(layer=layer), 1, noise=rule)
    assert rule.calls == 0 and (layer.ds == 7).all() and (layer.s == 1).all()


def test_what_was_derived_is_of_the_part_that_is_there():
    class Bare(own.LaplaceLatent):
        pass

    latent = Bare(2)
    model = model_of(latent=latent)
    np.testing.assert_allclose(model.latent.prior_row(), np.zeros(4), atol=1e-5)
    q = np.array([[0.5, -1.0, 0.2, -0.3]])
    z = model.latent.sample(q, 20_000, 0)
    np.testing.assert_allclose(z.mean(0), q[:, :2], atol=0.05)
    np.testing.assert_allclose(np.abs(z - q[:, :2]).mean(0), np.exp(q[:, 2:]), atol=0.05)
    np.testing.assert_allclose(np.abs(model.latent.sample_prior(20_000, 0)).mean(0), 1, atol=0.05)
    np.testing.assert_allclose(model.latent.mean(q), q[:, :2], atol=1e-12)
    assert not hasattr(latent, "prior_row")
    counts = model_of(likelihood=own.Poisson()).likelihood
    np.testing.assert_allclose(np.exp(counts.output_for(np.array([0.5, 2.0, 100.0]))), [0.5, 2.0, 100.0], rtol=1e-6)
    assert counts.output_scale(3.0) == 1 and model_of(likelihood=own.StudentT()).likelihood.output_scale(3.0) == 3
    with pytest.raises(ValueError, match=r"Everything lacks `log_q`: q \(B, R\), z \(S, B, K\) -> log q\(z\)"):
        model_of(latent=without(Everything, "log_q")(2)).latent.log_q(q, z)


def test_log_p_of_a_family_that_says_nothing_of_itself_is_integrated():
    model = model_of(latent=own.LaplaceLatent(1), decoder=npvae.Affine(np.ones((1, 3)), np.zeros(3)))
    z = np.linspace(-30, 30, 200_001)
    log_p = -0.5 * ((X[:2, None] - z[:, None]) ** 2 + np.log(2 * np.pi)).sum(2) - np.abs(z) - np.log(2)
    expected = np.log(np.exp(log_p).sum(1) * (z[1] - z[0]))
    np.testing.assert_allclose(npvae.log_marginal(model, X[:2]), expected, atol=1e-5)
    bits = type("Bits", (own.LaplaceLatent,), {"sample_prior": lambda self, n, rng: rng.integers(0, 2, (n, 1)) * 1.0,
                                               "kl": own.LaplaceLatent.kl, "log_prior": lambda self, z: 0 * z[..., 0]})
    with pytest.raises(ValueError, match="it is no density|does not reach an error"):
        npvae.log_marginal(model_of(latent=bits(1)), X[:2])


def test_a_part_that_takes_no_attributes_is_told_to_be_whole():
    class Tight:
        __slots__ = ("dim", "row_size")
        __init__, nodes, kl = methods_of(own.LaplaceLatent, "__init__", "nodes", "kl")

    with pytest.raises(ValueError, match="Tight lacks `arrays`, and takes no other in its place"):
        model_of(latent=Tight(2))


@pytest.mark.parametrize("protocol", [Layer, Network, LatentFamily, Likelihood, Posterior, NoiseRule, Optimizer,
                                      Schedule])
def test_each_method_of_a_protocol_says_its_shapes_and_what_happens_without(protocol):
    for name, member in members(protocol).items():
        assert "->" in member.__doc__.splitlines()[0], name
        assert getattr(member, "without", "required")


class Scale:
    """y = a x."""

    def __init__(self, a):
        self.a = np.asarray(a, float)

    def arrays(self):
        return {"a": self.a}

    def on(self, parameters, prefix="", gradient=True):
        twin = Scale(self.a)
        twin.a = parameters[prefix + "a"]
        return twin

    def __call__(self, x):
        return x * self.a, lambda dy: dy * self.a


@pytest.mark.parametrize("solver", [npvae.VariationalEM, npvae.SharedQ, npvae.AmortizedVI])
def test_a_gradient_that_back_never_writes_is_said(solver):
    decoder = npvae.chain(npvae.mlp([2, 3]), Scale(np.ones(3)))
    model = npvae.LatentVariableModel(npvae.Gaussian(2), decoder, npvae.GaussianLikelihood())
    with pytest.raises(ValueError, match="back of the decoder writes no gradient of theta.decoder.1.a"):
        solver(model, sweeps=1, progress=False).fit(np.random.default_rng(0).normal(size=(20, 3)))


def test_a_half_is_no_float_to_compute_with():
    def halves(x):
        return x.astype(np.float16), lambda dy: dy

    with pytest.raises(ValueError, match="float16"):
        npvae.VariationalEM(npvae.LatentVariableModel(npvae.Gaussian(2), npvae.chain(npvae.mlp([2, 3]), halves),
                                                      npvae.GaussianLikelihood()), sweeps=1)
