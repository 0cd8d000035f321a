"""The `npvae` command. Each subcommand imports what it needs when it runs, so that `npvae --help` is quick."""

import argparse
import json
import os
import sys
from pathlib import Path


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message):
        """Print the message in one line and exit with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv=None):
    """Run the command line; returns the exit status: 0, 1 if a check failed, 2 for bad input."""
    args = build_parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except BrokenPipeError:
        # the reader of our output has gone, as with `| head`; say nothing more to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, ArithmeticError, OSError) as problem:
        print(f"npvae {args.command}: {' '.join(str(problem).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"npvae {args.command}: interrupted", file=sys.stderr)
        return 130


def build_parser():
    """The parser with all subcommands."""
    # these files import this one, so they are read only now that it is complete
    from npvae.lab.commands_models import add_reconstruct, add_sample, add_traverse
    from npvae.lab.commands_train import add_train

    parser = Parser(prog="npvae", description="Variational inference and variational autoencoders in pure NumPy.",
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog="example:\n  npvae compare            the three solvers on handwritten digits")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    add_compare(commands)
    add_verify(commands)
    add_bench(commands)
    add_gradcheck(commands)
    add_train(commands)
    add_sample(commands)
    add_reconstruct(commands)
    add_traverse(commands)
    return parser


def add_command(commands, name, run, summary, examples):
    """A subcommand with --seed, --json and examples in its help."""
    command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False,
                                  epilog="examples:\n" + "\n".join(f"  npvae {name} {e}".rstrip() for e in examples),
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    command.set_defaults(run=run)
    command.add_argument("--seed", type=whole, default=0, metavar="N", help="of every random number (default 0)")
    command.add_argument("--json", metavar="FILE", help="also write the figures there, as JSON")
    return command


def add_compare(commands):
    """`npvae compare`: the main job."""
    command = add_command(
        commands, "compare", run_compare, "Train the three solvers from the same model and show them side by side.",
        ["", "--data two_moons --latent-dim 1 --time-budget 5", "--latent categorical --latent-dim 20",
         "--data my_images.npz --hidden 128 64 --out results"])
    command.add_argument("--data", default="digits", metavar="NAME|FILE",
                         help="digits, a toy's name, or a .npz, .npy, .csv or IDX file (default digits)")
    command.add_argument("--latent", choices=["gaussian", "categorical"], default="gaussian",
                         help="gaussian: the lecture's VAE; categorical: its Σ_z, a mixture of Gaussians")
    command.add_argument("--latent-dim", type=positive, metavar="K", help="2 by default, or 10 components")
    command.add_argument("--hidden", type=positive, nargs="+", default=[64], metavar="UNITS",
                         help="hidden layers of the decoder; the encoder mirrors them (default 64)")
    command.add_argument("--time-budget", type=seconds, metavar="SECONDS",
                         help="of training for each solver (default 15; none if --sweeps is given)")
    command.add_argument("--sweeps", type=positive, metavar="N",
                         help="at most N sweeps over the data (default 1000); alone it makes a run repeatable")
    command.add_argument("--out", default=".", metavar="DIR",
                         help="where comparison.png and comparison.json go (default: here)")


def run_compare(args):
    """Train, print the table, write the figure and the JSON files."""
    from npvae import datasets

    data, out = datasets.load(args.data), writable_folder(args.out)
    writable_folder(Path(args.json).parent if args.json else out)

    from npvae.lab import plots
    from npvae.lab.compare import compare
    from npvae.lab.tables import comparison_notes, comparison_table

    budget = 15.0 if args.time_budget is None and args.sweeps is None else args.time_budget
    found = compare(data, args.latent, args.latent_dim, args.hidden, args.seed, budget, args.sweeps or 1000)
    print(comparison_table(found.figures), *comparison_notes(found.figures), sep="\n\n")
    plots.save(plots.comparison_figure(found), out / "comparison.png")
    for path in [out / "comparison.json", *([args.json] if args.json else [])]:
        write_json(found.figures, path)
    print(f"\nWritten: {out / 'comparison.png'} and {out / 'comparison.json'}")


def add_verify(commands):
    """`npvae verify`: the lecture against its ground truth."""
    command = add_command(commands, "verify", run_verify,
                          "Check every claim of the lecture against a number that is exactly known.",
                          ["", "--quick", "--section 5 --json claims.json"])
    command.add_argument("--quick", action="store_true", help="leave out what trains for seconds (about 10 s in all)")
    command.add_argument("--section", type=positive, nargs="+", metavar="N", help="only these sections, of 1 to 10")


def run_verify(args):
    """Measure the claims and print their table; 1 if one fails."""
    folder = writable_folder(Path(args.json).parent) if args.json else None

    from npvae.lab.verify import verify, verify_table

    claims = list(verify(args.quick, args.section))
    print(verify_table(claims))
    if folder is not None:
        write_json([claim.record() for claim in claims], args.json)
    return 0 if all(claim.passed for claim in claims) else 1


def add_gradcheck(commands):
    """`npvae gradcheck`: every gradient of the package, or one of the user's own."""
    command = add_command(
        commands, "gradcheck", run_gradcheck,
        "Check every analytic gradient of the package, or one of your own, and say what is wrong with it.",
        ["", "--method complex --json gradients.json", "my_layers.py:swish",
         "my_layers.py:swish --method taylor"])
    command.epilog += ("\n\nmy_layers.py has the function and, under the same name with _x, where to check it:\n"
                       "  def swish(x):\n      s = 1 / (1 + np.exp(-x))\n"
                       "      return x * s, lambda dy: dy * (s + x * s * (1 - s))\n"
                       "  swish_x = np.array([0.5, -1.0, 2.0])\n"
                       "or a function of no arguments that returns (f, x); f returns (y, back) or (value, gradient).")
    command.add_argument("target", nargs="?", metavar="FILE.py:NAME",
                         help="a function of your own (default: the package)")
    command.add_argument("--method", choices=["central", "five_point", "richardson", "complex", "direction", "taylor"],
                         help="one method (default: complex, central and taylor; central for your own)")


