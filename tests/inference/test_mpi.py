"""Processes of a real MPI: the same bits on all, a file that goes on, and no end in which one waits for another."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from npvae.autoencoders import load

pytest.importorskip("mpi4py")
ROOT = Path(__file__).parents[2]
MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
HEAD = """
import os, sys
import numpy as np
from mpi4py import MPI
import npvae
comm = MPI.COMM_WORLD
X = np.random.default_rng(0).uniform(size=(600, 6))
mine = X[comm.rank::comm.size] if comm.rank else X[::comm.size][:-7]
"""


def started(n, *words, **options):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen([MPIEXEC, "-n", str(n), sys.executable, *words], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def said(n, *words, status=0, seconds=60, **options):
    process = started(n, *words, **options)
    out, err = process.communicate(timeout=seconds)
    assert (process.returncode == 0) == (status == 0), err
    return out, err


@pytest.mark.parametrize("n", [2, 3])
def test_all_ranks_hold_the_same_bits_after_200_steps(n):
    out, _ = said(n, "-c", HEAD + """
for solver in (npvae.VariationalEM, npvae.SharedQ, npvae.AmortizedVI):
    fitted = solver(npvae.mlp_model(2, [8], 6), sweeps=20, batch_size=60, comm=comm, progress=False).fit(mine)
    bits = comm.allgather(fitted.parameters.value.tobytes())
    if comm.rank == 0:
        print(len(set(bits)), len(fitted.history), fitted.history["elbo"][-1] > fitted.history["elbo"][0])
""")
    assert out.split("\n")[:3] == ["1 20 True"] * 3


def test_a_vae_is_saved_by_the_first_rank_and_goes_on_bit_by_bit(tmp_path):
    out, _ = said(2, "-c", HEAD + """
def vae(sweeps):
    return npvae.VAE(latent_dim=2, hidden=(8,), sweeps=sweeps, batch_size=50, final_learning_rate=None, comm=comm,
                     progress=False)
whole = vae(6).fit(mine)
vae(3).fit(mine).save("half.npz")
comm.Barrier()
again = npvae.VAE.load("half.npz").set_params(comm=comm, sweeps=6).fit(mine, resume=True)
same = again.solver_.parameters.value.tobytes() == whole.solver_.parameters.value.tobytes()
bits = comm.allgather((same, whole.solver_.parameters.value.tobytes()))
if comm.rank == 0:
    print(len(set(bits)), bits[0][0], os.listdir())
""", cwd=tmp_path)
    assert out == "1 True ['half.npz']\n"
    assert len(load(tmp_path / "half.npz").history_) == 3


def test_the_command_trains_prints_once_and_resumes(tmp_path):
    words = ("-m", "npvae", "train", "--data", "two_moons", "--latent-dim", "1", "--hidden", "8", "--out", "m.npz")
    out, _ = said(2, *words, "--sweeps", "3", cwd=tmp_path)
    assert out.count("two_moons: ") == out.count("written to") == 1
    _, err = said(2, *words, "--sweeps", "4", "--resume", cwd=tmp_path)
    assert err == "" and len(load(tmp_path / "m.npz").history_) == 4
    _, err = said(3, *words, "--sweeps", "5", "--resume", cwd=tmp_path)
    assert err.count("began on 2 ranks and goes on with 3") == 1 and len(load(tmp_path / "m.npz").history_) == 5


@pytest.mark.parametrize(("words", "reason"), [
    (("--data", "no_such_data"), "unknown data set"), (("--learning-rate", "1e6"), "non-finite"),
    (("--held-out", "0.1", "--patience", "0"), "expected a whole number")])
def test_an_error_of_all_is_said_once_and_nothing_hangs(words, reason, tmp_path):
    _, err = said(2, "-m", "npvae", "train", "--out", "m.npz", *words, status=2, seconds=30, cwd=tmp_path)
    assert reason in err and (err.count("npvae train:") == 1 or "whole number" in reason)


def test_compare_runs_on_two_ranks(tmp_path):
    out, _ = said(2, "-m", "npvae", "compare", "--data", "two_moons", "--latent-dim", "1", "--sweeps", "2", "--seeds",
                  "1", "--hidden", "4", cwd=tmp_path)
    assert out.count("Written: comparison.png") == 1 and "3000" in out      # 1500 rows [mu, log_sigma] on two ranks


def test_a_rank_that_fails_within_the_steps_ends_all_with_its_error():
    _, err = said(2, "-c", HEAD + """
