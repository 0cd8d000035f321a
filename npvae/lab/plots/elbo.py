"""The pictures of log p(x): the integral over z, its split into ELBO and KL, and hills to climb. Only drawing."""

from collections.abc import Callable, Iterable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from npvae.lab.plots.style import BLACK, BLUE, DASHES, GREEN, LINES, ORANGE, SKY, YELLOW, style
from npvae.tables import signed


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
def density_beside_curve(z: np.ndarray, curve: np.ndarray, sigma_g: float, x: np.ndarray,
                         density: np.ndarray) -> Figure:
    """Left, g(z) (n,) and the band g(z) ± σ_g; right, p(x) (k,), on limits that stay when σ_g or the curve changes."""
    figure, (main, side) = plt.subplots(1, 2, figsize=(6.6, 2.9), width_ratios=[2, 1], sharey=True)
    main.fill_between(z, curve - sigma_g, curve + sigma_g, color=BLUE, alpha=0.25, lw=0, label=r"$g(z) \pm \sigma_g$")
    main.plot(z, curve, color=BLACK, lw=1.8, label="$g(z)$")
    main.set(xlabel="$z$", ylabel="$x$", xlim=(-2.8, 2.8), ylim=(x[0], x[-1]), title="The decoder")
    main.legend(loc="lower right", fontsize=8.5)
    side.fill_betweenx(x, density, color=ORANGE, alpha=0.3, lw=0)
    side.plot(density, x, color=ORANGE, lw=1.8)
    side.set(xlabel="density", xlim=(0, 1.5), title=r"$p_\theta(x)$")
    return figure


@style()
def integrands(z: np.ndarray, values: dict[float, np.ndarray], areas: dict[float, float]) -> Figure:
    """p(x|z) p(z) as a function of z (n,), by x; the shaded area is p(x)."""
    figure, axes = plt.subplots(figsize=(7, 3.2))
    for (x, y), color in zip(values.items(), LINES, strict=False):
        axes.fill_between(z, y, color=color, alpha=0.3)
        axes.plot(z, y, color=color, lw=1.4, label=f"$x = {x:g}$: area {areas[x]:.3f}")
    axes.set(xlabel="$z$", ylabel=r"$p_\theta(x|z)\,p(z)$", ylim=(0, None), xlim=(-3, 3),
             title=r"$p_\theta(x)$ is an area under a curve over $z$")
    axes.legend()
    return figure


@style()
def split_bars(labels: list[str], elbo: np.ndarray, log_p: np.ndarray | float, floor: float | None = None,
               title: str = r"$\log p_\theta(x)$ = ELBO + KL", axes: Axes | None = None) -> Figure:
    """A bar up to log p(x) for each q, split at its ELBO (n,), nats; the rest is KL(q ‖ p(z|x)).

    Only the KL has a length: a logarithm has no natural zero, so that below `floor` every bar is torn off. An ELBO
    below it is written, not drawn.
    """
    elbo = np.asarray(elbo, float)
    log_p = np.broadcast_to(log_p, elbo.shape)
    floor = min(elbo) - 0.35 * (max(log_p) - min(elbo)) - 0.1 if floor is None else floor
    axes = plt.subplots(figsize=(1.6 + 1.25 * len(elbo), 3.4))[1] if axes is None else axes
    for i, (low, top) in enumerate(zip(elbo, log_p, strict=True)):
        cut = max(low, floor)
        axes.bar(i, cut - floor, bottom=floor, width=0.6, color=BLUE, label=None if i else "ELBO")
        axes.bar(i, top - cut, bottom=cut, width=0.6, color=YELLOW, hatch="//", edgecolor="white",
                 label=None if i else r"$\mathrm{KL}(q \,\|\, p_\theta(z|x))$")
        axes.plot([i - 0.42, i + 0.42], [top, top], color=BLACK, lw=1.6, label=None if i else r"$\log p_\theta(x)$")
        axes.annotate(f"ELBO {signed(low, 2)}\nKL {signed(top - low, 2)}", (i, top), xytext=(0, 4), fontsize=8,
                      textcoords="offset points", ha="center")
    height = max(log_p) + (0.4 if len(elbo) > 1 else 0.75) * (max(log_p) - floor) - floor
    axes.set(ylabel="nats", xlim=(-0.6, len(elbo) - 0.4), title=title, ylim=(floor, floor + height))
    torn(axes, range(len(elbo)), 0.6)
    axes.set_xticks(range(len(elbo)), labels)
    axes.grid(False, axis="x")
    axes.legend(loc="upper center", ncols=3 if len(elbo) > 1 else 1, fontsize=8, columnspacing=1, handlelength=1.2)
    return axes.figure


def torn(axes: Axes, places: Iterable[float], width: float) -> None:
    """Tear the lower end off bars at these places, and take the axis below them away: they go on downwards."""
    low, high = axes.get_ylim()
    for place in places:
        x = place + np.linspace(-0.53, 0.53, 13) * width
        edge = low + (high - low) * np.where(np.arange(13) % 2, 0.035, 0.012)
        axes.fill_between(x, low - (high - low), edge, color="white", lw=0, zorder=3)
        axes.plot(x, edge, color=BLACK, lw=0.8, zorder=4)
    axes.set_ylim(low, high)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0)


