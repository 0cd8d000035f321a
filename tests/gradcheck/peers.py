"""What other checkers say to the same three wrong gradients: `python tests/gradcheck/peers.py`, with torch and jax.

Each function is written once, in operations that NumPy, PyTorch and JAX share; x (4, 3) is standard normal, seed 0.
"""

import numpy as np

import npvae

X = np.random.default_rng(0).standard_normal((4, 3))
WRONG = {
    "x², dx = x dy": (lambda m, x: x * x, lambda m, x, dy: dy * x),
    "swish without (1 − s)": (lambda m, x: x / (1 + m.exp(-x)), lambda m, x, dy: dy * (1 + x) / (1 + m.exp(-x))),
    "x − mean(x), path through the mean forgotten": (lambda m, x: x - x.mean(0), lambda m, x, dy: 1 * dy),
}


def ours(forward, backward):
    report = npvae.gradcheck((lambda x: (forward(np, x), x), lambda dy, x: backward(np, x, dy)), X)
    return str(bool(report)) if report else f"{report.hint(1)} {report.hint(3)}"


def of_torch(forward, backward):
    import torch

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(torch, x)

        @staticmethod
        def backward(ctx, dy):
            return backward(torch, *ctx.saved_tensors, dy)

    return said(lambda: torch.autograd.gradcheck(Wrong.apply, torch.from_numpy(X).requires_grad_()))


def of_jax(forward, backward):
    import jax
    from jax.test_util import check_grads

    wrong = jax.custom_vjp(lambda x: forward(jax.numpy, x))
    wrong.defvjp(lambda x: (forward(jax.numpy, x), x), lambda x, dy: (backward(jax.numpy, x, dy),))
    jax.config.update("jax_enable_x64", True)
    return said(lambda: check_grads(wrong, (X,), order=1, modes=["rev"]))


def of_scipy(forward, backward):
    from scipy.optimize import check_grad

    c = np.random.default_rng(1).standard_normal(X.shape)
    error = check_grad(lambda v: (c * forward(np, v.reshape(X.shape))).sum(),
                       lambda v: backward(np, v.reshape(X.shape), c).ravel(), X.ravel())
    return f"{error:.2g}"


def of_cs231n(forward, backward):
    c, h = np.random.default_rng(1).standard_normal(X.shape), 1e-5
    numeric = np.array([(c * (forward(np, X + d) - forward(np, X - d))).sum() / (2 * h)
                        for d in h * np.eye(X.size).reshape(-1, *X.shape)]).reshape(X.shape)
    analytic = backward(np, X, c)
    error = np.abs(analytic - numeric) / np.maximum(1e-8, np.abs(analytic) + np.abs(numeric))
    return f"{error.max():.2g}"


def said(check):
    try:
        return str(check())
    except Exception as problem:
        lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
        return " ".join(lines)[:160]


if __name__ == "__main__":
    for name, parts in WRONG.items():
        print(name)
        for checker in (of_torch, of_jax, of_scipy, of_cs231n, ours):
            print(f"  {checker.__name__.removeprefix('of_'):8}{checker(*parts)}")
