"""The pictures of variational EM: ascent on contours, still and moving, clusters, strips of images. Only drawing."""

import re
from contextlib import nullcontext

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

from npvae.lab.plots.samples import image_rows, label_points
from npvae.lab.plots.style import BLACK, BLUE, CLASSES, ORANGE, style

BUTTONS = {"fa-minus": "−", "fa-plus": "+", "fa-fast-backward": "|◀", "fa-step-backward": "◀|", "fa-play": "▶",
           "fa-play fa-flip-horizontal": "◀", "fa-pause": "❚❚", "fa-step-forward": "|▶", "fa-fast-forward": "▶|"}


def ascent_figure(theta, q, height, path, elbo, log_p, upto=None, figure=None, levels=22):
    """Left, a path of steps in θ and in q on contours; right, its ELBO after every step, below log p(x).

    Parameters
    ----------
    theta (n,), q (k,), height (k, n) : arrays
    path : array (steps, 2)
        Points (θ, q).
    elbo, log_p : arrays (steps,)
    upto : int, optional
        Draw the path up to this point only.
    figure : Figure, optional
        To draw on again.
    levels : int
        Of the contours.

    Returns
    -------
    figure : matplotlib Figure
    """
    shown = slice(None, None if upto is None else upto + 1)
    steps = np.arange(len(path))
    with style() if figure is None else nullcontext():
        figure = plt.figure(figsize=(9, 3.6)) if figure is None else figure
        left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
        drawn = left.contourf(theta, q, height, levels=np.linspace(-8, height.max(), levels), cmap="viridis",
                              extend="min")
        figure.colorbar(drawn, ax=left, label="nats", format="%.1f")
        left.plot(*path[shown].T, color=BLACK, lw=2.6)
        left.plot(*path[shown].T, color="white", lw=1.6)
        left.plot(*path[shown].T, ".", color="white", mec=BLACK, mew=0.5, ms=7)
        left.plot(*path[shown][-1], "o", color=ORANGE, mec=BLACK, ms=8)
        left.set(xlabel=r"$\theta$", ylabel="$q$", title=r"$L(q, x, \theta)$ and the path", ylim=(-0.03, 1.03))
        left.grid(False)
        right.plot(steps[shown], log_p[shown], color=BLACK, lw=1.6, label=r"$\log p_\theta(x)$")
        right.plot(steps[shown], elbo[shown], ".-", color=BLUE, lw=1.4, label=r"$L(q, x, \theta)$")
        span = max(max(log_p) - min(elbo), 1e-3)
        right.set(xlabel="half step (θ, q, θ, q, …)", ylabel="nats", xlim=(-0.5, len(path) - 0.5),
                  ylim=(min(elbo) - 0.08 * span, max(log_p) + 0.12 * span), title="Half step by half step",
                  xticks=steps[::3])
        right.legend(loc="lower right")
    return figure


def ascent_animation(theta, q, height, path, elbo, log_p, dpi=75, interval=600):
    """`ascent_figure` growing step by step, as HTML with buttons; show it with `IPython.display.HTML`.

    Parameters
    ----------
    theta, q, height, path, elbo, log_p
        As in `ascent_figure`.
    dpi, interval : int
        Size of a frame, and milliseconds between two.

    Returns
    -------
    html : str
    """
    with style(), plt.rc_context({"font.size": 8, "axes.titlesize": 8.5, "legend.fontsize": 7, "savefig.dpi": dpi}):
        figure = plt.figure(figsize=(6.6, 2.6), dpi=dpi)

        def frame(upto):
            figure.clear()
            ascent_figure(theta, q, height, path, elbo, log_p, upto, figure, levels=10)

        moving = FuncAnimation(figure, frame, len(path), interval=interval, init_func=lambda: None)
        html = moving.to_jshtml(default_mode="once")
        plt.close(figure)
    # signs on the buttons that need no font from the net
    html = re.sub(r"<link[^>]*font-awesome[^>]*>", "", html)
    # and the last frame for a reader whose program does not run the page's script
    last = re.findall(r'"(data:image/png;base64,[^"]*)"', html)[-1].replace("\\\n", "")
    html = re.sub(r'(<img id="_anim_img\w+")', lambda image: f'{image[1]} src="{last}"', html)
    return re.sub(r'<i class="fa ([^"]*)"></i>', lambda icon: BUTTONS[icon[1]], html)


def clusters(X, q, path, title=""):
    """Points coloured by the component that takes most of them, and the way of the components' means.

    Parameters
    ----------
    X : array (m, 2)
    q : array (m, K)
        Probabilities.
    path : array (sweeps, K, 2)

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(5, 4.4))
        sure = q.max(1)
        for k in range(q.shape[1]):
            mine = q.argmax(1) == k
            axes.scatter(*X[mine].T, s=10, color=CLASSES[k], alpha=0.25 + 0.6 * sure[mine], lw=0)
            axes.plot(*path[:, k].T, "-", color=BLACK, lw=1.4)
            axes.plot(*path[0, k], "o", color="white", mec=BLACK, ms=6, label=None if k else "start")
            axes.plot(*path[-1, k], "o", color=CLASSES[k], mec=BLACK, ms=9, label=None if k else "end")
        axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", title=title)
        axes.legend(loc="upper right", fontsize=8.5)
    return figure


def latent_points(z, labels, title="", figure=None):
    """Points in a latent plane, drawn as their labels.

    Parameters
    ----------
    z : array (n, 2)
    labels : array (n,) of int
    figure : Figure or SubFigure, optional

    Returns
    -------
    figure
    """
    with style():
        figure = plt.figure(figsize=(5, 4.6)) if figure is None else figure
        axes = figure.subplots()
        label_points(axes, *z.T, labels)
        axes.set(xlabel="$z_1$", ylabel="$z_2$", title=title)
    return figure


def image_strips(strips, shape, title="", figure=None):
    """Rows of images under each other, each row with its name.

    Parameters
    ----------
    strips : dict of str to array (n, D)
    shape : (height, width)
    figure : Figure or SubFigure, optional

    Returns
    -------
    figure
    """
    columns = max(len(strip) for strip in strips.values())
    with style():
        figure = plt.figure(figsize=(1.6 + 0.75 * columns, 0.3 + 0.8 * len(strips))) if figure is None else figure
        figure.suptitle(title, fontsize=10.5)
        image_rows(figure, strips, shape)
    return figure


def climbs(values, tops, title="", xlabel="step", ylabel="nats", reach=None):
    """Curves that climb, each to a dashed line of its own colour; both ends bear its number, from 1.

    Parameters
    ----------
    values : array (steps, n)
    tops : array (n,)
    reach : float, optional
        How far below the lowest top the picture goes.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(6.4, 3.6))
        for i, (value, top) in enumerate(zip(values.T, tops, strict=True)):
            axes.plot(value, color=CLASSES[i], lw=1.5)
            axes.axhline(top, color=CLASSES[i], ls="--", lw=0.9)
            axes.annotate(str(i + 1), (1, top), xycoords=("axes fraction", "data"), xytext=(4, 0), va="center",
                          textcoords="offset points", color=CLASSES[i], fontsize=9)
            axes.annotate(str(i + 1), (len(value) - 1, value[-1]), xytext=(0, 3), textcoords="offset points",
                          ha="center", color=CLASSES[i], fontsize=9)
        if reach is not None:
            axes.set_ylim(min(tops) - reach, max(tops) + 0.08 * reach)
        axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return figure
