"""`npvae train`: a VAE or an autoencoder, from data to a model file."""

import os
import time
import warnings
from argparse import Namespace
from pathlib import Path

from npvae.autoencoders import VAE, Autoencoder, load
from npvae.autoencoders.settings import ACTIVATIONS
from npvae.autoencoders.vae import LIKELIHOODS
from npvae.cli.options import add_command, add_data, data_file, positive, print_data, remember_data, seconds
from npvae.cli.outputs import check_files, write_json
from npvae.cli.ranks import add_mpi, read_own_data
from npvae.cli.signals import Stopped
from npvae.cli.trained import measure, print_figures
from npvae.datasets import Dataset
from npvae.inference import DivergenceError
from npvae.inference.ranks import together

SAVE_EVERY = 30.0   # seconds of training

# settings of the models: type, metavar, help
NUMBERS = {
    "latent-dim": (positive, "K", "numbers in a code (default 10)"),
    "sweeps": (positive, "N", "sweeps over the data, in total (default 200)"),
    "batch-size": (positive, "B", "rows per step (default 64)"),
    "samples": (positive, "S", "draws z ~ q(z|x) per row and step (default 1)"),
    "kl-warm-up": (positive, "N", "sweeps over which the weight of the KL rises (default: none)"),
    "patience": (positive, "N", "with --held-out: stop after N sweeps without a better score (default 10)"),
    "learning-rate": (float, "RATE", "λ of Adam at the start (default 0.003)"),
    "final-learning-rate": (float, "RATE", "λ of Adam at the end (default 0.0001)"),
    "sigma-g": (float, "SIGMA", "fix σ_g (default: it is learned)"),
    "alpha": (float, "ALPHA", "fix α = 1/(2 σ_g²) instead"),
    "beta": (float, "BETA", "weight of the KL (default 1, the ELBO)"),
    "held-out": (float, "SHARE", "share of the rows that is held out of training, for early stopping (default: none)"),
}
CHOICES = {"likelihood": list(LIKELIHOODS), "activation": list(ACTIVATIONS), "dtype": ["float32", "float64"]}
# which of the options are settings of the model
SETTINGS = {name.replace("-", "_") for name in [*NUMBERS, *CHOICES]} | {"hidden", "seconds", "seed"}


def add_train(commands) -> None:
    """`npvae train`."""
    command = add_command(commands, "train", run_train, "Train a VAE (or an autoencoder) and write it to a file.",
                          ["--out model.npz", "--data fashion --out model.npz",
                           "--data my_images --hidden 400 --latent-dim 20 --out model.npz",
                           "--data my_table.csv --label species --leave-out id --out model.npz",
                           "--out model.npz --resume --sweeps 400",
                           "--autoencoder --latent-dim 2 --out autoencoder.npz"],
                          "seed of all random numbers (default 0; with --resume the model's own)")
    add_data(command, default=None, otherwise="digits; with --resume what the model was trained on")
    command.add_argument("--out", required=True, metavar="MODEL.npz", help="the model file")
    command.add_argument("--resume", action="store_true", help="go on with the model in --out until --sweeps in total; "
                         "if it had its sweeps or was stopped by Ctrl-C, SIGTERM or SIGHUP, bit by bit as in one run, "
                         "unless another --sweeps changes the fall of the learning rate")
    add_mpi(command)
    command.add_argument("--autoencoder", action="store_true", help="a plain autoencoder instead of a VAE")
    command.add_argument("--hidden", type=positive, nargs="+", metavar="UNITS",
                         help="hidden layers of the decoder; the encoder mirrors them (default 128)")
    for name, (kind, metavar, text) in NUMBERS.items():
        command.add_argument(f"--{name}", type=kind, metavar=metavar, help=text)
    for name, choices in CHOICES.items():
        command.add_argument(f"--{name}", choices=choices, help=f"(default {choices[0]})")
    command.add_argument("--time-budget", dest="seconds", type=seconds, metavar="SECONDS",
                         help="stop after so long (with --resume: of this call)")
    # a resumed model keeps its own seed unless another is given
    command.set_defaults(seed=None)


def run_train(args: Namespace) -> None:
    """Train, save now and then and at the end, print the figures."""
    out, model = Path(args.out), None
    with together(args.ranks):
        if args.resume:
            model = resumed_model(args, out)
            remember_data(args, model, str(out))
        args.data = args.data or "digits"
        data, X = read_own_data(args)
        check_files({"--data": data_file(args.data)}, {"--out": out, "--json": args.json}, {"--out": "model"})
        model, saving = with_settings(args, out, model), Saving(out, data.image_shape, data_source(args, data))
        first = args.ranks is None or args.ranks.rank == 0
        if first:
            print_data(data)
        if args.ranks is not None:
            args.ranks.gather()
    # a signal waits for the end of a step, and for the file
    with args.signals.held():
        try:
            model.fit(X, resume=args.resume, after_sweep=saving, after_step=args.signals.asked)
        except DivergenceError as problem:
            raise ValueError(advice(problem, model, out)) from problem
        saving.save(model)
    if number := stopping_signal(args):
        raise Stopped(number, left(model, out))
    if not first:
        return
    figures = {"data": data.name, **measure(model, data), "file": str(out)}
    print_figures(figures)
    if args.json:
        write_json(figures, args.json)


