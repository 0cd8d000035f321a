"""Pictures of rows of data and of what a model makes of them: images, points, the latent plane, ways between images."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from npvae.lab.plots.style import (
    BLACK,
    BLUE,
    CLASSES,
    bounded_ratio,
    ink_limits,
    paper,
    show_images,
    style,
)
from npvae.tables import signed


@style()
def samples_figure(X: np.ndarray, image_shape: tuple[int, ...] | None = None) -> Figure:
    """Images X (n, D) in a grid; rows that are no images as points of their first two columns."""
    title = "Samples: g(z) at z ~ N(0, I)"
    if image_shape is None:
        return points_figure({title: X})
    columns = math.ceil(math.sqrt(len(X)))
    height = 0.7 * math.ceil(len(X) / columns) * bounded_ratio(image_shape)
    figure = plt.figure(figsize=(min(9, max(3.5, 0.7 * columns)), min(9, max(1.6, height + 0.5))))
    figure.suptitle(title, fontsize=10.5)
    image_grid(figure, X, image_shape, columns)
    return figure


@style()
def reconstructions_figure(X: np.ndarray, Y: np.ndarray, image_shape: tuple[int, ...] | None = None,
                           columns: Sequence[str] | None = None) -> Figure:
    """Rows X (n, D) above and what the model makes of them, Y (n, D), below; no images as points, with `columns`."""
    if image_shape is None:
        return points_figure({"data": X, "reconstructions": Y}, columns)
    figure = plt.figure(figsize=(max(3.5, min(11, 1 + 0.75 * len(X))), 0.5 + _strip_height(image_shape, len(X), 2)))
    image_rows(figure, {"data": X, "recon-\nstruction": Y}, image_shape)
    return figure


@style()
def plane_figure(Y: np.ndarray, steps: np.ndarray, first: int, second: int, image_shape: tuple[int, ...]) -> Figure:
    """What the decoder makes of a grid of z: a picture of the plane of the coordinates `first` and `second`, from 1.

    Both take the values of `steps` (n,), prior standard deviations; Y (n², D) has row after row, the highest z_second
    first.
    """
    n, ratio, side = len(steps), bounded_ratio(image_shape), 6.6
    width, height = side * min(1, 1 / ratio), side * min(1, ratio)
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


@style()
def strips_figure(strips: dict[str, np.ndarray], image_shape: tuple[int, ...], xlabel: str) -> Figure:
    """Rows of images (n, D) with a name each, e.g. the way from one image to another."""
    n = max(len(strip) for strip in strips.values())
    # wide enough for the line below, however few the images
    figure = plt.figure(figsize=(max(5.2, min(11, 1.2 + 0.75 * n)), 0.5 + _strip_height(image_shape, n, len(strips))))
    image_rows(figure, strips, image_shape)
    figure.supxlabel(xlabel, fontsize=10)
    return figure


def _strip_height(image_shape, columns, rows):
    # inches of rows of images that are 0.75 inches wide, or less where they share ten inches
    return rows * (min(0.75, 10 / columns) * bounded_ratio(image_shape) + 0.1)


@style()
def image_strips(strips: dict[str, np.ndarray], shape: tuple[int, ...], title: str = "") -> Figure:
    """Rows of images (n, D) under each other, each row with its name, under a title."""
    columns = max(len(strip) for strip in strips.values())
    figure = plt.figure(figsize=(1.6 + 0.75 * columns, 0.3 + 0.8 * len(strips)))
    figure.suptitle(title, fontsize=10.5)
    image_rows(figure, strips, shape)
    return figure


@style()
def points_figure(sets: dict[str, np.ndarray], columns: Sequence[str] | None = None) -> Figure:
    """The first two columns of one or more sets of rows (the first against its place, if there is but one column).

    `columns` are their names, by default x_1 and x_2.
    """
    figure, axes = plt.subplots(figsize=(5.2, 4.4))
    x1, x2 = [*(name.replace("$", r"\$") for name in columns or ()), "$x_1$", "$x_2$"][:2]
    for (name, X), color in zip(sets.items(), ("0.6" if len(sets) > 1 else BLUE, BLUE), strict=False):
        wide = X.shape[1] > 1
        axes.scatter(*((X[:, 0], X[:, 1]) if wide else (np.arange(len(X)), X[:, 0])), s=8, color=color, label=name)
    axes.set(xlabel=x1 if wide else "row", ylabel=x2 if wide else x1)
    parts = [name] * (len(sets) == 1) + [f"two of {X.shape[1]} columns"] * (X.shape[1] > 2)
    axes.set_title(", ".join(parts))
    if len(sets) > 1:
        axes.legend()
    return figure


@style()
def latent_points(z: np.ndarray, labels: np.ndarray, title: str = "") -> Figure:
    """Points z (n, 2) of a latent plane, drawn as their labels (n,), whole numbers."""
    figure, axes = plt.subplots(figsize=(5, 4.6))
    label_points(axes, *z.T, labels)
    axes.set(xlabel="$z_1$", ylabel="$z_2$", title=title)
    return figure


@style()
def explorer_figure(z: tuple[float, float], codes: np.ndarray, labels: np.ndarray, image: np.ndarray,
                    image_shape: tuple[int, ...]) -> Figure:
    """The latent plane with the data's codes (n, 2), their labels (n,) and one z; beside it the image g(z) (D,)."""
    figure, (plane, picture) = plt.subplots(1, 2, figsize=(7.4, 3.9), width_ratios=[1.25, 1])
    for label in np.unique(labels):
        points = codes[labels == label]
        plane.plot(*points.T, ".", ms=3, alpha=0.55, color=CLASSES[label % 10])
        plane.text(*np.median(points, axis=0), str(label), color=CLASSES[label % 10], fontsize=11, ha="center",
                   va="center", weight="bold", bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 0.8})
    plane.axvline(z[0], color=BLACK, lw=0.7)
    plane.axhline(z[1], color=BLACK, lw=0.7)
    plane.plot(*z, "o", ms=10, mfc=BLACK, mec="white", mew=2, zorder=5)     # above the labels, too
    reach = max(np.abs(codes).max(), np.abs(z).max()) + 0.3                 # room for every code and for z
    plane.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="$z_1$", ylabel="$z_2$",
              title="codes of the digits")
    show_images(picture, np.reshape(image, (1, 1, -1)), image_shape)
    picture.spines[:].set_visible(True)
    picture.set_title(f"$g(z)$ at $z$ = ({signed(z[0], 2)}, {signed(z[1], 2)})")
    return figure


