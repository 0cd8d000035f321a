"""Answers to the exercises of notebook 10 as students write them, each with what the sentence must say."""

import numpy as np


# affine(x, W, b) -> y, back(dy) -> dx, dW, db
def affine_not_transposed(x, W, b):
    return x @ W + b, lambda dy: (dy @ W, x.T @ dy, dy.sum(0))


def affine_bias_not_summed(x, W, b):
    return x @ W + b, lambda dy: (dy @ W.T, x.T @ dy, dy)


def affine_bias_mean(x, W, b):
    return x @ W + b, lambda dy: (dy @ W.T, x.T @ dy, dy.mean(0))


def affine_dW_transposed(x, W, b):
    return x @ W + b, lambda dy: (dy @ W.T, dy.T @ x, dy.sum(0))


def affine_without_bias(x, W, b):
    return x @ W, lambda dy: (dy @ W.T, x.T @ dy, dy.sum(0))


def affine_divided_by_the_batch(x, W, b):
    return x @ W + b, lambda dy: (dy @ W.T, x.T @ dy / len(x), dy.sum(0) / len(x))


def affine_in_another_order(x, W, b):
    return x @ W + b, lambda dy: (x.T @ dy, dy @ W.T, dy.sum(0))


def affine_dy_forgotten(x, W, b):
    def back(dy):
        ones = np.ones_like(dy)
        return ones @ W.T, x.T @ ones, ones.sum(0)

    return x @ W + b, back


# tanh(x) -> y, back
def tanh_with_x(x):
    return np.tanh(x), lambda dy: dy * (1 - x**2)


def tanh_of_y(x):
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - np.tanh(y) ** 2)


def tanh_without_dy(x):
    y = np.tanh(x)
    return y, lambda dy: 1 - y**2


def tanh_not_squared(x):
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y)


def tanh_as_the_sigmoid(x):
    y = np.tanh(x)
    return y, lambda dy: dy * y * (1 - y)


def tanh_plus(x):
    y = np.tanh(x)
    return y, lambda dy: dy * (1 + y**2)


def tanh_overflows(x):
    y = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    return y, lambda dy: dy * (1 - y**2)


# softplus(x) -> y, back
def softplus_overflows(x):
    return np.log(1 + np.exp(x)), lambda dy: dy / (1 + np.exp(-x))


def softplus_back_overflows(x):
    return np.logaddexp(0, x), lambda dy: dy * np.exp(x) / (1 + np.exp(x))


def softplus_back_at_y(x):
    y = np.logaddexp(0, x)
    return y, lambda dy: dy / (1 + np.exp(-y))


def softplus_back_of_the_relu(x):
    return np.logaddexp(0, x), lambda dy: dy * (x > 0)


def softplus_back_of_the_sigmoid(x):
    s = 0.5 * (1 + np.tanh(x / 2))
    return np.logaddexp(0, x), lambda dy: dy * s * (1 - s)


def softplus_of_minus_x(x):
    s = 0.5 * (1 - np.tanh(x / 2))
    return np.logaddexp(0, -x), lambda dy: -dy * s


def softplus_back_other_sign(x):
    return np.logaddexp(0, x), lambda dy: dy * 0.5 * (1 - np.tanh(x / 2))


def softplus_clipped(x):
    c = np.clip(x, -20, 20)
    return np.log1p(np.exp(c)), lambda dy: dy / (1 + np.exp(-c))


# chain(layers) -> f, with y, back = f(x)
def chain_back_in_order(layers):
    def f(x):
        backs = []
        for layer in layers:
            x, back = layer(x)
            backs.append(back)

        def back_all(dy):
            for back in backs:
                dy = back(dy)
            return dy

        return x, back_all

    return f


def chain_each_is_given_x(layers):
    def f(x):
        backs = []
        for layer in layers:
            y, back = layer(x)
            backs.append(back)

        def back_all(dy):
            for back in reversed(backs):
                dy = back(dy)
            return dy

        return y, back_all

    return f


def chain_last_back_only(layers):
    def f(x):
        for layer in layers:
            x, back = layer(x)
        return x, back

    return f


