"""Each "Try it" of the notebooks, with the change that it suggests and the claim that its answer makes.

A row's cells run in this process, drawn but not made into files; `test_tries.py` runs them all, and
`python tests/notebooks/test_tries.py 04` those of one notebook.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Try:
    """Code that is replaced, in a notebook's cells as they run, and an expression that is true after them.

    `asked` are words of the "Try it"; `until` is the id of the last cell to run before the closing one, and `without`
    are the ids of cells that take long and that neither needs.
    """

    notebook: str
    asked: str
    change: dict[str, str]
    claim: str
    until: str | None = None
    without: tuple[str, ...] = ()


TRIES = [
    Try("01", "Set `sigma_g = 0.8` in the cell that defines the model.", {"sigma_g = 0.3\n": "sigma_g = 0.8\n"},
        "(np.diff(np.sign(np.diff(density))) < 0).sum() == 2 and abs(density[100] / density.max() - 0.86) < 0.005"),
    Try("01", "Set `sigma_g = 0.8` in the cell that defines the model.", {"sigma_g = 0.3\n": "sigma_g = 1.1\n"},
        "(np.diff(np.sign(np.diff(density))) < 0).sum() == 1", until="densities"),
    Try("01", "Replace the last line of `g` by", {
        "return a * y, lambda dy: 2 * a * dy * (1 - y * y)": "return 0.5 * z, lambda dy: 0.5 * dy"},
        "np.allclose(density, np.exp(log_normal(x, 0, np.sqrt(0.25 + sigma_g**2))), atol=1e-6)", until="three-lines"),
    Try("01", "Lower `nodes` to 9.", {"nodes = 41  ": "nodes = 9  "}, "0.15 < max(errors.values()) < 0.25",
        until="grid-years", without=("live-curve",)),
    Try("02", "Change the guess to", {"np.array([0.05, 0.15, 0.8])": "np.array([0.8, 0.15, 0.05])"},
        "abs(kl(choices['a guess'], posterior) - 3.20) < 0.005 and abs(L(choices['a guess']) + 5.34) < 0.005",
        until="random-q"),
    Try("02", "Change the guess to", {"np.array([0.05, 0.15, 0.8])": "np.array([0.0, 0.0, 1.0])"},
        "abs(kl(choices['a guess'], posterior) - np.log(1 / 0.494)) < 0.002 and np.isfinite(explains)"),
    Try("02", "get the KL as small as you can", {}, "abs(log_px - best_L - 0.240) < 5e-4", until="argmax"),
    Try("02", "And set `x = 0.0` above", {"x, sigma_g = 1.2": "x, sigma_g = 0.0"}, "0.002 < log_px - best_L < 0.004"),
    Try("02", "Start at `t = -0.5`", {"t = 0.5\n": "t = -0.5\n"},
        "np.isclose(t, -2.325) and abs(log_p40.max() - np.interp(t, thetas, log_p40) - 2.36) < 0.01",
        without=("live-knobs", "argmax-figure")),
    Try("03", "Set `theta, q, rate = 0.0, 0.5, 0.3`", {"q, rate = 0.5, 0.3, 0.3": "q, rate = 0.0, 0.5, 0.3"},
        "(path == [0.0, 0.5]).all() and abs(walk(0.0, 0.51, 0.3, 200)[-1, 0]) > 1.9", until="summits",
        without=("film", "live-walk")),
    Try("03", "Set `theta, q, rate = 0.5, 0.3, 2.5`", {"q, rate = 0.5, 0.3, 0.3": "q, rate = 0.5, 0.3, 2.5"},
        "np.allclose(np.diff(elbo)[::2], -0.625 * ((2 * path[:-1:2, 1] - 1) * x - path[:-1:2, 0]) ** 2)",
        until="summits", without=("film", "live-walk")),
    Try("03", "Change the 9 in `default_rng(9)`", {"default_rng(9)": "default_rng(8)"},
        "abs(exact_history[-1] + 2.072) < 1e-3 and np.diff(exact_history).min() > -1e-12", until="ten-starts",
        without=("film", "live-walk")),
    Try("04", "Take ten components: `K = 10`", {"K = 5\n": "K = 10\n"},
        "np.isclose(shared.elbo(X).mean(), ceiling) and own.elbo(X).mean() > -1.8513", until="cell-14"),
    Try("05", "Give the encoder two hidden units", {"given(npvae.mlp([2, 16, 2]))": "given(npvae.mlp([2, 2, 2]))"},
        "0.1 < -2.1733 - history[-1] < 0.15", until="cell-08"),
    Try("05", "Use the encoder's row as the *start* of a climb", {
        "encoder(x)[0], x).amort": "npvae.argmax_q(truth, encoder(x)[0], x), x).amort", "(10, 30, 300)": "(10,)",
        "(2, 4, 8, 16)": "(2,)"},
        "max(seen[10].max(), unseen[10].max()) < 1e-6", until="cell-37",
        without=("cell-08", "cell-10", "cell-11", "cell-14", "cell-15", "lead-seeds", "cell-17", "a-million", "cell-19",
                 "cell-29", "cell-30", "cell-32", "cell-34", "width-live")),
    Try("06", "In the cell that calls `train`", {"npvae.mlp([64, 64, 5]), npvae.mlp([5, 64, 64])":
                                                 "npvae.mlp([64, 5]), npvae.mlp([5, 64])"},
        "1.02 < ((g(f(X)[0])[0] - X) ** 2).sum(1).mean() / 2.1280 < 1.04", until="cell-06", without=("diagram",)),
    Try("06", "Set `sweeps, pairs, permutations = 40, {}, 1`", {
        "permutations = 150, {}, 200": "permutations = 40, {}, 1"},
        "lead['PCA'][:, 0].max() < 0.5 and lead['PCA'][:, 0].mean() < 0", until="cell-20",
        without=("diagram", "cell-03", "cell-06", "cell-08", "cell-10", "cell-11", "cell-12", "cell-14", "cell-15",
                 "cell-17")),
    Try("06", "Put five clusters into the cell of the clumps", {
        "components=3": "components=5", "permutations = 150, {}, 200": "permutations = 2, {}, 1"},
        "np.abs(gaps[:, 2] - 0.04).max() < 0.006 and gaps[:, :2].min() > 0.038 and (gaps[:, 2] < gaps[:, 0]).all()",
        until="clumps", without=("diagram", "cell-03", "cell-06", "cell-08", "cell-10", "cell-11", "cell-12", "cell-14",
                                 "cell-15", "cell-17", "cell-19", "cell-20", "cell-22", "cell-24", "cell-26",
                                 "cell-30", "strips", "clothes", "clothes-figure")),
    Try("07", "Set $\\sigma$ to its smallest value and move $\\mu$", {},
        "abs(eleven.mean() + 0.05) < 0.005 and abs(eleven.mean()) * 1.1 < 0.06", until="cell-06"),
    Try("07", "climb with `climb(model, x, estimator, 300, seed, rate=0.03)`",
        {"estimator, 300, seed)": "estimator, 300, seed, rate=0.03)", "range(5)": "range(1)"},
        "sorted(refused) == ['mean baseline', 'no baseline', 'optimal baseline'] "
        "and abs(rest['pathwise'][0] - 0.03) < 0.005 and abs(rest['leave-one-out'][0] - 0.16) < 0.03", until="rest",
        without=("cell-30", "cell-41")),
    Try("08", "In the cell of the explorer set `ticks = [-8.0, 0.0, 8.0]`",
        {"[-2.1, -0.7, 0.7, 2.1]": "[-8.0, 0.0, 8.0]", '{"z_1": 0.7, "z_2": -0.7}': "{}", "range(5)": "range(1)"},
        "vae.inverse_transform(np.array([[8.0, 8.0]])).min() < -0.3 "
        "and vae.inverse_transform(np.array([[8.0, 8.0]])).max() > 1.3", until="cell-23",
        without=("cell-13", "cell-13-draw", "ask-slip", "cell-15", "sure-run", "cell-19", "rescale")),
    Try("08", "Set `beta=30.0` in the run with $\\beta$.", {"beta=4.0": "beta=30.0", "range(5)": "range(1)"},
        "closed_kl(0.2 * 30**0.5).max() == 0 and kl4.max() < 0.05 and beta4.sample(36).std(0).max() < 0.02",
        until="cell-37", without=("cell-13", "cell-13-draw", "ask-slip", "cell-15", "sure-run", "cell-19", "rescale",
                                  "cell-23", "cell-26", "walk-draw", "cell-28", "cell-35", "collapse-draw")),
    Try("08", "Train both with `sweeps=300`.", {"seed, sweeps=60": "seed, sweeps=300", "range(5)": "range(1)"},
        "(plain[0] == 20).all()", until="cell-39",
        without=("cell-13", "cell-13-draw", "ask-slip", "cell-15", "sure-run", "cell-19", "rescale", "cell-23",
                 "cell-26", "walk-draw", "cell-28", "cell-30", "cell-35", "collapse-draw", "cell-37", "moves-draw")),
    Try("09", "Give the five models `alpha=100` and train again",
        {"hidden=(64,), sweeps=40": "hidden=(64,), alpha=100, sweeps=40", "range(5)": "range(1)"},
        "abs(sigma_g - 0.07) < 0.001 and abs(vae.elbo(digits.test).mean() + 152) < 2 "
        "and abs(vae.model_.latent.kl(vae.solver_.infer(digits.train))[0].mean() - 8.4) < 0.05", until="cell-12",
        without=("tube-live", "tube-still")),
    Try("09", "In slip 4, swap the roles", {
        "model.latent.nodes(q, nodes)": "model.latent.nodes(q * [1, 0.5], nodes)",
        "np.exp(log_sigma) + mu**2 - 1 - log_sigma": "np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma",
        "return back_nodes(back_px(w * dvalue), 0) -": "return back_nodes(back_px(w * dvalue), 0) * [1, 0.5] -",
        "0.5 * (np.exp(log_sigma) - 1)": "np.exp(2 * log_sigma) - 1", "range(5)": "range(1)"},
        "agrees < 1e-7 and claimed.mean() < log_p.mean() and (claimed < log_p + 1e-6).all()", until="cell-39",
        without=("tube-live", "tube-still", "cell-12", "cell-14", "cell-15", "cell-16", "cell-18", "cell-20",
                 "cell-35")),
    Try("10", "Wrap both values of the central difference in `np.float32(…)`",
        {"(along(s) - along(-s)) / (2 * s)": "(np.float32(along(s)) - np.float32(along(-s))) / (2 * s)"},
        "1e-6 < errors['central'].min() < 1e-5 and 1e-3 < h[errors['central'].argmin()] < 3e-3 "
        "and errors['central'][h < 1.1e-6].min() > 1e-3", until="cell-18"),
    Try("10", "copy `softplus` from above, let its `back` take the slope at `2 * x`",
        {"lambda dy: dy / (1 + np.exp(-x))": "lambda dy: dy / (1 + np.exp(-2 * x))"},
        "'wrong point: 2x where x belongs' in npvae.gradcheck(softplus, x).diagnosis[0].sentence", until="cell-8",
        without=("cell-3",)),
    Try("10", "Leave the $\\tfrac12$ out of the KL in `elbo_mended`",
        {"    log_px, _ = gaussian(x, ppca.decoder(z)[0], np.log(0.5))\n    return log_px - 0.5 * (":
         "    log_px, _ = gaussian(x, ppca.decoder(z)[0], np.log(0.5))\n    return log_px - ("},
        "'the ½ is missing' in mended.verdict()", until="cell-48",
        without=("cell-3", "cell-17", "cell-17b", "cell-18", "cell-24", "cell-24b", "cell-25", "cell-36",
                 "cell-38", "cell-38b", "cell-40")),
    Try("10", "or draw `eps[:, :1]` for all latent dimensions",
        {"np.exp(0.5 * log_var) * eps\n": "np.exp(0.5 * log_var) * eps[:, :1]\n"}, "'reused noise' in mended.verdict()",
        until="cell-48", without=("cell-3", "cell-17", "cell-17b", "cell-18", "cell-24", "cell-24b",
                                  "cell-25", "cell-36", "cell-38", "cell-38b", "cell-40")),
    Try("11", "Set `learning_rate=1e-3` in `same`.",
        {"(learning_rate=3e-3, batch": "(learning_rate=1e-3, batch",
         "range(5)] for solver in (a_row": "range(1)] for solver in (a_row"},
        "(curves[:, 9] < -1).all() and (curves[:, 239] > 1).all() and 3 < lead[2][0] < 5", until="cell-split",
        without=("cell-03b", "cell-04", "cell-06", "cell-leads")),
    Try("11", "Set `K = 32` in the cell with the figure",
        {"60), 2\n": "60), 32\n", "found = compare(some, sweeps=60, time_budget=None, seeds=5)":
         "found = compare(some, sweeps=1, time_budget=None)"}, "round(crossing) == 69", until="cell-36",
        without=("cell-04", "cell-06", "cell-08c", "cell-leads", "cell-split", "cell-12", "cell-12b", "cell-13",
                 "cell-14", "cell-live", "cell-16", "cell-22", "cell-24", "cell-26", "cell-27", "cell-28", "cell-35")),
    Try("11", "`sweeps=240` in the cell that compares it", {"latent_dim=20, sweeps=60": "latent_dim=20, sweeps=240",
        "None, seeds=3)\nprint(comparison_table(mixture": "None)\nprint(comparison_table(mixture"},
        "0.7 < gap_learned < 1.2", until="cell-47", without=(
            "cell-03b", "cell-04", "cell-06", "cell-08c", "cell-leads", "cell-split", "cell-12", "cell-12b", "cell-13",
            "cell-14", "cell-live", "cell-16", "cell-21", "cell-22", "cell-24", "cell-26", "cell-27", "cell-28",
            "cell-32", "cell-35", "cell-36", "cell-36b", "cell-38", "cell-42")),
]
