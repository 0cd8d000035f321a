"""Pictures of autoencoders at work: their four uses, generation, the latent plane."""

import math

import numpy as np

from npvae.lab.plots import BLACK, BLUE, CLASSES, GREEN, ORANGE, PURPLE, plt, show_image, style

STYLES = {"autoencoder": dict(color=BLUE, marker="o"), "VAE": dict(color=GREEN, marker="s"),
          "PCA": dict(color=ORANGE, marker="^"), "raw": dict(color=BLACK, marker="D"),
          "raw, each column standardised": dict(color=PURPLE, marker="v")}


def compression_figure(records):
    """Use 1: the error of test rows against bytes a row, the autoencoder's beside PCA's.

    Parameters
    ----------
    records : list of dict
        From `autoencoder_uses.compression`.
    """
    with style():
        figure, axes = plt.subplots(figsize=(6.4, 4))
        size = [record["bytes"] for record in records]
        for name, title in (("pca", "PCA"), ("autoencoder", "autoencoder")):
            axes.plot(size, [record[name] for record in records], label=title, ms=5, **STYLES[title])
        axes.set(xscale="log", yscale="log", xlabel="code, bytes per row", title="Compression of unseen rows",
                 ylabel="mean squared error per dimension\n(squared data units)")
        axes.set_xticks(size, [f"{s:g}\nK = {record['latent_dim']}" for s, record in zip(size, records, strict=True)])
        axes.minorticks_off()
        axes.legend()
    return figure


def planes_figure(planes, accuracy, labels):
    """Use 2: the test rows as points of each model's plane, coloured by a label that no model has seen.

    Parameters
    ----------
    planes : dict of str to Features
    accuracy : dict of str to float
        Both from `autoencoder_uses.planes`.
    labels : array (n,) of int
        Of the test rows.
    """
    with style():
        figure, panels = plt.subplots(1, len(planes), figsize=(11, 4.2))
        for axes, (name, features) in zip(panels, planes.items(), strict=True):
            for label in np.unique(labels):
                points = features.test[labels == label]
                axes.scatter(points[:, 0], points[:, 1], s=0)
                for a, b in points:
                    axes.text(a, b, str(label), color=CLASSES[label % 10], fontsize=8, ha="center", va="center",
                              clip_on=True)
            axes.set(title=f"{name}: 5 nearest neighbours\nfind the label of {accuracy[name]:.0%}", xlabel="$z_1$")
        panels[0].set_ylabel("$z_2$")
    return figure


def probe_figure(accuracy):
    """Use 3: the test accuracy of a linear classifier on each kind of features.

    Parameters
    ----------
    accuracy : dict of str to float
        From `autoencoder_uses.linear_probe`.
    """
    with style():
        figure, axes = plt.subplots(figsize=(6.8, 2.6))
        names = list(accuracy)[::-1]
        bars = axes.barh(names, [100 * accuracy[name] for name in names], color=[STYLES[n]["color"] for n in names])
        axes.bar_label(bars, fmt="%.1f %%", padding=3, fontsize=9)
        axes.set(xlim=(0, 112), xlabel="test rows classified rightly, %", title="A linear classifier on each description")
        axes.set_xticks(range(0, 101, 20))
        axes.grid(axis="y", visible=False)
    return figure


def label_curve_figure(accuracy, per_class):
    """Use 4: test accuracy against labels a class; the bars are the standard deviation over the draws.

    Parameters
    ----------
    accuracy : dict of str to array (len(per_class), draws)
        From `autoencoder_uses.label_curve`.
    per_class : sequence of int
    """
    with style():
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


def generation_figure(figures, models, X, image_shape, count=40, seed=0):
    """Why z ~ N(0, I) does not suit an autoencoder: where its codes lie, what it makes of z, and the distances.

    Parameters
    ----------
    figures, models : dicts
        From `generation.generation`.
    X : array (m, D)
        Whose codes are shown.
    image_shape : tuple of two ints
    count, seed : int
        Samples of each model.
    """
    with style():
        figure = plt.figure(figsize=(11, 6.4))
        top, bottom = figure.subfigures(2, 1, height_ratios=[1.15, 1])
        panels = top.subplots(1, 3, width_ratios=[1, 1, 1.25])
        for axes, (name, model) in zip(panels, models.items(), strict=False):
            _codes(axes, name, model.transform(X), figures[name]["kl_to_prior"])
        _distance_bars(panels[2], figures)
        for part, (name, model) in zip(bottom.subfigures(1, 2), models.items(), strict=True):
            part.suptitle(f"{name}: g(z) at z ~ N(0, I)", fontsize=10.5)
            _grid(part, model.sample(count, seed), image_shape, columns=10)
    return figure


def _codes(axes, name, codes, kl):
    # the two coordinates that spread most, and the circle that holds 95 % of N(0, I)
    i, j = np.sort(np.argsort(codes.var(0))[::-1][:2])
    axes.scatter(codes[:, i], codes[:, j], s=5, color=STYLES[name]["color"], alpha=0.5, label="codes of the data")
    angle = np.linspace(0, 2 * math.pi, 200)
    radius = math.sqrt(-2 * math.log(0.05))
    axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=BLACK, ls="--", lw=1.2, label="95 % of N(0, I)")
    axes.set(title=f"{name}: all codes together\nare {kl:.2g} nats from N(0, I)", xlabel=f"$z_{{{i + 1}}}$",
             ylabel=f"$z_{{{j + 1}}}$")
    axes.axis("equal")
    axes.set_ylim(top=axes.get_ylim()[1] * 1.35)
    axes.legend(fontsize=8, loc="upper right", frameon=True, framealpha=0.85, edgecolor="none", handletextpad=0.4)


