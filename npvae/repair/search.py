"""The line that is wrong: the smallest edit of the user's source that makes the gradient right.

The functions that the check runs are found (`sources`), their values nudged to see which feed what is wrong (`slots`),
and edits tried there, cheap ones first (`candidates`, `fits`), in a child process (`trial`). An edit that mends the
gradient at this point is believed only if it does so at others and at another shape, where there is one. Nothing is
written to the user's file.
"""

import ast
import os
import time
import warnings
from dataclasses import replace

import numpy as np

from npvae.repair.candidates import slips
from npvae.repair.fits import missing, missing_in_a_loop, missing_product, two_missing
from npvae.repair.intermediate import WRONG, targets
from npvae.repair.result import NotAvailable, Repair
from npvae.repair.reuse import names, reused
from npvae.repair.scope import Scope
from npvae.repair.slots import ALONE, BOTH, EARLY, PART, Watch
from npvae.repair.sources import Reached
from npvae.repair.statements import statements
from npvae.repair.trial import Bench, Overrun, at_most, in_child, resource

SECONDS = 6.5       # of search, of the processor; on a busy machine it takes up to PATIENCE times as long
PATIENCE = 3.0
MOST, EACH = 6, 2   # edits that are looked for once one is found: in all, and in one place
HARDLY = 12         # characters by which an edit is hardly larger
USUAL = (0, 1, -1, 2, -2, 0.5, -0.5, 0.25, 4)


def find_repair(subject, gradient, compared=None, seconds=SECONDS):
    """The `Repair` of a failed check, or `NotAvailable`."""
    reached, names = Reached(subject.part, subject.call), [n for n, a in gradient.items() if a is not None]
    if not names:
        return NotAvailable("there is no gradient")

    def bench():
        return Bench(subject, reached, names, compared)

    return searched(reached, bench, seconds)


def searched(reached, bench, seconds=SECONDS, goal="the gradient"):
    """The edit that makes the goal right at the `bench()` that the child process sets up, or `NotAvailable`."""
    if not reached.sources:
        return NotAvailable("the source cannot be read")
    danger = reached.forbidden()
    if danger:
        return NotAvailable(f"the source names {danger}, so it is not edited")
    if resource is None:
        return NotAvailable("edits are tried in a child process with limits, which this system has not")

    def work():
        warnings.simplefilter("ignore")
        try:
            start = time.process_time()
            return Search(bench(), reached, start + seconds, goal).found() or NotAvailable(
                f"no small edit makes {goal} right")
        except Exception as problem:        # of somebody else's code, which does not keep a report from being made
            return NotAvailable(f"the search broke off: {problem!r}")

    found = in_child(work, PATIENCE * seconds + 1.5)
    return NotAvailable("the search took too long") if found is None else found


