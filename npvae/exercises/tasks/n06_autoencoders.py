r"""# 6 · Autoencoders: exercises

Two networks and one wish, $\|g_\theta(f_\phi(x)) - x\|$ small. Here you write the cost and its gradient, the case in
which the best answer is known, two of the four uses, and the number that says why a random $z$ gives no image.
"""

import numpy as np

from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task

# ---- the cost


def autoencoder_loss(y, x):
    """The autoencoder's cost, one number for the batch, and its gradient with respect to y.

    y (B, D) is g(f(x)), x (B, D) the data. Returns value, dy (B, D).
    """
    r = y - x
    return (r**2).sum(), 2 * r


LOSS = Task(
    name="autoencoder_loss", title="The cost and its slope", points=1, solution=autoencoder_loss,
    inputs=lambda rng, B, D: (rng.normal(size=(B, D)), rng.normal(size=(B, D))), sizes="B D",
    returns=("the value", "dy"),
    text=r"""$$C = \sum_{i=1}^B \|y^i - x^i\|^2, \qquad dy = \frac{\partial C}{\partial y}.$$

The sum is over all images, as on the board: one number for the batch.""",
    hints=("How does one term of the double sum, $(y^i_d - x^i_d)^2$, change with $y^i_d$?",
           "With r = y − x the value is the sum of all r², and dy is the derivative of r² at each place: the shape of "
           "y."),
    play="autoencoder_loss(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))",
    example=lambda: (np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]])),
    edges={"where y = x": lambda rng: (np.ones((3, 2)), np.ones((3, 2)))},
    misconceptions=[
        mistake("mean of everything", lambda y, x: (np.mean((y - x) ** 2), 2 * (y - x) / y.size),
                "it is the mean over all numbers: the cost on the board is a sum, over images and pixels."),
        mistake("mean over the batch", lambda y, x: (((y - x) ** 2).sum(1).mean(), 2 * (y - x) / len(x)),
                "it is the mean over the batch: the cost on the board is a sum over the images."),
        mistake("norm not squared", lambda y, x: (np.linalg.norm(y - x, axis=1).sum(),
                                                 (y - x) / np.linalg.norm(y - x, axis=1)[:, None]),
                "the norms are not squared: the cost is a sum of ‖y − x‖², without any root."),
        mistake("norm of everything", lambda y, x: (np.linalg.norm(y - x), (y - x) / np.linalg.norm(y - x)),
                "a root is taken of the sum: the cost is a sum of squares, ‖y − x‖², and has no root."),
        mistake("differences not squared", lambda y, x: ((y - x).sum(), np.ones_like(y)),
                "the differences are not squared: errors of opposite signs cancel."),
        mistake("absolute values", lambda y, x: (np.abs(y - x).sum(), np.sign(y - x)),
                "it adds absolute values, where the cost has squares."),
        mistake("one half in front", lambda y, x: (((y - x) ** 2).sum() / 2, y - x),
                "a ½ stands in front: the cost on the board has none, and its slope has a 2."),
        mistake("the 2 of the square missing", lambda y, x: (((y - x) ** 2).sum(), y - x),
                "dy is half of the slope: the 2 of the square is missing."),
        mistake("gradient has the wrong sign", lambda y, x: (((y - x) ** 2).sum(), 2 * (x - y)),
                "dy has the wrong sign: the cost grows where y moves away from x."),
        mistake("gradient of the batch mean", lambda y, x: (((y - x) ** 2).sum(), 2 * (y - x) / len(x)),
                "dy is that of the mean over the batch, while the value is the sum over it."),
        mistake("gradient of the mean", lambda y, x: (((y - x) ** 2).sum(), 2 * (y - x) / x.size),
                "dy is that of the mean over all numbers, while the value is their sum."),
        mistake("one number for each image", lambda y, x: (((y - x) ** 2).sum(1), 2 * (y - x)),
                "the value holds a number for each image: sum over the batch, too, so that it is one number."),
        mistake("one number for each pixel", lambda y, x: ((y - x) ** 2, 2 * (y - x)),
                "the value holds a number for each pixel: sum over pixels and over the batch, so that it is one "
                "number.")])

# ---- a case where the answer is known


