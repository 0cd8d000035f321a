r"""# 10 · Backprop and gradient checks: exercises

The layers that a network is built of, each with its backward pass, `y, back = f(x)`, and the chain that puts them
together; the two ways to measure a slope; the step that uses it; and the function that a softmax is the slope of.

`back` is a function inside of yours. With $F$ for the one number that stands at the end of a network, it gets
$\partial F/\partial y$, called `dy`, and returns $\partial F/\partial x$, `dx`, and so for every argument.
"""

import numpy as np

from npvae.exercises.misconceptions import mistake
from npvae.exercises.task import Task, Wrong
from npvae.exercises.tasks.shifts import wrong_shifts

# ---- layers


def affine(x, W, b):
    """y = x W + b for a batch, and its backward pass.

    x (B, D), W (D, K), b (K,). Returns y (B, K) and back: dy (B, K) -> dx (B, D), dW (D, K), db (K,).
    """
    def back(dy):
        return dy @ W.T, x.T @ dy, dy.sum(0)

    return x @ W + b, back


def affine_with(dx=lambda x, W, dy: dy @ W.T, dW=lambda x, W, dy: x.T @ dy, db=lambda x, W, dy: dy.sum(0)):
    return lambda x, W, b: (x @ W + b, lambda dy: (dx(x, W, dy), dW(x, W, dy), db(x, W, dy)))


def not_square(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)


AFFINE = Task(
    name="affine", title="The affine layer", points=2, solution=affine, kind="back", sizes="B D",
    inputs=lambda rng, B, D: (rng.normal(size=(B, D)), rng.normal(size=(D, D)), rng.normal(size=D)),
    returns=("y", "dx", "dW", "db"),
    text=r"""$$y_{bk} = \sum_j x_{bj} W_{jk} + b_k$$

Each number gets the sum over all places where it is used, $\partial F/\partial W_{jk} = \sum_b x_{bj}\, dy_{bk}$ for
instance. Find the three matrix formulas. (The check uses square $W$, too, where shapes do not help.)""",
    hints=("Which sums run over b, which over k? A gradient has the shape of what it belongs to.",
           "dx sums over the outputs k, dW over the rows b, and so does db: two matrix products with one transpose "
           "each, and a sum over axis 0."),
    play="affine(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros(2))[1](np.ones((2, 2)))",
    example=lambda: (np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros(2)),
    edges={"for W that is not square": not_square},
    misconceptions=[
        mistake("W not transposed", affine_with(dx=lambda x, W, dy: dy @ W),
                "dx: W is not transposed. With a square W the shapes fit, and the sum is over the wrong index."),
        mistake("dW transposed", affine_with(dW=lambda x, W, dy: dy.T @ x),
                "dW is transposed: it is to have the shape of W, inputs first."),
        mistake("db not summed", affine_with(db=lambda x, W, dy: dy),
                "db has a row for each x: b is used in each of them, so sum over the batch."),
        mistake("db averaged", affine_with(db=lambda x, W, dy: dy.mean(0)),
                "db is a mean over the batch: what comes back from each row is added."),
        mistake("db summed over outputs", affine_with(db=lambda x, W, dy: np.resize(dy.sum(1), dy.shape[1])),
                "db is summed over the outputs: the sum runs over the batch."),
        mistake("all averaged", affine_with(dW=lambda x, W, dy: x.T @ dy / len(x), db=lambda x, W, dy: dy.mean(0)),
                "dW and db are means over the batch: what comes back from each row is added, and whether a mean is "
                "wanted is for the loss to say."),
        mistake("dW averaged", affine_with(dW=lambda x, W, dy: x.T @ dy / len(x)),
                "dW is a mean over the batch: what comes back from each row is added."),
        mistake("b missing", lambda x, W, b: (x @ W, affine(x, W, b)[1]), "the b is not added."),
        mistake("another order", lambda x, W, b: (x @ W + b, lambda dy: (x.T @ dy, dy @ W.T, dy.sum(0))),
                "dx and dW are in exchanged order: x comes first, as in the arguments."),
        mistake("another order", lambda x, W, b: (x @ W + b, lambda dy: (x.T @ dy, dy.sum(0), dy @ W.T)),
                "the gradients come in another order than the arguments: dx, dW, db."),
        mistake("x not in dW", affine_with(dW=lambda x, W, dy: np.ones_like(x).T @ dy),
                "dW does not use x: each weight meets its own input."),
        mistake("dy not used", lambda x, W, b: (x @ W + b, lambda dy: affine(x, W, b)[1](np.ones_like(dy))),
                "back does not use dy: it gives the gradients for a dy of ones."),
        mistake("W transposed", lambda x, W, b: (x @ W.T + b, affine(x, W, b)[1]),
                "y: W is transposed in the forward pass.")])


def tanh(x):
    """y = tanh x, elementwise, and its backward pass.

    x of any shape. Returns y and back: dy -> dx, all of that shape.
    """
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y**2)


def slope_of(f, slope):
    return lambda x: (f(x), lambda dy: dy * slope(x, f(x)))


def wide(rng):
    return (np.array([[-1000.0, 1000.0, 0.0], [-30.0, 30.0, 1e-8]]),)


