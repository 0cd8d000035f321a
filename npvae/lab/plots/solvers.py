"""The pictures of the solvers: where means and rows go, gaps as bars, growth with the number of data. Only drawing."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npvae.lab.compare import TITLES
from npvae.lab.plots.style import BLACK, BLUE, CLASSES, COLORS, DASHES, GREEN, LINES, ORANGE, SKY, YELLOW, style
from npvae.lab.scale import slope
from npvae.tables import signed

PANELS = [("seconds_per_sweep", "time for one sweep (seconds)"), ("variational_parameters", "variational parameters"),
          ("anonymous_bytes", "own memory (bytes)"), ("seconds_per_new_x", "time for q of one new x (seconds)")]


@style()
def clusters(X: np.ndarray, q: np.ndarray, path: np.ndarray, title: str = "") -> Figure:
    """Points X (m, 2) coloured by the component of greatest q (m, K), and the path (sweeps, K, 2) of the means."""
    figure, axes = plt.subplots(figsize=(5, 4.4))
    sure = q.max(1)
    for k in range(q.shape[1]):
        mine = q.argmax(1) == k
        axes.scatter(*X[mine].T, s=10, color=CLASSES[k], alpha=0.25 + 0.6 * sure[mine], lw=0)
        axes.plot(*path[:, k].T, "-", color=BLACK, lw=1.4)
        axes.plot(*path[0, k], "o", color="white", mec=BLACK, ms=6, label=None if k else "start")
        axes.plot(*path[-1, k], "o", color=CLASSES[k], mec=BLACK, ms=9, label=None if k else "end")
    axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", title=title)
    axes.legend(loc="upper right", fontsize=8.5)
    return figure


@style()
def climbs(values: np.ndarray, tops: np.ndarray, title: str = "", reach: float | None = None,
           names: Sequence[str] | None = None) -> Figure:
    """Curves (steps, n) that climb, and dashed lines of the same colours at `tops` (n,), with their names, or 1, 2, ….

    A curve that ends elsewhere bears its name, too.

    `reach` is how far below the lowest top the picture goes.
    """
    figure, axes = plt.subplots(figsize=(6.4, 3.6))
    names = [str(i + 1) for i in range(len(tops))] if names is None else names
    for value, top, color in zip(values.T, tops, CLASSES, strict=False):
        axes.plot(value, color=color, lw=1.5)
        axes.axhline(top, color=color, ls="--", lw=0.9)
    if reach is not None:
        axes.set_ylim(min(tops) - reach, max(tops) + 0.08 * reach)
    apart, place = 0.05 * np.ptp(axes.get_ylim()), -np.inf      # the height of a name
    for i in np.argsort(tops):
        name, place = dict(text=names[i], textcoords="offset points", color=CLASSES[i], fontsize=9), max(
            tops[i], place + apart)
        axes.annotate(xy=(1, place), xycoords=("axes fraction", "data"), xytext=(4, 0), va="center", **name)
        if abs(values[-1, i] - tops[i]) > apart:
            axes.annotate(xy=(len(values) - 1, values[-1, i]), xytext=(0, 3), ha="center", **name)
    axes.set(xlabel="step", ylabel="ELBO (nats)", title=title)
    return figure


@style()
def fates(X: np.ndarray, start: np.ndarray, ends: dict[str, np.ndarray]) -> Figure:
    """Where the means (K, 2) of a mixture go from the same start, one panel for each way of choosing q."""
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


@style()
def below_ceiling(width: np.ndarray, missing: np.ndarray, xlabel: str, title: str) -> Figure:
    """How far each of many draws stays below a ceiling, ceiling − ELBO (n,), nats, against how wild it was (n,)."""
    figure, axes = plt.subplots(figsize=(6.4, 3.4))
    axes.plot(width, missing, ".", color=ORANGE, ms=3, alpha=0.5)
    axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel="ceiling − ELBO (nats per datum)", title=title)
    return figure


@style()
def rows_on_a_curve(x: np.ndarray, mu: np.ndarray, sigma: np.ndarray,
                    encoders: dict[str, tuple[np.ndarray, np.ndarray]] | None = None, title: str = "") -> Figure:
    """The best q_i of data x (m,) as bars μ_i ± σ_i, and by name the curves (x, μ) that encoders make of it."""
    figure, axes = plt.subplots(figsize=(6.6, 3.8))
    axes.errorbar(x, mu, sigma, fmt="o", color=BLUE, ms=4, lw=1, label=r"best $q_i$: $\mu_i \pm \sigma_i$")
    for (name, curve), color, dash in zip((encoders or {}).items(), LINES[1:], DASHES, strict=False):
        axes.plot(*curve, color=color, ls=dash, lw=1.6, label=name)
    axes.set(xlabel="$x$", ylabel="$z$", title=title)
    axes.legend(loc="upper left", fontsize=8.5)
    return figure


def hanging_gaps(axes: Axes, i: int, log_p: float, amortization: float, approximation: float, color: str,
                 width: float = 0.62) -> None:
    """At place i log p(x) as a line, the two gaps, nats, as bars that hang from it, and the ELBO where they end.

    Those of the first place have names for a legend.
    """
    top, ends = log_p, [i - 0.5 * width, i + 0.5 * width]
    axes.plot(ends, [log_p] * 2, color=BLACK, lw=1.6, label=None if i else "log p(x)")
    for part, height, fill, hatch in (("approximation gap", approximation, SKY, ".."),
                                      ("amortization gap", amortization, YELLOW, "//")):
        axes.bar(i, -height, bottom=top, color=fill, hatch=hatch, edgecolor="white", width=0.7 * width,
                 label=None if i else part)
        top -= height
    axes.plot(ends, [top] * 2, color=color, lw=3, solid_capstyle="butt", label=None if i else "ELBO")


@style()
def gap_stack(axes: Axes, gaps: dict, colors: list[str], ceilings: dict[str, float] | None = None, **labels) -> None:
    """log p(x) of each solver's θ, and its gaps below: by name the means of `Gaps`, nats a row.

    `ceilings` are heights that are known, by name.
    """
    for i, (found, own) in enumerate(zip(gaps.values(), colors, strict=True)):
        hanging_gaps(axes, i, *(part.mean() for part in (found.log_p, found.amortization, found.approximation)), own)
        axes.annotate(signed(found.elbo.mean(), 2), (i, found.elbo.mean()), xytext=(0, -5), color=own, ha="center",
                      va="top", textcoords="offset points", fontsize=9)
    for (name, ceiling), dash in zip((ceilings or {}).items(), ("--", ":"), strict=False):
        axes.axhline(ceiling, color=BLACK, ls=dash, lw=1.2, zorder=0, label=name)
    axes.set_xticks(range(len(gaps)), gaps)
    axes.set(**{"ylabel": "nats per row", **labels})
    axes.grid(False, axis="x")
    axes.legend(fontsize=8, loc="upper center", ncols=3, columnspacing=1)


@style()
def collapse_figure(sigma_g: np.ndarray, closed: np.ndarray, crosses: dict[float, np.ndarray],
                    measured: dict[float, np.ndarray], bound: dict[float, np.ndarray]) -> Figure:
    """KL_j against σ_g (n,) in probabilistic PCA, and the sorted KL_j (K,) of a VAE at a few σ_g, nats.

    `closed` (n, K) is ½ max(0, log(λ_j/σ_g²)); by σ_g `crosses` were measured in probabilistic PCA, `measured` in VAEs
    (seeds, K), the largest first, drawn with their range, and `bound` is the closed form's.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 4))
    left.plot(sigma_g, closed, color=BLUE, lw=1.1, label=["closed form"] + [None] * (closed.shape[1] - 1))
    for i, (s, values) in enumerate(crosses.items()):
        left.plot([s] * len(values), values, "x", color=ORANGE, ms=5, label=None if i else "measured")
    left.set(xscale="log", xlabel=r"$\sigma_g$ (data units)", ylabel=r"$\mathrm{KL}_j$ (nats)",
             title="Probabilistic PCA: coordinates switch off one by one")
    ticks = list(crosses)
    left.set_xticks(ticks, [f"{s:g}" for s in ticks])
    left.minorticks_off()
    for (s, values), color, marker in zip(measured.items(), (BLUE, ORANGE, GREEN), "os^", strict=False):
        values = np.atleast_2d(values)
        j, middle = np.arange(1, values.shape[1] + 1), np.median(values, axis=0)
        right.errorbar(j, middle, [middle - values.min(0), values.max(0) - middle], fmt=marker, color=color, ms=5,
                       lw=1.2, label=rf"VAE, $\sigma_g$ = {s:g}")
        right.step(j, bound[s], where="mid", color=color, lw=1, alpha=0.8)
    right.plot([], [], color=BLACK, lw=1, label="linear, closed form")
    right.set(xlabel="coordinate $j$, the largest first", ylabel=r"$\mathrm{KL}_j$ (nats)",
              title="VAEs on the digits: median and range")
    right.set_xticks(j)
    left.legend(fontsize=8.5)
    right.legend(fontsize=8.5)
    return figure


