"""The table of `npvae compare`, and the sentences that go under it."""

from functools import partial

from npvae.lab.compare import TITLES
from npvae.tables import fixed, table

MEASURES = [
    ("train_elbo", "ELBO, training data (nats)", partial(fixed, decimals=3)),
    ("train_log_marginal", "  log p(x) (nats)", partial(fixed, decimals=3)),
    ("test_elbo", "ELBO, test data (nats)", partial(fixed, decimals=3)),
    ("test_log_marginal", "  log p(x) (nats)", partial(fixed, decimals=3)),
    ("test_approximation_gap", "  approximation gap (nats)", partial(fixed, decimals=3)),
    ("test_amortization_gap", "  amortization gap (nats)", partial(fixed, decimals=3)),
    ("seconds", "training time (s)", partial(fixed, decimals=1)),
    ("sweeps", "sweeps over the data", partial(fixed, decimals=1)),
    ("variational_parameters", "variational parameters", str),
    ("seconds_per_new_x", "q for one new x (ms)", lambda seconds: f"{1e3 * seconds:.3g}"),
]


def comparison_table(figures):
    """The table of `npvae compare`, from the figures of its JSON file."""
    solvers = figures["solvers"]
    rows = []
    for key, title, as_text in MEASURES:
        rows.append([title, *("–" if f[key] is None else as_text(f[key]) for f in solvers.values())])
    return table([f"per row of {figures['data']}, K = {figures['latent_dim']}", *(TITLES[n] for n in solvers)], rows)


def comparison_notes(figures):
    """What the table shows, in sentences computed from its figures."""
    em, shared, amortized = (figures["solvers"][n] for n in TITLES)
    ceiling, price = figures["shared_ceiling"], em["seconds_per_new_x"] / amortized["seconds_per_new_x"]
    rows, measured = figures["rows"], figures["rows_measured"]
    notes = [] if rows == measured else [
        f"Measured on the first {measured['train']} of {rows['train']} training rows and {measured['test']} of "
        f"{rows['test']} test rows; trained on all."]
    notes.append(f"Shared q ends {fixed(ceiling - shared['train_elbo'], 3)} nats below its closed-form ceiling "
                 f"−(D/2)(log 2πV + 1) = {ceiling:.4f}: with one q for all x the best it can do is to ignore z.")
    lead = em["train_elbo"] - amortized["train_elbo"]
    notes.append(f"On the training data the separate q_i are {abs(lead):.2f} nats "
                 f"{'ahead of' if lead > 0 else 'behind'} the encoder, after {em['sweeps']:.0f} sweeps in "
                 f"{em['seconds']:.0f} s against {amortized['sweeps']:.0f} in {amortized['seconds']:.0f} s, with "
                 f"{em['variational_parameters']} variational parameters against "
                 f"{amortized['variational_parameters']}.")
    lead = em["test_elbo"] - amortized["test_elbo"]
    notes.append(f"On new data they are {abs(lead):.2f} nats {'ahead' if lead > 0 else 'behind'}: each new x gets its "
                 f"own inner loop, at {price:.0f} times the price of one pass through the encoder, which has to "
                 "generalise.")
    if None not in (em["test_log_marginal"], amortized["test_log_marginal"]):
        notes.append(f"On new data the encoder's ELBO lacks {fixed(amortized['test_approximation_gap'], 2)} nats "
                     f"because of the form of q (approximation gap) and {fixed(amortized['test_amortization_gap'], 2)} "
                     "because an encoder has to produce it (amortization gap); variational EM's lacks "
                     f"{fixed(em['test_approximation_gap'], 2)} and {fixed(em['test_amortization_gap'], 2)}.")
    return notes