def linear_autoencoder(x, W_f, W_g):
    """The cost of an autoencoder without hidden layers, and its gradients.

    x (B, D), encoder W_f (D, K), decoder W_g (K, D): z = x W_f, y = z W_g. Returns value, dW_f (D, K), dW_g (K, D).
    """
    z = x @ W_f
    y = z @ W_g
    dy = 2 * (y - x)
    dz = dy @ W_g.T
    return ((y - x) ** 2).sum(), x.T @ dz, z.T @ dy


def linear_with(value=lambda r, x: (r**2).sum(), minus=1.0, twice=2.0, through=lambda W_f, W_g: W_g.T,
                code=1.0):
    """The solution with a part exchanged."""
    def answer(x, W_f, W_g):
        z = x @ W_f
        y = z @ W_g
        dy = twice * (y - minus * x)
        return value(y - minus * x, x), code * x.T @ (dy @ through(W_f, W_g)), z.T @ dy
    return answer


LINEAR = Task(
    name="linear_autoencoder", title="Two matrices", points=3, solution=linear_autoencoder,
    inputs=lambda rng, B, D, K: (rng.normal(size=(B, D)), rng.normal(size=(D, K)), rng.normal(size=(K, D))),
    sizes="B D K", returns=("the value", "dW_f", "dW_g"),
    text=r"""With $z = xW_f$ and $y = zW_g$ the cost is $C = \sum_i \|y^i - x^i\|^2$. Go backwards through the two
products, the decoder's first:

$$dW_g = z^\top dy, \qquad dz = dy\, W_g^\top, \qquad dW_f = x^\top dz .$$""",
    hints=("The last task gives dy. A matrix that was multiplied from the right gets (its input)ᵀ times what arrives.",
           "Five lines: z, y, dy, then dW_g from z and dy; dz carries dy back through W_g; dW_f from x and dz. Each "
           "gradient has the shape of its matrix."),
    play="linear_autoencoder(np.eye(2), np.ones((2, 1)), np.ones((1, 2)))",
    example=lambda: (np.eye(2), np.ones((2, 1)), np.ones((1, 2))),
    misconceptions=[
        mistake("x is lost", linear_with(minus=0.0),
                "the x is lost in the cost: ‖y‖² is small for an empty page, ‖y − x‖² for a copy."),
        mistake("mean value", linear_with(lambda r, x: (r**2).mean()),
                "the value is a mean, and the gradients are those of the sum, which is asked for."),
        mistake("batch mean value", linear_with(lambda r, x: (r**2).sum() / len(x)),
                "the value is a mean over the batch, and the gradients are those of the sum, which is asked for."),
        mistake("mean over the batch", lambda x, W_f, W_g: tuple(a / len(x) for a in linear_autoencoder(x, W_f, W_g)),
                "all is divided by the size of the batch: it is a mean over the images, where the sum is asked for."),
        mistake("the 2 of the square missing", linear_with(twice=1.0),
                "both gradients are half of the right ones: the 2 of the square is missing."),
        mistake("sign", linear_with(twice=-2.0),
                "both gradients have the wrong sign: the slope of (y − x)² in y is positive where y is above x."),
        mistake("back through the encoder", linear_with(through=lambda W_f, W_g: W_f),
                "dW_f: the gradient goes back through W_f, but z met W_g: dy must pass the decoder's matrix W_g."),
        mistake("x is lost in dW_g", lambda x, W_f, W_g: (
            *linear_autoencoder(x, W_f, W_g)[:2], linear_with(minus=0.0)(x, W_f, W_g)[2]),
                "dW_g: the x is lost; y − x arrives from the cost, not y."),
        mistake("not through the decoder", linear_with(code=0.0),
                "dW_f is zero, but the value changes with the encoder: z is no constant, go on to W_f through z."),
        mistake("transposed gradient", lambda x, W_f, W_g: (linear_autoencoder(x, W_f, W_g)[0],
                                                           linear_autoencoder(x, W_f, W_g)[1],
                                                           linear_autoencoder(x, W_f, W_g)[2].T),
                "dW_g is transposed: a gradient has the shape of its matrix."),
        mistake("both transposed", lambda x, W_f, W_g: (linear_autoencoder(x, W_f, W_g)[0],
                                                       linear_autoencoder(x, W_f, W_g)[1].T,
                                                       linear_autoencoder(x, W_f, W_g)[2].T),
                "dW_f and dW_g are transposed: a gradient has the shape of its matrix."),
        mistake("exchanged", lambda x, W_f, W_g: (linear_autoencoder(x, W_f, W_g)[0],
                                                 *linear_autoencoder(x, W_f, W_g)[:0:-1]),
                "dW_f and dW_g are exchanged: the encoder's comes first.")])