class Search:
    """The search in the child process."""

    def __init__(self, bench, reached, end, goal):
        self.bench, self.reached, self.goal = bench, reached, goal
        self.start, self.end = time.process_time(), end
        self.latest = time.monotonic() + PATIENCE * (end - self.start)
        self.watch = Watch(reached, bench)
        self.watch.look(bench.wrong())
        self.wrong, self.parts = bench.wrong_names(bench.before), []
        self.scopes, self.tried, self.slow = {}, set(), {}
        # functions that others call: what is wrong in one place is more likely wrong there
        self.helpers = {getattr(n.func, "id", getattr(n.func, "attr", "")) for s in reached.sources
                        for n in ast.walk(s.tree) if isinstance(n, ast.Call)} - {"forward", "backward"}
        self.held = bench.held(self.watch)
        for slot in self.watch.slots:
            # what feeds a right gradient is right, whatever its name says
            if slot.moved is not None and bench.feeds_right(slot.moved):
                self.held = {n: h for n, h in self.held.items() if h is not WRONG or n not in targets(slot)}
        self.tainted = self._spread()

    def found(self):
        """The repair, or None."""
        best = []
        for stage in self._stages():
            here = {}
            for candidate in stage:
                if self._is_over() or here and self._unlikely(candidate.slot) or sum(here.values()) > MOST:
                    break
                if here.get(candidate.slot, 0) < EACH and self._mends(candidate):
                    where = self.bench.confirmed(candidate.slot.source, candidate.tree)
                    if where:
                        best.append((self._cost(candidate, where), candidate, where))
                        if not best[-1][0][0]:
                            here[candidate.slot] = here.get(candidate.slot, 0) + 1
                            self._hurry()
            # what is likely to be elsewhere is kept for want of something better
            if any(not cost[0] for cost, *_ in best) or self._is_over():
                break
        best.sort(key=lambda one: one[0])
        # a line whose value alone is wrong before an edit at an unlikely place
        line = self.bench.located(self.watch) if not best or best[0][0][0] else None
        if line or not best:
            return line or self._of_parts()
        likely = [one for one in best if one[0][0] == best[0][0][0]]
        _, candidate, where = likely[0]
        return self._said(candidate, where, self._equal(likely), self._as_well(likely))

    def _of_parts(self):
        """Edits that each make some of the wrong gradients right, as one `Repair`, or None."""
        left, chosen = set(self.wrong), []
        for _, candidate, where, mended in sorted(self.parts, key=lambda one: (-len(one[3]), one[0])):
            if mended <= left:
                left -= mended
                chosen.append(replace(self._said(candidate, where, True, None), mends=", ".join(sorted(mended))))
        return replace(chosen[0], more=tuple(chosen[1:]), left=", ".join(sorted(left))) if chosen else None

    def _hurry(self):
        # where one edit is found, others are looked for a while only
        self.end = min(self.end, time.process_time() + 1.0 + 0.5 * (time.process_time() - self.start))

    def _as_well(self, best):
        """The number of another line of which an edit that is hardly larger does as well, or None."""
        (cost, first, _), *others = best
        return next((c.slot.line for k, c, _ in others if c.slot.line != first.slot.line
                     and k[:3] == cost[:3] and k[3] <= cost[3] + HARDLY), None)

    def _is_over(self):
        return time.process_time() > self.end or time.monotonic() > self.latest

    def _equal(self, best):
        """Whether edits of the first one's slot come to one value; if unconfirmed, with other whole numbers, too."""
        (_, first, where), *others = [one for one in best if one[1].slot is best[0][1].slot]
        return all(self._alike(first, other, where) for _, other, _ in others)

    def _alike(self, first, other, where):
        if first.expression is None or other.expression is None:
            return where == "shape" and first.expression is other.expression
        scope = self._scope(first.slot)
        for move in (0, 3) if where != "shape" else (0,):
            values = [scope.worked_out(c.expression, move) for c in (first, other)]
            if all(isinstance(v, np.ndarray | float | int | np.number) for v in values) and not (
                    np.shape(values[0]) == np.shape(values[1]) and np.allclose(*values, rtol=1e-6)):
                return False
        return True

    def _said(self, candidate, where, sure, also):
        statement = candidate.slot.statement
        # what is put in or moved is said in words
        inside = any(node is statement for node, *_ in candidate.path)
        after = ast.unparse(candidate.statement) if inside else ""
        return Repair(candidate.slot.source.file, candidate.slot.line, ast.unparse(statement), after, candidate.what,
                      where, candidate.slot.early, sure, self.goal, also)

    def _unlikely(self, slot):
        """Whether what the slot computes is right as it is, made from what is wrong further up, early, or a helper."""
        uses = {n.id for n in ast.walk(slot.node) if isinstance(n, ast.Name)}
        elsewhere = slot.early or slot.source.name in self.helpers or bool(uses & self.tainted)
        return elsewhere or any(self.held.get(n) for n in targets(slot))

    def _spread(self):
        """The names that are wrong, or made from what is wrong."""
        tainted, before = {n for n, held in self.held.items() if held is WRONG}, None
        while tainted != before:
            before = set(tainted)
            for slot in self.watch.slots:
                if {n.id for n in ast.walk(slot.node) if isinstance(n, ast.Name)} & tainted:
                    tainted |= {n for n in targets(slot) if not self.held.get(n)}
        return tainted

    def _cost(self, candidate, where):
        """The size of the edit: what it adds counts whole, what it takes away half; where it is less likely, more."""
        slot = candidate.slot
        before, after = map(ast.unparse, (candidate.path[-1][0], candidate.new))
        bare = isinstance(slot.node, ast.Name) and isinstance(slot.statement, ast.Return)
        copies = isinstance(slot.node, ast.Name) and isinstance(slot.statement, ast.Assign)
        size = _added(before, after) + _added(after, before) / 2
        # 1.5 or 7 is seldom what was meant, and a limit that limits nothing is one too much
        above = candidate.path[-2][0] if len(candidate.path) > 1 else None
        clamp = getattr(getattr(above, "func", None), "attr", "") in ("maximum", "minimum", "clip")
        number = isinstance(candidate.new, ast.Constant)
        odd = number and candidate.new.value not in USUAL or 4 * (number and clamp)
        wrong = any(self.held.get(n) is WRONG for n in targets(slot))
        return (self._unlikely(slot), not wrong, where != "shape",
                size + 12 * bare + 4 * odd, not copies, -slot.line)

    def _scope(self, slot):
        if slot not in self.scopes:
            self.scopes[slot] = Scope(slot, self.reached.sources, self.bench.beside)
        return self.scopes[slot]

    def _stages(self):
        """Candidates in stages; within one, all are tried and the simplest is said."""
        slots = sorted(self.watch.slots, key=self._unlikely)
        own = {rank: [s for s in slots if s.rank == rank] for rank in (ALONE, BOTH, PART, EARLY)}
        likely = [s for s in self.watch.slots if any(self.held.get(n) is WRONG for n in targets(s))
                  and not self._unlikely(s)] if self.bench.certain else []
        groups = likely, own[ALONE], own[BOTH], own[PART]
        for slots in groups:
            yield self._each(slots, slips, self._reaches)
            yield self._each(slots, statements)
            yield self._each(slots, names, self._reaches)
        for slots in (*groups, own[EARLY]):
            if slots is own[EARLY]:
                yield self._each(slots, slips, self._reaches)
                yield self._each(slots, statements)
                yield self._each(slots, names, self._reaches)
            yield self._each(slots, missing, self._measured)
            yield self._each(slots, missing_in_a_loop, self._reaches)
            yield self._each(slots, reused, self._reaches)
        for slots in groups:
            yield self._each(slots, missing_product, self._measured)
            yield self._each(slots, two_missing, self._measured)

    def _each(self, slots, edits, worth=lambda slot: True):
        for slot in slots:
            if not self._is_over() and worth(slot):
                yield from self._guarded(edits(slot, self._scope(slot), self.bench))

    def _guarded(self, edits):
        try:
            yield from edits
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, SyntaxError, MemoryError):
            return      # a value that nobody foresaw costs the edits of one slot

    def _measured(self, slot):
        return self._reaches(slot) and slot.response is not None

    def _reaches(self, slot):
        """Whether some change of the slot's value could mend the gradient."""
        if not hasattr(slot, "reaches"):
            slot.reaches = True
            if self.watch.measure(slot):
                places = self.bench.point.places
                lacks = self.bench.point.numeric - self.bench.before[places]
                response = slot.response[:, places]
                slot.reaches = self._fills(response, lacks) or slot.rank == PART and any(
                    self._fills(response[:, some], lacks[some]) for some in self.bench.places_of(self.wrong))
        return slot.reaches

    def _fills(self, response, lacks):
        change = np.linalg.lstsq(response.T, lacks, rcond=1e-9)[0]
        return bool(np.linalg.norm(change @ response - lacks) <= 1e-4 * np.linalg.norm(lacks))

    def _mends(self, candidate):
        key = id(candidate.path[-1][0]), ast.dump(candidate.new)
        if key in self.tried or self.slow.get(candidate.slot, 0) > 1:
            return False        # where edits make a loop endless, they take all the time
        self.tried.add(key)
        before = self.bench.overrun
        found = self._promises(candidate) and self.bench.mends(candidate.slot.source, candidate.tree)
        if not found and candidate.slot.rank == PART and len(self.wrong) > 1:
            self._note_part(candidate)
        self.slow[candidate.slot] = self.slow.get(candidate.slot, 0) + self.bench.overrun - before
        return found

    def _note_part(self, candidate):
        # of what is wrong in two places, an edit may mend one
        flat = self.bench.last
        left = set(self.wrong if flat is None else self.bench.wrong_names(flat))
        mended = set(self.wrong) - left
        if mended and left < set(self.wrong) and not self.bench.moves_y(candidate.slot.source, candidate.tree):
            where = self.bench.confirmed(candidate.slot.source, candidate.tree, mended)
            if where:
                self.parts.append((self._cost(candidate, where), candidate, where, mended))
                if set().union(*(part[3] for part in self.parts)) == set(self.wrong):
                    self._hurry()

    def _promises(self, candidate):
        """False if the slot's response tells that the edit does not mend the gradient."""
        slot, expression = candidate.slot, candidate.expression
        if slot.response is None or expression is None:
            return True
        scope = self._scope(slot)
        known = scope.value_of(slot.node)
        if known is None or not np.allclose(known, slot.value, rtol=1e-9, atol=0):
            return True
        try:
            with at_most(self.bench.limit):
                value = scope.worked_out(expression)
        except Overrun:
            return False
        self.bench.state.restore()
        if not isinstance(value, np.ndarray | np.number | float) or np.shape(value) != np.shape(slot.value):
            # what is of another shape only a run can tell
            return value is not None
        try:
            change = (np.asarray(value, float) - slot.value).ravel()
        except (TypeError, ValueError):
            return False
        predicted = self.bench.before + change @ slot.response
        point = self.bench.point
        lacks, before = point.numeric - predicted[point.places], point.numeric - self.bench.before[point.places]
        some = self.bench.places_of(self.wrong) if slot.rank == PART else [slice(None)]
        return any(np.linalg.norm(lacks[i]) <= 1e-3 * np.linalg.norm(before[i]) for i in some)


def _added(before, after):
    # characters of `after` outside what it has in common with `before` at its two ends; brackets are no edit
    before, after = (text.replace("(", "").replace(")", "") for text in (before, after))
    start = len(os.path.commonprefix([before, after]))
    return len(after) - start - len(os.path.commonprefix([before[start:][::-1], after[start:][::-1]]))
