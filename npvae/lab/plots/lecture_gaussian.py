"""The pictures of the lecture's Gaussian pages: frozen noise, the two graphs, spreads, curves, bars. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.samples import gap_bar
from npvae.lab.plots.style import BLACK, BLUE, DASHES, GREEN, ORANGE, PURPLE, SKY, YELLOW, style

LINES = [BLACK, BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY]


def panels(columns=2, rows=1, width=5.0, height=3.6):
    """An empty figure in the package's style, and its axes: one, a row of them, or a grid."""
    with style():
        return plt.subplots(rows, columns, figsize=(width * columns, height * rows))


def curves(axes, x, series, marks=None, legend="best", colors=LINES, **labels):
    """Lines y against one x, with a key, and single points marked on top.

    Parameters
    ----------
    axes : matplotlib Axes
    x : array (n,)
    series : dict of str to array (n,)
    marks : dict of str to (x, y), optional
    legend : str
        Where matplotlib puts the key.
    colors : sequence of str
        One for each line, in turn.
    **labels
        For `axes.set`: title, xlabel, ylabel, xscale, ylim, …
    """
    with style():
        for (name, y), color, dash in zip(series.items(), colors, DASHES, strict=False):
            axes.plot(x, y, ls=dash, color=color, lw=1.6, label=name)
        for (name, point), shape in zip((marks or {}).items(), "oDs^v", strict=False):
            axes.plot(*point, shape, color=BLACK, mfc="white", ms=7, mew=1.5, label=name, ls="none")
        axes.set(**labels)
        if len(series) + len(marks or {}) > 1:
            axes.legend(loc=legend, fontsize=8.5)


def frozen_noise(axes, eps, mu, sigma):
    """Draws ε on the lower line, z = μ + σε on the upper one, and the thread between the two.

    Parameters
    ----------
    axes : matplotlib Axes
    eps : array (S,)
    mu, sigma : float
    """
    with style():
        z, grid = mu + sigma * eps, np.linspace(-3.2, 3.2, 200)
        bell = 0.45 * np.exp(-0.5 * grid**2)
        axes.fill_between(grid, -bell, 0, color="0.85", lw=0)
        axes.fill_between(mu + sigma * grid, 1, 1 + bell, color=SKY, alpha=0.5, lw=0)
        for a, b, color in zip(eps, z, plt.cm.viridis((eps + 2.2) / 4.4), strict=True):
            axes.plot([a, b], [0, 1], color=color, lw=1)
            axes.plot([a, b], [0, 1], "o", color=color, ms=4)
        axes.axhline(0, color=BLACK, lw=0.8)
        axes.axhline(1, color=BLACK, lw=0.8)
        axes.set(xlim=(-5, 5), ylim=(-0.55, 1.55), yticks=[0, 1], yticklabels=[r"$\epsilon$", "$z$"],
                 xlabel=r"value of $\epsilon$ (below), of $z$ (above)", title=rf"$\mu={mu:.2f},\ \sigma={sigma:.2f}$")
        axes.grid(False)


def slopes(axes, z, f, slope, curve, **labels):
    """Points (z, f) on a curve, each with a piece of its tangent: what the pathwise gradient averages.

    Parameters
    ----------
    axes : matplotlib Axes
    z, f, slope : array (S,)
    curve : (array, array)
        The function to draw under them.
    """
    with style():
        axes.plot(*curve, color="0.6", lw=1.2)
        step = 0.6 / np.sqrt(1 + (slope / 3) ** 2)
        axes.plot([z - step, z + step], [f - slope * step, f + slope * step], color=ORANGE, lw=1.2)
        axes.plot(z, f, "o", color=BLUE, ms=4)
        axes.axhline(f.mean(), color=BLUE, ls="--", lw=1)
        axes.annotate("mean", (0.99, f.mean()), xycoords=("axes fraction", "data"), xytext=(0, 3),
                      textcoords="offset points", ha="right", fontsize=9, color=BLUE)
        axes.set(**labels)


