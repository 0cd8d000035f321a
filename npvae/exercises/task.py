"""A task: what is asked, the right function, where an answer is tried, and the mistakes that have names."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


class Wrong(Exception):
    """An answer is wrong: the mistake's name in a few words, and one sentence for the learner."""

    def __init__(self, mistake: str, sentence: str):
        # half a sentence may end in a question
        self.mistake, self.sentence = mistake, sentence.replace("?.", "?")
        super().__init__(self.sentence)


@dataclass(frozen=True)
class Task:
    """One exercise. The stub is made of `solution`, a function of np and npvae alone whose docstring says shapes.

    Attributes
    ----------
    name, title, points, text
        `name` is the function's name, too; `text` is Markdown with the formula.
    inputs
        `inputs(rng, B, K, …)` -> a tuple of arguments; the sizes of `sizes`, "B K", are distinct and from 3 to 8.
    hints
        Two: a push, and a plan.
    play
        Code for the learner to play with, e.g. a call.
    example
        () -> the arguments of that call: an answer that is right there alone holds its numbers.
    misconceptions
        (variant, sentence): a wrong function, called by what is wrong with it, and what to say of an answer that
        agrees with it at all inputs.
    laws
        (holds, sentence): holds(answer, *arguments) is False where an answer breaks what all right ones keep.
    edges
        {"where σ is 1e-3": rng -> arguments}: more inputs, tried last.
    terms
        {"the KL": f}: parts that the (first) value is the sum of, each called as the solution is.
    returns
        Names of what is returned: ("z", "w"). With `kind="back"`, of the value and the gradients: ("y", "dx", "dW").
    kind
        "value", or "back" for a function that returns (y, back).
    wrt
        With "back", the arguments that have a gradient; all by default.
    report
        answer -> a report of gradcheck or check_bound, whose sentence is said if no misconception fits.
    canonical
        (list of what is returned, args) -> list, the same for all right answers where several are.
    changes
        Arguments that are to be changed in place; they are compared, too.
    call
        (answer, *args) -> what is compared, if the answer is not called with the arguments; e.g. a class.
    judge
        (answer) -> None, or raises Wrong: takes the place of all comparison.
    one_row
        False: a single row, B = 1, is no edge case.
    tolerance, seconds
        Relative; of the processor, for one call.
    """

    name: str
    title: str
    points: int
    text: str
    solution: Callable
    inputs: Callable = lambda rng: ()
    sizes: str = ""
    hints: tuple[str, str] = ("", "")
    play: str = ""
    example: Callable | None = None
    misconceptions: Sequence[tuple[Callable, str]] = ()
    laws: Sequence[tuple[Callable, str]] = ()
    edges: Mapping[str, Callable] = field(default_factory=dict)
    terms: Mapping[str, Callable] = field(default_factory=dict)
    returns: tuple[str, ...] = ()
    kind: str = "value"
    wrt: tuple[str, ...] = ()
    report: Callable | None = None
    canonical: Callable | None = None
    changes: tuple[str, ...] = ()
    call: Callable | None = None
    judge: Callable | None = None
    tolerance: float = 1e-5
    seconds: float = 3.0
    one_row: bool = True
    notebook: str = ""

    @property
    def arguments(self) -> list[str]:
        """The names of the arguments that `inputs` gives."""
        names = list(inspect.signature(self.call or self.solution).parameters)
        return names[1:] if self.call else names

    @property
    def source(self) -> str:
        """The solution's source."""
        return textwrap.dedent(inspect.getsource(self.solution)).rstrip()

    @property
    def stub(self) -> str:
        """Signatures and docstrings of the solution; its body, or those of a class' methods, is left to the learner."""
        return _with_bodies(self.source, lambda indent, body: [f"{indent}raise NotImplementedError"])

    @property
    def marked(self) -> str:
        """The solution's source with nbgrader's marks around what the learner is to write."""
        return _with_bodies(self.source, lambda indent, body: [f"{indent}### BEGIN SOLUTION", *body,
                                                               f"{indent}### END SOLUTION"])


def _with_bodies(source, changed):
    lines, tree = source.splitlines(), ast.parse(source).body[0]
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)] if isinstance(
        tree, ast.ClassDef) else [tree]
    for function in reversed(functions):
        first = function.body[1 if ast.get_docstring(function) and len(function.body) > 1 else 0]
        start, end = first.lineno - 1, function.end_lineno
        # what stands between docstring and code, such as a comment, is of the solution
        while start and (not lines[start - 1].strip() or lines[start - 1].strip().startswith("#")):
            start -= 1
        body = [line for line in lines[start:end]]
        while not body[0].strip():
            body.pop(0)
        lines[start:end] = changed(" " * first.col_offset, body)
    return "\n".join(lines)