def stopping_signal(args: Namespace) -> int:
    """The signal that has ended the training, also if another rank has got it; 0 without one."""
    number = args.signals.number or 0
    return number if args.ranks is None else max(args.ranks.gather(number))


def data_source(args: Namespace, data: Dataset) -> dict:
    """What a model file says of its data: a name or an absolute path, a text file's columns, how images are drawn."""
    path, shape = data_file(args.data), data.drawn_shape or ()
    light = {"light": True} if shape[2:] == (1,) else {}
    return {"data": args.data if path is None else os.path.abspath(path), "label": args.label,
            "leave_out": list(args.leave_out), **light}


def left(model: VAE | Autoencoder, out: Path) -> str:
    """What an interrupted training has left, in a few words."""
    done = model.history_[-1]["sweep"]
    return f"{out} holds {done:.4g} of {model.sweeps} sweeps" + (", --resume goes on" if done < model.sweeps else "")


def advice(problem: DivergenceError, model: VAE | Autoencoder, out: Path) -> str:
    """What a fit that diverged means to a user of the command, in one line."""
    what = str(problem).partition(";")[0]
    wider = "" if model.dtype == "float64" else ", or take --dtype float64"
    left = "is as it was last saved" if out.exists() else "was not written"
    return (f"{what}: lower --learning-rate (it is {model.learning_rate:g}), rescale the data to about [0, 1]{wider}; "
            f"{out} {left}")


def with_settings(args: Namespace, out: Path, model: VAE | Autoencoder | None) -> VAE | Autoencoder:
    """The model that goes on, or without one a new one, with the settings that were given."""
    model = model or (Autoencoder() if args.autoencoder else VAE())
    given = {name: value for name, value in vars(args).items() if value is not None and name in SETTINGS}
    if "hidden" in given:
        given["hidden"] = tuple(given["hidden"])
    model.set_params(**given, comm=args.comm)
    if args.patience and not model.held_out:
        raise ValueError(f"--patience {args.patience}: without --held-out no rows are held out that could stop the fit")
    done = int(model.history_[-1]["sweep"]) if args.resume and model.history_ else 0
    if done >= model.sweeps:
        raise ValueError(f"{out} has had its {done} sweeps: ask for more, e.g. --sweeps {2 * done}")
    return model


def resumed_model(args: Namespace, out: Path) -> VAE | Autoencoder:
    """The model in --out; a ValueError if --autoencoder or --seed ask for another one."""
    model = load(out)
    if args.autoencoder and not isinstance(model, Autoencoder):
        raise ValueError(f"--autoencoder: {out} holds a {type(model).__name__}: leave out --autoencoder or --resume")
    if args.seed not in (None, model.seed):
        raise ValueError(f"--seed {args.seed}: {out} goes on with its own random numbers, of the seed {model.seed}: "
                         "leave out --seed or --resume")
    # a budget is of one call; that of the call before would stop this one
    return model.set_params(seconds=None)


class Saving:
    """Called after each sweep: saves the model every half minute, so that a fit that is killed can be resumed.

    What cannot be saved then, as on a disk that is full for a while, is told once and tried again at the next time.
    """

    def __init__(self, path, image_shape, source):
        self.path, self.image_shape, self.source = path, image_shape, source
        self.last, self.failed = time.perf_counter(), False

    def __call__(self, model):
        if time.perf_counter() - self.last < SAVE_EVERY:
            return
        try:
            self.write(model)
        except (OSError, ValueError) as problem:
            if not self.failed:
                warnings.warn(f"{problem}; the training goes on, and tries again every {SAVE_EVERY:.0f} s",
                              stacklevel=2)
            self.failed = True
        self.last = time.perf_counter()

    def save(self, model) -> None:
        """Save what was trained; an OSError that says what is lost if it cannot be written."""
        try:
            self.write(model)
        except (OSError, ValueError) as problem:
            done = model.history_[-1]["sweep"]
            raise OSError(f"the training is done, {done:.4g} sweeps, but what it has learned is lost: {problem}"
                          ) from problem

    def write(self, model) -> None:
        """Write the model file, the shape of the images in it and where the data are."""
        model.data_source_ = self.source
        model.image_shape_ = self.image_shape or model.image_shape_
        model.save(self.path)
        self.failed = False
