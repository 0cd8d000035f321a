"""The pictures of gradients: through a draw of z, their estimators, and how differences check them. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npvae.lab.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, YELLOW, style

FLOOR = 1e-18       # where an error of exactly zero is drawn
ESTIMATOR_COLORS = {"pathwise": BLUE, "pathwise, KL sampled": SKY, "sticking the landing": BLACK, "no baseline": ORANGE,
                    "mean baseline": YELLOW, "optimal baseline": GREEN, "leave-one-out": PURPLE}
# curves that lie close together are told apart without colour, too
ESTIMATOR_DASHES = {"pathwise, KL sampled": "--", "mean baseline": "-.", "optimal baseline": "--", "leave-one-out": ":"}


def thread_colors(eps: np.ndarray) -> np.ndarray:
    """A colour for each ε (S,), by which its thread, its z and its point on f are the same in every panel."""
    return plt.cm.viridis((np.asarray(eps) + 2.2) / 4.8)


@style()
def frozen_noise(axes: Axes, eps: np.ndarray, mu: float, sigma: float,
                 before: tuple[float, float] | None = None) -> None:
    """Draws ε (S,) on the lower line, z = μ + σε on the upper one, and the thread between the two.

    With the (μ, σ) `before`, an arrow above the upper line for each z, from where it was to where it is.
    """
    z, grid = mu + sigma * eps, np.linspace(-3.2, 3.2, 200)
    bell = 0.45 * np.exp(-0.5 * grid**2)
    axes.fill_between(grid, -bell, 0, color="0.85", lw=0)
    axes.fill_between(mu + sigma * grid, 1, 1 + bell, color=SKY, alpha=0.3, lw=0)
    for s, (a, b, color) in enumerate(zip(eps, z, thread_colors(eps), strict=True)):
        axes.plot([a, b], [0, 1], color=color, lw=1.2)
        axes.plot([a, b], [0, 1], "o", color=color, ms=4.5)
        if before is not None:
            # the arrows stand above each other, as on one line they would cover each other
            height = 1.08 + 0.5 * s / len(eps)
            axes.annotate("", (b, height), (before[0] + before[1] * a, height),
                          arrowprops={"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0, "lw": 1.2,
                                      "mutation_scale": 8})
    axes.axhline(0, color=BLACK, lw=0.8)
    axes.axhline(1, color=BLACK, lw=0.8)
    axes.set(xlim=(-4.6, 4.6), ylim=(-0.55, 1.66), yticks=[0, 1], yticklabels=[r"$\epsilon$", "$z$"],
             xlabel=r"$\epsilon$ (lower line) and $z$ (upper line)", title=rf"$\mu={mu:.2f},\ \sigma={sigma:.2f}$")
    axes.grid(False)


@style()
def slopes(axes: Axes, z: np.ndarray, f: np.ndarray, slope: np.ndarray, curve: tuple[np.ndarray, np.ndarray],
           eps: np.ndarray, **labels) -> None:
    """Points (z, f) (S,) on a curve in the colours of their ε, each with a piece of its tangent: its pathwise slope."""
    axes.plot(*curve, color="0.6", lw=1.2)
    step = 0.6 / np.sqrt(1 + (slope / 3) ** 2)
    axes.plot([z - step, z + step], [f - slope * step, f + slope * step], color=ORANGE, lw=1.2)
    axes.scatter(z, f, color=thread_colors(eps), s=28, zorder=3)
    axes.axhline(f.mean(), color=BLUE, ls="--", lw=1)
    axes.annotate(rf"mean of $f$: {f.mean():.2f}", (0.5, f.mean()), xycoords=("axes fraction", "data"), xytext=(0, 4),
                  textcoords="offset points", ha="center", fontsize=9, color=BLUE,
                  bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 0.5})
    axes.set(**labels)


@style()
def computation_graphs() -> Figure:
    """The path from x to L with z drawn at random in its middle, and with the randomness moved aside.

    Below the second the KL's own branch, from μ and σ to L without passing z, and its slopes back.
    """
    figure, rows = plt.subplots(2, 1, figsize=(9, 5.0), height_ratios=[1, 2.15])
    _draw_graph(rows[0], r"$z\sim\mathcal{N}(\mu,\sigma^2 I)$", "before: the gradient stops at the draw", stop=3)
    _draw_graph(rows[1], r"$z=\mu+\sigma\odot\epsilon$",
                r"after: the draw stands beside the path, and the KL has a branch of its own to $\phi$", stop=0)
    rows[1].annotate("", (6.6, 0.3), (6.6, 0.95), arrowprops={"arrowstyle": "-|>", "color": BLACK})
    _draw_node(rows[1], 6.6, 1.3, r"$\epsilon\sim\mathcal{N}(0,I)$", random=True)
    rows[1].text(7.9, 1.3, "random, but no parameter in it", fontsize=9, va="center")
    _draw_kl_branch(rows[1])
    rows[1].set_ylim(-2.35, 1.75)
    return figure


def _draw_kl_branch(axes):
    """From μ, σ down to the KL and on to L, and its slopes back: no z on the way."""
    _draw_node(axes, 8.4, -1.75, r"$\mathrm{KL}(\mathcal{N}(\mu,\sigma^2I)\,\|\,\mathcal{N}(0,I))$", random=False)
    for start, end, leaves, arrives, color in [((4.0, -0.3), (6.8, -1.75), -90, 180, BLACK),
                                               ((10.0, -1.75), (12.9, -0.3), 0, -90, BLACK),
                                               ((13.1, -0.3), (10.0, -1.95), -90, 0, BLUE),
                                               ((6.8, -1.95), (3.8, -0.3), 180, -90, BLUE)]:
        axes.annotate("", end, start, arrowprops={
            "arrowstyle": "-|>", "color": color, "lw": 1.8 if color == BLUE else 1, "shrinkA": 0, "shrinkB": 0,
            "connectionstyle": f"angle,angleA={leaves},angleB={arrives},rad=6"})
    slopes_of_kl = (r"$-\partial\mathrm{KL}/\partial\mu=-\mu$" "\n"
                    r"$-\partial\mathrm{KL}/\partial\sigma=1/\sigma-\sigma$")
    axes.text(3.5, -1.75, slopes_of_kl, color=BLUE, fontsize=10, ha="right", va="center")


def _draw_graph(axes, z, title, stop):
    nodes = [(0, "$x$"), (1.8, r"$f_\phi$"), (3.8, r"$\mu,\ \sigma$"), (6.6, z), (9.3, r"$g_\theta$"),
             (11.1, "$y$"), (12.9, r"$\mathcal{L}$")]
    halves = [0.3, 0.38, 0.55, 1.25, 0.38, 0.3, 0.3]
    for i, (x, label) in enumerate(nodes):
        _draw_node(axes, x, 0, label, random=bool(stop) and i == stop)
    for i in range(len(nodes) - 1):
        a, b = nodes[i][0] + halves[i], nodes[i + 1][0] - halves[i + 1]
        axes.annotate("", (b, 0.1), (a, 0.1), arrowprops={"arrowstyle": "-|>", "color": BLACK})
        if i >= max(stop, 1):
            axes.annotate("", (a, -0.14), (b, -0.14), arrowprops={"arrowstyle": "-|>", "color": GREEN, "lw": 1.8})
    if stop:
        axes.text(4.8, -0.2, "✗", color=ORANGE, fontsize=15, ha="center", va="center")
        axes.text(4.8, -0.62, "no derivative of a draw", color=ORANGE, fontsize=9, ha="center")
    else:
        axes.text(4.15, -0.62, r"$\partial z/\partial\mu=1,\ \ \partial z/\partial\sigma=\epsilon$", color=GREEN,
                  fontsize=10, ha="left")
    axes.text(10.2, -0.66, r"$\partial\mathcal{L}/\partial z$, by backprop", color=GREEN, fontsize=9, ha="center")
    axes.set(xlim=(-0.6, 13.5), ylim=(-0.95, 0.6))
    axes.set_title(title, loc="left")
    axes.axis("off")


def _draw_node(axes, x, y, label, random):
    box = {"boxstyle": "round,pad=0.35", "fc": "#FBE3D6" if random else "white", "ec": ORANGE if random else BLACK,
           "ls": "--" if random else "-"}
    axes.text(x, y, label, ha="center", va="center", fontsize=13, bbox=box)


@style()
def estimator_figure(records: list[dict], curves: dict[str, np.ndarray], ceiling: float | None = None,
                     every: int = 1) -> Figure:
    """The estimators' variances against the dimension, and training under each of them.

    `records` are those of `variance_against_dimension`, crosses measured, lines the closed forms; `curves` the ELBOs
    from `fit_rows` or `fit_vae`, nats a row, reported `every` so many steps, of one seed (n,) or of several (seeds, n),
    whose range is shaded. Given the mean log p(x) as `ceiling`, what is left to it.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    for name in dict.fromkeys(record["estimator"] for record in records):
        K, measured, closed = np.array([(record["K"], record["measured"], record["closed_form"])
                                        for record in records if record["estimator"] == name]).T
        left.plot(K, closed, color=ESTIMATOR_COLORS[name], lw=1.4, ls=ESTIMATOR_DASHES.get(name, "-"), label=name)
        left.plot(K, measured, "x", color=ESTIMATOR_COLORS[name])
    left.set(xscale="log", yscale="log", xlabel="latent dimension $K$", ylabel="variance of one draw",
             title=r"$\partial/\partial\mu_j\ \mathrm{E}\,\|z\|^2$: lines closed form, crosses measured")
    left.legend(fontsize=8)
    for name, elbo in curves.items():
        # a gap shows on a logarithmic axis where the estimator's noise keeps the climb
        height = np.atleast_2d(elbo if ceiling is None else np.maximum(ceiling - elbo, 1e-16))
        steps = every * np.arange(height.shape[1])
        right.plot(steps, np.median(height, 0), color=ESTIMATOR_COLORS[name], lw=1.4,
                   ls=ESTIMATOR_DASHES.get(name, "-"), label=name)
        right.fill_between(steps, height.min(0), height.max(0), color=ESTIMATOR_COLORS[name], alpha=0.25, lw=0)
    right.set(xlabel="step" if every > 1 else "report", title="Training under each estimator",
              ylabel="ELBO (nats per row)" if ceiling is None else "log p(x) − ELBO (nats per row)",
              yscale="linear" if ceiling is None else "log")
    right.legend(fontsize=8, loc="best")
    return figure