TANH = Task(
    name="tanh", title="tanh", points=1, solution=tanh, kind="back", sizes="B D", one_row=False,
    inputs=lambda rng, B, D: (1.5 * rng.normal(size=(B, D)),), returns=("y", "dx"),
    text=r"""$$y = \tanh x, \qquad \frac{dy}{dx} = 1 - y^2 .$$ Note $y$: the forward pass has paid for it.""",
    hints=("back multiplies dy by the slope, number by number.",
           "Keep y from the forward pass, so that back needs no second tanh: the slope is a formula in y alone."),
    play="tanh(np.array([0.0, 2.0]))[1](np.ones(2))", example=lambda: (np.array([0.0, 2.0]),),
    edges={"where x is large, ±1000,": wide, "for x of three axes": lambda rng: (rng.normal(size=(2, 3, 2)),)},
    misconceptions=[
        mistake("x for y", slope_of(np.tanh, lambda x, y: 1 - x**2),
                "dx: x stands in the slope where the output y belongs."),
        mistake("at y", slope_of(np.tanh, lambda x, y: 1 - np.tanh(y) ** 2),
                "dx: the slope is taken at y, the wrong point: y is tanh x already."),
        mistake("dy not used", lambda x: (np.tanh(x), lambda dy: 1 - np.tanh(x) ** 2),
                "back ignores dy: multiply the slope by it."),
        mistake("y not squared", slope_of(np.tanh, lambda x, y: 1 - y), "dx: the y of the slope is not squared."),
        mistake("sigmoid's slope", slope_of(np.tanh, lambda x, y: y * (1 - y)),
                "dx: y (1 − y) is the slope of the sigmoid, not of tanh."),
        mistake("slope of arctan", slope_of(np.tanh, lambda x, y: 1 / (1 + x**2)),
                "dx: 1/(1 + x²) is the slope of arctan, not of tanh."),
        mistake("root", slope_of(np.tanh, lambda x, y: np.sqrt(1 - y**2)), "dx: a root is taken of the slope 1 − y²."),
        mistake("tanh of dy", lambda x: (np.tanh(x), lambda dy: np.tanh(dy) * (1 - np.tanh(x) ** 2)),
                "dx: tanh is applied to dy, too: back is linear in dy, and multiplies it by the slope."),
        mistake("plus", slope_of(np.tanh, lambda x, y: 1 + y**2),
                "dx: a sign is wrong, with a plus the slope exceeds 1."),
        mistake("y² − 1", slope_of(np.tanh, lambda x, y: y**2 - 1), "dx has the wrong sign: tanh rises."),
        mistake("overflow", lambda x: ((np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), lambda dy: dy * (1 - (
            (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))) ** 2)),
                "exp overflows where x is large, and inf/inf is nan.")])


def softplus(x):
    """y = log(1 + eˣ), elementwise, and its backward pass; right for large x, too.

    x of any shape. Returns y and back: dy -> dx, all of that shape.
    """
    sigmoid = 0.5 * (1 + np.tanh(x / 2))
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), lambda dy: dy * sigmoid


def logistic(a):
    return 0.5 * (1 + np.tanh(a / 2))


def plus(x):
    return np.logaddexp(0, x)


SOFTPLUS = Task(
    name="softplus", title="softplus, at 1000 as well", points=2, solution=softplus, kind="back", sizes="B D",
    one_row=False,
    inputs=lambda rng, B, D: (2 * rng.normal(size=(B, D)),), returns=("y", "dx"),
    text=r"""$$y = \log(1 + e^x), \qquad \frac{dy}{dx} = \frac{e^x}{1 + e^x} .$$

As it stands it overflows at $x = 800$. With $\log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|})$ it does not; find such a
form of the slope, too.""",
    hints=("Divide numerator and denominator by eˣ: which exponential is left, and when does that one overflow?",
           "np.logaddexp(0, x) is a safe softplus; ½ (1 + tanh(x/2)) is the sigmoid, and cannot overflow."),
    play="softplus(np.array([-800.0, 0.0, 800.0]))[0]", example=lambda: (np.array([-800.0, 0.0, 800.0]),),
    edges={"where x is large, ±1000,": wide, "for x of three axes": lambda rng: (rng.normal(size=(2, 3, 2)),)},
    misconceptions=[
        mistake("overflow", slope_of(lambda x: np.log(1 + np.exp(x)), lambda x, y: logistic(x)),
                "y overflows to inf where x is large."),
        mistake("overflow", slope_of(lambda x: np.log(1 + np.exp(x)), lambda x, y: np.exp(x) / (1 + np.exp(x))),
                "exp overflows where x is large: y becomes inf and dx nan."),
        mistake("overflow in back", slope_of(plus, lambda x, y: np.exp(x) / (1 + np.exp(x))),
                "back overflows where x is large: inf/inf is nan."),
        mistake("at y", slope_of(plus, lambda x, y: logistic(y)),
                "dx: the sigmoid is taken at y, the wrong point; it belongs at x."),
        mistake("the ReLU's slope", slope_of(plus, lambda x, y: (x > 0) * 1.0),
                "dx is the slope of a ReLU, a jump from 0 to 1; softplus has a smooth one."),
        mistake("the sigmoid's slope", slope_of(plus, lambda x, y: logistic(x) * (1 - logistic(x))),
                "dx is the slope of the sigmoid: once differentiated too often, as the sigmoid is the slope of "
                "softplus."),
        mistake("a ReLU", slope_of(lambda x: np.maximum(x, 0), lambda x, y: (x > 0) * 1.0),
                "y is a ReLU, max(x, 0): the logarithm's part, which makes it smooth, is missing."),
        mistake("base 2", slope_of(lambda x: np.logaddexp2(0, x), lambda x, y: logistic(x)),
                "y is to base 2: np.log is the natural logarithm."),
        mistake("of −x", slope_of(lambda x: plus(-x), lambda x, y: -logistic(-x)),
                "a sign is wrong: it is the softplus of −x."),
        mistake("y for the slope", slope_of(plus, lambda x, y: y),
                "dx: softplus itself stands where its slope, the sigmoid, belongs."),
        mistake("of −x in back", slope_of(plus, lambda x, y: logistic(-x)),
                "dx: a sign is wrong, it is the sigmoid of −x."),
        mistake("dy not used", lambda x: (plus(x), lambda dy: logistic(x)),
                "back ignores dy: multiply the slope by it."),
        mistake("exp for the slope", slope_of(plus, lambda x, y: np.exp(x)),
                "dx is eˣ: it is not divided by 1 + eˣ, the inside of the logarithm.")])

