"""Plain pictures of anything: empty panels, lines over one x, dots beside an exact value, spreads. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npvae.lab.compare import TITLES
from npvae.lab.plots.style import BLACK, BLUE, COLORS, DASHES, GREEN, LINES, ORANGE, style

SOLVERS = {TITLES[name]: COLORS[name] for name in TITLES}


@style()
def panels(columns: int = 2, width: float = 5.0, height: float = 3.6):
    """An empty figure in the package's style, and its axes: one, or a row of them."""
    return plt.subplots(1, columns, figsize=(width * columns, height))


@style()
def curves(axes: Axes, x: np.ndarray, series: dict[str, np.ndarray],
           marks: dict[str, tuple[float, float]] | None = None, legend: str = "best",
           colors: list[str] = (BLACK, *LINES[:-1]), **labels) -> None:
    """Lines y (n,) by name over one x (n,), with a key, and single points marked on top.

    `labels` go to `axes.set`: title, xlabel, ylabel, xscale, ylim, …
    """
    for (name, y), color, dash in zip(series.items(), colors, DASHES, strict=False):
        axes.plot(x, y, ls=dash, color=color, lw=1.6, label=name)
    for (name, point), shape in zip((marks or {}).items(), "oDs^v", strict=False):
        axes.plot(*point, shape, color=BLACK, mfc="white", ms=7, mew=1.5, label=name, ls="none")
    axes.set(**labels)
    if len(series) + len(marks or {}) > 1:
        axes.legend(loc=legend, fontsize=8.5)


@style()
def lines(x: np.ndarray, series: dict[str, np.ndarray],
          crosses: dict[str, tuple[np.ndarray, np.ndarray]] | None = None, best: tuple[str, float] | None = None,
          level: tuple[str, float] | None = None, **labels) -> Figure:
    """A figure of lines (n,) by name over one x (n,), a solver's in its colour, and crosses where it was measured.

    `best` and `level` are the name and the place of a vertical and of a horizontal line; `labels` go to `axes.set`.
    """
    figure, axes = plt.subplots(figsize=(6.4, 3.6))
    for (name, y), color, dash in zip(series.items(), LINES, DASHES, strict=False):
        color = SOLVERS.get(name, color)
        axes.plot(x, y, color=color, ls=dash, lw=1.7, label=name)
        if crosses and name in crosses:
            axes.plot(*crosses[name], "x", color=color, mew=1.6)
    if best is not None:
        axes.axvline(best[1], color=BLACK, ls=":", lw=1.2, label=best[0])
    if level is not None:
        axes.axhline(level[1], color=BLACK, lw=1.0, label=level[0])
    axes.set(**labels)
    axes.legend(fontsize=8.5)
    return figure


@style()
def strips(groups: dict[str, np.ndarray], exact: dict[str, float], **labels) -> Figure:
    """Every estimate (n,) as a dot, a column for each group, with a line at its exact value."""
    figure, axes = plt.subplots(figsize=(6.8, 3.6))
    for i, (name, values) in enumerate(groups.items()):
        jitter = np.linspace(-0.28, 0.28, len(values))
        axes.plot(i + jitter, values, ".", color=BLUE, ms=4, alpha=0.55, label=None if i else "an estimate")
        axes.plot([i - 0.38, i + 0.38], [exact[name]] * 2, color=BLACK, lw=1.8, label=None if i else "exact")
    axes.set_xticks(range(len(groups)), groups)
    axes.set(**labels)
    axes.grid(False, axis="x")
    axes.legend(fontsize=8.5)
    return figure


@style()
def spread(axes: Axes, samples: dict[str, np.ndarray], exact: float, limits: tuple[float, float], **labels) -> None:
    """Histograms of single draws (n,) by name, over each other, and the exact value of their mean.

    Draws outside of the limits are counted in the outermost bins.
    """
    bins = np.linspace(*limits, 61)
    for (name, draws), color in zip(samples.items(), (BLUE, ORANGE, GREEN), strict=False):
        axes.hist(np.clip(draws, *limits), bins, density=True, color=color, alpha=0.55,
                  label=f"{name}: variance {draws.var():.3g}")
    axes.axvline(exact, color=BLACK, ls="--", lw=1.2, label=f"exact mean {exact:.3g}".replace("-", "−"))
    axes.set(**{"ylabel": "density of one draw", "xlim": limits, **labels})
    axes.legend(fontsize=8.5)


@style()
def rows_against_bound(axes: Axes, excess: dict[str, np.ndarray], **labels) -> None:
    """For each name the sorted excess 'ELBO' − log p(x) (m,), nats: right of the line the bound is broken."""
    for (name, values), color in zip(excess.items(), (BLUE, ORANGE, GREEN), strict=False):
        axes.plot(np.sort(values), np.linspace(0, 1, len(values)), color=color, lw=2, label=name)
    axes.axvline(0, color=BLACK, ls="--", lw=1.2, label="log p(x): no ELBO passes")
    axes.set(**{"ylabel": "share of the rows below", **labels})
    axes.legend(fontsize=8.5)


@style()
def tube(axes: Axes, X: np.ndarray, curve: np.ndarray, sigma_g: float, **labels) -> None:
    """Data X (m, 2), the decoder's curve (n, 2), and discs of radius 2σ_g along it: where p_θ(x|z) puts its mass."""
    axes.scatter(*X.T, s=7, color=BLACK, alpha=0.55, lw=0, zorder=2)
    for point in curve:
        axes.add_patch(plt.Circle(point, 2 * sigma_g, color="#CFE6F5", lw=0, zorder=0.5))
    axes.plot(*curve.T, color=ORANGE, lw=1.8)
    axes.set(**{"xlabel": "$x_1$", "ylabel": "$x_2$", "aspect": "equal", **labels})
