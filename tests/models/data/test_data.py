"""The door of a solver: what it turns away, with which words, and what it lets in without copying."""

import os
import warnings

import numpy as np
import pytest

from npvae.inference import AmortizedVI, SharedQ, VariationalEM, shared_ceiling
from npvae.lab.scale import image_file, status_bytes
from npvae.models import BernoulliLikelihood, GaussianLikelihood, mlp_model, probabilistic_pca
from npvae.models.data import blocks, check_data, outputs, some_rows, take
from npvae.nn import mlp


def with_value(value, row, column, shape=(5000, 3)):
    X = np.zeros(shape)
    X[row, column] = value
    return X


@pytest.mark.parametrize("X, message", [
    (with_value(np.nan, 2, 1), "nan in row 2, column 1"),
    (with_value(np.inf, 4999, 0), "inf in row 4999, column 0"),
    (with_value(-np.inf, 4096, 2), "-inf in row 4096, column 2"),
    (with_value(np.nan, [7, 3], [0, 2]), "nan in row 3, column 2"),
    (np.zeros(3), r"shape \(3,\), expected \(rows, columns\).*X\[None\]"),
    (np.zeros((2, 3, 1)), r"shape \(2, 3, 1\).*reshape\(len\(X\), -1\)"),
    (np.zeros((0, 3)), r"shape \(0, 3\).*at least one of each"),
    (np.zeros((3, 0)), r"shape \(3, 0\).*at least one of each"),
    ([], r"shape \(0,\)"),
    (np.zeros((2, 4)), "4 columns, expected 3, as many as the model's decoder returns"),
    (np.array([["0", "1", "2"]]), "type <U1, expected real numbers"),
    (np.array([[0, None, 2]], dtype=object), "type object with None in row 0, column 1.*remove or fill in"),
    (np.zeros((2, 3), complex), "type complex128, expected real numbers"),
    (np.zeros((2, 3), "datetime64[s]"), "expected real numbers"),
])
@pytest.mark.parametrize("door", [
    lambda X: check_data(X, 3),
    lambda X: VariationalEM(probabilistic_pca(1, 3), sweeps=1).fit(X),
    lambda X: SharedQ(probabilistic_pca(1, 3), sweeps=1).fit(X),
    lambda X: AmortizedVI(probabilistic_pca(1, 3), sweeps=1).fit(X)], ids=["check", "em", "shared", "amortized"])
def test_bad_data_are_turned_away_with_a_remedy(door, X, message):
    with pytest.raises(ValueError, match=message):
        door(X)


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ, AmortizedVI])
@pytest.mark.parametrize("method", ["infer", "elbo"])
def test_bad_data_are_turned_away_after_the_fit_too(solver, method):
    fitted = solver(probabilistic_pca(1, 3), sweeps=1).fit(np.random.default_rng(0).normal(size=(20, 3)))
    with pytest.raises(ValueError, match="2 columns, expected 3"):
        getattr(fitted, method)(np.zeros((4, 2)))
    with pytest.raises(ValueError, match="nan in row 1, column 0"):
        getattr(fitted, method)(with_value(np.nan, 1, 0, (4, 3)))


@pytest.mark.parametrize("value, span", [(1.5, r"\[0, 1.5\]"), (-0.5, r"\[-0.5, 0\]")])
def test_bernoulli_turns_data_outside_0_and_1_away_wherever_they_stand(value, span):
    model = mlp_model(1, [2], 3, BernoulliLikelihood())
    for row in (0, 4999):
        with pytest.raises(ValueError, match=f"{span}, expected \\[0, 1\\].*GaussianLikelihood"):
            AmortizedVI(model, sweeps=1).fit(with_value(value, row, 1))
    check_data(with_value(value, 0, 1), 3, GaussianLikelihood())


def test_bytes_become_0_to_1_and_so_suit_bernoulli():
    X = np.array([[0, 51, 255]], np.uint8)
    np.testing.assert_allclose(take(check_data(X, 3, BernoulliLikelihood()), slice(None), np.float64), [[0, 0.2, 1]])
    np.testing.assert_array_equal(take(X.astype(np.int64), slice(None), np.float64), [[0, 51, 255]])


def test_a_solver_cannot_tell_bytes_from_bytes_over_255():
    X = np.random.default_rng(0).integers(0, 256, (40, 3)).astype(np.uint8)
    a, b = (AmortizedVI(mlp_model(1, [4], 3), sweeps=2, dtype=np.float64).fit(data) for data in (X, X / 255))
    assert a.parameters.value.tobytes() == b.parameters.value.tobytes()
    np.testing.assert_array_equal(a.elbo(X), b.elbo(X / 255))
    assert shared_ceiling(X) == shared_ceiling(X / 255)


def test_floats_and_truth_values_are_not_scaled():
    for X in (np.array([[0.0, 51.0, 255.0]]), np.array([[False, True, True]])):
        np.testing.assert_array_equal(take(check_data(X), slice(None), np.float32), X.astype(float))


def test_batches_come_in_the_dtype_asked_for():
    for kind in (np.uint8, np.float64, np.float32):
        for dtype in (np.float32, np.float64):
            assert take(np.ones((4, 2), kind), np.array([0, 2]), dtype).dtype == dtype


