"""Does the repair find the very edit? `python tests/gradcheck/judge_mutants.py [--sample 60] [--seed 0] [--list]`.

Each mutant of a backward pass of the package is written into a module of its own and checked. Of those that the check
catches, the repair should mend the line that was edited, by that edit or an equal one: its gradient is right at other
points.
"""

import argparse
import ast
import linecache
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import corpus_files
import numpy as np

import npvae
from npvae.models import MonteCarlo
from npvae.repair import search
from npvae.repair.edits import edits

search.PATIENCE = 10     # a busy machine changes no verdict
ROOT = Path(npvae.__file__).parent


def rows(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def kl(name, dim, size):
    return lambda module: (getattr(module, name)(dim).kl, rows(5, size))


def nodes(name, dim, size):
    noise = MonteCarlo(3)(np.random.default_rng(1), 5, dim)

    def case(module):
        latent = getattr(module, name)(dim)

        def f(q):
            z, _, back = latent.nodes(q, noise)
            return z, lambda dz: back(dz, np.zeros((len(dz), 1)))

        return f, rows(5, size)

    return case


def log_prob(name, x, *options):
    def case(module):
        part = getattr(module, name)(*options)
        return lambda g: part.log_prob(x, g), rows(2, 5, 7)

    return case


# file: for each outermost function, what is checked
CASES = {
    "nn/activations.py": {name: lambda module, name=name: (getattr(module, name), rows(7, 5)) for name in (
        "tanh", "relu", "leaky_relu", "gelu", "sigmoid", "softplus", "quadratic_features")},
    "nn/layers.py": {"Affine.__call__": lambda module: (module.Affine(rows(5, 6), rows(6)), rows(7, 5))},
    "models/gaussian_latent.py": {"Gaussian.kl": kl("Gaussian", 3, 6), "Gaussian.nodes": nodes("Gaussian", 3, 6)},
    "models/full_gaussian_latent.py": {"FullGaussian.kl": kl("FullGaussian", 3, 9),
                                       "FullGaussian.nodes": nodes("FullGaussian", 3, 9)},
    "models/categorical_latent.py": {"Categorical.kl": kl("Categorical", 7, 7)},
    "models/gaussian_likelihood.py": {"GaussianLikelihood.log_prob": log_prob("GaussianLikelihood", rows(5, 7), 0.7)},
    "models/bernoulli_likelihood.py": {"BernoulliLikelihood.log_prob": log_prob(
        "BernoulliLikelihood", (rows(5, 7) > 0).astype(float))},
    "models/laplace_likelihood.py": {"LaplaceLikelihood.log_prob": log_prob("LaplaceLikelihood", rows(5, 7), 0.7)},
    "models/poisson_likelihood.py": {"PoissonLikelihood.log_prob": log_prob(
        "PoissonLikelihood", np.floor(3 * np.abs(rows(5, 7))))},
}


def mutants(file):
    """(function, edit) of every edit of the functions that are checked."""
    for edit in edits(ast.parse((ROOT / file).read_text())):
        function = next((name for name in CASES[file] if edit.function == name or edit.function.startswith(name + ".")),
                        None)
        if function:
            yield function, edit


def judge(file, function, edit, folder):
    """(column, what was said, seconds); "same" where the mutant is right or its value another one."""
    case = CASES[file][function]
    right, wrong = (corpus_files.load(ast.unparse(tree), folder) for tree in (ast.parse((ROOT / file).read_text()),
                                                                              edit.applied()))
    try:
        (f, x), (g, _) = case(wrong), case(right)
        value = f(x)[0]
        if np.shape(value) != np.shape(g(x)[0]) or not np.allclose(value, g(x)[0], rtol=1e-12):
            return "same", "", 0.0
        report = npvae.gradcheck(f, x, diagnosis=False)
    except Exception:       # refused, or broken at once
        return "same", "", 0.0
    if report:
        return "same", "", 0.0
    start = time.perf_counter()
    repair = report.repair
    seconds = time.perf_counter() - start
    if not repair:
        return "none", repair.why, seconds
    # the statement in which the edit is, as the written module has it
    lines = linecache.getlines(repair.file)
    edited = edit.after.splitlines()[0]
    found = edited in "".join(lines[repair.line - 1:repair.line + 2]) or repair.before == edit.after
    return "found" if found else "elsewhere", repair.hint(3), seconds


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="mutants of each file, drawn at random; all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="what was said of each that was not found")
    options = parser.parse_args(arguments)
    total, slowest = Counter(), 0.0
    for file in CASES:
        chosen = list(mutants(file))
        if options.sample and len(chosen) > options.sample:
            rng = np.random.default_rng(options.seed)
            chosen = [chosen[i] for i in rng.choice(len(chosen), options.sample, replace=False)]
        counts = Counter()
        with tempfile.TemporaryDirectory() as folder:
            for function, edit in chosen:
                column, said, seconds = judge(file, function, edit, folder)
                counts[column] += 1
                slowest = max(slowest, seconds)
                if options.list and column in ("none", "elsewhere"):
                    print(f"{column}: {function}, {edit}\n    {said}")
        total += counts
        print(f"{file:34} caught {sum(counts.values()) - counts['same']:4}  found {counts['found']:4}  "
              f"elsewhere {counts['elsewhere']:3}  none {counts['none']:3}", flush=True)
    caught = sum(total.values()) - total["same"]
    print(f"{'all':34} caught {caught:4}  found {total['found']:4} ({total['found'] / max(caught, 1):.0%})  "
          f"elsewhere {total['elsewhere']:3}  none {total['none']:3}  slowest {slowest:.1f} s")
    return total


if __name__ == "__main__":
    sys.exit(not main())
