"""Names for a wrong factor: 2, ½, or a size that a sum or a mean runs over."""

from npvae.gradcheck.evidence import Candidate


def named_factor(k, sizes):
    """What a factor is called, and what it tells: a list of (name, reading), empty if k has no name.

    Parameters
    ----------
    k : float
    sizes : dict of str to float

    Examples
    --------
    >>> named_factor(0.2, {"B": 5, "D": 3})
    [('1/B', 'a mean over B where the value takes the sum')]
    >>> named_factor(2.5, {"B": 5, "D": 3})
    []
    """
    found = []
    if same(k, 2):
        found.append(("2", "a ½ is missing, or something is counted twice"))
    if same(k, 0.5):
        found.append(("½", "the 2 of a square or of log σ² is missing"))
    for name, size in sizes.items():
        whole, under = float(size).is_integer(), f"({name})" if " or " in name else name
        if same(k, size):
            found.append((name, f"a sum over {name} where the value takes the mean" if whole
                          else f"a 1/{under} is missing"))
        if same(k, 1 / size):
            # the same number by chance, if the array is as small as exponents are
            power = f", or the {size:g} of a power is missing" if size in (3, 4) else ""
            found.append((f"1/{under}", f"a mean over {name} where the value takes the sum{power}" if whole
                          else f"a factor {name} is missing"))
    return found or products(k, sizes)


def products(k, sizes):
    """Products of two sizes, if no size alone fits."""
    sizes = {f"({name})" if " or " in name else name: size for name, size in sizes.items()}
    pairs = [(a, b) for i, a in enumerate(sizes) for b in list(sizes)[i + 1:]]
    found = [(f"{a}·{b}", f"sums over {a} and {b} where the value takes means") for a, b in pairs
             if same(k, sizes[a] * sizes[b])]
    return found + [(f"1/({a}·{b})", f"means over {a} and {b} where the value takes sums") for a, b in pairs
                    if same(k, 1 / (sizes[a] * sizes[b]))]


def factor_candidates(evidence):
    """The gradient is a constant times the right one."""
    if not evidence.n[evidence.block].any():
        return []
    k = multiple(evidence)
    if abs(k) < 1e-6 or same(k, 1) or not evidence.explains(k * evidence.n):
        return []
    if same(k, -1):
        return [Candidate("sign", "the gradient has the wrong sign", "Flip it where back forms it")]
    names = named_factor(abs(k), evidence.sizes)
    minus = "−" if k < 0 else ""
    if names:
        # a size that is no count, as σ, gives way to a relation that explains where it comes from
        return [Candidate("factor", f"the gradient is {minus}{name} times the right one: {reading}"
                          + (", and the sign is wrong" if minus else ""),
                          f"Take the factor {minus}{name} out, in back or in the value",
                          rank=1 if same(max(abs(k), 1 / abs(k)), round(max(abs(k), 1 / abs(k)))) else 2)
                for name, reading in names]
    if evidence.a[evidence.block].size < 2:
        return []
    return [Candidate("factor", f"the gradient is {k:.6g} times the right one, everywhere the same factor",
                      f"Look for a constant {k:.6g} that the value has not", rank=3)]


def multiple(evidence):
    """The k for which ‖a − k n‖ is least on the block, 0 if n is zero there."""
    a, n = evidence.a[evidence.block], evidence.n[evidence.block]
    return float((a * n).sum() / ((n * n).sum() or 1))


def same(k, value):
    """Equal to rounding of a numeric gradient."""
    return abs(k - value) <= 1e-5 * abs(value)
