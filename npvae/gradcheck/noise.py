"""Another noise in the backward pass than in the forward pass: found from the structure of z = μ + σ ε."""

import numpy as np

from npvae.gradcheck.evidence import Candidate


def noise_candidates(e):
    """∂/∂log σ is dz · ε′ · σ for an ε′ that does not depend on dz, and that is not the ε of the forward pass.

    With dz restricted to one node at a time, ε′ can be read off, and read off again with another dz.
    """
    K, shape = e.v.shape[-1] // 2, e.y.shape
    if len(shape) != 3 or e.v.shape != (shape[1], 2 * K) or shape[2] != K or e.block[1:] != (slice(K, 2 * K),):
        return []
    rng = np.random.default_rng(0)
    first, second = (read_noise(e, rng.standard_normal(shape)) for _ in range(2))
    if first is None or second is None or not np.allclose(first, second, rtol=1e-6, atol=1e-9):
        return []
    sigma = np.exp(e.v[:, K:])
    forward = (e.y - e.v[:, :K]) / sigma
    if np.allclose(first, 1, atol=1e-6):
        return [Candidate("noise", "the factor ε is missing: ∂z/∂σ is ε", "Multiply dz by the ε of the forward pass")]
    if np.allclose(np.sort(first, axis=None), np.sort(forward, axis=None), rtol=1e-6):
        return [Candidate("noise", "back takes the noise of the forward pass in another order",
                          "Multiply each dz by its own ε", rank=4)]
    return [Candidate("noise", "stale or resampled noise: back multiplies by another ε than z was drawn with",
                      "Draw ε once and keep it in the closure", rank=4)]


def read_noise(e, c):
    """The ε′ (S, B, K) that back multiplies by, one node at a time."""
    subject, kept, K, found = e.subject, e.subject.upstream, c.shape[2], []
    try:
        for s in range(c.shape[0]):
            subject.upstream = np.zeros_like(c)
            subject.upstream[s] = c[s]
            found.append(subject.gradient()[e.name][:, K:] / (c[s] * np.exp(e.v[:, K:])))
    finally:
        subject.upstream = kept
    return np.array(found) if np.isfinite(found).all() else None
