"""A posterior and a schedule of one's own are tried when a solver is built of them."""

import numpy as np
import pytest

import npvae
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


def test_a_posterior_is_asked_for_two_rows_with_theta_held():
    make = posterior()
    check_posterior(make, ENCODER, MODEL)
    (x, model), = make.seen
    np.testing.assert_array_equal(x, MODEL.decode(np.zeros((2, 2))))
    assert model.likelihood.dlog_sigma is None


@pytest.mark.parametrize("make, says", [
    (3, "make_posterior is 3, expected a function"), (lambda encoder: None, "make_posterior fails .*TypeError"),
    (lambda encoder, model: model.spam, "make_posterior fails .*AttributeError"),
    (lambda encoder, model: None, "make_posterior returns is None"),
    (posterior(lambda q: q[:, :3]), "q of rows has shape .2, 3.*expected .2, 4."),
    (posterior(lambda q: q[:1]), "q of rows has shape"),
    (posterior(change_back=lambda back: None), "expected 2 things"),
    (posterior(change_back=lambda back: lambda dq: dq.spam), "the back of rows fails with .2, 4.")])
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
