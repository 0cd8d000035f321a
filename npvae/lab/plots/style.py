"""One style for every picture: colours that colour-blind readers can tell apart, a grid, and files written whole."""

from contextlib import contextmanager
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npvae.files import PROGRAM, VERSION, check_output, written_whole
from npvae.lab.plots.picture import show_as_pictures

# Okabe & Ito's palette
BLUE, ORANGE, GREEN, SKY, YELLOW, PURPLE, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#56B4E9", "#E69F00", "#CC79A7", "#333333")
# Paul Tol's "muted" scheme with sand, cyan and olive darkened, and near-black, for up to ten classes
CLASSES = ["#CC6677", "#332288", "#BFA62A", "#117733", "#4FA9D8", "#882255", "#44AA99", "#6B6B1F", "#AA4499", "#222222"]
# the solvers'
COLORS = {"variational_em": BLUE, "shared_q": ORANGE, "amortized_vi": GREEN}
# of lines in turn, dashed so that they can be told apart without their colours
LINES = [BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, BLACK]
DASHES = ["-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (2, 1)), (0, (8, 2))]

# where a picture says which program has made it
SIGNED = {"png": "Software", "pdf": "Creator", "svg": "Creator"}

# how far outside [0, 1] images may go before all are drawn on another scale
OVERSHOOT = 1.5

STYLE = {"figure.dpi": 110, "savefig.dpi": 110, "font.size": 10, "axes.titlesize": 10.5, "axes.spines.top": False,
         "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "legend.frameon": False,
         "axes.prop_cycle": plt.cycler(color=LINES),
         "figure.constrained_layout.use": True}


@contextmanager
def style():
    """A context in which figures have the package's style: `with style(): …`."""
    with plt.rc_context(STYLE):
        yield
        interactive = matplotlib.is_interactive()
    # a notebook's backend, loaded with the first figure, turns this on; undone, it would show no further figure
    matplotlib.interactive(interactive)
    show_as_pictures()


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure whole or not at all; a ValueError if a file is there that is no picture of npvae."""
    path = Path(path)
    kind = path.suffix[1:].lower() or "png"
    check_output(path, "picture")
    with written_whole(path) as file:
        figure.savefig(file, format=kind, metadata={SIGNED[kind]: f"{PROGRAM} {VERSION}"} if kind in SIGNED else {})
    plt.close(figure)
    return path


def show_images(axes: Axes, images: np.ndarray, shape: tuple[int, ...],
                limits: tuple[float, float] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Images (rows, columns, D) as one picture, as an Axes for each of hundreds takes minutes.

    Of `shape` (height, width) they are drawn with ink dark on white, of (height, width, 1) in grey from dark to light,
    of (height, width, colours) in their colours. `limits` are the values drawn white and black, if there is no ink the
    darkest and the brightest; by default `ink_limits(images)`. Returns the places of the images' middles on
    the axes, x (columns,) and y (rows,).
    """
    rows, columns, (h, w), limits = len(images), len(images[0]), shape[:2], limits or ink_limits(images)
    # room between neighbours, in pixels
    down, right = (max(1, round(0.07 * side)) for side in (h, w))
    cells = np.pad(np.reshape(images, (rows, columns, h, w, -1)), ((0, 0), (0, 0), (0, down), (0, right), (0, 0)),
                   constant_values=paper(shape, limits))
    picture = cells.transpose(0, 2, 1, 3, 4).reshape(rows * (h + down), columns * (w + right), -1)[:-down, :-right]
    if picture.shape[2] > 1:
        picture = np.clip((picture - limits[0]) / (limits[1] - limits[0]), 0, 1)
    # of one number a pixel imshow makes grey
    axes.imshow(picture, cmap="gray_r" if len(shape) == 2 else "gray", vmin=limits[0], vmax=limits[1],
                aspect=bounded_ratio(shape) * w / h)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return np.arange(columns) * (w + right) + (w - 1) / 2, np.arange(rows) * (h + down) + (h - 1) / 2


def paper(shape: tuple[int, ...], limits: tuple[float, float]) -> float:
    """The value that is drawn white: the least of ink, the greatest of light and of colours."""
    return limits[1] if len(shape) == 3 else limits[0]


def ink_limits(images: np.ndarray) -> tuple[float, float]:
    """The values drawn white and black: 0 and 1, or the least and the greatest if the images lie far outside [0, 1].

    >>> ink_limits(np.array([0.2, 0.9])), ink_limits(np.array([0.0, 16.0]))
    ((0.0, 1.0), (0.0, 16.0))
    """
    # a decoder of images in [0, 1] overshoots a little, and far in a few pixels: their paper stays white
    low, high = np.percentile(images, [1, 99])
    if low >= -OVERSHOOT and high <= 1 + OVERSHOOT:
        return 0.0, 1.0
    return float(np.min(images)), float(np.max(images))


def bounded_ratio(shape: tuple[int, int]) -> float:
    """Height / width at which an image is drawn: its own, but pixels are stretched if one side is over twice the other.

    >>> bounded_ratio((28, 28)), bounded_ratio((4, 40))
    (1.0, 0.5)
    """
    return float(np.clip(shape[0] / shape[1], 0.5, 2))