class Failing(npvae.AmortizedVI):
    def gradient(self, x):
        if comm.rank == 1 and len(self.history) == 2:
            raise RuntimeError("the disk is gone")
        return super().gradient(x)
Failing(npvae.mlp_model(2, [8], 6), sweeps=1000, comm=comm, progress=False).fit(mine)
""", status=1, seconds=30)
    assert "rank 1 of 2 has failed and ends all" in err and "RuntimeError: the disk is gone" in err


TRAINS = HEAD + """
open(f"pid{comm.rank}", "w").write(str(os.getpid()))
npvae.VAE(latent_dim=2, hidden=(8,), sweeps=10**6, comm=comm, progress=False).fit(
    mine, after_sweep=lambda model: model.save("m.npz"))
"""


def until(what, seconds=30.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_is_killed_ends_all_and_the_last_saved_file_loads(rank, tmp_path):
    process = started(2, "-c", TRAINS, cwd=tmp_path)
    until((tmp_path / "m.npz").exists)
    pids = [int((tmp_path / f"pid{r}").read_text()) for r in (0, 1)]
    os.kill(pids[rank], signal.SIGKILL)
    process.communicate(timeout=10)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 10)
    assert np.isfinite(load(tmp_path / "m.npz").solver_.parameters.value).all()


@pytest.mark.parametrize("rank", [0, 1])
def test_ctrl_c_at_one_rank_stops_all_at_the_same_step(rank, tmp_path):
    process = started(2, "-c", HEAD + """
open(f"pid{comm.rank}", "w").write(str(os.getpid()))
vae = npvae.VAE(latent_dim=2, hidden=(8,), sweeps=10**6, comm=comm, progress=False)
try:
    vae.fit(mine, after_sweep=lambda model: model.save("m.npz"))
except KeyboardInterrupt:
    bits = comm.allgather((vae.solver_.parameters.value.tobytes(), vae.history_[-1]["sweep"]))
    if comm.rank == 0:
        print("stopped", len(set(bits)))
""", cwd=tmp_path)
    until((tmp_path / "m.npz").exists)
    os.kill(int((tmp_path / f"pid{rank}").read_text()), signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert out == "stopped 1\n", err


def test_ctrl_c_at_mpiexec_saves_and_the_run_goes_on(tmp_path):
    words = ("-m", "npvae", "train", "--data", "two_moons", "--latent-dim", "1", "--hidden", "8", "--out", "m.npz")
    process = started(2, *words, "--sweeps", "100000", cwd=tmp_path)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert "interrupted; m.npz holds" in err
    done = load(tmp_path / "m.npz").history_[-1]["sweep"]
    _, err = said(2, *words, "--sweeps", str(int(done) + 2), "--resume", cwd=tmp_path)
    assert load(tmp_path / "m.npz").history_[-1]["sweep"] == int(done) + 2


@pytest.mark.parametrize("cut", ["one file", "a folder of shards"])
def test_rows_of_a_file_or_of_a_folder_are_shared_out_and_stay_on_disk(cut, tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (700, 6), dtype=np.uint8)
    data = tmp_path / ("shards" if cut == "a folder of shards" else "rows.npy")
    if data.suffix:
        np.save(data, rows)
    else:
        data.mkdir()
        for i, part in enumerate((rows[:200], rows[200:])):
            np.save(data / f"{i}.npy", part)
    out, _ = said(2, "-m", "npvae", "train", "--data", str(data), "--latent-dim", "1", "--hidden", "4", "--sweeps", "2",
                  "--out", "m.npz", cwd=tmp_path)
    assert "which stay on disk" in out and load(tmp_path / "m.npz").history_[-1]["sweep"] == 2


@pytest.mark.parametrize("name", ["variational_em", "shared_q", "amortized_vi"])
def test_bytes_of_a_step_are_those_of_the_formula(name):
    from npvae.lab.scale_ranks import in_processes

    _, weak, strong = in_processes(2, name, "1")
    for run in (weak, strong):
        assert run["bytes_per_step"] == run["formula"] > 1e6 and run["ranks"] == 2
