"""`gradcheck`: hold a gradient against finite differences, refuse a check that could not fail, and name the mistake."""

from contextlib import contextmanager

import numpy as np

from npvae.checks import whole
from npvae.gradcheck.diagnosis import diagnose
from npvae.gradcheck.differences import METHODS, tolerance_of
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
from npvae.gradcheck.rows import rows_of
from npvae.gradcheck.subjects import Subject
from npvae.nn.parameters import has_parameters

MANY = 10_000       # more numbers than this are checked in random directions


def gradcheck(f, x, *, method=None, call=None, upstream=None, dtype=None, tolerance=None, sizes=None, terms=None,
              directions=20, seed=0, name=None, diagnosis=True):
    """Check an analytic gradient, and say what is wrong with it.

    Parameters
    ----------
    f : callable, layer or model
        `f(x) -> (y, back)` with `dx = back(dy)`, or `f(x) -> (value, gradient)`. The parameters of anything with
        `arrays` and `on` (a layer, a chain, a likelihood) are checked along with x. A generative model is checked
        through its ELBO, for θ and random rows q at the data x. Draw noise outside.
    x : array or dict of arrays
        Where. A dict is given to f as it is, and its gradient is a dict with the same names.
    method : str, optional
        "central", "five_point", "richardson", "complex" (every coordinate), "direction" or "taylor"; "central" by
        default, and "direction" for more than 10,000 numbers.
    call : callable (f, x) -> (y, back), optional
        For a part whose gradient comes from a method: `call=lambda latent, q: latent.kl(q)`.
    upstream : array, optional
        dy; random by default. With your own, that back is linear in dy is not asked.
    dtype : numpy dtype, optional
        float64. float32 only if you say so: its differences are good to some 1e-5 and are judged at 1e-3.
    tolerance : float, optional
        Of ‖a − n‖ / (‖a‖ + ‖n‖); for "taylor", of |slope − 2|.
    sizes : dict of str to float, optional
        Names for numbers that a wrong factor may be: `{"B": 5, "D": 3}`. By default the sizes of x and y.
    terms : dict of str to callable, optional
        The parts that the value is a sum of, each called as f is, so that a part left out can be named.
    directions : int
        For "direction".
    seed : int
        Of the upstream gradient and the directions.
    name : str, optional
        For the report.
    diagnosis : bool
        False spares the diagnosis of a failed check.

    Returns
    -------
    report : Report

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
    >>> gradcheck(tanh, np.array([[0.3, -1.2]])).passed
    True
    >>> report = gradcheck(lambda x: (np.sum(x**2), x), np.array([1.0, 2.0]))
    >>> report.diagnosis[0].kind
    'factor'
    """
    seed = whole("seed", seed, least=0)
    if call is None and all(hasattr(f, part) for part in ("latent", "decoder", "likelihood")):
        from npvae.gradcheck.elbo_check import check_elbo

        given = {"sizes": sizes, "terms": terms, "name": name, "upstream": upstream, "dtype": dtype}
        return check_elbo(f, x, seed=seed, method=method, tolerance=tolerance, directions=directions,
                          diagnosis=diagnosis, **{n: option for n, option in given.items() if option is not None})
    if call is None and not callable(f):
        raise ValueError(f"f is {name_of(f)}, expected a function x -> (y, back) or x -> (value, gradient), a layer, "
                         "or a LatentVariableModel")
    sizes, terms = check_options(call, sizes, terms)
    x, dtype = check_dtypes(f, x, dtype)
    whole("directions", directions)
    with _in_words(f, x):
        subject = Subject(f, x, call, upstream, dtype, seed)
    check_upstream(subject)
    method = method if method is not None else ("central" if subject.at.value.size <= MANY else "direction")
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    tolerance = check_tolerance(method, tolerance_of(method, dtype) if tolerance is None else tolerance)
    with _in_words(f, x):
        gradient = check_determinism(subject)
    check_not_flat(subject, gradient)
    if method == "complex":
        check_complex_step(subject)
    rng = np.random.default_rng([seed, 1])
    rows, compared = rows_of(subject, gradient, method, tolerance, directions, rng)
    check_not_blind(subject, rows, compared)
    if upstream is None and all(row.passed for row in rows):
        check_linear(subject)
    report = Report(name_of(f) if name is None else str(name), rows, method, np.dtype(dtype).name, subject=subject,
                    notes=[f"{n} gets no gradient and was not checked" for n, a in gradient.items() if a is None])
    if diagnosis and not report.passed:
        report.diagnosis = diagnose(subject, gradient, report, sizes, terms)
    return report


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


def name_of(f):
    """What to call f in a report."""
    return getattr(f, "__name__", None) or repr(f).splitlines()[0]