@style()
def scaling(m: np.ndarray, measured: dict[str, dict[str, np.ndarray]], labels: dict[str, str]) -> Figure:
    """Measurements against the number of data m (n,): by panel, and there by solver, a line (n,).

    Of several seeds, (n, seeds), it is the mean, with a band from the least to the greatest. A panel whose label begins
    with "ELBO" has a linear axis.
    """
    figure, panels = plt.subplots(1, len(measured), figsize=(3.7 * len(measured), 3.4))
    for axes, (name, lines) in zip(panels, measured.items(), strict=True):
        for (solver, values), color, mark in zip(lines.items(), (BLUE, GREEN), "os", strict=True):
            values = np.reshape(values, (len(m), -1))
            axes.plot(m, values.mean(1), mark + "-", color=color, lw=1.5, ms=5, label=solver)
            axes.fill_between(m, values.min(1), values.max(1), color=color, alpha=0.2, lw=0)
        linear = labels[name].startswith("ELBO")
        axes.set(xscale="log", yscale="linear" if linear else "log", xlabel="number of data $m$", ylabel=labels[name],
                 title=name)
        axes.minorticks_off()
        axes.set_xticks(m, [f"{n:,}" for n in np.asarray(m)])
    panels[0].legend(loc="upper left", fontsize=8.5)
    return figure


@style()
def scale_figure(figures: dict) -> Figure:
    """What `npvae.lab.scale.scale` returns, as four panels against m, the fitted slope beside each line."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 7))
    for panel, (key, label) in zip(axes.flat, PANELS, strict=True):
        for solver in ("variational_em", "amortized_vi"):
            runs = [run for run in figures["runs"] if run["solver"] == solver]
            m, y = (np.array([run[k] for run in runs], float) for k in ("m", key))
            panel.loglog(m, np.maximum(y, 1e-9), "o-", color=COLORS[solver],
                         label=f"{TITLES[solver]}: slope {signed(slope(runs, key), 2)}")
        panel.set(xlabel="number of data m", ylabel=label)
        panel.legend(loc="best")
    return figure
