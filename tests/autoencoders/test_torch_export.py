"""The README's way to PyTorch and back: the same reconstructions there, and fine-tuned weights here (needs PyTorch)."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from npvae import VAE, datasets
from npvae.autoencoders import load

torch = pytest.importorskip("torch")
README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCK = next(code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if code.startswith("import torch"))
THERE, BACK = BLOCK.split("# … and after any training there\n")


@pytest.fixture(params=["float32", "float64"])
def names(request):
    """What the README has before the block, in a dtype of both packages."""
    torch.set_default_dtype(getattr(torch, request.param))
    digits = datasets.digits()
    vae = VAE(latent_dim=3, hidden=(16, 8), sweeps=2, dtype=request.param).fit(digits.train[:200])
    yield {"vae": vae, "digits": SimpleNamespace(test=digits.test[:40])}
    torch.set_default_dtype(torch.float32)


def test_there_and_back(names, tmp_path):
    vae, X = names["vae"], names["digits"].test
    exec(THERE, names)
    np.testing.assert_allclose(names["mu"].detach().numpy(), vae.transform(X), rtol=0, atol=1e-6)
    np.testing.assert_allclose(names["x_hat"].detach().numpy(), vae.reconstruct(X), rtol=0, atol=1e-6)
    # back as it was, bit by bit, and after a step there
    before = vae.reconstruct(X)
    exec(BACK, names)
    np.testing.assert_array_equal(vae.reconstruct(X), before)
    networks = torch.nn.ModuleList([names["encoder"], names["decoder"]])
    optimizer = torch.optim.SGD(networks.parameters(), lr=0.5)
    ((names["x_hat"] - names["x"]) ** 2).mean().backward()
    optimizer.step()
    exec(BACK, names)
    mu = names["encoder"]((names["x"] - names["c"]) / names["s"])[:, :3]
    tuned = (names["center"] + names["scale"] * names["decoder"](mu)).detach().numpy()
    assert np.abs(tuned - before).max() > 1e-3
    np.testing.assert_allclose(vae.reconstruct(X), tuned, rtol=0, atol=1e-6)
    vae.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(load(tmp_path / "m.npz").reconstruct(X), vae.reconstruct(X))
