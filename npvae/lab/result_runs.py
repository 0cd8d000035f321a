"""One contestant of `npvae bench --result`, alone in a fresh process: it imports, builds, compiles and trains.

The file is run by itself, and a contestant imports its own package only. All train the same VAE (tanh, float32, learned
σ_g, one draw, Adam with one λ), data centred and divided by their standard deviation, and count the same test ELBO.
"""

import json
import math
import sys
import time

import numpy as np

DRAWS = 8       # of z for each row of the test ELBO


class Run:
    """A contestant's task and stopwatch: rows, sizes, and when to stop.

    `level` (nats) is the test ELBO to reach within `most` sweeps; without it there is one sweep.
    """

    def __init__(self, task: dict):
        self.last, self.seconds, self.elbos, self.task = time.perf_counter(), {}, [], task
        with np.load(task["file"]) as data:
            self.train, self.test = data["train"], data["test"]
        self.K, self.H, self.B, self.rate, self.level = (task[k] for k in ("K", "hidden", "batch", "rate", "level"))
        self.rng, self.D = np.random.default_rng(0), self.train.shape[1]
        self.mark("read")

    def mark(self, phase: str) -> None:
        """Seconds since the last mark are those of a phase."""
        now = time.perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self.last
        self.last = now

    def done(self, elbo, *arguments) -> bool:
        """Whether this sweep was the last; `elbo` is asked for the test ELBO, nats, if there is a level."""
        self.elbos.append(None if self.level is None else float(elbo(*arguments)))
        return self.level is None or self.elbos[-1] >= self.level or len(self.elbos) >= self.task["most"]

    def moments(self) -> tuple[np.ndarray, float]:
        """The mean of each column and the standard deviation about it, of the rows in the model's units."""
        X = self.train[:4096] / np.float32(255) if self.train.dtype == np.uint8 else self.train
        mean = X.mean(0, dtype=np.float64)
        return mean.astype(np.float32), float(np.sqrt(((X - mean) ** 2).mean()))

    def pixels(self, x):
        """Rows of this task as its package holds them, in the model's units."""
        return x / 255 if self.train.dtype == np.uint8 else x


def npvae_run(run: Run) -> None:
    """npvae: its VAE, as it comes."""
    import npvae

    run.mark("import")
    vae = npvae.VAE(latent_dim=run.K, hidden=(run.H,), batch_size=run.B, learning_rate=run.rate,
                    final_learning_rate=None, sweeps=run.task["most"], progress=False)
    stop, noise = [], npvae.MonteCarlo(DRAWS)(run.rng, len(run.test), run.K)

    def test_elbo():
        return npvae.elbo(vae.model_, vae.solver_.infer(run.test), run.test, noise)[0].mean()

    # False until a sweep was the last
    vae.fit(run.train, after_sweep=lambda _: run.done(test_elbo) and stop.append(True), after_step=lambda: bool(stop))
    run.mark("train")


def torch_run(run: Run, fused: bool = False) -> None:
    """PyTorch, eager; Adam in one kernel if `fused`."""
    import torch

    run.mark("import")
    (mean, s), n = run.moments(), torch.nn
    c, X, test = torch.from_numpy(mean), torch.from_numpy(run.train), run.pixels(torch.from_numpy(run.test))
    encoder = n.Sequential(n.Linear(run.D, run.H), n.Tanh(), n.Linear(run.H, 2 * run.K))
    decoder = n.Sequential(n.Linear(run.K, run.H), n.Tanh(), n.Linear(run.H, run.D))
    log_sigma_g = torch.full((), math.log(s), requires_grad=True)
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), log_sigma_g], lr=run.rate, fused=fused)
    draws = torch.randn(DRAWS, len(test), run.K)

    def elbo(x, eps):
        mu, log_sigma = encoder((x - c) / s).chunk(2, dim=-1)
        g = c + s * decoder(mu + log_sigma.exp() * eps)
        log_px = (-0.5 * ((x - g) ** 2).sum(-1) * torch.exp(-2 * log_sigma_g)
                  - run.D * (log_sigma_g + 0.5 * math.log(2 * math.pi)))
        kl = (0.5 * (mu**2 + torch.exp(2 * log_sigma) - 1) - log_sigma).sum(-1)
        return (log_px - kl).mean()

    def test_elbo():
        with torch.no_grad():
            return elbo(test, draws)

    run.mark("build")
    while True:
        for index in torch.randperm(len(X)).split(run.B):
            adam.zero_grad()
            x = run.pixels(X[index])
            (-elbo(x, torch.randn(len(x), run.K))).backward()
            adam.step()
        if run.done(test_elbo):
            return run.mark("train")


