"""What if we have millions of data? Time, parameters and memory of the two solvers against m, measured.

Each run is a process of its own, so that its peak memory is its own. The data are made on disk, in blocks, and read
through a memory map.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from npvae.inference import AmortizedVI, VariationalEM, elbo
from npvae.lab.compare import TITLES, seconds_per_new_x
from npvae.models import MonteCarlo, mlp_model
from npvae.nn import RowAdam
from npvae.tables import fixed, table

SIZES = (1_000, 10_000, 100_000, 1_000_000)
BLOCK = 8192


def linear_gaussian_file(path: str | Path, m: int, D: int = 64, K: int = 2, seed: int = 0) -> np.memmap:
    """Write m rows x = zW + ε/2 of float32 to a .npy file, a block at a time; the memory map (m, D).

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     linear_gaussian_file(Path(folder) / "x.npy", m=100).shape
    (100, 64)
    """
    def rows(n, W, rng):
        x = rng.standard_normal((n, K), dtype=np.float32) @ W
        x += 0.5 * rng.standard_normal(x.shape, dtype=np.float32)
        return x

    return written_in_blocks(path, m, D, K, np.float32, rows, seed)


def image_file(path: str | Path, m: int = 1_000_000, D: int = 784, seed: int = 0) -> np.memmap:
    """Write m rows of uint8 "images", each linear in 8 random numbers, to a .npy file by blocks; the memory map."""
    def rows(n, W, rng):
        return np.clip(128 + 30 * (rng.standard_normal((n, 8), dtype=np.float32) @ W), 0, 255)

    return written_in_blocks(path, m, D, 8, np.uint8, rows, seed)


def written_in_blocks(path: str | Path, m: int, D: int, K: int, dtype: type, rows: Callable, seed: int) -> np.memmap:
    """A .npy file of m rows, a block of `rows(n, W (K, D), rng)` after the other, as a memory map."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((K, D), dtype=np.float32)
    X = np.lib.format.open_memmap(path, "w+", dtype, (m, D))
    for start in range(0, m, BLOCK):
        X[start:start + BLOCK] = rows(min(BLOCK, m - start), W, rng)
    X.flush()
    return np.load(path, mmap_mode="r")


