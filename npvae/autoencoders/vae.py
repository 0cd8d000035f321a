"""The variational autoencoder: the lecture's amortized solver, held by scikit-learn's verbs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import OUT_OF_RANGE, finite_rows
from npvae.autoencoders.coordinates import ACTIVE, aggregate_covariance, kl_by_coordinate, variance_of_means
from npvae.autoencoders.estimator import Estimator
from npvae.autoencoders.settings import (
    LIKELIHOODS,
    check_choice,
    learning_rate,
    likelihood,
    networks,
    number_or_schedule,
)
from npvae.checks import LARGEST, as_generator, positive, real, shown, truth, whole
from npvae.declared import declares
from npvae.inference import AmortizedVI, importance_weighted_bound
from npvae.inference.schedules import warm_up
from npvae.models import Gaussian, LatentVariableModel, MonteCarlo
from npvae.models.own_parts import check_likelihood
from npvae.parts import name_of


@dataclass(eq=False)
class VAE(Estimator):
    """A variational autoencoder with scikit-learn's verbs (Kingma & Welling 2014; Rezende et al. 2014).

        max_{φ, θ} Σ_i E_{q_φ(z|x^i)} log p_θ(x^i|z) − KL(q_φ(z|x^i) ‖ N(0, I)),   q_φ = N(μ_φ(x), diag σ_φ(x)²)

    Parameters
    ----------
    latent_dim, hidden, activation, sweeps, seconds, batch_size, learning_rate, final_learning_rate, held_out,
    patience, seed, dtype, progress, optimizer, decoder, encoder
        As in `Estimator`.
    likelihood : "gaussian", "bernoulli", "poisson", "laplace" or an object such as `npvae.SeenPixelsLikelihood()`
        p_θ(x|z) = N(x; g(z), σ_g² I), Bernoulli for data in [0, 1], Poisson for counts, Laplace, its width learned, or
        yours.
    latent : Gaussian, FullGaussian, Categorical or yours, optional
        p(z) and the family of q; `Gaussian(latent_dim)` by default.
    make_posterior : callable (encoder, model) -> posterior, optional
        As in `AmortizedVI`: `npvae.SemiAmortized` takes steps of argmax_q from the encoder's row.
    sigma_g
        Fixes σ_g, in the data's units ([0, 1] for uint8 images); without it σ_g is learned.
    alpha
        Fixes it by the lecture's α = 1/(2σ_g²) instead.
    samples
        S, the draws z ~ q_φ(z|x) in each step; 1 is the lecture's one-sample approximation.
    beta : float, or callable sweep (from 0) -> float
        Weight of the KL in what is maximised; only 1 makes that the ELBO.
    kl_warm_up
        Sweeps over which the weight rises to `beta`; 0 begins there.

    Attributes
    ----------
    solver_ : AmortizedVI
    history_ : History
        Per sweep: sweep; elbo = reconstruction − kl (nats, means over the rows), reconstruction being E_q log p_θ(x|z);
        seconds; held_out (nats) if rows were held out.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> vae = VAE(latent_dim=2, hidden=(8,), sweeps=5, seed=0).fit(X)
    >>> vae.transform(X).shape, vae.sample(3).shape, vae.elbo(X).shape
    ((200, 2), (3, 5), (200,))
    """

    likelihood: object = "gaussian"
    sigma_g: float | None = None
    alpha: float | None = None
    samples: int = 1
    beta: float = 1.0
    kl_warm_up: int = 0
    latent: object = None
    make_posterior: object = None

    @property
    def model_(self) -> LatentVariableModel:
        """The trained generative model p_θ(x, z)."""
        return self._fitted.model

    @property
    def sigma_g_(self) -> float | None:
        """σ_g as learned or given, in the data's units; √2 b of a Laplace one; None where there is none."""
        return getattr(self.model_.likelihood, "sigma_g", None)

    def inverse_transform(self, Z: ArrayLike) -> np.ndarray:
        """E[x|z] for codes Z (B, K), (B, D): g_θ(z); its sigmoid (Bernoulli), its exponential (Poisson)."""
        return self._fitted.model.decode(self._read_codes(Z))

    def sample(self, n: int = 1, rng: np.random.Generator | int | None = None, noise: bool = False) -> np.ndarray:
        """Generate z ~ p(z) and (n, D) numbers from it in the data's units ([0, 1] for uint8 images).

        They are E[x|z], as `inverse_transform` gives them; with `noise`, x ~ p_θ(x|z). `rng` is by default the model's
        seed.
        """
        n, rng, model = whole("n", n, most=LARGEST), as_generator(self.seed if rng is None else rng), self._fitted.model
        return model.sample(n, rng)[0] if truth("noise", noise) else model.decode(model.latent.sample_prior(n, rng))

    def elbo(self, X: ArrayLike) -> np.ndarray:
        """L(x; φ, θ) of each row of X (B, D), on fresh noise, in float64: (B,) nats."""
        return self._fitted.elbo(self._read(X))

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """The ELBO of each row, a lower bound on log p_θ(x): (B,) nats."""
        return self.elbo(X)

    def score(self, X: ArrayLike, y=None) -> float:
        """The mean ELBO over the rows of X (B, D), nats: higher is better."""
        return float(self.elbo(X).mean())

    def kl(self, X: ArrayLike) -> np.ndarray:
        """KL(q_φ(z_k|x) ‖ N(0, 1)) for X (B, D): (B, K) nats a coordinate; one near 0 for all rows is not used.

        A ValueError for a latent family whose coordinates are not independent normal numbers.
        """
        latent = self.model_.latent
        if not (self._has_sigmas and declares(latent, "standard normal prior")):
            raise ValueError(f"{name_of(latent)} has no KL of each coordinate, as Gaussian has: for that of all "
                             "together, take model_.latent.kl(solver_.infer(X))[0]")
        with np.errstate(over="ignore"):
            return finite_rows("the KL", kl_by_coordinate(self._fitted.infer(self._read(X))), OUT_OF_RANGE)

    def active_units(self, X: ArrayLike, threshold: float = ACTIVE) -> np.ndarray:
        """Which coordinates have Var_x(E[z_k|x]) > `threshold` over the rows of X: (K,) bool (Burda et al. 2016)."""
        with np.errstate(over="ignore", invalid="ignore"):
            q = self._rows_to_compare(X)
            variance = variance_of_means(q) if self._has_sigmas else self.model_.latent.mean(q).var(axis=0)
            finite_rows("the variance", variance, OUT_OF_RANGE)
        return variance > real("threshold", threshold, least=0)

    def aggregate_covariance(self, X: ArrayLike) -> np.ndarray:
        """The covariance (K, K) of the aggregate posterior, the mean of q_φ(z|x) over X (B, D); I is the prior's."""
        with np.errstate(over="ignore", invalid="ignore"):
            q, latent = self._rows_to_compare(X), self.model_.latent
            if not self._has_sigmas and not hasattr(latent, "covariance"):
                raise ValueError(f"{name_of(latent)} has no covariance(q), of which the aggregate posterior's is made: "
                                 "give it one, q (B, R) -> Σ_b Cov z (K, K)")
            found = aggregate_covariance(q) if self._has_sigmas else (
                np.cov(latent.mean(q), rowvar=False, bias=True).reshape(latent.dim, -1) + latent.covariance(q) / len(q))
        return finite_rows("the aggregate posterior's covariance", found, OUT_OF_RANGE)

    def log_likelihood(self, X: ArrayLike, samples: int = 1000, seed: int = 12345,
                       proposal: str | None = None) -> np.ndarray:
        """The importance-weighted lower bound on log p_θ(x), L_S = E log 1/S Σ_s p_θ(x, z_s)/q(z_s): (B,) nats.

        It rises to log p_θ(x) with S (Burda et al. 2016), and warns where few draws have a say.

        Of X (B, D), with S draws of z by the seed from `proposal`, as in `importance_weighted_bound`: the encoder's
        q_φ(z|x), "q", or a "mixture" of it, all hills of the posterior that a search finds, and the prior. None is
        "mixture" for latent_dim ≤ 2 and "q" above, where the search takes several times as long as the draws.
        """
        X, model = self._read(X), self.solver_.model
        if proposal is None:
            proposal = "mixture" if model.latent.dim <= 2 else "q"
        return importance_weighted_bound(model, self.solver_.infer(X), X, samples, seed=seed, proposal=proposal)

    def cost(self, X: ArrayLike, convention: str = "minimise") -> np.ndarray:
        """The lecture's C(θ, φ), a row at a time: α‖g_θ(z) − x‖² + KL, z ~ q_φ(z|x), averaged over draws.

        "minimise" is the cost as it stands under the picture of the VAE. "maximise" is its negative, as in the
        derivation from the ELBO: −‖x − g‖²/(2σ_g²) − KL, which is the ELBO without its term −(D/2) log 2πσ_g².

        For X (B, D) it is (B,) nats; a ValueError for another convention, or without a Gaussian likelihood and so
        without α.
        """
        check_choice("convention", convention, ("minimise", "maximise"))
        if self.sigma_g_ is None or not declares(self.model_.likelihood, "isotropic normal"):
            raise ValueError("the cost α‖g(z) − x‖² + KL needs likelihood='gaussian'; use elbo(X)")
        # ELBO = −α E‖g − x‖² − KL − (D/2) log 2πσ_g²
        maximised = self.elbo(X) + 0.5 * self.n_features_in_ * math.log(2 * math.pi * self.sigma_g_**2)
        return maximised if convention == "maximise" else -maximised

    @property
    def code_size(self) -> int:
        """Numbers that the encoder returns: 2K, [μ, log σ], or those of a row of the latent family."""
        return 2 * self.latent_dim if self.latent is None else self.latent.row_size

    @property
    def learns_sigma_g(self) -> bool:
        """Whether log σ_g, or log b of a Laplace likelihood, is one of the parameters."""
        named = isinstance(self.likelihood, str) and self.likelihood in ("gaussian", "laplace")
        return named and self.sigma_g is None and self.alpha is None

    def _check_own_settings(self):
        """Make plain numbers of the settings of the likelihood and of the KL, or a ValueError if they make no sense."""
        if isinstance(self.likelihood, str):
            check_choice("likelihood", self.likelihood, LIKELIHOODS)
        else:
            check_likelihood(self.likelihood)
        self.samples, self.kl_warm_up = whole("samples", self.samples), whole("kl_warm_up", self.kl_warm_up, least=0)
        self.beta = number_or_schedule("beta", self.beta)
        if callable(self.beta) and self.kl_warm_up:
            raise ValueError(f"got both a schedule of beta and kl_warm_up {self.kl_warm_up}: give one of them")
        for name in ("sigma_g", "alpha"):
            if getattr(self, name) is not None:
                setattr(self, name, positive(name, getattr(self, name)))
        if self.sigma_g is not None and self.alpha is not None:
            raise ValueError(f"got both sigma_g {self.sigma_g} and alpha {self.alpha}; alpha is 1/(2 sigma_g²): "
                             "give one of them")
        if self.likelihood != "gaussian" and (self.sigma_g is not None or self.alpha is not None):
            named = str(self.likelihood)
            raise ValueError(f"a {named.title() if named in LIKELIHOODS else named} likelihood has no sigma_g or alpha "
                             "here: leave them out")

    def _new_solver(self, data_dim):
        encoder, decoder = networks(self, data_dim, self.code_size)
        latent = Gaussian(self.latent_dim) if self.latent is None else self.latent
        model = LatentVariableModel(latent, decoder, likelihood(self))
        if model.data_dim != data_dim:
            raise ValueError(f"the decoder {shown(decoder)} and {shown(model.likelihood)} make data of "
                             f"{model.data_dim} numbers, but the data have {data_dim} columns: let them agree")
        return AmortizedVI(
            model, encoder=encoder, sweeps=self.sweeps, seconds=self.seconds, batch_size=self.batch_size,
            learning_rate=learning_rate(self),
            noise=MonteCarlo(self.samples), beta=self._beta(), held_out=self.held_out,
            patience=self.patience, seed=self.seed, dtype=np.dtype(self.dtype).type, progress=self.progress,
            scale=self.scale, optimizer=self.optimizer, comm=self.comm, make_posterior=self.make_posterior)

    def _beta(self):
        return self.beta if callable(self.beta) else warm_up(self.kl_warm_up, self.beta)

    def _encode(self, X):
        # μ_φ(x)
        return self.solver_.model.latent.mean(self.solver_.infer(X))

    @property
    def _has_sigmas(self):
        # whether rows of q are [μ, log σ]
        return declares(self.model_.latent, "nodes are mu + sigma eps")

    def _rows_to_compare(self, X):
        q = self._fitted.infer(self._read(X))
        if len(q) < 2:
            raise ValueError("data has 1 row, expected at least 2: this is about how rows differ")
        return q