def _distance_bars(axes, figures):
    for row, name in enumerate(("VAE", "autoencoder")):
        found = figures[name]
        bars = axes.barh(row, found["energy_distance"], 0.45, color=STYLES[name]["color"])
        axes.bar_label(bars, fmt="%.2g", padding=3, fontsize=9)
        axes.plot([found["low"], found["high"]], [row + 0.36] * 2, color=BLACK, lw=4, solid_capstyle="butt",
                  label="99 % of the values if samples\nand test images were alike" if row == 0 else None)
    axes.set(title="Samples against test images", xlabel="energy distance (data units)")
    axes.set_yticks([0, 1], ["VAE", "auto-\nencoder"])
    axes.set_xlim(0, 1.2 * max(figures[name]["energy_distance"] for name in ("VAE", "autoencoder")))
    axes.set_ylim(-0.5, 2.1)
    axes.grid(axis="y", visible=False)
    axes.legend(fontsize=8, loc="upper right")


def samples_figure(X, image_shape=None, title="Samples: g(z) at z ~ N(0, I)"):
    """Images in a grid; rows that are no images as points of their first two columns.

    Parameters
    ----------
    X : array (n, D)
    image_shape : tuple of two ints, optional
    title : str
    """
    if image_shape is None:
        return points_figure({title: X})
    with style():
        columns = math.ceil(math.sqrt(len(X)))
        rows = math.ceil(len(X) / columns)
        figure = plt.figure(figsize=(min(9, max(3.5, 0.7 * columns)), min(9, max(1.6, 0.7 * rows + 0.5))))
        figure.suptitle(title, fontsize=10.5)
        _grid(figure, X, image_shape, columns)
    return figure


def reconstructions_figure(X, Y, image_shape=None):
    """Rows above and what the model makes of them below.

    Parameters
    ----------
    X, Y : arrays (n, D)
        The data, and their reconstructions.
    image_shape : tuple of two ints, optional
    """
    if image_shape is None:
        return points_figure({"data": X, "reconstructions": Y})
    with style():
        figure = plt.figure(figsize=(max(3.5, min(11, 1 + 0.75 * len(X))), 2.2))
        panels = figure.subplots(2, len(X), squeeze=False)
        for row, images, name in zip(panels, (X, Y), ("data", "recon-\nstruction"), strict=True):
            for axes, image in zip(row, images, strict=True):
                show_image(axes, image, image_shape)
            row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def plane_figure(Y, steps, first, second, image_shape):
    """What the decoder makes of a grid of z: a picture of the latent plane.

    Parameters
    ----------
    Y : array (len(steps)², D)
        Row after row, the highest z_second first.
    steps : array (n,)
        The values of both coordinates, prior standard deviations.
    first, second : int
        Which coordinates, from 1.
    image_shape : tuple of two ints
    """
    h, w = image_shape
    n = len(steps)
    with style():
        figure, axes = plt.subplots(figsize=(6.6, 6.6 * h / w))
        mosaic = Y.reshape(n, n, h, w).transpose(0, 2, 1, 3).reshape(n * h, n * w)
        axes.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1)
        shown = np.unique(np.linspace(0, n - 1, min(n, 7)).round().astype(int))
        axes.set_xticks((shown + 0.5) * w - 0.5, [f"{steps[i]:.1f}" for i in shown])
        axes.set_yticks((n - shown - 0.5) * h - 0.5, [f"{steps[i]:.1f}" for i in shown])
        axes.set(xlabel=f"$z_{{{first}}}$ (prior standard deviations)", ylabel=f"$z_{{{second}}}$", title="g(z)")
        axes.grid(False)
    return figure


def strips_figure(strips, image_shape, xlabel):
    """Rows of images with a name each, e.g. the way from one image to another.

    Parameters
    ----------
    strips : dict of str to array (n, D)
    image_shape : tuple of two ints
    xlabel : str
    """
    with style():
        n = max(len(strip) for strip in strips.values())
        figure = plt.figure(figsize=(min(11, 1.2 + 0.75 * n), 0.6 + 0.8 * len(strips)))
        panels = figure.subplots(len(strips), n, squeeze=False)
        for row, (name, strip) in zip(panels, strips.items(), strict=True):
            for axes, image in zip(row, strip, strict=True):
                show_image(axes, image, image_shape)
            row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        figure.supxlabel(xlabel, fontsize=10)
    return figure


def points_figure(sets):
    """The first two columns of one or more sets of rows (the first against its place, if there is but one column)."""
    with style():
        figure, axes = plt.subplots(figsize=(5.2, 4.4))
        for (name, X), color in zip(sets.items(), ("0.6" if len(sets) > 1 else BLUE, BLUE), strict=False):
            axes.scatter(*((X[:, 0], X[:, 1]) if X.shape[1] > 1 else (np.arange(len(X)), X[:, 0])), s=8, color=color,
                         label=name)
        wide = X.shape[1] > 1
        axes.set(xlabel="$x_1$" if wide else "row", ylabel="$x_2$" if wide else "$x_1$")
        axes.legend()
    return figure


def _grid(figure, images, image_shape, columns):
    panels = figure.subplots(math.ceil(len(images) / columns), columns, squeeze=False).ravel()
    for axes in panels[len(images):]:
        axes.set_visible(False)
    for axes, image in zip(panels, images, strict=False):
        show_image(axes, image, image_shape)
