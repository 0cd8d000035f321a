"""Two diagrams: the graphical model with its plate, and the encoder beside the decoder. Only drawing."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from npvae.lab.plots.style import BLACK, BLUE, GREEN, ORANGE, style

GUIDES = {None: "", "rows": r"$q_i$", "encoder": r"$\phi$"}
CAPTIONS = {None: r"$p_\theta(x, z) = p(z)\, p_\theta(x|z)$", "rows": r"dashed: $q_i(z)$, a row for each $x^i$",
            "encoder": r"dashed: $q_\phi(z|x)$, one encoder for all"}


@style()
def graphical_model(*guides: str | None) -> Figure:
    """Circles for z and x (x grey: seen), dots for parameters, a plate for i = 1 … m; a panel for each guide.

    Of the `guides` None is the model alone, "rows" adds an own q_i for each x^i, "encoder" one q_φ(z|x) for all
    (Koller & Friedman 2009, plates; Kingma & Welling 2014, figure 1). None given is the model alone.

    >>> len(graphical_model(None, "encoder").axes)
    2
    """
    guides = guides or (None,)
    figure, panels = plt.subplots(1, len(guides), figsize=(3.3 * len(guides), 3.1), squeeze=False)
    for axes, guide in zip(panels[0], guides, strict=True):
        _canvas(axes, (0, 4), (-0.35, 4))
        axes.add_patch(FancyBboxPatch((1.15, 0.3), 1.7, 3.1, boxstyle="round,pad=0.1", fc="none", ec=BLACK, lw=1))
        axes.text(2.9, 0.27, r"$i = 1 … m$", ha="right", fontsize=9)
        _node(axes, (2, 2.8), r"$z^i$", "white")
        _node(axes, (2, 1.1), r"$x^i$", "0.85")
        axes.plot(0.35, 1.1, "o", color=BLACK, ms=6)
        axes.text(0.35, 1.3, r"$\theta$", ha="center", fontsize=12)
        _arrow(axes, (2, 2.4), (2, 1.5))
        _arrow(axes, (0.45, 1.1), (1.6, 1.1))
        _guide(axes, guide)
        axes.set_title(CAPTIONS[guide])
    return figure


def _guide(axes: Axes, guide: str | None) -> None:
    """The dashed arrow of q: from a row of its own beside z^i, or from x^i and φ."""
    if guide == "rows":
        axes.plot(1.25, 2.8, "o", color=BLUE, ms=6)
        axes.text(1.25, 3.0, GUIDES[guide], ha="center", fontsize=12, color=BLUE)
        _arrow(axes, (1.3, 2.8), (1.6, 2.8), color=BLUE, ls="--")
    elif guide == "encoder":
        axes.plot(3.65, 2.8, "o", color=BLUE, ms=6)
        axes.text(3.65, 3.0, GUIDES[guide], ha="center", fontsize=12, color=BLUE)
        _arrow(axes, (3.55, 2.8), (2.4, 2.8), color=BLUE, ls="--")
        _arrow(axes, (2.25, 1.42), (2.25, 2.48), color=BLUE, ls="--", bend=0.45)


@style()
def encoder_decoder() -> Figure:
    """x → encoder → μ, σ → z = μ + σε → decoder → x̂, and below what the two terms of the lecture's C compare.

    >>> len(encoder_decoder().axes)
    1
    """
    figure, axes = plt.subplots(figsize=(8.2, 3.1))
    _canvas(axes, (0, 10.6), (-0.75, 3.25))
    for place, text, shade in [((0.5, 1.6), r"$x$", "0.85"), ((5.6, 1.6), r"$z$", "white"),
                               ((10.1, 1.6), r"$\hat x$", "white"), ((5.6, 2.8), r"$\epsilon$", "white")]:
        _node(axes, place, text, shade)
    _box(axes, 1.35, 1.55, r"encoder $f_\phi$", GREEN)
    _box(axes, 7.05, 1.55, r"decoder $g_\theta$", ORANGE)
    axes.text(3.72, 1.98, r"$\mu$", fontsize=12, ha="center", va="center")
    axes.text(3.72, 1.22, r"$\sigma$", fontsize=12, ha="center", va="center")
    for start, end in [((0.9, 1.6), (1.3, 1.6)), ((2.97, 1.9), (3.5, 1.98)), ((2.97, 1.3), (3.5, 1.22)),
                       ((3.95, 1.98), (5.2, 1.7)), ((3.95, 1.22), (5.2, 1.5)), ((5.6, 2.4), (5.6, 2.02)),
                       ((6.0, 1.6), (7.0, 1.6)), ((8.67, 1.6), (9.7, 1.6))]:
        _arrow(axes, start, end)
    axes.text(6.1, 2.8, r"$\epsilon \sim N(0, I)$", va="center", fontsize=9.5)
    axes.text(5.6, 0.95, r"$z = \mu + \sigma\epsilon$", ha="center", fontsize=9.5)
    _under(axes, 3.4, 4.04, r"$\mathrm{KL}(N(\mu, \sigma^2 I) \,\|\, N(0, I))$")
    _under(axes, 0.5, 10.1, r"$\alpha\, \|\hat x - x\|^2$", depth=-0.35)
    return figure


@style()
def autoencoder_diagram() -> Figure:
    """x → encoder → z → decoder → y, and below what the cost compares.

    >>> len(autoencoder_diagram().axes)
    1
    """
    figure, axes = plt.subplots(figsize=(7.4, 2.1))
    _canvas(axes, (0, 9.6), (-0.15, 2.35))
    for place, text, shade in [((0.5, 1.6), r"$x$", "0.85"), ((4.8, 1.6), r"$z$", "white"),
                               ((9.1, 1.6), r"$y$", "white")]:
        _node(axes, place, text, shade)
    _box(axes, 1.85, 1.55, r"encoder $f_\phi$", GREEN)
    _box(axes, 6.2, 1.55, r"decoder $g_\theta$", ORANGE)
    for start, end in [((0.9, 1.6), (1.8, 1.6)), ((3.47, 1.6), (4.4, 1.6)), ((5.2, 1.6), (6.15, 1.6)),
                       ((7.82, 1.6), (8.7, 1.6))]:
        _arrow(axes, start, end)
    axes.text(4.8, 1.05, r"$K$ numbers", ha="center", va="top", fontsize=9.5)
    axes.text(0.5, 1.05, r"$D$ numbers", ha="center", va="top", fontsize=9.5)
    _under(axes, 0.5, 9.1, r"$\|y - x\|^2$", depth=0.4)
    return figure


def _under(axes: Axes, left: float, right: float, text: str, depth: float = 0.45) -> None:
    """A brace-like line below two places, with what compares them."""
    axes.plot([left, left, right, right], [depth + 0.18, depth, depth, depth + 0.18], color=BLUE, lw=1)
    axes.text((left + right) / 2, depth - 0.07, text, ha="center", va="top", color=BLUE, fontsize=9.5)


def _canvas(axes: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    axes.set(xlim=x, ylim=y, aspect="equal")
    axes.axis("off")


def _node(axes: Axes, place: tuple[float, float], text: str, shade: str) -> None:
    axes.add_patch(Circle(place, 0.38, fc=shade, ec=BLACK, lw=1.2))
    axes.text(*place, text, ha="center", va="center", fontsize=12)


def _box(axes: Axes, left: float, width: float, text: str, color: str) -> None:
    axes.add_patch(FancyBboxPatch((left, 1.05), width, 1.1, boxstyle="round,pad=0.05", fc="none", ec=color, lw=1.8))
    axes.text(left + width / 2, 1.6, text, ha="center", va="center", fontsize=10)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str = BLACK, ls: str = "-",
           bend: float = 0.0) -> None:
    style_of = {"arrowstyle": "-|>", "color": color, "lw": 1.3, "ls": ls, "shrinkA": 0, "shrinkB": 0,
                "mutation_scale": 11, "connectionstyle": f"arc3,rad={bend}"}
    axes.annotate("", end, start, arrowprops=style_of)
