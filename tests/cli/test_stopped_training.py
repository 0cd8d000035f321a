"""SIGTERM and Ctrl-C at random moments of `npvae train`: the file that is left says how far it is, and goes on so.

A few of each are sent in the suite; NPVAE_SIGNALS=100 sends a hundred of each, which takes some ten minutes.
"""

import collections
import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from npvae import VAE, Autoencoder, datasets
from npvae.autoencoders import load

COUNT = int(os.environ.get("NPVAE_SIGNALS", 3))
SETTINGS = {"latent_dim": 2, "hidden": (16,), "sweeps": 60, "batch_size": 8}
OPTIONS = ["--data", "two_moons", "--latent-dim", "2", "--hidden", "16", "--sweeps", "60", "--batch-size", "8"]


def digest(model):
    run = model.solver_.run
    arrays = [run.optimizer.m, run.optimizer.v, run.stopping.last if run.stopping else run.parameters.value]
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


@pytest.fixture(scope="module", params=["vae", "held out", "autoencoder"])
def case(request):
    """Options of the command, and of a run that nobody stops: what it was after each step, and at its end."""
    kind, options, settings = {
        "vae": (VAE, [], {}), "held out": (VAE, ["--held-out", "0.2"], {"held_out": 0.2}),
        "autoencoder": (Autoencoder, ["--autoencoder"], {})}[request.param]
    data, model, steps = datasets.load("two_moons").train, kind(**SETTINGS, **settings, progress=False), []

    def step():
        run = model.solver_.run
        arrays = [run.optimizer.m, run.optimizer.v, run.parameters.value]
        steps.append(hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest())
        return False

    model.fit(data, after_step=step)
    return data, [*OPTIONS, *options], steps, model


@pytest.fixture(scope="module")
def seconds(case, tmp_path_factory):
    """How long the command takes here and now."""
    start = time.perf_counter()
    subprocess.run(command(tmp_path_factory.mktemp("whole") / "m.npz", case[1]), capture_output=True, check=True)
    return time.perf_counter() - start


def command(out, options):
    return [sys.executable, "-m", "npvae", "train", "--out", str(out), *options]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_training_that_is_stopped_at_any_moment_goes_on_bit_by_bit(case, number, seconds, tmp_path):
    data, options, steps, whole = case
    outcomes, rng = collections.Counter(), np.random.default_rng([number, len(steps)])
    for i in range(-(-COUNT // 3)):
        out = tmp_path / f"{i}.npz"
        process = subprocess.Popen(command(out, options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # Python itself takes a moment to begin, in which a signal is not npvae's
        time.sleep(rng.uniform(0.1, seconds))
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        if not out.exists() and (process.returncode == -number or "KeyboardInterrupt" in err and "numpy" not in err):
            outcomes["before npvae was read"] += 1
            continue
        assert process.returncode in (128 + number, 0) and err.count("\n") == (process.returncode > 0), err
        assert [p.name for p in tmp_path.iterdir() if p != out and p.suffix == ".part"] == []
        if not out.exists():
            assert process.returncode and "holds" not in err
            outcomes["before the first step"] += 1
            continue
        found = load(out)
        taken, sweep = found.solver_.run.optimizer.t, found.history_[-1]["sweep"]
        assert digest(found) == steps[taken - 1]
        rows = round(len(data) * (1 - found.held_out))
        whole_sweeps, rest = divmod(taken, -(-rows // 8))
        assert sweep == pytest.approx(whole_sweeps + 8 * rest / rows, rel=1e-12)
        outcomes["stopped" if taken < len(steps) else "trained"] += 1
        if taken < len(steps):
            found.fit(data, resume=True)
        assert digest(found) == digest(whole)
        for ours, theirs in zip(found.history_, whole.history_, strict=True):
            assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}
    print(number.name, dict(outcomes))
    # most were sent while it trained
    assert COUNT < 50 or outcomes["stopped"] > COUNT // 12
