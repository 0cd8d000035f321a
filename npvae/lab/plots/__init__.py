# ruff: noqa: F401, I001
"""Every picture of the package; each returns a matplotlib figure, or draws on axes that it is given.

`style` and `save` hold the one style; the other files hold the pictures of one subject each.
"""

from npvae.lab.plots.style import save, style
from npvae.lab.plots.curves import curves, lines, panels, rows_against_bound, spread, strips, tube
from npvae.lab.plots.images import explorer_figure, image_strips, latent_points
from npvae.lab.plots.diagrams import autoencoder_diagram, encoder_decoder, graphical_model
from npvae.lab.plots.elbo import (
    bound_curves, contours, density_beside_curve, integrands, kl_directions, latent_picture, posterior_and_bar,
    split_bars, torn, triangle)
from npvae.lab.plots.ascent import ascent_animation, ascent_figure
from npvae.lab.plots.gaps import gaps_below, groups_figure, ladder, width_figure
from npvae.lab.plots.solvers import (
    below_ceiling, climbs, clusters, collapse_figure, fates, gap_stack, rows_on_a_curve, scale_figure, scaling)
from npvae.lab.plots.ranks import ranks_figure
from npvae.lab.plots.gradients import (
    computation_graphs, error_strips, estimator_figure, frozen_noise, layer_slopes, slopes, taylor_figure,
    u_curve_figure)
from npvae.lab.plots.comparison import comparison_figure
from npvae.lab.plots.side_by_side import climbing_figure, leads_figure
