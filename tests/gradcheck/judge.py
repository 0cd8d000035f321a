"""What the checker says to the corpus: `python tests/gradcheck/judge.py [--family F] [--seed N] [--adapters]`.

Of the slips: caught, named rightly (a word of the right sentence, or the line that is wrong), mended elsewhere than on
the line that was changed (which may be as good: read it with --list), named wrongly, a bare factor, unknown, refused,
crashed, missed. Of the right functions: false alarms, refusals and crashes, over seeds and methods, and checks that
passed without a look at each array of parameters.
"""

import argparse
import os
import re
import tempfile
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import corpus_files
import numpy as np
from corpus_dialects import as_function, one_line

import npvae
from npvae.repair import search
from npvae.repair.trial import Overrun, at_most

search.PATIENCE = 10     # seconds are those of the processor: a busy machine changes no verdict
METHODS = ("central", "five_point", "richardson", "direction", "taylor")
BOUNDS = ("elbos_rows", "elbos_decoders")
SLIP_COLUMNS = ("caught", "named", "elsewhere", "wrong", "bare", "unknown", "refused", "crashed", "missed")
RIGHT_COLUMNS = ("checks", "alarms", "refusals", "crashes", "unseen")


@dataclass
class Outcome:
    """How a check ended: "passed", "failed", "refused" or "crashed", what it said, and how long it took."""

    ended: str
    text: str
    findings: list = field(default_factory=list)    # (kind, sentence)
    hints: list = field(default_factory=list)
    rows: int = 0
    seconds: float = 0.0


def processor_seconds():
    """Of this process and the children that have ended: what a check takes on a machine with nothing else to do."""
    return sum(os.times()[:4])


def outcome(check, limit):
    """Run one check."""
    start = processor_seconds()
    try:
        with at_most(limit), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = check()
            said = hints(report)
            text = "\n".join([str(report), *said])
            findings = [(f["kind"], f["sentence"]) for f in report.to_dict()["diagnosis"]]
        found = Outcome("passed" if report.passed else "failed", text, findings, said, len(report.rows))
    except ValueError as problem:
        inside = traceback.extract_tb(problem.__traceback__)[-1].filename
        ended = "crashed" if inside.rsplit("/", 1)[-1].startswith("brought_") else "refused"
        found = Outcome(ended, str(problem))
    except (Exception, Overrun) as problem:     # whatever a user would see as a traceback, or too slow
        found = Outcome("crashed", repr(problem))
    found.seconds = processor_seconds() - start
    return found


def hints(report):
    """What the report says about the wrong line, where it can."""
    if report.passed or not hasattr(report, "hint"):
        return []
    return [str(report.hint(level)) for level in (1, 2, 3)]


def gradient_check(case, seed, native, **options):
    """The report on a case of the corpus."""
    dialect, code, make = case
    call = (one_line if native else as_function)(dialect, code, make(np.random.default_rng(seed)))
    return npvae.gradcheck(*call, seed=seed, **options)


def arrays(case, seed):
    """How many arrays of a case get a gradient."""
    dialect, code, make = case
    return len(as_function(dialect, code, make(np.random.default_rng(seed)))[1])


def bound_check(module, case, seed):
    elbo, options = case
    return npvae.check_bound(elbo, **({"model": module.MODEL, "seed": seed} | options))


def verdict(found, slip, source, lines):
    """In which column a slip belongs."""
    if found.ended == "crashed":
        return "crashed"
    if found.ended == "passed":
        return "missed"
    if found.ended == "refused":
        return "named" if corpus_files.says(slip.words, found.text) else "refused"
    sentences = [sentence.split(": ", 1)[-1] for _, sentence in found.findings]
    said = {int(n) for pair in re.findall(r"\blines? (\d+)|\.py:(\d+)", found.text) for n in pair if n}
    quoted = [text.strip() for text in source.splitlines()[lines[0] - 1:lines[-1]] if len(text.strip()) > 5]
    if said & set(lines) or any(text in found.text for text in quoted):
        return "named"
    # that it is some number times the right one is no name, unless the 2 or the ½ is what was slipped
    named = "|".join(w for w in slip.words.split("|") if w in ("2", "0.5") or not re.fullmatch(r"[\d.]+", w))
    if any(kind != "unknown" and corpus_files.says(named if kind == "factor" else slip.words, sentence)
           for (kind, _), sentence in zip(found.findings, sentences, strict=True)):
        return "named"
    kinds = {"bare" if kind == "factor" and re.search(r" is [\d.e+-]+ times", sentence) else kind
             for (kind, _), sentence in zip(found.findings, sentences, strict=True)}
    if said:
        return "elsewhere"
    if kinds - {"bare", "unknown"}:
        return "wrong"
    return "bare" if "bare" in kinds else "unknown"


