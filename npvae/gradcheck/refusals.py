"""A gradient check that cannot fail is worse than none. Each of these refuses one that public code has shipped."""

import numpy as np

from npvae.arrays import float_dtype, numbers
from npvae.checks import positive
from npvae.dialects.calling import describe
from npvae.differences import richardson, step_size
from npvae.gradcheck.comparison import IMAGINARY_PART_LOST
from npvae.gradcheck.kinks import second_look
from npvae.gradcheck.report import HIDDEN, ON_KINKS
from npvae.nn.parameters import has_parameters

BLIND = 4e-3        # ‖a − n‖ / (‖a‖ + ‖n‖) is 5e-3 for an error of 1 %


def check_options(call, sizes, terms):
    """A `call` that can be called, sizes that are positive numbers by name, and terms that are functions by name."""
    if call is not None and not callable(call):
        raise ValueError(f"call is {call!r}, expected a function (f, x) -> (y, back)")
    for name, given, what in (("sizes", sizes, "numbers"), ("terms", terms, "functions")):
        if given is not None and not isinstance(given, dict):
            raise ValueError(f"{name} is {given!r}, expected a dict of {what} by name")
    for name, term in (terms or {}).items():
        if not callable(term):
            raise ValueError(f"terms has {term!r} for {name!r}, expected a function that is called as f is")
    return {str(name): positive(f"sizes[{name!r}]", size) for name, size in (sizes or {}).items()}, terms or {}


def check_dtypes(f, arrays, dtype):
    """The dtype to check in, if it is that of all arrays: float64, or float32 if that was asked for."""
    if dtype is not None and float_dtype(dtype) not in (np.float64, np.float32):
        raise ValueError(f"dtype is {np.dtype(dtype).name}, expected float64 (or float32, to check float32 code)")
    parameters = f.arrays() if has_parameters(f) else {}
    for name, a in {**arrays, **parameters}.items():
        if a.dtype.kind != "f":
            raise ValueError(f"{name} has dtype {a.dtype}, expected float64{_as_floats(a)}: give numbers that can be "
                             "moved a little; "
                             "what cannot, such as labels, is held constant beside an array that can")
        if a.dtype == np.float32 and dtype is None:
            how = "model.copy(np.float64)" if hasattr(f, "copy") else "astype(np.float64)"
            raise ValueError(f"{name} is float32, whose differences are good to some 1e-5 and are judged at 1e-3: "
                             f"check in float64 ({how}), or call npvae.gradcheck(…, dtype=np.float32) to check float32 "
                             "code as it is")
        if not np.isfinite(a).all():
            raise ValueError(f"{name} has values that are not finite: check at another x")
        if a.size and float(np.abs(a).max()) > 1e75:
            raise ValueError(f"{name} has values up to {np.abs(a).max():.3g}, of which products overflow: check at "
                             "another x, or other parameters")
    if not any(a.size for a in [*arrays.values(), *parameters.values()]):
        raise ValueError("x is empty and there are no parameters: there is no gradient to check")
    return np.float64 if dtype is None else dtype


def _as_floats(a):
    few = a.dtype.kind in "iu" and a.ndim == 1 and 0 < a.size <= 5
    return f", np.array({[float(number) for number in a]})" if few else ""