def pca_floor(X, K):
    """The least mean squared distance ‖y − x‖² that K linear coordinates leave over, one number.

    X (m, D) are the data, which need not have mean zero; 0 ≤ K ≤ D.
    """
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(X.T, bias=True)))[::-1]
    return eigenvalues[K:].sum()


def eigenvalues_of(X, divided_by=None):
    C = X - X.mean(0)
    return np.sort(np.linalg.eigvalsh(C.T @ C / (divided_by or len(X))))[::-1]


FLOOR = Task(
    name="pca_floor", title="What no affine autoencoder can go below", points=2, solution=pca_floor,
    inputs=lambda rng, m, D: (2 + rng.normal(size=(3 * m, D)) * np.linspace(1, 2, D), 2), sizes="m D",
    one_row=False, returns=("the floor",),
    text=r"""With $\lambda_1 \ge \lambda_2 \ge \dots$ the eigenvalues of the covariance of the data (with $1/m$),

$$\min \frac1m \sum_i \|y^i - x^i\|^2 = \sum_{j > K} \lambda_j .$$""",
    hints=("The covariance is of the data less their mean. In which order does np.linalg.eigvalsh return eigenvalues?",
           "np.cov(X.T, bias=True) divides by m. Sort the eigenvalues, the greatest first, and add those after the "
           "first K."),
    play="pca_floor(npvae.datasets.digits().train.astype(float), 5)",
    edges={"for K = 0": lambda rng: (rng.normal(size=(9, 3)), 0), "for K = D": lambda rng: (rng.normal(size=(9, 3)), 3),
           "for fewer data than dimensions": lambda rng: (rng.normal(size=(4, 6)), 1)},
    misconceptions=[
        mistake("covariance with m − 1", lambda X, K: eigenvalues_of(X, len(X) - 1)[K:].sum(),
                "the covariance is divided by m − 1 (np.cov does that): the mean over the data has 1/m, which is "
                "bias=True."),
        mistake("not centred", lambda X, K: np.sort(np.linalg.eigvalsh(X.T @ X / len(X)))[::-1][K:].sum(),
                "the data are not centred: a covariance is of x less its mean."),
        mistake("what is kept", lambda X, K: eigenvalues_of(X)[:K].sum(),
                "it is what the K leading eigenvalues keep; asked for is what is left over."),
        mistake("ascending order", lambda X, K: eigenvalues_of(X)[::-1][K:].sum(),
                "the order is wrong: eigvalsh returns the smallest first, so that after [K:] the largest are left."),
        mistake("smallest K", lambda X, K: eigenvalues_of(X)[::-1][:K].sum(),
                "it is the sum of the K smallest eigenvalues: left over are all but the K largest."),
        mistake("scatter matrix", lambda X, K: eigenvalues_of(X, 1)[K:].sum(),
                "it is m times too large: the matrix of sums is not divided by m, but the floor is a mean over the "
                "data."),
        mistake("correlation", lambda X, K: np.linalg.eigvalsh(np.corrcoef(X.T))[::-1][K:].sum(),
                "the eigenvalues are those of the correlation matrix: do not divide by the standard deviations."),
        mistake("singular values", lambda X, K: np.linalg.svd(X - X.mean(0), compute_uv=False)[K:].sum() / len(X),
                "singular values are not squared: an eigenvalue is s²/m."),
        mistake("mean eigenvalue", lambda X, K: eigenvalues_of(X)[K:].mean(),
                "it is the mean of the other eigenvalues; what is left over is their sum."),
        mistake("share", lambda X, K: eigenvalues_of(X)[K:].sum() / eigenvalues_of(X).sum(),
                "it is a share of the whole variance: asked for is the squared distance itself."),
        mistake("square root", lambda X, K: np.sqrt(eigenvalues_of(X)[K:].sum()),
                "a root is taken: the floor is a squared distance."),
        mistake("off by one", lambda X, K: eigenvalues_of(X)[K - 1:].sum(),
                "one eigenvalue too many: the first K are kept, and index K is the first that is not."),
        mistake("one too few", lambda X, K: eigenvalues_of(X)[K + 1:].sum(),
                "one eigenvalue is missing: index K is the first that is left over."),
        mistake("per pixel", lambda X, K: eigenvalues_of(X)[K:].sum() / X.shape[1],
                "it is divided by D: ‖y − x‖² is a sum over the pixels.")])


