"""What the checker says to people about code of their own: files, shapes, names, draws, and the diagnosis."""

import sys

import numpy as np
import pytest

import npvae
from npvae.cli import main, user_code
from npvae.gradcheck import check_bound
from npvae.inference.gradient_estimators import leave_one_out, mean_baseline, optimal_baseline, pathwise, score_function
from npvae.models import Gaussian, Noise


def checked(folder, text, name="f", file="my_layers.py", **options):
    """`check_file` of a file with this text."""
    (folder / file).write_text("import numpy as np\n" + text)
    return user_code.check_file(f"{folder / file}:{name}", **options)


def test_a_file_may_hold_dataclasses(tmp_path):
    assert checked(tmp_path, """
from dataclasses import dataclass

@dataclass
class Square:
    power: "int" = 2

    def __call__(self, x):
        return x**self.power, lambda dy: 2 * dy * x

f, f_x = Square(), np.ones(2)
""").passed


def test_a_helper_beside_the_file_is_found_when_the_function_runs(tmp_path):
    (tmp_path / "npvae_test_helper.py").write_text("two = 2.0\n")
    before = list(sys.path), set(sys.modules)
    assert checked(tmp_path, """
def f(x):
    from npvae_test_helper import two
    return x * x, lambda dy: two * dy * x

f_x = np.ones(2)
""").passed
    assert sys.path == before[0] and "my_layers" not in sys.modules


@pytest.mark.parametrize("body, says", [
    ("raise ValueError('no such thing')", r"^f in .*my_layers.py, line \d+, failed: ValueError: no such thing"),
    ("return np.linalg.inv(np.zeros((2, 2))), None", r"^f in .*my_layers.py, line \d+, failed: LinAlgError"),
    ("return x / np.zeros(3), lambda dy: dy", r"^f in .*my_layers.py, line \d+, failed: ValueError: operands"),
    ("return npvae.nn.Affine.random(3, 4, np.random.default_rng(0))(x)", r"^f in .*, line \d+, failed: ValueError"),
    ("import sys; sys.exit(3)", r"^f in .*my_layers.py, line \d+, failed: SystemExit"),
    ("return x.astype(np.float32), lambda dy: dy", r"^f answers in float32 .*npvae.gradcheck\(…, dtype=np.float32\)"),
    ("return x", "^f returned ndarray")])
def test_an_error_says_whether_the_function_failed_or_the_check_refuses(tmp_path, body, says):
    with pytest.raises(ValueError, match=says):
        checked(tmp_path, f"import npvae\n\ndef f(x):\n    {body}\n\nf_x = np.ones(2)\n")


def test_a_name_that_leaves_the_program_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="failed .SystemExit"):
        checked(tmp_path, "import sys\ndef f():\n    sys.exit(0)\n")
    (tmp_path / "leaves.py").write_text("import sys\nf_x = 1.0\ndef f(x):\n    sys.exit(0)\n")
    assert main(["gradcheck", f"{tmp_path}/leaves.py:f"]) == 2


def test_the_help_says_which_method_is_the_default(capsys):
    with pytest.raises(SystemExit):
        main(["gradcheck", "--help"])
    assert "direction above 10,000 numbers" in " ".join(capsys.readouterr().out.split())


SQUARE = np.random.default_rng(0).standard_normal((4, 4))


def diagnosis(f, x, **options):
    """The first finding."""
    return npvae.gradcheck(f, x, **options).diagnosis[0]


def test_sizes_that_are_equal_are_both_named():
    only_first = diagnosis(lambda x: (x.sum(1), lambda dy: 0 * x + dy[0] * (np.arange(4) == 0)[:, None]), SQUARE)
    assert "the first of x.shape[0] or x.shape[1] = 4" in only_first.sentence
    mean = diagnosis(lambda x: ((x**2).sum(), x / 2), SQUARE)
    assert "1/(x.shape[0] or x.shape[1]) times" in mean.sentence
    # the batch runs along axis 0 of x and y alike, and is one size
    batch = diagnosis(lambda x: (x * x, lambda dy: 2 * dy * x / 5), np.ones((5, 3)) + np.arange(3))
    assert "is 1/x.shape[0] times" in batch.sentence


@pytest.mark.parametrize("k, says", [(1, "the sum over its 5 rows is missing. Sum over axis 0"),
                                     (2, "has shape (5, 2), expected (2,). Return one number")])
def test_a_sum_over_rows_is_advised_only_if_it_is_the_gradient(k, says):
    x = np.random.default_rng(0).standard_normal((5, 2))
    assert says in diagnosis(lambda p: (x + p["b"], lambda dy: {"b": k * dy}), {"b": np.ones(2)}).sentence


@pytest.mark.parametrize("k", [4, 0.25])
def test_a_constant_is_a_constant_and_no_sigma(k):
    found = diagnosis(lambda x: ((x**2).sum(), 2 * k * x), np.array([0.3, -1.2, 0.7]))
    assert found.kind == "factor" and "σ" not in found.sentence


def test_a_factor_two_of_a_bias_at_zero_is_no_variance():
    x = np.random.default_rng(0).standard_normal((5, 3))
    found = diagnosis(lambda p: (((x + p["b"]) ** 2).sum(), {"b": (x + p["b"]).sum(0)}), {"b": np.zeros(3)})
    assert found.kind == "factor" and "½ times" in found.sentence


def test_a_wrong_gradient_at_the_edge_of_the_domain_says_so():
    found = diagnosis(lambda p: (p * np.log(p), lambda dy: dy * np.log(p)), np.array([1e-6, 0.3, 0.7]))
    assert "edge of its domain" in found.sentence


