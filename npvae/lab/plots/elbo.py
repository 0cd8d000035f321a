"""The pictures of log p(x): the integral over z, its split into ELBO and KL, and hills to climb. Only drawing."""

import re
from collections.abc import Callable
from contextlib import nullcontext

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from npvae.lab.plots.style import BLACK, BLUE, DASHES, GREEN, LINES, ORANGE, SKY, YELLOW, style

BUTTONS = {"fa-minus": "−", "fa-plus": "+", "fa-fast-backward": "|◀", "fa-step-backward": "◀|", "fa-play": "▶",
           "fa-play fa-flip-horizontal": "◀", "fa-pause": "❚❚", "fa-step-forward": "|▶", "fa-fast-forward": "▶|"}


@style()
def latent_picture(z: np.ndarray, prior: np.ndarray, curve: np.ndarray, sigma_g: float, x: np.ndarray,
                   density: np.ndarray, joint: np.ndarray, data: np.ndarray) -> Figure:
    """Below, p(z) (n,); in the middle, g(z) (n,) on p(x, z) (k, n); at the side, p(x) (k,) and a histogram of data."""
    figure, axes = plt.subplots(2, 2, figsize=(8, 5.4), width_ratios=[2.4, 1], height_ratios=[2.4, 1], sharex="col",
                                sharey="row")
    main, side, below = axes[0, 0], axes[0, 1], axes[1, 0]
    main.contourf(z, x, joint, levels=np.linspace(0.004, joint.max(), 14), cmap="Blues")
    main.plot(z, curve, color=BLACK, lw=1.8, label="$g(z)$")
    main.plot(z, np.stack([curve - sigma_g, curve + sigma_g], 1), "--", color=BLACK, lw=0.8)
    main.set(ylabel="$x$", xlim=(z[0], z[-1]), ylim=(x[0], x[-1]), title=r"$p_\theta(x, z)$, and $g(z) \pm \sigma_g$")
    main.legend(loc="upper left")
    below.fill_between(z, prior, color=GREEN, alpha=0.35)
    below.set(xlabel="$z$", ylabel="$p(z)$", ylim=(0, None))
    side.hist(data, bins=40, range=(x[0], x[-1]), density=True, orientation="horizontal", color="0.8",
              label="$x^1 … x^m$")
    side.plot(density, x, color=ORANGE, lw=1.8, label=r"$p_\theta(x)$")
    side.set(xlabel="density", title=r"$p_\theta(x) = \int p_\theta(x|z)\,p(z)\,dz$")
    side.legend(loc="center right", fontsize=8.5)
    side.tick_params(labelbottom=True)
    axes[1, 1].set_visible(False)
    return figure


@style()
def integrands(z: np.ndarray, values: dict[float, np.ndarray], areas: dict[float, float]) -> Figure:
    """p(x|z) p(z) as a function of z (n,), by x; the shaded area is p(x)."""
    figure, axes = plt.subplots(figsize=(7, 3.2))
    for (x, y), color in zip(values.items(), LINES, strict=False):
        axes.fill_between(z, y, color=color, alpha=0.3)
        axes.plot(z, y, color=color, lw=1.4, label=f"x = {x:g}: area {areas[x]:.3f}")
    axes.set(xlabel="$z$", ylabel=r"$p_\theta(x|z)\,p(z)$", ylim=(0, None), xlim=(-3, 3),
             title=r"$p_\theta(x)$ is an area under a curve over $z$")
    axes.legend()
    return figure


@style()
def split_bars(labels: list[str], elbo: np.ndarray, log_p: np.ndarray | float, floor: float | None = None,
               title: str = "log p(x) = ELBO + KL", axes: Axes | None = None) -> Figure:
    """A bar up to log p(x) for each q, split at its ELBO (n,), nats; the rest is KL(q ‖ p(z|x)).

    The bars begin at `floor`; an ELBO below it is written, not drawn.
    """
    elbo = np.asarray(elbo, float)
    log_p = np.broadcast_to(log_p, elbo.shape)
    floor = min(elbo) - 0.35 * (max(log_p) - min(elbo)) - 0.1 if floor is None else floor
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


@style()
def triangle(L: Callable, marks: dict[str, np.ndarray]) -> Figure:
    """Contours of L(q), q (n, 3) -> (n,), over the triangle of all q = (q_1, q_2, q_3), with some q (3,) marked."""
    corners = np.array([[0, 0], [1, 0], [0.5, 0.75**0.5]])
    a, b = np.meshgrid(np.linspace(0.002, 0.996, 90), np.linspace(0.002, 0.996, 90))
    q = np.stack([a, b, 1 - a - b], axis=-1)[a + b < 0.9985]
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
    axes.set(title="ELBO (nats) over all q", aspect="equal", xlim=(-0.12, 1.12), ylim=(-0.1, 0.98))
    axes.axis("off")
    return figure


