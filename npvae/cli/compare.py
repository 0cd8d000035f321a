"""`npvae compare`: the three solvers side by side."""

from argparse import Namespace
from pathlib import Path
from textwrap import fill

from npvae.cli.options import add_command, add_data, data_file, positive, print_data, rate, read_data, seconds
from npvae.cli.outputs import check_files, writable_file, write_json
from npvae.cli.ranks import add_mpi


def add_compare(commands) -> None:
    """`npvae compare`: the main job."""
    command = add_command(
        commands, "compare", run_compare, "Train the three solvers from the same model and show them side by side.",
        ["", "--data two_moons --latent-dim 1 --time-budget 2", "--latent categorical --latent-dim 20",
         "--data my_images.npz --hidden 128 64 --time-budget 20 --out results",
         "--sweeps 50 --seeds 5               # repeatable bit by bit",
         "--data my_table.csv --label species --leave-out id",
         "--learning-rate 0.001               # does the order of the three depend on λ?"])
    add_data(command)
    command.add_argument("--latent", choices=["gaussian", "categorical"], default="gaussian",
                         help="gaussian: the lecture's VAE; categorical: its Σ_z, a mixture of Gaussians")
    command.add_argument("--latent-dim", type=positive, metavar="K",
                         help="latent dimension (default 2), or number of components (default 10)")
    command.add_argument("--hidden", type=positive, nargs="+", metavar="UNITS",
                         help="hidden layers of the decoder (Gaussian latent); the encoder mirrors them (default 64)")
    command.add_argument("--time-budget", type=seconds, metavar="SECONDS",
                         help="training time of each of the 3 · seeds fits (default 3; none if --sweeps is given)")
    command.add_argument("--sweeps", type=positive, metavar="N",
                         help="at most N sweeps over the data; without --time-budget it is repeatable")
    command.add_argument("--seeds", type=positive, default=3, metavar="N",
                         help="how many seeds, from --seed on, each with its own θ, batches and noise (default 3)")
    command.add_argument("--learning-rate", type=rate, metavar="RATE",
                         help="λ of θ and φ, the same for all three (default 0.003)")
    command.add_argument("--batch-size", type=positive, metavar="ROWS",
                         help="the same for all three, at most half of the rows (default 100)")
    add_mpi(command)
    command.add_argument("--out", default=".", metavar="DIR",
                         help="where comparison.png and comparison.json go (default: here)")


def run_compare(args: Namespace) -> None:
    """Train, print the table, write the figure and the JSON files."""
    if args.hidden and args.latent == "categorical":
        raise ValueError(f"--hidden {' '.join(map(str, args.hidden))}: the decoder of a categorical latent is affine: "
                         "leave it out, or take --latent gaussian")
    data, out = read_data(args), Path(args.out)
    check_files({"--data": data_file(args.data)}, {"comparison.png": out / "comparison.png", "--json": args.json})
    # may be the one that --json names: they hold the same
    writable_file(out / "comparison.json")
    print_data(data)

    from npvae.lab import plots
    from npvae.lab.compare import LEARNING_RATE, SECONDS, compare
    from npvae.lab.comparison_notes import comparison_notes
    from npvae.lab.comparison_table import comparison_table

    budget = SECONDS if args.time_budget is None and args.sweeps is None else args.time_budget
    found = compare(data, args.latent, args.latent_dim, args.hidden or [64], args.seed, budget, args.sweeps,
                    seeds=args.seeds, learning_rate=args.learning_rate or LEARNING_RATE,
                    batch_size=args.batch_size, comm=args.comm)
    if args.ranks is not None and args.ranks.rank:
        return
    print(comparison_table(found.figures), *(fill(note, 100) for note in comparison_notes(found.figures)), sep="\n\n")
    plots.save(plots.comparison_figure(found), out / "comparison.png")
    for path in [out / "comparison.json", *([args.json] if args.json else [])]:
        write_json(found.figures, path)
    print(f"\nWritten: {out / 'comparison.png'} and {out / 'comparison.json'}")
