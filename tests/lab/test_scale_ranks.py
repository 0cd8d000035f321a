"""What is predicted of many machines follows from what was measured on two ranks; without MPI the bench says so."""

import numpy as np
import pytest

from npvae.lab import scale_ranks
from npvae.lab.scale_ranks import ETHERNET, messages, predicted, ranks_table, scale_on_ranks, seconds_of_a_message


def run(mode, ranks, seconds=0.004, formula=2_000_048):
    return {"solver": "amortized_vi", "mode": mode, "ranks": ranks, "seconds_per_step": seconds,
            "bytes_per_step": float(formula), "formula": formula}


def test_latency_and_bandwidth_are_found_again_from_times_that_they_make(monkeypatch):
    now = [0.0]

    class Slow:
        rank, size = 0, 2

        def Allreduce(self, sent, found):
            now[0] += seconds_of_a_message(sent.nbytes, 2, 3e-6, 2e9)

    monkeypatch.setattr(scale_ranks.time, "perf_counter", lambda: now[0])
    found = messages(Slow(), repeats=10)
    assert found["latency"] == pytest.approx(3e-6, rel=1e-3) and found["bandwidth"] == pytest.approx(2e9, rel=1e-3)


def test_a_prediction_is_computing_and_two_messages():
    (found,) = predicted([run("alone", 1, formula=0), run("weak", 2)], ETHERNET)
    sent = 2 * 12 * 50e-6 + 2 * 63 / 64 * 2_000_048 / 1.25e9        # log₂ 64 = 6 there and back, twice
    assert found["seconds_per_step"] == pytest.approx(0.004 + sent)
    assert found["seconds_per_sweep"] == pytest.approx(1e9 / (64 * 128) * (0.004 + sent))


def test_the_table_marks_predictions_and_says_what_a_missing_mpi_costs(monkeypatch):
    runs = [run("alone", 1, formula=0), run("alone", 2, formula=0), run("weak", 2, 0.005), run("strong", 2, 0.0025)]
    figures = {"runs": runs, "network": ETHERNET, "predicted": predicted(runs, ETHERNET),
               "predicted_ethernet": predicted(runs, ETHERNET)}
    text = ranks_table(figures)
    assert text.count("PREDICTION, not measured") == 2 and "2,000,048" in text
    assert [line.split()[-3] for line in text.splitlines()[2:6]] == ["1.00", "1.00", "0.80", "0.80"]
    monkeypatch.setattr(scale_ranks, "find_spec", lambda name: None)
    assert scale_on_ranks() is None and "no MPI here" in ranks_table(None)


def test_bytes_of_the_formula_count_the_gradient_the_row_and_what_is_agreed_on():
    from npvae import AmortizedVI, SharedQ, mlp_model

    X = np.random.default_rng(0).normal(size=(20, 3))
    shared = SharedQ(mlp_model(2, [4], 3), sweeps=1, batch_size=10, q_steps=3, progress=False).fit(X)
    amortized = AmortizedVI(mlp_model(2, [4], 3), sweeps=1, progress=False).fit(X)
    assert scale_ranks.formula(shared) == 4 * (2 * 4 + 4 + 4 * 3 + 3 + 1) + 3 * 4 * 4 + 48
    assert scale_ranks.formula(amortized) == 4 * amortized.parameters.value.size + 48
