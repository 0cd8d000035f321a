"""Pictures of what a q lacks: bars that hang from log p(x), a ladder of encoders, and many or few distinct q."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from npvae.lab.plots.style import BLACK, BLUE, CLASSES, DASHES, GREEN, LINES, ORANGE, SKY, YELLOW, style
from npvae.tables import signed

FILLS = [(YELLOW, "//"), (SKY, "..")]


@style()
def gaps_below(gaps: dict[str, tuple[float, ...]], log_p: float,
               parts: tuple[str, ...] = (r"$\mathrm{KL}(q\,\|\,p_\theta(z|x))$",), title: str = "") -> Figure:
    """By the name of a q its gaps, nats, as bars that hang from log p(x): the whole length is log p(x) − ELBO.

    `parts` are the names of the gaps, the one beside log p(x) first.
    """
    figure, axes = plt.subplots(figsize=(1.9 + 1.25 * len(gaps), 3.6))
    deepest = max(sum(lengths) for lengths in gaps.values())
    for i, lengths in enumerate(gaps.values()):
        top = 0.0
        for part, length, (color, hatch) in zip(parts, lengths, FILLS, strict=False):
            axes.bar(i, -length, bottom=top, width=0.6, color=color, hatch=hatch, edgecolor="white",
                     label=None if i else part)
            top -= length
        axes.annotate(f"ELBO\n{signed(log_p + top, 2)}", (i, top), xytext=(0, -4), textcoords="offset points",
                      ha="center", va="top", fontsize=8.5)
    axes.axhline(0, color=BLACK, lw=1.6, label=rf"$\log p_\theta(x)$ = {signed(log_p, 2)}")
    axes.set(ylabel=r"nats below $\log p_\theta(x)$", title=title, ylim=(-1.28 * deepest, 0.3 * deepest))
    ticks = [t for t in axes.get_yticks() if -1.1 * deepest <= t <= 0]
    axes.set_yticks(ticks, [f"{abs(t):g}" for t in ticks])
    axes.set_xticks(range(len(gaps)), gaps)
    axes.grid(False, axis="x")
    axes.legend(loc="upper center", ncols=1 + len(parts), fontsize=8.5, columnspacing=1.2)
    return figure


@style()
def ladder(gaps: dict[str, np.ndarray], approximation: float, title: str = "") -> Figure:
    """The amortization gap of each encoder, nats, as a rung on a logarithmic axis; the approximation gap as a line.

    Of several seeds (n,) the rung is the median, with a bar from the least to the greatest.
    """
    figure, axes = plt.subplots(figsize=(1.6 + 0.95 * len(gaps), 3.6))
    places, ends = np.arange(len(gaps)), np.array([[np.min(gap), np.max(gap)] for gap in gaps.values()])
    values = np.array([np.median(gap) for gap in gaps.values()])
    axes.vlines(places, *ends.T, color=GREEN, lw=5, alpha=0.35)
    axes.step(places, values, where="mid", color=GREEN, lw=1.0, alpha=0.5)
    axes.plot(places, values, "o", color=GREEN, ms=8, label="amortization gap")
    for i, gap in enumerate(values):
        axes.annotate(f"{gap:.2g}", (i, gap), xytext=(7, 5), textcoords="offset points", fontsize=8.5)
    axes.axhline(approximation, color=BLACK, ls="--", lw=1.2, label=f"approximation gap {approximation:.2g}")
    axes.set_xticks(places, gaps)
    axes.set(yscale="log", ylabel="nats per row", title=title, ylim=(ends.min() / 3, ends.max() * 5))
    axes.legend(loc="upper right", fontsize=8.5)
    return figure


@style()
def groups_figure(X: np.ndarray, group: np.ndarray, means: np.ndarray, elbo: dict[str, dict[int, float]], name: str,
                  ceiling: float) -> Figure:
    """X (m, 2) in the colours of their groups (m,), one q each, with the means (K, 2) learned; and all ELBOs by number.

    `elbo` has, by the way of grouping and the number of groups, nats per datum; the one of `name` is marked.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), width_ratios=[1, 1.25])
    J = group.max() + 1
    left.scatter(*X.T, s=9, c=[CLASSES[j % 10] for j in group], lw=0)
    left.plot(*means.T, "o", color="white", mec=BLACK, mew=1.8, ms=9, label="learned means")
    left.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", title=f"{J} distinct $q$, groups {name}")
    left.legend(loc="upper right", fontsize=8, frameon=True)
    for (way, values), color, dash in zip(elbo.items(), LINES, DASHES, strict=False):
        right.plot(values.keys(), values.values(), ls=dash, color=color, marker=".", label=f"groups {way}")
    right.plot(J, elbo[name][J], "o", color=BLACK, ms=9, mfc="none", mew=1.8)
    right.axhline(ceiling, color=BLACK, lw=1, ls=":", label="ceiling of one $q$")
    right.set(xscale="log", xlabel="number of distinct $q$", ylabel="mean ELBO (nats per datum)")
    right.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    right.minorticks_off()
    right.legend(fontsize=8.5, loc="upper left")
    return figure


@style()
def width_figure(x: np.ndarray, mu: np.ndarray, sigma: np.ndarray, curve: tuple[np.ndarray, np.ndarray],
                 gaps: dict[int, float], hidden: int) -> Figure:
    """The best rows of data x (m,), μ_i ± σ_i, and the curve (x, μ) of an encoder; and the gap of every width."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), width_ratios=[1.35, 1])
    left.errorbar(x, mu, sigma, fmt="o", color=BLUE, ms=3, lw=0.8, label=r"best $q_i$: $\mu_i \pm \sigma_i$")
    left.plot(*curve, color=ORANGE, lw=2, label=r"encoder's $\mu_\phi(x)$")
    left.set(xlabel="$x$", ylabel="$z$", ylim=(-2, 2), title=f"hidden units: {hidden}")
    left.legend(loc="upper left", fontsize=8.5)
    right.plot(gaps.keys(), gaps.values(), "o-", color=GREEN, lw=1, ms=5)
    right.plot(hidden, gaps[hidden], "o", color=BLACK, ms=11, mfc="none", mew=1.8)
    right.set(xscale="log", yscale="log", xlabel="hidden units", ylabel="amortization gap (nats per row)")
    right.set_xticks(list(gaps), [str(n) for n in gaps])
    right.minorticks_off()
    return figure
