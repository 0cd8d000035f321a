"""The sentences under the table of `npvae compare`: what was held equal, and what holds at every seed."""

from npvae.lab.compare import TITLES
from npvae.tables import fixed

NEAR = 0.1      # nats below its ceiling at which a shared q has arrived
AHEAD = 0.01    # nats that count as a lead
TENTHS = 3      # a lead of fewer times what the last tenth of the sweeps brought is not settled


def comparison_notes(figures: dict) -> list[str]:
    """Sentences computed from the figures of the JSON file; what differs from seed to seed is not claimed."""
    notes = [conditions_note(figures), measured_note(figures), level_note(figures), shared_note(figures)]
    late, blind = (blind_note(figures, level) for level in (False, True))
    notes += [late] if late else [blind, training_note(figures), new_data_note(figures), gaps_note(figures)]
    return [note for note in (*notes, price_note(figures)) if note]


def conditions_note(figures: dict) -> str | None:
    """What the three solvers had in common."""
    seeds, budget = figures["seeds"], figures["budget"]
    limits = [f"{budget['seconds']:g} s"] if budget["seconds"] else []
    limits += [f"{budget['sweeps']} sweeps"] if budget["sweeps"] else []
    named = f"seed {seeds[0]} alone" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    rate = figures["q_learning_rate"]["variational_em"]
    draws = "one draw of z a row and gradient" if figures["draws"] else "no draws, for every component is summed"
    rows = "which takes the exact argmax" if rate is None else f"visited once a sweep, takes λ = {rate:g}"
    return (f"Held equal: the initial θ, λ = {figures['learning_rate']:g}, batches of {figures['batch_size']} with the "
            f"same rows in the same order, {draws}, one step on q with each step of θ, and the budget of "
            f"{' or '.join(limits) or '100 sweeps'} for each fit; {named}. Not equal: a row q_i, {rows}.")


def measured_note(figures: dict) -> str | None:
    """How many rows were measured, if not all."""
    rows, measured = figures["rows"], figures["rows_measured"]
    return None if rows == measured else (
        f"Measured on the first {measured['train']} of {rows['train']} training rows and {measured['test']} of "
        f"{rows['test']} new ones; trained on all training rows.")


def level_note(figures: dict) -> str | None:
    """Which curves still rise."""
    rising = [f"{TITLES[name]} (up to {fixed(max(values(figures, name, 'last_tenth')), 2)} nats)"
              for name in TITLES if not all(values(figures, name, "level"))]
    if not rising:
        return "All curves have levelled off at this budget."
    return (f"Not levelled off at this budget, with what the last tenth of the sweeps brought: {listed(rising)}. More "
            "training may change the order.")


def shared_note(figures: dict) -> str | None:
    """How far the shared q is from its ceiling."""
    below = [figures["shared_ceiling"] - elbo for elbo in values(figures, "shared_q", "train_elbo")]
    ceiling = f"its closed-form ceiling −(D/2)(log 2πV + 1) = {fixed(figures['shared_ceiling'], 4)}"
    if max(below) <= NEAR:
        return (f"Shared q is within {fixed(max(below), 3)} nats of {ceiling}{at_every(figures)}: with one q for all x "
                "the best it can do is to ignore z.")
    still = "and has not levelled off" if not all(values(figures, "shared_q", "level")) else "where it has levelled off"
    return f"At this budget shared q is {span(below, 3)} nats below {ceiling}, {still}."


def training_note(figures: dict) -> str | None:
    """Who is ahead on the training data: at the end, and at equal sweeps."""
    end, equal = (leads(figures, key) for key in ("train_elbo", "elbo_at_equal_sweeps"))
    note = f"On the training data, at this budget, {who_leads(end, figures)}"
    if figures["budget"]["seconds"] is None:
        return note + "."
    return f"{note}; after equally many sweeps, {figures['equal']['sweeps']:.0f}, {who_leads(equal, figures)}."


def new_data_note(figures: dict) -> str | None:
    """Who is ahead on new data, with its rows and as a model."""
    note = f"On new data {who_leads(leads(figures, 'test_elbo'), figures)}"
    models = leads(figures, "test_log_marginal")
    return note + "." if models is None else (
        f"{note}. Of their θ alone, by log p(x) of new data, {who_leads(models, figures)}.")


def gaps_note(figures: dict) -> str | None:
    """What the two ELBOs of new data lack."""
    gaps = {name: [values(figures, name, f"test_{gap}_gap") for gap in ("approximation", "amortization")]
            for name in ("amortized_vi", "variational_em")}
    if any(None in values for pair in gaps.values() for values in pair):
        return None
    (form, rows), (em_form, em_rows) = ([span(values, 2) for values in pair] for pair in gaps.values())
    return (f"On new data amortized VI's ELBO lacks {form} nats because of the form of q (approximation gap) and "
            f"{rows} because an encoder has to produce the rows (amortization gap); variational EM's lacks "
            f"{em_form} and {em_rows}.")


