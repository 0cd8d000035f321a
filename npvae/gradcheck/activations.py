"""Relations between a wrong and a right gradient of an elementwise function."""

import numpy as np

from npvae.gradcheck.evidence import Candidate


def activation(e):
    """Mistakes in an elementwise function: y for x, x for y, a factor y lost, a mask the wrong way round."""
    if not e.elementwise:
        return []
    with np.errstate(all="ignore"):
        slope = e.n / e.c
    found = []
    if e.explains(e.numeric(changed={e.name: e.y})):
        found.append(wrong_point("at y, where x belongs"))
    for formula in (lambda t: 1 - t * t, lambda t: t * (1 - t)):
        if np.allclose(slope, formula(e.y), rtol=1e-6, atol=1e-9) and e.explains(e.c * formula(e.v)):
            found.append(wrong_point("x stands in the formula where the output y belongs"))
    with np.errstate(all="ignore"):
        found += [Candidate("product", f"a factor {name} is missing in the product of back", f"Multiply by {name}")
                  for name, factor in (("y", e.y), ("1 − y", 1 - e.y)) if e.explains(np.nan_to_num(e.n / factor))]
    on = np.round(slope)
    # a mask lets through or not; slopes that are all 1, or 2, or −1, are those of no mask
    return found + masks(e, on) if np.allclose(slope, on, rtol=0, atol=1e-6) and set(on.flat) == {0, 1} else found


def wrong_point(what):
    """The candidate for a derivative taken at another point."""
    return Candidate("wrong point", f"the derivative is taken at the wrong point: {what}",
                     "Keep x and y of the forward pass apart in the closure", rank=0)


def masks(e, on):
    """For slopes 0 and 1: the mask of back is inverted, or always true."""
    found = []
    relu = np.array_equal(on == 1, e.v > 0) and not e.y[on == 0].any()
    if e.explains(e.c * (1 - on)):
        found.append(Candidate("mask", "the mask has the wrong sign: gradient passes where the unit is off",
                               "Multiply by [x > 0]" if relu else "Multiply by the mask of the forward pass", rank=0))
    if e.explains(e.c) and not e.y[on == 0].any():
        found.append(Candidate("mask", "the mask is always true: it is tested after the ReLU, where y ≥ 0 holds "
                               "everywhere", "Test the input, [x > 0]", rank=0) if relu else
                     Candidate("mask", "the mask of the forward pass is missing in back", "Multiply dy by it", rank=0))
    return found