def one_run(solver: str, path: str) -> dict:
    """Fit a solver to a file in this process: its figures, peak memory included; a sweep after the first is timed."""
    X = np.load(path, mmap_mode="r")
    model = mlp_model(2, [32], X.shape[1])
    settings = {"sweeps": max(2, min(20, 50_000 // len(X))), "progress": False}
    before = anonymous_memory()
    if solver == "variational_em":
        fitted = VariationalEM(model, batch_size=min(1024, len(X) // 2), q_steps=1, **settings).fit(X)
    else:
        fitted = AmortizedVI(model, **settings).fit(X)
    new_x = seconds_per_new_x(fitted, np.asarray(X[:9]), repeats=9)
    return {"solver": solver, "m": len(X), "seconds_per_sweep": float(np.median(np.diff(fitted.history["seconds"]))),
            "variational_parameters": int(fitted.posterior.size), "anonymous_bytes": anonymous_memory() - before,
            "peak_bytes": peak_memory(), "seconds_per_new_x": new_x}


def stream(path: str, rounds: int = 9, seconds: float = 2.0) -> dict:
    """Train a 784-400-20 VAE, batch 128, on uint8 images (m, 784) of a .npy file, and from memory, `seconds` in turn.

    Returns `images`; `ratio` of the two throughputs, the median over the rounds; `anonymous_growth_bytes` from the
    first round to the last; `peak_bytes`, the greatest resident size.
    """
    X = np.load(path, mmap_mode="r")
    loaded, rates, anonymous = np.array(X[:20_000]), {"disk": [], "memory": []}, []
    model = mlp_model(20, [400], X.shape[1])
    for seed in range(rounds):
        for name, data in (("disk", X), ("memory", loaded)):
            fitted = AmortizedVI(model, batch_size=128, seconds=seconds, progress=False, seed=seed).fit(data)
            rates[name].append(len(data) * fitted.history[-1]["sweep"] / fitted.history[-1]["seconds"])
        anonymous.append(anonymous_memory())
    return {"images": len(X), "ratio": float(np.median(np.array(rates["disk"]) / rates["memory"])),
            "anonymous_growth_bytes": anonymous[-1] - anonymous[0],
            "peak_bytes": peak_memory()}


def anonymous_memory() -> int:
    """Bytes of memory that belong to no file, or 0 where /proc does not say: pages of a memory map do not count."""
    return status_bytes("RssAnon", 0)


def peak_memory() -> int:
    """The greatest resident size of this process so far, bytes, pages of memory maps included."""
    # getrusage would also count what the process that started this one held
    return status_bytes("VmHWM", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def status_bytes(name: str, otherwise: int) -> int:
    """A line of /proc/self/status in bytes, or `otherwise` where there is none."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return otherwise
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name)), otherwise)


def scale(sizes: Sequence[int] = SIZES, images: int = 1_000_000, progress: bool | None = None, seed: int = 0) -> dict:
    """The time of a sweep, parameters and memory of each solver for each m, of 64 columns; and images from disk.

    Every run is a process of its own, its time the median over the sweeps after the first. Returns `runs`, a list of
    records; `slopes` of log seconds and log parameters against log m, by solver; `e_step_speedup`; `streaming`.
    """
    from tqdm import tqdm

    runs = []
    with tempfile.TemporaryDirectory() as folder:
        bar = tqdm(sizes, desc="scale", unit="size", leave=False, disable=None if progress is None else not progress)
        for m in bar:
            path = Path(folder) / "x.npy"
            linear_gaussian_file(path, m, seed=seed)
            runs += [in_a_process("one_run", solver, str(path)) for solver in ("variational_em", "amortized_vi")]
            path.unlink()
        image_file(Path(folder) / "images.npy", images, seed=seed)
        streaming = in_a_process("stream", str(Path(folder) / "images.npy"))
    return {"runs": runs, "slopes": slopes(runs), "e_step_speedup": e_step_speedup(), "streaming": streaming}


def in_a_process(function: str, *arguments) -> dict:
    """What a function of this file returns when a fresh Python process calls it."""
    # one BLAS thread for the small networks: two that wait for each other make their times jump
    threads = {} if function == "stream" else {"OPENBLAS_NUM_THREADS": "1"}
    code = f"import json; from npvae.lab import scale; print(json.dumps(scale.{function}(*{arguments!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                          env={**os.environ, **threads})
    if done.returncode:
        # a process that was killed has not said why
        last = done.stderr.strip().splitlines() or [f"its process ended with status {done.returncode}"]
        raise ValueError(f"{function}{arguments} failed: {last[-1]}")
    return json.loads(done.stdout)


def e_step_speedup(m: int = 4096, rounds: int = 5) -> float:
    """How many times faster one row-wise Adam E-step is for all rows in blocks than in a Python loop over i."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((m, 64), dtype=np.float32)
    model = mlp_model(2, [32], 64).copy(np.float32, gradient=False)
    table = np.zeros((m, 4), np.float32)
    adam, noise = RowAdam(table), MonteCarlo()

    def e_step(size, rows):
        ones = np.ones(size, np.float32)
        for start in range(0, rows, size):
            index = slice(start, start + size)
            _, back = elbo(model, table[index], X[index], noise(rng, size, 2, np.float32))
            adam.step(index, back(ones))

    ratios = []
    for _ in range(rounds):
        start = time.perf_counter()
        e_step(1, 256)
        middle = time.perf_counter()
        e_step(1024, m)
        ratios.append((middle - start) / 256 / ((time.perf_counter() - middle) / m))
    return float(np.median(ratios))


def slopes(runs: list[dict]) -> dict[str, dict]:
    """Least-squares slopes of log seconds a sweep and log parameters against log m, for each solver."""
    found = {}
    for solver in dict.fromkeys(run["solver"] for run in runs):
        own = [run for run in runs if run["solver"] == solver]
        found[solver] = {key: slope(own, key) if len(own) > 1 else None
                         for key in ("seconds_per_sweep", "variational_parameters")}
    return found


def slope(runs: list[dict], key: str) -> float:
    """The least-squares slope of the log of one figure against log m."""
    log_m, log_y = np.log([run["m"] for run in runs]), np.log(np.maximum([run[key] for run in runs], 1e-9))
    return float(np.polyfit(log_m, log_y, 1)[0])


def scale_table(figures: dict) -> str:
    """The figures as a table."""
    rows = [[TITLES[run["solver"]], f"{run['m']:,}", f"{run['seconds_per_sweep']:.3g}",
             f"{run['variational_parameters']:,}", f"{run['anonymous_bytes'] / 1e6:.0f}",
             f"{run['peak_bytes'] / 1e6:.0f}", f"{1e3 * run['seconds_per_new_x']:.2g}"] for run in figures["runs"]]
    header = ["solver", "m", "s per sweep", "variational parameters", "own memory (MB)", "peak (MB)",
              "q of a new x (ms)"]
    lines = [f"{TITLES[name]}: time a sweep grows like m^{fixed(s['seconds_per_sweep'], 2)}, variational "
             f"parameters like m^{fixed(s['variational_parameters'], 2)}"
             for name, s in figures["slopes"].items() if s["seconds_per_sweep"] is not None]
    lines.append(f"an E-step for all rows in blocks: {figures['e_step_speedup']:.0f} times faster than a loop over i")
    s = figures["streaming"]
    lines.append(f"streaming {s['images']:,} images of 784 bytes from disk: {s['ratio']:.2f} of the throughput from "
                 f"memory, own memory {s['anonymous_growth_bytes'] / 1e6:+.1f} MB from the first round to the last, "
                 f"resident peak {s['peak_bytes'] / 1e6:.0f} MB")
    return table(header, rows) + "\n\n" + "\n".join(lines)
