"""`npvae sample`, `reconstruct` and `traverse`: pictures of what the model in a file has learned."""

import math
import zipfile
from argparse import Namespace
from pathlib import Path

import numpy as np

from npvae.autoencoders import VAE, Autoencoder, load
from npvae.cli import options
from npvae.cli.outputs import check_files, write_json
from npvae.files import NUMBERS, check_output, written_whole
from npvae.models.data import blocks, take

UNSEEDED = "changes nothing here: nothing is drawn at random"
PICTURES, ARRAYS = (".png", ".pdf", ".svg"), (".npz", ".npy")


def add_sample(commands) -> None:
    """`npvae sample`."""
    command = options.add_command(
        commands, "sample", run_sample, "Decode z ~ N(0, I): what a model generates.",
        ["model.npz", "model.npz --n 100 --out samples.png", "model.npz --n 1000 --out samples.npz"])
    _add_model_and_out(command, "samples.png", ".png, or .npz or .npy for the numbers")
    command.add_argument("--n", type=options.positive, default=64, metavar="N", help="how many (default 64)")


def run_sample(args: Namespace) -> None:
    """Write the samples as a picture or as numbers."""
    model, out = _load_and_check(args)
    X = model.sample(args.n, args.seed)
    if out.suffix.lower() in ARRAYS:
        _save_array(X, out)
    else:
        from npvae.lab.plots.images import samples_figure

        _save_figure(samples_figure(X, drawn_shape(model)), out)
    _write_json_and_print(args, out, {"n": args.n})


def add_reconstruct(commands) -> None:
    """`npvae reconstruct`."""
    command = options.add_command(
        commands, "reconstruct", run_reconstruct, "Test rows, and what the model makes of them.",
        ["model.npz", "model.npz --data my_images --n 12 --out reconstructions.png"], UNSEEDED)
    _add_model_and_out(command, "reconstructions.png", "a picture")
    options.add_data(command, "its test rows are used: ", None)
    command.add_argument("--n", type=options.positive, metavar="N", help="how many images to draw (default 10)")


def run_reconstruct(args: Namespace) -> None:
    """Write the picture; print the error over all test rows."""
    from npvae.lab.plots.images import reconstructions_figure

    model, out = _load_and_check(args)
    data = _read_matching_data(args, model)
    shape = data.drawn_shape or drawn_shape(model)
    if args.n and not shape:
        raise ValueError(f"--n {args.n}: the rows of {data.name} are no images but points, and all of them are drawn: "
                         "leave it out")
    options.print_data(data)
    error = sum(float(((model.reconstruct(X) - X) ** 2).sum()) for X in blocks(data.test))
    X = take(data.test, slice((args.n or 10) if shape else None), np.float64)
    names = None if data.columns is None or data.columns[0].isdecimal() else data.columns
    _save_figure(reconstructions_figure(X, model.reconstruct(X), shape, names), out)
    error /= data.test.size
    print(f"mean squared error per dimension, {len(data.test)} test rows of {data.name}: {error:.4g}")
    _write_json_and_print(args, out, {"data": data.name, "test_mean_squared_error": error})


def add_traverse(commands) -> None:
    """`npvae traverse`."""
    command = options.add_command(
        commands, "traverse", run_traverse,
        "Walk through the latent space: a grid over the plane of two coordinates, or the way between two images.",
        ["model.npz", "model.npz --coordinates 3 7 --steps 15", "model.npz --between 0 5 --steps 9"], UNSEEDED)
    _add_model_and_out(command, "traverse.png", "a picture")
    options.add_data(command, "its test rows are used: ", None)
    command.add_argument("--coordinates", type=options.positive, nargs=2, metavar=("I", "J"),
                         help="the two that span the plane, counted from 1; the others are 0 (default 1 2)")
    command.add_argument("--between", type=options.whole, nargs=2, metavar=("I", "J"),
                         help="walk between these two test rows, counted from 0, instead")
    command.add_argument("--steps", type=options.whole_from(2), default=12, metavar="N",
                         help="images a side of the grid, or on the way (default 12)")


def run_traverse(args: Namespace) -> None:
    """Write the picture."""
    if args.data is not None and args.between is None:
        raise ValueError(f"--data {args.data}: only --between I J takes rows of data")
    if args.data is None and (args.label or args.leave_out):
        raise ValueError("--label and --leave-out name columns of --data, which is not given")
    if args.coordinates is not None and args.between is not None:
        raise ValueError("--coordinates is of the plane, which --between takes the place of: leave one of them out")
    model, out = _load_and_check(args)
    shape = drawn_shape(model)
    if shape is None:
        raise ValueError(f"{args.model}: its rows of {model.n_features_in_} numbers are no images: nothing to draw "
                         "(if they are, set image_shape_ = (height, width) in Python before .save)")
    coordinates = None if args.between else args.coordinates or [1, 2]
    figure = _draw_way_between(args, model) if args.between else _draw_plane(args, model, shape, *coordinates)
    _save_figure(figure, out)
    _write_json_and_print(args, out, {"between": args.between, "coordinates": coordinates, "steps": args.steps})