# ---- together


def chain(layers):
    """Layers one after another, as one layer.

    layers: a list of functions f with y, back = f(x). Returns such a function.
    """
    def f(x):
        backs = []
        for layer in layers:
            x, back = layer(x)
            backs.append(back)

        def back_all(dy):
            for back in reversed(backs):
                dy = back(dy)
            return dy

        return x, back_all

    return f


def layers_of(W, V):
    return [lambda x: (x @ W + 0.3, lambda dy: dy @ W.T), tanh, lambda x: (x @ V, lambda dy: dy @ V.T),
            lambda x: (x + x**3 / 9, lambda dy: dy * (1 + x**2 / 3))]


def chained(chain, W, V, x):
    """Four layers, of which each can be called at what any other gives."""
    f = chain(layers_of(W, V))
    if f is None:
        raise Wrong("returns None", "it returns None: the last line of chain returns the function.")
    if not callable(f):
        raise Wrong("no function", "it returns no function: chain is given no x yet, and returns an f that y, back = "
                                   "f(x) "
                    "can be called with later.")
    return f(x)


def chain_back(run):
    """The right value, with another way back: run(backs, layers, inputs, dy)."""
    def chain(layers):
        def f(x):
            backs, inputs = [], []
            for layer in layers:
                inputs.append(x)
                x, back = layer(x)
                backs.append(back)
            return x, lambda dy: run(backs, layers, inputs, dy)
        return f
    return chain


def composed(functions, dy):
    for back in functions:
        dy = back(dy)
    return dy


def each_given_x(layers):
    def f(x):
        both = [layer(x) for layer in layers]
        return both[-1][0], lambda dy: composed([back for _, back in both[::-1]], dy)
    return f


def at_dy(layers, dy):
    for layer in layers[::-1]:
        dy = layer(dy)[1](dy)
    return dy


def product_of_all(backs, dy):
    total = np.ones_like(dy)
    for back in backs:
        total = total * back(dy)
    return total


def backwards(layers):
    return chain(layers[::-1])


CHAIN = Task(
    name="chain", title="One after another", points=3, solution=chain, kind="back", wrt=("x",), call=chained,
    sizes="B D",
    inputs=lambda rng, B, D: (rng.normal(size=(D, D)), rng.normal(size=(D, D)), rng.normal(size=(B, D))),
    returns=("y", "dx"), one_row=False,
    text=r"""$y = f_n(\dots f_2(f_1(x)))$: what one layer gives is what the next one gets. Backwards, each layer's own
`back` is called once, on what the layer after it has returned.

`chain` gets a list and returns a *function*, which gives `(y, back)` as any layer does.""",
    hints=("Which back is called first, and on what?",
           "Inside f: a loop that keeps every back in a list. Inside back: a loop over that list from its end, and dy "
           "is replaced each time."),
    play="chain([npvae.tanh, npvae.softplus])(np.zeros((1, 2)))[0]",
    edges={"for layers that change the width": lambda rng: (rng.normal(size=(3, 5)), rng.normal(size=(5, 2)),
                                                            rng.normal(size=(4, 3)))},
    misconceptions=[
        mistake("backs in the order of the layers", chain_back(lambda backs, layers, inputs, dy: composed(backs, dy)),
                "dx: the backs are called in the order of the layers; the last layer's comes first."),
        mistake("last back only", chain_back(lambda backs, layers, inputs, dy: backs[-1](dy)),
                "dx: only the last layer's back is called; dy has to pass all layers."),
        mistake("first back only", chain_back(lambda backs, layers, inputs, dy: backs[0](dy)),
                "dx: only the first layer's back is called; dy has to pass all layers, from the last on."),
        mistake("same back each time",
               chain_back(lambda backs, layers, inputs, dy: composed([backs[-1]] * len(backs), dy)),
                "dx: the last layer's back is called each time: a function made in a loop sees its last `back`."),
        mistake("layers called at dy", chain_back(lambda backs, layers, inputs, dy: at_dy(layers, dy)),
                "dx: back calls the layers again, at dy: their slopes belong at the x of the forward pass."),
        mistake("first layer left out", chain_back(lambda backs, layers, inputs, dy: composed(backs[:0:-1], dy)),
                "dx: the first layer is left out on the way back: a loop that ends one too early."),
        mistake("last layer left out", chain_back(lambda backs, layers, inputs, dy: composed(backs[-2::-1], dy)),
                "dx: the last layer is left out on the way back."),
        mistake("backs added", chain_back(lambda backs, layers, inputs, dy: sum(back(dy) for back in backs)),
                "dx: the backs' results are added: each is to be called on what the one after it has returned."),
        mistake("backs multiplied", chain_back(lambda backs, layers, inputs, dy: product_of_all(backs, dy)),
                "dx: the backs' results are multiplied: each is to be called on what the one after it has returned."),
        mistake("dy unchanged", chain_back(lambda backs, layers, inputs, dy: dy),
                "dx is dy itself: call the layers' backs, and keep what each returns."),
        mistake("each is given x", each_given_x,
                "y: each layer gets the first x; it is to get what the layer before it has given."),
        mistake("first two layers only", lambda layers: chain(layers[:2]), "y: only the first two layers are called."),
        mistake("first layer only", lambda layers: chain(layers[:1]), "y: only the first layer is called."),
        mistake("last layer only", lambda layers: chain(layers[-1:]), "y: only the last layer is called."),
        mistake("layers in reverse", backwards, "y: the layers are called in the reverse order."),
        mistake("last layer left out", lambda layers: chain(layers[:-1]), "y: the last layer is left out."),
        mistake("first layer left out", lambda layers: chain(layers[1:]), "y: the first layer is left out.")])

