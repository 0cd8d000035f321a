"""The corpus: right code in corpus/FAMILY.py, and slips in it, one a line, in corpus/slips/FAMILY.txt.

    [case] names of the functions or classes that are changed
    text  =>  replacement  ??  words that a right sentence would hold, as alternatives

The slips were written before the diagnosis was tuned, and are not fitted to a relation that it knows. A text stands
exactly once in these functions; `\\n` is a line break, and an empty replacement leaves the text out.
"""

import ast
import importlib.util
import itertools
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
COUNT = itertools.count()


@dataclass(frozen=True)
class Slip:
    """One wrong place: `case` of `family`, where `old` in the functions `places` became `new`."""

    name: str
    family: str
    case: str
    places: tuple
    old: str
    new: str
    words: str

    def source(self, text):
        """The file with the slip in it, and the numbers of the lines that are wrong."""
        spans = [span for place in self.places for span in [span_of(text, place)]]
        found = [m for a, b in spans for m in (text.find(self.old, a, b),) if m >= 0]
        count = sum(text.count(self.old, a, b) for a, b in spans)
        if count != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {count} times in {', '.join(self.places)}, expected 1")
        start = found[0]
        wrong = text[:start] + self.new + text[start + len(self.old):]
        first = text.count("\n", 0, start) + 1
        # of what was left out the lines before and after count, too
        around = 0 if self.new.strip() else 1
        lines = range(first - around, first + self.new.rstrip("\n").count("\n") + 1 + around)
        return wrong, tuple(lines)


@cache
def span_of(text, name):
    """Where the function or class `name` stands in a file's text: (start, end)."""
    node = next(n for n in ast.parse(text).body if getattr(n, "name", None) == name)
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[:node.lineno - 1]))
    return start, start + sum(map(len, lines[node.lineno - 1:node.end_lineno]))


def slips(family):
    """The slips of a family, in the order of the file."""
    found, case, places = [], None, ()
    for line in (FOLDER / "slips" / f"{family}.txt").read_text().splitlines():
        header = re.fullmatch(r"\[(\w+)\] ([\w ]+)", line)
        if header:
            case, places = header[1], tuple(header[2].split())
        elif line.strip():
            old, rest = line.split(" => ", 1)
            new, words = rest.rsplit(" ?? ", 1)
            number = sum(s.case == case for s in found) + 1
            found.append(Slip(f"{family}/{case}/{number}", family, case, places, old.replace("\\n", "\n"),
                              new.replace("\\n", "\n"), words.strip()))
    return found


def families():
    """The names of all families of gradients."""
    return sorted(path.stem for path in (FOLDER / "slips").glob("*.txt") if not path.stem.startswith("elbos"))


def text_of(family):
    """The right file of a family."""
    return (FOLDER / f"{family}.py").read_text()


def load(text, folder):
    """The module of a file with this text, written to `folder` so that its source can be read."""
    name = f"brought_{next(COUNT)}"
    path = Path(folder) / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def says(words, sentence):
    """Whether a sentence holds one of the words: whole ones, numbers only as factors, letters as what is meant."""
    sentence = sentence.replace("−", "-")
    return any(re.search(_pattern(word), sentence, re.IGNORECASE if len(word) > 3 else 0)
               for word in re.split(r"\|", words) if word.strip())


def _pattern(word):
    word = word.strip()
    if re.fullmatch(r"[\d.]+|½", word):
        number = re.escape(word)
        return rf"(factor|the|a|by|is|times|plus|missing|lacks|[*/+-]) ?{number}(?![\w.]\w)|(?<![\w.]){number} times"
    if re.fullmatch(r"\w", word):
        # a name of one letter counts where the sentence is about it, not as the name of what is wrong
        return rf"(factor|by|times|lacks|missing|term|without|through|not) {word}(?![\w.:\[(])"
    text = word if "\\" in word else re.escape(word)
    before = r"(?<!\w)" if re.match(r"\w", word) else ""
    after = r"(?!\w)" if re.search(r"\w$", word) and len(word) < 4 else ""
    return before + text + after
