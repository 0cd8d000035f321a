"""The picture of `npvae compare`: the race, the gaps, reconstructions, and the latent planes."""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogLocator, NullFormatter

from npvae.inference import shared_ceiling
from npvae.lab.compare import TITLES, Comparison
from npvae.lab.plots.images import image_rows, label_points
from npvae.lab.plots.solvers import hanging_gaps
from npvae.lab.plots.style import BLACK, CLASSES, COLORS, style
from npvae.models.data import take
from npvae.tables import signed


@style()
def comparison_figure(comparison: Comparison) -> Figure:
    """ELBO against seconds and sweeps, reconstructions, and where each solver puts the test data in latent space.

    Curves and bars are means over the seeds, with bands and dots for what differs; the pictures are of the first seed.
    """
    figure = plt.figure(figsize=(12.5, 8.8))
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.05])
    left, middle, right = top.subfigures(1, 3, width_ratios=[1.35, 0.58, 0.95])
    races(left, comparison)
    gap_bars(middle.subplots(), comparison)
    if comparison.data.image_shape:
        image_reconstructions(right, comparison)
    else:
        point_reconstructions(right, comparison)
    seed = comparison.figures["seeds"][0]
    bottom.suptitle(f"Where the unseen rows lie, seed {seed}: " + (
        "one draw z ~ q(z|x) for each" if comparison.figures["latent"] == "gaussian" else
        "q(z = k|x), summed over the rows; above each bar its commonest label"), fontsize=10.5)
    for axes, name in zip(bottom.subplots(1, 3), TITLES, strict=True):
        latent_plane(axes, comparison, name)
    return figure


def races(figure: Figure | SubFigure, comparison: Comparison) -> None:
    """The race twice, against seconds and against sweeps, with one scale of nats and one legend."""
    left, right = figure.subplots(1, 2, sharey=True)
    seeds = len(comparison.figures["seeds"])
    figure.suptitle("ELBO on training data" + (f": mean and range of {seeds} seeds" if seeds > 1 else ""),
                    fontsize=10.5)
    race(left, comparison, "seconds")
    race(right, comparison, "sweep")
    left.set(ylabel="nats per row", xlabel="training time (seconds)")
    right.set(xlabel="sweeps over the data")
    # within the panels it would hide the starts of the curves
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8.5)