def pca_reconstruction(X, K):
    """The best approximation of each x by a point of a K-dimensional plane.

    X (m, D); 1 ≤ K ≤ D. Returns Y (m, D).
    """
    mean = X.mean(0)
    _, U = np.linalg.eigh(np.cov(X.T, bias=True))       # columns, the largest eigenvalue last
    U = U[:, ::-1][:, :K]
    return mean + (X - mean) @ U @ U.T


def axes_of(X, K, rows=False, smallest=False):
    C = X - X.mean(0)
    U = np.linalg.eigh(C.T @ C)[1]
    U = U.T if rows else U
    return U[:, :K] if smallest else U[:, ::-1][:, :K]


def standardised(X, K):
    mean, std = X.mean(0), X.std(0)
    U = axes_of(X / std, K)
    return mean + (X - mean) / std @ U @ U.T * std


def wrong_plane(X, K, **how):
    U, mean = axes_of(X, K, **how), X.mean(0)
    return mean + (X - mean) @ U @ U.T


def scaled_by_root(X, K):
    mean, U = X.mean(0), axes_of(X, K)
    return mean + (X - mean) @ U * np.sqrt(eigenvalues_of(X)[:K]) @ U.T


def singular_values_lost(X, K):
    mean = X.mean(0)
    u, _, v = np.linalg.svd(X - mean, full_matrices=False)
    return mean + u[:, :K] @ v[:K]


PCA = Task(
    name="pca_reconstruction", title="The best plane", points=2, solution=pca_reconstruction,
    inputs=lambda rng, m, D: (2 + rng.normal(size=(3 * m, D)) @ rng.normal(size=(D, D)), 2), sizes="m D", one_row=False,
    returns=("Y",),
    text=r"""The plane with the least squared distance goes through the mean $\bar x$ and is spanned by the $K$ leading
eigenvectors of the covariance, the columns of $U$ $(D, K)$:

$$y = \bar x + (x - \bar x)\, U U^\top .$$""",
    hints=("np.linalg.eigh returns eigenvectors as columns, and the smallest eigenvalue first.",
           "Centre, take the last K columns, project down with U and up with Uᵀ, and go back to where the data are."),
    play="pca_reconstruction(np.array([[0.0, 0.0], [2.0, 2.0], [3.0, 1.0]]), 1)",
    example=lambda: (np.array([[0.0, 0.0], [2.0, 2.0], [3.0, 1.0]]), 1),
    edges={"for K = D": lambda rng: (rng.normal(size=(9, 3)), 3),
           "for K = 1": lambda rng: (rng.normal(size=(9, 3)), 1)},
    misconceptions=[
        mistake("mean not added", lambda X, K: (X - X.mean(0)) @ axes_of(X, K) @ axes_of(X, K).T,
                "the mean is not added back: the plane goes through the mean of the data, not through the origin."),
        mistake("not centred", lambda X, K: X @ np.linalg.svd(X)[2][:K].T @ np.linalg.svd(X)[2][:K],
                "the data are not centred: take off the mean first, and add it at the end."),
        mistake("axes not centred", lambda X, K: X.mean(0) + (X - X.mean(0)) @ np.linalg.svd(X)[2][:K].T
                @ np.linalg.svd(X)[2][:K], "the axes are those of data that are not centred: the first of them points "
                "at the mean, so take it off before the svd."),
        mistake("axes not centred", lambda X, K: X.mean(0) + X @ np.linalg.svd(X)[2][:K].T @ np.linalg.svd(X)[2][:K],
                "the data are not centred, though the mean is added at the end: take it off before the svd."),
        mistake("projected without centring", lambda X, K: X @ axes_of(X, K) @ axes_of(X, K).T,
                "x is projected without having been centred: take off the mean before, and add it at the end."),
        mistake("mean added only", lambda X, K: X.mean(0) + X @ axes_of(X, K) @ axes_of(X, K).T,
                "the mean is added, but it was not taken off before the projection."),
        mistake("smallest eigenvalues", lambda X, K: wrong_plane(X, K, smallest=True),
                "these are the directions with the smallest eigenvalues: eigh returns the smallest first."),
        mistake("rows for columns", lambda X, K: wrong_plane(X, K, rows=True),
                "the rows of the eigenvector matrix are taken: eigh returns the eigenvectors as its columns."),
        mistake("rows for columns", lambda X, K: wrong_plane(X, K, rows=True, smallest=True),
                "the rows of the eigenvector matrix are taken: eigh returns the eigenvectors as its columns."),
        mistake("scaled by √λ", scaled_by_root,
                "the codes are multiplied by the roots of their eigenvalues: they have that spread already."),
        mistake("singular values lost", singular_values_lost,
                "the codes are not multiplied by their singular values: each has unit length."),
        mistake("one dimension too few", lambda X, K: pca_reconstruction(X, K - 1) if K > 1 else X.mean(0) + 0 * X,
                "the plane has K − 1 dimensions, one too few."),
        mistake("one dimension too many", lambda X, K: pca_reconstruction(X, K + 1),
                "the plane has K + 1 dimensions, one too many."),
        mistake("codes", lambda X, K: (X - X.mean(0)) @ axes_of(X, K),
                "these are the codes, of shape (m, K): go back up to D dimensions with Uᵀ."),
        mistake("standardised", standardised,
                "the columns are divided by their standard deviation first: that is the best plane of other data.")])

