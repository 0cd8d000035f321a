"""Two independent gradients to hold hand-written ones against: central differences and the complex step."""

import numpy as np


def central(f, array, h=1e-5):
    """∂f/∂array by central differences: perturbs one element at a time, in place, and puts it back."""
    slope = np.zeros(array.shape)
    for j in np.ndindex(array.shape):
        old = array[j]
        array[j] = old + h
        above = f()
        array[j] = old - h
        slope[j] = (above - f()) / (2 * h)
        array[j] = old
    return slope


def complex_step(f, array, h=1e-30):
    """∂f/∂array from the imaginary part of f: no cancellation, so exact to rounding."""
    slope = np.zeros(array.shape)
    for j in np.ndindex(array.shape):
        old = array[j]
        array[j] = old + 1j * h
        slope[j] = f().imag / h
        array[j] = old
    return slope


def relative(a, b):
    """‖a − b‖ / (‖a‖ + ‖b‖), 0 for two zeros."""
    size = np.linalg.norm(a) + np.linalg.norm(b)
    return np.linalg.norm(a - b) / size if size else 0.0
