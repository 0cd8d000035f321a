"""The contracts of what moves a fit: optimizers, schedules, noise; and of posteriors, where rows come from."""

import copy

import numpy as np

from npvae.contract.report import NotChecked, near, same_bits
from npvae.inference.own_optimizer import check_optimizer, state_of, take_up_state
from npvae.inference.own_parts import check_schedule
from npvae.inference.schedules import at
from npvae.models.noise_checks import check_rule

K, BATCH, DRAWS = 2, 20, 100    # of the checks of noise


def optimizer_checks(part, x, rng: np.random.Generator) -> list[tuple]:
    """The checks of an optimizer, a class or a function that makes one."""
    check_optimizer(part)
    return [("climbs", "−½‖θ‖² rises by 200 steps", _climbs, part, 1.0),
            ("descends", "½‖θ‖² falls with maximize=False", _climbs, part, -1.0),
            ("learning rate", "a smaller λ moves less", _rate, part), ("float32", "moved in place", _in_float32, part),
            ("grad", "left as it is", _leaves_grad, part), ("rests", "finite at a gradient of 0", _rests, part),
            ("saved and loaded", "the same bits", _goes_on, part), ("repeats", "the same bits", _repeats, part)]


def _walk(part, steps=5, rate=0.1, dtype=np.float64, sign=1.0):
    value, grad = np.array([1.0, -2.0, 0.5], dtype), np.zeros(3, dtype)
    optimizer = part(value, grad, rate, maximize=sign > 0)
    for _ in range(steps):
        grad[...] = -sign * value
        optimizer.step()
    return value, grad, optimizer


def _climbs(part, sign):
    end = float(np.abs(_walk(part, 200, 0.01, sign=sign)[0]).max())
    return end < 1.9, f"from 2 to {end:.3g}"


def _rate(part):
    near_, far = (np.abs(_walk(part, 1, rate)[0] - [1.0, -2.0, 0.5]).max() for rate in (0.01, 0.1))
    return 0 < near_ < far, f"{near_:.2g} and {far:.2g}"


def _in_float32(part):
    value, _, _ = _walk(part, dtype=np.float32)
    passed, got = near(value, _walk(part)[0], 1e-3)
    return passed and value.dtype == np.float32, got


def _leaves_grad(part):
    value, grad, optimizer = _walk(part)
    before = grad.copy()
    optimizer.step()
    return same_bits(before, grad)


def _rests(part):
    value, grad, optimizer = _walk(part, 0)
    optimizer.step()
    return np.isfinite(value).all(), "finite" if np.isfinite(value).all() else f"{value}"


def _goes_on(part):
    value, grad, optimizer = _walk(part)
    value_then, state = value.copy(), {name: np.copy(a) for name, a in state_of(optimizer).items()}
    other, other_grad, again = _walk(part, 0)
    take_up_state(again, state)
    other[...] = value_then
    for v, g, o in ((value, grad, optimizer), (other, other_grad, again)):
        for _ in range(3):
            g[...] = -v
            o.step()
    return same_bits(value, other)


def _repeats(part):
    return same_bits(_walk(part)[0], _walk(part)[0])


def schedule_checks(part, x, rng: np.random.Generator) -> list[tuple]:
    """The checks of a schedule."""
    check_schedule("the schedule", part)
    return [("numbers", "finite, from 0, in sweeps 0 … 1000", _numbers, part),
            ("repeats", "the same bits", _again, part)]


def _numbers(part):
    values = [at(part, sweep) for sweep in range(1001)]
    return True, f"{min(values):.3g} … {max(values):.3g}"


def _again(part):
    return same_bits([part(s) for s in range(20)], [part(s) for s in reversed(range(20))][::-1])


def noise_checks(part, x, rng: np.random.Generator) -> list[tuple]:
    """The checks of a noise rule."""
    # the weights have a row of their own
    check_rule(part, K, sums=False)
    return [("float32", "float32 if asked for", _noise_in_float32, part),
            ("weights", "Σ_s w_s = 1", _noise_weights, part), ("moments", "E ε = 0, E εεᵀ = I", _noise_moments, part),
            ("same seed", "the same bits", _noise_repeats, part),
            ("rng", "None will do if random is False", _no_rng, part)]


def _asked(part, rng, batch=BATCH, dtype=np.float64):
    # of a copy, so that draws that follow are the same
    return copy.deepcopy(part)(rng, batch, K, dtype)


def _noise_in_float32(part):
    kinds = {str(a.dtype) for a in _asked(part, np.random.default_rng(0), dtype=np.float32)}
    return kinds == {"float32"}, " and ".join(sorted(kinds))


def _noise_weights(part):
    return near(np.sum(_asked(part, np.random.default_rng(0)).w, 0), 1.0, 1e-9)


def _noise_moments(part):
    rule, rng, found = copy.deepcopy(part), np.random.default_rng(0), []
    for _ in range(DRAWS):
        eps, w = rule(rng, BATCH, K, np.float64)
        mean = (w[..., None] * eps).sum(0).mean(0)
        square = np.einsum("sb,sbi,sbj->bij", np.broadcast_to(w, eps.shape[:2]), eps, eps).mean(0)
        found.append(np.concatenate([mean, square.ravel()]))
    expected = np.concatenate([np.zeros(K), np.eye(K).ravel()])
    # five standard errors, and what few nodes that are not random may be off by
    error = 5 * np.std(found, 0) / DRAWS**0.5
    off = np.abs(np.mean(found, 0) - expected)
    return bool((off <= np.maximum(error, 0.1)).all()), f"off by {off.max():.2g}"


def _noise_repeats(part):
    one, two = (_asked(part, np.random.default_rng(1)) for _ in range(2))
    return same_bits(np.ravel(one.eps), np.ravel(two.eps))


def _no_rng(part):
    if getattr(part, "random", True):
        raise NotChecked("it is random")
    return same_bits(_asked(part, None, 1).eps, _asked(part, np.random.default_rng(2), 1).eps)
