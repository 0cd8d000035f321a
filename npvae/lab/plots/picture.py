"""A figure as a page shows it: two dots to a pixel of the page, few colours, and words for who cannot see it."""

import io
import re
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

COLOURS = 256        # as many as a palette holds; in 64 a pale blue is white


@dataclass(frozen=True)
class Picture:
    """A PNG file, its width and height on the page in pixels, and the words that stand for it."""

    png: bytes
    width: int
    height: int
    alt: str


def picture(figure: Figure, scale: float = 2) -> Picture:
    """The figure at `scale` dots to a pixel of the page, with a palette, which takes a third of the bytes."""
    from PIL import Image

    raw, small = io.BytesIO(), io.BytesIO()
    figure.savefig(raw, format="png", dpi=scale * figure.dpi, bbox_inches="tight",
                   pil_kwargs={"compress_level": 0})
    image = Image.open(raw).convert("RGB")
    image.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return Picture(small.getvalue(), round(image.width / scale), round(image.height / scale), alt_text(figure))


def alt_text(figure: Figure) -> str:
    """The words for a figure: its label, if it was given one by `figure.set_label`, else its titles, axes and legends.

    >>> import matplotlib.pyplot as plt
    >>> figure, axes = plt.subplots()
    >>> axes.set(title="the log-likelihood", xlabel=r"$\\sigma_g$", ylabel="nats")
    [...]
    >>> alt_text(figure)
    'the log-likelihood: nats against sigma_g'
    >>> figure.set_label("a curve with one top")
    >>> alt_text(figure)
    'a curve with one top'
    """
    if figure.get_label():
        return spoken(figure.get_label())
    overall = figure.get_suptitle()
    return spoken("; ".join([overall] * bool(overall) + [words for axes in figure.axes if (words := _of_axes(axes))])
                  or "a figure without titles")


def _of_axes(axes):
    title = " ".join(filter(None, (axes.get_title(place) for place in ("left", "center", "right"))))
    against = " against ".join(filter(None, (axes.get_ylabel(), axes.get_xlabel())))
    names = [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []
    words = ": ".join(filter(None, (title, against)))
    return f"{words} ({', '.join(names)})" if words and names else words


def spoken(words: str) -> str:
    """Words without the marks of TeX, on one line.

    >>> spoken(r"$g(z) \\pm \\sigma_g$")
    'g(z) ± sigma_g'
    >>> spoken(r"$\\mathrm{E}\\,\\|z\\|^2$ and  $z_1$")
    'E |z|^2 and z_1'
    """
    words = re.sub(r"\\(mathrm|mathcal|mathbf|text|operatorname)\b", "", words)
    words = re.sub(r"\\[,;!: ]", " ", words).replace(r"\pm", "±").replace(r"\equiv", "=").replace(r"\sim", "~")
    return " ".join(re.sub(r"[${}\\]", "", words).split())


def show_as_pictures() -> None:
    """In a notebook, show each figure as its `picture`, with its width, its height and its words beside it."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    if (shell := get_ipython()) is not None:
        shell.display_formatter.formatters["image/png"].for_type(Figure, _with_metadata)


def _with_metadata(figure):
    if not (figure.axes or figure.lines or np.size(figure.images)):
        return None
    shown = picture(figure)
    return shown.png, {"width": shown.width, "height": shown.height, "alt": shown.alt}
