"""scikit-learn's own checks of what it takes for an estimator."""

import warnings

import pytest

from npvae import VAE, Autoencoder

checks = pytest.importorskip("sklearn.utils.estimator_checks")

# what is not done, and why
EXPECTED = {"check_dtype_object": "a dict in an array is a ValueError that names its row and column, not a TypeError"}


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
def test_scikit_learns_checks_pass(kind):
    model = kind(latent_dim=1, hidden=(4,), sweeps=3, progress=False)
    with warnings.catch_warnings():
        # scikit-learn's own, of what it skips
        warnings.simplefilter("ignore")
        results = checks.check_estimator(model, expected_failed_checks=EXPECTED, on_fail=None, on_skip=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert failed == {} and sum(result["status"] == "passed" for result in results) > 30
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(EXPECTED)
