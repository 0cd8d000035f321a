"""Pictures of the autoencoder's four uses, and of why it cannot generate."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from npvae.lab.plots.images import image_grid, label_points
from npvae.lab.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, ink_limits, style

STYLES = {"autoencoder": dict(color=BLUE, marker="o"), "VAE": dict(color=GREEN, marker="s"),
          "PCA": dict(color=ORANGE, marker="^"), "raw": dict(color=BLACK, marker="D"),
          "raw, each column standardised": dict(color=PURPLE, marker="v")}


@style()
def compression_figure(records: list[dict]) -> Figure:
    """Use 1: the error of test rows against bytes a row, the autoencoder's beside PCA's, from `compression`."""
    figure, axes = plt.subplots(figsize=(6.4, 4))
    size = [record["bytes"] for record in records]
    for name, title in (("pca", "PCA"), ("autoencoder", "autoencoder")):
        axes.plot(size, [record[name] for record in records], label=title, ms=5, **STYLES[title])
    axes.set(xscale="log", yscale="log", xlabel="code, bytes per row", title="Compression of unseen rows",
             ylabel="mean squared error per dimension\n(squared data units)")
    axes.set_xticks(size, [f"{s:g}\nK = {record['latent_dim']}" for s, record in zip(size, records, strict=True)])
    low, high = axes.get_ylim()
    ticks = [t for power in range(-9, 9) for t in (1 * 10.0**power, 2 * 10.0**power, 5 * 10.0**power)]
    axes.set_yticks([t for t in ticks if low <= t <= high], [f"{t:g}" for t in ticks if low <= t <= high])
    axes.minorticks_off()
    axes.legend()
    return figure


@style()
def planes_figure(planes: dict, accuracy: dict[str, float], labels: np.ndarray) -> Figure:
    """Use 2: the test rows as points of each model's plane, drawn as labels (n,) that no model has seen.

    `planes` and `accuracy` are what `autoencoder_uses.planes` returns.
    """
    figure, panels = plt.subplots(1, len(planes), figsize=(11, 4.2))
    for axes, (name, features) in zip(panels, planes.items(), strict=True):
        label_points(axes, *features.test.T, labels)
        axes.set(title=f"{name}: 5 nearest neighbours\nfind the label of {accuracy[name]:.0%}", xlabel="$z_1$")
    panels[0].set_ylabel("$z_2$")
    return figure


@style()
def probe_figure(accuracy: dict[str, float]) -> Figure:
    """Use 3: the test accuracy of a linear classifier on each kind of features, from `linear_probe`."""
    figure, axes = plt.subplots(figsize=(6.8, 2.6))
    names = list(accuracy)[::-1]
    bars = axes.barh(names, [100 * accuracy[name] for name in names], color=[STYLES[n]["color"] for n in names])
    axes.bar_label(bars, fmt="%.1f %%", padding=3, fontsize=9)
    axes.set(xlim=(0, 112), xlabel="test rows classified rightly, %",
             title="A linear classifier on each description of the rows")
    axes.set_axisbelow(True)
    axes.set_xticks(range(0, 101, 20))
    axes.grid(axis="y", visible=False)
    return figure


@style()
def label_curve_figure(accuracy: dict[str, np.ndarray], per_class: Sequence[int]) -> Figure:
    """Use 4: test accuracy (len(per_class), draws), from `label_curve`, against labels a class, with its spread."""
    figure, axes = plt.subplots(figsize=(7, 4.4))
    for i, (name, values) in enumerate(accuracy.items()):
        # a little apart, so that the bars can be told from each other
        x = np.array(per_class) * 1.035 ** (i - (len(accuracy) - 1) / 2)
        axes.errorbar(x, 100 * values.mean(1), 100 * values.std(1, ddof=1), label=name, ms=5, lw=1.4, capsize=2,
                      **STYLES[name])
    axes.set(xscale="log", xlabel="labels per class", ylabel="test rows classified rightly, %",
             title=f"A few labels: mean and spread over {values.shape[1]} draws")
    axes.set_xticks(per_class, [str(n) for n in per_class])
    axes.minorticks_off()
    axes.legend(loc="lower right")
    return figure


@style()
def generation_figure(figures: dict, models: dict, X: np.ndarray, image_shape: tuple[int, int], count: int = 40,
                      seed: int = 0) -> Figure:
    """Why z ~ N(0, I) does not suit an autoencoder: where the codes of X lie, `count` samples g(z), and the distances.

    `figures` and `models` are what `generation` returns, with K ≥ 2.
    """
    figure = plt.figure(figsize=(11, 7))
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.4, 1])
    panels = top.subplots(1, 3, width_ratios=[1, 1, 1.2])
    for axes, (name, model) in zip(panels, models.items(), strict=False):
        _draw_codes(axes, name, model.transform(X), figures[name]["kl_to_prior"])
    _draw_distances(panels[2], figures)
    samples = {name: model.sample(count, seed) for name, model in models.items()}
    limits = ink_limits(list(samples.values()))
    for part, (name, images) in zip(bottom.subfigures(1, 2), samples.items(), strict=True):
        part.suptitle(f"{name}: g(z) at z ~ N(0, I)", fontsize=10.5)
        image_grid(part, images, image_shape, 10, limits)
    return figure


def _draw_codes(axes, name, codes, kl):
    # along the axes in which they spread most and least, and the circle that holds 95 % of N(0, I) in any two
    axis = np.linalg.eigh(np.cov(codes.T))[1][:, [-1, 0]]
    codes = codes @ axis                                    # (B, 2)
    axes.scatter(codes[:, 0], codes[:, 1], s=5, color=STYLES[name]["color"], alpha=0.5, label="codes of the data")
    angle = np.linspace(0, 2 * math.pi, 200)
    radius = math.sqrt(-2 * math.log(0.05))
    axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=BLACK, ls="--", lw=1.2, label="95 % of N(0, I)")
    axes.set(title=f"{name}: all codes together\nare {kl:.2g} nats from N(0, I)",
             xlabel="where they spread most", ylabel="where they spread least")
    edge = 1.08 * max(np.abs(codes).max(), radius)
    axes.set(xlim=(-edge, edge), ylim=(-edge, 1.6 * edge), aspect="equal")
    axes.legend(fontsize=8, loc="upper right", frameon=True, framealpha=0.85, edgecolor="none", handletextpad=0.4)


def _draw_distances(axes, figures):
    for row, name in enumerate(("VAE", "autoencoder")):
        found = figures[name]
        bars = axes.barh(row, found["energy_distance"], 0.45, color=STYLES[name]["color"])
        axes.bar_label(bars, fmt="%.2g", padding=3, fontsize=9)
        axes.plot([found["low"], found["high"]], [row + 0.36] * 2, color=BLACK, lw=4, solid_capstyle="butt",
                  label="99 % of the values if samples\nand test images were alike" if row == 0 else None)
    axes.set_axisbelow(True)
    axes.set(title="Samples against test images", xlabel="energy distance (data units)")
    axes.set_yticks([0, 1], ["VAE", "auto-\nencoder"])
    axes.set_xlim(0, 1.2 * max(figures[name]["energy_distance"] for name in ("VAE", "autoencoder")))
    axes.set_ylim(-0.5, 2.1)
    axes.grid(axis="y", visible=False)
    axes.legend(fontsize=8, loc="upper right")
