"""p_θ(x, z) = p(z) p_θ(x|z): a latent family, a decoder and a likelihood, in any combination.

    Categorical × affine × Gaussian    mixture of Gaussians
    Gaussian    × affine × Gaussian    probabilistic PCA
    Gaussian    × MLP    × Gaussian    the lecture's variational autoencoder
    Gaussian    × MLP    × Bernoulli   the variational autoencoder of most papers
"""

from dataclasses import dataclass, replace

import numpy as np

from npvae.arrays import finite_rows, real_array
from npvae.checks import as_generator, shown, truth, whole, wholes
from npvae.declared import declares
from npvae.models.data import as_batch
from npvae.models.latents import Categorical, Gaussian
from npvae.models.likelihoods import GaussianLikelihood
from npvae.models.start import given, started
from npvae.nn import lay_out, mlp, tanh
from npvae.nn.parameters import check_network


@dataclass(frozen=True)
class LatentVariableModel:
    """A generative model z ~ p(z), x ~ p_θ(x|z) = likelihood(x; decoder(z)).

    Parameters
    ----------
    latent : Gaussian or Categorical
    decoder : network
        Maps z (B, K) to what the likelihood takes: g(z) (B, D), or logits.
    likelihood : GaussianLikelihood or BernoulliLikelihood

    Raises
    ------
    ValueError
        If the decoder does not take rows of K numbers, has no `arrays()` and `on()`, or was built with
        `input_gradient=False`.

    Examples
    --------
    >>> model = LatentVariableModel(Gaussian(2), mlp([2, 64, 64]), GaussianLikelihood())
    >>> x, z = model.sample(5, np.random.default_rng(0))
    >>> x.shape, z.shape
    ((5, 64), (5, 2))
    """

    latent: object
    decoder: object
    likelihood: object

    closed_forms = frozenset({"likelihood of the decoder's output"})

    def __post_init__(self):
        check_latent(self.latent)
        check_part("likelihood", self.likelihood, ("log_prob", "mean", "arrays", "on"), "npvae.GaussianLikelihood()")
        check_network("decoder", self.decoder)
        if not declares(self.latent, "nodes are all z") and not _input_gradient(self.decoder):
            raise ValueError(f"the decoder {self.decoder} was built with input_gradient=False, but the gradient for z "
                             "flows through its input: build it with input_gradient=True")
        try:
            g, back = self.decoder(np.zeros((1, self.latent.dim)))
            # a decoder without a backward pass will do for what is computed exactly
            fits = (back is None or callable(back)) and g.ndim == 2 and len(g) == 1 and g.dtype.kind in "fc"
        except (ValueError, TypeError, AttributeError, IndexError) as mismatch:
            raise ValueError(f"the decoder {self.decoder} does not take the {self.latent.dim} numbers of "
                             f"{self.latent}: give it {self.latent.dim} inputs, and layers that return (y, back)"
                             ) from mismatch
        if not fits:
            raise ValueError(f"the decoder {self.decoder} does not return (g, back) with g (B, D) for z (B, "
                             f"{self.latent.dim})")

    @property
    def data_dim(self):
        """D, the number of columns that the data must have."""
        return self.decode(np.zeros((1, self.latent.dim))).shape[1]

    def log_likelihood(self, x, z):
        """log p_θ(x|z) and its backward pass.

        Parameters
        ----------
        x : array (B, D)
        z : array (S, B, K), or (S, 1, K) when every x meets the same nodes

        Returns
        -------
        value (S, B) nats, back : dvalue (S, B) -> dz of the shape of z
        """
        x, (S, B, K) = as_batch(x), z.shape
        g, back_decoder = self.decoder(z.reshape(S * B, K))
        value, back_likelihood = self.likelihood.log_prob(x, g.reshape(S, B, -1))

        def back(dvalue):
            dz = back_decoder(back_likelihood(dvalue).reshape(S * B, -1))
            return None if dz is None else dz.reshape(S, B, K)

        return value, back

    def decode(self, z):
        """E[x|z] for z (B, K): (B, D)."""
        return self.likelihood.mean(self.decoder(z)[0])

    def sample(self, n, rng):
        """Ancestral sampling: z ~ p(z), then x ~ p_θ(x|z).

        Parameters
        ----------
        n : int
        rng : numpy.random.Generator or int

        Returns
        -------
        x (n, D), z (n, K)
        """
        # one generator for both: a seed is not to give z and x the same numbers
        n, rng = whole("n", n), as_generator(rng)
        z = self.latent.sample_prior(n, rng)
        return self.likelihood.sample(self.decoder(z)[0], rng), z

    def arrays(self):
        """θ by name: `latent.…`, `decoder.…`, `likelihood.…`."""
        return {f"{part}.{n}": a for part in ("latent", "decoder", "likelihood")
                for n, a in getattr(self, part).arrays().items()}

    def on(self, parameters, prefix="", gradient=True):
        """The same model with θ in `parameters`; without `gradient` it is held fixed."""
        return replace(self, **{part: getattr(self, part).on(parameters, f"{prefix}{part}.", gradient)
                                for part in ("latent", "decoder", "likelihood")})

    def copy(self, dtype=np.float64, gradient=True):
        """The same model with its own θ, in another dtype if asked; without `gradient` it is held fixed."""
        return self.on(lay_out({"theta": self}, dtype), "theta.", truth("gradient", gradient))

    def started(self, X, rng=0):
        """The same model started at the data X (m, D): weights as drawn, and a σ_g that was not given.

        Weights that were set or trained stay. `rng`, a Generator or a seed, chooses the rows at which a mixture's
        means start.
        """
        return started(self, X, as_generator(rng))

    def given(self):
        """The same model, whose weights a solver takes as they are, even if they were drawn at random."""
        return replace(self, decoder=given(self.decoder))


