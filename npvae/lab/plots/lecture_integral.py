"""The pictures of a latent variable and its integral, and plain lines and strips of dots. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.compare import TITLES
from npvae.lab.plots.comparison import COLORS
from npvae.lab.plots.lecture import LINES
from npvae.lab.plots.style import BLACK, BLUE, DASHES, GREEN, ORANGE, style

SOLVERS = {TITLES[name]: COLORS[name] for name in TITLES}


def latent_picture(z, prior, curve, sigma_g, x, density, joint, data):
    """Below, p(z); in the middle, the decoder's curve on p(x, z); at the side, p(x) with a histogram of the data.

    Parameters
    ----------
    z, prior, curve : arrays (n,)
        p(z) and g(z) at z.
    sigma_g : float
    x, density : arrays (k,)
        p(x) at x.
    joint : array (k, n)
        p(x, z).
    data : array (m,)

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(2, 2, figsize=(8, 5.4), width_ratios=[2.4, 1], height_ratios=[2.4, 1],
                                    sharex="col", sharey="row")
        main, side, below = axes[0, 0], axes[0, 1], axes[1, 0]
        main.contourf(z, x, joint, levels=np.linspace(0.004, joint.max(), 14), cmap="Blues")
        main.plot(z, curve, color=BLACK, lw=1.8, label="$g(z)$")
        main.plot(z, np.stack([curve - sigma_g, curve + sigma_g], 1), "--", color=BLACK, lw=0.8)
        main.set(ylabel="$x$", xlim=(z[0], z[-1]), ylim=(x[0], x[-1]),
                 title=r"$p_\theta(x, z)$, and $g(z) \pm \sigma_g$")
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


def integrands(z, values, areas):
    """p(x|z) p(z) as a function of z for some x; the shaded area is p(x).

    Parameters
    ----------
    z : array (n,)
    values : dict of float to array (n,)
        By x.
    areas : dict of float to float
        By x, p(x).

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(7, 3.2))
        for (x, y), color in zip(values.items(), LINES, strict=False):
            axes.fill_between(z, y, color=color, alpha=0.3)
            axes.plot(z, y, color=color, lw=1.4, label=f"x = {x:g}: area {areas[x]:.3f}")
        axes.set(xlabel="$z$", ylabel=r"$p_\theta(x|z)\,p(z)$", ylim=(0, None), xlim=(-3, 3),
                 title=r"$p_\theta(x)$ is an area under a curve over $z$")
        axes.legend()
    return figure


def lines(x, series, crosses=None, best=None, level=None, figsize=(6.4, 3.6), **labels):
    """Lines over one x, with crosses where something was measured.

    Parameters
    ----------
    x : array (n,)
    series : dict of str to array (n,)
    crosses : dict of str to (array, array), optional
        Under the name of the line that they belong to.
    best : (str, float), optional
        The name and the place of a vertical line.
    level : (str, float), optional
        The name and the height of a horizontal line.
    **labels
        For `axes.set`: title, xlabel, ylabel, yscale, …

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=figsize)
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


def strips(groups, exact, **labels):
    """Every estimate as a dot, a column for each group, with a line at its exact value.

    Parameters
    ----------
    groups : dict of str to array (n,)
    exact : dict of str to float
    **labels
        For `axes.set`.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
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
