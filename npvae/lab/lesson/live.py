"""A figure with sliders: frames drawn beforehand where there is no kernel, drawn anew where there is one."""

import base64
import itertools
import json
import re
from collections.abc import Callable, Sequence
from html import escape

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from npvae.lab.plots.picture import Picture, picture

MOST_FRAMES = 100
SCALE = 1.5         # dots of a frame to a pixel of the page: many frames share a page
WIDGET = "application/vnd.jupyter.widget-view+json"
GREEK = {"alpha": "α", "beta": "β", "epsilon": "ε", "lambda": "λ", "mu": "μ", "phi": "φ", "sigma": "σ", "theta": "θ"}
# the sliders are the digits of the frame's number
SHOW = """
const box = this.closest('.npvae-live'); let frame = 0;
for (const slider of box.querySelectorAll('input')) {
  frame = frame * (Number(slider.max) + 1) + Number(slider.value);
  slider.nextElementSibling.textContent = slider.dataset.values.split('|')[slider.value];
}
const [source, alt] = JSON.parse(box.querySelector('script').textContent)[frame];
Object.assign(box.querySelector('img'), {src: 'data:image/png;base64,' + source, alt: alt});
"""


class Live:
    """What `live` returns: as HTML its frames and a slider for each name, with a kernel widgets that call `draw`."""

    def __init__(self, draw, values, start, between):
        self.draw, self.values, self.start, self.between = draw, values, start, between
        self.frames = self.draw_all()

    def draw_all(self) -> list[Picture]:
        """The frames, the last slider's values following each other."""
        return [_frame(self.draw, dict(zip(self.values, place, strict=True)))
                for place in itertools.product(*self.values.values())]

    def draw_start(self) -> list[Picture]:
        """The one frame that is seen first."""
        return [_frame(self.draw, self.start)]

    def __repr__(self):
        return f"a live figure of {len(self.frames)} frames over {', '.join(self.values)}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {"text/plain": repr(self), "text/html": self.html()}
        return {**bundle, **({WIDGET: self.widget()._repr_mimebundle_()[WIDGET]} if _has_widgets() else {})}

    def html(self) -> str:
        """The frames, the sliders and the line of script that joins them; without script the first frame stands."""
        places = [list(values).index(self.start[name]) for name, values in self.values.items()]
        first = self.frames[np.ravel_multi_index(places, [len(values) for values in self.values.values()])]
        sliders = [_slider(name, values, place)
                   for (name, values), place in zip(self.values.items(), places, strict=True)]
        frames = json.dumps([[_base64(frame), frame.alt] for frame in self.frames], ensure_ascii=False)
        frames = frames.replace("</", r"<\/")           # would end the script
        return (f'<div class="npvae-live">{"".join(sliders)}<img src="data:image/png;base64,{_base64(first)}" '
                f'alt="{escape(first.alt)}" width="{first.width}" style="max-width:100%">'
                f'<script type="application/json">{frames}</script></div>')

    def widget(self):
        """A box of ipywidgets' sliders and an image that `draw` makes anew for each move."""
        import ipywidgets

        sliders = {name: self._widget_slider(name) for name in self.values}
        shown = ipywidgets.Image(format="png", layout={"max_width": "100%", "align_self": "flex-start"})

        def show(_=None):
            frame = _frame(self.draw, {name: slider.value for name, slider in sliders.items()})
            shown.value, shown.width = frame.png, str(frame.width)

        for slider in sliders.values():
            slider.observe(show, "value")
        show()
        return ipywidgets.VBox([*sliders.values(), shown])

    def _widget_slider(self, name):
        import ipywidgets

        values, common = self.values[name], {"description": spelled(name), "value": self.start[name]}
        if not self.between or not all(isinstance(value, int | float) for value in values):
            return ipywidgets.SelectionSlider(options=[(_shown(value), value) for value in values], **common)
        ends = {"min": min(values), "max": max(values)}
        if all(isinstance(value, int) for value in values):
            return ipywidgets.IntSlider(**ends, **common)
        step = float(np.diff(np.sort(values)).min()) / 5
        return ipywidgets.FloatSlider(**ends, **common, step=step, readout_format=".3g")


def live(draw: Callable[..., Figure | None], *, start: dict | None = None, between: bool = True,
         **values: Sequence) -> Live:
    """A figure that `draw(name=value, …)` makes, and a slider for each name over its `values`.

    All frames, the product of the values and at most 100, are drawn at once and stand in the output, which a page
    without a kernel shows. `start` has the values to begin with, by default those in the middle. With a kernel the
    sliders draw anew, and take numbers between the values, unless `between` is False.

    >>> def draw(mu):
    ...     plt.figure(figsize=(1, 1)).gca().plot([0, mu])
    >>> live(draw, mu=[0.0, 0.5, 1.0])
    a live figure of 3 frames over mu
    """
    # numbers of NumPy become Python's, which a page and a widget can hold
    values = {name: [value.item() if isinstance(value, np.generic) else value for value in several]
              for name, several in values.items()}
    if not values or any(len(several) < 2 for several in values.values()):
        raise ValueError(f"a live figure needs a name with two values or more, such as mu=[0.0, 0.5]; got {values}")
    if (count := int(np.prod([len(several) for several in values.values()]))) > MOST_FRAMES:
        raise ValueError(f"{count} frames are too many for one page: at most {MOST_FRAMES}, so fewer values a slider")
    start = {name: several[len(several) // 2] for name, several in values.items()} | (start or {})
    for name, value in start.items():
        if name not in values or value not in values[name]:
            raise ValueError(f"start has {name} = {value!r}: it is one of {values.get(name, 'no slider here')}")
    return Live(draw, values, start, between)


def spelled(name: str) -> str:
    """A slider's name as the notebook writes it: Greek letters for their names, no underscore at its end.

    >>> spelled("sigma_g"), spelled("log_sigma"), spelled("lambda_")
    ('σ_g', 'log σ', 'λ')
    """
    parts = [GREEK.get(part, part) for part in name.strip("_").split("_")]
    return " ".join(parts) if parts[0] == "log" else "_".join(parts)


def _frame(draw, values) -> Picture:
    """The picture that draw makes of the values; its figure is closed, so that the notebook does not show it again."""
    before = set(plt.get_fignums())
    figure = draw(**values)
    made = [number for number in plt.get_fignums() if number not in before]
    if not isinstance(figure, Figure):
        if not made:
            raise ValueError(f"draw({values}) left no figure: draw one, and neither show nor close it")
        figure = plt.figure(made[-1])
    shown = picture(figure, SCALE)
    for number in made:
        plt.close(number)
    return shown


def _slider(name, values, place):
    shown, label = [_shown(value) for value in values], re.sub(r"_(\w+)", r"<sub>\1</sub>", escape(spelled(name)))
    return (f'<label style="display:flex;gap:.7em;align-items:center;max-width:32em">'
            f'<span style="min-width:3em">{label}</span>'
            f'<input type="range" min="0" max="{len(values) - 1}" value="{place}" style="flex:1" '
            f'data-values="{escape("|".join(shown))}" oninput="{escape(" ".join(SHOW.split()))}">'
            f'<output style="min-width:4em">{escape(shown[place])}</output></label>')


def _shown(value):
    """A slider's value as text, the minus of its numbers no hyphen."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", f"{value:.4g}" if isinstance(value, float) else str(value))


def _base64(frame):
    return base64.b64encode(frame.png).decode()


def _has_widgets():
    """Whether this is a kernel that can make widgets."""
    try:
        import ipywidgets  # noqa: F401
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")
