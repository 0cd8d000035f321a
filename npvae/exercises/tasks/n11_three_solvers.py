r"""# 11 · Three solvers: exercises

Where the $q$ of a datapoint comes from is all that the three solvers differ in: a row of a table, one row for all, an
encoder's output. Here you write that part, and how a gradient finds its way back to it; then the gaps, the encoder that
a mixture ought to have, and two uses of an encoder: a model that knows the class, and data with missing pixels.
"""

import numpy as np

from npvae.exercises.task import Task

# ---- where q comes from


def rows_for(solver, table, row, W, b, x, index):
    """The rows q, each of which describes q(z|x) for one x of a batch.

    solver is "free", "shared" or "amortized"; table (m, R) holds a row for each datapoint, row (R,) is one for all,
    W (D, R) and b (R,) make a linear encoder; x (B, D) is the batch, and index (B,) says where its x stand in the data.
    Returns q (B, R).
    """
    if solver == "free":
        return table[index]
    if solver == "shared":
        return np.tile(row, (len(x), 1))
    return x @ W + b


def rows_inputs(rng, m, B, D, R):
    return (rng.normal(size=(m, R)), rng.normal(size=R), rng.normal(size=(D, R)), rng.normal(size=R),
            rng.normal(size=(B, D)), rng.integers(0, m, B))


def all_three(answer, table, row, W, b, x, index):
    return tuple(answer(solver, table, row, W, b, x, index) for solver in ("free", "shared", "amortized"))


def the_first_B_rows_of_the_table(solver, table, row, W, b, x, index):
    return rows_for(solver, np.resize(table, (len(x), table.shape[1])), row, W, b, x, np.arange(len(x)))


def no_bias(solver, table, row, W, b, x, index):
    return rows_for(solver, table, row, W, 0 * b, x, index)


ROWS = Task(
    name="rows_for", title="Where q comes from", points=2, solution=rows_for, inputs=rows_inputs, sizes="m B D R",
    call=all_three, returns=('the rows for "free"', 'the rows for "shared"', 'the rows for "amortized"'),
    text=r"""The solvers take the row $q$ of datapoint $x^i$ from

$$q_i = \text{row } i \text{ of a table}, \qquad q \text{, the same for all}, \qquad q_\phi(x^i) = x^i W + b.$$""",
    hints=("Three branches of one line each; what is the shape of what each has to return?",
           "A table is read at the rows of an integer array by table[index]; one row is repeated by np.tile or "
           "np.broadcast_to; an affine map of all rows is one matrix product."),
    play='rows_for("shared", np.zeros((5, 2)), np.ones(2), np.eye(2), np.zeros(2), np.ones((3, 2)), np.arange(3))',
    misconceptions=[
        (the_first_B_rows_of_the_table, 'for "free" it takes the first B rows of the table: index says where the x of '
                                        "this batch stand in the data."),
        (no_bias, 'for "amortized" the encoder\'s b is missing.')])


TASKS = [ROWS]
