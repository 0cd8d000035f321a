"""Pictures of the autoencoder's four uses, and of why it cannot generate."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from npvae.autoencoders import VAE
from npvae.lab.plots.images import image_grid, label_points
from npvae.lab.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, ink_limits, style

STYLES = {"autoencoder": dict(color=BLUE, marker="o"), "VAE": dict(color=GREEN, marker="s"),
          "PCA": dict(color=ORANGE, marker="^"), "raw": dict(color=BLACK, marker="D"),
          "pixels": dict(color=BLACK, marker="D"),
          "raw, each column standardised": dict(color=PURPLE, marker="v")}


@style()
def compression_figure(records: list[dict], what: str = "row", of: str = "dimension") -> Figure:
    """Use 1: the error of unseen rows against bytes a row, the autoencoder's beside PCA's, from `compression`.

    `what` is a row in words, and `of` one of its numbers: "image" and "pixel".
    """
    figure, axes = plt.subplots(figsize=(6.4, 4))
    size = [record["bytes"] for record in records]
    for name, title in (("pca", "PCA"), ("autoencoder", "autoencoder")):
        axes.plot(size, [record[name] for record in records], label=title, ms=5, **STYLES[title])
    axes.set(xscale="log", yscale="log", xlabel=f"code, bytes per {what}", title=f"Compression of unseen {what}s",
             ylabel=f"mean squared error per {of}\n(squared data units)")
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
        axes.set(title=f"{name}: 5 nearest neighbours\nfind the label of {100 * accuracy[name]:.0f} %")
        symbol = r"\mu_{{\phi,{}}}(x)" if name == "VAE" else "z_{}"
        axes.set(xlabel=f"${symbol.format(1)}$", ylabel=f"${symbol.format(2)}$")
    return figure


@style()
def probe_figure(accuracy: dict[str, np.ndarray], what: str = "row") -> Figure:
    """Use 3: the test accuracy of a linear classifier on each kind of features, from `linear_probe`.

    Of several seeds, (n,), it is the mean, with a line from the least to the greatest; `what` is a row in words.
    """
    figure, axes = plt.subplots(figsize=(6.8, 2.6))
    names = list(accuracy)[::-1]
    bars = axes.barh(names, [100 * np.mean(accuracy[name]) for name in names],
                     color=[STYLES[n]["color"] for n in names])
    for row, name in enumerate(names):
        axes.plot([100 * np.min(accuracy[name]), 100 * np.max(accuracy[name])], [row, row], color=BLACK, lw=2.5)
    axes.bar_label(bars, fmt="%.1f %%", padding=8, fontsize=9)
    axes.set(xlim=(0, 116), xlabel=f"test {what}s classified correctly, %",
             title=f"A linear classifier on each description of the {what}s")
    axes.spines["bottom"].set_bounds(0, 100)
    axes.set_axisbelow(True)
    axes.set_xticks(range(0, 101, 20))
    axes.grid(axis="y", visible=False)
    return figure


@style()
def label_curve_figure(accuracy: dict[str, np.ndarray], per_class: Sequence[int], what: str = "row") -> Figure:
    """Use 4: test accuracy (runs, len(per_class)) against labels a class: the mean, and its range over the runs.

    A run is a seed, its accuracy a mean over draws of which rows have labels; `what` is a row in words.
    """
    figure, axes = plt.subplots(figsize=(7, 4.2))
    for i, (name, values) in enumerate(accuracy.items()):
        # a little apart, so that the bars can be told from each other
        x, mean = np.array(per_class) * 1.035 ** (i - (len(accuracy) - 1) / 2), 100 * values.mean(0)
        reach = np.abs(100 * np.stack([values.min(0), values.max(0)]) - mean)
        axes.errorbar(x, mean, reach, label=name, ms=5, lw=1.4, capsize=3, **STYLES[name])
    runs = max(len(values) for values in accuracy.values())
    axes.set(xscale="log", xlabel="labels per class", ylabel=f"test {what}s classified correctly, %",
             title=f"A few labels: mean and range over {runs} seeds")
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
        _draw_codes(axes, name, _codes(model, X, seed), figures[name]["kl_to_prior"])
    _draw_distances(panels[2], figures)
    samples = {name: model.sample(count, seed) for name, model in models.items()}
    limits = ink_limits(list(samples.values()))
    for part, (name, images) in zip(bottom.subfigures(1, 2), samples.items(), strict=True):
        outside = np.mean((images < limits[0]) | (images > limits[1]))
        part.suptitle(f"{name}: $g(z)$ at $z \\sim N(0, I)$; {100 * outside:.0f} % of the pixels, outside "
                      f"[{limits[0]:g}, {limits[1]:g}], are drawn as {limits[0]:g} or {limits[1]:g}", fontsize=9)
        image_grid(part, images, image_shape, 10, limits)
    return figure


def _codes(model, X, seed):
    """The codes of X; of a VAE one draw z ~ q_φ(z|x) each."""
    codes = model.transform(X)
    if isinstance(model, VAE):
        log_sigma = model.solver_.infer(X)[:, model.latent_dim:]
        # z = μ + σε
        codes = codes + np.exp(log_sigma) * np.random.default_rng(seed).standard_normal(codes.shape)
    return codes


def _draw_codes(axes, name, codes, kl):
    # along the axes in which they spread most and least, and the circle that holds 95 % of N(0, I) in any two
    axis = np.linalg.eigh(np.cov(codes.T))[1][:, [-1, 0]]
    codes = codes @ axis                                    # (B, 2)
    axes.scatter(codes[:, 0], codes[:, 1], s=5, color=STYLES[name]["color"], alpha=0.5,
                 label=r"one $z \sim q_\phi(z|x)$ each" if name == "VAE" else "codes of the data")
    angle = np.linspace(0, 2 * math.pi, 200)
    radius = math.sqrt(-2 * math.log(0.05))
    axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=BLACK, ls="--", lw=1.2, label="95 % of $N(0, I)$")
    axes.set(title=f"{name}: all codes together\nare {kl:.2g} nats from $N(0, I)$",
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
                  label="99 % of the values if both had\nthe same distribution" if row == 0 else None)
    axes.set_axisbelow(True)
    axes.set(title="Samples against test images", xlabel="energy distance (data units)")
    axes.set_yticks([0, 1], ["VAE", "auto-\nencoder"])
    axes.set_xlim(0, 1.2 * max(figures[name]["energy_distance"] for name in ("VAE", "autoencoder")))
    axes.set_ylim(-0.5, 2.1)
    axes.grid(axis="y", visible=False)
    axes.legend(fontsize=8, loc="upper right")


@style()
def clumps_figure(X: np.ndarray, made: dict[str, np.ndarray]) -> Figure:
    """Rows X (m, 2) in grey, and by the name of a generator what it makes (n, 2), a panel each."""
    figure, panels = plt.subplots(1, len(made), figsize=(3.6 * len(made), 3.6), sharex=True, sharey=True)
    for axes, (name, rows), color in zip(panels, made.items(), (BLUE, PURPLE, GREEN), strict=False):
        axes.scatter(*X.T, s=6, color="0.8", lw=0, label="data")
        axes.scatter(*rows.T, s=6, color=color, alpha=0.6, lw=0, label="generated")
        axes.set(xlabel="$x_1$", aspect="equal", title=name, xlim=(-2, 2), ylim=(-2, 2))
        axes.legend(loc="upper right", fontsize=8)
    panels[0].set_ylabel("$x_2$")
    return figure
