"""Schedules: what a weight rises to and a rate falls to, in each sweep."""

import math

import pytest

from npvae.inference.schedules import at, cosine, warm_up


@pytest.mark.parametrize("end", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("sweeps", [1, 3, 10])
def test_a_weight_rises_in_equal_steps_and_stays(sweeps, end):
    beta = warm_up(sweeps, end)
    for sweep in range(2 * sweeps):
        assert beta(sweep) == pytest.approx(end * (sweep + 1) / sweeps if sweep < sweeps else end, rel=1e-15)


@pytest.mark.parametrize("start, end", [(0.1, 0.0), (0.2, 0.05), (0.01, 0.3)])
@pytest.mark.parametrize("sweeps", [2, 7])
def test_a_rate_falls_along_half_a_cosine_and_stays(sweeps, start, end):
    rate = cosine(start, end, sweeps)
    assert rate(0) == pytest.approx(start) and rate(sweeps) == rate(3 * sweeps) == pytest.approx(end)
    for sweep in range(sweeps + 1):
        # cos² of half the angle, from start to end
        share = math.cos(math.pi * sweep / sweeps / 2) ** 2
        assert rate(sweep) == pytest.approx(share * start + (1 - share) * end, rel=1e-12, abs=1e-15)


def test_of_no_sweeps_only_the_end_is_left():
    for sweep in (0, 5):
        assert warm_up(0, 0.7)(sweep) == 0.7 and cosine(0.1, 0.02, 0)(sweep) == 0.02
    assert at(0.3, 5) == 0.3 and at(warm_up(4), 1) == 0.5
