"""The pictures of the ELBO: log p(x) split in two, and hills to climb. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.style import BLACK, BLUE, DASHES, GREEN, ORANGE, PURPLE, SKY, YELLOW, style

LINES = [BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, BLACK]


def split_bars(labels, elbo, log_p, floor=None, title="log p(x) = ELBO + KL", axes=None):
    """A bar up to log p(x) for each q, split at its ELBO; the rest is KL(q ‖ p(z|x)).

    Parameters
    ----------
    labels : list of str
    elbo, log_p : arrays (n,), or one number for log p(x)
        Nats.
    floor : float, optional
        Where the bars begin; an ELBO below it is written, not drawn.
    axes : matplotlib Axes, optional
        To draw on; a new figure without it.

    Returns
    -------
    figure : matplotlib Figure
    """
    elbo = np.asarray(elbo, float)
    log_p = np.broadcast_to(log_p, elbo.shape)
    floor = min(elbo) - 0.35 * (max(log_p) - min(elbo)) - 0.1 if floor is None else floor
    with style():
        axes = plt.subplots(figsize=(1.6 + 1.25 * len(elbo), 3.4))[1] if axes is None else axes
        for i, (low, top) in enumerate(zip(elbo, log_p, strict=True)):
            cut = max(low, floor)
            axes.bar(i, cut - floor, bottom=floor, width=0.6, color=BLUE, label=None if i else "ELBO")
            axes.bar(i, top - cut, bottom=cut, width=0.6, color=YELLOW, hatch="//", edgecolor="white",
                     label=None if i else "KL(q ‖ p(z|x))")
            axes.plot([i - 0.42, i + 0.42], [top, top], color=BLACK, lw=1.6, label=None if i else "log p(x)")
            axes.annotate(f"ELBO {low:.2f}\nKL {top - low:.2f}", (i, top), xytext=(0, 4), fontsize=8,
                          textcoords="offset points", ha="center")
        axes.set(ylabel="nats", xlim=(-0.6, len(elbo) - 0.4), title=title,
                 ylim=(floor, max(log_p) + (0.4 if len(elbo) > 1 else 0.75) * (max(log_p) - floor)))
        axes.set_xticks(range(len(elbo)), labels)
        axes.grid(False, axis="x")
        axes.legend(loc="upper center", ncols=3 if len(elbo) > 1 else 1, fontsize=8, columnspacing=1, handlelength=1.2)
    return axes.figure


def triangle(L, marks, title="ELBO (nats) over all q"):
    """Contours of L over the triangle of all q = (q_1, q_2, q_3), with some q marked.

    Parameters
    ----------
    L : callable q (n, 3) -> (n,)
    marks : dict of str to array (3,)

    Returns
    -------
    figure : matplotlib Figure
    """
    corners = np.array([[0, 0], [1, 0], [0.5, 0.75**0.5]])
    a, b = np.meshgrid(np.linspace(0.002, 0.996, 90), np.linspace(0.002, 0.996, 90))
    q = np.stack([a, b, 1 - a - b], axis=-1)[a + b < 0.9985]
    with style():
        figure, axes = plt.subplots(figsize=(5.6, 4))
        values, (x, y) = L(q), (q @ corners).T
        drawn = axes.tricontourf(x, y, values, levels=18, cmap="viridis")
        axes.tricontour(x, y, values, levels=drawn.levels, colors="white", linewidths=0.4, alpha=0.6)
        figure.colorbar(drawn, ax=axes, label="nats", shrink=0.8)
        for (name, mark), color in zip(marks.items(), ["white", SKY, YELLOW, ORANGE], strict=False):
            axes.plot(*(mark @ corners), "o", ms=8, mfc=color, mec=BLACK, label=name)
        for k, (corner, place) in enumerate(zip(corners, [(-12, -14), (12, -14), (0, 7)], strict=True)):
            axes.annotate(f"z = {k + 1}", corner, xytext=place, textcoords="offset points", ha="center")
        axes.legend(loc="upper left", fontsize=8, bbox_to_anchor=(-0.08, 1))
        axes.set(title=title, aspect="equal", xlim=(-0.12, 1.12), ylim=(-0.1, 0.98))
        axes.axis("off")
    return figure


def posterior_and_bar(z, posterior, q, elbo, log_p, floor, figure=None, title=""):
    """p(z|x) and q(z) as curves, and beside them the bar of log p(x), split in two.

    Parameters
    ----------
    z, posterior, q : arrays (n,)
    elbo, log_p, floor : float
    figure : Figure or SubFigure, optional

    Returns
    -------
    figure
    """
    with style():
        figure = plt.figure(figsize=(7.2, 3.2)) if figure is None else figure
        left, right = figure.subplots(1, 2, width_ratios=[2.3, 1])
        left.fill_between(z, posterior, color="0.85")
        left.plot(z, posterior, color=BLACK, lw=1.2, label="$p(z|x)$, exact")
        left.plot(z, q, color=BLUE, lw=2, label="$q(z)$")
        left.set(xlabel="$z$", ylabel="density", ylim=(0, 1.45 * posterior.max()), xlim=(-3, 3),
                 title=title)
        left.legend(loc="upper left", fontsize=9)
        split_bars(["q"], [elbo], log_p, floor, title="", axes=right)
    return figure


def posterior_gallery(z, posterior, cases, log_p, floor):
    """`posterior_and_bar` for several q, two a row: the sliders' picture for readers without a kernel.

    Parameters
    ----------
    z, posterior : arrays (n,)
    cases : dict of str to (q (n,), elbo)
    log_p, floor : float

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure = plt.figure(figsize=(11, 3.2 * ((len(cases) + 1) // 2)))
        panels = figure.subfigures((len(cases) + 1) // 2, 2)
    for panel, (name, (q, elbo)) in zip(panels.flat, cases.items(), strict=False):
        posterior_and_bar(z, posterior, q, elbo, log_p, floor, panel, name)
    return figure


def contours(first, second, height, points, xlabel, ylabel, title, lowest=None):
    """Contours of height over two axes, with some points marked.

    Parameters
    ----------
    first (n,), second (k,), height (k, n) : arrays
    points : dict of str to (x, y)
    lowest : float, optional
        Where the contours end.

    Returns
    -------
    figure : matplotlib Figure
    """
    lowest = height.min() if lowest is None else lowest
    with style():
        figure, axes = plt.subplots(figsize=(6.2, 4))
        levels = np.linspace(lowest, height.max(), 20)
        drawn = axes.contourf(first, second, height, levels=levels, cmap="viridis", extend="min")
        figure.colorbar(drawn, ax=axes, label="nats", format="%.1f")
        for (name, point), color in zip(points.items(), ["white", ORANGE, SKY, YELLOW], strict=False):
            axes.plot(*point, "o", ms=8, mfc=color, mec=BLACK, label=name, ls="none")
        axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
        axes.grid(False)
        axes.legend(loc="lower right", fontsize=8, labelcolor="white")
    return figure


def bound_curves(theta, log_p, bounds, xlabel, title):
    """log p(x) as a function of θ, with bounds below it that each touch it at one θ.

    Parameters
    ----------
    theta, log_p : arrays (n,)
    bounds : dict of float to array (n,)
        For the θ at which q was made, the ELBO of that q at every θ.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(6.6, 3.7))
        axes.plot(theta, log_p, color=BLACK, lw=2.2, label=r"$\ell(\theta)$")
        for (touch, bound), color, dash in zip(bounds.items(), LINES, DASHES, strict=False):
            axes.plot(theta, bound, color=color, ls=dash, lw=1.4, label=rf"$q$ made at $\theta$ = {touch:g}")
            axes.plot(touch, np.interp(touch, theta, bound), "o", color=color)
        spread = log_p.max() - log_p.min()
        axes.set(xlabel=xlabel, ylabel="nats", title=title,
                 ylim=(log_p.min() - 0.3 * spread, log_p.max() + 0.1 * spread))
        axes.legend(fontsize=8.5)
    return figure
