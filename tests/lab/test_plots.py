"""What the pictures show: limits that hold every curve, one scale of ink, room for captions and labels."""

import base64
import io
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import npvae
from npvae.datasets import Dataset
from npvae.lab import plots
from npvae.lab.compare import SOLVERS, compare
from npvae.lab.plots import comparison
from npvae.lab.plots import images as image_plots
from npvae.lab.plots.style import show_images


@pytest.fixture(autouse=True)
def figures_are_closed():
    yield
    plt.close("all")


def images(n=10, shape=(8, 8), scale=1.0):
    return scale * np.random.default_rng(0).random((n, shape[0] * shape[1]))


def compared(X, labels=None, latent="gaussian", K=2):
    return compare(Dataset("rows", X, X, labels, labels), latent, K, hidden=(4,), time_budget=None, sweeps=2,
                   progress=False)


def limits_of(figure):
    return {axes.images[0].get_clim() for axes in figure.axes}


def race(ceiling, ends, seconds=(0.1, 1)):
    # of two rows at ±√V in D = 10 columns the ceiling is −(D/2)(log 2πV + 1)
    deviation = (np.exp(-ceiling / 5 - 1) / (2 * np.pi)) ** 0.5
    data = SimpleNamespace(train=deviation * np.repeat([[-1.0], [1.0]], 10, axis=1))
    axes = plt.figure().subplots()
    runs = [{"solver": name, "history": {"seconds": seconds, "elbo": [-100.0, end][-len(seconds):]}}
            for name, end in zip(SOLVERS, ends, strict=True)]
    comparison.race(axes, SimpleNamespace(data=data, figures={"runs": runs}))
    return axes


@pytest.mark.parametrize("ceiling, ends", [(-7.0, (-30, -25, -28)), (-7.0, (5, -60, 4)), (-7.0, (5, -7.5, 4))])
def test_the_race_shows_the_end_of_every_curve_and_the_ceiling(ceiling, ends):
    axes = race(ceiling, ends)
    low, high = axes.get_ylim()
    assert low < min(*ends, ceiling) and max(*ends, ceiling) < high
    assert axes.lines[3].get_ydata()[0] == pytest.approx(ceiling, abs=1e-9)


def test_a_solver_of_a_single_sweep_is_a_point_of_the_race():
    axes = race(-7.0, (-9.0, -9.0, -9.0), seconds=(0.1,))
    assert [line.get_marker() for line in axes.lines[:3]] == ["o"] * 3


def test_few_images_leave_room_for_the_line_below_them():
    assert image_plots.strips_figure({"a": images(3)}, (8, 8), "from one row to another").get_figwidth() >= 5


def test_three_hundred_images_are_drawn_at_once(tmp_path):
    figure = image_plots.reconstructions_figure(images(300), images(300), (8, 8))
    plots.save(figure, tmp_path / "many.png")
    # one picture for the images and one for the reconstructions: an Axes each would take minutes
    assert len(figure.axes) == 2


def test_every_image_of_a_row_is_drawn_where_its_name_is():
    X, axes = images(4), plt.figure().subplots()
    x, y = show_images(axes, X.reshape(2, 2, 64), (8, 8))
    drawn = axes.images[0].get_array()
    for row, column in np.ndindex(2, 2):
        corner = int(y[row] - 3.5), int(x[column] - 3.5)
        found = drawn[corner[0]:corner[0] + 8, corner[1]:corner[1] + 8]
        np.testing.assert_array_equal(found, X[2 * row + column].reshape(8, 8))


def test_rows_of_images_have_their_names():
    figure = image_plots.reconstructions_figure(images(), images(), (8, 8))
    assert [axes.get_yticklabels()[0].get_text() for axes in figure.axes] == ["data", "recon-\nstruction"]


@pytest.mark.parametrize("scale", [0.2, 1.0, 1.2])     # the last as a decoder of such images may overshoot
def test_images_within_0_and_1_have_the_ink_of_0_to_1(scale):
    assert limits_of(image_plots.samples_figure(images(scale=scale), (8, 8))) == {(0, 1)}


def test_images_beyond_0_and_1_share_the_ink_from_the_least_to_the_greatest():
    X, Y = images(scale=16), images() - 3
    low, high = Y.min(), X.max()
    assert limits_of(image_plots.reconstructions_figure(X, Y, (8, 8))) == {(low, high)}
    assert limits_of(image_plots.samples_figure(X, (8, 8))) == {(X.min(), high)}
    assert limits_of(image_plots.plane_figure(X[:9], np.arange(3), 1, 2, (8, 8))) == {(X[:9].min(), X[:9].max())}


@pytest.mark.parametrize("shape", [(4, 40), (40, 4), (8, 8)])
def test_the_latent_plane_has_a_bounded_size_and_names_that_do_not_overlap(shape):
    figure = image_plots.plane_figure(images(144, shape), np.linspace(-2.5, 2.5, 12), 1, 2, shape)
    figure.canvas.draw()
    assert 3 <= min(figure.get_size_inches()) and max(figure.get_size_inches()) <= 7
    axes, = figure.axes
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        boxes = [label.get_window_extent() for label in labels]
        assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:], strict=False))


