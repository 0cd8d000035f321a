"""Every picture of the package; each returns a matplotlib figure, or draws on axes that it is given.

`style` and `save` hold the one style; the other files hold one kind of picture each.
"""

from npvae.lab.plots.comparison import (
    comparison_figure,
    gap_bars,
    image_reconstructions,
    label_bars,
    latent_plane,
    point_reconstructions,
    race,
)
from npvae.lab.plots.estimators import estimator_figure
from npvae.lab.plots.gradient_checks import u_curve_figure
from npvae.lab.plots.lecture import (
    bound_curves,
    contours,
    posterior_and_bar,
    posterior_gallery,
    split_bars,
    triangle,
)
from npvae.lab.plots.lecture_ascent import (
    ascent_animation,
    ascent_figure,
    climbs,
    clusters,
    image_strips,
    latent_points,
)
from npvae.lab.plots.lecture_autoencoders import (
    collapse_figure,
    error_strips,
    explorer_figure,
    layer_slopes,
    taylor_figure,
)
from npvae.lab.plots.lecture_gaussian import (
    computation_graphs,
    curves,
    frozen_noise,
    gap_stack,
    panels,
    rows_against_bound,
    slopes,
    spread,
    tube,
)
from npvae.lab.plots.lecture_integral import (
    integrands,
    latent_picture,
    lines,
    strips,
)
from npvae.lab.plots.lecture_solvers import (
    below_ceiling,
    fates,
    ladder,
    rows_on_a_curve,
    scaling,
)
from npvae.lab.plots.scale import scale_figure
from npvae.lab.plots.style import save, show_image, style

__all__ = [
    "comparison_figure", "gap_bars", "image_reconstructions", "label_bars", "latent_plane", "point_reconstructions",
    "race", "estimator_figure", "u_curve_figure", "bound_curves", "contours", "posterior_and_bar",
    "posterior_gallery", "split_bars", "triangle", "ascent_animation", "ascent_figure", "climbs", "clusters",
    "image_strips", "latent_points", "error_strips", "layer_slopes", "taylor_figure", "computation_graphs", "curves",
    "frozen_noise", "gap_stack", "panels", "rows_against_bound", "slopes", "spread", "tube", "integrands",
    "latent_picture", "lines", "strips", "below_ceiling", "fates", "ladder", "rows_on_a_curve", "scaling",
    "scale_figure", "save", "show_image", "style", "explorer_figure", "collapse_figure",
]
