"""The options of a command that name its data, and what was read, in one line."""


def add_data(command, what=""):
    """--data, and --label and --leave-out for the columns of a text file."""
    command.add_argument("--data", default="digits", metavar="NAME|PATH",
                         help=f"{what}digits, a toy's name, a .npz, .npy, .csv or IDX file, or a folder of IDX files "
                              "(default digits); what was read is printed in one line")
    command.add_argument("--label", metavar="COLUMN",
                         help="the column of a .csv file that holds labels, numbers or text: its name, or its number "
                              "from 1 (default: the one that the header calls label, labels, target or class)")
    command.add_argument("--leave-out", nargs="+", default=[], metavar="COLUMN",
                         help="columns of a .csv file that are not read, by name or by number from 1")


def read_data(args):
    """The data set that --data, --label and --leave-out ask for."""
    from npvae import datasets

    return datasets.load(args.data or "digits", args.label, args.leave_out)


def print_data(data):
    """Print what was read, in one line."""
    from npvae import datasets

    print(datasets.describe(data))
