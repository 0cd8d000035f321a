"""What a user holds as data: taken with the same numbers, or refused with the column and the remedy."""

import numpy as np
import pytest

import npvae
from npvae.inference import AmortizedVI, SharedQ, VariationalEM
from npvae.models import probabilistic_pca
from npvae.models.data import check_data
from npvae.models.data.arrays import as_array, column_names

A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])


class Frame:
    """A table by duck typing, as polars and pandas have it, whose columns need not be of one kind."""

    def __init__(self, **columns):
        self.values, self.columns = columns, list(columns)
        self.dtypes = [np.asarray(values).dtype for values in columns.values()]

    def __len__(self):
        return len(next(iter(self.values.values())))

    def __getitem__(self, name):
        return type("Column", (), {"dtype": np.asarray(self.values[name]).dtype,
                                   "to_numpy": lambda _, *a: np.asarray(self.values[name]),
                                   "__array__": lambda _, dtype=None, copy=None: np.asarray(self.values[name])})()

    def to_numpy(self):
        return np.stack([np.asarray(values) for values in self.values.values()], axis=1)


@pytest.mark.parametrize("X", [
    A, A.tolist(), A.astype(object), A.astype(np.float16), A.astype(int), A.astype(int).astype(object),
    np.ma.array(A), np.ma.array(A, mask=False), [tuple(row) for row in A], list(A),
    Frame(a=A[:, 0], b=A[:, 1]),
    Frame(a=A[:, 0].astype(object), b=A[:, 1].astype(np.int8))], ids=lambda X: type(X).__name__)
def test_the_same_numbers_are_the_same_data(X):
    np.testing.assert_array_equal(check_data(X), A)
    assert type(as_array(X)) is np.ndarray


@pytest.mark.parametrize("X, message", [
    (None, r"data has type object with None|x of shape \(\)"), ("abc", "expected real numbers"),
    (b"abc", "expected real numbers"), ({1.0, 2.0}, "type set with a set"), ({"a": [1]}, "type dict with a dict"),
    ((row for row in A), "type generator"), (range(3), "shape"), (3.5, "shape"), (object(), "expected real numbers"),
    ([[1], [2, 3]], "makes no array.*as many in each"), ([["1", "2"]], "to_numeric"), ([[1j]], "type complex"),
    ([[1, "a"]], "expected real numbers"), ([[1, None]], "None in row 0, column 1.*remove or fill in"),
    (np.array([[1, {"a": 1}]], dtype=object), "a dict in row 0, column 1"),
    (np.array([[10**400]], dtype=object), "beyond float64"),
    (np.zeros(2, [("a", float), ("b", float)]), "structured_to_unstructured"), (lambda: A, "expected real numbers"),
    (np.ma.array(A, mask=[[0, 0], [0, 1], [0, 0]]), r"masked at \(1, 1\): remove or fill in"),
    (np.zeros((2, 2), "datetime64[s]"), "turn them into numbers"), (A[:0], "at least one of each|expected q of shape"),
    (Frame(a=[1.0], b=["x"]), "column 'b' holds <U1.*to_numeric"),
    (Frame(a=[1.0], b=np.array([None], dtype=object)), "column 'b' has type object with None in row 0"),
    (Frame(a=[1.0], b=np.array(["x"], dtype=object)), "column 'b' has type object with a str in row 0.*to_numeric"),
    (Frame(a=[1.0], b=np.zeros(1, "datetime64[s]")), "column 'b' holds datetime64.*turn them into numbers")],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__)
@pytest.mark.parametrize("door", [
    check_data, AmortizedVI(probabilistic_pca(1, 2), sweeps=1).fit, SharedQ(probabilistic_pca(1, 2), sweeps=1).fit,
    VariationalEM(probabilistic_pca(1, 2), sweeps=1).fit, npvae.VAE(sweeps=1).fit, npvae.Autoencoder(sweeps=1).fit,
    lambda X: npvae.log_marginal(probabilistic_pca(1, 2), X), npvae.shared_ceiling,
    lambda X: npvae.maximum_likelihood_ppca(X, 1),
    lambda X: npvae.evaluate(probabilistic_pca(1, 2), np.zeros((3, 2)), X),
    lambda X: npvae.argmax_q(probabilistic_pca(1, 2), None, X)],
    ids=["check", "amortized", "shared", "em", "VAE", "AE", "log_marginal", "ceiling", "ppca", "evaluate", "argmax"])
def test_what_is_no_data_is_refused_with_the_remedy(door, X, message):
    with pytest.raises(ValueError, match=message):
        door(X)


def test_names_of_columns():
    assert column_names(A) is None and column_names(Frame(a=[1], b=[2])).tolist() == ["a", "b"]
    frame = Frame(a=[1], b=[2])
    frame.columns = ["a", 2]
    with pytest.raises(ValueError, match="columns called 'a' and 2: expected names that are all str"):
        column_names(frame)


