"""`gradcheck`: hold a gradient against finite differences, refuse a check that could not fail, and name the mistake."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import partial

import numpy as np

from npvae.checks import shown, truth, whole
from npvae.declared import declares
from npvae.dialects import understood
from npvae.dialects.arguments import is_container
from npvae.dialects.calling import Subject, name_of
from npvae.differences import METHODS, tolerance_of
from npvae.gradcheck.comparison import rows_of
from npvae.gradcheck.diagnosis import diagnose
from npvae.gradcheck.refusals import (
    check_complex_step,
    check_determinism,
    check_dtypes,
    check_linear,
    check_not_blind,
    check_not_flat,
    check_options,
    check_tolerance,
    check_upstream,
)
from npvae.gradcheck.report import Report
from npvae.inference.elbo import elbo as package_elbo
from npvae.models import MonteCarlo
from npvae.models.data import as_floats
from npvae.nn.parameters import has_parameters
from npvae.repair import find_repair

COORDINATES = ("central", "five_point", "richardson", "complex")
MANY = 10_000       # more numbers than this are checked in random directions


def gradcheck(f, x, *more, method: str | None = None, call: Callable | None = None, upstream=None, dtype=None,
              tolerance: float | None = None, sizes: Mapping[str, float] | None = None,
              terms: Mapping[str, Callable] | None = None, directions: int = 20, seed: int = 0,
              name: str | None = None, diagnosis: bool = True, repair: bool = True) -> Report:
    """Check an analytic gradient, and say what is wrong with it.

    Parameters
    ----------
    f : callable, pair, layer or model
        `f(x) -> (y, back)` with `dx = back(dy)`, or `f(x) -> (value, gradient)`. A pair `(forward, backward)` with
        `out, cache = forward(x)` and `dx = backward(dout, cache)`, or `(fun, jac)`. A layer with `forward` and
        `backward`, whose parameters are found with their gradients (W with dW, params with grads); each call is on a
        fresh copy. Of anything with `arrays` and `on` (the package's own) the parameters are checked, too. A
        generative model is checked through its ELBO, for θ and random rows q at the data x. Draw noise outside.
    x, *more
        Where: one or several arguments of f. Each is an array, or a dict, list or tuple of arrays, nested or not, and
        its gradient is built in the same way. Integers and booleans are held constant.
    method
        "central", "five_point", "richardson", "complex" (every coordinate), "direction" or "taylor"; "central" by
        default, and "direction" for more than 10,000 numbers.
    call
        For a part whose gradient comes from a method: `call=lambda latent, q: latent.kl(q)` gives (y, back).
    upstream : array, optional
        dy; random by default. With your own, that back is linear in dy is not asked.
    dtype : numpy dtype, optional
        float64. float32 only if you say so: its differences are good to some 1e-5 and are judged at 1e-3.
    tolerance
        Of ‖a − n‖ / (‖a‖ + ‖n‖); for "taylor", of |slope − 2|.
    sizes
        Names for numbers that a wrong factor may be: `{"B": 5, "D": 3}`. By default the sizes of x and y.
    terms
        The parts that the value is a sum of, each called as f is, so that a part left out can be named.
    directions
        For "direction".
    seed
        Of the upstream gradient and the directions.
    name
        For the report.
    diagnosis
        False spares the diagnosis of a failed check.
    repair
        False spares the search for the line that is wrong. A failed check makes it once its report is printed, or
        asked with `report.hint(1)` for the sentence, `(2)` the line, `(3)` the edit: up to ten seconds.

    Returns
    -------
    report : Report
        True if the gradient is right.

    Raises
    ------
    ValueError
        If f cannot be called so, or the check would be worthless: float32 without being told, an f that answers
        differently on a second call, a zero upstream gradient, a tolerance or a rounding error at which an error of
        1 % would pass.

    Notes
    -----
    Step sizes after Nocedal & Wright 2006, section 8.1; complex step: Squire & Trapp 1998.

    Examples
    --------
    >>> from npvae.nn import tanh
    >>> bool(gradcheck(tanh, np.array([[0.3, -1.2]])))
    True
    >>> report = gradcheck(lambda x: (np.sum(x**2), x), np.array([1.0, 2.0]))
    >>> report.diagnosis[0].kind
    'factor'
    """
    seed, diagnosis, repair = whole("seed", seed, least=0), truth("diagnosis", diagnosis), truth("repair", repair)
    if call is None and all(hasattr(f, part) for part in ("latent", "decoder", "likelihood", "data_dim")):
        given = {"sizes": sizes, "terms": terms, "name": name, "upstream": upstream, "dtype": dtype}
        given = {option: value for option, value in given.items() if value is not None}
        return check_elbo(f, x, seed=seed, method=method, tolerance=tolerance, directions=directions,
                          diagnosis=diagnosis, repair=repair, **given)
    sizes, terms = check_options(call, sizes, terms)
    whole("directions", directions)
    with _in_words(f, x):
        f, arguments, called, notes = understood(f, (x, *more), call)
        if call is None and not callable(f):
            raise ValueError(f"f is {shown(f)}, which cannot be called: say with call= how y, back come of it")
        dtype = check_dtypes(f, arguments.arrays, dtype)
        subject = Subject(f, arguments, call, upstream, dtype, seed)
    check_upstream(subject)
    method = method if method is not None else ("central" if subject.at.value.size <= MANY else "direction")
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    tolerance = check_tolerance(method, tolerance_of(method, dtype) if tolerance is None else tolerance)
    with _in_words(f, x):
        gradient = check_determinism(subject)
    rows, compared = _checked_rows(subject, gradient, method, tolerance, directions, linear=upstream is None)
    notes += [f"{n} gets no gradient and was not checked" for n, a in gradient.items() if a is None]
    notes += [f"{n} is held constant" for n, _ in arguments.constants]
    report = Report(str(name or called or name_of(f)), rows, method, np.dtype(dtype).name, notes=notes, subject=subject)
    if diagnosis and not report.passed:
        report.diagnosis = diagnose(subject, gradient, report, sizes, terms, gradcheck)
    if repair and not report.passed:
        report.search = partial(find_repair, subject, gradient, compared if method in COORDINATES else None)
    return report


def _checked_rows(subject, gradient, method, tolerance, directions, linear):
    check_not_flat(subject, gradient)
    if method == "complex":
        check_complex_step(subject)
    how = subject, gradient, method, tolerance, directions
    rows, compared = rows_of(*how, np.random.default_rng([subject.seed, 1]))
    if not all(row.passed for row in rows) and subject.cancels():
        # what looked wrong may be rounding
        rows, compared = rows_of(*how, np.random.default_rng([subject.seed, 1]))
    check_not_blind(subject, rows, compared)
    if linear and all(row.passed for row in rows):
        check_linear(subject)
    return rows, compared


def assert_gradients(f, x, *more, **options) -> None:
    """`gradcheck` for a test: an AssertionError holds the whole table, and the sentence that names the mistake.

    Examples
    --------
    >>> from npvae.nn import tanh
    >>> assert_gradients(tanh, np.array([[0.3, -1.2]]))
    """
    unknown = set(options) - set(inspect.signature(gradcheck).parameters)
    if unknown:
        raise TypeError(f"assert_gradients() got the option {min(unknown)}, expected those of gradcheck")
    report = gradcheck(f, x, *more, **options)
    if not report:
        raise AssertionError(str(report))


@contextmanager
def _in_words(f, x):
    try:
        yield
    except ValueError as problem:
        if not has_parameters(f) or not any(word in str(problem) for word in ("matmul", "broadcast", "not aligned")):
            raise
        # of a layer NumPy's own words say only which of its arrays do not go together
        raise ValueError(f"{name_of(f)} cannot be called at x of shape {np.shape(x)}: {problem}; expected an x that it "
                         "takes") from problem
    except (TypeError, AttributeError, IndexError, KeyError) as problem:
        if not is_container(x) or not isinstance(x, list | tuple):
            raise
        raise ValueError(f"{name_of(f)} cannot be called at x, a {type(x).__name__} that it is given as it is "
                         f"({type(problem).__name__}: {problem}): for several arguments write gradcheck(f, a, b)"
                         ) from problem


def check_elbo(model, x, q=None, noise=None, elbo: Callable = package_elbo, seed: int = 0, **options) -> Report:
    """Check ∂L/∂θ and ∂L/∂q of an ELBO of a model, at data x (B, D), floats or uint8 images 0 … 255.

    By default the rows q (B, R) are random, the noise three Monte-Carlo draws, and `elbo(model, q, x, noise) -> (value
    (B,), back)` the package's own; options as in `gradcheck`.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> bool(check_elbo(probabilistic_pca(2, 3, sigma_g=0.5), np.ones((4, 3))))
    True
    """
    rng, x = np.random.default_rng([seed, 4]), as_floats(x, model.data_dim, model.likelihood)
    q = 0.5 * rng.standard_normal((len(x), model.latent.row_size)) if q is None else q
    if noise is None and not declares(model.latent, "nodes are all z"):
        noise = MonteCarlo(3)(rng, len(x), model.latent.dim)

    def call(model, inputs):
        value, back = elbo(model, inputs["q"], x, noise)
        return value, lambda dvalue: {"q": back(dvalue)}

    def reconstruction(model, inputs):
        z, w, _ = model.latent.nodes(inputs["q"], noise)
        return (w * model.log_likelihood(x, z)[0]).sum(0)

    def kl(model, inputs):
        return -model.latent.kl(inputs["q"])[0]

    sizes = {"B": len(x), "D": x.shape[1], "K": model.latent.dim} | ({"S": len(noise.w)} if noise is not None else {})
    named = {"terms": {"the reconstruction E_q log p(x|z)": reconstruction, "the KL": kl}, "sizes": sizes,
             "name": "ELBO"}
    return gradcheck(model, {"q": q}, call=call, seed=seed, **(named | options))
