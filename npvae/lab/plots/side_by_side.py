"""The pictures of notebook 11: a lead at each seed, and a q that climbs from the encoder's."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from npvae.lab.plots.style import BLACK, BLUE, GREEN, LINES, ORANGE, PURPLE, style


@style()
def leads_figure(sweeps: np.ndarray, training: np.ndarray, budgets: list[int], new: np.ndarray) -> Figure:
    """What a q_i leads the encoder by, nats: on training data (seeds, n) after each sweep, on new (budgets, seeds)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.7), sharey=True)
    for i, (curve, color) in enumerate(zip(training, LINES, strict=False)):
        left.plot(sweeps, curve, color=color, lw=1.2, label=f"seed {i}")
        right.plot(budgets, new[:, i], "o-", color=color, lw=0.8, ms=5)
    for axes in (left, right):
        axes.axhline(0, color=BLACK, lw=1.2)
        axes.set(xscale="log", xlabel="sweeps over the data")
        axes.set_xticks(budgets, [str(n) for n in budgets])
        axes.minorticks_off()
    above = dict(color=BLACK, fontsize=8.5, transform=right.get_yaxis_transform(), ha="right")
    right.text(0.99, 0.25, "a row each is ahead", va="bottom", **above)
    right.text(0.99, -0.25, "the encoder is ahead", va="top", **above)
    left.set(title="training images", ylabel="ELBO (nats): a row each − the encoder", xlim=(2, None),
             ylim=(min(training[:, 1:].min(), new.min()) - 0.5, max(training.max(), new.max()) + 0.5))
    right.set(title="new images")
    left.legend(fontsize=8.5, loc="upper left")
    return figure


@style()
def climbing_figure(plane: np.ndarray, log_joint: np.ndarray, rows: dict[str, tuple[np.ndarray, np.ndarray]], k: int,
                    missing: dict[int, np.ndarray], levels: dict[str, float]) -> Figure:
    """Left the posterior over a plane (n, n, 2) of z and q as ellipses; right the nats that are missing after k steps.

    `rows` are (mean (2,), covariance (2, 2)) by name; `missing` are, by the number of steps, values of several seeds,
    and `levels` are lines among them.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 4), width_ratios=[1, 1.2])
    density = np.exp(log_joint - log_joint.max())
    left.contourf(*np.moveaxis(plane, -1, 0), density, levels=[0.02, 0.14, 0.37, 0.61, 0.88, 1.01], cmap="Greys",
                  alpha=0.75)
    looks = (GREEN, "--"), (ORANGE, "-"), (BLUE, ":"), (PURPLE, "-.")
    for (name, (mean, covariance)), (color, dash) in zip(rows.items(), looks, strict=False):
        # the solid one lies below, so that it hides no other where they agree
        left.add_patch(ellipse_of(mean, covariance, edgecolor=color, ls=dash, lw=2, label=name,
                                  zorder=2 if dash == "-" else 3))
        left.plot(*mean, ".", color=color, ms=6)
    left.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal", xlim=plane[0, [0, -1], 0], ylim=plane[[0, -1], 0, 1],
             title="one new image: the posterior (grey) and q")
    left.legend(loc="upper left", fontsize=8)
    steps, values = np.array(list(missing)), np.array(list(missing.values()))
    right.fill_between(steps, values.min(1), values.max(1), color=ORANGE, alpha=0.25, lw=0)
    right.plot(steps, values.mean(1), color=ORANGE, lw=1.6, label="mean and range over the seeds")
    right.plot(k, np.interp(k, steps, values.mean(1)), "o", color=ORANGE, mec=BLACK, ms=9)
    for (name, level), color, dash in zip(levels.items(), (BLUE, PURPLE), (":", "-."), strict=False):
        right.axhline(level, color=color, ls=dash, lw=1.5, label=name)
    right.xaxis.get_major_locator().set_params(integer=True)
    right.set(yscale="log", xlabel="steps from the encoder's row", ylabel=r"nats below $\log p_\theta(x)$",
              title=f"new images, {k} step{'s' * (k != 1)}")
    right.legend(fontsize=8.5)
    return figure


def ellipse_of(mean: np.ndarray, covariance: np.ndarray, **look) -> Ellipse:
    """The ellipse of N(mean (2,), covariance (2, 2)) whose points lie 1.5 standard deviations from the mean."""
    variances, axes = np.linalg.eigh(covariance)
    turned = float(np.degrees(np.arctan2(axes[1, 0], axes[0, 0])))
    return Ellipse(mean, *(3 * np.sqrt(variances)), angle=turned, fill=False, **look)