def chain_late_binding(layers):
    def f(x):
        backs = []
        for layer in layers:
            x, back = layer(x)
            backs.append(lambda dy: back(dy))

        def back_all(dy):
            for one in reversed(backs):
                dy = one(dy)
            return dy

        return x, back_all

    return f


def chain_back_at_dy(layers):
    def f(x):
        for layer in layers:
            x, _ = layer(x)

        def back_all(dy):
            for layer in reversed(layers):
                dy = layer(dy)[1](dy)
            return dy

        return x, back_all

    return f


def chain_first_left_out(layers):
    def f(x):
        backs = []
        for layer in layers:
            x, back = layer(x)
            backs.append(back)

        def back_all(dy):
            for i in range(len(backs) - 1, 0, -1):
                dy = backs[i](dy)
            return dy

        return x, back_all

    return f


def chain_backs_added(layers):
    def f(x):
        backs = []
        for layer in layers:
            x, back = layer(x)
            backs.append(back)
        return x, lambda dy: sum(back(dy) for back in backs)

    return f


def chain_value_at_once(layers):
    def f(x):
        for layer in reversed(layers):
            x, back = layer(x)
        return x, back

    return f


# numeric_gradient(F, v, h) -> (n,)
def numeric_forward(F, v, h):
    g = np.zeros(v.shape)
    for i in range(len(v)):
        e = np.zeros(v.shape)
        e[i] = h
        g[i] = (F(v + e) - F(v)) / h
    return g


def numeric_divided_by_h(F, v, h):
    g = np.zeros(v.shape)
    for i in range(len(v)):
        e = np.zeros(v.shape)
        e[i] = h
        g[i] = (F(v + e) - F(v - e)) / h
    return g


def numeric_step_of_its_own(F, v, h):
    h, g = 1e-12, np.zeros(v.shape)
    for i in range(len(v)):
        e = np.zeros(v.shape)
        e[i] = h
        g[i] = (F(v + e) - F(v - e)) / (2 * h)
    return g


def numeric_not_put_back(F, v, h):
    v, g = v.copy(), np.zeros(v.shape)
    for i in range(len(v)):
        v[i] += h
        up = F(v)
        v[i] -= 2 * h
        g[i] = (up - F(v)) / (2 * h)
    return g


def numeric_in_place(F, v, h):
    g = np.zeros(v.shape)
    for i in range(len(v)):
        v[i] += h
        up = F(v)
        v[i] -= 2 * h
        g[i] = (up - F(v)) / (2 * h)
    return g


def numeric_all_together(F, v, h):
    return (F(v + h) - F(v - h)) / (2 * h)


def numeric_backwards(F, v, h):
    g = np.zeros(v.shape)
    for i in range(len(v)):
        e = np.zeros(v.shape)
        e[i] = h
        g[i] = (F(v - e) - F(v + e)) / (2 * h)
    return g


# complex_step(F, v) -> (n,)
def complex_real_part(F, v):
    h = 1e-30
    return np.array([F(v + 1j * h * e).real / h for e in np.eye(len(v))])


def complex_not_divided(F, v):
    return np.array([F(v + 1e-30j * e).imag for e in np.eye(len(v))])


def complex_central(F, v):
    h = 1e-5
    return np.array([(F(v + h * e) - F(v - h * e)) / (2 * h) for e in np.eye(len(v))])


def complex_long_step(F, v):
    h = 0.01
    return np.array([F(v + 1j * h * e).imag / h for e in np.eye(len(v))])


def complex_all_together(F, v):
    h = 1e-30
    return F(v + 1j * h).imag / h


def complex_in_a_real_array(F, v):
    g, h = np.zeros(len(v)), 1e-30
    for i in range(len(v)):
        w = v.copy()
        w[i] += 1j * h
        g[i] = F(w).imag / h
    return g


def complex_modulus(F, v):
    h = 1e-30
    return np.array([abs(F(v + 1j * h * e)) / h for e in np.eye(len(v))])


