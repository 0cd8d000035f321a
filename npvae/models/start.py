"""Where θ starts: at the data, whatever their units. What a user gave stays as it was given."""

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from npvae.declared import declares
from npvae.models.data import Moments, moments, some_rows
from npvae.models.data.batches import LENGTH, RUNS
from npvae.nn import Affine, Chain, Standardised, Unstandardise, as_drawn
from npvae.parts import is_own


def started(model, X: np.ndarray, rng: np.random.Generator, rows: np.ndarray | None = None,
            found: Moments | None = None, gather: Callable | None = None):
    """The model with what was drawn at random, and a σ_g that was not given, started at the data.

    A decoder as drawn, h, becomes g(z) = c + s h(z) with g(z̄) = x̄ at the prior's mean z̄ and s the data's unit, two
    standard deviations; a mixture's means become rows far apart. σ_g starts at the standard deviation about x̄.

    `rng` chooses the rows where a mixture's means start; only `rows` of X (m, D) are looked at, and `found` are their
    moments where they are known. Of data that lie on several ranks, X being one's own, `gather` gives a value of each.
    """
    found = moments(X, rows, gather) if found is None else found
    likelihood, decoder = model.likelihood, model.decoder
    if drawn_decoder(decoder) and hasattr(likelihood, "output_for"):
        x_bar, scale = likelihood.output_for(found.mean), likelihood.output_scale(found.scale)
        if declares(model.latent, "nodes are all z") and len(_layers(decoder)) == 1:
            some = some_rows(X, rng, rows) if gather is None else _rows_of_all(X, rng, rows, gather)
            means = rows_apart(np.where(np.isnan(some), found.mean, some), model.latent.dim, rng)
            # g at the one-hot k is x̄ + s W_k
            W = (likelihood.output_for(means) - x_bar) / scale
            decoder = Chain((Affine(W, np.zeros(W.shape[1])), Unstandardise(x_bar, scale)))
        else:
            decoder = in_units(decoder, model.latent.mean(model.latent.prior_row()[None]), x_bar, scale)
    if hasattr(likelihood, "with_variance"):
        likelihood = _at_variance(likelihood, found.variance)
    return replace(model, decoder=decoder, likelihood=likelihood)


def _at_variance(likelihood, V):
    # one of the user's notes where it was started, for what it has made of it may be no parameter
    twin = likelihood.with_variance(V)
    if is_own(likelihood) and V > 0:
        twin = copy.copy(twin)
        object.__setattr__(twin, "_started_at", V)
    return twin


def _rows_of_all(X, rng, rows, gather):
    # of each rank its share, so that what is drawn from them is the same on all
    own = len(X) if rows is None else len(rows)
    m, (run,) = sum(gather(own)), rng.spawn(1)
    runs = RUNS if m <= RUNS * LENGTH else max(1, round(RUNS * own / m))
    return np.concatenate(gather(some_rows(X, run, rows, runs)))


def drawn_decoder(decoder) -> bool:
    """Whether a decoder holds weights as drawn and ends in an affine layer, so that its outputs may be anywhere."""
    return as_drawn(decoder) and hasattr(_layers(decoder)[-1], "drawn")


def in_units(decoder, z_bar: np.ndarray, x_bar: np.ndarray, scale: float) -> Chain:
    """g(z) = c + s h(z) for a decoder h as drawn, with c = x̄ − s h(z̄), so that g(z̄) = x̄; z̄ is (1, K)."""
    center = x_bar - scale * decoder(z_bar)[0][0]
    return Chain((*_layers(given(decoder)), Unstandardise(center, scale)))


def standardised(encoder, found: Moments):
    """f((x − x̄)/s) for an encoder f as drawn and the `Moments` of the data; one that was given stays as it is."""
    if not as_drawn(encoder):
        return encoder
    return Standardised(Chain(_layers(given(encoder))), found.mean, found.scale)


def constants(model_parts: dict) -> dict[str, np.ndarray]:
    """What a fit has taken from its data and no gradient moves, by name: copies, to be saved beside the parameters.

    The parts are "decoder", "encoder", and a "likelihood" whose σ_g was taken from the data and is held, or that is a
    user's and was started at the data's variance.
    """
    found = {}
    for name, part in model_parts.items():
        units = part if _in_data_units(part) else _layers(part)[-1]
        if _in_data_units(units):
            found |= {f"{name}.center": np.array(units.center, float), f"{name}.scale": np.array(units.scale, float)}
        elif hasattr(part, "_started_at"):
            found[f"{name}.variance"] = np.array(part._started_at, float)
        elif name == "likelihood":
            found[f"{name}.sigma_g"] = np.array(part.sigma_g)
    return found


def with_constants(model_parts: dict, constants: dict[str, np.ndarray]) -> dict:
    """The parts with what `constants` gave, as they were when it was called."""
    parts = dict(model_parts)
    for name, part in model_parts.items():
        center, scale = (constants.get(f"{name}.{what}") for what in ("center", "scale"))
        if center is not None and name == "encoder":
            parts[name] = Standardised(getattr(part, "network", part), center, scale)
        elif center is not None:
            layers = [layer for layer in _layers(part) if not _in_data_units(layer)]
            parts[name] = Chain((*layers, Unstandardise(center, scale)))
        elif f"{name}.variance" in constants:
            parts[name] = _at_variance(part, float(constants[f"{name}.variance"]))
        elif f"{name}.sigma_g" in constants:
            parts[name] = part.with_variance(float(constants[f"{name}.sigma_g"]) ** 2)
    return parts


def given(network):
    """The same network, whose weights no fit starts anew, drawn or not."""
    return network.given() if hasattr(network, "given") else network


def _layers(network):
    # a network of the user's is one layer, whatever it is made of
    return (network,) if is_own(network) else getattr(network, "layers", (network,))


def _in_data_units(part):
    return getattr(part, "in_data_units", False)


def rows_apart(X: np.ndarray, K: int, rng: np.random.Generator) -> np.ndarray:
    """K rows of X (m, D) that lie apart, (K, D): greedy k-means++ (Arthur & Vassilvitskii 2007).

    Each is the best of a few rows drawn with chances proportional to their squared distance from the nearest of those
    chosen before: the one that leaves the smallest sum of these.

    Examples
    --------
    >>> X = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> sorted(rows_apart(X, 2, np.random.default_rng(0)).round().ravel().tolist())
    [0.0, 5.0]
    """
    chosen = [X[rng.integers(len(X))]]
    nearest = ((X - chosen[0]) ** 2).sum(1)                 # (m,)
    while len(chosen) < K:
        total = nearest.sum()
        chances = nearest / total if total > 0 else None    # rows that are all alike have the same chances
        tried = rng.choice(len(X), 2 + int(np.log(K)), p=chances)
        distances = [np.minimum(nearest, ((X - X[i]) ** 2).sum(1)) for i in tried]
        best = int(np.argmin([d.sum() for d in distances]))
        chosen.append(X[tried[best]])
        nearest = distances[best]
    return np.stack(chosen)