@style()
def triangle(L: Callable, marks: dict[str, np.ndarray]) -> Figure:
    """Contours of L(q), q (n, 3) -> (n,), over the triangle of all q = (q_1, q_2, q_3), with some q (3,) marked."""
    corners = np.array([[0, 0], [1, 0], [0.5, 0.75**0.5]])
    a, b = np.meshgrid(np.linspace(0.002, 0.996, 90), np.linspace(0.002, 0.996, 90))
    q = np.stack([a, b, 1 - a - b], axis=-1)[a + b < 0.9985]
    figure, axes = plt.subplots(figsize=(5.3, 3.7))
    values, (x, y) = L(q), (q @ corners).T
    drawn = axes.tricontourf(x, y, values, levels=18, cmap="viridis")
    axes.tricontour(x, y, values, levels=drawn.levels, colors="white", linewidths=0.4, alpha=0.6)
    figure.colorbar(drawn, ax=axes, label="nats", shrink=0.8)
    for (name, mark), color in zip(marks.items(), ["white", SKY, YELLOW, ORANGE], strict=False):
        axes.plot(*(mark @ corners), "o", ms=8, mfc=color, mec=BLACK, label=name)
    for k, (corner, place) in enumerate(zip(corners, [(-12, -14), (12, -14), (0, 7)], strict=True)):
        axes.annotate(f"$z = {k + 1}$", corner, xytext=place, textcoords="offset points", ha="center")
    axes.legend(loc="upper left", fontsize=8, bbox_to_anchor=(-0.08, 1))
    axes.set(title="The ELBO of every $q$", aspect="equal", xlim=(-0.12, 1.12), ylim=(-0.1, 0.98))
    axes.axis("off")
    return figure


@style()
def posterior_and_bar(z: np.ndarray, posterior: np.ndarray, q: np.ndarray, elbo: float, log_p: float, floor: float,
                      title: str = "") -> Figure:
    """p(z|x) and q(z), both (n,), as curves, and beside them the bar of log p(x), split in two."""
    figure = plt.figure(figsize=(7.2, 3.2))
    left, right = figure.subplots(1, 2, width_ratios=[2.3, 1])
    left.fill_between(z, posterior, color="0.85")
    left.plot(z, posterior, color=BLACK, lw=1.2, label=r"$p_\theta(z|x)$, exact")
    left.plot(z, q, color=BLUE, lw=2, label="$q(z)$")
    left.set(xlabel="$z$", ylabel="density", ylim=(0, 1.45 * posterior.max()), xlim=(-3, 3), title=title)
    left.legend(loc="upper left", fontsize=9)
    split_bars(["$q$"], [elbo], log_p, floor, title="", axes=right)
    return figure


@style()
def contours(first: np.ndarray, second: np.ndarray, height: np.ndarray, points: dict[str, tuple[float, float]],
             xlabel: str, ylabel: str, title: str, lowest: float | None = None) -> Figure:
    """Contours of height (k, n), from `lowest` on, over two axes (n,) and (k,), with some points marked."""
    lowest = height.min() if lowest is None else lowest
    figure, axes = plt.subplots(figsize=(6.2, 3.6))
    levels = even_levels(lowest, height.max())
    drawn = axes.contourf(first, second, height, levels=levels, cmap="viridis", extend="min")
    ticks = even_levels(lowest, height.max(), 6)
    figure.colorbar(drawn, ax=axes, label="nats", ticks=ticks[(ticks >= levels[0]) & (ticks <= levels[-1])])
    for (name, point), color in zip(points.items(), ["white", ORANGE, SKY, YELLOW], strict=False):
        axes.plot(*point, "o", ms=8, mfc=color, mec=BLACK, label=name, ls="none")
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axes.grid(False)
    axes.legend(loc="lower right", fontsize=8, labelcolor="white")
    return figure


def even_levels(low: float, high: float, number: int = 20) -> np.ndarray:
    """About so many levels from low to high or a little further, at round numbers.

    >>> even_levels(-8.0, -1.6, 8)
    array([-8., -7., -6., -5., -4., -3., -2., -1.])
    """
    return MaxNLocator(number, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)


@style()
def kl_directions(z: np.ndarray, posterior: np.ndarray, fits: dict[str, np.ndarray], title: str = "") -> Figure:
    """An exact posterior (n,) over z (n,) in grey, and each q (n,) of `fits` as a line: what each KL prefers."""
    figure, axes = plt.subplots(figsize=(6.6, 3.4))
    axes.fill_between(z, posterior, color="0.85")
    axes.plot(z, posterior, color=BLACK, lw=1.2, label=r"$p_\theta(z|x)$, exact")
    for (name, q), color, dash in zip(fits.items(), LINES, DASHES, strict=False):
        axes.plot(z, q, color=color, ls=dash, lw=1.8, label=name)
    axes.set(xlabel="$z$", ylabel="density", ylim=(0, None), title=title)
    axes.legend(fontsize=8.5)
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
