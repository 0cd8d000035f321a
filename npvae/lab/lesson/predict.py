"""A question before a figure: one answer to choose, or a number, and what is wrong with each that is not right."""

from collections.abc import Mapping
from html import escape

STYLE = "border-left:4px solid #0072B2;padding:.3em .9em;margin:.4em 0;max-width:50em"


class Question:
    """What `predict` returns: a notebook shows its HTML, a terminal its words."""

    def __init__(self, question: str, answers: Mapping[str, tuple[str, str]], verdict: str):
        self.question, self.answers, self.verdict = question, answers, verdict

    def __repr__(self):
        lines = [f"Predict: {self.question}", *(f"  {shown}" for shown, _ in self.answers.values())]
        return "\n".join(lines + [self.verdict] * bool(self.verdict))

    def _repr_html_(self):
        folded = [f"<details><summary>{escape(shown, False)}</summary><p>{escape(why, False)}</p></details>"
                  for shown, why in self.answers.values()]
        verdict = f"<p><em>{escape(self.verdict, False)}</em></p>" if self.verdict else ""
        asked = f"<p><b>Predict.</b> {escape(self.question, False)}</p>"
        return f'<div style="{STYLE}">{asked}{"".join(folded)}{verdict}</div>'


def predict(question: str, answers: Mapping[str, str] | None = None, *, right: str | None = None,
            because: Mapping[str, str], number: float | None = None, tolerance: float = 0.0,
            yours: str | float | None = None) -> Question:
    """A question with two to four answers, or with a number for one; each unfolds to what is right or wrong in it.

    Parameters
    ----------
    answers, right
        What may be chosen, by letter, and the letter of the right one.
    number, tolerance
        The right number instead, and how far off a guess may be.
    because
        For each letter what is wrong with it, or why it is right; for a number for "low", "right" and "high".
    yours
        The reader's own answer, set in the cell. Whatever it is, it is answered and ends in no error.

    >>> predict("Which way does the bar go?", {"a": "up", "b": "it stays"}, right="b", yours="a",
    ...         because={"a": "log p(x) knows nothing of q", "b": "log p(x) has no q in it"})
    Predict: Which way does the bar go?
      (a) up
      (b) it stays
    Your answer (a) is not right: log p(x) knows nothing of q
    >>> predict("How many nats is a bit?", number=0.69, tolerance=0.01, yours=1, because={"low": "a nat is more",
    ...         "right": "log 2", "high": "a bit is the smaller unit"})
    Predict: How many nats is a bit?
      the answer
    Your answer 1 is too high: a bit is the smaller unit
    """
    if (answers is None) == (number is None):
        raise ValueError("a question has either answers, {'a': …, 'b': …}, or a number: pass one of the two")
    if number is None:
        _check_letters(answers, right, because)
        shown = {letter: (f"({letter}) {answer}", ("Right: " if letter == right else "No: ") + because[letter])
                 for letter, answer in answers.items()}
        return Question(question, shown, _about_letter(yours, right, because))
    if set(because) != {"low", "right", "high"} or tolerance < 0:
        raise ValueError(f"a number's `because` has the keys low, right and high, and its tolerance is not negative; "
                         f"got {sorted(because)} and {tolerance}")
    shown = {"answer": ("the answer", f"{number:g}: {because['right']}")}
    return Question(question, shown, _about_number(yours, number, tolerance, because))


def _check_letters(answers, right, because):
    if not 2 <= len(answers) <= 4 or right not in answers or set(because) != set(answers):
        raise ValueError(f"a question has two to four answers, one of them right, and a `because` for each; "
                         f"got answers {sorted(answers)}, right {right!r}, because {sorted(because)}")


def _about_letter(yours, right, because):
    if yours is None:
        return ""
    letter = str(yours).strip().lower().strip("()")
    if letter not in because:
        return f"Your answer {yours!r} is none of {', '.join(because)}."
    return f"Your answer ({letter}) is {'right' if letter == right else 'not right'}: {because[letter]}"


def _about_number(yours, number, tolerance, because):
    if yours is None:
        return ""
    try:
        off = float(yours) - number
    except (TypeError, ValueError):
        off = float("nan")
    if off != off:
        return f"Your answer {yours!r} is no number."
    key = "right" if abs(off) <= tolerance else "high" if off > 0 else "low"
    return f"Your answer {yours} is {key if key == 'right' else 'too ' + key}: {because[key]}"