def _draw_plane(args, model, shape, first, second):
    from npvae.lab.plots.images import plane_figure, strips_figure

    if model.latent_dim == 1 and args.coordinates:
        raise ValueError(f"--coordinates {first} {second}: {args.model} has only one, K = 1: leave it out")
    if model.latent_dim > 1 and (max(first, second) > model.latent_dim or first == second):
        raise ValueError(f"--coordinates {first} {second}: expected two different numbers from 1 to "
                         f"{model.latent_dim}, the model's K")
    steps = np.linspace(-2.5, 2.5, args.steps)
    if model.latent_dim == 1:
        return strips_figure({"g(z)": model.inverse_transform(steps[:, None])}, shape,
                             "z from −2.5 to 2.5 prior standard deviations")
    # the highest z_second on top
    Z = np.zeros((args.steps**2, model.latent_dim))
    Z[:, first - 1], Z[:, second - 1] = np.tile(steps, args.steps), np.repeat(steps[::-1], args.steps)
    return plane_figure(model.inverse_transform(Z), steps, first, second, shape)


def _draw_way_between(args, model):
    from npvae.lab.plots.images import strips_figure

    data = _read_matching_data(args, model)
    if max(args.between) >= len(data.test):
        raise ValueError(f"--between {args.between[0]} {args.between[1]}: {data.name} has the test rows 0 to "
                         f"{len(data.test) - 1}")
    options.print_data(data)
    X = take(data.test, np.array(args.between), np.float64)
    t, (first, last) = np.linspace(0, 1, args.steps)[:, None], model.transform(X)
    return strips_figure({"codes\nbetween": model.inverse_transform((1 - t) * first + t * last),
                          "pixels\nbetween": (1 - t) * X[0] + t * X[1]}, drawn_shape(model),
                         f"from test row {args.between[0]} to {args.between[1]}: through the codes, and mixing pixels")


def _add_model_and_out(command, out, kinds):
    command.add_argument("model", metavar="MODEL.npz", help="written by npvae train")
    command.add_argument("--out", default=out, metavar="FILE", help=f"{kinds} (default {out})")


def image_shape(model: VAE | Autoencoder) -> tuple[int, ...] | None:
    """The shape of the images that a model was trained on; if it does not say, a square from 8 × 8 on, or None."""
    side = math.isqrt(model.n_features_in_)
    # narrower tables whose width is a square number by chance are frequent
    return model.image_shape_ or ((side, side) if side >= 8 and side**2 == model.n_features_in_ else None)


def drawn_shape(model: VAE | Autoencoder) -> tuple[int, ...] | None:
    """The same as figures take it: (height, width, 1) where grey images were light in the data, not ink."""
    shape = image_shape(model)
    light = shape and len(shape) == 2 and (model.data_source_ or {}).get("light", False)
    return (*shape, 1) if light else shape


def _load_and_check(args):
    # the model, and where the result goes, both checked before any work
    out, kinds = Path(args.out), PICTURES + (ARRAYS if args.command == "sample" else ())
    if out.is_dir() or out.suffix.lower() not in kinds:
        raise ValueError(f"cannot write {out}: expected the name of a file that ends in {', '.join(kinds)}")
    model = load(args.model)
    if args.command == "reconstruct" or args.command == "traverse" and args.between:
        options.remember_data(args, model, args.model)
    check_files({"MODEL.npz": args.model, "--data": options.data_file(getattr(args, "data", None))},
                {"--out": out, "--json": args.json})
    return model, out


def _read_matching_data(args, model):
    data = options.read_data(args)
    if data.test.shape[1] != model.n_features_in_:
        raise ValueError(f"{data.name} has rows of {data.test.shape[1]} numbers, the model reads "
                         f"{model.n_features_in_}: name its data with --data")
    return data


def _save_figure(figure, out):
    from npvae.lab import plots

    plots.save(figure, out)


def _save_array(X, out):
    check_output(out, "numbers")
    with written_whole(out) as file:
        if out.suffix.lower() == ".npy":
            np.save(file, X)
            file.write(NUMBERS)
        else:
            # as np.savez does, but with a comment
            with zipfile.ZipFile(file, "w") as archive, archive.open("X.npy", "w", force_zip64=True) as member:
                archive.comment = NUMBERS
                np.lib.format.write_array(member, X, allow_pickle=False)


def _write_json_and_print(args, out, figures):
    if args.json:
        write_json({"model": args.model, "file": str(out), **figures}, args.json)
    print(f"Written: {out}")
