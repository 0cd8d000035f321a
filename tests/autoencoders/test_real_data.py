"""Real images from IDX files, and data on disk that are larger than the memory they may use."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import npvae

# where Debian's package dataset-fashion-mnist puts the real files
FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.skipif(not FASHION.is_dir(), reason="the package dataset-fashion-mnist is not installed")
def test_the_elbo_rises_from_sweep_to_sweep_on_fashion_mnist():
    data = npvae.datasets.idx(FASHION)
    assert data.train.shape == (60_000, 784) and data.train.dtype == np.uint8 and data.image_shape == (28, 28)
    few = data.train[:6400]
    vae = npvae.VAE(latent_dim=20, hidden=(400,), sweeps=3, batch_size=128, progress=False).fit(few)
    assert (np.diff(vae.history_["elbo"]) > 10).all()
    assert vae.score(data.test[:200]) > 100
    assert npvae.Autoencoder(latent_dim=20, hidden=(400,), sweeps=1, progress=False).fit(few).score(few[:200]) > -40


SCRIPT = """
import sys
import numpy as np
import npvae

def anonymous():
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("RssAnon"))

data = np.memmap(sys.argv[1], np.uint8, mode="r", shape=(200_000, 784))
settings = dict(latent_dim=5, hidden=(32,), batch_size=256, progress=False)
npvae.VAE(**settings, sweeps=1).fit(data[:2000])
before = anonymous()
vae = npvae.VAE(**settings, sweeps=100, seconds=2).fit(data)
after = anonymous()
assert vae.history_[-1]["sweep"] > 0
print(before, after)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's count of anonymous memory")
def test_a_memmap_is_never_read_into_memory_as_a_whole(tmp_path):
    # a sparse file: 157 MB to read, nothing on the disk
    with open(tmp_path / "images", "wb") as file:
        file.truncate(200_000 * 784)
    found = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT, str(tmp_path / "images")], timeout=100,
                           capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert found.returncode == 0, found.stderr
    before, after = map(float, found.stdout.split())
    assert after - before < 80
