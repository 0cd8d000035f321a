"""`npvae exercises`: the tasks, and their notebooks; `npvae grade`: what was handed in."""

from argparse import Namespace

from npvae.cli.options import add_command, positive, seconds
from npvae.cli.outputs import check_files, write_json


def add_exercises(commands) -> None:
    """`npvae exercises`: the tasks, and their notebooks."""
    command = add_command(
        commands, "exercises", run_exercises, "List the exercises, or write their notebooks: the learner's edition, "
        "and, in source/, the teacher's with nbgrader's marks.", ["", "--write my_course"], "has no effect")
    command.add_argument("--write", metavar="FOLDER", help="write the notebooks into this folder")


def run_exercises(args: Namespace) -> int:
    """Print a table, or write the notebooks."""
    from npvae.exercises import notebooks, tasks

    check_files({}, {"--json": args.json})
    if args.write:
        files = notebooks.write(args.write)
        print(f"{len(files)} notebooks written to {args.write}")
    else:
        print(tasks())
    if args.json:
        write_json({"tasks": list(tasks())}, args.json)
    return 0


def add_grade(commands) -> None:
    """`npvae grade`: notebooks that were handed in."""
    command = add_command(
        commands, "grade", run_grade, "Grade the exercise notebooks in a folder, each in a process of its own with "
        "limits on time and memory, and say which mistakes the class makes.",
        ["submitted", "submitted --csv grades.csv --seconds 120"], "has no effect: checks are the same each time")
    command.add_argument("folder", metavar="FOLDER", help="where the notebooks are, in folders of their own or not")
    command.add_argument("--csv", metavar="FILE", help="write a line for each submission and task")
    command.add_argument("--seconds", type=seconds, default=300.0, metavar="S",
                         help="that a notebook may take (default 300)")
    command.add_argument("--memory", type=positive, default=2048, metavar="MB",
                         help="megabytes that a notebook may take (default 2048)")


def run_grade(args: Namespace) -> int:
    """Grade, print scores and mistakes."""
    from tqdm import tqdm

    from npvae.exercises import grading

    check_files({}, {"--csv": args.csv, "--json": args.json}, {"--csv": "grades"})
    with tqdm(desc="notebooks", leave=False, disable=None) as bar:
        rows = grading.grade(args.folder, args.seconds, args.memory, lambda path: bar.update())
    print(grading.scores(rows))
    print("\nmistakes, and in how many notebooks")
    for row in grading.mistakes(rows):
        print(f"{row['times']:5}  {row['task']}: {row['mistake']}\n       {row['for example']}")
    if args.csv:
        grading.write_csv(rows, args.csv)
    if args.json:
        write_json({"rows": list(rows)}, args.json)
    return 0
