"""Floor 4: what a user holds, an autoencoder and a variational autoencoder with scikit-learn's verbs."""

from pathlib import Path

from npvae.autoencoders.autoencoder import Autoencoder
from npvae.autoencoders.model_files import read_model
from npvae.autoencoders.vae import VAE

__all__ = ["Autoencoder", "VAE", "load"]


def load(path: str | Path, **own) -> VAE | Autoencoder:
    """The model in a file that `VAE.save` or `Autoencoder.save` has written, whichever it is.

    Functions and classes of the user's are handed over by name, as in `VAE.load`.

    A ValueError if the file is missing, damaged, foreign, from a newer version, or does not hold together.

    Examples
    --------
    >>> load("no_such_model.npz")
    Traceback (most recent call last):
    ValueError: no_such_model.npz: no such file
    """
    name = read_model(path)[0].get("kind")
    kind = {"Autoencoder": Autoencoder, "VAE": VAE}.get(str(name))
    if kind is None:
        raise ValueError(f"{path}: holds the model {name!r}, expected 'Autoencoder' or 'VAE': the file was changed by "
                         "hand or is from another program")
    return kind.load(path, **own)