def test_one_column_of_data_has_no_second_axis():
    found, figure = compared(np.random.default_rng(0).normal(size=(30, 1)), K=1), plt.figure()
    comparison.point_reconstructions(figure, found)
    assert all(axes.get_ylabel() == "" and len(axes.get_yticks()) == 0 for axes in figure.axes)


@pytest.mark.parametrize("classes, legend", [(3, True), (10, True), (11, False), (34, False)])
def test_only_up_to_ten_labels_have_a_legend(classes, legend):
    axes = plt.figure().subplots()
    comparison.label_bars(axes, np.full((68, 5), 0.2), np.arange(68) % classes)
    assert (axes.get_legend() is not None) == legend


def test_labels_that_are_no_whole_numbers_are_not_cut():
    labels = np.arange(30) % 3 + 0.7
    found, axes = compared(np.random.default_rng(0).normal(size=(30, 2)), labels), plt.figure().subplots()
    comparison.latent_plane(axes, found, "shared_q")
    assert not axes.texts and len(axes.collections[0].get_offsets()) == 30


def test_the_texts_of_the_bars_tell_them_apart():
    bars = {name: {"test_elbo": elbo, "test_log_marginal": None, "test_amortization_gap": None,
                   "test_approximation_gap": None} for name, elbo in zip(SOLVERS, (-1.51, -1.512, -1.53), strict=True)}
    axes = plt.figure().subplots()
    comparison.gap_bars(axes, SimpleNamespace(figures={"solvers": bars, "runs": []}))
    assert [text.get_text() for text in axes.texts] == ["−1.5100", "−1.5120", "−1.5300"]


def test_a_slope_of_nothing_has_no_sign():
    runs = [{"solver": solver, "m": m, "seconds_per_sweep": m**-0.001, "variational_parameters": 7,
             "anonymous_bytes": 1, "seconds_per_new_x": 1} for m in (10, 100) for solver in SOLVERS]
    figure = plots.scale_figure({"runs": runs})
    assert "−0.00" not in str(names := figure.axes[0].get_legend_handles_labels()[1]) and "-0.00" not in str(names)


def test_a_bar_is_torn_where_the_axis_ends_not_at_a_floor_of_its_own():
    axes = plots.split_bars(["a", "b"], [-3.0, -9.0], -2.0, floor=-5).axes[0]
    assert not axes.spines["bottom"].get_visible() and axes.get_ylim()[0] == -5
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["ELBO −3.00\nKL 1.00", "ELBO −9.00\nKL 7.00"]
    assert len([line for line in axes.lines if len(line.get_xdata()) == 13]) == 2


def test_the_film_of_a_climb_has_a_frame_for_each_half_step():
    Image = pytest.importorskip("PIL.Image")
    line, path = np.linspace(0, 1, 5), np.array([[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]])
    html = plots.ascent_animation(line, line, np.add.outer(line, line), path, path.sum(1), path.sum(1) + 1, dpi=40)
    film = Image.open(io.BytesIO(base64.b64decode(html.split("base64,")[1].split('"')[0])))
    assert film.n_frames == 3 and 'alt="' in html


def test_gaps_hang_from_log_p_and_have_their_length():
    gaps = npvae.gap_decomposition(npvae.probabilistic_pca(2, 3), np.zeros((5, 4)), np.eye(5, 3), tolerance=1e-3)
    axes = plt.figure().subplots()
    plots.gap_stack(axes, {"a q": gaps}, ["k"], {"known": 0.0})
    bars = {bar.get_label(): bar[0] for bar in axes.containers}
    top, amortization = bars["approximation gap"], bars["amortization gap"]
    assert -amortization.get_height() == pytest.approx(gaps.amortization.mean()) and top.get_y() == gaps.log_p.mean()
    assert amortization.get_y() + amortization.get_height() == pytest.approx(gaps.elbo.mean())


def test_a_q_of_any_covariance_is_an_ellipse_and_the_marker_is_on_the_curve():
    plane, missing = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * 2), -1), {0: np.array([2.0, 4.0]), 4: np.ones(2)}
    figure = plots.climbing_figure(plane, -(plane**2).sum(-1), {"q": (np.zeros(2), np.array([[4.0, 0], [0, 1]]))}, 2,
                                   missing, {"best": 0.5})
    left, right = figure.axes
    ellipse, = (patch for patch in left.patches)
    assert {round(ellipse.width), round(ellipse.height)} == {6, 3} and [2, 2.0] in [list(*line.get_xydata())
        for line in right.lines if len(line.get_xydata()) == 1]


def test_a_lead_is_drawn_for_each_seed():
    figure = plots.leads_figure(np.arange(1, 5), np.ones((3, 4)), [2, 4], np.ones((2, 3)))
    assert [len(axes.lines) for axes in figure.axes] == [4, 4]
