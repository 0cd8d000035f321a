"""Pictures of what a model makes: samples, reconstructions, the latent plane, the way between two images."""

import math

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.style import BLUE, show_image, style


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
    h, w = image_shape
    n = len(steps)
    with style():
        figure, axes = plt.subplots(figsize=(6.6, 6.6 * h / w))
        # a white line between neighbours
        images = np.pad(Y.reshape(n, n, h, w), ((0, 0), (0, 0), (0, 1), (0, 1)))
        h, w = h + 1, w + 1
        axes.imshow(images.transpose(0, 2, 1, 3).reshape(n * h, n * w), cmap="gray_r", vmin=0, vmax=1)
        shown = np.arange(0, n, math.ceil(n / 13))
        names = [f"{steps[i]:.1f}".replace("-", "−") for i in shown]
        axes.set_xticks((shown + 0.5) * w - 1, names)
        axes.set_yticks((n - shown - 0.5) * h - 1, names)
        unit = "(prior standard deviations)"
        axes.set(xlabel=f"$z_{{{first}}}$ {unit}", ylabel=f"$z_{{{second}}}$ {unit}", title="g(z)")
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
    grid = figure.subplots(len(strips), max(len(strip) for strip in strips.values()), squeeze=False)
    for row, (name, strip) in zip(grid, strips.items(), strict=True):
        for axes, image in zip(row, strip, strict=True):
            show_image(axes, image, image_shape)
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)


def image_grid(figure, images, image_shape, columns):
    """Images (n, D) row by row, on a figure or a part of one."""
    panels = figure.subplots(math.ceil(len(images) / columns), columns, squeeze=False).ravel()
    for axes in panels[len(images):]:
        axes.set_visible(False)
    for axes, image in zip(panels, images, strict=False):
        show_image(axes, image, image_shape)
