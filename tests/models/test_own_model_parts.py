"""A latent family and a likelihood of one's own are tried on tiny arrays: what answers in another shape is named."""

import numpy as np
import pytest

import npvae
from npvae.models.own_parts import B, S, example_data, tried_latent, tried_likelihood


class Latent(npvae.Gaussian):
    """The package's, in a module of the user's."""


class Likelihood(npvae.LaplaceLikelihood):
    """The package's, in a module of the user's."""


G = np.zeros((1, 3))


def changed(kind, name, change):
    """A class whose method answers something else."""
    return type(kind.__name__, (kind,), {name: lambda self, *a, **k: change(getattr(kind, name)(self, *a, **k))})


def value(change):
    return lambda answer: (change(answer[0]), *answer[1:])


def back(change):
    return lambda answer: (*answer[:-1], lambda *d: change(answer[-1](*d)))


def test_parts_that_are_right_pass_and_stay_as_they_were():
    latent, likelihood = Latent(2), Likelihood(0.5, learn=True)
    assert tried_latent(latent) is latent and tried_likelihood(likelihood, G) is likelihood
    assert likelihood.b == pytest.approx(0.5, rel=1e-15) and likelihood.dlog_b == 0


@pytest.mark.parametrize("name, change", [
    ("nodes", value(lambda z: z[:, :1, :1])), ("nodes", value(lambda z: z[0])), ("nodes", lambda answer: answer[:2]),
    ("nodes", lambda answer: (answer[0], answer[1][0], answer[2])), ("nodes", back(lambda dq: dq[:, :2])),
    ("kl", value(np.sum)), ("kl", value(lambda kl: kl[:, None])), ("kl", back(lambda dq: dq.sum(0))),
    ("log_prior", lambda a: a[..., None]), ("log_q", lambda a: a.T), ("sample", lambda z: z[0]),
    ("sample_prior", lambda z: z[:1]), ("mean", lambda a: a[:, :1]), ("prior_row", lambda row: row[None]),
    ("starting_rows", lambda q: q[:1]), ("arrays", lambda a: []), ("on", lambda twin: None)])
def test_a_latent_familys_method_is_named(name, change):
    with pytest.raises(ValueError, match=f"`{name}` of Latent .*expected"):
        tried_latent(changed(Latent, name, change)(2))


@pytest.mark.parametrize("name, change", [
    ("log_prob", value(lambda v: v.sum(1))), ("log_prob", value(lambda v: v[:1])),
    ("log_prob", back(lambda dg: dg[:, :, :2])), ("log_prob", back(lambda dg: dg[0])), ("mean", lambda x: x[:1]),
    ("mean", lambda x: x.sum()), ("sample", lambda x: x[0]), ("output_for", lambda g: g[..., :1]),
    ("output_scale", lambda s: -s), ("output_scale", lambda s: np.array([s])), ("arrays", lambda a: None),
    ("on", lambda twin: type(twin)), ("on", lambda twin: Likelihood(0.5, learn=True))])
def test_a_likelihoods_method_is_named(name, change):
    with pytest.raises(ValueError, match=f"`{name}` of Likelihood .*expected"):
        tried_likelihood(changed(Likelihood, name, change)(0.5, learn=True), G)


@pytest.mark.parametrize("name", ["check", "with_variance"])
def test_a_method_that_fails_is_named_with_its_error(name):
    def fails(self, *arguments):
        raise KeyError("spam")

    with pytest.raises(ValueError, match=f"`{name}` of Likelihood fails.*KeyError.*spam"):
        tried_likelihood(type("Likelihood", (Likelihood,), {name: fails})(0.5), G)
    with pytest.raises(ValueError, match="what `with_variance` returns is None"):
        tried_likelihood(changed(Likelihood, "with_variance", lambda twin: None)(0.5), G)


@pytest.mark.parametrize("size", [0, 1.5, True, None])
def test_a_size_that_is_no_whole_number_is_named(size):
    latent = Latent(2)
    latent.row_size = size
    with pytest.raises(ValueError, match=f"`row_size` of Latent is {size!r}"):
        tried_latent(latent)


def test_a_latent_family_is_tried_beside_its_priors_row():
    rows = []

    class Far(Latent):
        def prior_row(self):
            return np.array([5.0, -3.0, 1.0, 2.0])

        def kl(self, q):
            rows.append(q - self.prior_row())
            return super().kl(q)

    tried_latent(Far(2))
    assert 0.001 < np.abs(rows).min() and 0.05 < np.abs(rows).max() < 0.4


def test_a_likelihood_is_tried_beside_the_outputs_that_it_will_meet():
    far, rows = np.array([[5.0, -3.0, 700.0]]), []

    class Noted(Likelihood):
        def log_prob(self, x, g):
            rows.append(g - far)
            return super().log_prob(x, g)

    tried_likelihood(Noted(0.5), far)
    assert [r.shape for r in rows] == [(S, 1, 3), (S, B, 3)]
    assert np.abs(rows[1]).max() < 0.4 and 0.07 < rows[1].std() < 0.15


def test_a_decoder_may_return_more_numbers_than_x_has():
    class Pair(Likelihood):
        def log_prob(self, x, g):
            v, b = super().log_prob(x, g[:, :, :2])
            return v, lambda dv: np.concatenate([b(dv), np.zeros((S, B, 1))], axis=2)

        def mean(self, g):
            return g[:, :2]

        sample = output_for = output_scale = None

    with pytest.raises(ValueError, match="Pair lacks `sample`"):
        tried_likelihood(Pair(0.5), G)
    del Pair.sample, Pair.output_for, Pair.output_scale
    with pytest.raises(ValueError, match="`sample` of Pair has shape .7, 3. .*expected .7, 2."):
        tried_likelihood(Pair(0.5), G)


def test_the_data_of_a_trial_are_draws_or_means():
    g = np.array([[1.0, 2.0, 3.0]] * 2)
    drawn = example_data(Likelihood(0.5), g, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, Likelihood(0.5).sample(g, np.random.default_rng(0)))
    bare = type("Bare", (), {"log_prob": None, "mean": lambda self, g: 2 * g})()
    np.testing.assert_array_equal(example_data(bare, g, np.random.default_rng(0)), 2 * g)
