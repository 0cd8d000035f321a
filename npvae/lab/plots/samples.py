"""Pictures of what a model makes: samples, reconstructions, the latent plane, the way between two images."""

import math

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.style import BLUE, CLASSES, SKY, YELLOW, bounded_ratio, ink_limits, show_images, style


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
        image_grid(figure, X, image_shape, columns)
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
        image_rows(figure, {"data": X, "recon-\nstruction": Y}, image_shape)
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
    n, ratio, side = len(steps), bounded_ratio(image_shape), 6.6
    width, height = side * min(1, 1 / ratio), side * min(1, ratio)
    with style():
        figure, axes = plt.subplots(figsize=(width, height))
        x, y = show_images(axes, Y.reshape(n, n, -1), image_shape)
        axes.spines[["left", "bottom"]].set_visible(True)
        # no more names than the shorter side has room for: 0.43 inches each
        shown = np.arange(0, n, math.ceil(n / ((min(width, height) - 0.9) // 0.43)))
        names = [f"{steps[i]:.1f}".replace("-", "−") for i in shown]
        axes.set_xticks(x[shown], names)
        axes.set_yticks(y[n - 1 - shown], names)
        unit = "(prior standard deviations)"
        axes.set(xlabel=f"$z_{{{first}}}$ {unit}", ylabel=f"$z_{{{second}}}$ {unit}", title="g(z)")
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
        # wide enough for the line below, however few the images
        figure = plt.figure(figsize=(max(5.2, min(11, 1.2 + 0.75 * n)), 0.6 + 0.8 * len(strips)))
        image_rows(figure, strips, image_shape)
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


def image_rows(figure, strips, image_shape):
    """Rows of images (n, D) under each other, each row with its name, on a figure or a part of one."""
    limits = ink_limits(np.concatenate([np.reshape(strip, (len(strip), -1)) for strip in strips.values()]))
    for axes, (name, strip) in zip(figure.subplots(len(strips), squeeze=False)[:, 0], strips.items(), strict=True):
        _, y = show_images(axes, np.reshape(strip, (1, len(strip), -1)), image_shape, limits)
        axes.set_yticks(y, [name], fontsize=9)
        axes.tick_params(length=0)


def image_grid(figure, images, image_shape, columns, limits=None):
    """Images (n, D) row by row, on a figure or a part of one; `limits` as in `show_images`."""
    limits = limits or ink_limits(images)
    # white where the last row has no image
    places = np.full((math.ceil(len(images) / columns) * columns, math.prod(image_shape)), limits[0])
    places[:len(images)] = np.reshape(images, (len(images), -1))
    show_images(figure.subplots(), places.reshape(-1, columns, places.shape[1]), image_shape, limits)


def label_points(axes, first, second, labels):
    """Points of the plane drawn as their labels, whole numbers.

    Parameters
    ----------
    axes : matplotlib Axes
    first, second : arrays (n,)
        Their coordinates.
    labels : array (n,) of int
    """
    for a, b, label in zip(first, second, labels, strict=True):
        axes.text(a, b, str(label), color=CLASSES[label % 10], fontsize=8, ha="center", va="center", clip_on=True)
    axes.scatter(first, second, s=0)


def gap_bar(axes, i, elbo, amortization, approximation, floor, color, width=0.65, labelled=True):
    """One bar of log p(x): the ELBO, the amortization gap and the approximation gap on top of each other, nats.

    Parameters
    ----------
    axes : matplotlib Axes
    i : int
        Where the bar stands; the gaps of the first one have names for a legend.
    elbo, amortization, approximation : float
        The three heights.
    floor : float
        Where the bar begins.
    color
        Of the ELBO.
    width : float
    labelled : bool
        False leaves the names out.
    """
    parts = [("ELBO", elbo, color, ""), ("amortization gap", amortization, YELLOW, "//"),
             ("approximation gap", approximation, SKY, "..")]
    for part, height, color, hatch in parts:
        axes.bar(i, height, bottom=floor, color=color, hatch=hatch, edgecolor="white", width=width,
                 label=part if hatch and i == 0 and labelled else None)
        floor += height
