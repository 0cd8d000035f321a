"""The user's optimizers and schedules in solvers and estimators: they move the same vector, and are saved by name."""

import functools

import numpy as np
import pytest

import npvae
from npvae.autoencoders import load
from npvae.inference import AmortizedVI, DivergenceError
from npvae.inference.schedules import cosine
from npvae.models import mlp_model

X = np.random.default_rng(0).normal(size=(90, 5))
SMALL = dict(latent_dim=2, hidden=(8,), batch_size=20, progress=False)
KINDS = pytest.mark.parametrize("kind", [npvae.VAE, npvae.Autoencoder])


class Nesterov:
    """v ← γ v + ∇, θ ← θ + λ (γ v + ∇), without any method that is not needed."""

    def __init__(self, value, grad, learning_rate, maximize=True):
        self.value, self.grad, self.learning_rate, self.sign = value, grad, learning_rate, 1 if maximize else -1
        self.v, self.t = np.zeros_like(value), 0

    def step(self):
        self.t += 1
        self.v *= 0.8
        self.v += self.grad
        self.value += self.sign * self.learning_rate * (0.8 * self.v + self.grad)


class MyAdam(npvae.Adam):
    pass


def falling(sweep):
    return 0.01 / (1 + sweep)


def rising(sweep):
    return min(1.0, (1 + sweep) / 3)


def test_an_optimizer_of_the_users_that_is_adam_gives_the_same_bits():
    solvers = [AmortizedVI(mlp_model(2, [8], 5), sweeps=3, **given).fit(X) for given in ({}, {"optimizer": MyAdam})]
    assert solvers[0].parameters.value.tobytes() == solvers[1].parameters.value.tobytes()
    assert isinstance(solvers[1].run.optimizer, MyAdam)


@KINDS
@pytest.mark.parametrize("optimizer", [Nesterov, npvae.SGD, functools.partial(npvae.SGD, momentum=0.5)])
def test_it_learns_and_its_first_step_is_its_own(kind, optimizer):
    measure = "elbo" if kind is npvae.VAE else "squared_error"
    model = kind(**SMALL, sweeps=40, learning_rate=5e-3, optimizer=optimizer).fit(X)
    gain = model.history_[measure][-1] - model.history_[measure][0]
    assert gain > 0.05 if kind is npvae.VAE else gain < -0.05


@KINDS
def test_a_resumed_fit_goes_on_bit_by_bit_also_from_a_file(kind, tmp_path):
    settings = dict(**SMALL, learning_rate=falling, optimizer=Nesterov)
    whole, part = kind(**settings, sweeps=4).fit(X), kind(**settings, sweeps=2).fit(X)
    part.save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz", optimizer=Nesterov, learning_rate=falling)
    assert again.optimizer is Nesterov and again.solver_.run.optimizer.t == part.solver_.run.optimizer.t > 0
    for model in (part, again):
        model.set_params(sweeps=4).fit(X, resume=True)
        assert model.solver_.parameters.value.tobytes() == whole.solver_.parameters.value.tobytes()


def test_a_schedule_of_beta_is_what_warm_up_is():
    first = npvae.VAE(**SMALL, sweeps=4, kl_warm_up=3).fit(X)
    second = npvae.VAE(**SMALL, sweeps=4, beta=rising).fit(X)
    assert first.solver_.parameters.value.tobytes() == second.solver_.parameters.value.tobytes()
    with pytest.raises(ValueError, match="both a schedule of beta and kl_warm_up 3"):
        npvae.VAE(**SMALL, beta=rising, kl_warm_up=3).fit(X)


def test_a_schedule_of_lambda_has_its_own_end():
    first = npvae.VAE(**SMALL, sweeps=4, learning_rate=0.01, final_learning_rate=1e-4).fit(X)
    second = npvae.VAE(**SMALL, sweeps=4, learning_rate=cosine(0.01, 1e-4, 4)).fit(X)
    assert first.solver_.parameters.value.tobytes() == second.solver_.parameters.value.tobytes()


def test_a_part_that_is_not_in_the_file_is_asked_for(tmp_path):
    path = tmp_path / "m.npz"
    npvae.VAE(**SMALL, sweeps=1, optimizer=Nesterov, beta=rising).fit(X).save(path)
    with pytest.raises(ValueError, match="optimizer Nesterov, beta rising, which are not in the file: hand them over"):
        npvae.VAE.load(path)
    with pytest.raises(ValueError, match="trained with beta rising, which is not in the file"):
        load(path, optimizer=Nesterov)
    with pytest.raises(ValueError, match="trained with optimizer Nesterov, got .*SGD"):
        load(path, optimizer=npvae.SGD, beta=rising)
    with pytest.raises(ValueError, match="got sigma_g, which is no part of the user's in it; it has optimizer, beta"):
        load(path, optimizer=Nesterov, beta=rising, sigma_g=1)
    npvae.VAE(**SMALL, sweeps=1, optimizer=npvae.SGD).fit(X).save(path)
    assert load(path).optimizer is npvae.SGD
    with_momentum = functools.partial(npvae.SGD, momentum=0.5)
    npvae.VAE(**SMALL, sweeps=1, optimizer=with_momentum).fit(X).save(path)
    with pytest.raises(ValueError, match="trained with optimizer partial of SGD"):
        load(path)
    assert load(path, optimizer=with_momentum).solver_.run.optimizer.momentum == 0.5


def test_after_a_divergence_it_begins_anew():
    solver = AmortizedVI(mlp_model(2, [8], 5), sweeps=30, learning_rate=1e6, optimizer=Nesterov)
    with pytest.raises(DivergenceError):
        solver.fit(X)
    assert not solver.run.optimizer.v.any() and solver.run.optimizer.t == 0


class Without(Nesterov):
    step = property()


class Still(Nesterov):
    def step(self):
        self.value = self.value + self.grad


class Downhill(Nesterov):
    def step(self):
        self.value -= self.grad


@pytest.mark.parametrize("optimizer, message", [
    ("sgd", "optimizer is 'sgd', expected a class"), (lambda value, grad: 0, "is not called as optimizer"),
    (Without, "without step"), (Still, "leaves value as it is"), (Downhill, "walks downhill"),
    (npvae.SGD(np.zeros(2), np.zeros(2)), "expected a class"), (lambda *a, **k: a, "without step")])
def test_what_is_no_optimizer_is_refused_when_the_solver_is_built(optimizer, message):
    with pytest.raises(ValueError, match=message):
        AmortizedVI(mlp_model(2, [8], 5), optimizer=optimizer)
    with pytest.raises(ValueError, match=message):
        npvae.VAE(**SMALL, optimizer=optimizer).fit(X)
