"""Shared settings of the tests: repeatable property tests, and pictures without a screen."""

import os

# before NumPy is loaded: on small networks two BLAS threads that wait for each other are slower than one
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis
import matplotlib

matplotlib.use("Agg")
hypothesis.settings.register_profile("npvae", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("npvae")
