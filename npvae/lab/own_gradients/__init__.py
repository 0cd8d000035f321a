"""Every hand-written gradient of the package, checked: what `npvae gradcheck` runs.

A room of the package gives its gradients as (name, what `gradcheck` takes); `table` checks them by every method.
"""