@style()
def posterior_and_bar(z: np.ndarray, posterior: np.ndarray, q: np.ndarray, elbo: float, log_p: float, floor: float,
                      figure: Figure | SubFigure | None = None, title: str = "") -> Figure | SubFigure:
    """p(z|x) and q(z), both (n,), as curves, and beside them the bar of log p(x), split in two."""
    figure = plt.figure(figsize=(7.2, 3.2)) if figure is None else figure
    left, right = figure.subplots(1, 2, width_ratios=[2.3, 1])
    left.fill_between(z, posterior, color="0.85")
    left.plot(z, posterior, color=BLACK, lw=1.2, label="$p(z|x)$, exact")
    left.plot(z, q, color=BLUE, lw=2, label="$q(z)$")
    left.set(xlabel="$z$", ylabel="density", ylim=(0, 1.45 * posterior.max()), xlim=(-3, 3), title=title)
    left.legend(loc="upper left", fontsize=9)
    split_bars(["q"], [elbo], log_p, floor, title="", axes=right)
    return figure


@style()
def posterior_gallery(z: np.ndarray, posterior: np.ndarray, cases: dict[str, tuple[np.ndarray, float]], log_p: float,
                      floor: float) -> Figure:
    """`posterior_and_bar` of several cases (q(z), ELBO), two a row: the sliders' picture for who has no kernel."""
    figure = plt.figure(figsize=(11, 3.2 * ((len(cases) + 1) // 2)))
    panels = figure.subfigures((len(cases) + 1) // 2, 2)
    for panel, (name, (q, elbo)) in zip(panels.flat, cases.items(), strict=False):
        posterior_and_bar(z, posterior, q, elbo, log_p, floor, panel, name)
    return figure


@style()
def contours(first: np.ndarray, second: np.ndarray, height: np.ndarray, points: dict[str, tuple[float, float]],
             xlabel: str, ylabel: str, title: str, lowest: float | None = None) -> Figure:
    """Contours of height (k, n), from `lowest` on, over two axes (n,) and (k,), with some points marked."""
    lowest = height.min() if lowest is None else lowest
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


@style()
def bound_curves(theta: np.ndarray, log_p: np.ndarray, bounds: dict[float, np.ndarray], xlabel: str,
                 title: str) -> Figure:
    """log p(x) as a function of θ (n,), and, by the θ at which a q was made, the ELBO of that q at every θ."""
    figure, axes = plt.subplots(figsize=(6.6, 3.7))
    axes.plot(theta, log_p, color=BLACK, lw=2.2, label=r"$\ell(\theta)$")
    for (touch, bound), color, dash in zip(bounds.items(), LINES, DASHES, strict=False):
        axes.plot(theta, bound, color=color, ls=dash, lw=1.4, label=rf"$q$ made at $\theta$ = {touch:g}")
        axes.plot(touch, np.interp(touch, theta, bound), "o", color=color)
    spread = log_p.max() - log_p.min()
    axes.set(xlabel=xlabel, ylabel="nats", title=title, ylim=(log_p.min() - 0.3 * spread, log_p.max() + 0.1 * spread))
    axes.legend(fontsize=8.5)
    return figure


def ascent_figure(theta: np.ndarray, q: np.ndarray, height: np.ndarray, path: np.ndarray, elbo: np.ndarray,
                  log_p: np.ndarray, upto: int | None = None, figure: Figure | None = None,
                  levels: int = 22) -> Figure:
    """Left, a path (steps, 2) of (θ, q) on contours of height (k, n); right, its ELBO (steps,) below log p(x).

    With `upto` the path is drawn up to this point only.
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


def ascent_animation(theta: np.ndarray, q: np.ndarray, height: np.ndarray, path: np.ndarray, elbo: np.ndarray,
                     log_p: np.ndarray) -> str:
    """`ascent_figure` growing step by step, every 0.6 s, as HTML with buttons for `IPython.display.HTML`."""
    with style(), plt.rc_context({"font.size": 8, "axes.titlesize": 8.5, "legend.fontsize": 7, "savefig.dpi": 75}):
        figure = plt.figure(figsize=(6.6, 2.6), dpi=75)

        def frame(upto):
            figure.clear()
            ascent_figure(theta, q, height, path, elbo, log_p, upto, figure, levels=10)

        moving = FuncAnimation(figure, frame, len(path), interval=600, init_func=lambda: None)
        html = moving.to_jshtml(default_mode="once")
        plt.close(figure)
    # signs on the buttons that need no font from the net
    html = re.sub(r"<link[^>]*font-awesome[^>]*>", "", html)
    # and the last frame for a reader whose program does not run the page's script
    last = re.findall(r'"(data:image/png;base64,[^"]*)"', html)[-1].replace("\\\n", "")
    html = re.sub(r'(<img id="_anim_img\w+")', lambda image: f'{image[1]} src="{last}"', html)
    return re.sub(r'<i class="fa ([^"]*)"></i>', lambda icon: BUTTONS[icon[1]], html)