def computation_graphs():
    """The path from x to L with z drawn at random in its middle, and with the randomness moved aside.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, rows = plt.subplots(2, 1, figsize=(9, 4.0), height_ratios=[1, 1.6])
        _graph(rows[0], r"$z\sim\mathcal{N}(\mu,\sigma^2 I)$", "before: the gradient stops at the draw", stop=3)
        _graph(rows[1], r"$z=\mu+\sigma\odot\epsilon$", "after: the draw stands beside the path", stop=0)
        rows[1].annotate("", (6.6, 0.3), (6.6, 0.95), arrowprops={"arrowstyle": "-|>", "color": BLACK})
        _node(rows[1], 6.6, 1.3, r"$\epsilon\sim\mathcal{N}(0,I)$", random=True)
        rows[1].text(7.7, 1.3, "random, but no parameter in it", fontsize=9, va="center")
        rows[1].set_ylim(-1.05, 1.75)
    return figure


def _graph(axes, z, title, stop):
    nodes = [(0, "$x$"), (1.8, r"$f_\phi$"), (3.8, r"$\mu,\ \sigma$"), (6.6, z), (9.3, r"$g_\theta$"),
             (11.1, "$y$"), (12.9, r"$\mathcal{L}$")]
    halves = [0.3, 0.38, 0.55, 1.25, 0.38, 0.3, 0.3]
    for i, (x, label) in enumerate(nodes):
        _node(axes, x, 0, label, random=bool(stop) and i == stop)
    for i in range(len(nodes) - 1):
        a, b = nodes[i][0] + halves[i], nodes[i + 1][0] - halves[i + 1]
        axes.annotate("", (b, 0.1), (a, 0.1), arrowprops={"arrowstyle": "-|>", "color": BLACK})
        if i >= max(stop, 1):
            axes.annotate("", (a, -0.14), (b, -0.14), arrowprops={"arrowstyle": "-|>", "color": GREEN, "lw": 1.8})
    if stop:
        axes.text(4.8, -0.2, "✗", color=ORANGE, fontsize=15, ha="center", va="center")
        axes.text(4.8, -0.62, "no derivative of a draw", color=ORANGE, fontsize=9, ha="center")
    else:
        axes.text(4.8, -0.72, r"$\partial z/\partial\mu=1,\ \ \partial z/\partial\sigma=\epsilon$", color=GREEN,
                  fontsize=10, ha="center")
    axes.text(10.2, -0.66, r"$\partial\mathcal{L}/\partial z$, by backprop", color=GREEN, fontsize=9, ha="center")
    axes.set(xlim=(-0.6, 13.5), ylim=(-0.95, 0.6))
    axes.set_title(title, loc="left")
    axes.axis("off")


def _node(axes, x, y, label, random):
    box = {"boxstyle": "round,pad=0.35", "fc": "#FBE3D6" if random else "white", "ec": ORANGE if random else BLACK,
           "ls": "--" if random else "-"}
    axes.text(x, y, label, ha="center", va="center", fontsize=13, bbox=box)


def spread(axes, samples, exact, limits, **labels):
    """Histograms of single draws of one number, over each other, and the exact value of their mean.

    Parameters
    ----------
    axes : matplotlib Axes
    samples : dict of str to array (n,)
    exact : float
    limits : (float, float)
        What of the axis is shown; draws outside are counted in the outermost bins.
    """
    with style():
        bins = np.linspace(*limits, 61)
        for (name, draws), color in zip(samples.items(), (BLUE, ORANGE, GREEN), strict=False):
            axes.hist(np.clip(draws, *limits), bins, density=True, color=color, alpha=0.55,
                      label=f"{name}: variance {draws.var():.3g}")
        axes.axvline(exact, color=BLACK, ls="--", lw=1.2, label=f"exact mean {exact:.3g}")
        axes.set(**{"ylabel": "density of one draw", "xlim": limits, **labels})
        axes.legend(fontsize=8.5)


def rows_against_bound(axes, excess, **labels):
    """For each name the sorted excess 'ELBO' − log p(x) of all rows: right of the line the bound is broken.

    Parameters
    ----------
    axes : matplotlib Axes
    excess : dict of str to array (m,)
        Nats.
    """
    with style():
        for (name, values), color in zip(excess.items(), (BLUE, ORANGE, GREEN), strict=False):
            axes.plot(np.sort(values), np.linspace(0, 1, len(values)), color=color, lw=2, label=name)
        axes.axvline(0, color=BLACK, ls="--", lw=1.2, label="log p(x): no ELBO passes")
        axes.set(**{"ylabel": "share of the rows below", **labels})
        axes.legend(fontsize=8.5)


def tube(axes, X, curve, sigma_g, **labels):
    """Data in the plane, the decoder's curve, and discs of radius 2σ_g along it: where p_θ(x|z) puts its mass.

    Parameters
    ----------
    axes : matplotlib Axes
    X : array (m, 2)
    curve : array (n, 2)
    sigma_g : float
    """
    with style():
        axes.scatter(*X.T, s=7, color=BLACK, alpha=0.55, lw=0, zorder=2)
        for point in curve:
            axes.add_patch(plt.Circle(point, 2 * sigma_g, color="#CFE6F5", lw=0, zorder=0.5))
        axes.plot(*curve.T, color=ORANGE, lw=1.8)
        axes.set(**{"xlabel": "$x_1$", "ylabel": "$x_2$", "aspect": "equal", **labels})


def gap_stack(axes, gaps, floor, colors, ceiling=None, **labels):
    """log p(x) = ELBO + amortization gap + approximation gap, a bar for each name, nats a row.

    Parameters
    ----------
    axes : matplotlib Axes
    gaps : dict of str to Gaps
        The means of each field are drawn.
    floor : float
        Where the bars begin.
    colors : sequence of str
        Of each name's ELBO.
    ceiling : float, optional
        The greatest log p(x) that any θ of the family reaches.
    """
    with style():
        for i, (found, own) in enumerate(zip(gaps.values(), colors, strict=True)):
            heights = found.elbo.mean() - floor, found.amortization.mean(), found.approximation.mean()
            gap_bar(axes, i, *heights, floor, own, width=0.62)
            axes.annotate(f"{found.elbo.mean():.2f}", (i, found.elbo.mean()), xytext=(0, -12), color="white",
                          textcoords="offset points", ha="center", fontsize=9)
        if ceiling is not None:
            axes.axhline(ceiling, color=BLACK, ls="--", lw=1.2, label="greatest log p(x)")
        axes.set_xticks(range(len(gaps)), gaps)
        axes.set(**{"ylabel": "nats per row", **labels})
        axes.legend(fontsize=8, loc="upper center", ncols=3, columnspacing=1)
