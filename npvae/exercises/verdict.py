"""What is said of an answer."""

import html
from dataclasses import dataclass

GREEN, RED = "#1a7f37", "#b42318"


@dataclass(frozen=True, repr=False)
class Verdict:
    """True if the answer is right; else `mistake` names what is wrong in a few words, and `sentence` says it."""

    task: str
    mistake: str = ""
    sentence: str = ""

    def __bool__(self):
        return not self.sentence

    def __repr__(self):
        return f"✓ {self.task}: right" if self else f"✗ {self.task}: {self.sentence}"

    def _repr_html_(self):
        color = GREEN if self else RED
        return (f'<div style="border-left: 4px solid {color}; padding: 4px 10px; color: {color}">'
                f"{html.escape(repr(self))}</div>")