def check_upstream(subject):
    """An upstream gradient of the shape of y that is not zero everywhere."""
    y = subject.forward()[0]
    if subject.at.value.dtype == np.float64 and y.dtype == np.float32:
        raise ValueError("f answers in float32 for float64 inputs: some array in it is float32; make it float64, or "
                         "call npvae.gradcheck(…, dtype=np.float32) to check float32 code as it is")
    if y.dtype.kind not in "fciub":
        raise ValueError(f"f returned {describe(y)} of type {y.dtype}, expected real numbers")
    if y.dtype.kind in "iub":
        raise ValueError(f"f returned {describe(y)} of type {y.dtype}, which have no gradient: "
                         "return the floats that they are made of")
    if y.dtype.kind == "c":
        raise ValueError(f"f returned {describe(y)} of complex numbers, expected real ones: return the real and the "
                         "imaginary part as two columns of y")
    if not np.isfinite(y).all():
        raise ValueError(f"f returned {describe(y)} with values that are not finite: check at another x")
    subject.upstream = numbers("upstream", subject.upstream).astype(subject.at.value.dtype)
    if subject.upstream.shape != y.shape:
        raise ValueError(f"upstream has shape {subject.upstream.shape}, expected that of y, {y.shape}")
    if not np.isfinite(subject.upstream).all():
        raise ValueError("upstream has values that are not finite: leave it out for a random one")
    if not subject.upstream.any():
        raise ValueError("the upstream gradient is zero, with which any gradient passes: leave it out for a "
                         "random one")


def check_tolerance(method, tolerance):
    """A tolerance that an error of 1 % does not pass."""
    worst = BLIND if method != "taylor" else 0.5
    tolerance = positive("tolerance", tolerance)
    if tolerance > worst:
        raise ValueError(f"tolerance is {tolerance}, expected at most {worst:g} for {method}: "
                         + ("a slope of 1 would pass" if method == "taylor" else "an error of 1 % would pass"))
    return tolerance


def check_determinism(subject):
    """The gradient, if f and back answer twice alike and leave their arguments alone."""
    first, first_gradient = subject.forward()[0].copy(), subject.gradient()
    second, second_gradient = subject.forward()[0], subject.gradient()
    if not np.array_equal(subject.start, subject.at.value):
        raise ValueError("f changes its input or its parameters in place, so the check would move while it looks: copy "
                         "first")
    if not close(first, second):
        raise ValueError("f answers differently on a second call, so it draws noise or keeps state: resampled noise. "
                         "Draw the noise once, outside, and hand it in")
    if all(a is None for a in first_gradient.values()):
        raise ValueError("back returns no gradient for any input and there are no parameters: there is nothing to "
                         "check")
    for name, a in first_gradient.items():
        if a is not None and not close(a, second_gradient[name]):
            raise ValueError(f"{name}: back answers differently on a second call, though f does not: resampled noise "
                             "in the backward pass. Keep the noise of the forward pass and use it in back")
    check_closure(subject)
    check_digits(subject, first_gradient)
    return first_gradient


def check_digits(subject, gradient):
    """That f is not float32 on the inside: it moves for a step that float64 sees and float32 does not."""
    if subject.at.value.dtype != np.float64:
        return
    d = np.random.default_rng([subject.seed, 3]).standard_normal(subject.at.value.size) * (1 + np.abs(subject.at.value))
    slope = sum(float(a.ravel() @ d[subject.where(n)]) for n, a in gradient.items()
                if a is not None and a.shape == subject.at[n].shape)
    phi, here = subject.along(d), subject.value()
    if 1e-11 * abs(slope) > 1e3 * np.finfo(float).eps * subject.scale() and phi(1e-11) == here == phi(-1e-11) \
            and phi(1e-2) != here:
        raise ValueError("f stands still for steps that float64 would see: it rounds on the way, e.g. through a "
                         "float32 buffer or astype(np.float32); make that array float64")


def check_closure(subject):
    """That a back gives the same when asked again, leaves y alone, and is not spoilt by another call of f."""
    if not subject.callback:
        return
    y, back = subject.forward()
    kept, first = y.copy(), subject.answer(back)
    if not np.array_equal(y, kept, equal_nan=True):
        raise ValueError("back changes y, which whoever called f still needs: copy before writing")
    if not subject.alike(first, subject.answer(back)):
        raise ValueError("back answers differently when it is called again: it changes what it keeps, e.g. with *=")
    # its own memory, so that an x that f keeps is not moved with it
    y, back = subject.forward()
    kept, twin = y.copy(), subject.at_dtype(subject.at.value.dtype)
    twin.at.value[...] += 0.01 * (1 + np.abs(twin.at.value))
    with np.errstate(all="ignore"):
        try:
            twin.forward()
        except (ValueError, ArithmeticError):
            return          # a little beside x, f has no value
    if not np.array_equal(y, kept, equal_nan=True) or not subject.alike(first, subject.answer(back)):
        raise ValueError("a second call of f spoils the first: y or what back needs is kept in one place, such as "
                         "self.y or a buffer, and is stale or overwritten. Keep it in the closure of back")