# adam_step(value, grad, m, v, t, rate) -> value, m, v;  it climbs
def adam_downhill(value, grad, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
    return value - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


def adam_without_correction(value, grad, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
    return value + rate * m / (np.sqrt(v) + 1e-8), m, v


def adam_without_root(value, grad, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
    return value + rate * (m / (1 - 0.9**t)) / (v / (1 - 0.999**t) + 1e-8), m, v


def adam_betas_exchanged(value, grad, m, v, t, rate):
    m, v = 0.999 * m + 0.001 * grad, 0.9 * v + 0.1 * grad**2
    return value + rate * (m / (1 - 0.999**t)) / (np.sqrt(v / (1 - 0.9**t)) + 1e-8), m, v


def adam_epsilon_under_the_root(value, grad, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
    return value + rate * (m / (1 - 0.9**t)) / np.sqrt(v / (1 - 0.999**t) + 1e-8), m, v


def adam_gradient_not_squared(value, grad, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * np.abs(grad)
    return value + rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


def adam_keeps_the_corrected(value, grad, m, v, t, rate):
    m, v = (0.9 * m + 0.1 * grad) / (1 - 0.9**t), (0.999 * v + 0.001 * grad**2) / (1 - 0.999**t)
    return value + rate * m / (np.sqrt(v) + 1e-8), m, v


def adam_counts_from_zero(value, grad, m, v, t, rate):
    t, m, v = t + 1, 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
    return value + rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


def adam_in_place(value, grad, m, v, t, rate):
    m *= 0.9
    m += 0.1 * grad
    v *= 0.999
    v += 0.001 * grad**2
    value += rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return value, m, v


def adam_times_t(value, grad, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
    return value + rate * (m / (1 - 0.9 * t)) / (np.sqrt(np.abs(v / (1 - 0.999 * t))) + 1e-8), m, v


# log_sum_exp(a) (B, K) -> value (B,), back(dvalue) -> da
def lse_overflows(a):
    e = np.exp(a)
    return np.log(e.sum(1)), lambda d: d[:, None] * e / e.sum(1, keepdims=True)


def lse_top_not_added(a):
    e = np.exp(a - a.max(1, keepdims=True))
    return np.log(e.sum(1)), lambda d: d[:, None] * e / e.sum(1, keepdims=True)


def lse_back_without_dvalue(a):
    e = np.exp(a - a.max(1, keepdims=True))
    return a.max(1) + np.log(e.sum(1)), lambda d: e / e.sum(1, keepdims=True)


def lse_over_rows(a):
    e = np.exp(a - a.max(0))
    return a.max(0) + np.log(e.sum(0)), lambda d: d * e / e.sum(0)


def lse_back_of_the_maximum(a):
    e = np.exp(a - a.max(1, keepdims=True))
    return a.max(1) + np.log(e.sum(1)), lambda d: d[:, None] * (a == a.max(1, keepdims=True))


def lse_one_top_for_all(a):
    e = np.exp(a - a.max())
    return a.max() + np.log(e.sum(1)), lambda d: d[:, None] * e / e.sum(1, keepdims=True)


def lse_back_over_everything(a):
    e = np.exp(a - a.max(1, keepdims=True))
    return a.max(1) + np.log(e.sum(1)), lambda d: d[:, None] * e / e.sum()


def lse_back_not_divided(a):
    top = a.max(1, keepdims=True)
    e = np.exp(a - top)
    return top[:, 0] + np.log(e.sum(1)), lambda d: d[:, None] * e


def aff_db_keepdims(x, W, b):
    return (x @ W + b, lambda dy: (dy @ W.T, x.T @ dy, dy.sum(0, keepdims=True)))


def aff_x_not_in_dW(x, W, b):
    return (x @ W + b, lambda dy: (dy @ W.T, np.ones_like(x).T @ dy, dy.sum(0)))


def tanh_sqrt(x):
    y = np.tanh(x)
    return (y, lambda dy: dy * np.sqrt(1 - y**2))


def tanh_of_dy(x):
    y = np.tanh(x)
    return (y, lambda dy: np.tanh(dy) * (1 - y**2))


def softplus_log2(x):
    return (np.logaddexp2(0, x), lambda dy: dy / (1 + np.exp(-x)))


def softplus_relu(x):
    return (np.maximum(x, 0), lambda dy: dy * (x > 0))


def chain_forgets_x_update(layers):

    def f(x):
        backs = []
        for layer in layers:
            y, back = layer(x)
            backs.append(back)
            x = y

        def b(dy):
            out = dy
            for back in reversed(backs):
                out = back(dy)
            return out

        return (x, b)

    return f


def chain_two_layers(layers):

    def f(x):
        y, b1 = layers[0](x)
        y, b2 = layers[1](y)
        return (y, lambda dy: b1(b2(dy)))

    return f


def num_index_zero(F, v, h):
    g = np.zeros(len(v))
    for i in range(len(v)):
        e = np.zeros(len(v))
        e[0] = h
        g[i] = (F(v + e) - F(v - e)) / (2 * h)
    return g


def num_relative(F, v, h):
    return np.array(
        [(F(v + h * abs(v[i]) * e) - F(v - h * abs(v[i]) * e)) / (2 * h) for i, e in enumerate(np.eye(len(v)))]
    )


def cs_two_h(F, v):
    h = 1e-20
    return np.array([F(v + 1j * h * e).imag / (2 * h) for e in np.eye(len(v))])


def cs_difference(F, v):
    h = 1e-30
    return np.array([((F(v + 1j * h * e) - F(v)) / h).real for e in np.eye(len(v))])


def adam_mhat_v(value, grad, m, v, t, rate):
    m = 0.9 * m + 0.1 * grad
    v = 0.99 * v + 0.01 * grad**2
    return (value + rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-08), m, v)


def adam_swapped_return(value, grad, m, v, t, rate):
    m = 0.9 * m + 0.1 * grad
    v = 0.999 * v + 0.001 * grad**2
    return (m, v, value + rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-08))


def lse_keepdims(a):
    t = a.max(1, keepdims=True)
    e = np.exp(a - t)
    s = e.sum(1, keepdims=True)
    return (t + np.log(s), lambda d: d * e / s)


def lse_minus_mean(a):
    t = a.max(1, keepdims=True)
    e = np.exp(a - t)
    s = e.sum(1, keepdims=True)
    return ((t + np.log(s))[:, 0], lambda d: d[:, None] * (e / s - 1 / a.shape[1]))


def affine_bias_summed_over_all(x, W, b):
    return (x @ W + b, lambda dy: (dy @ W.T, x.T @ dy, dy.sum()))


def tanh_slope_of_arctan(x):
    y = np.tanh(x)
    return (y, lambda dy: dy / (1 + x**2))


def softplus_back_of_itself(x):
    return (np.logaddexp(0, x), lambda dy: dy * np.logaddexp(0, x))


def chain_reversed_twice(layers):

    def f(x):
        backs = []
        for layer in layers:
            x, back = layer(x)
            backs.insert(0, back)

        def b(dy):
            for back in reversed(backs):
                dy = back(dy)
            return dy

        return (x, b)

    return f


def numeric_twice_the_step(F, v, h):
    return np.array([(F(v + 2 * h * e) - F(v - 2 * h * e)) / (2 * h) for e in np.eye(len(v))])


def complex_divided_twice(F, v):
    h = 1e-30
    return np.array([F(v + h * e * 1j).imag for e in np.eye(len(v))]) / h**2


def adam_corrected_after_the_root(value, grad, m, v, t, rate):
    m = 0.9 * m + 0.1 * grad
    v = 0.999 * v + 0.001 * grad**2
    return (value + rate * (m / (1 - 0.9**t)) / (np.sqrt(v) / (1 - 0.999**t) + 1e-08), m, v)


def lse_back_logarithm(a):
    t = a.max(1, keepdims=True)
    e = np.exp(a - t)
    return ((t + np.log(e.sum(1, keepdims=True)))[:, 0], lambda d: d[:, None] * np.log(e / e.sum(1, keepdims=True)))


# ---- found by a reader


def complex_with_a_long_step(F, v):
    h = 1e-5
    return np.array([np.imag(F(v + 1j * h * e)) / h for e in np.eye(len(v))])


def complex_with_another_long_step(F, v):
    h = 1e-6
    return np.array([np.imag(F(v + 1j * h * e)) / h for e in np.eye(len(v))])


def lse_absolute_greatest(a):
    t = np.abs(a).max(1, keepdims=True)
    e = np.exp(a - t)
    total = e.sum(1, keepdims=True)
    return (t + np.log(total))[:, 0], lambda d: d[:, None] * e / total


def lse_mean_taken_off(a):
    t = a.mean(1, keepdims=True)
    e = np.exp(a - t)
    total = e.sum(1, keepdims=True)
    return (t + np.log(total))[:, 0], lambda d: d[:, None] * e / total


def adam_with_a_squared_length(value, grad, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * (grad @ grad)
    return value + rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


def adam_with_a_variance(value, grad, m, v, t, rate):
    m = 0.9 * m + 0.1 * grad
    v = 0.999 * v + 0.001 * (grad - m) ** 2
    return value + rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


WRONG = {
    "affine": [
        (affine_not_transposed, r"transpos"),
        (affine_bias_not_summed, r"db.*(sum|shape)"),
        (affine_bias_mean, r"mean"),
        (affine_dW_transposed, r"transpos"),
        (affine_without_bias, r"\bb\b"),
        (affine_divided_by_the_batch, r"mean|\bB\b"),
        (affine_in_another_order, r"order|exchang|dW"),
        (affine_dy_forgotten, r"dy"),
        (aff_db_keepdims, r"db.*(shape|\(1)"),
        (aff_x_not_in_dW, r"dW does not use x"),
        (affine_bias_summed_over_all, r"db"),
    ],
    "tanh": [
        (tanh_with_x, r"\by\b"),
        (tanh_of_y, r"wrong point|at y"),
        (tanh_without_dy, r"dy"),
        (tanh_not_squared, r"y²|square|1 \+ y|1 − y"),
        (tanh_as_the_sigmoid, r"sigmoid"),
        (tanh_plus, r"sign|1 − y²|plus|minus"),
        (tanh_overflows, r"overflow|finite|nan|large"),
        (tanh_sqrt, r"root|square"),
        (tanh_of_dy, r"dy|linear"),
        (tanh_slope_of_arctan, r"arctan"),
    ],
    "softplus": [
        (softplus_overflows, r"overflow|finite|inf|large"),
        (softplus_back_overflows, r"overflow|finite|nan|large"),
        (softplus_back_at_y, r"wrong point|at y"),
        (softplus_back_of_the_relu, r"ReLU|mask|jump|step"),
        (softplus_back_of_the_sigmoid, r"sigmoid"),
        (softplus_of_minus_x, r"−x|sign"),
        (softplus_back_other_sign, r"−x|sign"),
        (softplus_clipped, r"clip|large|limit"),
        (softplus_log2, r"base 2"),
        (softplus_relu, r"ReLU|max"),
        (softplus_back_of_itself, r"slope, the sigmoid"),
    ],
    "chain": [
        (chain_back_in_order, r"order|revers|last"),
        (chain_each_is_given_x, r"before|each layer|preced|previous|one after"),
        (chain_last_back_only, r"last|only|all|every|other"),
        (chain_late_binding, r"last|same back|its own"),
        (chain_back_at_dy, r"forward|dy|wrong point|at x"),
        (chain_first_left_out, r"first"),
        (chain_backs_added, r"add|sum|one after"),
        (chain_value_at_once, r"order|revers"),
        (chain_forgets_x_update, r"dx"),
        (chain_two_layers, r"two layers"),
        (chain_reversed_twice, r"order|first"),
    ],
    "numeric_gradient": [
        (numeric_forward, r"forward|central|one side"),
        (numeric_divided_by_h, r"2h|2 ?\* ?h|2 times|twice"),
        (numeric_step_of_its_own, r"\bh\b"),
        (numeric_not_put_back, r"back|restore|reset|moved"),
        (numeric_in_place, r"chang|in place|copy"),
        (numeric_all_together, r"each|coordinate|one number|shape"),
        (numeric_backwards, r"sign"),
        (num_index_zero, r"first row"),
        (num_relative, r"\bh\b|step|v\b"),
        (numeric_twice_the_step, r"2h|2 times|step|twice"),
    ],
    "complex_step": [
        (complex_with_a_long_step, r"h²"),
        (complex_with_another_long_step, r"h²"),
        (complex_real_part, r"imag|Im"),
        (complex_not_divided, r"divi|\bh\b"),
        (complex_central, r"complex|digits|difference"),
        (complex_long_step, r"\bh\b|step"),
        (complex_all_together, r"each|coordinate|one number|shape"),
        (complex_in_a_real_array, r"complex|real"),
        (complex_modulus, r"imag|Im"),
        (cs_two_h, r"half|½|2h|1/2"),
        (cs_difference, r"imag|real|subtract"),
        (complex_divided_twice, r"\bh\b|divi|times"),
    ],
    "adam_step": [
        (adam_with_a_squared_length, r"grad · grad"),
        (adam_with_a_variance, r"variance"),
        (adam_downhill, r"climb|downhill|sign|uphill"),
        (adam_without_correction, r"bias|correct"),
        (adam_without_root, r"root"),
        (adam_betas_exchanged, r"exchang|β"),
        (adam_epsilon_under_the_root, r"ε|epsilon"),
        (adam_gradient_not_squared, r"square|∇²|v"),
        (adam_keeps_the_corrected, r"m̂|correct"),
        (adam_counts_from_zero, r"\bt\b|count"),
        (adam_in_place, r"chang|in place|copy"),
        (adam_times_t, r"βᵗ|power|bias|\bt\b"),
        (adam_mhat_v, r"β₂|0\.99|v\b"),
        (adam_swapped_return, r"order"),
        (adam_corrected_after_the_root, r"root|√|v\b|correct"),
    ],
    "log_sum_exp": [
        (lse_absolute_greatest, r"absolute"),
        (lse_mean_taken_off, r"mean is taken off"),
        (lse_overflows, r"overflow|finite|inf|large"),
        (lse_top_not_added, r"add|max|shift|greatest"),
        (lse_back_without_dvalue, r"dvalue|dy|upstream"),
        (lse_over_rows, r"axis|row|shape"),
        (lse_back_of_the_maximum, r"max|softmax|share|one-hot"),
        (lse_one_top_for_all, r"own|each row|underflow|finite|row"),
        (lse_back_over_everything, r"row|sum|normal"),
        (lse_back_not_divided, r"divi|normal|sum"),
        (lse_keepdims, r"shape|\(B, 1\)|\(B,\)"),
        (lse_minus_mean, r"same along|mean"),
        (lse_back_logarithm, r"logarithm"),
    ],
}


# right, in unusual form
def affine_by_einsum(data, weights, bias):
    y = np.einsum("bi,io->bo", data, weights) + bias[None, :]
    return y, lambda g: (np.einsum("bo,io->bi", g, weights), np.einsum("bi,bo->io", data, g), np.einsum("bo->o", g))


def affine_in_loops(x, W, b):
    y = np.array([[b[k] + sum(x[i, j] * W[j, k] for j in range(len(W))) for k in range(len(b))]
                  for i in range(len(x))], np.float32)

    def back(dy):
        dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(b.shape)
        for i, j, k in np.ndindex(len(x), *W.shape):
            dx[i, j] += dy[i, k] * W[j, k]
            dW[j, k] += dy[i, k] * x[i, j]
        for row in dy:
            db += row
        return [dx, dW, db]

    return y, back


def tanh_by_cosh(x):
    return np.tanh(x), lambda dy: dy * 4 * np.exp(-2 * np.abs(x)) / (1 + np.exp(-2 * np.abs(x))) ** 2


def tanh_by_exp(a):
    e = np.exp(-2 * np.abs(a)).astype(np.float32)
    out = np.sign(a) * (1 - e) / (1 + e)
    return out, lambda g: g - g * out * out


def softplus_by_max(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), lambda dy: np.where(
        x > 0, dy / (1 + np.exp(-np.abs(x))), dy * np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def softplus_number_by_number(a):
    def one(t):
        return t if t > 40 else np.log1p(np.exp(t))

    slope = 0.5 + 0.5 * np.tanh(a.astype(np.float32) / 2)
    return np.vectorize(one)(a), lambda g: slope * g


def chain_recursive(layers):
    if not layers:
        return lambda x: (x, lambda dy: dy)
    rest = chain_recursive(layers[:-1])

    def f(x):
        h, back_rest = rest(x)
        y, back_last = layers[-1](h)
        return y, lambda dy: back_rest(back_last(dy))

    return f


class chain_of_objects:
    def __init__(self, layers):
        self.layers = tuple(layers)

    def __call__(self, x):
        tape = []
        for layer in self.layers:
            x, back = layer(x)
            tape.insert(0, back)

        def run(dy):
            for back in tape:
                dy = back(dy)
            return dy

        return x, run


def numeric_by_eye(F, v, h):
    return np.array([(F(v + row) - F(v - row)) / (2 * h) for row in h * np.eye(v.size)])


def numeric_moved_and_put_back(fun, at, step):
    w, out = np.array(at, dtype=float), []
    for i in range(w.size):
        kept = w[i]
        w[i] = kept + step
        up = fun(w)
        w[i] = kept - step
        down = fun(w)
        w[i] = kept
        out.append((up - down) / step / 2)
    return out


def complex_in_a_loop(F, v):
    w, g = v.astype(complex), np.empty(len(v))
    for i in range(len(v)):
        w[i] += 1e-20j
        g[i] = np.imag(F(w)) * 1e20
        w[i] = v[i]
    return g


def complex_by_numbers(fun, at):
    return [complex(fun(at + 1e-100j * (np.arange(len(at)) == i))).imag / 1e-100 for i in range(len(at))]


def adam_by_one_factor(value, grad, m, v, t, rate):
    m, v = m + (1 - 0.9) * (grad - m), v + (1 - 0.999) * (grad * grad - v)
    root = np.sqrt(1 - 0.999**t)
    return value + rate * root / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-8 * root), m, v


def adam_number_by_number(theta, g, first, second, count, lr):
    out = [[], [], []]
    for a, b, c, d in zip(theta, g, first, second, strict=True):
        c, d = 0.9 * c + 0.1 * b, 0.999 * d + 0.001 * b * b
        out[0].append(a + lr * c / (1 - 0.9**count) / (1e-8 + (d / (1 - 0.999**count)) ** 0.5))
        out[1].append(c)
        out[2].append(d)
    return tuple(np.array(o) for o in out)


def lse_by_logaddexp(a):
    value = np.logaddexp.reduce(a, axis=1)
    return value, lambda d: d[:, None] * np.exp(a - value[:, None])


def lse_in_loops(a):
    value, p = np.zeros(len(a)), np.zeros(a.shape, np.float32)
    for b, row in enumerate(a):
        top = max(row)
        weights = [np.exp(t - top) for t in row]
        value[b] = top + np.log(sum(weights))
        p[b] = np.array(weights) / sum(weights)
    return value, lambda d: np.einsum("b,bk->bk", d, p)


RIGHT = {
    "affine": [affine_by_einsum, affine_in_loops],
    "tanh": [tanh_by_cosh, tanh_by_exp],
    "softplus": [softplus_by_max, softplus_number_by_number],
    "chain": [chain_recursive, chain_of_objects],
    "numeric_gradient": [numeric_by_eye, numeric_moved_and_put_back],
    "complex_step": [complex_in_a_loop, complex_by_numbers],
    "adam_step": [adam_by_one_factor, adam_number_by_number],
    "log_sum_exp": [lse_by_logaddexp, lse_in_loops],
}
