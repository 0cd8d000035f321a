"""What a search for the wrong line has found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Repair:
    """The line that is wrong, and the edit that mends it.

    `after` is empty where a statement is put in or moved, as `what` says. `where` is "shape" if the edit is right at
    another shape, too, "point" if only at other points; `forward` tells that the line is one of the forward pass;
    `sure` is false if another edit of the line, that is not equal to it, would do as well; `goal` is what it mends;
    `also` is the number of another line where the like would do as well. Where several lines are wrong, `mends` are the
    gradients that this edit makes right, `more` the other edits, and `left` the gradients that no edit was found for.
    """

    file: str
    line: int
    before: str
    after: str
    what: str
    where: str = "point"
    forward: bool = False
    sure: bool = True
    goal: str = "the gradient"
    also: int | None = None
    mends: str = ""
    more: tuple = ()
    left: str = ""

    def hint(self, level: int) -> str:
        """The reason, the line, the edit."""
        said = [self._hint(level) + (f" That mends {self.mends}." if self.mends else "")]
        said += [other.hint(level) for other in self.more]
        return " ".join(said + [f"No small edit makes {self.left} right."] * bool(self.left))

    def _hint(self, level):
        line = f"line {self.line}: `{self.before}`"
        if level == 1:
            return f"{self.what}."
        if level == 2:
            return f"{line} is wrong{f', or line {self.also}' if self.also else ''}."
        either = " (or your forward pass is wrong)" if self.forward else ""
        also = f"; the like in line {self.also} would do as well" if self.also else ""
        if not self.sure:
            return f"{line} is wrong; more than one edit of it makes {self.goal} right{either}{also}."
        only = "at this shape" if self.goal == "the gradient" else "with this model"
        unconfirmed = also if self.where == "shape" else f"{also}; tried {only} only"
        if self.after in ("", "pass"):
            return f"{line}: {self.what}{either}{unconfirmed}."
        return f"{line} should be `{self.after}`: {self.what}{either}{unconfirmed}."


@dataclass(frozen=True)
class NotAvailable:
    """Why no line is named; false."""

    why: str

    def __bool__(self):
        return False

    def hint(self, level: int) -> str:
        """That there is none."""
        return f"not available: {self.why}."