def check_linear(subject):
    """That a back which passes for one dy does so for all: dx is linear in dy."""
    if not subject.callback:
        return
    back = subject.forward()[1]
    once, large = subject.answer(back), subject.answer(back, 1024)
    # times a power of two nothing is rounded
    if not subject.alike({n: None if a is None else 1024 * a for n, a in once.items()}, large):
        raise ValueError("back is right for this dy, but not linear in it: back(1024 dy) is not 1024 back(dy), as if "
                         "dy were clipped on the way; clip where the optimizer steps, not in back")


def close(a, b):
    """Equal up to the order of a sum."""
    rtol = 1e-6 if a.dtype == np.float32 else 1e-13
    return a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=0, equal_nan=True)


def check_complex_step(subject):
    """That the imaginary part survives f: the complex step agrees with a real difference in one direction."""
    d = np.random.default_rng([subject.seed, 3]).standard_normal(subject.at.value.size)
    try:
        slope = subject.at_dtype(np.complex128).along(d)(1e-30j)
    except TypeError as refused:
        raise ValueError(f"f does not take complex numbers ({refused}): use another method") from refused
    slope, phi, h = slope.imag / 1e-30, subject.along(d), float(step_size("central", np.float64))
    # kinks near x, of which a network of ReLUs has many, take no imaginary part away
    difference, kink = second_look(phi, slope, h, subject.scale(), np.float64, 1e-4)
    if not kink and abs(slope - difference) > 1e-4 * abs(difference) + richardson(phi, 1e-4)[1]:
        raise ValueError(IMAGINARY_PART_LOST)


def check_not_flat(subject, gradient):
    """That value and gradient are not both zero, as those of a KL are where q is the prior.

    A gradient that is missing is told from one that is zero by the difference quotient: it is as large as the values.
    """
    if any(a is not None and a.any() for a in gradient.values()) or subject.scale():
        return
    phi = subject.along(np.random.default_rng([subject.seed, 3]).standard_normal(subject.at.value.size))
    h = float(step_size("central", subject.at.value.dtype))
    ahead, behind = phi(h), phi(-h)
    if abs(ahead - behind) <= 0.01 * (abs(ahead) + abs(behind)):
        raise ValueError("value and gradient are zero at x, where any factor would pass: check at another x")


def check_not_blind(subject, rows, compared):
    """That an error of 1 % would show in one parameter at least: not all stand on kinks, are zero or hidden."""
    if all(row.note == ON_KINKS for row in rows):
        raise ValueError(f"{', '.join(row.name for row in rows)} stands on a kink wherever it is moved, so there is "
                         "nothing left to check: move x")
    if any(not row.passed or row.note not in (HIDDEN, ON_KINKS) and not blank(row, compared) for row in rows):
        return
    if all(blank(row, compared) or row.note == ON_KINKS for row in rows):
        raise ValueError("the gradient is zero at x, where any factor would pass: check at another x")
    size = np.sqrt(sum((a**2).sum() for a in subject.gradient().values() if a is not None))
    raise ValueError(f"the gradient is {size:.1e} at x, of which rounding hides more than 1 % (the value is a sum of "
                     f"size {subject.scale():.1e}): an error of 1 % would pass. Check at another x, without large "
                     "constants, or with method='complex'")


def blank(row, compared):
    """Whether a coordinate test found the gradient to be zero, as it should be: true, but then 1 % of it is nothing."""
    return row.name in compared and not compared[row.name].size
