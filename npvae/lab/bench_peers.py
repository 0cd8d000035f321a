"""The same training step in PyTorch and JAX, for `npvae bench`; nothing here runs where they are not installed."""

import importlib
import math
from collections.abc import Callable


def steps(D: int, H: int, K: int, B: int) -> dict[str, Callable]:
    """A dict of functions that each make one training step: torch, torch_fused, jax, as far as they are installed."""
    found = {}
    if works("torch"):
        found["torch"] = torch_step(D, H, K, B, fused=False)
        found["torch_fused"] = torch_step(D, H, K, B, fused=True)
    if works("jax"):
        found["jax"] = jax_step(D, H, K, B)
    return found


def works(name: str) -> bool:
    """Whether a package is installed and can be imported."""
    try:
        importlib.import_module(name)
    except (ImportError, OSError):
        return False
    return True


def torch_step(D: int, H: int, K: int, B: int, fused: bool) -> Callable:
    """Eager PyTorch: the VAE with tanh, learned σ_g, one sample and Adam, in float32."""
    import torch

    encoder = torch.nn.Sequential(torch.nn.Linear(D, H), torch.nn.Tanh(), torch.nn.Linear(H, 2 * K))
    decoder = torch.nn.Sequential(torch.nn.Linear(K, H), torch.nn.Tanh(), torch.nn.Linear(H, D))
    log_sigma_g = torch.zeros((), requires_grad=True)
    options = {"fused": True} if fused else {}
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), log_sigma_g], lr=1e-3, **options)
    X = torch.rand(32 * B, D)
    order, turn = torch.randperm(len(X)).reshape(-1, B), iter(range(1 << 62))

    def step():
        x = X[order[next(turn) % len(order)]]
        mu, log_sigma = encoder(x).chunk(2, dim=1)
        g = decoder(mu + log_sigma.exp() * torch.randn_like(mu))
        log_px = (-0.5 * ((x - g) ** 2).sum(1) * torch.exp(-2 * log_sigma_g)
                  - D * (log_sigma_g + 0.5 * math.log(2 * math.pi)))
        kl = (0.5 * (mu**2 + torch.exp(2 * log_sigma) - 1) - log_sigma).sum(1)
        loss = (kl - log_px).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        return loss.item()

    return step


def jax_step(D: int, H: int, K: int, B: int) -> Callable:
    """JAX: the same step, forward and backward pass and Adam under one jit, synchronised after each."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    shapes = {"E": (D, H), "F": (H, 2 * K), "G": (K, H), "H": (H, D)}
    key = jax.random.PRNGKey(0)
    theta = {n: jax.random.uniform(key, s, minval=-1, maxval=1) / s[0] ** 0.5 for n, s in shapes.items()}
    theta |= {n.lower(): jnp.zeros(s[1]) for n, s in shapes.items()} | {"log_sigma_g": jnp.zeros(())}
    zeros = jax.tree_util.tree_map(jnp.zeros_like, theta)
    state = [theta, zeros, zeros, 0, key]
    rng = np.random.default_rng(0)
    X, turn = rng.random((32 * B, D), dtype=np.float32), iter(range(1 << 62))
    order = rng.permutation(len(X)).reshape(-1, B)

    def loss(p, x, eps):
        q = jnp.tanh(x @ p["E"] + p["e"]) @ p["F"] + p["f"]
        mu, log_sigma = q[:, :K], q[:, K:]
        g = jnp.tanh((mu + jnp.exp(log_sigma) * eps) @ p["G"] + p["g"]) @ p["H"] + p["h"]
        log_px = (-0.5 * ((x - g) ** 2).sum(1) * jnp.exp(-2 * p["log_sigma_g"])
                  - D * (p["log_sigma_g"] + 0.5 * math.log(2 * math.pi)))
        return ((0.5 * (mu**2 + jnp.exp(2 * log_sigma) - 1) - log_sigma).sum(1) - log_px).mean()

    @jax.jit
    def update(p, m, v, t, key, x):
        key, draw = jax.random.split(key)
        value, g = jax.value_and_grad(loss)(p, x, jax.random.normal(draw, (B, K)))
        over = jax.tree_util.tree_map
        m = over(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = over(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        a, b = 1 / (1 - 0.9 ** (t + 1)), 1 / (1 - 0.999 ** (t + 1))
        p = over(lambda p, m, v: p - 1e-3 * a * m / (jnp.sqrt(b * v) + 1e-8), p, m, v)
        return p, m, v, t + 1, key, value

    def step():
        # gathered by NumPy: outside of jit JAX takes half a millisecond for it
        *state[:], value = update(*state, X[order[next(turn) % len(order)]])
        return float(value)

    return step
