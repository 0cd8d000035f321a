"""The U-curve of finite differences: what the step h does to the error."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, style

FLOOR = 1e-18       # where an error of exactly zero is drawn


def u_curve_figure(curves, title=""):
    """The error of forward and central differences and of the complex step against h, with the slopes 1 and 2.

    Parameters
    ----------
    curves : dict
        From `npvae.gradcheck.u_curve.u_curve`.
    title : str

    Returns
    -------
    figure : matplotlib Figure
    """
    h = np.array(curves["h"])
    with style():
        figure, axes = plt.subplots(figsize=(6.4, 4.4))
        for name, color, marker in (("forward", ORANGE, "o"), ("central", BLUE, "s"), ("complex", GREEN, "^")):
            if curves[name] is not None:
                axes.plot(h, np.maximum(curves[name], FLOOR), marker, color=color, ms=3.5, label=name)
        for name, power, color in (("forward", 1, ORANGE), ("central", 2, BLUE)):
            # the line through the error at h = 0.01, where truncation rules
            at = np.abs(np.log(h) - np.log(0.01)).argmin()
            slope = curves[name][at] * (h / h[at]) ** power
            axes.plot(h, np.where(slope > FLOOR, slope, np.nan), color=color, lw=0.8, label=f"slope {power}")
        if curves["analytic"] > FLOOR:
            axes.axhline(curves["analytic"], color=PURPLE, ls=":", lw=1.2, label="the gradient under test")
        eps = np.finfo(float).eps
        axes.plot(h, eps / h, color=BLACK, ls="--", lw=0.8, label=r"rounding, $\varepsilon/h$")
        axes.set(xscale="log", yscale="log", ylim=(FLOOR / 3, 100), xlabel="step $h$",
                 ylabel="relative error of the slope (0 is drawn at 10⁻¹⁸)", title=title)
        axes.legend(fontsize=8, ncols=2)
    return figure