# ---- uses


def send_bytes(z, low, high):
    """Codes as bytes, and what the receiver makes of them.

    z (B, K); low, high (K,) are the range of each coordinate, agreed beforehand. Returns bytes (B, K) of dtype uint8,
    0 at low and 255 at high, and the received z (B, K). What lies outside of the range is moved to its end.
    """
    steps = np.round((z - low) / (high - low) * 255)
    sent = np.clip(steps, 0, 255).astype(np.uint8)
    return sent, low + sent / 255 * (high - low)


def bytes_inputs(rng, B, K):
    low = rng.normal(size=K) - 2
    high = low + rng.uniform(1, 4, size=K)
    return low + rng.uniform(size=(B, K)) * (high - low), low, high


def outside(rng):
    return np.array([[-1.0, 7.0], [0.31, 2.71], [3.0, -4.0]]), np.array([0.0, 2.0]), np.array([1.0, 5.0])


def with_steps(n, rounded=np.round, clip=True, add=1.0, one_range=False, low_of=lambda low: low):
    def answer(z, low, high):
        if one_range:
            low, high = low.min(), high.max()
        steps = rounded((z - low_of(low)) / (high - low) * n)
        sent = (np.clip(steps, 0, n) if clip else steps).astype(np.int64).astype(np.uint8)
        return sent, add * low + sent / n * (high - low)
    return answer


def bytes_or_not(out, args):
    # numbers of another type than uint8 are moved, so that they are not taken for bytes
    sent, received = np.asarray(out[0]), np.asarray(out[1])
    return [sent if sent.dtype == np.uint8 else sent + 0.25, received]


