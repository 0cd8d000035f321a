"""What relation does the wrong gradient bear to the right one? One sentence: where, what, how to mend it.

A relation is believed only if it explains what is wrong to a ten-thousandth, and if no other of its rank does as well;
otherwise the answer is "unknown".
"""

import time
from dataclasses import replace

import numpy as np

from npvae.gradcheck.diagnosis.factors import Evidence, factor_candidates, factor_of_many, path_candidates
from npvae.gradcheck.diagnosis.relations import RELATIONS, called_twice, noise
from npvae.gradcheck.diagnosis.structure import structures
from npvae.gradcheck.report import MIXED, TIED, Finding
from npvae.nn import Chain

TIE = ("tie", "equal numbers each get the gradient that they have together: at a tie of a maximum more arrives than "
       "was sent", "Give it to one of them, as argmax does, or divide it by their number")
SECONDS = 2.5       # of the processor, after which no further relation is asked
MOST = 500          # numbers in a parameter that is looked at one by one, with some sixty calls of f for each


def diagnose(subject, gradient, report, sizes, terms, check) -> list[Finding]:
    """Findings for a failed check, parameters with the same mistake together; `check` is `gradcheck`, for layers."""
    if isinstance(subject.part, Chain) and subject.call is None:
        return wrong_layers(subject, subject.part.layers, report, check)
    sizes = sizes or _sizes_of(subject)
    mixed = [row.name for row in report.rows if row.note == MIXED]
    found = [_accumulation(mixed)] if mixed else []
    together, until = {}, time.process_time() + SECONDS
    for row in (row for row in report.rows if not row.passed and row.note != MIXED):
        key = TIE + (row.name,) if row.note == TIED else _candidate_for(subject, row.name, gradient, sizes, terms,
                                                                        report.method, until)
        together.setdefault(key[:-1], []).append(key[-1])
    return found + [Finding(kind, ", ".join(where), f"{', '.join(where)}: {what}. {mend}.")
                    for (kind, what, mend), where in together.items()]


def _candidate_for(subject, name, gradient, sizes, terms, method, until):
    """(kind, what, mend, where) for one parameter."""
    a, shape = gradient[name], subject.at[name].shape
    if a.shape != shape:
        return (*_wrong_shape(subject, name, a, shape), name)
    if not np.isfinite(a).all():
        return "unknown", "the gradient is not finite", "Look for a division by zero or an overflow in back", name
    if a.size > MOST and (found := factor_of_many(subject, name, a, sizes)):
        return (*found, name)
    if a.size > MOST:
        return "unknown", f"unknown; {a.size} numbers are too many to look at one by one", "Check a smaller one", name
    evidence = Evidence(subject, name, a, sizes, terms)
    evidence.until = until
    obstacle = _nothing_to_compare(evidence, method)
    if obstacle:
        return "unknown", *obstacle, name
    in_two_places = _asked(called_twice, evidence)
    if in_two_places:
        return (*in_two_places, evidence.where)
    relations = (factor_candidates, path_candidates, *RELATIONS)
    candidates = [c for relation in relations for c in _asked(relation, evidence)]
    candidates = candidates or (_asked(noise, evidence) if a.ndim == 2 else []) or _asked(structures, evidence)
    twice = _doubled(evidence, gradient, candidates)
    if twice:
        return (*twice, evidence.where)
    best = [c for c in candidates if c.rank == min(c.rank for c in candidates)]
    if len({(c.kind, c.what) for c in best}) == 1:
        return best[0].kind, best[0].what, best[0].mend, evidence.where
    if best:
        return "unknown", "unknown: " + " or ".join(c.what for c in best), "Give sizes that differ", evidence.where
    few = evidence.few_coordinates()
    return "unknown", "unknown: no known mistake explains it" + (f"; it is wrong only at {few}" if few else ""), \
        "Check the parts one by one", evidence.where


def _asked(relation, evidence):
    """A relation's candidates; none where it asks f or back for something that they refuse, or time is up."""
    if time.process_time() > evidence.until:
        return []
    try:
        with np.errstate(all="ignore"):
            return relation(evidence)
    except Exception:       # whatever somebody's code does at a point or an upstream gradient of ours
        return []


