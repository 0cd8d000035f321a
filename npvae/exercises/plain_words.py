"""NumPy's complaints about shapes in the names of the sizes, with what is most likely meant."""

import re

BROADCAST = re.compile(r"could not be broadcast together with (?:remapped )?shapes ((?:\([\d,]*\) ?)+)")
PRODUCT = re.compile(r"size (\d+) is different from (\d+)|\((?:\d+,)?(\d+)\) and \((\d+)(?:,\d+)?\) not aligned")


def size_in_names(n: int, sizes: dict[str, int]) -> str:
    """6 as "K", or "2K" if K is 3, or as it is.

    >>> size_in_names(6, {"K": 3}), size_in_names(5, {"K": 3})
    ('2K', '5')
    """
    names = {2 * size: f"2{name}" for name, size in sizes.items()} | {size: name for name, size in sizes.items()}
    return names.get(n, str(n))


def shape_in_names(shape: tuple, sizes: dict[str, int]) -> str:
    """(4, 3) as "(B, K)", if the sizes are known by these names.

    >>> shape_in_names((4, 3, 1), {"B": 4, "K": 3})
    '(B, K, 1)'
    """
    if shape == ():
        return "one number"
    items = [size_in_names(n, sizes) for n in shape]
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def about_shapes(said: str, sizes: dict[str, int]) -> str:
    """What an error message says about shapes, or "" if that is not its subject.

    >>> about_shapes("operands could not be broadcast together with shapes (4,) (4,3)", {"B": 4, "K": 3})
    'shapes (B,) and (B, K) do not go together: give the first one an axis more, [:, None]'
    """
    found = BROADCAST.search(said)
    if found:
        shapes = [tuple(int(n) for n in re.findall(r"\d+", text)) for text in found.group(1).split()][:2]
        if len(shapes) < 2:
            return ""
        first, second = (shape_in_names(shape, sizes) for shape in shapes)
        return f"shapes {first} and {second} do not go together{_advice(*shapes)}"
    found = PRODUCT.search(said)
    if found:
        right, left, *other = found.groups()
        left, right = (left, right) if left else other
        return (f"in the matrix product the left factor ends in {size_in_names(int(left), sizes)} and the right one "
                f"begins with {size_in_names(int(right), sizes)}: in another order, or transposed?")
    return ""


def _advice(a, b):
    for small, large, which in ((a, b, "first"), (b, a, "second")):
        if len(small) < len(large) and small == large[:len(small)]:
            axes = ", ".join([":"] * len(small) + ["None"] * (len(large) - len(small)))
            return f": give the {which} one an axis more, [{axes}]"
    return ": is one of them transposed?" if len(a) > 1 and a == b[::-1] else ""


def told_apart(a: float, b: float) -> tuple[str, str]:
    """Two numbers in four digits, or in as many as differ."""
    return next((pair for digits in range(4, 17) if (pair := (f"{a:.{digits}g}", f"{b:.{digits}g}"))[0] != pair[1]),
                (repr(a), repr(b)))
