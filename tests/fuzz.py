"""Random calls of everything public, with sensible and with hostile arguments; the same calls for the same seed.

    python tests/fuzz.py --calls 10000 --seed 0         a table of offences, with a line that makes each again
    python tests/fuzz.py --seed 0 --call 1234           one call again, with its traceback

What is called stands in `fuzz_doors`, with what in `fuzz_pool`, and what is an offence in `fuzz_judge`.
"""

import argparse
import collections
import os
import sys
import time
import traceback
import warnings
from functools import cache
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import fuzz_doors  # noqa: E402
import fuzz_judge  # noqa: E402
import fuzz_pool  # noqa: E402
import numpy as np  # noqa: E402


@cache
def _doors():
    found = fuzz_doors.doors()
    # in an order of their own, so that any few hundred calls in a row knock everywhere
    return [found[i] for i in np.random.default_rng(0).permutation(len(found))]


@cache
def _folder():
    return fuzz_pool.Folder()


def make(seed, number):
    """The call of this number."""
    doors = _doors()
    with warnings.catch_warnings():
        # what it takes to make the arguments is not what is judged
        warnings.simplefilter("ignore")
        return doors[number % len(doors)].call(np.random.default_rng([seed, number]), _folder())


def run(seed, numbers):
    """Every offence of these calls, as dicts."""
    found, home = [], os.getcwd()
    # a name without a folder is written to the folder that one stands in
    os.chdir(_folder().path)
    try:
        with fuzz_judge.little_memory():
            for number in numbers:
                call = make(seed, number)
                text = str(call)
                found += [{"number": number, "door": call.name, "kind": kind, "what": what, "call": text}
                          for kind, what in fuzz_judge.offences(call)]
    finally:
        os.chdir(home)
    return found


def table(offences, seed):
    """Offences of one kind and place together, commonest first, each with the line that makes one of them again."""
    groups = collections.defaultdict(list)
    for o in offences:
        where = o["what"][o["what"].rfind("["):] if o["what"].endswith("]") else ""
        groups[o["kind"], where or o["door"], o["what"][:40] if not where else ""].append(o)
    lines = []
    for (kind, _, _), some in sorted(groups.items(), key=lambda item: -len(item[1])):
        first = min(some, key=lambda o: o["number"])
        doors = ", ".join(sorted({o["door"] for o in some})[:6])
        lines += [f"{len(some):5}  {kind}: {first['what'][:230]}", f"       at {doors}",
                  f"       {first['call'][:230]}",
                  f"       python tests/fuzz.py --seed {seed} --call {first['number']}", ""]
    kinds = collections.Counter(o["kind"] for o in offences)
    return "\n".join([*lines, f"{len(offences)} offences: " + ", ".join(f"{n} {k}" for k, n in kinds.most_common())])


def again(seed, number):
    """Make one call outside the judge, so that its traceback is seen, and then inside."""
    call = make(seed, number)
    print(call)
    with fuzz_judge.little_memory():
        try:
            print(call())
        except Exception:
            traceback.print_exc()
    for o in run(seed, [number]):
        print(f"{o['kind']}: {o['what']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--call", type=int, help="make this one again")
    parser.add_argument("--slow", type=float, help="also name the calls that took so many seconds")
    options = parser.parse_args()
    if options.call is not None:
        again(options.seed, options.call)
        return 0
    found, start = [], time.perf_counter()
    for number in range(options.calls):
        before = time.perf_counter()
        found += run(options.seed, [number])
        if options.slow and time.perf_counter() - before > options.slow:
            print(f"{time.perf_counter() - before:.1f} s: --call {number}: {make(options.seed, number)}"[:200])
    print(table(found, options.seed))
    print(f"{options.calls} calls at {len(_doors())} doors in {time.perf_counter() - start:.0f} s")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