def _nothing_to_compare(e, method):
    """(what, mend) if the numeric gradient is no use to tell a relation from, else None."""
    if not np.isfinite(e.n).all():
        return "f is not finite a step beside x, at the edge of its domain", "Check further inside it"
    if not e.n.any() and e.subject.ignores(e.name):
        return ("the value does not depend on it, however it is moved",
                "Let f use its argument, not a variable of the same name outside")
    if not e.off.any():
        return ("unknown: the gradients differ by less than a relation could be told from",
                "Look for a constant with too few digits" if method == "complex"
                else "Check with method='complex' to see whether they differ at all")
    return None


def _doubled(e, gradient, candidates):
    """A parameter's gradient is twice the right one, while that of the layer's input is right: added twice."""
    if e.name in e.subject.inputs or not any(c.kind == "factor" and " 2 times" in c.what for c in candidates):
        return None
    inputs = [n for n in e.subject.inputs if gradient[n] is not None]
    if not all(np.allclose(gradient[n], Evidence(e.subject, n, gradient[n], {}, {}).n, rtol=1e-5) for n in inputs):
        return None
    return ("accumulation", "the gradient is 2 times the right one, while the input's is right: it is added twice, or "
            "a ½ is missing", "Let back add it once")


def _wrong_shape(subject, name, a, shape):
    """What a gradient of another shape is."""
    if a.shape == shape[::-1]:
        return "transposed", f"the gradient has shape {a.shape}, the transposed of {shape}", "Transpose it"
    summed = a.sum(0) if a.ndim == len(shape) + 1 and a.shape[1:] == shape and a[0].size <= MOST else None
    if summed is not None and not Evidence(subject, name, summed, {}, {}).off.any():
        return ("slice", f"the gradient has shape {a.shape}: the sum over its {a.shape[0]} rows is missing",
                "Sum over axis 0")
    return "shape", f"the gradient has shape {a.shape}, expected {shape}", "Return one number for each of its numbers"


def _accumulation(names):
    where = ", ".join(names)
    return Finding("accumulation", where, f"{where}: called a second time, back neither writes the same gradient nor "
                   "adds it once more: what stands there goes into it. Write dW[...] = ….")


def _sizes_of(subject):
    """Names for the sizes that can be read off the shapes: `x.shape[0]`, `x.shape[1] or W.shape[0]`, …

    The same size along the same axis is one size, as the batch is, and the first name wins.
    """
    named = {}
    shapes = {**{n: subject.at[n].shape for n in subject.inputs}, "y": subject.forward()[0].shape}
    for name, shape in shapes.items():
        for axis, size in enumerate(shape):
            if size > 1:
                named.setdefault(size, {}).setdefault(axis, f"{name}.shape[{axis}]")
    return {" or ".join(names.values()): size for size, names in named.items()}


def wrong_layers(subject, layers, report, check):
    """The findings of the layers that fail alone, each on the input that it gets in the chain."""
    x, found, unseen = subject.args()[0], [], []
    for i, layer in enumerate(layers):
        try:
            checked = check(layer, np.array(x), dtype=x.dtype, seed=subject.seed,
                            method=report.method if report.method != "taylor" else None)
        except ValueError as refused:
            # a layer that cannot be checked at what it gets here does not keep the others from being named
            unseen.append(f"layer {i}: {refused}")
        else:
            where = f"layer {i} ({checked.name})"
            found += [replace(f, where=f"{where} {f.where}", sentence=f"{where}, {f.sentence}")
                      for f in checked.diagnosis]
        x = layer(x)[0]
    if found:
        return found
    if unseen:
        return [Finding("unknown", "chain", "unknown: no layer is wrong that could be checked alone; "
                        + "; ".join(unseen) + ".")]
    where = ", ".join(dict.fromkeys(row.name for row in report.rows if not row.passed))
    return [Finding("order", where, f"{where}: each layer is right alone, so the chain puts them together wrongly. Run "
                    "the layers' back in reverse order, each once.")]