def race(axes: Axes, comparison: Comparison, against: str = "seconds") -> None:
    """The training ELBO of the three solvers against seconds or sweeps, and the ceiling of a shared q."""
    # the curves are means over all training rows, of which perhaps not all were measured
    ceiling, ends = shared_ceiling(comparison.data.train), []
    for name in TITLES:
        histories = [run["history"] for run in comparison.figures["runs"] if run["solver"] == name]
        ends += [history["elbo"][-1] for history in histories]
        x, elbos = on_one_axis(histories, against)
        # a line of one point would not show
        axes.plot(x, elbos.mean(0), color=COLORS[name], label=TITLES[name], lw=1.6, marker="o" if len(x) == 1 else None)
        axes.fill_between(x, elbos.min(0), elbos.max(0), color=COLORS[name], alpha=0.3, lw=0)
    # in the legend: beside the line it would cover the shared q, which ends there
    axes.axhline(ceiling, color=BLACK, ls="--", lw=1, label=f"ceiling of any shared q: {signed(ceiling, 2)}")
    # the ends of all curves and the ceiling lie within, whichever is highest
    low, high = min(ceiling, *ends), max(ceiling, *ends)
    spread = max(high - low, 1.0)
    axes.set(xscale="log", ylim=(low - 0.55 * spread, high + 0.15 * spread))
    decades = np.log10(x[-1] / x[0])
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if decades > 2.5 else (1, 3) if decades > 1 else (1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def on_one_axis(histories: list[dict], against: str) -> tuple[np.ndarray, np.ndarray]:
    """The curves of several seeds at the same places: x (n,), and (seeds, n).

    >>> on_one_axis([{"sweep": [1, 2], "elbo": [0, 2]}, {"sweep": [1, 2, 3], "elbo": [4, 4, 4]}], "sweep")
    (array([1., 2.]), array([[0., 2.],
           [4., 4.]]))
    """
    places = np.unique(np.concatenate([history[against] for history in histories]).astype(float))
    first, last = (pick(history[against][i] for history in histories) for i, pick in ((0, max), (-1, min)))
    x = places[(places >= first) & (places <= last)]
    # of runs that do not overlap, the ends
    x = x if len(x) else np.array([last], float)
    return x, np.array([np.interp(x, history[against], history["elbo"]) for history in histories])


def gap_bars(axes: Axes, comparison: Comparison) -> None:
    """log p(x) of the test data, and below it the gaps down to the ELBO; the ELBO alone if log p(x) is unknown."""
    figures, runs = comparison.figures["solvers"], comparison.figures["runs"]
    known = any(f["test_log_marginal"] is not None for f in figures.values())
    decimals = decimals_that_differ([f["test_elbo"] for f in figures.values()])
    for i, (name, f) in enumerate(figures.items()):
        gaps = [f[f"test_{gap}_gap"] or 0 for gap in ("amortization", "approximation")]
        if known:
            hanging_gaps(axes, i, f["test_elbo"] + sum(gaps), *gaps, COLORS[name])
        else:
            axes.plot([i - 0.3, i + 0.3], [f["test_elbo"]] * 2, color=COLORS[name], lw=3)
        own = [run["test_elbo"] for run in runs if run["solver"] == name]
        if len(own) > 1:
            axes.plot(np.full(len(own), i), own, "o", ms=4, color=BLACK, mec="white", mew=0.7,
                      label="ELBO of one seed" if i == 0 else None)
        axes.annotate(signed(f["test_elbo"], decimals), (i, min([f["test_elbo"], *own])), xytext=(0, -6), ha="center",
                      va="top", textcoords="offset points", fontsize=8.5, color=COLORS[name])
    low, high = axes.get_ylim()
    axes.set_xticks(range(len(figures)), [TITLES[n].replace(" ", "\n") for n in figures], fontsize=8.5)
    axes.set(title=("log p(x)" if known else "ELBO") + " of unseen rows", ylabel="nats per row",
             ylim=(low - 0.12 * (high - low), high + 0.45 * (high - low)))
    axes.grid(False, axis="x")
    if known:
        axes.legend(loc="upper center", fontsize=8)


def decimals_that_differ(values: list[float]) -> int:
    """How many decimals show three significant digits of the spread of some numbers, from 1 to 6.

    >>> decimals_that_differ([-37.2, -12.1]), decimals_that_differ([-1.501, -1.523]), decimals_that_differ([2, 2])
    (1, 4, 1)
    """
    spread = max(values) - min(values)
    return int(np.clip(2 - math.floor(math.log10(spread)), 1, 6)) if spread > 0 else 1


def image_reconstructions(figure: Figure | SubFigure, comparison: Comparison) -> None:
    """Test images above the three solvers' reconstructions E[x|z = E_q z]."""
    strips = {"test\nimage": take(comparison.data.test, slice(8), np.float64)}
    for name, solver in comparison.solvers.items():
        codes = solver.model.latent.mean(comparison.rows[name][:8])
        strips[TITLES[name].replace(" ", "\n")] = solver.model.decode(codes)
    figure.suptitle(f"Reconstructions of unseen images, seed {comparison.figures['seeds'][0]}", fontsize=10.5)
    image_rows(figure, strips, comparison.data.drawn_shape)


def point_reconstructions(figure: Figure | SubFigure, comparison: Comparison) -> None:
    """The first two columns of the test data, and the three solvers' reconstructions of them (above, if D = 1)."""
    test = take(comparison.data.test, slice(None), np.float64)
    panels, plane = figure.subplots(1, 3, sharex=True, sharey=True), test.shape[1] > 1
    figure.suptitle(f"Reconstructions of unseen points, seed {comparison.figures['seeds'][0]} (grey: data)",
                    fontsize=10.5)
    for axes, (name, solver) in zip(panels, comparison.solvers.items(), strict=True):
        points = solver.model.decode(solver.model.latent.mean(comparison.rows[name]))
        for height, (x, color, size) in enumerate(((test, "0.75", 6), (points, COLORS[name], 8))):
            axes.scatter(x[:, 0], x[:, 1] if plane else np.full(len(x), height), s=size, color=color)
        axes.set(title=TITLES[name], xlabel="$x_1$", aspect="equal" if plane else "auto")
    # one column lies along the horizontal axis; heights say nothing
    panels[0].set(ylabel="$x_2$") if plane else panels[0].set(yticks=[], ylim=(-1, 2))


def latent_plane(axes: Axes, comparison: Comparison, name: str):
    """One draw z ~ q(z|x) for each of 300 test rows, drawn as its label; bars of q for a categorical latent."""
    solver, q = comparison.solvers[name], comparison.rows[name][:300]
    labels = whole_labels(comparison.data.test_labels, len(q))
    axes.set_title(TITLES[name])
    if comparison.figures["latent"] == "categorical":
        return label_bars(axes, solver.model.latent.mean(q), np.zeros(len(q), int) if labels is None else labels)
    K = solver.model.latent.dim
    rng = np.random.default_rng(0)
    z = solver.model.latent.sample(q, 1, rng)[0]
    heights = 0.08 * rng.standard_normal(len(q)) + (0 if labels is None else labels)
    first, second = z[:, 0], z[:, 1] if K > 1 else heights
    if labels is None:
        axes.scatter(first, second, s=8, color=COLORS[name])
    else:
        label_points(axes, first, second, labels)
    axes.set_xlabel("$z_1$")
    if K > 1:
        axes.set_ylabel("$z_2$")
    elif labels is None:
        axes.set(ylim=(-1, 1), yticks=[], ylabel="(spread a little)")
    else:
        axes.set_ylabel("label (spread a little)")
        axes.yaxis.get_major_locator().set_params(integer=True)


def whole_labels(labels: np.ndarray | None, most: int) -> np.ndarray | None:
    """The first labels as ints, or None if there are none or they are no whole numbers: those name no classes."""
    if labels is None:
        return None
    labels = np.asarray(labels[:most])
    whole = labels.astype(int)
    return whole if (whole == labels).all() else None


def label_bars(axes: Axes, weights: np.ndarray, labels: np.ndarray) -> None:
    """For each component the share of the test rows that it takes, stacked by label; the commonest stands on top."""
    bottom, present = np.zeros(weights.shape[1]), np.unique(labels)
    for label in present:
        share = weights[labels == label].sum(0) / len(weights)
        axes.bar(np.arange(1, len(share) + 1), share, bottom=bottom, color=CLASSES[label % 10], label=str(label))
        bottom += share
    axes.set(xlabel="component k", ylabel="share of test rows", axisbelow=True)
    if 1 < len(present) <= len(CLASSES):
        commonest = present[np.argmax([weights[labels == label].sum(0) for label in present], axis=0)]
        for k in np.flatnonzero(bottom > 0.02 * bottom.max()):
            axes.text(k + 1, bottom[k], str(commonest[k]), fontsize=8, ha="center", va="bottom")
        axes.legend(ncols=5, fontsize=8, title="label", title_fontsize=8, loc="upper right", columnspacing=0.8,
                    handlelength=1.0)
        axes.set_ylim(0, 1.4 * bottom.max())