def test_a_wrong_gradient_of_thousands_of_numbers_is_found_out_in_few_calls():
    calls = []

    def f(x):
        calls.append(None)
        return (x**4).sum(), 4.1 * x**3

    x = np.random.default_rng(0).uniform(0.5, 1.5, 4000)
    assert not npvae.gradcheck(f, x).passed
    # two for each number, and some forty for each of the first hundred
    assert len(calls) < 4 * len(x)
    calls.clear()
    assert not npvae.gradcheck(f, x[:500]).passed and len(calls) < 100 * 500


def own_draws(q, x):
    """A correct ELBO of the default model that draws its own noise, from NumPy's state in `own_draws.rng`."""
    model = npvae.probabilistic_pca(3, 5, sigma_g=0.5)
    eps = own_draws.rng.standard_normal((1, len(x), 3))
    return npvae.elbo(model, q, x, Noise(eps, np.ones((1, 1))))[0]


@pytest.mark.parametrize("draws", [0, 1, 2, 99])
def test_too_few_draws_are_refused(draws):
    own_draws.rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="expected a whole number from 100"):
        check_bound(own_draws, draws=draws)


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_draws_do(seed):
    own_draws.rng = np.random.default_rng(seed)
    assert check_bound(own_draws, draws=100).passed


def test_a_function_that_centres_its_data_in_place_leaves_the_next_call_alone():
    model, one = npvae.probabilistic_pca(3, 5, sigma_g=0.5), np.ones((1, 1))

    def f(q, x, eps):
        value = npvae.elbo(model, q, x.copy(), Noise(eps[None], one))[0]
        x -= 1.0
        return value

    X = np.random.default_rng(0).standard_normal((4, 5))
    kept = X.copy()
    assert check_bound(f, model, X).passed and np.array_equal(X, kept)


Q, Z = np.zeros((4, 4)), np.random.default_rng(0).standard_normal((3, 4, 2))


@pytest.mark.parametrize("estimate", [
    lambda f: pathwise(Gaussian(2), Q, f, Noise(Z, 1 / 3)), lambda f: score_function(Gaussian(2), Q, f, Z),
    lambda f: mean_baseline(f, Z), lambda f: optimal_baseline(Gaussian(2), Q, f, Z),
    lambda f: leave_one_out(Gaussian(2), Q, f, Z)],
    ids=["pathwise", "score_function", "mean_baseline", "optimal_baseline", "leave_one_out"])
@pytest.mark.parametrize("axes", [(0, 2), (1, 2), (0, 1, 2), ()], ids=str)
def test_an_estimator_wants_one_value_for_each_draw_and_row(estimate, axes):
    def f(z):
        value = (z**2).sum(axes)
        return value, lambda dvalue: 2 * z

    with pytest.raises(ValueError, match=r"expected \(3, 4\): one number for each draw and row"):
        estimate(f)


DIALECTS = """
def affine_forward(x, w, b):
    return x @ w + b, (x, w)

def affine_backward(dout, cache):
    return dout @ cache[1].T, cache[0].T @ dout, dout.sum(0)

def half_backward(dout, cache):
    return dout @ cache[1].T, 0.5 * cache[0].T @ dout, dout.sum(0)

affine_forward_x = np.ones((4, 3)) + np.arange(3), np.ones((3, 2)), np.zeros(2)

class Scale:
    def __init__(self, factor=2.0):
        self.a = np.array([factor, 3.0])
    def forward(self, x):
        self.x = x
        return self.a * x
    def backward(self, dy):
        self.da = (dy * self.x).sum(0)
        return dy * self.a

Scale_x = np.ones((3, 2)) + np.arange(2)

class Needs:
    def __init__(self, factor):
        self.factor = factor

Needs_x = Scale_x

def loss(w):
    return (w**2).sum() + np.sin(w).sum(), 2 * w

loss_x = np.array([0.3, -1.2, 0.7])
loss_terms = {"the sine": lambda w: np.sin(w).sum(), "the square": lambda w: (w**2).sum()}
"""


def test_pairs_classes_and_terms_in_a_file(tmp_path):
    assert checked(tmp_path, DIALECTS, "affine_forward,affine_backward")
    wrong = checked(tmp_path, DIALECTS, "affine_forward,half_backward")
    assert not wrong and "w: the gradient is ½ times" in wrong.diagnosis[0].sentence
    assert [row.name for row in checked(tmp_path, DIALECTS, "Scale").rows] == ["x", "a"]
    assert "the path through the sine is left out" in checked(tmp_path, DIALECTS, "loss").diagnosis[0].sentence


@pytest.mark.parametrize("name, says", [
    ("Needs", r"Needs\(\) in .*my_layers.py failed .*make a layer beside the class"),
    ("half_backward,affine_forward", "has no half_backward_x"), ("a,b,c", "expected FILE.py:NAME")])
def test_what_a_file_lacks_is_said(tmp_path, name, says):
    with pytest.raises(ValueError, match=says):
        checked(tmp_path, DIALECTS, name)


def test_an_error_in_a_file_has_its_line(tmp_path):
    with pytest.raises(ValueError, match=r"my_layers.py, line 5, failed: IndexError"):
        checked(tmp_path, "\ndef f(x):\n    y = 2 * x\n    return y[5], None\n\nf_x = np.ones(2)\n")
    with pytest.raises(ValueError, match=r"my_layers.py, line 3, could not be loaded: ZeroDivisionError"):
        checked(tmp_path, "\n1 / 0\n")
