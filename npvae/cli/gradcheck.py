"""`npvae gradcheck`: every gradient of the package, or one of the user's own."""

from argparse import Namespace

from npvae.cli.options import add_command
from npvae.cli.outputs import check_files, write_json


def add_gradcheck(commands) -> None:
    """`npvae gradcheck`: every gradient of the package, or one of the user's own."""
    command = add_command(
        commands, "gradcheck", run_gradcheck,
        "Check every analytic gradient of the package, or one of your own, and say what is wrong with it.",
        ["", "--method complex --json gradients.json", "my_layers.py:swish",
         "my_layers.py:swish --method taylor", "my_layers.py:affine_forward,affine_backward", "--gallery"])
    command.epilog += ("\n\nmy_layers.py has the function and, under the same name with _x, where to check it:\n"
                       "  def swish(x):\n      s = 1 / (1 + np.exp(-x))\n"
                       "      return x * s, lambda dy: dy * (s + x * s * (1 - s))\n"
                       "  swish_x = np.array([0.5, -1.0, 2.0])\n"
                       "or a function of no arguments that returns (f, x); f returns (y, back) or (value, gradient).\n"
                       "A pair has its point under the first name, a tuple for several arguments; a class with forward"
                       "\nand backward is checked as a layer; NAME_terms names the parts of a loss."
                       "\nOf a wrong gradient the line is named, too, and the edit that mends it; no file is changed.")
    command.add_argument("target", nargs="?", metavar="FILE.py:NAME",
                         help="a function, a pair (NAME,NAME) or a class of your own (default: the package)")
    command.add_argument("--gallery", action="store_true",
                         help="instead, show some twenty wrong functions and what the checker says of each")
    command.add_argument("--method", choices=["central", "five_point", "richardson", "complex", "direction", "taylor"],
                         help="one method (default: complex, central and taylor; for your own central, "
                         "and direction above 10,000 numbers)")


def run_gradcheck(args: Namespace) -> int:
    """Check, print the table; 1 if a gradient is wrong."""
    if args.json and ".py:" in args.json and not args.target:
        raise ValueError(f"--json takes {args.json} for the name of its file: put FILE.py:NAME before --json")
    if args.gallery and (args.target or args.method or args.json):
        raise ValueError("--gallery shows wrong functions of its own: leave FILE.py:NAME, --method and --json out")
    check_files({"FILE.py": args.target and args.target.rpartition(":")[0]}, {"--json": args.json})

    if args.gallery:
        from npvae.gradcheck.gallery import GALLERY

        print("\n\n".join(f"{e.name}\n\n{e.source()}\n\n=> {e.verdict()}" for e in GALLERY))
        return 0
    text, records = _check_own(args) if args.target else _check_package(args)
    print(text)
    if args.json:
        write_json(records, args.json)
    return 0 if all(record["passed"] for record in records) else 1


def _check_own(args):
    # what is printed, and the records
    from npvae.cli import user_code
    from npvae.lab.own_gradients.table import records_of_rows

    report = user_code.check_file(args.target, args.method, args.seed)
    return report, records_of_rows(report)


def _check_package(args):
    from tqdm import tqdm

    from npvae.lab.own_gradients import table

    methods = [args.method] if args.method else table.DEFAULT_METHODS
    reports = table.check_package(
        methods, args.seed, lambda subjects: tqdm(subjects, desc="gradients", leave=False, disable=None))
    return table.own_gradients_text(reports), [table.record(r) for r in reports]
