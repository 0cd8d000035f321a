"""Functions of PyTorch and JAX are checked by their own backward passes, right and wrong; stand-ins without them."""

import subprocess
import sys

import numpy as np
import pytest

import npvae
from npvae.dialects.frameworks import framework_of

X = np.random.default_rng(0).standard_normal((4, 3))


def slope(x, s, right):
    return s + x * s * (1 - s) if right else s


def torch_swish(torch, right):
    class Swish(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            s = torch.sigmoid(x)
            ctx.save_for_backward(x, s)
            return x * s

        @staticmethod
        def backward(ctx, dy):
            return dy * slope(*ctx.saved_tensors, right)

    return Swish


def jax_swish(jax, right):
    @jax.custom_vjp
    def swish(x):
        return x * jax.nn.sigmoid(x)

    swish.defvjp(lambda x: (swish(x), (x, jax.nn.sigmoid(x))), lambda kept, dy: (dy * slope(*kept, right),))
    return swish


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_autograd_function_of_torch(right, dtype):
    torch = pytest.importorskip("torch")
    swish, x = torch_swish(torch, right), torch.from_numpy(X.astype(dtype))
    report = npvae.gradcheck(swish.apply, x)
    assert bool(report) == right and report.name == "Swish" and [row.name for row in report.rows] == ["x"]
    assert report.notes == ([] if dtype == "float64" else ["float32 was converted to float64"])
    assert bool(npvae.gradcheck(swish, x)) == right


@pytest.mark.parametrize("right", [True, False])
def test_a_module_of_torch_with_dropout_and_batch_norm(right):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lin, self.norm, self.drop = torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Dropout(0.3)

        def forward(self, x):
            return self.drop(torch_swish(torch, right).apply(self.norm(self.lin(x))))

    net = Net()
    kept = {n: p.detach().clone() for n, p in net.state_dict().items()}
    report = npvae.gradcheck(net, torch.from_numpy(X), method="direction")
    names = ["x", "lin.weight", "lin.bias", "norm.weight", "norm.bias"]
    assert bool(report) == right and [row.name for row in report.rows] == names
    assert all(torch.equal(kept[n], p) for n, p in net.state_dict().items())


def test_torch_functions_of_several_tensors_and_numbers_and_what_autograd_does_not_see():
    torch = pytest.importorskip("torch")
    x, w = torch.from_numpy(X), torch.ones(3, 2, dtype=torch.float64)
    report = npvae.gradcheck(lambda x, w, k: k * x @ w, x, w, 2.0)
    assert report and report.notes == ["k gets no gradient and was not checked"]
    with pytest.raises(ValueError, match="autograd sees no way"):
        npvae.gradcheck(lambda x: x.detach() ** 2, x)
    assert not npvae.gradcheck(lambda x: ((x**2).sum(), x), x)


@pytest.mark.parametrize("right", [True, False])
def test_a_custom_vjp_of_jax(right):
    jax = pytest.importorskip("jax")
    swish, x = jax_swish(jax, right), jax.numpy.asarray(X)
    assert bool(npvae.gradcheck(swish, x)) == right
    assert bool(npvae.gradcheck(swish, X)) == right
    report = npvae.gradcheck(jax.jit(lambda x, n: swish(x) * n), x, jax.numpy.arange(3))
    assert bool(report) == right and "n is held constant" in report.notes


@pytest.mark.parametrize("k", [1, 2])
def test_a_custom_jvp_and_value_and_grad_of_jax(k):
    jax = pytest.importorskip("jax")

    @jax.custom_jvp
    def sin(x):
        return jax.numpy.sin(x)

    sin.defjvp(lambda x, t: (sin(x[0]), k * jax.numpy.cos(x[0]) * t[0]))
    x, params = jax.numpy.asarray(X), {"w": jax.numpy.ones((3, 2))}
    assert bool(npvae.gradcheck(sin, x)) == (k == 1)
    report = npvae.gradcheck(jax.value_and_grad(lambda p, x: sin(x @ p["w"]).sum()), params, x)
    assert bool(report) == (k == 1) and [row.name for row in report.rows] == ["p.w"]
    assert bool(npvae.gradcheck(jax.value_and_grad(lambda x: sin(x).sum()), X)) == (k == 1)
    fun = (lambda w: (w**3).sum(), lambda w: 3 * k * w**2)
    assert bool(npvae.gradcheck(fun, x)) == (k == 1)


@pytest.mark.parametrize("module, way", [("torch", "of_torch"), ("torch.nn", "of_torch"), ("jaxlib._jax", "of_jax"),
                                         ("jax._src.custom_derivatives", "of_jax")])
def test_both_are_known_by_the_names_of_their_types(module, way):
    thing = type("Thing", (), {"__module__": module, "__call__": lambda self, x: x})()
    assert framework_of(lambda x: x, (thing,)).__name__ == framework_of(thing, (X,)).__name__ == way
    assert framework_of((np.tanh, thing), ({"a": [X]},)).__name__ == way
    assert framework_of(np.tanh, (X, {"a": [X]}, None)) is None


def test_neither_is_imported_by_the_check():
    code = ("import sys, numpy, npvae; npvae.gradcheck(npvae.nn.tanh, numpy.ones(3)); "
            "print({'torch', 'jax'} & {*sys.modules})")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
