"""A climb by turns in θ and in q: its path over the landscape, its ELBO below log p(x), and both as a film."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npvae.lab.plots.elbo import even_levels
from npvae.lab.plots.style import BLACK, BLUE, ORANGE, style

LOWEST = -8.0       # nats: below, the landscape has one colour


@style()
def ascent_figure(theta: np.ndarray, q: np.ndarray, height: np.ndarray, path: np.ndarray, elbo: np.ndarray,
                  log_p: np.ndarray, ylim: tuple[float, float] | None = None) -> Figure:
    """Left, a path (steps, 2) of (θ, q) on contours of height (k, n); right, its ELBO (steps,) below log p(x).

    `ylim` are limits in nats, by default those of this path.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=[1.25, 1])
    levels = even_levels(LOWEST, height.max(), 30)
    drawn = left.contourf(theta, q, height, levels=levels, cmap="viridis", extend="min")
    ticks = even_levels(LOWEST, height.max(), 7)
    figure.colorbar(drawn, ax=left, label="nats", ticks=ticks[(ticks >= levels[0]) & (ticks <= levels[-1])])
    _walk(left, path)
    left.set(xlabel=r"$\theta$", ylabel="$q$", title=r"$L(q, x, \theta)$ and the path", ylim=(-0.03, 1.03),
             xlim=(theta[0], theta[-1]))
    left.grid(False)
    right.plot(log_p, color=BLACK, lw=1.6, label=r"$\log p_\theta(x)$")
    right.plot(elbo, ".-", color=BLUE, lw=1.4, label=r"$L(q, x, \theta)$")
    span = max(max(log_p) - min(elbo), 1e-3)
    right.set(xlabel=r"half step ($\theta$, $q$, $\theta$, $q$, …)", ylabel="nats", xlim=(-0.5, len(path) - 0.5),
              ylim=ylim or (min(elbo) - 0.08 * span, max(log_p) + 0.12 * span), title="Half step by half step",
              xticks=np.arange(len(path))[::3])
    right.legend(loc="lower right")
    return figure


def _walk(axes: Axes, path: np.ndarray) -> None:
    """The points of a path (steps, 2), white with a dark rim, and the last of them large."""
    axes.plot(*path.T, color=BLACK, lw=2.6)
    axes.plot(*path.T, color="white", lw=1.6)
    axes.plot(*path.T, ".", color="white", mec=BLACK, mew=0.5, ms=7)
    axes.plot(*path[-1:].T, "o", color=ORANGE, mec=BLACK, ms=8)


def ascent_animation(theta: np.ndarray, q: np.ndarray, height: np.ndarray, path: np.ndarray, elbo: np.ndarray,
                     log_p: np.ndarray, dpi: int = 165, alt: str = "The climb, half step by half step") -> str:
    """`ascent_figure` growing step by step, every 0.8 s, as a GIF in HTML: it moves without a script.

    For `IPython.display.HTML`; `alt` is what a screen reader says.
    """
    frames = []
    with style():
        figure = ascent_figure(theta, q, height, path, elbo, log_p)
        figure.canvas.draw()
        figure.set_layout_engine("none")        # laid out once, as the whole path needs it
        lines = [(line, line.get_xydata()) for axes in figure.axes[:2] for line in axes.lines]
        for upto in range(len(path)):
            for line, points in lines:
                line.set_data(*(points[:upto + 1] if len(points) > 1 else path[upto:upto + 1]).T)
            frames.append(io.BytesIO())
            figure.savefig(frames[-1], dpi=dpi)
        plt.close(figure)
    return f'<img alt="{alt}" width="{9 * 110}" style="max-width:100%" src="data:image/gif;base64,{_film(frames)}">'


def _film(frames: list[io.BytesIO]) -> str:
    """PNG files as one GIF that starts again after three seconds, in base64."""
    from PIL import Image  # matplotlib needs it, too

    pictures = [Image.open(frame).convert("RGB") for frame in frames]
    palette = pictures[-1].quantize(255, Image.Quantize.MAXCOVERAGE)
    first, *rest = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    file = io.BytesIO()
    first.save(file, "gif", save_all=True, append_images=rest, duration=[800] * len(rest) + [3000], loop=0)
    return base64.b64encode(file.getvalue()).decode()
