"""The line of somebody's source that is wrong: the smallest edit of its syntax tree that makes the gradient right.

`search` goes the way: `sources` reads the code, `slots` are the places where an edit may stand, `scope` the names and
values that it may use there. The edits come from `candidates` (slips) and `places` (indices, loops, masks),
`statements`, `reuse` (other names and parts of the same code) and `fits` (missing terms, out of `terms`); `trial` runs
them, at the places of `points`. `edits` makes mistakes with the same `edit_operators`. `elbos` is the same search for
an ELBO function, held against `other_model`s, too.
"""

from npvae.repair.search import find_repair

__all__ = ["find_repair"]