def image_rows(figure: Figure | SubFigure, strips: dict[str, np.ndarray], image_shape: tuple[int, ...]) -> None:
    """Rows of images (n, D) under each other, each row with its name, on a figure or a part of one."""
    limits = ink_limits(np.concatenate([np.reshape(strip, (len(strip), -1)) for strip in strips.values()]))
    for axes, (name, strip) in zip(figure.subplots(len(strips), squeeze=False)[:, 0], strips.items(), strict=True):
        _, y = show_images(axes, np.reshape(strip, (1, len(strip), -1)), image_shape, limits)
        axes.set_yticks(y, [name], fontsize=9)
        axes.tick_params(length=0)


def image_grid(figure: Figure | SubFigure, images: np.ndarray, image_shape: tuple[int, ...], columns: int,
               limits: tuple[float, float] | None = None) -> None:
    """Images (n, D) row by row, on a figure or a part of one; `limits` as in `show_images`."""
    limits = limits or ink_limits(images)
    # white where the last row has no image
    places = np.full((math.ceil(len(images) / columns) * columns, math.prod(image_shape)), paper(image_shape, limits))
    places[:len(images)] = np.reshape(images, (len(images), -1))
    show_images(figure.subplots(), places.reshape(-1, columns, places.shape[1]), image_shape, limits)


def label_points(axes: Axes, first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> None:
    """Points of the plane, coordinates (n,), drawn as their labels (n,), whole numbers."""
    # a call for each label: hundreds of texts take a second
    for label in np.unique(labels):
        on = labels == label
        axes.scatter(first[on], second[on], s=26, marker=f"${label}$", color=CLASSES[label % 10], linewidths=0.2)
