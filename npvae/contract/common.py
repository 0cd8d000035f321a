"""What is asked of every part with parameters: that it moves into a vector, writes its gradients, and can be saved."""

from collections.abc import Callable

import numpy as np

from npvae.contract.report import NotChecked, near, same_bits
from npvae.nn.parameters import lay_out


def on_its_own(part, dtype=np.float64, gradient: bool = True):
    """The part in a vector of its own, and the vector; the part itself if it has no parameters."""
    if not callable(getattr(part, "on", None)):
        return part, lay_out({}, dtype)
    parameters = lay_out({"part": part}, dtype)
    return part.on(parameters, "part.", gradient), parameters


def writes(part, call: Callable) -> tuple[bool, str]:
    """Whether `back` writes its gradients whatever stood there; `call(part) -> (answer, back, upstream)`."""
    twin, parameters = on_its_own(part)
    if not parameters.value.size:
        raise NotChecked("no parameters")
    found = []
    for before in (0.0, 7.0):
        parameters.grad.fill(before)
        _, back, upstream = call(twin)
        back(*upstream)
        found.append(parameters.grad.copy())
    if np.array_equal(*found):
        return True, "written"
    adds = np.allclose(found[1] - found[0], 7.0)
    return False, "back adds to the gradient, dW[...] += …" if adds else "back leaves some of the gradient unwritten"


def holds_still(part, call: Callable) -> tuple[bool, str]:
    """Whether `back` leaves the gradient alone without `gradient`."""
    twin, parameters = on_its_own(part, gradient=False)
    if not parameters.value.size:
        raise NotChecked("no parameters")
    _, back, upstream = call(twin)
    back(*upstream)
    return not parameters.grad.any(), "nothing written" if not parameters.grad.any() else "it was written"


def in_float32(part, call: Callable, answer_too: bool = False) -> tuple[bool, str]:
    """Whether the gradient of float32, or the answer too, is float32, and both are as in float64 but for rounding."""
    answers = []
    for dtype in (np.float32, np.float64):
        answer, back, upstream = call(on_its_own(part, dtype)[0], dtype)
        answers.append((np.asarray(answer), np.asarray(back(*upstream))))
    # a value such as log p(x|z) in float64 ends there
    kinds = {str(a.dtype) for a in answers[0][0 if answer_too else 1:]}
    if kinds != {"float32"}:
        return False, f"{' and '.join(sorted(kinds))} from float32: use x.dtype for constants"
    scale = 1 + max(np.abs(b).max() for b in answers[1])
    passed, got = near(np.concatenate([a.ravel() for a in answers[0]]), np.concatenate([b.ravel() for b in answers[1]]),
                       1e-3 * scale)
    return passed, f"float32, {got}"


def saved_and_loaded(part, call: Callable) -> tuple[bool, str]:
    """Whether its arrays, put into a new vector, give the same answer."""
    twin, parameters = on_its_own(part)
    if not parameters.value.size:
        raise NotChecked("no parameters")
    parameters.value += np.linspace(0.01, 0.02, parameters.value.size)
    other, again = on_its_own(part)
    for name, a in parameters.arrays().items():
        again[name][...] = a
    passed, got = same_bits(call(twin)[0], call(other)[0])
    moved = not np.array_equal(call(twin)[0], call(part)[0])
    return passed and moved, got if moved else "its parameters have no say in what it answers"


def repeats(part, call: Callable) -> tuple[bool, str]:
    """Whether it answers twice alike, also after it was asked something else."""
    answer, back, upstream = call(part)
    first, slope = np.copy(answer), np.copy(back(*upstream))
    call(part, shift=0.5)
    again, later, _ = call(part)
    passed, got = same_bits(first, again)
    if not passed:
        return False, "another answer the second time"
    same = same_bits(slope, back(*upstream))[0] and same_bits(slope, later(*upstream))[0]
    return same, got if same else "back of the first call has been spoiled by the second"


def leaves_its_input(part, call: Callable) -> tuple[bool, str]:
    """Whether what it was handed is as it was, forwards and backwards."""
    handed = []
    _, back, upstream = call(part, handed=handed)
    handed += [(a, a.copy()) for a in upstream]
    back(*upstream)
    same = all(np.array_equal(a, b) for a, b in handed)
    return same, "as it was" if same else "it was changed in place"


def common_checks(part, call: Callable, answer_too: bool = False) -> list[tuple]:
    """The checks of this file, as `checked` takes them."""
    return [("float32", "float32 in, float32 out", in_float32, part, call, answer_too),
            ("back writes", "gradients written, not added", writes, part, call),
            ("held fixed", "gradient=False writes nothing", holds_still, part, call),
            ("saved and loaded", "the same bits", saved_and_loaded, part, call),
            ("repeats", "the same bits", repeats, part, call),
            ("inputs", "left as they are", leaves_its_input, part, call)]