def check_model(model):
    """The model, or a ValueError unless it has what a `LatentVariableModel` has.

    >>> check_model("pca")
    Traceback (most recent call last):
    ValueError: model is 'pca', expected a LatentVariableModel, e.g. npvae.mlp_model(2, [64], 784), or vae.model_
    """
    # asked for what it has, not for its class: a model may have been made before its module was loaded anew
    if isinstance(model, type) or not all(hasattr(model, part) for part in ("latent", "decoder", "likelihood")):
        raise ValueError(f"model is {shown(model)}, expected a LatentVariableModel, e.g. "
                         "npvae.mlp_model(2, [64], 784), or vae.model_")
    return model


def check_latent(latent):
    """The latent family, or a ValueError unless it has what one has."""
    check_part("latent", latent, ("dim", "row_size", "nodes", "kl", "arrays", "on"), "npvae.Gaussian(2)")
    return latent


def check_part(role, part, members, example):
    """Raise a ValueError unless a part of a model has the members that are asked of it."""
    # a class in place of its instance has the methods, but nothing that they could be called on
    missing = [name for name in members if isinstance(part, type) or not hasattr(part, name)]
    if missing:
        raise ValueError(f"{role} is {shown(part)}, which has no {', '.join(missing)}; expected an object with "
                         f"{', '.join(members)}, e.g. {example}")


def _input_gradient(network):
    return getattr(getattr(network, "layers", (network,))[0], "input_gradient", True)


def mixture_of_gaussians(components, data_dim, sigma_g=None, rng=None, means=None):
    """Categorical × affine × Gaussian: p(x) = Σ_k π_k N(x; μ_k, σ_g² I), with μ_k = W_k + b.

    Parameters
    ----------
    components, data_dim : int
        K and D.
    sigma_g : float, optional
        Fixed if given, else learned.
    rng : numpy.random.Generator or int, optional
        Draws the initial means. They are those of a model that has met no data: a solver starts them at rows of its
        data that lie apart.
    means : array (K, D), optional
        The initial means instead, at which a solver starts, too.

    Returns
    -------
    model : LatentVariableModel

    Raises
    ------
    ValueError
        If `means` is not (K, D).

    Examples
    --------
    >>> mixture_of_gaussians(3, 2).latent
    Categorical(3)
    """
    components, data_dim = whole("components", components), whole("data_dim", data_dim)
    decoder = mlp([components, data_dim], rng=rng)
    if means is not None:
        means = real_array("means", means)
        if means.shape != (components, data_dim):
            raise ValueError(f"means has shape {means.shape}, expected {(components, data_dim)}: one row for each "
                             "component")
        finite_rows("the mean", means, "give finite numbers, e.g. some rows of the data")
        decoder.layers[0].b[...] = means.mean(0)
        decoder.layers[0].W[...] = means - decoder.layers[0].b
    return LatentVariableModel(Categorical(components), decoder, GaussianLikelihood(sigma_g))


def probabilistic_pca(latent_dim, data_dim, sigma_g=None, rng=None):
    """Gaussian × affine × Gaussian: x = zW + b + σ_g ε (Tipping & Bishop 1999, whose W is the transpose).

    Parameters
    ----------
    latent_dim, data_dim : int
        K and D.
    sigma_g : float, optional
        Fixed if given, else learned.
    rng : numpy.random.Generator or int, optional
        Draws the initial W and b; without one the sizes seed them.

    Returns
    -------
    model : LatentVariableModel

    Examples
    --------
    >>> probabilistic_pca(2, 5).decoder
    chain(Affine(2, 5))
    """
    return LatentVariableModel(Gaussian(latent_dim), mlp([latent_dim, data_dim], rng=rng),
                               GaussianLikelihood(sigma_g))


def mlp_model(latent_dim, hidden, data_dim, likelihood=None, activation=tanh, rng=None):
    """Gaussian × MLP × any likelihood: the generative half of a variational autoencoder.

    Parameters
    ----------
    latent_dim, data_dim : int
        K and D.
    hidden : sequence of int
        Units of the hidden layers, from the latent to the data.
    likelihood : likelihood, optional
        `GaussianLikelihood()` by default: σ_g learned.
    activation : layer function
        Between the affine layers.
    rng : numpy.random.Generator or int, optional
        Draws the initial weights; without one the sizes seed them.

    Returns
    -------
    model : LatentVariableModel

    Examples
    --------
    >>> mlp_model(2, [64], 784).decoder
    chain(Affine(2, 64), tanh, Affine(64, 784))
    """
    likelihood = GaussianLikelihood() if likelihood is None else likelihood
    sizes = [latent_dim, *wholes("hidden", hidden), data_dim]
    return LatentVariableModel(Gaussian(latent_dim), mlp(sizes, activation, rng), likelihood)