def price_note(figures: dict) -> str | None:
    """What a new x costs."""
    em, amortized = (values(figures, name, "seconds_per_new_x") for name in ("variational_em", "amortized_vi"))
    prices = [a / b for a, b in zip(em, amortized, strict=True)]
    return (f"A new x costs variational EM an argmax of its own, which takes {span(prices, 0)} times as long as one "
            "pass through the encoder.")


def blind_note(figures: dict, level: bool) -> str | None:
    """Of those that look at x, who is no better at some seed than what does not, and has levelled off or has not."""
    ceiling, blind = figures["shared_ceiling"], {}
    for name in ("variational_em", "amortized_vi"):
        pairs = zip(values(figures, name, "train_elbo"), values(figures, name, "level"), strict=True)
        found = [elbo for elbo, flat in pairs if elbo <= ceiling + AHEAD and flat == level]
        blind |= {name: min(found)} if found else {}
    if not blind:
        return None
    named = listed([f"{TITLES[name]} (at {fixed(elbo, 3)})" for name, elbo in blind.items()])
    seeds = "" if len(figures["seeds"]) == 1 else " at some seed"
    return (f"At this budget {named} {'has' if len(blind) == 1 else 'have'} not risen above {fixed(ceiling, 3)} nats"
            f"{seeds}, which a q that does not look at x can reach" + (
                ", and levelled off: z has come to nothing there." if level else
                ": there is nothing to compare. Give more --time-budget."))


def leads(figures: dict, key: str) -> list[float] | None:
    """What variational EM is ahead of amortized VI at each seed, nats, or None if a figure is unknown."""
    em, amortized = (values(figures, name, key) for name in ("variational_em", "amortized_vi"))
    return None if None in em + amortized else [a - b for a, b in zip(em, amortized, strict=True)]


def who_leads(leads: list[float], figures: dict) -> str:
    """A clause on leads of variational EM, one a seed; of curves that still rise, leads that are small beside it.

    >>> figures = {"seeds": [0, 1], "runs": []}
    >>> who_leads([1.0, 2.5], figures), who_leads([-1.0, -1.0], figures)
    ('variational EM is 1.00 to 2.50 nats ahead at every seed', 'amortized VI is 1.00 nats ahead at every seed')
    >>> who_leads([-1.0, 2.5], figures)
    'neither is ahead at every seed (variational EM by -1.00 to 2.50 nats)'
    """
    every = at_every(figures)
    if max(map(abs, leads)) <= AHEAD:
        return f"the two are within {AHEAD:g} nats of each other{every}"
    if min(leads) <= AHEAD and max(leads) >= -AHEAD:
        return f"neither is ahead at every seed (variational EM by {span(leads, 2)} nats)"
    title, ahead = TITLES["variational_em" if min(leads) > 0 else "amortized_vi"], [abs(lead) for lead in leads]
    if min(ahead) < TENTHS * still_rising(figures):
        return (f"the order is not settled: {title} is {span(ahead, 2)} nats ahead{every}, but the curves still rise "
                f"by {fixed(still_rising(figures), 2)} nats in a tenth of the sweeps")
    return f"{title} is {span(ahead, 2)} nats ahead{every}"


def still_rising(figures: dict) -> float:
    """What the last tenth of the sweeps brought, nats: the most of the curves of q_i and q_φ that are not level."""
    return max((run["last_tenth"] for run in figures["runs"] if run["solver"] != "shared_q" and not run["level"]),
               default=0.0)


def at_every(figures: dict) -> str:
    """" at every seed", or of one seed that it is one."""
    seeds = figures["seeds"]
    return " at every seed" if len(seeds) > 1 else f" at seed {seeds[0]}, the only one"


def values(figures: dict, name: str, key: str) -> list:
    """A solver's figure at each seed."""
    return [run[key] for run in figures["runs"] if run["solver"] == name]


def span(numbers: list[float], decimals: int) -> str:
    """The least and the greatest of some numbers.

    >>> span([1.0, 3.0, 2.0], 1), span([1.0, 1.01], 1)
    ('1.0 to 3.0', '1.0')
    """
    low, high = fixed(min(numbers), decimals), fixed(max(numbers), decimals)
    return low if low == high else f"{low} to {high}"


def listed(names: list[str]) -> str:
    """Names with an "and" before the last.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