def judge_slips(family, options, folder):
    """Counts by column, and a line for each slip."""
    counts, lines_out, text = Counter(), [], corpus_files.text_of(family)
    right = corpus_files.load(text, folder)
    for slip in corpus_files.slips(family):
        source, lines = slip.source(text)
        module = corpus_files.load(source, folder)
        if family in BOUNDS:
            # where the right one is refused, too, a refusal says nothing
            def check(module=module, slip=slip):
                return bound_check(module, module.CASES[slip.case], options.seed)

            def right_check(slip=slip):
                return bound_check(right, right.CASES[slip.case], options.seed)
        else:
            def check(module=module, slip=slip):
                return gradient_check(module.CASES[slip.case], options.seed, options.one_line)

            def right_check(slip=slip):
                return gradient_check(right.CASES[slip.case], options.seed, options.one_line)
        found = outcome(check, options.limit)
        column = verdict(found, slip, source, lines)
        if found.ended == "refused" and outcome(right_check, options.limit).ended == "refused":
            column = "refused"
        counts[column] += 1
        counts["caught"] += found.ended == "failed" or found.ended == "refused" and column == "named"
        counts["seconds"] += found.seconds
        counts["slowest"] = max(counts["slowest"], found.seconds)
        said = " / ".join([*(sentence for _, sentence in found.findings), *found.hints[1:]]) or found.text
        lines_out.append(f"{column:8} {found.seconds:5.1f} s  {slip.name}: {slip.new.strip()!r} for "
                         f"{slip.old.strip()!r}\n         {said}")
    return counts, lines_out


def judge_right(family, options, folder):
    """Counts by column for right functions, and a line for each that was not passed."""
    counts, lines_out = Counter(), []
    module = corpus_files.load(corpus_files.text_of(family), folder)
    for name, case in module.CASES.items():
        for seed in range(options.seed, options.seed + options.seeds):
            for method in (None,) if family in BOUNDS else METHODS:
                def check(case=case, seed=seed, method=method):
                    if method is None:
                        return bound_check(module, case, seed)
                    return gradient_check(case, seed, options.one_line, method=method)

                found = outcome(check, options.limit)
                counts["checks"] += 1
                counts["right seconds"] += found.seconds
                counts["alarms"] += found.ended == "failed"
                counts["refusals"] += found.ended == "refused"
                counts["crashes"] += found.ended == "crashed"
                unseen = found.ended == "passed" and method == "central" and found.rows < arrays(case, seed)
                counts["unseen"] += unseen
                if found.ended != "passed" or unseen:
                    ended = "not seen whole" if unseen else found.ended
                    lines_out.append(f"right code {ended}: {family}/{name} seed {seed} {method or ''}: "
                                     f"{' / '.join(s for _, s in found.findings) or found.text[:300]}")
    return counts, lines_out


def judge(family, options):
    """Everything about one family: counts and lines."""
    with tempfile.TemporaryDirectory() as folder:
        slips, said = ({}, []) if options.only == "right" else judge_slips(family, options, folder)
        right, alarms = ({}, []) if options.only == "slips" else judge_right(family, options, folder)
    return Counter(slips) + Counter(right), said, alarms


def row(name, counts):
    planted = sum(counts[c] for c in SLIP_COLUMNS[1:])
    return (f"{name:22} {planted:7}" + "".join(f"{counts[c]:10}" for c in SLIP_COLUMNS) + f"{counts['seconds']:9.1f}"
            f"{counts['slowest']:9.1f}" + "".join(f"{counts[c]:9}" for c in RIGHT_COLUMNS)
            + f"{counts['right seconds']:9.1f}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", choices=[*corpus_files.families(), *BOUNDS],
                        help="only this one; may be given several times")
    parser.add_argument("--seed", type=int, default=0, help="of the arguments and the upstream gradient")
    parser.add_argument("--seeds", type=int, default=4, help="how many of them for the right functions")
    parser.add_argument("--limit", type=float, default=30, help="seconds of the processor a check")
    parser.add_argument("--jobs", type=int, default=1, help="families at a time")
    parser.add_argument("--only", choices=("slips", "right"), help="one half")
    parser.add_argument("--adapters", dest="one_line", action="store_false",
                        help="through adapters to functions of a dict, not by the checker's own call for each dialect")
    parser.add_argument("--list", action="store_true", help="what was said to each slip")
    options = parser.parse_args(arguments)
    families = options.family or [*corpus_files.families(), *BOUNDS]
    print(f"{'family':22} {'planted':>7}" + "".join(f"{c:>10}" for c in SLIP_COLUMNS) + f"{'seconds':>9}{'slowest':>9}"
          + "".join(f"{c:>9}" for c in RIGHT_COLUMNS) + f"{'seconds':>9}")
    totals = {"gradients": Counter(), "bounds": Counter()}
    lines = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for family, (counts, said, alarms) in zip(families, pool.map(judge, families, [options] * len(families)),
                                                  strict=True):
            print(row(family, counts), flush=True)
            total = totals["bounds" if family in BOUNDS else "gradients"]
            slowest = max(total["slowest"], counts["slowest"])
            total.update(counts)
            total["slowest"] = slowest
            lines += alarms + (said if options.list else [])
    for name, total in totals.items():
        if total:
            print(row(name, total))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
