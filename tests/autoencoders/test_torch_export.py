"""An exported model file, loaded into PyTorch modules by name: the same reconstructions (optional: needs PyTorch)."""

import numpy as np
import pytest

from npvae import VAE, datasets

torch = pytest.importorskip("torch")


def sequential(arrays, prefix):
    """Affine layers W (in, out), b with tanh between them, as a torch.nn.Sequential with the same numbering."""
    places = sorted({int(name.split(".")[-2]) for name in arrays if name.startswith(prefix)})
    modules = []
    for place in places:
        W = arrays[f"{prefix}{place}.W"]
        modules += [torch.nn.Linear(*W.shape), torch.nn.Tanh()]
    network = torch.nn.Sequential(*modules[:-1])
    state = {}
    for place in places:
        state[f"{place}.weight"] = torch.tensor(arrays[f"{prefix}{place}.W"].T.copy())
        state[f"{place}.bias"] = torch.tensor(arrays[f"{prefix}{place}.b"])
    network.load_state_dict(state)
    return network


def test_an_exported_model_computes_the_same_in_pytorch(tmp_path):
    X = datasets.digits().train[:40]
    vae = VAE(latent_dim=3, hidden=(16,), sweeps=2).fit(X)
    vae.export(tmp_path / "vae.npz", "float32")
    with np.load(tmp_path / "vae.npz") as file:
        arrays = {name.split("/")[-1]: file[name] for name in file.files if name.endswith((".W", ".b"))}
    encoder, decoder = sequential(arrays, "phi."), sequential(arrays, "theta.decoder.")
    with torch.no_grad():
        mu = encoder(torch.tensor(X, dtype=torch.float32))[:, :3]
        x_hat = decoder(mu).numpy()
    np.testing.assert_allclose(mu.numpy(), vae.transform(X), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(x_hat, vae.reconstruct(X), rtol=1e-4, atol=1e-5)