# ---- measured slopes


def numeric_gradient(F, v, h):
    """The gradient of F at v by central differences of step h.

    F takes a vector (n,) and returns a number; v (n,), h > 0. Returns (n,).
    """
    unit = np.eye(len(v))
    return np.array([(F(v + h * e) - F(v - h * e)) / (2 * h) for e in unit])


def bent(v):
    """A function whose differences depend on the step."""
    return np.sin(v).sum() + (v**3).sum() / 3 + v[0] * np.exp(v[-1] / 2)


def differences(up=1.0, down=1.0, over=2.0, step=lambda h: h, sign=1.0):
    def answer(F, v, h):
        h = step(h)
        return np.array([sign * (F(v + up * h * e) - F(v - down * h * e)) / (over * h) for e in np.eye(len(v))])
    return answer


def not_put_back(up, down, end):
    def answer(F, v, h):
        v, g = v.copy(), np.zeros(len(v))
        for i in range(len(v)):
            v[i] += up * h
            above = F(v)
            v[i] -= down * h
            g[i] = (above - F(v)) / (down * h)
            v[i] += end * h
        return g
    return answer


def measured(numeric_gradient, F, v, h):
    """The answer with a function that notes how far from v it is asked."""
    far, start = [], v.copy()

    def watched(w):
        far.append(float(np.abs(np.asarray(w, float) - start).max(initial=0)))
        return F(w)

    out = numeric_gradient(watched, v, h)
    if far and 0 < max(far) < h / 4:
        raise Wrong("a step of its own", f"the step is {max(far):.0e}, not the h that is passed.")
    return out


NUMERIC = Task(
    name="numeric_gradient", title="A slope, measured", points=2, solution=numeric_gradient, sizes="n", call=measured,
    inputs=lambda rng, n: (bent, rng.normal(size=n), rng.uniform(0.05, 0.2)), returns=("the gradient",),
    text=r"""$$\frac{\partial F}{\partial v_i} \approx \frac{F(v + h e_i) - F(v - h e_i)}{2h}$$

with the unit vector $e_i$: one coordinate is moved, all others stay.""",
    hints=("The rows of np.eye(n) are the unit vectors.",
           "For each i: F at v + h e_i and at v − h e_i, their difference over 2h. Make new arrays, as v is the "
           "caller's."),
    play="numeric_gradient(lambda v: (v**3).sum(), np.array([1.0, 2.0]), 1e-5)",
    edges={"where v is large, 1e4,": lambda rng: (lambda v: (v**2).sum(), 1e4 * np.ones(3), 0.5)},
    misconceptions=[
        mistake("forward difference", differences(down=0.0, over=1.0),
                "it is the forward difference, from one side; the central one moves to both sides."),
        mistake("backward difference", differences(up=0.0, over=1.0),
                "it is the backward difference, from one side; the central one moves to both sides."),
        mistake("forward, over 2h", differences(down=0.0),
                "F is moved to one side alone, and divided by 2h: the central difference moves to both sides."),
        mistake("over h", differences(over=1.0),
                "it is twice the slope: the two points are 2h apart, and it is divided by h."),
        mistake("over h²", lambda F, v, h: numeric_gradient(F, v, h) * 2 / h,
                "it is divided by h², where the two points are 2h apart."),
        mistake("not divided", lambda F, v, h: numeric_gradient(F, v, h) * 2 * h,
                "the difference is not divided by the distance of its two points, 2h."),
        mistake("times h", lambda F, v, h: numeric_gradient(F, v, h) * h * h,
                "`/ 2 * h` multiplies by h: the brackets of the denominator are missing."),
        mistake("wrong sign", differences(sign=-1.0), "the sign is wrong: F at v − h e_i is subtracted."),
        mistake("twice the step", differences(up=2.0, down=2.0),
                "the points are v ± 2h, 4h apart: move by h itself to both sides."),
        mistake("half the step", differences(up=0.5, down=0.5, over=1.0),
                "the points are v ± h/2: move by h itself to both sides."),
        mistake("step in units of v", lambda F, v,
                h: np.array([(F(v + h * abs(v) * e) - F(v - h * abs(v) * e)) / (2 * h)
                                                                 for e in np.eye(len(v))]),
                "the step is h·|v_i|, and it is divided by 2h: move by h itself."),
        mistake("second difference", lambda F, v, h: np.array([(F(v + h * e) - 2 * F(v) + F(v - h * e)) / h**2
                                                              for e in np.eye(len(v))]),
                "it is the second difference, a curvature."),
        mistake("not put back", not_put_back(1, 2, 0),
                "a coordinate is not put back before the next one is moved: v is changed, and F is asked elsewhere."),
        mistake("not put back", not_put_back(1, 2, 2),
                "a coordinate is not put back before the next one is moved: v is changed, and F is asked elsewhere."),
        mistake("all together", lambda F, v, h: (F(v + h) - F(v - h)) / (2 * h),
                "all coordinates are moved together, which gives one number: move each alone, with a unit vector."),
        mistake("all together", lambda F, v, h: np.full(len(v), (F(v + h) - F(v - h)) / (2 * h)),
                "all coordinates are moved together: move each alone, with a unit vector.")])


