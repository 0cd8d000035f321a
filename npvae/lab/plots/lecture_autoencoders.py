"""The pictures of the lecture's autoencoder pages and of its gradient checks. Only drawing."""

import matplotlib.pyplot as plt
import numpy as np

from npvae.lab.plots.style import BLACK, BLUE, CLASSES, GREEN, ORANGE, show_image, style


def layer_slopes(x, layers, crosses):
    """y of each elementwise layer, the slope that its `back` gives, and crosses that were measured.

    Parameters
    ----------
    x : array (n,)
    layers : dict of str to (y (n,), slope (n,))
    crosses : dict of str to (x (k,), slope (k,))

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, panels = plt.subplots(1, len(layers), figsize=(3.5 * len(layers), 3), sharey=True)
        for axes, (name, (y, slope)) in zip(panels, layers.items(), strict=True):
            axes.plot(x, y, color=BLACK, lw=1.6, label="$y$")
            axes.plot(x, slope, color=BLUE, lw=1.6, label="back(1)")
            axes.plot(*crosses[name], "x", color=ORANGE, mew=1.5, label="measured")
            axes.set(title=name, xlabel="$x$")
        panels[0].legend(fontsize=8.5)
        panels[0].set_ylabel("value, slope")
    return figure


def taylor_figure(h, remainders):
    """The Taylor remainder |F(v + h d) − F(v) − h g·d| against h on logarithmic axes, with the slopes 1 and 2.

    Parameters
    ----------
    h : array (n,)
    remainders : dict of str to array (n,)

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(6.4, 4))
        for (name, values), color, marker in zip(remainders.items(), (BLUE, ORANGE, GREEN), "os^", strict=False):
            axes.plot(h, values, marker, color=color, ms=4, label=name)
            power = 2 if color == BLUE else 1
            start = 0 if power == 2 else np.abs(np.log(h / 1e-5)).argmin()
            axes.plot(h, values[start] * (h / h[start]) ** power, color=color, lw=0.8, label=f"slope {power}")
        lowest = min(values[values > 0].min() for values in remainders.values())
        axes.set(xscale="log", yscale="log", xlabel="step $h$", ylabel="Taylor remainder (nats)",
                 ylim=(lowest / 3, None))
        axes.legend(fontsize=8.5)
    return figure


def error_strips(right, wrong, tolerance):
    """The error that a check finds in right code and in the same code with a mistake, each a dot.

    Parameters
    ----------
    right, wrong : arrays (n,)
    tolerance : float

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, axes = plt.subplots(figsize=(7, 2.4))
        for height, values, color in ((1, right, BLUE), (0, wrong, ORANGE)):
            axes.plot(np.maximum(values, 1e-17), height + np.linspace(-0.25, 0.25, len(values)), "o", color=color,
                      ms=4, alpha=0.7)
        axes.axvline(tolerance, color=BLACK, ls="--", lw=1.2)
        axes.annotate("tolerance", (tolerance, 1.45), xytext=(4, -4), textcoords="offset points", fontsize=9, va="top")
        axes.set(xscale="log", ylim=(-0.5, 1.5), xlabel=r"error, $\|a-n\|/(\|a\|+\|n\|)$")
        axes.set_yticks([0, 1], ["mistake planted", "as it stands"])
        axes.grid(axis="y", visible=False)
    return figure


def explorer_figure(z, codes, labels, image, image_shape):
    """The latent plane with the data's codes and one z marked, and beside it what the decoder makes of that z.

    Parameters
    ----------
    z : (float, float)
    codes : array (n, 2)
    labels : array (n,) of int
    image : array (D,)
        g(z).
    image_shape : (height, width)

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, (plane, picture) = plt.subplots(1, 2, figsize=(7.4, 3.9), width_ratios=[1.25, 1])
        for label in np.unique(labels):
            points = codes[labels == label]
            plane.plot(*points.T, ".", ms=3, alpha=0.55, color=CLASSES[label % 10])
            plane.text(*np.median(points, axis=0), str(label), color=CLASSES[label % 10], fontsize=11, ha="center",
                       va="center", weight="bold", bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 0.8})
        plane.axvline(z[0], color=BLACK, lw=0.7)
        plane.axhline(z[1], color=BLACK, lw=0.7)
        plane.plot(*z, "o", ms=10, mfc=BLACK, mec="white", mew=2, zorder=5)     # above the labels, too
        reach = max(np.abs(codes).max(), np.abs(z).max()) + 0.3                 # room for every code and for z
        plane.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="$z_1$", ylabel="$z_2$",
                  title="codes of the training digits")
        show_image(picture, image, image_shape)
        picture.spines[:].set_visible(True)
        picture.set_title(f"g(z) at z = ({z[0]:.2f}, {z[1]:.2f})")
    return figure


def collapse_figure(sigma_g, closed, crosses, measured, bound):
    """KL_j against σ_g in probabilistic PCA, and the sorted KL_j of a VAE at a few σ_g beside the closed form.

    Parameters
    ----------
    sigma_g : array (n,)
    closed : array (n, K)
        ½ max(0, log(λ_j/σ_g²)), nats.
    crosses : dict of float to array (K,)
        By σ_g, what was measured in probabilistic PCA.
    measured, bound : dicts of float to array (K,)
        By σ_g: the VAE's KL_j, the largest first, and the closed form's.

    Returns
    -------
    figure : matplotlib Figure
    """
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 4))
        left.plot(sigma_g, closed, color=BLUE, lw=1.1, label=["closed form"] + [None] * (closed.shape[1] - 1))
        for i, (s, values) in enumerate(crosses.items()):
            left.plot([s] * len(values), values, "x", color=ORANGE, ms=5, label=None if i else "measured")
        left.set(xscale="log", xlabel=r"$\sigma_g$ (data units)", ylabel=r"$\mathrm{KL}_j$ (nats)",
                 title="Probabilistic PCA: coordinates go out one by one")
        ticks = list(crosses)
        left.set_xticks(ticks, [f"{s:g}" for s in ticks])
        left.minorticks_off()
        for (s, values), color, marker in zip(measured.items(), (BLUE, ORANGE, GREEN), "os^", strict=False):
            j = np.arange(1, len(values) + 1)
            right.plot(j, values, marker, color=color, ms=5, label=rf"VAE, $\sigma_g$ = {s:g}")
            right.step(j, bound[s], where="mid", color=color, lw=1, alpha=0.8)
        right.plot([], [], color=BLACK, lw=1, label="linear, closed form")
        right.set(xlabel="coordinate $j$, the largest first", ylabel=r"$\mathrm{KL}_j$ (nats)", title="A VAE on digits")
        right.set_xticks(range(1, len(values) + 1))
        left.legend(fontsize=8.5)
        right.legend(fontsize=8.5)
    return figure
