"""What `npvae train` says of the model that it has trained: figures, and what to try where they look odd."""

import numpy as np

from npvae.autoencoders import VAE, Autoencoder
from npvae.autoencoders.coordinates import COLLAPSED
from npvae.datasets import Dataset
from npvae.tables import table

WIDE = 3.0          # mean variance of the codes of all data; the prior's is 1
MEASURED = 2000     # rows of each part of the data that the printed figures are of
TITLES = {
    "kind": "model", "latent_dim": "K", "sweeps": "sweeps over the data", "seconds": "training time (s)",
    "rows_measured": "rows measured, at most", "train_elbo": "ELBO, training data (nats)",
    "test_elbo": "ELBO, test data (nats)", "train_mean_squared_error": "squared error per dimension, training data",
    "test_mean_squared_error": "squared error per dimension, test data", "sigma_g": "sigma_g", "file": "written to",
    "kl": "KL of each coordinate, training data (nats)", "active_units": "coordinates with Var E[z|x] > 0.01",
    "aggregate_covariance": "aggregate posterior's covariance"}


def measure(model: VAE | Autoencoder, data: Dataset) -> dict:
    """The figures of a trained model (a dict): sweeps, seconds, and how well it does on training and test rows."""
    from tqdm import tqdm

    last = model.history_[-1]
    figures = {"kind": type(model).__name__, "latent_dim": model.latent_dim, "sweeps": last["sweep"],
               "seconds": last["seconds"], "rows_measured": MEASURED}
    parts = [("train", data.train[:MEASURED]), ("test", data.test[:MEASURED])]
    for part, X in tqdm(parts, desc="measuring", unit="part", leave=False, disable=None):
        if hasattr(model, "elbo"):
            figures[f"{part}_elbo"] = model.score(X)
        else:
            figures[f"{part}_mean_squared_error"] = -model.score(X) / X.shape[1]
    if getattr(model, "sigma_g_", None) is not None:
        figures["sigma_g"] = model.sigma_g_
    X = data.train[:MEASURED]
    if hasattr(model, "kl") and len(X) > 1:
        figures |= {"kl": model.kl(X).mean(0).tolist(), "active_units": int(model.active_units(X).sum()),
                    "aggregate_covariance": model.aggregate_covariance(X).tolist()}
    return figures


def collapse(kl: np.ndarray) -> str:
    """What a mean KL (K,) says of posterior collapse, and what to try; "" if every coordinate is used.

    >>> collapse(np.array([2.0, 1.5]))
    ''
    """
    K, dead = len(kl), int((kl < COLLAPSED).sum())
    if not dead:
        return ""
    words = f"{dead} of {K} coordinate{'s carry' if K > 1 else ' carries'} less than {COLLAPSED} nats"
    if dead < K:
        return (f"{words}: the data may need no more than {K - dead}, which --latent-dim {K - dead} would say as well; "
                "or the KL won before the decoder used them: try --kl-warm-up 20, or a --beta below 1")
    return (f"{words}: the posterior has collapsed onto the prior, and the decoder ignores z: try --kl-warm-up 20, "
            "more --sweeps, a lower --learning-rate, or a fixed, smaller --sigma-g")


def too_wide(covariance: np.ndarray) -> str:
    """What an aggregate posterior's covariance (K, K) says of samples, and what to try; "" if it is near the prior's.

    >>> too_wide(np.eye(2))
    ''
    """
    variance = np.diag(covariance).mean()
    if variance <= WIDE:
        return ""
    return (f"the codes are spread {variance**0.5:.1f} times as widely as the prior, so samples at z ~ N(0, I) "
            "are unlike most of the data: try a --beta above 1, such as 10, a --likelihood that fits, or more data")


def print_figures(figures: dict) -> None:
    """One figure a line, and a sentence on each that looks odd."""
    cells = [[TITLES.get(name, name), _cell(name, value, figures)] for name, value in figures.items()]
    print(table(cells[0], cells[1:]))
    if "kl" in figures:
        said = collapse(np.array(figures["kl"])), too_wide(np.array(figures["aggregate_covariance"]))
        print(*filter(None, said), sep="\n", end="\n" if any(said) else "")


def _cell(name, value, figures):
    if name == "kl":
        return f"{min(value):.3g} to {max(value):.3g}, in all {sum(value):.4g}"
    if name == "active_units":
        return f"{value} of {figures['latent_dim']}"
    if name == "aggregate_covariance":
        C = np.array(value)
        between = f", at most {np.abs(C - np.diag(np.diag(C))).max():.2g} between two" if len(C) > 1 else ""
        return f"variances {np.diag(C).min():.3g} to {np.diag(C).max():.3g}{between} (prior: 1 and 0)"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