def complex_step(F, v):
    """The gradient of F at v by the complex step, to all digits.

    F takes a vector (n,), real or complex, and returns a number; v (n,) real. Returns (n,), real.
    """
    h = 1e-30
    return np.array([F(v + 1j * h * e).imag / h for e in np.eye(len(v))])


def smooth(v):
    return np.exp(v / 2).sum() + (v**3).sum() + v[0] * v[-1]


def right_slope(v):
    return np.exp(v / 2) / 2 + 3 * v**2 + v[-1] * (np.arange(len(v)) == 0) + v[0] * (np.arange(len(v)) == len(v) - 1)


def _off_by_a_square(out, v, h):
    # the slope but for an error of h²
    error, right = np.abs(np.real(out) - right_slope(v)).max(), np.abs(right_slope(v)).max()
    return 1e-13 * right < error < 10 * h**2 * (1 + right)


def watched(complex_step, v):
    """The answer with a function that notes where it is called."""
    steps = []

    def F(w):
        steps.append(float(np.abs(np.imag(w)).max(initial=0)))
        return smooth(np.asarray(w))

    try:
        out = complex_step(F, v)
    except TypeError as problem:
        if "complex" in str(problem):
            raise Wrong("complex into a real array", "a complex number is written into an array of real ones: make a "
                        "complex array first.") from None
        raise
    if steps and max(steps) == 0:
        raise Wrong("real numbers only",
                    "F is only asked at real numbers, as for a difference, which loses digits: move v "
                    "by a complex step, i·h.")
    if steps and min(steps) == 0 and not np.allclose(out, right_slope(v)):
        raise Wrong("a difference", "F at v itself is subtracted, and a difference of nearly equal numbers loses its "
                    "digits: nothing need be subtracted, the slope is in the imaginary part.")
    if steps and np.shape(out) == v.shape and (max(steps) > 1e-5 or _off_by_a_square(out, v, max(steps))):
        raise Wrong("step too long", f"the step h is {max(steps):.0e}, and the error grows like h²: nothing is "
                                     f"subtracted "
                    "here, so that h may be as small as 1e-30.")
    return out


COMPLEX = Task(
    name="complex_step", title="A slope to all digits", points=2, solution=complex_step, sizes="n", call=watched,
    inputs=lambda rng, n: (rng.normal(size=n),), returns=("the gradient",), tolerance=1e-12,
    text=r"""$F(v + i h e_k) = F(v) + i h\, \partial_k F - \dots$, so

$$\frac{\partial F}{\partial v_k} \approx \frac{\operatorname{Im} F(v + i h e_k)}{h} .$$

Nothing is subtracted, hence no digit is lost, and $h = 10^{-30}$ is as good as any. The result is to be right to all
digits.""",
    hints=("1j is Python's i. What does v + 1j * h * e hold?",
           "As the task before, with one call of F for each coordinate."),
    play="complex_step(lambda v: (v**3).sum(), np.array([1.0, 2.0])) - np.array([3.0, 12.0])",
    misconceptions=[
        mistake("real part", lambda F, v: np.array([np.real(F(v + 1e-30j * e)) / 1e-30 for e in np.eye(len(v))]),
                "it is the real part, F itself over h; the slope is in the imaginary part."),
        mistake("real part", lambda F, v: np.array([np.real(F(v + 1e-30j * e)) for e in np.eye(len(v))]),
                "it is the real part, F itself; the slope is in the imaginary part."),
        mistake("all together", lambda F, v: np.imag(F(v + 1e-30j)) / 1e-30,
                "all coordinates are moved together, which gives one number: move each alone, with a unit vector."),
        mistake("all together", lambda F, v: np.full(len(v), np.imag(F(v + 1e-30j)) / 1e-30),
                "all coordinates are moved together: move each alone, with a unit vector."),
        mistake("wrong sign", lambda F, v: -complex_step(F, v), "the sign is wrong."),
        mistake("halved", lambda F, v: complex_step(F, v) / 2,
                "it is half of the slope: only one point is asked, so that h divides and not 2h.")]
    + [mistake("not divided by h", lambda F, v, h=h: np.array([np.imag(F(v + 1j * h * e)) for e in np.eye(len(v))]),
        "the imaginary part is not divided by the step h.") for h in (1e-30, 1e-20, 1e-100, 1e-10, 1e-12, 1e-8)]
    + [mistake("modulus", lambda F, v, h=h: np.array([np.abs(F(v + 1j * h * e)) / h for e in np.eye(len(v))]),
        "it is the modulus, which is F itself over h; the slope is in the imaginary part.")
       for h in (1e-30, 1e-20, 1e-100, 1e-10, 1e-12, 1e-8)]
    + [mistake("real part", lambda F, v, h=h: np.array([np.real(F(v + 1j * h * e)) / h for e in np.eye(len(v))]),
        "it is the real part, F itself over h; the slope is in the imaginary part.") for h in (1e-20, 1e-100, 1e-10,
            1e-8)])

