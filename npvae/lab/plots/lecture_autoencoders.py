"""The pictures of the lecture's autoencoder pages and of its gradient checks. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.style import BLACK, BLUE, GREEN, ORANGE, style


def layer_slopes(x, layers, crosses):
    """y of each elementwise layer, the slope that its `back` gives, and crosses that were measured.

    Parameters
    ----------
    x : array (n,)
    layers : dict of str to (y (n,), slope (n,))
    crosses : dict of str to (x (k,), slope (k,))

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, panels = plt.subplots(1, len(layers), figsize=(3.5 * len(layers), 3), sharey=True)
        for axes, (name, (y, slope)) in zip(panels, layers.items(), strict=True):
            axes.plot(x, y, color=BLACK, lw=1.6, label="$y$")
            axes.plot(x, slope, color=BLUE, lw=1.6, label="back(1)")
            axes.plot(*crosses[name], "x", color=ORANGE, mew=1.5, label="measured")
            axes.set(title=name, xlabel="$x$")
        panels[0].legend(fontsize=8.5)
    return figure


def taylor_figure(h, remainders):
    """The Taylor remainder |F(v + h d) − F(v) − h g·d| against h on logarithmic axes, with the slopes 1 and 2.

    Parameters
    ----------
    h : array (n,)
    remainders : dict of str to array (n,)

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(6.4, 4))
        for (name, values), color, marker in zip(remainders.items(), (BLUE, ORANGE, GREEN), "os^", strict=False):
            axes.plot(h, values, marker, color=color, ms=4, label=name)
            power = 2 if color == BLUE else 1
            start = 0 if power == 2 else np.abs(np.log(h / 1e-5)).argmin()
            axes.plot(h, values[start] * (h / h[start]) ** power, color=color, lw=0.8, label=f"slope {power}")
        lowest = min(values[values > 0].min() for values in remainders.values())
        axes.set(xscale="log", yscale="log", xlabel="step $h$", ylabel="Taylor remainder (nats)",
                 ylim=(lowest / 3, None))
        axes.legend(fontsize=8.5)
    return figure


def error_strips(right, wrong, tolerance):
    """The error that a check finds in right code and in the same code with a mistake, each a dot.

    Parameters
    ----------
    right, wrong : arrays (n,)
    tolerance : float

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(7, 2.4))
        for height, values, color in ((1, right, BLUE), (0, wrong, ORANGE)):
            axes.plot(np.maximum(values, 1e-17), height + np.linspace(-0.25, 0.25, len(values)), "o", color=color,
                      ms=4, alpha=0.7)
        axes.axvline(tolerance, color=BLACK, ls="--", lw=1.2)
        axes.annotate("tolerance", (tolerance, 1.45), xytext=(4, -4), textcoords="offset points", fontsize=9, va="top")
        axes.set(xscale="log", ylim=(-0.5, 1.5), xlabel=r"error, $\|a-n\|/(\|a\|+\|n\|)$")
        axes.set_yticks([0, 1], ["mistake planted", "as it stands"])
        axes.grid(axis="y", visible=False)
    return figure