BYTES = Task(
    name="send_bytes", title="A byte for each coordinate", points=2, solution=send_bytes, inputs=bytes_inputs,
    sizes="B K",
    canonical=bytes_or_not,
    returns=("the bytes", "the received z"),
    text=r"""Each $z_j$ is rounded to the nearest of 256 equally spaced values from $low_j$ to $high_j$. The receiver
knows the range, and undoes it. Between 256 values lie 255 steps.""",
    hints=("Scale each coordinate to 0 … 255 first. What does astype(np.uint8) do to 3.9, and to 256?",
           "Three lines: scale and np.round; np.clip and astype(np.uint8); back: low + byte/255 · (high − low)."),
    play="send_bytes(np.array([[0.0], [0.5], [9.0]]), np.array([0.0]), np.array([1.0]))",
    example=lambda: (np.array([[0.0], [0.5], [9.0]]), np.array([0.0]), np.array([1.0])),
    edges={"outside of the range": outside,
           "at both ends of the range": lambda rng: (np.array([[0.0], [1.0]]), np.zeros(1), np.ones(1))},
    misconceptions=[
        mistake("not a byte", lambda z, low, high: (send_bytes(z, low, high)[0].astype(float),
                                                   send_bytes(z, low, high)[1]),
                "the numbers sent are no bytes: the dtype is to be uint8, as eight bytes for each would be no "
                "compression."),
        mistake("256 steps", with_steps(256),
                "256 values have 255 steps between them: a scale of 256 leaves the byte."),
        mistake("not clipped", with_steps(255, clip=False),
                "what lies outside of the range is not clipped: 256 as a byte is 0, the other end."),
        mistake("cut off", with_steps(255, np.floor),
                "decimals are cut off where the nearest step is asked for: astype does not round."),
        mistake("rounded up", with_steps(255, np.ceil), "it rounds up, where the nearest step is asked for."),
        mistake("low not added", with_steps(255, add=0.0), "the receiver does not add low: byte 0 is to give low."),
        mistake("low not taken off", with_steps(255, low_of=lambda low: 0 * low),
                "the sender does not take off low: low is to give byte 0."),
        mistake("one range for all", with_steps(255, one_range=True),
                "one range is used for all coordinates: each column has its own low and high."),
        mistake("256 steps received", lambda z, low, high: (
            send_bytes(z, low, high)[0], low + send_bytes(z, low, high)[0] / 256 * (high - low)),
                "the receiver divides by 256, and there are 255 steps: byte 255 is to give high."),
        mistake("received unrounded", lambda z, low, high: (send_bytes(z, low, high)[0], np.clip(z, low, high)),
                "what is received was never rounded: the receiver has nothing but the bytes."),
        mistake("whole steps", lambda z, low, high: (send_bytes(z, low, high)[0], low + send_bytes(z, low, high)[0] * (
            (high - low) // 255)), "the received z: // cuts the step down to a whole number; / divides."),
        mistake("bytes received", lambda z, low, high: (send_bytes(z, low, high)[0],
                                                       send_bytes(z, low, high)[0] / 255.0),
                "the received numbers lie between 0 and 1: go back to the range from low to high.")])


def nearest_label(codes, labels, new):
    """For each new code the label of the nearest of some labelled codes, by Euclidean distance.

    codes (m, K), labels (m,) integers, new (n, K). Returns (n,).
    """
    distance = ((new[:, None] - codes) ** 2).sum(2)     # (n, m)
    return labels[distance.argmin(1)]


def label_inputs(rng, m, K, n):
    # labels come more than once, as those of digits do
    labels = 3 * rng.permutation(np.arange(5 * m) // 4) + 10
    return rng.normal(size=(5 * m, K)) * np.linspace(1, 3, K), labels, rng.normal(size=(9 * n, K))


def nearest_class_mean(codes, labels, new):
    names = np.unique(labels)
    means = np.array([codes[labels == name].mean(0) for name in names])
    return names[((new[:, None] - means) ** 2).sum(2).argmin(1)]


def votes_of(n):
    """The commonest label of the n nearest."""
    def answer(codes, labels, new):
        nearest = labels[np.argsort(((new[:, None] - codes) ** 2).sum(2), axis=1)[:, :n]]
        return np.array([np.bincount(row).argmax() for row in nearest])
    return answer


NEAREST = Task(
    name="nearest_label", title="A label for the neighbour", points=1, solution=nearest_label, inputs=label_inputs,
    sizes="m K n", one_row=False, returns=("the labels",),
    text=r"""The simplest semi-supervised classifier: describe all images by $z = f_\phi(x)$, and give a new one the
label of the nearest labelled one, $\arg\min_i \|z - z^i\|$.""",
    hints=("All distances at once are an array (n, m): which axis do the labelled codes run along?",
           "new[:, None] − codes has shape (n, m, K). Square, sum over the last axis, argmin over the axis of length "
           "m, and look the label up."),
    play="nearest_label(np.array([[0.0], [1.0]]), np.array([7, 3]), np.array([[0.2], [0.9], [5.0]]))",
    example=lambda: (np.array([[0.0], [1.0]]), np.array([7, 3]), np.array([[0.2], [0.9], [5.0]])),
    edges={"for one labelled code": lambda rng: (np.zeros((1, 2)), np.array([4]), rng.normal(size=(3, 2)))},
    misconceptions=[
        mistake("index", lambda codes, labels, new: ((new[:, None] - codes) ** 2).sum(2).argmin(1),
                "these are the indices of the neighbours: look up their labels."),
        mistake("nearest class mean", nearest_class_mean,
                "the codes of each label are averaged, and the nearest mean wins: asked for is the nearest single "
                "code."),
        mistake("farthest", lambda codes, labels, new: labels[((new[:, None] - codes) ** 2).sum(2).argmax(1)],
                "these are the labels of the farthest codes: take the smallest distance."),
        mistake("second nearest", lambda codes, labels, new: labels[
            np.argsort(((new[:, None] - codes) ** 2).sum(2), axis=1)[:, min(1, len(codes) - 1)]],
                "these are the labels of the second nearest: the nearest one is at index 0."),
        mistake("a vote", votes_of(5), "several neighbours vote, five of them; asked for is the label of the nearest "
                                       "one."),
        mistake("a vote", votes_of(3), "several neighbours vote, three of them; asked for is the label of the nearest "
                                       "one."),
        mistake("over the new codes", lambda codes, labels, new: labels[
            ((new[:, None] - codes) ** 2).sum(2).argmin(0) % len(labels)],
                "the minimum is taken over the wrong axis: over the labelled codes, for each new one."),
        mistake("not squared", lambda codes, labels, new: labels[(new[:, None] - codes).sum(2).argmin(1)],
                "the differences are not squared: with their signs they are no distance."),
        mistake("absolute sum", lambda codes, labels, new: labels[np.abs((new[:, None] - codes).sum(2)).argmin(1)],
                "the differences are not squared before they are added: their signs cancel."),
        mistake("lengths compared", lambda codes, labels, new: labels[np.abs(
            np.linalg.norm(new, axis=1)[:, None] - np.linalg.norm(codes, axis=1)).argmin(1)],
                "lengths are compared, not places: take the norm of the difference."),
        mistake("absolute distance", lambda codes, labels, new: labels[np.abs(new[:, None] - codes).sum(2).argmin(1)],
                "absolute values are added: the Euclidean distance adds squares."),
        mistake("greatest coordinate", lambda codes, labels, new: labels[np.abs(new[:, None] - codes).max(2).argmin(1)],
                "only the greatest of the coordinates' differences counts: the Euclidean distance adds all squares."),
        mistake("inner product", lambda codes, labels, new: labels[(new @ codes.T).argmax(1)],
                "inner products are compared: a long code wins, however far away it is."),
        mistake("cosine", lambda codes, labels, new: labels[
            (new @ (codes / np.linalg.norm(codes, axis=1)[:, None]).T).argmax(1)],
                "angles are compared, not distances: two codes of one direction may be far apart."),
        mistake("first coordinate", lambda codes, labels, new: labels[np.abs(
            new[:, None, 0] - codes[:, 0]).argmin(1)],
            "only the first coordinate is compared: sum over all of them.")])

# ---- generation, which does not work


def prior_mismatch(Z):
    """How far the codes are from the prior: KL(N(m, S) ‖ N(0, I)), nats, with their mean m and covariance S (1/m).

    Z (m, K). Returns one number.
    """
    m, S = Z.mean(0), np.cov(Z.T, bias=True)
    return 0.5 * (np.trace(S) + m @ m - len(m) - np.linalg.slogdet(S)[1])


def other_way_round(Z):
    m, P = Z.mean(0), np.linalg.inv(np.cov(Z.T, bias=True))
    return 0.5 * (np.trace(P) + m @ P @ m - len(m) - np.linalg.slogdet(P)[1])


def unbiased(Z):
    m, S = Z.mean(0), np.cov(Z.T)
    return 0.5 * (np.trace(S) + m @ m - len(m) - np.linalg.slogdet(S)[1])


def diagonal(Z):
    m, v = Z.mean(0), Z.var(0)
    return 0.5 * (v + m**2 - 1 - np.log(v)).sum()


MISMATCH = Task(
    name="prior_mismatch", title="Why a random z gives no image", points=2, solution=prior_mismatch,
    inputs=lambda rng, m, K: (1 + rng.normal(size=(6 * m, K)) @ rng.normal(size=(K, K)) * 0.7, ), sizes="m K",
    one_row=False, returns=("the KL",),
    text=r"""Codes $z^i = f_\phi(x^i)$ with mean $m$ and covariance $S$: the distance of that Gaussian from the prior is

$$KL\big(N(m, S)\,\|\,N(0, I)\big) = \tfrac12\big(\operatorname{tr} S + \|m\|^2 - K - \log\det S\big).$$

It is zero only if mean and covariance are those of $N(0, I)$. An autoencoder does nothing to make it small.""",
    hints=("Four terms. np.cov wants the codes as columns, and divides by what?",
           "np.cov(Z.T, bias=True); np.trace; m @ m; np.linalg.slogdet(S)[1] is the logarithm of the determinant."),
    play="prior_mismatch(np.random.default_rng(0).standard_normal((500, 3)) + 1)",
    edges={"for wide codes": lambda rng: (50 * rng.normal(size=(40, 3)),),
           "for codes near a plane": lambda rng: (rng.normal(size=(40, 3)) * np.array([1, 1, 1e-2]),)},
    terms={"½ tr S": lambda Z: Z.var(0).sum() / 2, "½ ‖m‖²": lambda Z: (Z.mean(0) ** 2).sum() / 2,
           "−½ K": lambda Z: -Z.shape[1] / 2,
           "−½ log det S": lambda Z: -np.linalg.slogdet(np.cov(Z.T, bias=True))[1] / 2},
    misconceptions=[
        mistake("covariance with m − 1", unbiased,
                "the covariance is divided by m − 1 (np.cov does that): here it has 1/m, which is bias=True."),
        mistake("without ‖m‖²", lambda Z: prior_mismatch(Z - Z.mean(0)),
                "the term ‖m‖² is missing: codes far from the origin are no N(0, I), however wide they are."),
        mistake("without K", lambda Z: prior_mismatch(Z) + Z.shape[1] / 2,
                "the − K is missing: at S = I and m = 0 the KL is to be zero."),
        mistake("log det added", lambda Z: prior_mismatch(Z) + np.linalg.slogdet(np.cov(Z.T, bias=True))[1],
                "log det S has the wrong sign: a cloud that shrinks to a point moves away from the prior."),
        mistake("without log det", lambda Z: prior_mismatch(Z) + np.linalg.slogdet(np.cov(Z.T, bias=True))[1] / 2,
                "the term with log det S is missing."),
        mistake("determinant for its logarithm", lambda Z: prior_mismatch(Z) + (
            np.linalg.slogdet(np.cov(Z.T, bias=True))[1] - np.linalg.det(np.cov(Z.T, bias=True))) / 2,
                "the determinant stands where its logarithm, log det S, belongs."),
        mistake("½ missing", lambda Z: 2 * prior_mismatch(Z), "the ½ in front is missing."),
        mistake("no correlations", diagonal,
                "only the variances are used: codes that are correlated have covariances, too, off the diagonal of S."),
        mistake("other way round", other_way_round,
                "it is the KL the other way round, from the prior to the codes' Gaussian."),
        mistake("mean not squared", lambda Z: prior_mismatch(Z - Z.mean(0)) + Z.mean(0).sum() / 2,
                "the mean is not squared: ‖m‖² is a sum of squares."),
        mistake("norm of the mean", lambda Z: prior_mismatch(Z - Z.mean(0)) + np.linalg.norm(Z.mean(0)) / 2,
                "the norm of the mean is not squared: the term is ‖m‖²."),
        mistake("standard deviations", lambda Z: prior_mismatch(Z) + (Z.std(0) - Z.var(0)).sum() / 2,
                "tr S adds variances; these are standard deviations."),
        mistake("second moment", lambda Z: 0.5 * (np.trace(Z.T @ Z / len(Z)) + Z.mean(0) @ Z.mean(0) - Z.shape[1]
                                                 - np.linalg.slogdet(Z.T @ Z / len(Z))[1]),
                "the codes are not centred: S is the covariance, about the mean m.")])

TASKS = [LOSS, LINEAR, FLOOR, PCA, BYTES, NEAREST, MISMATCH]
