"""Shared settings of the tests: repeatable property tests, and pictures without a screen."""

import hypothesis
import matplotlib

matplotlib.use("Agg")
hypothesis.settings.register_profile("npvae", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("npvae")
