"""Tidy tables for a terminal."""


def table(header: list[str], rows: list[list[str]]) -> str:
    """Rows of strings under a header, columns aligned: the first to the left, the others to the right.

    Examples
    --------
    >>> print(table(["claim", "nats"], [["ELBO", "1.0"], ["log p(x)", "12.5"]]))
    claim     nats
    --------------
    ELBO       1.0
    log p(x)  12.5
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = ["  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
             for row in [header, *rows]]
    return "\n".join([lines[0].rstrip(), "-" * len(lines[0]), *(line.rstrip() for line in lines[1:])])


def fixed(number: float, decimals: int) -> str:
    """A number with so many decimals, a zero without a sign.

    Examples
    --------
    >>> fixed(-0.0004, 3), fixed(-1e-16, 2), fixed(-0.1, 2)
    ('0.000', '0.00', '-0.10')
    """
    return f"{round(number, decimals) + 0.0:.{decimals}f}"


def signed(number: float, decimals: int) -> str:
    """As `fixed`, its minus no hyphen: for pictures and pages, where no program reads the number.

    >>> signed(-0.0004, 3), signed(-0.1, 2)
    ('0.000', '−0.10')
    """
    return fixed(number, decimals).replace("-", "−")
