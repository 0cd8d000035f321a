"""Gradient estimators side by side: variance against dimension, and training curves."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, YELLOW, style

ESTIMATOR_COLORS = {"pathwise": BLUE, "pathwise, KL sampled": SKY, "sticking the landing": BLACK, "no baseline": ORANGE,
                    "mean baseline": YELLOW, "optimal baseline": GREEN, "leave-one-out": PURPLE}
# curves that lie close together are told apart without colour, too
ESTIMATOR_DASHES = {"pathwise, KL sampled": "--", "mean baseline": "-.", "optimal baseline": "--", "leave-one-out": ":"}


def estimator_figure(records, curves, ceiling=None):
    """The estimators' variances against the dimension, and training under each of them.

    Parameters
    ----------
    records : list of dict
        From `variance_against_dimension`: crosses are measured, lines the closed forms.
    curves : dict of str to array
        By estimator, the ELBOs from `fit_rows` or `fit_vae`, nats a row.
    ceiling : float, optional
        The mean log p(x), nats a row: then the curves show what is left to it, log p(x) − ELBO.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
        for name in dict.fromkeys(record["estimator"] for record in records):
            K, measured, closed = np.array([(record["K"], record["measured"], record["closed_form"])
                                            for record in records if record["estimator"] == name]).T
            left.plot(K, closed, color=ESTIMATOR_COLORS[name], lw=1.4,
                      ls=ESTIMATOR_DASHES.get(name, "-"), label=name)
            left.plot(K, measured, "x", color=ESTIMATOR_COLORS[name])
        left.set(xscale="log", yscale="log", xlabel="latent dimension $K$", ylabel="variance of one draw",
                 title=r"$\partial/\partial\mu_j\ \mathrm{E}\,\|z\|^2$: lines closed form, crosses measured")
        left.legend(fontsize=8)
        for name, elbo in curves.items():
            # a gap shows on a logarithmic axis where the estimator's noise keeps the climb
            height = elbo if ceiling is None else np.maximum(ceiling - elbo, 1e-16)
            right.plot(np.linspace(0, 1, len(elbo)), height, color=ESTIMATOR_COLORS[name], lw=1.4,
                       ls=ESTIMATOR_DASHES.get(name, "-"), label=name)
        right.set(xlabel="share of the steps", title="Training under each estimator",
                  ylabel="ELBO (nats per row)" if ceiling is None else "log p(x) − ELBO (nats per row)",
                  yscale="linear" if ceiling is None else "log")
        right.legend(fontsize=8, loc="best")
    return figure
