"""`npvae compare`: the three solvers side by side."""

from pathlib import Path

from npvae.lab.data_options import add_data, print_data, read_data
from npvae.lab.options import add_command, check_files, data_file, positive, seconds, writable_file, write_json


def add_compare(commands):
    """`npvae compare`: the main job."""
    command = add_command(
        commands, "compare", run_compare, "Train the three solvers from the same model and show them side by side.",
        ["", "--data two_moons --latent-dim 1 --time-budget 5", "--latent categorical --latent-dim 20",
         "--data my_images.npz --hidden 128 64 --out results",
         "--data my_table.csv --label species --leave-out id"])
    add_data(command)
    command.add_argument("--latent", choices=["gaussian", "categorical"], default="gaussian",
                         help="gaussian: the lecture's VAE; categorical: its Σ_z, a mixture of Gaussians")
    command.add_argument("--latent-dim", type=positive, metavar="K",
                         help="latent dimension (default 2), or number of components (default 10)")
    command.add_argument("--hidden", type=positive, nargs="+", metavar="UNITS",
                         help="hidden layers of the decoder (Gaussian latent); the encoder mirrors them (default 64)")
    command.add_argument("--time-budget", type=seconds, metavar="SECONDS",
                         help="training time for each solver (default 15; none if --sweeps is given)")
    command.add_argument("--sweeps", type=positive, metavar="N",
                         help="at most N sweeps over the data (default 1000); without --time-budget it is repeatable")
    command.add_argument("--out", default=".", metavar="DIR",
                         help="where comparison.png and comparison.json go (default: here)")


def run_compare(args):
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
    from npvae.lab.compare import compare
    from npvae.lab.comparison_table import comparison_notes, comparison_table

    budget = 15.0 if args.time_budget is None and args.sweeps is None else args.time_budget
    found = compare(data, args.latent, args.latent_dim, args.hidden or [64], args.seed, budget, args.sweeps or 1000)
    print(comparison_table(found.figures), *comparison_notes(found.figures), sep="\n\n")
    plots.save(plots.comparison_figure(found), out / "comparison.png")
    for path in [out / "comparison.json", *([args.json] if args.json else [])]:
        write_json(found.figures, path)
    print(f"\nWritten: {out / 'comparison.png'} and {out / 'comparison.json'}")
