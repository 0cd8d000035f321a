"""What the notebooks ask of a reader: questions, live figures, closing claims, and figures with words."""

import base64
import html.parser
import io
import itertools
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from npvae.lab.lesson import closing, live, predict
from npvae.lab.plots.picture import alt_text, picture

ANSWERS = {"a": "it grows", "b": "it stays", "c": "it < falls"}
BECAUSE = {"a": "q cannot raise it", "b": "there is no q in it", "c": "nor lower it"}


class Page(html.parser.HTMLParser):
    """The tags of a piece of HTML, with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def ask(**more):
    return predict("What does log p(x) do?", ANSWERS, right="b", because=BECAUSE, **more)


def test_a_question_unfolds_each_answer_without_a_kernel():
    page = Page(ask()._repr_html_())
    assert len(page.all("details")) == 3
    assert "(c) it < falls" in page.text and "No: nor lower it" in page.text and "Right: there is no q" in page.text
    assert "Your answer" not in page.text


@pytest.mark.parametrize("yours, said", [("b", "is right: there is no q in it"), (" (B) ", "is right"),
                                         ("a", "is not right: q cannot raise it"), ("z", "is none of a, b, c"),
                                         (3, "is none of")])
def test_a_readers_letter_is_answered(yours, said):
    assert said in repr(ask(yours=yours)) and said in Page(ask(yours=yours)._repr_html_()).text


@pytest.mark.parametrize("yours, said", [(0.7, "is right"), (0.5, "is too low: below a half"), ("0.9", "is too high"),
                                         ("many", "is no number"), (float("nan"), "is no number")])
def test_a_readers_number_is_answered(yours, said):
    because = {"low": "below a half", "right": "log 2", "high": "above"}
    question = predict("How many nats?", number=np.log(2), tolerance=0.01, because=because, yours=yours)
    assert said in repr(question)
    assert "0.693147: log 2" in question._repr_html_()


@pytest.mark.parametrize("change", [{"right": "d"}, {"answers": {"a": "only one"}}, {"because": {"a": "", "b": ""}},
                                    {"number": 3.0}, {"answers": None}])
def test_a_question_without_all_its_answers_is_refused(change):
    with pytest.raises(ValueError, match="answers"):
        predict(**{"question": "?", "answers": ANSWERS, "right": "b", "because": BECAUSE, **change})


def test_a_number_needs_its_three_words():
    with pytest.raises(ValueError, match="low, right and high"):
        predict("?", number=1.0, because={"right": "so"})


def draw(height, offset=0):
    figure, axes = plt.subplots(figsize=(1, 1), dpi=40)
    axes.bar([offset], [height])
    axes.set(title=f"{height} at {offset}", xlim=(-1, 3), ylim=(0, 2))


def pixels(source):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source))).convert("RGB"))


def test_a_live_figure_holds_every_frame_in_the_order_of_its_sliders():
    heights, offsets = [0.5, 1.0, 2.0], [0, 1]
    page = Page(live(draw, height=heights, offset=offsets, start={"height": 2.0}).html())
    sliders, (image,) = page.all("input"), page.all("img")
    assert [(s["max"], s["value"], s["data-values"]) for s in sliders] == [("2", "2", "0.5|1|2"), ("1", "1", "0|1")]
    frames = json.loads(page.text[page.text.index("[["):])
    assert [alt for _, alt in frames] == [f"{h} at {o}" for h, o in itertools.product(heights, offsets)]
    assert image["alt"] == "2.0 at 1" and image["src"].endswith(frames[5][0])
    assert not np.array_equal(pixels(frames[0][0]), pixels(frames[5][0]))
    assert not plt.get_fignums()


def test_a_live_figure_may_be_returned_or_left():
    def returned(height):
        figure = plt.Figure(figsize=(1, 1), dpi=40)
        figure.subplots().bar([0], [height])
        return figure

    left = plt.figure()
    assert live(returned, height=[1, 2]).html() and plt.get_fignums() == [left.number]
    plt.close(left)


@pytest.mark.parametrize("values, words", [({}, "two values"), ({"height": [1.0]}, "two values"),
                                           ({"height": range(101)}, "at most 100"),
                                           ({"height": [1, 2], "start": {"height": 3}}, "start has height = 3"),
                                           ({"height": [1, 2], "start": {"width": 3}}, "no slider here")])
def test_a_live_figure_that_cannot_be_is_refused(values, words):
    with pytest.raises(ValueError, match=words):
        live(draw, **values)


def test_a_draw_that_leaves_no_figure_is_told_so():
    with pytest.raises(ValueError, match="left no figure"):
        live(lambda height: None, height=[1, 2])


def test_with_a_kernel_a_slider_draws_what_lies_between():
    widgets = pytest.importorskip("ipywidgets")
    box = live(draw, height=np.array([0.5, 1.0, 2.0]), offset=[0, 2]).widget()
    height, offset, image = box.children
    assert isinstance(height, widgets.FloatSlider) and isinstance(offset, widgets.IntSlider)
    assert height.description == "height" and (height.min, height.max, height.step) == (0.5, 2.0, 0.1)
    before = image.value
    height.value = 1.3
    assert image.value != before and bytes(image.value).startswith(b"\x89PNG")
    height.value = 1.0
    assert image.value == before


def test_values_that_are_no_numbers_are_chosen_from():
    widgets = pytest.importorskip("ipywidgets")
    for values, between in (([1, 2], False), (["one", "two"], True)):
        slider = live(lambda height: draw(len(str(height))), height=values, between=between).widget().children[0]
        assert isinstance(slider, widgets.SelectionSlider) and [value for _, value in slider.options] == values


def test_claims_that_hold_are_counted(capsys):
    with closing() as holds:
        holds("one", True)
        holds("all of them", np.ones(3) > 0)
    assert capsys.readouterr().out == "All 2 claims hold.\n"


def test_a_claim_that_ends_says_so_without_an_error(capsys):
    with closing() as holds:
        holds("first", np.array([True, False]), because="q is wider")
        holds("second", True)
    assert capsys.readouterr().out == 'changed: "first" no longer holds, because q is wider\n1 of 2 claims hold.\n'


@pytest.mark.parametrize("broken", [lambda holds: holds("two", np.ones(2) @ np.ones(3) < 1),
                                    lambda holds: holds("two", 0.3), lambda holds: holds("two", np.array([]) > 0)])
def test_what_can_no_longer_be_computed_is_said_without_an_error(broken, capsys):
    with closing() as holds:
        holds("one", True)
        broken(holds)
    said, last = capsys.readouterr().out.splitlines()
    assert said.startswith("changed: after ") and "can no longer be computed (ValueError: " in said
    assert last in ("1 of 2 claims hold.", "1 of 3 claims hold.")


def test_a_figure_is_written_at_twice_its_resolution_in_few_colours():
    figure, axes = plt.subplots(figsize=(4, 3), dpi=50)
    axes.imshow(np.random.default_rng(0).random((30, 30)))
    shown = picture(figure)
    image = Image.open(io.BytesIO(shown.png))
    assert image.mode == "P" and image.size == (2 * shown.width, 2 * shown.height)
    plt.close(figure)


def test_words_for_a_figure_come_from_its_titles_axes_and_legends():
    figure, (left, right) = plt.subplots(1, 2)
    left.set(title=r"slope in $\mu$", xlabel="$z$", ylabel="nats")
    right.plot([0, 1], label="exact")
    right.legend()
    right.set_title("the other")
    assert alt_text(figure) == "slope in mu: nats against z; the other (exact)"
    figure.set_label("two panels")
    assert alt_text(figure) == "two panels"
    plt.close(figure)
