"""How people write a function and its gradient: each way brought into the form y, back = f(*args).

`understood` tells the ways apart; `layers`, `held_layers` and `slots` read classes with a state, `frameworks` PyTorch
and JAX, `arguments` what a function is called with and what it answers, `calling` is one function at one point. `elbos`
is how an ELBO is called, and what it should be.
"""

from npvae.dialects.calling import Subject
from npvae.dialects.understanding import understood

__all__ = ["Subject", "understood"]
