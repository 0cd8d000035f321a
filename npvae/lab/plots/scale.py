"""Time, parameters and memory against the number of data, on logarithmic axes with fitted slopes."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.compare import TITLES
from npvae.lab.plots.comparison import COLORS
from npvae.lab.plots.style import style
from npvae.lab.scale import slope
from npvae.tables import fixed

PANELS = [("seconds_per_sweep", "time for one sweep (seconds)"), ("variational_parameters", "variational parameters"),
          ("anonymous_bytes", "own memory (bytes)"), ("seconds_per_new_x", "time for q of one new x (seconds)")]


def scale_figure(figures):
    """The figures of `npvae bench --scale`: four panels against m, the fitted slope beside each line.

    Parameters
    ----------
    figures : dict
        What `npvae.lab.scale.scale` returns.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(2, 2, figsize=(10, 7))
        for panel, (key, label) in zip(axes.flat, PANELS, strict=True):
            for solver in ("variational_em", "amortized_vi"):
                runs = [run for run in figures["runs"] if run["solver"] == solver]
                m, y = (np.array([run[k] for run in runs], float) for k in ("m", key))
                panel.loglog(m, np.maximum(y, 1e-9), "o-", color=COLORS[solver],
                             label=f"{TITLES[solver]}: slope {fixed(slope(runs, key), 2)}")
            panel.set(xlabel="number of data m", ylabel=label)
            panel.legend(loc="best")
    return figure