# ---- what a slope is for


def adam_step(value, grad, m, v, t, rate):
    """One step of Adam uphill, with β₁ = 0.9, β₂ = 0.999 and ε = 1e-8.

    value, grad, m, v (n,): the parameters, their gradient, and both moments from before; t = 1, 2, … counts the steps,
    this one too; rate is the lecture's λ. Returns the new value, m, v, and changes none of its arguments.
    """
    m = 0.9 * m + 0.1 * grad
    v = 0.999 * v + 0.001 * grad**2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return value + rate * m_hat / (np.sqrt(v_hat) + 1e-8), m, v


def adam_with(b1=0.9, b2=0.999, sign=1.0, correct_m=True, correct_v=True, root=np.sqrt, power=lambda g: g**2,
              count=lambda t: t, inside=False, keep=False, moments=True, epsilon=1e-8):
    """One step with a part exchanged."""
    def answer(value, grad, m, v, t, rate):
        t = count(t)
        m, v = (b1 * m if moments else 0) + (1 - b1) * grad, (b2 * v if moments else 0) + (1 - b2) * power(grad)
        m_hat, v_hat = (m / (1 - b1**t) if correct_m else m), (v / (1 - b2**t) if correct_v else v)
        below = np.sqrt(v_hat + epsilon) if inside else root(v_hat) + epsilon
        step = sign * rate * m_hat / below
        return value + step, *((m_hat, v_hat) if keep else (m, v))
    return answer


def spread_for_square(value, grad, m, v, t, rate, old=False):
    new = 0.9 * m + 0.1 * grad
    v = 0.999 * v + 0.001 * (grad - (m if old else new)) ** 2
    return value + rate * new / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), new, v


def beta_times_t(value, grad, m, v, t, rate):
    _, m, v = adam_step(value, grad, m, v, t, rate)
    return value + rate * m / (1 - 0.9 * t) / (np.sqrt(np.abs(v / (1 - 0.999 * t))) + 1e-8), m, v


def whole_gradients(value, grad, m, v, t, rate):
    m, v = 0.9 * m + grad, 0.999 * v + grad**2
    return value + rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


def gradient_over_the_root(value, grad, m, v, t, rate):
    _, m, v = adam_step(value, grad, m, v, t, rate)
    return value + rate * grad / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


def corrected_after_the_root(value, grad, m, v, t, rate):
    _, m, v = adam_step(value, grad, m, v, t, rate)
    return value + rate * m / (1 - 0.9**t) / (np.sqrt(v) / (1 - 0.999**t) + 1e-8), m, v


def old_moments(value, grad, m, v, t, rate):
    step = rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return value + step, *adam_step(value, grad, m, v, t, rate)[1:]


def adam_inputs(rng, n):
    return (rng.normal(size=n), rng.normal(size=n), 0.3 * rng.normal(size=n), rng.uniform(0.1, 1, n),
            int(rng.integers(2, 9)), rng.uniform(0.01, 0.1))


def at_the_start(rng):
    return rng.normal(size=3), rng.normal(size=3), np.zeros(3), np.zeros(3), 1, 0.01


