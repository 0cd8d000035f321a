"""How long a training step takes: beside the bare matrix products, and beside PyTorch and JAX where installed.

Only ratios within one run mean anything: everything is timed in turn, round after round, and the ratio is taken
round by round.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from npvae.inference import AmortizedVI
from npvae.lab import bench_peers
from npvae.models import mlp_model
from npvae.models.data import take
from npvae.nn import mlp, tanh
from npvae.tables import table

# data, hidden and latent dimension, batch, steps in a round
SIZES = {"toy": (2, 16, 1, 32, 400), "digits": (64, 32, 2, 64, 300), "mnist": (784, 400, 20, 128, 20),
         "mnist_b512": (784, 400, 20, 512, 6)}


def bench(sizes: Sequence[str] = tuple(SIZES), quick: bool = False, progress: bool | None = None,
          seed: int = 0) -> dict[str, dict]:
    """Time a step of `AmortizedVI` (tanh, float32, Adam, one sample) at several `SIZES`; a ValueError for another.

    `quick` is three rounds of a few steps in place of eleven. Returns for each size step_seconds (median), floor_ratio,
    torch_ratio, torch_fused_ratio, jax_ratio (medians over the rounds, None where a peer is not installed), spread
    (least and greatest of each ratio) and breakdown (shares).

    Examples
    --------
    >>> sorted(bench(["toy"], quick=True)["toy"]["breakdown"])
    ['activations', 'noise', 'optimizer', 'other', 'products']
    """
    from tqdm import tqdm

    unknown = [size for size in sizes if size not in SIZES]
    if unknown:
        raise ValueError(f"no size {unknown[0]!r}: expected some of {', '.join(SIZES)}")
    bar = tqdm(sizes, desc="bench", unit="size", leave=False, disable=None if progress is None else not progress)
    return {size: bench_size(*SIZES[size], quick, seed) for size in bar}


def bench_size(D: int, H: int, K: int, B: int, steps: int, quick: bool = False, seed: int = 0) -> dict:
    """The figures of one size; parameters as in `SIZES`."""
    rounds, steps = (3, max(2, steps // 10)) if quick else (11, steps)
    solver, batch = prepared_solver(D, H, K, B, seed=seed)
    watched, spent = watched_step(D, H, K, B, seed)
    contestants = {"step": lambda: one_step(solver, batch()), "floor": products(D, H, K, B), "watched": watched,
                   **bench_peers.steps(D, H, K, B)}
    times = interleaved(contestants, rounds, steps)
    peers = ["floor", "torch", "torch_fused", "jax"]
    ratios = {peer: times["step"] / times[peer] if peer in times else None for peer in peers}
    return {"step_seconds": float(np.median(times["step"])),
            **{f"{p}_ratio": None if r is None else float(np.median(r)) for p, r in ratios.items()},
            "spread": {p: [float(r.min()), float(r.max())] for p, r in ratios.items() if r is not None},
            "breakdown": breakdown(float(np.median(times["floor"] / times["step"])), spent)}


def prepared_solver(D: int, H: int, K: int, B: int, activation: Callable = tanh,
                    seed: int = 0) -> tuple[AmortizedVI, Callable[[], np.ndarray]]:
    """A solver that has begun to train on random data, and a function that draws its next batch."""
    rng = np.random.default_rng(seed)
    X = rng.random((32 * B, D), dtype=np.float32)
    model = mlp_model(K, [H], D, activation=activation, rng=rng)
    encoder = mlp([D, H, 2 * K], activation, rng, input_gradient=False)
    solver = AmortizedVI(model, sweeps=1, batch_size=B, encoder=encoder, seed=seed).fit(X)
    order = rng.permutation(len(X)).reshape(-1, B)
    turn = iter(range(1 << 62))
    return solver, lambda: take(X, order[next(turn) % len(order)], X.dtype)


def one_step(solver: AmortizedVI, x: np.ndarray) -> None:
    """What `AmortizedVI.fit` does with a batch."""
    float(solver.gradient(x).sum())
    solver.run.optimizer.step()


def interleaved(contestants: dict[str, Callable], rounds: int, steps: int) -> dict[str, np.ndarray]:
    """Seconds a call of each contestant, (rounds,) arrays, all of them in turn in every round.

    A turn begins with two calls that do not count: they find the caches as the contestant before left them.
    """
    times = {name: np.empty(rounds) for name in contestants}
    for r in range(rounds):
        for name, function in contestants.items():
            function()
            function()
            start = time.perf_counter()
            for _ in range(steps):
                function()
            times[name][r] = (time.perf_counter() - start) / steps
    return times


def products(D: int, H: int, K: int, B: int) -> Callable[[], None]:
    """The floor: the eleven matrix products of a step, into buffers that stand ready."""
    rng = np.random.default_rng(0)
    shapes = [(D, H), (H, 2 * K), (K, H), (H, D)]
    layers = []
    for i, (n_in, n_out) in enumerate(shapes):
        x, W, dy = (rng.random(s, dtype=np.float32) for s in ((B, n_in), (n_in, n_out), (B, n_out)))
        layers.append((x, W, dy, np.empty_like(dy), np.empty_like(W), np.empty_like(x) if i else None))

    def run():
        for x, W, _, y, _, _ in layers:
            np.matmul(x, W, out=y)
        for x, W, dy, _, dW, dx in layers:
            np.matmul(x.T, dy, out=dW)
            if dx is not None:
                np.matmul(dy, W.T, out=dx)

    return run


def watched_step(D: int, H: int, K: int, B: int, seed: int = 0) -> tuple[Callable, dict[str, float]]:
    """A step with stopwatches in it, and the seconds that they have counted: step, optimizer, noise, activations."""
    spent = dict.fromkeys(("step", "optimizer", "noise", "activations"), 0.0)

    def watched(name, function):
        def run(*args):
            start = time.perf_counter()
            result = function(*args)
            spent[name] += time.perf_counter() - start
            return result

        return run

    def watched_tanh(x):
        y, back = watched("activations", tanh)(x)
        return y, watched("activations", back)

    solver, batch = prepared_solver(D, H, K, B, watched_tanh, seed)
    solver.run.optimizer.step = watched("optimizer", solver.run.optimizer.step)
    solver._noise = watched("noise", solver._noise)
    return watched("step", lambda: one_step(solver, batch())), spent


def breakdown(products: float, spent: dict[str, float]) -> dict[str, float]:
    """Shares of the step's time: the floor's as products, the watches', and what is left as other."""
    shares = {"products": products, **{name: spent[name] / spent["step"] for name in spent if name != "step"}}
    return {**shares, "other": max(0.0, 1.0 - sum(shares.values()))}


def bench_table(figures: dict[str, dict]) -> str:
    """The figures as a table."""
    peers = [("floor_ratio", "/ floor"), ("torch_ratio", "/ PyTorch"), ("torch_fused_ratio", "/ PyTorch, fused Adam"),
             ("jax_ratio", "/ JAX jit")]
    shares = ["products", "activations", "optimizer", "noise", "other"]
    rows = []
    for size, f in figures.items():
        ratios = []
        for key, _ in peers:
            low, high = f["spread"].get(key.removesuffix("_ratio"), (0, 0))
            ratios.append("–" if f[key] is None else f"{f[key]:.2f} ({low:.2f}–{high:.2f})")
        rows.append([size, f"{1e6 * f['step_seconds']:.0f}", *ratios, *(f"{f['breakdown'][s]:.0%}" for s in shares)])
    return table(["a step at", "µs", *(title for _, title in peers), *shares], rows)