@style()
def layer_slopes(x: np.ndarray, layers: dict[str, tuple[np.ndarray, np.ndarray]],
                 crosses: dict[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """y of each elementwise layer, the slope that its `back` gives, both (n,), and measured slopes as crosses (k,)."""
    figure, panels = plt.subplots(1, len(layers), figsize=(3.5 * len(layers), 3), sharey=True)
    for axes, (name, (y, slope)) in zip(panels, layers.items(), strict=True):
        axes.plot(x, y, color=BLACK, lw=1.6, label="$y$")
        axes.plot(x, slope, color=BLUE, lw=1.6, label="back(1)")
        axes.plot(*crosses[name], "x", color=ORANGE, mew=1.5, label="measured")
        axes.set(title=name, xlabel="$x$")
    panels[0].legend(fontsize=8.5)
    panels[0].set_ylabel("value, slope")
    return figure


@style()
def taylor_figure(h: np.ndarray, remainders: dict[str, np.ndarray]) -> Figure:
    """Taylor remainders |F(v + h d) − F(v) − h g·d| against h (n,) on logarithmic axes, with the slopes 1 and 2."""
    figure, axes = plt.subplots(figsize=(6.4, 4))
    for (name, values), color, marker in zip(remainders.items(), (BLUE, ORANGE, GREEN), "os^", strict=False):
        axes.plot(h, values, marker, color=color, ms=4, label=name)
        power = 2 if color == BLUE else 1
        start = 0 if power == 2 else np.abs(np.log(h / 1e-5)).argmin()
        axes.plot(h, values[start] * (h / h[start]) ** power, color=color, lw=0.8, label=f"slope {power}")
    lowest = min(values[values > 0].min() for values in remainders.values())
    axes.set(xscale="log", yscale="log", xlabel="step $h$", ylabel="Taylor remainder (nats)", ylim=(lowest / 3, None))
    axes.legend(fontsize=8.5)
    return figure


@style()
def error_strips(right: np.ndarray, wrong: np.ndarray, tolerance: float) -> Figure:
    """The errors (n,) that a check finds in right code and in the same code with a mistake, each a dot."""
    figure, axes = plt.subplots(figsize=(7, 2.4))
    for height, values, color in ((1, right, BLUE), (0, wrong, ORANGE)):
        axes.plot(np.maximum(values, 1e-17), height + np.linspace(-0.25, 0.25, len(values)), "o", color=color, ms=4,
                  alpha=0.7)
    axes.axvline(tolerance, color=BLACK, ls="--", lw=1.2)
    axes.annotate("tolerance", (tolerance, 1.45), xytext=(4, -4), textcoords="offset points", fontsize=9, va="top")
    axes.set(xscale="log", ylim=(-0.5, 1.5), xlabel=r"error, $\|a-n\|/(\|a\|+\|n\|)$")
    axes.set_yticks([0, 1], ["mistake planted", "as it stands"])
    axes.grid(axis="y", visible=False)
    return figure


@style()
def u_curve_figure(curves: dict, title: str = "") -> Figure:
    """The errors of forward and central differences and of the complex step against h, from `u_curve`."""
    h = np.array(curves["h"])
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
