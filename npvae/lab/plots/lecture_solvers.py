"""The pictures of solutions 1 and 2: means that fall together, rows that lie on a curve, scaling. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.lecture import LINES
from npvae.lab.plots.style import BLACK, BLUE, CLASSES, DASHES, GREEN, ORANGE, style


def fates(X, start, ends):
    """Where the means of a mixture go from the same start, one panel for each way of choosing q.

    Parameters
    ----------
    X : array (m, 2)
    start : array (K, 2)
    ends : dict of str to array (K, 2)

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, panels = plt.subplots(1, len(ends), figsize=(4.2 * len(ends), 4), sharex=True, sharey=True)
        for axes, (name, end) in zip(panels, ends.items(), strict=True):
            axes.scatter(*X.T, s=7, color="0.75", lw=0)
            for k, (a, b) in enumerate(zip(start, end, strict=True)):
                axes.annotate("", b, a, arrowprops={"arrowstyle": "->", "color": CLASSES[k], "lw": 1.6})
                axes.plot(*a, "o", color="white", mec=CLASSES[k], ms=6, label="start" if k == 0 else None)
                axes.plot(*b, "o", color=CLASSES[k], mec=BLACK, ms=8, label="end" if k == 0 else None)
            axes.plot(*X.mean(0), "+", color=BLACK, ms=16, mew=1.5, label=r"$\bar x$")
            axes.set(xlabel="$x_1$", aspect="equal", title=name)
        panels[0].set_ylabel("$x_2$")
        panels[-1].legend(loc="upper right")
    return figure


def below_ceiling(width, missing, xlabel, title):
    """How far each of many draws stays below a ceiling, on logarithmic axes; none may be missing from the picture.

    Parameters
    ----------
    width, missing : arrays (n,)
        How wild the draw was, and ceiling − ELBO (nats), positive.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(6.4, 3.6))
        axes.plot(width, missing, ".", color=ORANGE, ms=3, alpha=0.5)
        axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel="ceiling − ELBO (nats per row)", title=title)
    return figure


def rows_on_a_curve(x, mu, sigma, encoders=None, title=""):
    """The best q_i of some one-dimensional data as bars μ_i ± σ_i over x, and what encoders make of it.

    Parameters
    ----------
    x, mu, sigma : arrays (m,)
    encoders : dict of str to (array (n,), array (n,)), optional
        By name, x and the encoder's μ there.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(6.6, 3.8))
        axes.errorbar(x, mu, sigma, fmt="o", color=BLUE, ms=4, lw=1, label=r"best $q_i$: $\mu_i \pm \sigma_i$")
        for (name, curve), color, dash in zip((encoders or {}).items(), LINES[1:], DASHES, strict=False):
            axes.plot(*curve, color=color, ls=dash, lw=1.6, label=name)
        axes.set(xlabel="$x$", ylabel="$z$", title=title)
        axes.legend(loc="upper left", fontsize=8.5)
    return figure


def scaling(m, measured, labels):
    """Several measurements against the number of data m, one panel each, one line for each solver.

    Parameters
    ----------
    m : array (n,)
    measured : dict of str to dict of str to array (n,)
        By panel, by solver.
    labels : dict of str to str
        The axis label of a panel; panels whose label begins with "ELBO" have a linear axis.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, panels = plt.subplots(1, len(measured), figsize=(3.7 * len(measured), 3.4))
        for axes, (name, lines) in zip(panels, measured.items(), strict=True):
            for (solver, values), color, mark in zip(lines.items(), (BLUE, GREEN), "os", strict=True):
                axes.plot(m, values, mark + "-", color=color, lw=1.5, ms=5, label=solver)
            linear = labels[name].startswith("ELBO")
            axes.set(xscale="log", yscale="linear" if linear else "log", xlabel="number of data $m$",
                     ylabel=labels[name], title=name)
            axes.minorticks_off()
            axes.set_xticks(m, [f"{n:,}" for n in np.asarray(m)])
        panels[0].legend(loc="upper left", fontsize=8.5)
    return figure


def ladder(gaps, approximation, title=""):
    """The amortization gap of each encoder as a bar on a logarithmic axis, and the approximation gap as a line.

    Parameters
    ----------
    gaps : dict of str to float
        Nats per row.
    approximation : float

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(1.6 + 0.95 * len(gaps), 3.6))
        axes.bar(range(len(gaps)), gaps.values(), color=GREEN, width=0.6, log=True, label="amortization gap")
        for i, gap in enumerate(gaps.values()):
            axes.annotate(f"{gap:.2g}", (i, gap), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8.5)
        axes.axhline(approximation, color=BLACK, ls="--", lw=1.2, label=f"approximation gap {approximation:.2g}")
        axes.set_xticks(range(len(gaps)), gaps)
        axes.set(ylabel="nats per row", title=title, ylim=(min(gaps.values()) / 3, max(gaps.values()) * 5))
        axes.grid(False, axis="x")
        axes.legend(loc="upper right", fontsize=8.5)
    return figure