ADAM = Task(
    name="adam_step", title="A step of Adam", points=3, solution=adam_step, inputs=adam_inputs, sizes="n",
    returns=("the new value", "the new m", "the new v"),
    text=r"""$$m \leftarrow \beta_1 m + (1 - \beta_1)\nabla, \quad v \leftarrow \beta_2 v + (1 - \beta_2)\nabla^2, \quad
\hat m = \frac{m}{1 - \beta_1^t}, \quad \hat v = \frac{v}{1 - \beta_2^t}, \quad
\theta \leftarrow \theta + \lambda \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$

(Kingma & Ba 2015, with the lecture's sign: an ELBO is climbed.) All operations are elementwise.""",
    hints=("m and v start at zero, so at first they are too small: which line undoes that, and is it to be remembered?",
           "Two lines for the moments, one for both corrections, one for the step; return the step's value and the "
           "moments as they are, uncorrected."),
    play="adam_step(np.zeros(2), np.array([1.0, -5.0]), np.zeros(2), np.zeros(2), 1, 0.1)[0]",
    example=lambda: (np.zeros(2), np.array([1.0, -5.0]), np.zeros(2), np.zeros(2), 1, 0.1),
    edges={"at the first step": at_the_start,
           "where the gradient is 3e-8": lambda rng: (np.ones(2), 3e-8 * np.ones(2), np.zeros(2), np.zeros(2), 1, 0.1),
           "where the gradient is zero": lambda rng: (np.ones(2), np.zeros(2), np.zeros(2), np.zeros(2), 1, 0.1),
           "at step 1000": lambda rng: (np.ones(2), np.ones(2), np.ones(2), np.ones(2), 1000, 0.1)},
    misconceptions=[
        mistake("downhill", adam_with(sign=-1.0),
                "it walks downhill, and an ELBO is to be climbed: the step is added."),
        mistake("no bias correction", adam_with(correct_m=False, correct_v=False),
                "the bias correction is missing: m and v are too small in the first steps."),
        mistake("m not corrected", adam_with(correct_m=False), "the bias correction of m is missing."),
        mistake("v not corrected", adam_with(correct_v=False), "the bias correction of v is missing."),
        mistake("root missing", adam_with(root=lambda v: v), "the root of v is missing."),
        mistake("ε under the root", adam_with(inside=True), "ε stands under the root; it is added to the root."),
        mistake("corrected after the root", corrected_after_the_root,
                "the correction of v comes after the root: divide v first, and take the root of v̂."),
        mistake("no ε", adam_with(epsilon=0.0), "ε is missing: where the gradient is zero this is 0/0."),
        mistake("βs exchanged", adam_with(0.999, 0.9), "β₁ and β₂ are exchanged: 0.9 belongs to m, 0.999 to v."),
        mistake("β₁ for both", adam_with(0.9, 0.9), "β₁ is used for v, too: β₂ is 0.999."),
        mistake("β₂ of 0.99", adam_with(b2=0.99), "β₂ is 0.99 in v, where 0.999 is asked for."),
        mistake("another order", lambda *a: adam_step(*a)[1:] + adam_step(*a)[:1],
                "m, v and the value are returned in another order: the new value comes first."),
        mistake("another order", lambda *a: tuple(adam_step(*a)[i] for i in (0, 2, 1)),
                "m and v are returned in exchanged order."),
        mistake("gradient not squared", adam_with(power=np.abs), "v: the gradient is not squared."),
        mistake("gradient not squared", adam_with(power=lambda g: g), "v: the gradient is not squared."),
        mistake("squared length", adam_with(power=lambda g: g @ g),
                "v: it takes grad · grad, one number for all: each parameter has the square of its own gradient."),
        mistake("variance in v", spread_for_square,
                "v: (grad − m)² is averaged, a variance: Adam averages the square of the gradient itself."),
        mistake("variance in v", lambda *a: spread_for_square(*a, old=True),
                "v: (grad − m)² is averaged, a variance: Adam averages the square of the gradient itself."),
        mistake("corrected moments kept", adam_with(keep=True),
                "the corrected m̂ and v̂ are returned for m and v: the next step would correct them once more."),
        mistake("counts from zero", adam_with(count=lambda t: t + 1),
                "t is one too large: the first step has t = 1 already."),
        mistake("counts one too few", adam_with(count=lambda t: t - 1),
                "t is one too small: the first step has t = 1."),
        mistake("t not used", adam_with(count=lambda t: 1), "t is not used: the correction is that of the first step."),
        mistake("moments forgotten", adam_with(moments=False), "the moments from before are not used."),
        mistake("β t for βᵗ", beta_times_t,
                "β is multiplied by t where a power belongs: βᵗ."),
        mistake("moments without 1 − β", whole_gradients,
                "m and v: the new gradient comes in whole, its factor 1 − β is missing."),
        mistake("plain gradient step", lambda value, grad, m, v, t, rate: (
            value + rate * grad, *adam_step(value, grad, m, v, t, rate)[1:]),
                "the step is that of plain gradient ascent: it does not use the moments."),
        mistake("rate not used", lambda value, grad, m, v, t, rate: adam_step(value, grad, m, v, t, 1.0),
                "the rate is not used."),
        mistake("step only", lambda value, grad, m, v, t, rate: adam_step(0 * value, grad, m, v, t, rate),
                "it is the step alone: add it to the value."),
        mistake("gradient over the root", gradient_over_the_root,
                "the step uses the gradient, where the corrected m̂ belongs."),
        mistake("old moments in the step", old_moments,
                "the step uses the moments from before, not the new ones.")])

# ---- and the function that a softmax is the slope of


def log_sum_exp(a):
    """log Σ_k e^{a_k} of each row, and its gradient, which is the softmax.

    a (B, K), whose numbers may be as large as ±1e4. Returns value (B,) and back: dvalue (B,) -> da (B, K).
    """
    top = a.max(1, keepdims=True)
    e = np.exp(a - top)
    total = e.sum(1, keepdims=True)
    return (top + np.log(total))[:, 0], lambda dvalue: dvalue[:, None] * e / total