def test_pandas_columns_of_every_kind():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
    expected = frame.to_numpy()
    for dtype in ("Int64", "Float64", "float32", "uint8"):
        np.testing.assert_array_equal(as_array(frame.astype({"a": dtype})), expected)
    np.testing.assert_array_equal(as_array(frame.astype("object")), expected)
    assert as_array(frame[["a"]].astype("uint8")).dtype == np.uint8
    assert as_array(frame[["a"]].astype("UInt8")).dtype == np.uint8
    np.testing.assert_array_equal(as_array(pandas.DataFrame({"c": [True, False]}, dtype="boolean")), [[1], [0]])
    np.testing.assert_array_equal(as_array(frame.astype(pandas.SparseDtype(float))), expected)
    twice = pandas.DataFrame(expected, columns=["a", "a"]).astype("Float64")
    np.testing.assert_array_equal(as_array(twice), expected)
    for column, message in {
            "missing": (pandas.array([1, None, 3], dtype="Int64"), "nothing in row 1 of column 'c'.*dropna"),
            "truth": (pandas.array([True, None, False], dtype="boolean"), "nothing in row 1 of column 'c'"),
            "category": (pandas.Categorical(["x", "y", "x"]), "column 'c' holds category.*get_dummies"),
            "numbers": (pandas.Categorical([1, 2, 1]), "column 'c' holds category.*get_dummies"),
            "date": (pandas.date_range("2024-01-01", periods=3), "column 'c' holds datetime64.*turn them into numbers"),
            "zone": (pandas.date_range("2024-01-01", periods=3, tz="UTC"), "column 'c' holds datetime64"),
            "text": (["x", "y", "z"], "column 'c' .*to_numeric"),
            "string": (pandas.array(["x", "y", "z"], dtype="string"), "column 'c' holds string.*to_numeric"),
            "complex": ([1j, 2j, 3j], "column 'c' holds complex128.*two columns")}.values():
        with pytest.raises(ValueError, match=message):
            npvae.VAE(sweeps=1).fit(frame.assign(c=column))


def test_sparse_matrices_are_refused_with_the_remedy():
    sparse = pytest.importorskip("scipy.sparse")
    for X in (sparse.csr_matrix(A), sparse.coo_array(A)):
        with pytest.raises(ValueError, match=r"data is a sparse .*give X.toarray\(\)"):
            check_data(X)


def test_parts_and_models_of_a_wrong_kind_say_what_is_missing():
    decoder = npvae.mlp([2, 3])
    for latent, likelihood, message in (
            (npvae.Gaussian(2), "poisson", "likelihood is 'poisson', which has no log_prob, mean; expected an object"),
            (npvae.Gaussian(2), npvae.GaussianLikelihood, "likelihood is .*no log_prob"),
            (2, npvae.GaussianLikelihood(), "latent is 2, which has no dim, row_size, nodes, kl"),
            (None, npvae.GaussianLikelihood(), "latent is None")):
        with pytest.raises(ValueError, match=message):
            npvae.LatentVariableModel(latent, decoder, likelihood)
    with pytest.raises(ValueError, match="likelihood is 'poisson', which has no log_prob"):
        npvae.mlp_model(2, [3], 3, likelihood="poisson")
    q = np.zeros((3, 2))
    for call in (lambda m: npvae.log_marginal(m, A), lambda m: npvae.exact_posterior(m, A),
                 lambda m: npvae.evaluate(m, q, A), lambda m: npvae.elbo(m, q, A), lambda m: npvae.argmax_q(m, q, A),
                 lambda m: AmortizedVI(m),
                 lambda m: npvae.importance_weighted_bound(m, q, A), lambda m: npvae.gap_decomposition(m, q, A)):
        for wrong in (3, None, "model", npvae.VAE(), decoder):
            with pytest.raises(ValueError, match="model is .*expected a LatentVariableModel"):
                call(wrong)


@pytest.mark.parametrize("noise", [3, "one", npvae.MonteCarlo])
def test_noise_of_a_wrong_kind(noise):
    model = npvae.mlp_model(1, [3], 2)
    with pytest.raises(ValueError, match="noise is .*expected MonteCarlo"):
        AmortizedVI(model, noise=noise)
    with pytest.raises(ValueError, match="noise is .*expected MonteCarlo"):
        npvae.evaluate(model, np.zeros((3, 2)), A, noise=noise)
    for nodes in (noise, npvae.MonteCarlo(2)):
        with pytest.raises(ValueError, match="needs noise in place of|noise is .*expected a Noise"):
            npvae.elbo(model, np.zeros((3, 2)), A, nodes)


def test_a_gradient_before_the_fit_is_not_fitted():
    with pytest.raises(npvae.checks.NotFittedError, match="has not been fitted"):
        AmortizedVI(npvae.mlp_model(1, [3], 2)).gradient(A)
