"""One style for every picture: colours that colour-blind readers can tell apart, a grid, and files written whole."""

import os
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

# Okabe & Ito's palette
BLUE, ORANGE, GREEN, SKY, YELLOW, PURPLE, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#56B4E9", "#E69F00", "#CC79A7", "#333333")
# Paul Tol's "muted" scheme and black, for up to ten classes
CLASSES = ["#CC6677", "#332288", "#BFA62A", "#117733", "#4FA9D8", "#882255", "#44AA99", "#6B6B1F", "#AA4499", "#222222"]

STYLE = {"figure.dpi": 110, "savefig.dpi": 110, "font.size": 10, "axes.titlesize": 10.5, "axes.spines.top": False,
         "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "legend.frameon": False,
         "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, BLACK]),
         "figure.constrained_layout.use": True}


@contextmanager
def style():
    """A context in which figures have the package's style: `with style(): …`."""
    with plt.rc_context(STYLE):
        yield
        interactive = matplotlib.is_interactive()
    # a notebook's backend, loaded with the first figure, turns this on; undone, it would show no further figure
    matplotlib.interactive(interactive)


def save(figure, path):
    """Write a figure whole or not at all: to a temporary file beside `path`, then renamed."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part")
    figure.savefig(temporary, format=path.suffix[1:] or "png")
    os.replace(temporary, path)
    plt.close(figure)
    return path


def show_image(axes, image, shape):
    """One image, ink dark on white, without axes."""
    axes.imshow(np.reshape(image, shape), cmap="gray_r", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
