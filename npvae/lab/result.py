"""Time until a result, as a user waits for it: a fresh process that imports, builds, compiles and trains.

Beside npvae stand PyTorch, eager, with Adam and with its fused Adam, and JAX, a step and a sweep under jit, as far as
they are installed. All take turns, round after round, and a ratio is taken within a round.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from npvae.datasets import digits
from npvae.lab import result_runs
from npvae.lab.bench_peers import works
from npvae.lab.scale import image_file
from npvae.tables import table

ROUNDS, LEVEL, IMAGES = 7, 30.0, 60_000
TITLES = {"npvae": "npvae", "torch": "PyTorch, eager", "torch_fused": "PyTorch, fused Adam", "jax": "JAX, jit",
          "jax_scan": "JAX, lax.scan"}


def result(quick: bool = False, images: np.ndarray | None = None, level: float = LEVEL, progress: bool | None = None,
           seed: int = 0) -> dict:
    """Seconds from the start of a process to its result, of every contestant that is installed, in seven rounds.

    One task is the digits' VAE (64-128-20, K = 10, batch 64, λ 0.003) until a test ELBO of `level` nats, at most 200
    sweeps; the other a sweep of the MNIST-size VAE (784-400-40, K = 20, batch 128, λ 0.001) over uint8 `images` (m, D),
    or 60,000 random ones of a `seed`. `quick` is one round, 5 nats and 2,000 images.

    Returns
    -------
    figures : dict, for `result_table` or as JSON
        The settings, and under "tasks" for each task "runs": by contestant a list over the rounds of dicts of seconds,
        phases (seconds within the process), sweeps and elbo; and "ratios": npvae's seconds over each other's, a round
        each.
    """
    from tqdm import tqdm

    rounds, level, m = (1, min(level, 5.0), 2000) if quick else (ROUNDS, level, IMAGES)
    names = [name for name in TITLES if name == "npvae" or works(name.partition("_")[0])]
    with tempfile.TemporaryDirectory() as folder:
        tasks = written_tasks(Path(folder), images, m, level, seed)
        runs = {task: {name: [] for name in names} for task in tasks}
        warm(names)
        jobs = [(task, name) for _ in range(rounds) for task in tasks for name in names]
        for task, name in tqdm(jobs, desc="result", unit="run", leave=False,
                               disable=None if progress is None else not progress):
            runs[task][name].append(one_process(name, tasks[task]))
    ratios = {task: {name: [ours["seconds"] / other["seconds"] for ours, other in zip(found["npvae"], others,
                                                                                      strict=True)]
                     for name, others in found.items() if name != "npvae"} for task, found in runs.items()}
    return {"level": level, "rounds": rounds, "images": m if images is None else len(images),
            "tasks": {task: {"runs": runs[task], "ratios": ratios[task]} for task in runs}}


def written_tasks(folder: Path, images: np.ndarray | None, m: int, level: float, seed: int) -> dict[str, dict]:
    """The two tasks as `result_runs` takes them, their data in files of the folder."""
    data = digits()
    images = np.array(image_file(folder / "x.npy", m, seed=seed) if images is None else images)
    arrays = {"digits": (data.train.astype(np.float32), data.test.astype(np.float32)), "images": (images, images[:1])}
    sizes = {"digits": {"K": 10, "hidden": 128, "batch": 64, "rate": 3e-3, "level": level, "most": 200},
             "images": {"K": 20, "hidden": 400, "batch": 128, "rate": 1e-3, "level": None, "most": 1}}
    for name, (train, test) in arrays.items():
        np.savez(folder / f"{name}.npz", train=train, test=test)
    return {name: {**sizes[name], "file": str(folder / f"{name}.npz")} for name in arrays}


def warm(names: list[str]) -> None:
    """Import each contestant's package once: its bytecode is written then, as a user's is, and its files are read."""
    for package in dict.fromkeys(name.partition("_")[0] for name in names):
        subprocess.run([sys.executable, "-c", f"import {package}"], env=environment(), check=False, capture_output=True)


def environment() -> dict[str, str]:
    """That of this process, in which bytecode may be written."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def one_process(name: str, task: dict) -> dict:
    """A contestant's run in a fresh process: what it prints, and all its seconds; a ValueError if it fails."""
    # its folder stays out of the path of modules
    code = f"import runpy; runpy.run_path({result_runs.__file__!r}, run_name='__main__')"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, name, json.dumps(task)], capture_output=True, text=True,
                          check=False, env=environment())
    seconds = time.perf_counter() - start
    if done.returncode:
        last = done.stderr.strip().splitlines() or [f"its process ended with status {done.returncode}"]
        raise ValueError(f"{TITLES[name]} failed: {last[-1]}")
    found = json.loads(done.stdout.splitlines()[-1])
    if task["level"] is not None and found["elbo"] < task["level"]:
        raise ValueError(f"{TITLES[name]} has a test ELBO of {found['elbo']:.2f} nats after {found['sweeps']} sweeps, "
                         f"not the {task['level']:g} asked for: ask for less")
    return {"seconds": seconds, **found}


def result_table(figures: dict) -> str:
    """The figures as a table: medians over the rounds, and ranges."""
    lines, tasks = [], figures["tasks"]
    for name in tasks["digits"]["runs"]:
        found = [(tasks[task]["runs"][name], tasks[task]["ratios"].get(name)) for task in ("digits", "images")]
        import_seconds = np.median([run["phases"]["import"] for run in found[0][0]])
        sweeps = np.median([run["sweeps"] for run in found[0][0]])
        lines.append([TITLES[name], f"{import_seconds:.2f}", f"{sweeps:.0f}",
                      *(cell for runs, ratios in found for cell in (spread([r["seconds"] for r in runs]),
                                                                    spread(ratios or [])))])
    header = ["from the start of a process", "import (s)", "sweeps", f"digits to {figures['level']:g} nats (s)",
              "npvae / it", f"a sweep over {figures['images']:,} images (s)", "npvae / it"]
    return table(header, lines) + f"\n\nmedians of {figures['rounds']} rounds in turn (least–greatest)"


def spread(values: list[float]) -> str:
    """The median and, of several, the range."""
    if not values:
        return "–"
    ends = f" ({min(values):.2f}–{max(values):.2f})" if len(values) > 1 else ""
    return f"{np.median(values):.2f}{ends}"