def jax_run(run: Run, scan: bool = False) -> None:
    """JAX: a step under jit, or with `scan` a sweep; the rows that fill no batch wait for the next sweep."""
    import jax
    import jax.numpy as jnp

    run.mark("import")
    (c, s), over = run.moments(), jax.tree_util.tree_map
    # drawn by NumPy: each function of jax.random would be compiled for each shape
    shapes = {"E": (run.D, run.H), "F": (run.H, 2 * run.K), "G": (run.K, run.H), "H": (run.H, run.D)}
    theta = {n: run.rng.uniform(-1, 1, shape).astype(np.float32) / shape[0] ** 0.5 for n, shape in shapes.items()}
    theta |= {n.lower(): np.zeros(shape[1], np.float32) for n, shape in shapes.items()}
    theta["log_sigma_g"] = np.float32(math.log(s))
    zeros, batches = over(np.zeros_like, theta), len(run.train) // run.B
    state, X = (theta, zeros, zeros, np.float32(0), jax.random.PRNGKey(0)), run.train
    test, draws = run.pixels(run.test), run.rng.standard_normal((DRAWS, len(run.test), run.K)).astype(np.float32)

    def elbo(p, x, eps):
        q = jnp.tanh((x - c) / s @ p["E"] + p["e"]) @ p["F"] + p["f"]
        mu, log_sigma = q[:, :run.K], q[:, run.K:]
        g = c + s * (jnp.tanh((mu + jnp.exp(log_sigma) * eps) @ p["G"] + p["g"]) @ p["H"] + p["h"])
        log_px = (-0.5 * ((x - g) ** 2).sum(-1) * jnp.exp(-2 * p["log_sigma_g"])
                  - run.D * (p["log_sigma_g"] + 0.5 * math.log(2 * math.pi)))
        return (log_px - (0.5 * (mu**2 + jnp.exp(2 * log_sigma) - 1) - log_sigma).sum(-1)).mean()

    def step(state, x):
        p, m, v, t, key = state
        key, draw = jax.random.split(key)
        g = jax.grad(elbo)(p, run.pixels(x.astype(jnp.float32)), jax.random.normal(draw, (run.B, run.K)))
        t = t + 1
        m = over(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = over(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        a, b = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        return (over(lambda p, m, v: p + run.rate * a * m / (jnp.sqrt(b * v) + 1e-8), p, m, v), m, v, t, key), None

    def sweep(state, X, order):
        return jax.lax.scan(lambda state, index: step(state, X[index]), state, order)[0]

    order = run.rng.permutation(len(X))[:batches * run.B].reshape(batches, run.B)
    X = jnp.asarray(X) if scan else X       # else NumPy gathers the rows: outside of jit JAX takes longer
    run.mark("build")
    test_elbo = jax.jit(elbo).lower(theta, test, draws).compile() if run.level is not None else None
    train = jax.jit(sweep if scan else step).lower(state, *((X, order) if scan else (X[order[0]],))).compile()
    run.mark("compile")
    while True:
        if scan:
            state = train(state, X, order)
        else:
            for index in order:
                state, _ = train(state, X[index])
        jax.block_until_ready(state)
        if run.done(test_elbo, state[0], test, draws):
            return run.mark("train")
        order = run.rng.permutation(len(X))[:batches * run.B].reshape(batches, run.B)


CONTESTANTS = {"npvae": npvae_run, "torch": torch_run, "torch_fused": lambda run: torch_run(run, True),
               "jax": jax_run, "jax_scan": lambda run: jax_run(run, True)}


def main() -> None:
    """Run the contestant of the command line on its task, JSON; print its sweeps, ELBOs and seconds by phase."""
    run = Run(json.loads(sys.argv[2]))
    CONTESTANTS[sys.argv[1]](run)
    print(json.dumps({"sweeps": len(run.elbos), "elbo": run.elbos[-1], "phases": run.seconds}))


if __name__ == "__main__":
    main()
