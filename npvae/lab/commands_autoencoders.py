"""`npvae train`, `sample`, `reconstruct` and `traverse`: a model is a file that these four hand on."""

import time
from pathlib import Path

from npvae.cli import add_command, positive, seconds, writable_folder, write_json

SAVE_EVERY = 30.0  # seconds of training


def add_commands(commands):
    """All four."""
    add_train(commands)
    add_sample(commands)
    add_reconstruct(commands)
    add_traverse(commands)


def add_train(commands):
    """`npvae train`."""
    command = add_command(commands, "train", run_train, "Train a VAE (or an autoencoder) and write it to a file.",
                          ["--out model.npz", "--data my_images.npz --hidden 400 --latent-dim 20 --out model.npz",
                           "--out model.npz --resume --sweeps 400",
                           "--autoencoder --latent-dim 2 --out autoencoder.npz"])
    command.set_defaults(seed=None)
    command.add_argument("--data", default="digits", metavar="NAME|FILE",
                         help="digits, a toy's name, a .npz, .npy, .csv or IDX file, or a folder of IDX files "
                              "(default digits)")
    command.add_argument("--out", required=True, metavar="MODEL.npz", help="the model file")
    command.add_argument("--resume", action="store_true", help="go on with the model in --out, up to --sweeps in all; "
                         "bit by bit as if it had never stopped")
    command.add_argument("--autoencoder", action="store_true", help="a plain autoencoder instead of a VAE")
    for name, kind, metavar, help in [
            ("latent-dim", positive, "K", "numbers in a code (default 10)"),
            ("sweeps", positive, "N", "over the data, in all (default 200)"),
            ("batch-size", positive, "B", "rows a step (default 64)"),
            ("samples", positive, "S", "draws z ~ q(z|x) a step (default 1)"),
            ("kl-warm-up", positive, "N", "sweeps over which the weight of the KL rises to 1 (default: none)"),
            ("patience", positive, "N", "with --held-out: stop after N sweeps without a better score (default 10)"),
            ("learning-rate", seconds_free, "RATE", "at the start (default 0.003)"),
            ("final-learning-rate", seconds_free, "RATE", "at the end (default 0.0001)"),
            ("sigma-g", seconds_free, "SIGMA", "fix σ_g (default: it is learned)"),
            ("alpha", seconds_free, "ALPHA", "fix α = 1/(2 σ_g²) instead"),
            ("beta", seconds_free, "BETA", "weight of the KL (default 1, the ELBO)"),
            ("held-out", seconds_free, "SHARE", "of the rows, to stop early on (default: none)")]:
        command.add_argument(f"--{name}", type=kind, metavar=metavar, help=help)
    command.add_argument("--hidden", type=positive, nargs="+", metavar="UNITS",
                         help="hidden layers of the decoder; the encoder mirrors them (default 128)")
    command.add_argument("--likelihood", choices=["gaussian", "bernoulli"], help="p(x|z) (default gaussian)")
    command.add_argument("--activation", choices=["tanh", "relu", "sigmoid", "softplus"], help="(default tanh)")
    command.add_argument("--time-budget", dest="seconds", type=seconds, metavar="SECONDS", help="stop after so long")


def run_train(args):
    """Train, save now and then and at the end, print the figures."""
    from npvae import datasets
    from npvae.autoencoders import VAE, Autoencoder, load

    data, out = datasets.load(args.data), Path(args.out)
    writable_folder(out.parent)
    writable_folder(Path(args.json).parent if args.json else out.parent)
    if out.is_dir():
        raise ValueError(f"{out} is a folder, expected the name of a file")
    model = load(out) if args.resume else (Autoencoder if args.autoencoder else VAE)()
    given = {name: getattr(args, name) for name in vars(args)
             if name in SETTINGS and getattr(args, name) is not None}
    model.set_params(**{name: tuple(v) if name == "hidden" else v for name, v in given.items()})
    if args.resume and len(model.history_) and model.history_[-1]["sweep"] >= model.sweeps:
        raise ValueError(f"{out} has had its {model.sweeps} sweeps: ask for more with --sweeps")
    last = [time.perf_counter()]

    def after_sweep(model):
        if time.perf_counter() - last[0] > SAVE_EVERY:
            model.save(out)
            last[0] = time.perf_counter()

    model.image_shape_ = data.image_shape
    model.fit(data.train, resume=args.resume, after_sweep=after_sweep)
    model.save(out)
    figures = {"data": data.name, "file": str(out), "kind": type(model).__name__, **measure(model, data)}
    print_figures(figures)
    if args.json:
        write_json(figures, args.json)


SETTINGS = ("latent_dim", "hidden", "activation", "sweeps", "seconds", "batch_size", "learning_rate",
            "final_learning_rate", "held_out", "patience", "seed", "likelihood", "sigma_g", "alpha", "samples", "beta",
            "kl_warm_up")


def measure(model, data, most=10_000):
    """The figures of a trained model (a dict): sweeps, seconds, and how well it does on training and test rows."""
    last, parts = model.history_[-1], {"train": data.train[:most], "test": data.test[:most]}
    figures = {"latent_dim": model.latent_dim, "sweeps": last["sweep"], "seconds": last["seconds"]}
    for part, X in parts.items():
        if hasattr(model, "elbo"):
            figures[f"{part}_elbo"] = model.score(X)
        else:
            figures[f"{part}_squared_error_per_dimension"] = -model.score(X) / X.shape[1]
    if getattr(model, "sigma_g_", None) is not None:
        figures["sigma_g"] = model.sigma_g_
    return figures


def print_figures(figures):
    """One figure a line."""
    from npvae.lab.tables import table

    names = {"train_elbo": "ELBO, training data (nats)", "test_elbo": "ELBO, test data (nats)", "sigma_g": "sigma_g",
             "seconds": "training time (s)", "sweeps": "sweeps over the data", "latent_dim": "K", "data": "data",
             "kind": "model", "file": "written to",
             "train_squared_error_per_dimension": "squared error per dimension, training data",
             "test_squared_error_per_dimension": "squared error per dimension, test data"}
    cells = [[names.get(key, key.replace("_", " ")), f"{v:.4g}" if isinstance(v, float) else str(v)]
             for key, v in figures.items()]
    print(table(*[cells[0], cells[1:]]))


def seconds_free(text):
    """A positive finite number, without a unit."""
    import argparse

    try:
        return seconds(text)
    except argparse.ArgumentTypeError as problem:
        raise argparse.ArgumentTypeError(str(problem).removesuffix(" of seconds")) from problem