@pytest.mark.parametrize("index", [slice(1, 3), np.array([2, 0])], ids=["block", "rows"])
@pytest.mark.parametrize("kind", [np.float32, np.uint8])
def test_rows_of_a_memory_map_are_a_plain_array(tmp_path, kind, index):
    mapped = np.memmap(tmp_path / "x", kind, "w+", shape=(3, 2))
    mapped[...] = [[0, 51], [102, 153], [204, 255]]
    x = take(mapped, index, np.float32)
    assert type(x) is np.ndarray
    np.testing.assert_allclose(x, np.array(mapped)[index] / (255 if kind is np.uint8 else 1), rtol=1e-6)


def test_a_memmap_stays_on_disk(tmp_path):
    X = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(5000, 3))
    X[...] = np.random.default_rng(0).integers(0, 256, X.shape)
    kept = check_data(X, 3, BernoulliLikelihood())
    assert isinstance(kept, np.memmap) and np.shares_memory(kept, X)
    solver = AmortizedVI(mlp_model(1, [2], 3, BernoulliLikelihood()), sweeps=1, batch_size=500).fit(X)
    np.testing.assert_array_equal(solver.elbo(X), solver.elbo(np.array(X)))


def test_an_array_is_not_copied_and_a_list_becomes_one():
    X = np.zeros((4, 3), np.float32)
    assert check_data(X) is X
    np.testing.assert_array_equal(check_data([[0.5, 1.0], [2.0, 3.0]]), [[0.5, 1.0], [2.0, 3.0]])


LIST = [[0.5, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ, AmortizedVI])
def test_a_solver_learns_and_infers_from_a_list_as_from_an_array(solver):
    a, b = (solver(probabilistic_pca(1, 2), sweeps=2).fit(X) for X in (LIST, np.array(LIST)))
    assert a.parameters.value.tobytes() == b.parameters.value.tobytes()
    np.testing.assert_array_equal(a.infer(LIST), b.infer(np.array(LIST)))


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ, AmortizedVI])
def test_a_solver_reports_on_a_list_as_on_an_array(solver):
    fitted = solver(probabilistic_pca(1, 2), sweeps=2).fit(LIST)
    np.testing.assert_array_equal(fitted.elbo(LIST), fitted.elbo(np.array(LIST)))


def test_fitting_does_not_write_into_the_data():
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    X.flags.writeable = False
    for solver in (VariationalEM, SharedQ, AmortizedVI):
        for batch_size in (10, 30):
            solver(probabilistic_pca(1, 3), sweeps=2, batch_size=batch_size, dtype=np.float32).fit(X).elbo(X)


def test_a_mask_is_not_lost_in_silence():
    with pytest.raises(ValueError, match="masked array.*remove or fill in"):
        check_data(np.ma.masked_less(np.zeros((2, 3)) - 999, 0))


def test_binary_data_as_integers_draw_a_warning_and_images_do_not():
    with pytest.warns(UserWarning, match=r"uint8 data 0 and 1 are read as images.*X.astype\(float\)"):
        check_data(np.array([[0, 1, 1]], np.uint8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for X in (np.array([[0, 1, 2]], np.uint8), np.array([[0, 1, 1]]), np.array([[0, 0, 0]]), np.array([[0.0, 1.0]]),
                  np.array([[True, False]])):
            check_data(X)


def test_sigma_starts_at_the_deviation_of_rows_from_all_over_the_data():
    X = np.zeros((6000, 1))
    X[2000:] = np.random.default_rng(0).normal(size=(4000, 1))
    solver = AmortizedVI(probabilistic_pca(1, 1), sweeps=1, learning_rate=1e-30).fit(X)
    assert abs(solver.model.likelihood.sigma_g - X.std()) < 0.05


def test_values_beyond_the_type_that_computes_are_refused():
    X = np.array([[0.0, 1e300]])
    check_data(X)
    with pytest.raises(ValueError, match=r"values in \[0, 1e\+300\], beyond float32: rescale"):
        check_data(X, dtype=np.float32)
    solver = AmortizedVI(probabilistic_pca(1, 2), sweeps=1).fit(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="beyond float32"):
        solver.infer(X)


def test_an_image_that_is_not_black_is_seen_in_whatever_block_it_stands():
    for row in (0, 4999):
        images = np.ones((5000, 2), np.uint8)
        images[row] = 255
        # a warning would be an error here
        assert check_data(images) is images


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's count of pages of files")
@pytest.mark.parametrize("look", [
    lambda X: some_rows(X, np.random.default_rng(0)), lambda X: [None for _ in blocks(X)], check_data, shared_ceiling,
    lambda X: outputs(mlp([784, 2]), X, np.float32),
    lambda X: [None for _ in blocks(X, rows=np.arange(0, len(X), 5))]],
    ids=["some rows", "all blocks", "the check", "the ceiling", "a network's outputs", "every fifth row"])
def test_of_a_file_little_stays_in_memory(look, tmp_path):
    X = image_file(tmp_path / "images.npy", m=60_000)
    before = status_bytes("RssFile", 0)
    look(X)
    assert status_bytes("RssFile", 0) - before < 0.2 * X.nbytes
