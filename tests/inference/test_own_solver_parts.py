"""A posterior and a schedule of one's own are tried when a solver is built of them."""

import numpy as np
import pytest

import npvae
from npvae.inference.own_optimizer import check_optimizer, state_of, take_up_state
from npvae.inference.own_parts import check_posterior, check_schedule, check_solver_parts

MODEL, ENCODER = npvae.mlp_model(2, [4], 3, rng=0), npvae.mlp([3, 4], rng=0)


def posterior(change_q=lambda q: q, change_back=lambda back: back):
    """The encoder's rows, changed."""
    def make(encoder, model):
        def rows(x, index=None):
            q, back = encoder(x)
            seen.append((x, model))
            return change_q(q), change_back(back)

        return rows

    seen = make.seen = []
    return make


def test_a_posterior_is_asked_for_a_few_rows_with_theta_held():
    make = posterior()
    check_posterior(make, ENCODER, MODEL)
    (x, model), = make.seen
    np.testing.assert_array_equal(x, MODEL.decode(MODEL.latent.sample_prior(7, np.random.default_rng(0))))
    assert model.likelihood.dlog_sigma is None


@pytest.mark.parametrize("make, says", [
    (3, "make_posterior is 3, expected a function"), (lambda encoder: None, "make_posterior fails .*TypeError"),
    (lambda encoder, model: model.spam, "make_posterior fails .*AttributeError"),
    (lambda encoder, model: None, "make_posterior returns is None"),
    (posterior(lambda q: q[:, :3]), "q of rows has shape .7, 3.*expected .7, 4."),
    (posterior(lambda q: q[:1]), "q of rows has shape"),
    (posterior(change_back=lambda back: None), "expected 2 things"),
    (posterior(change_back=lambda back: lambda dq: dq.spam), "the back of rows fails with .7, 4.")])
def test_what_is_wrong_with_a_posterior_is_said(make, says):
    with pytest.raises(ValueError, match=says):
        check_posterior(make, ENCODER, MODEL)


class Falling:
    """λ, and how often it was asked."""

    asked = 0

    def __call__(self, sweep):
        self.asked += 1
        return 0.1 / (1 + sweep)


@pytest.mark.parametrize("schedule, says", [
    (lambda: 0.1, "fails .TypeError"), (lambda sweep: -0.1, "learning_rate is -0.1"),
    (lambda sweep: 1 / sweep, "fails with|fails .ZeroDivisionError"), (lambda sweep: "a", "learning_rate is 'a'"),
    (lambda sweep: np.inf, "learning_rate is inf")])
def test_a_schedule_answers_the_first_sweep_with_a_number(schedule, says):
    with pytest.raises(ValueError, match=says):
        check_schedule("learning_rate", schedule)


def test_numbers_pass_and_a_schedule_that_counts_is_asked_in_a_copy():
    schedule = Falling()
    for right in (0.1, None, schedule, lambda sweep: 0.0):
        check_schedule("learning_rate", right)
    assert schedule.asked == 0


class Nodes(npvae.MonteCarlo):
    """A rule of one's own that answers another shape."""

    def __call__(self, rng, batch, dim, dtype=float):
        return super().__call__(rng, batch, dim + 1, dtype)


@pytest.mark.parametrize("settings, says", [
    ({"noise": Nodes()}, "shape"), ({"optimizer": 3}, "optimizer is 3"), ({"beta": lambda sweep: -1.0}, "beta is -1"),
    ({"learning_rate": lambda: 1.0}, "fails"), ({"encoder": npvae.mlp([3, 5])}, "5 numbers a row"),
    ({"make_posterior": 3}, "make_posterior is 3")])
def test_every_part_of_a_solver_is_looked_at(settings, says):
    solver = npvae.AmortizedVI(MODEL, 1)
    check_solver_parts(solver)
    for name, value in settings.items():
        setattr(solver, name, value)
    with pytest.raises(ValueError, match=says):
        check_solver_parts(solver)


def test_a_latent_with_all_z_as_nodes_needs_no_rule():
    solver = npvae.VariationalEM(npvae.mixture_of_gaussians(3, 2), 1)
    solver.noise, solver.q_learning_rate = Nodes(), lambda sweep: -1.0
    with pytest.raises(ValueError, match="q_learning_rate is -1"):
        check_solver_parts(solver)
    solver.q_learning_rate = 0.1
    check_solver_parts(solver)


class Momentum:
    """SGD that remembers: v and how many steps it has made."""

    def __init__(self, value, grad, learning_rate, maximize=False):
        self.value, self.grad, self.learning_rate, self.maximize = value, grad, learning_rate, maximize
        self.v, self.t = np.zeros_like(value), 0

    def step(self):
        self.t += 1
        self.v[...] = 0.9 * self.v + self.grad / self.t
        self.value += (1 if self.maximize else -1) * self.learning_rate * self.v


def test_the_state_of_an_optimizer_is_what_goes_on_with_it():
    check_optimizer(Momentum)
    value, grad = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    optimizer = Momentum(value, grad, 0.1, maximize=True)
    for _ in range(3):
        optimizer.step()
    state = state_of(optimizer)
    assert sorted(state) == ["t", "v"] and state["t"] == 3 and not np.shares_memory(state["v"], optimizer.v)
    twin = Momentum(value.copy(), grad, 0.1, maximize=True)
    twin.v[...] = 7
    take_up_state(twin, state)
    for one in (optimizer, twin):
        one.step()
    np.testing.assert_array_equal(twin.value, optimizer.value)
    assert type(twin.t) is int and twin.t == 4
    with pytest.raises(ValueError, match="the optimizer's state has .*expected"):
        take_up_state(twin, {"v": np.zeros(3), "t": 1})


class Downhill(Momentum):
    """Looks at neither maximize nor its name."""

    def __init__(self, value, grad, learning_rate, maximize=False):
        super().__init__(value, grad, learning_rate)


class Sideways(Momentum):
    """Climbs in the first number, and in the second against the gradient, twice as far in all."""

    def step(self):
        self.value += self.learning_rate * np.abs(self.grad)


@pytest.mark.parametrize("kind, says", [
    (Downhill, "walks downhill"), (Sideways, "walks downhill"), (lambda value: None, "is not called as"),
    (type("Still", (Momentum,), {"step": lambda self: None}), "leaves value as it is"),
    (type("Odd", (Momentum,), {"restore": lambda self, arrays: arrays["spam"], "arrays": lambda self: {}}), "saved")])
def test_an_optimizer_that_does_not_climb_is_refused(kind, says):
    with pytest.raises(ValueError, match=says):
        check_optimizer(kind)