def row_softmax(a):
    e = np.exp(a - a.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def lse_back(slope):
    return lambda a: (log_sum_exp(a)[0], lambda d: np.reshape(d, (-1, 1)) * slope(a))


def plain_lse(a):
    e = np.exp(a)
    return np.log(e.sum(1)), lambda d: d[:, None] * e / e.sum(1, keepdims=True)


def lse_of_one_top(a):
    e = np.exp(a - a.max())
    return a.max() + np.log(e.sum(1)), lambda d: d[:, None] * e / e.sum(1, keepdims=True)


def lse_shifted(shift):
    def answer(a):
        e = np.exp(a - shift(a, 1))
        total = e.sum(1, keepdims=True)
        return (shift(a, 1) + np.log(total))[:, 0], lambda d: d[:, None] * e / total
    return answer


LSE = Task(
    name="log_sum_exp", title="log-sum-exp and its softmax", points=3, solution=log_sum_exp, kind="back", sizes="B K",
    inputs=lambda rng, B, K: (2 * rng.normal(size=(B, K)),), returns=("the value", "da"),
    text=r"""$$\ell(a) = \log\sum_k e^{a_k}, \qquad \frac{\partial \ell}{\partial a_k} = \frac{e^{a_k}}{\sum_j e^{a_j}}
.$$

The lecture's $\sum_z$, in logarithms. For any $t$, $\;\ell(a) = t + \ell(a - t)$: choose $t$ so that nothing
overflows, and not everything becomes 0.""",
    hints=("Which t makes the greatest exponent 0? Each row has its own.",
           "Keep the row's greatest with keepdims=True, exponentiate the rest, and sum over axis 1. The softmax is "
           "that array over its sum."),
    play="log_sum_exp(np.array([[1000.0, 1000.0], [0.0, -1000.0]]))[0]",
    example=lambda: (np.array([[1000.0, 1000.0], [0.0, -1000.0]]),),
    edges={"where a is large, 1000, or very negative": lambda rng: (
               rng.normal(size=(3, 4)) + np.array([[1000], [-1000], [0]]),),
           "where one number is far above the others": lambda rng: (np.array([[0.0, -2000, -2000], [-800, 1, -400]]),),
           "where a is large, 1000,": lambda rng: (1000 + rng.normal(size=(3, 4)),),
           "where a is very negative, −1000,": lambda rng: (rng.normal(size=(3, 4)) - 1000,),
           "where the rows lie far apart": lambda rng: (rng.normal(size=(3, 4)) + np.array([[0.0], [2000.0],
               [-5000.0]]),),
           "where the columns lie far apart": lambda rng: (rng.normal(size=(3, 3)) - np.array([0.0, 900, 5000]),),
           "for one column": lambda rng: (rng.normal(size=(3, 1)),)},
    misconceptions=[
        mistake("overflow", plain_lse,
                "exp overflows where a is large, and underflows to log 0 where it is very negative: nothing is taken "
                "off first."),
        mistake("overflow", lambda a: (plain_lse(a)[0], log_sum_exp(a)[1]),
                "the value overflows where a is large: nothing is taken off first."),
        mistake("overflow in back", lambda a: (log_sum_exp(a)[0], plain_lse(a)[1]),
                "back overflows where a is large: inf/inf is nan."),
        mistake("greatest not added", lambda a: (log_sum_exp(a - a.max(1, keepdims=True))[0], log_sum_exp(a)[1]),
                "the greatest that was taken off is not added back."),
        mistake("one greatest for all", lse_of_one_top,
                "one greatest number is taken off all rows: a row far below it underflows, each needs its own."),
        mistake("one greatest for all", lambda a: (lse_of_one_top(a)[0], log_sum_exp(a)[1]),
                "one greatest number is taken off all rows: a row far below it underflows, each needs its own."),
        *wrong_shifts(lse_shifted, ("mean for greatest", "least for greatest", "absolute greatest")),
        mistake("over the rows", lambda a: (log_sum_exp(a.T)[0], lambda d: log_sum_exp(a.T)[1](d).T),
                "it runs over the wrong axis: the sum is over the columns of each row."),
        mistake("greatest only", lambda a: (a.max(1), lambda d: d[:, None] * (a == a.max(1, keepdims=True))),
                "it is the greatest alone: the others count, too."),
        mistake("mean", lambda a: (log_sum_exp(a)[0] - np.log(a.shape[1]), log_sum_exp(a)[1]),
                "it is the logarithm of the mean, where the sum belongs."),
        mistake("no logarithm", lambda a: (np.exp(a).sum(1), lambda d: d[:, None] * np.exp(a)),
                "the logarithm is missing."),
        mistake("slope of the maximum", lse_back(lambda a: (a == a.max(1, keepdims=True)) * 1.0),
                "da goes to the greatest alone, as for a maximum: the softmax shares it among all."),
        mistake("not normalised", lse_back(lambda a: np.exp(a - a.max(1, keepdims=True))),
                "da is not divided by the row's sum: the numbers of a softmax add up to 1."),
        mistake("not normalised", lse_back(np.exp),
                "da is eᵃ, not divided by the row's sum: the numbers of a softmax add up to 1."),
        mistake("normalised over everything", lse_back(lambda a: np.exp(a - a.max()) / np.exp(a - a.max()).sum()),
                "da is divided by the sum over everything: each row has its own sum."),
        mistake("normalised over everything", lse_back(lambda a: np.exp(a - a.max(1, keepdims=True)) / np.exp(
            a - a.max(1, keepdims=True)).sum()),
                "da is divided by the sum over all rows: each row has its own sum."),
        mistake("normalised over rows", lse_back(lambda a: np.exp(a) / np.exp(a).sum(0)),
                "da is normalised over the wrong axis: each row is to add up to 1."),
        mistake("dvalue not used", lambda a: (log_sum_exp(a)[0], lambda d: row_softmax(a)),
                "back does not use dvalue: each row's softmax is multiplied by its own."),
        mistake("logarithm of the softmax", lse_back(lambda a: np.log(row_softmax(a))),
                "da is the logarithm of the softmax; the slope is the softmax itself."),
        mistake("softmax's own slope", lse_back(lambda a: row_softmax(a) * (1 - row_softmax(a))),
                "da is p(1 − p), the slope of the softmax; asked for is that of log-sum-exp, the softmax itself.")])

TASKS = [AFFINE, TANH, SOFTPLUS, CHAIN, NUMERIC, COMPLEX, ADAM, LSE]
