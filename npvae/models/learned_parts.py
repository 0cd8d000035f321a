"""What the parts of a model share that have one array of their own, which may belong to θ."""

from __future__ import annotations

import copy

import numpy as np


class LearnedPart:
    """A part with the array that `array` names, and its gradient under that name with a d before it."""

    array: str
    learn: bool

    def arrays(self) -> dict[str, np.ndarray]:
        """The array by its name, if it is learned."""
        return {self.array: getattr(self, self.array)} if self.learn else {}

    def on(self, parameters, prefix: str = "", gradient: bool = True) -> LearnedPart:
        """The same part with its array in `parameters`; without `gradient` it is held fixed."""
        twin, name = copy.copy(self), prefix + self.array
        if self.learn:
            setattr(twin, self.array, parameters[name])
            setattr(twin, "d" + self.array, parameters.gradient(name) if gradient else None)
        else:
            setattr(twin, self.array, getattr(self, self.array).astype(parameters.value.dtype))
        return twin


class RealLikelihood(LearnedPart):
    """A likelihood of real numbers around the output g, in the data's units; the log of its scale may be learned."""

    def mean(self, g: np.ndarray) -> np.ndarray:
        """E[x|z] = g(z)."""
        return g

    @staticmethod
    def output_for(x: np.ndarray) -> np.ndarray:
        """The output g at which E[x|g] = x."""
        return x

    @staticmethod
    def output_scale(scale: float) -> float:
        """By how much outputs differ where data differ by `scale`."""
        return scale
