"""Each "Try it" of the notebooks, with the change that it suggests and the claim that its answer makes.

A row's cells run in this process, drawn but not made into files; `test_tries.py` runs them all, and
`python tests/notebooks/test_tries.py 04` those of one notebook.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Try:
    """Code that is replaced, in a notebook's cells as they run, and an expression that is true after them.

    `asked` are words of the "Try it"; `until` is the id of the last cell to run before the closing one, and `without`
    are the ids of cells that take long and that neither needs.
    """

    notebook: str
    asked: str
    change: dict[str, str]
    claim: str
    until: str | None = None
    without: tuple[str, ...] = ()


TRIES = [
    Try("01", "Set `sigma_g = 0.8`. Are there still two humps?", {"sigma_g = 0.3": "sigma_g = 0.8"},
        "(np.diff(np.sign(np.diff(density))) < 0).sum() == 2 and density[80] > 0.85 * density.max()", until="cell-08"),
    Try("01", "Lower `nodes` to 9.", {"nodes = 41  ": "nodes = 9  "}, "max(errors.values()) > 1e-3", until="cell-21"),
]