def run_gradcheck(args):
    """Check, print the table; 1 if a gradient is wrong."""
    folder = writable_folder(Path(args.json).parent) if args.json else None

    from npvae.gradcheck import package_table, user_files

    if args.target:
        report = user_files.check_file(args.target, args.method, args.seed)
        print(report)
        records, passed = package_table.records_of_rows(report), report.passed
    else:
        from tqdm import tqdm

        methods = [args.method] if args.method else package_table.DEFAULT_METHODS
        reports = package_table.check_package(
            methods, args.seed, lambda subjects: tqdm(subjects, desc="gradients", leave=False, disable=None))
        print(package_table.package_table_text(reports))
        records, passed = [package_table.record(r) for r in reports], all(r.passed for r in reports)
    if folder is not None:
        write_json(records, args.json)
    return 0 if passed else 1


def add_bench(commands):
    """`npvae bench`: how fast, and how far it scales."""
    command = add_command(
        commands, "bench", run_bench, "Time a training step against the bare matrix products and the frameworks that "
        "are installed; with --scale, time and memory against the number of data.",
        ["", "--quick --sizes toy digits", "--scale --out results"])
    command.add_argument("--quick", action="store_true", help="a few rounds only; with --scale, up to 10,000 rows")
    command.add_argument("--sizes", nargs="+", metavar="SIZE", default=["toy", "digits", "mnist", "mnist_b512"],
                         help="of toy, digits, mnist, mnist_b512 (default: all)")
    command.add_argument("--scale", action="store_true",
                         help="10³ to 10⁶ rows on disk: time a sweep, parameters, memory, and streaming of images")
    command.add_argument("--out", metavar="DIR", help="with --scale: write scale.png there")


def run_bench(args):
    """Measure, print the table, write figure and JSON."""
    for folder in [args.out, Path(args.json).parent if args.json else None]:
        if folder is not None:
            writable_folder(folder)
    figures, text = measured_scale(args) if args.scale else measured_steps(args)
    print(text)
    if args.json:
        write_json(figures, args.json)


def measured_steps(args):
    """The figures of `npvae bench` and their table."""
    from npvae.lab.bench import bench, bench_table

    figures = bench(args.sizes, args.quick)
    return figures, bench_table(figures)


def measured_scale(args):
    """The figures of `npvae bench --scale` and their table; the figure, if a folder was named."""
    from npvae.lab.scale import SIZES, scale, scale_table

    figures = scale(SIZES[:2] if args.quick else SIZES, images=100_000 if args.quick else 1_000_000)
    if args.out:
        from npvae.lab import plots

        plots.save(plots.scale_figure(figures), Path(args.out) / "scale.png")
    return figures, scale_table(figures)


def write_json(figures, path):
    """Write whole or not at all; a number that is not finite becomes null."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n")
    os.replace(temporary, path)


def writable_folder(path):
    """The folder, made if need be; a ValueError before any work is done if nothing can be written there."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ValueError(f"cannot make the folder {path}: {problem.strerror}") from problem
    if not os.access(path, os.W_OK):
        raise ValueError(f"cannot write to the folder {path}: choose another one")
    return path


def whole(text):
    """A whole number from 0."""
    number = int(text) if text.isdecimal() else -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from 0")
    return number


def positive(text):
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from 1")
    return int(text)


def seconds(text):
    """A positive finite number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a positive number of seconds")
    return number
