"""Several processes by MPI, measured: bytes a step, strong and weak scaling; and what a model of two numbers predicts.

A message of b bytes summed over n ranks takes 2 ⌈log₂ n⌉ α + 2 (n − 1)/n · b/β seconds, α a latency and β a bandwidth
(Thakur, Rabenseifner & Gropp 2005). Both are fitted on sums over two ranks of this machine.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

from npvae.inference import AmortizedVI, SharedQ, VariationalEM
from npvae.inference.training_on_ranks import SAID
from npvae.lab.compare import TITLES
from npvae.models import mlp_model
from npvae.tables import table

SOLVERS = {"variational_em": VariationalEM, "shared_q": SharedQ, "amortized_vi": AmortizedVI}
D, HIDDEN, K, BATCH = 784, 400, 20, 128
STEPS, ROUNDS = 30, 5                               # steps of a sweep, and fits of each kind
ETHERNET = {"latency": 50e-6, "bandwidth": 1.25e9}  # of 10 Gbit/s, as it is sold, not measured here


def counting(comm):
    """The same mpi4py communicator, whose `bytes` counts those handed to Allreduce."""
    from mpi4py import MPI

    class Counting(MPI.Intracomm):
        bytes = 0

        def Allreduce(self, sent, found):
            self.bytes += found.nbytes
            super().Allreduce(sent, found)

    return Counting(comm)


def formula(solver) -> int:
    """The bytes that a rank hands over in a step: gradient, shared row, and what is agreed on."""
    row = 4 * solver.posterior.size * solver.q_steps if isinstance(solver, SharedQ) else 0
    return 4 * solver.parameters.value.size + row + 8 * SAID


def one_rank(comm, name: str, rounds: int = ROUNDS) -> list[dict]:
    """What this rank measures of a solver: fits of each mode in turn, round after round, and the median of a step.

    The modes are "alone" (it says nothing to the others), "weak" (a batch of 128 rows a rank), "strong" (128 in all).
    """
    modes = ("alone", "weak", "strong") if comm.size > 1 else ("alone",)
    found = {mode: [] for mode in modes}
    for _ in range(rounds):
        for mode in modes:
            found[mode].append(one_fit(comm, name, mode))
    return [{**runs[0], "seconds_per_step": float(np.median([run["seconds_per_step"] for run in runs]))}
            for runs in found.values()]


def one_fit(comm, name: str, mode: str) -> dict:
    """Fit four sweeps on this rank; the first does not count."""
    batch = BATCH * comm.size if mode == "weak" else BATCH
    rows = STEPS * BATCH // (comm.size if mode == "strong" else 1)
    X = np.random.default_rng(comm.rank).random((rows, D), dtype=np.float32)
    settings = {} if name == "amortized_vi" else {"q_steps": 1}
    counted = counting(comm)
    comm.allgather(None)                                # they begin at one time
    fitted = SOLVERS[name](mlp_model(K, [HIDDEN], D), sweeps=4, batch_size=batch, progress=False,
                           comm=None if mode == "alone" else counted, **settings).fit(X)
    seconds = float(np.median(np.diff(fitted.history["seconds"]))) / STEPS
    alone = mode == "alone" or comm.size == 1
    return {"solver": name, "mode": mode, "ranks": comm.size, "seconds_per_step": max(comm.allgather(seconds)),
            "bytes_per_step": counted.bytes / (4 * STEPS), "formula": 0 if alone else formula(fitted)}


def messages(comm, repeats: int = 200) -> dict:
    """α (s) and β (bytes/s) of sums over the ranks, by least squares of the median time on the size."""
    sizes, times = [2**k for k in range(3, 24, 2)], []
    for size in sizes:
        a = np.ones(size, np.uint8).view(np.float64)
        found, spent = np.empty_like(a), []
        for _ in range(max(10, min(repeats, 2**28 // size))):
            start = time.perf_counter()
            comm.Allreduce(a, found)
            spent.append(time.perf_counter() - start)
        times.append(np.median(spent))
    # relative errors count, for the times span four decades
    weight = 1 / np.array(times)
    columns = np.stack([np.ones(len(sizes)), np.array(sizes, float)], 1)
    first, each = np.linalg.lstsq(columns * weight[:, None], np.ones(len(sizes)), rcond=None)[0]
    n = comm.size
    return {"latency": float(max(first, 1e-9) / (2 * math.ceil(math.log2(n)))),
            "bandwidth": float(2 * (n - 1) / n / max(each, 1e-15))}


def seconds_of_a_message(size: float, n: int, latency: float, bandwidth: float) -> float:
    """2 ⌈log₂ n⌉ α + 2 (n − 1)/n · b/β.

    >>> seconds_of_a_message(1e6, 1, 1e-5, 1e9), seconds_of_a_message(1e6, 2, 1e-5, 1e9)
    (0.0, 0.00102)
    """
    return 2 * math.ceil(math.log2(n)) * latency + 2 * (n - 1) / n * size / bandwidth


def predicted(runs: list[dict], network: dict, machines: int = 64, rows: float = 1e9) -> list[dict]:
    """Seconds of a sweep of each solver on so many machines, a batch of 128 rows each: a prediction."""
    found = []
    for run in (run for run in runs if run["mode"] == "weak" and run["ranks"] == 2):
        alone = next(r for r in runs if r["solver"] == run["solver"] and r["mode"] == "alone" and r["ranks"] == 1)
        sent = sum(seconds_of_a_message(b, machines, **network) for b in (run["formula"] - 8 * SAID, 8 * SAID))
        found.append({"solver": run["solver"], "machines": machines, "rows": rows, "seconds_per_step":
                      alone["seconds_per_step"] + sent, "share_of_messages": sent / (alone["seconds_per_step"] + sent),
                      "seconds_per_sweep": rows / (machines * BATCH) * (alone["seconds_per_step"] + sent)})
    return found


def scale_on_ranks(ranks: Sequence[int] = (1, 2)) -> dict | None:
    """`runs` of each solver alone, weak and strong, the fitted `network`, and two predictions; None without MPI."""
    if mpiexec() is None:
        return None
    from tqdm import tqdm

    cases = tqdm([(n, name) for name in SOLVERS for n in ranks], desc="ranks", unit="run", leave=False, disable=None)
    runs = [run for case in cases for run in in_processes(*case)]
    network = in_processes(2, "messages")
    return {"runs": runs, "network": network, "predicted": predicted(runs, network),
            "predicted_ethernet": predicted(runs, ETHERNET)}


def mpiexec() -> str | None:
    """The path of `mpiexec`, beside this Python or elsewhere; None without it or without mpi4py."""
    if find_spec("mpi4py") is None:
        return None
    return shutil.which("mpiexec", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]))


def in_processes(n: int, *words: str) -> dict | list[dict]:
    """What `main` prints when n processes are handed these words, one BLAS thread each."""
    done = subprocess.run([mpiexec(), "-n", str(n), sys.executable, "-m", "npvae.lab.scale_ranks", *words],
                          capture_output=True, text=True, check=False, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    if done.returncode:
        raise ValueError(f"{n} processes failed on {' '.join(words)}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def ranks_table(figures: dict | None) -> str:
    """The figures as tables, the predictions marked as such."""
    if figures is None:
        return "several processes: not measured, for there is no MPI here (pip install 'npvae[mpi]')"
    runs, rows = figures["runs"], []
    times = {(run["solver"], run["mode"], run["ranks"]): run["seconds_per_step"] for run in runs}
    for run in runs:
        of = times[run["solver"], "alone", run["ranks"] if run["mode"] == "weak" else 1]
        ideal = of / run["ranks"] if run["mode"] == "strong" else of
        rows.append([TITLES[run["solver"]], run["mode"], str(run["ranks"]), f"{1e3 * run['seconds_per_step']:.2f}",
                     f"{ideal / run['seconds_per_step']:.2f}", f"{run['bytes_per_step']:,.0f}", f"{run['formula']:,}"])
    network, parts = figures["network"], [table(
        ["solver", "scaling", "ranks", "ms a step", "of ideal", "bytes a step", "formula"], rows)]
    parts.append("weak: beside as many processes that do not talk; strong: beside one process divided by the ranks\n"
                 f"messages on this machine: latency {1e6 * network['latency']:.1f} µs, "
                 f"{network['bandwidth'] / 1e9:.2f} GB/s")
    for title, key in (("as fast as on this machine", "predicted"), ("10 Gbit/s and 50 µs", "predicted_ethernet")):
        cells = [[TITLES[p["solver"]], f"{1e3 * p['seconds_per_step']:.2f}", f"{p['share_of_messages']:.0%}",
                  f"{p['seconds_per_sweep'] / 60:.0f}"] for p in figures[key]]
        parts.append(f"PREDICTION, not measured: 64 machines, 10⁹ rows, messages {title}\n"
                     + table(["solver", "ms a step", "messages", "minutes a sweep"], cells))
    return "\n\n".join(parts)


def main(name: str, *rounds: str) -> None:
    """What each process of `in_processes` does; the first prints JSON."""
    from mpi4py import MPI

    found = messages(MPI.COMM_WORLD) if name == "messages" else one_rank(MPI.COMM_WORLD, name, *map(int, rounds))
    if MPI.COMM_WORLD.rank == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
