"""Several processes: what was measured on this many ranks, and what is predicted of many machines. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npvae.lab.compare import TITLES
from npvae.lab.plots.style import BLACK, COLORS, YELLOW, style

HATCHES = {"weak": "", "strong": "//"}
NETWORKS = {"predicted": "messages as fast\nas measured here", "predicted_ethernet": "10 Gbit/s\nand 50 µs"}


@style()
def ranks_figure(figures: dict) -> Figure:
    """What `npvae.lab.scale_ranks.scale_on_ranks` returns: weak and strong scaling, and the two predictions beside it.

    Weak scaling is the speed of n ranks, a batch of its own each, as a share of n processes that do not talk; strong
    scaling is that of n ranks that share one batch, as a share of n times one process.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 3.8), width_ratios=[1, 1.25])
    _measured(left, figures["runs"])
    _predicted(right, figures)
    return figure


def _measured(axes: Axes, runs: list[dict]) -> None:
    seconds = {(run["solver"], run["mode"], run["ranks"]): run["seconds_per_step"] for run in runs}
    ranks = max(run["ranks"] for run in runs)
    for i, name in enumerate(solvers := list(dict.fromkeys(run["solver"] for run in runs))):
        for place, mode in ((-0.19, "weak"), (0.19, "strong")):
            alone = seconds[name, "alone", ranks] if mode == "weak" else seconds[name, "alone", 1] / ranks
            bar = axes.bar(i + place, 100 * alone / seconds[name, mode, ranks], 0.36, color=COLORS[name],
                           hatch=HATCHES[mode], edgecolor="white")
            axes.bar_label(bar, fmt="%.0f %%", fontsize=8.5, padding=2)
    for mode in HATCHES:
        axes.bar(0, 0, color="0.5", hatch=HATCHES[mode], edgecolor="white", label=f"{mode} scaling")
    axes.axhline(100, color=BLACK, ls="--", lw=1, label="ideal")
    axes.set_xticks(range(len(solvers)), [TITLES[name].replace(" ", "\n", 1) for name in solvers])
    axes.set(ylabel="speed, % of the ideal", ylim=(0, 150), title=f"MEASURED: {ranks} processes, one machine")
    axes.grid(False, axis="x")
    axes.legend(loc="upper center", ncols=3, fontsize=8.5, columnspacing=1)


def _predicted(axes: Axes, figures: dict) -> None:
    for row, key in enumerate(NETWORKS):
        for i, found in enumerate(figures[key]):
            place, minutes = 4 * row + i, found["seconds_per_sweep"] / 60
            sent = minutes * found["share_of_messages"]
            axes.barh(place, minutes - sent, color=COLORS[found["solver"]], label=None if row else TITLES[
                found["solver"]])
            bar = axes.barh(place, sent, left=minutes - sent, color=YELLOW, hatch="xx", edgecolor="white",
                            label="messages" if row == 0 and i == 2 else None)
            axes.bar_label(bar, [f"{minutes:.0f}"], fontsize=8.5, padding=3)
    machines, rows = figures["predicted"][0]["machines"], figures["predicted"][0]["rows"]
    axes.set_yticks([1, 5], NETWORKS.values())
    axes.set(xlabel="minutes a sweep", ylim=(9.2, -0.8), xlim=(0, None),
             title=f"PREDICTION, not measured: {machines} machines, $10^{{{np.log10(rows):.0f}}}$ rows")
    axes.margins(x=0.12)
    axes.grid(False, axis="y")
    axes.legend(loc="lower right", ncols=4, fontsize=8, columnspacing=1, handlelength=1.2)
