"""Which lines of the package each test runs, and how long it takes: what a mutant is tried on, and in which order."""

import os
import sys

from mutants import ROOT

ENOUGH = 40     # calls of one function in a test; whatever later ones reach is seldom new


class Reached:
    """While it is entered, gathers the lines of npvae that run, {file: set of lines}, and processor time, seconds."""

    def __init__(self):
        self.lines, self.seconds = {}, 0.0
        self._left, self._inside = {}, str(ROOT / "npvae")

    def __enter__(self):
        self._began = sum(os.times()[:4])
        sys.settrace(self._call)
        return self

    def __exit__(self, *_):
        sys.settrace(None)
        self.seconds = sum(os.times()[:4]) - self._began

    def _call(self, frame, event, arg):
        code = frame.f_code
        if not code.co_filename.startswith(self._inside):
            return None
        # once a function has been seen often, or all of it, it runs at full speed
        calls, unseen = self._left.get(code) or (0, {line for *_, line in code.co_lines() if line})
        self._left[code] = calls + 1, unseen
        if calls > ENOUGH or not unseen:
            return None
        lines = self.lines.setdefault(code.co_filename[len(str(ROOT)) + 1:], set())
        lines.add(frame.f_lineno)

        def line(frame, event, arg):
            lines.add(frame.f_lineno)
            unseen.discard(frame.f_lineno)
            if not unseen:
                # all of it has been seen, however long its loops are
                frame.f_trace_lines = False
            return line

        return line
