"""`npvae verify` and `npvae bench`: what can be measured."""

from argparse import Namespace
from pathlib import Path

from npvae.cli.options import add_command, positive
from npvae.cli.outputs import check_files, writable_file, write_json


def add_verify(commands) -> None:
    """`npvae verify`: the lecture against its ground truth."""
    command = add_command(commands, "verify", run_verify,
                          "Check every claim of the lecture against a number that is exactly known.",
                          ["", "--quick", "--section 5 --json claims.json"],
                          "changes nothing here: every claim is measured on random numbers of a seed of its own")
    command.add_argument("--quick", action="store_true",
                         help="leave out the claims that need longer training (the rest takes about 15 s)")
    command.add_argument("--section", type=positive, nargs="+", metavar="N", help="only these sections (1 to 13)")


def run_verify(args: Namespace) -> int:
    """Measure the claims and print their table; 1 if one fails."""
    writable_file(args.json)

    from npvae.lab.verify import verify, verify_table

    claims = list(verify(args.quick, args.section))
    print(verify_table(claims))
    if args.json:
        write_json([claim.record() for claim in claims], args.json)
    return 0 if all(claim.passed for claim in claims) else 1


def add_bench(commands) -> None:
    """`npvae bench`: how fast, and how far it scales."""
    command = add_command(
        commands, "bench", run_bench, "Time a training step against the bare matrix products and the frameworks that "
        "are installed; with --scale, time and memory against the number of data; with --posteriors, how near a full "
        "covariance and some steps of argmax_q come to log p(x) of the digits; with --result, the seconds from the "
        "start of a process to a trained model.",
        ["", "--quick --sizes toy digits", "--json bench.json", "--scale --out results", "--posteriors",
         "--result --images FOLDER       # MNIST's IDX files instead of random images"],
        "seed of the data, weights and noise of npvae's own steps; with --posteriors the first (default 0)")
    command.add_argument("--quick", action="store_true",
                         help="a few rounds only; with --scale, up to 10,000 rows and 100,000 images; with "
                         "--posteriors, one seed, 20 sweeps, 20 rows; with --result, one round, 5 nats, 2,000 images")
    command.add_argument("--sizes", nargs="+", metavar="SIZE",
                         help="which of toy, digits, mnist, mnist_b512 to time (default: all)")
    command.add_argument("--scale", action="store_true",
                         help="10³ to 10⁶ rows on disk: time a sweep, parameters, memory, and streaming of images; "
                         "where there is MPI, 1, 2 and 4 processes, and what that predicts for 64 machines")
    command.add_argument("--posteriors", action="store_true",
                         help="diagonal and full q_i and q_φ, and 10 steps more: the approximation and the "
                         "amortization gap on the digits at three seeds (some five minutes)")
    command.add_argument("--result", action="store_true",
                         help="time a fresh process, in seven rounds: import, build, compile and train until a test "
                         "ELBO of 30 nats on the digits, and for one sweep over 60,000 images")
    command.add_argument("--images", metavar="NAME|PATH",
                         help="with --result: the images, as --data of npvae train takes them (default: random ones)")
    command.add_argument("--out", metavar="DIR", help="with --scale: write scale.png there")


def run_bench(args: Namespace) -> None:
    """Measure, print the table, write figure and JSON."""
    if args.out and not args.scale:
        raise ValueError(f"--out {args.out}: only --scale has a picture to write there")
    measures = {"scale": measured_scale, "posteriors": measured_posteriors, "result": measured_result}
    asked = [name for name in measures if getattr(args, name)]
    if len(asked) > 1:
        raise ValueError(f"--{' and --'.join(asked)}: one at a time")
    if args.sizes and asked:
        raise ValueError(f"--sizes {' '.join(args.sizes)}: of the steps that --{asked[0]} does not time: leave it out")
    if args.images and not args.result:
        raise ValueError(f"--images {args.images}: only --result trains on them")
    check_files({}, {"--out": args.out and Path(args.out) / "scale.png", "--json": args.json})
    figures, text = measures[asked[0]](args) if asked else measured_steps(args)
    print(text)
    if args.json:
        write_json(figures, args.json)


def measured_steps(args: Namespace) -> tuple[dict, str]:
    """The figures of `npvae bench` and their table."""
    from npvae.lab.bench import SIZES, bench, bench_table

    figures = bench(args.sizes or SIZES, args.quick, seed=args.seed)
    return figures, bench_table(figures)


def measured_posteriors(args: Namespace) -> tuple[dict, str]:
    """The figures of `npvae bench --posteriors` and their table."""
    from npvae.lab.posteriors import posteriors, posteriors_table

    figures = posteriors(*((20, 1, 20) if args.quick else ()), first_seed=args.seed)
    return figures, posteriors_table(figures)


def measured_result(args: Namespace) -> tuple[dict, str]:
    """The figures of `npvae bench --result` and their table."""
    from npvae.datasets import load
    from npvae.lab.result import result, result_table

    figures = result(args.quick, load(args.images).train if args.images else None, seed=args.seed)
    return figures, result_table(figures)


def measured_scale(args: Namespace) -> tuple[dict, str]:
    """The figures of `npvae bench --scale` and their table; the figure, if a folder was named."""
    from npvae.lab.scale import SIZES, scale, scale_table
    from npvae.lab.scale_ranks import ranks_table, scale_on_ranks

    figures = scale(SIZES[:2] if args.quick else SIZES, images=100_000 if args.quick else 1_000_000,
                    seed=args.seed)
    if args.out:
        from npvae.lab import plots

        plots.save(plots.scale_figure(figures), Path(args.out) / "scale.png")
    figures["ranks"] = scale_on_ranks((1, 2) if args.quick else (1, 2, 4))
    return figures, scale_table(figures) + "\n\n" + ranks_table(figures["ranks"])
