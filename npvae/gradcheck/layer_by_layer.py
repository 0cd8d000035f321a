"""For a chain of layers: which layer is wrong? Each is checked alone, on the input that it gets in the chain."""

from dataclasses import replace

import numpy as np

from npvae.gradcheck.evidence import Finding


def wrong_layers(subject, layers, report):
    """The findings of the layers that fail alone, or that the chain puts right layers together wrongly."""
    from npvae.gradcheck.check import gradcheck

    x, found, unseen = subject.x(), [], []
    for i, layer in enumerate(layers):
        try:
            checked = gradcheck(layer, np.array(x), dtype=x.dtype, seed=subject.seed,
                                method=report.method if report.method != "taylor" else None)
        except ValueError as refused:
            # a layer that cannot be checked at what it gets here does not keep the others from being named
            unseen.append(f"layer {i}: {refused}")
        else:
            where = f"layer {i} ({checked.name})"
            found += [replace(f, where=f"{where} {f.where}", sentence=f"{where}, {f.sentence}")
                      for f in checked.diagnosis]
        x = layer(x)[0]
    if found:
        return found
    if unseen:
        return [Finding("unknown", "chain", "unknown: no layer is wrong that could be checked alone; "
                        + "; ".join(unseen) + ".")]
    where = ", ".join(dict.fromkeys(row.name for row in report.rows if not row.passed))
    return [Finding("order", where, f"{where}: each layer is right alone, so the chain puts them together wrongly. Run "
                    "the layers' back in reverse order, each once.")]
