"""Links from the lecture's sections to the tasks in which one writes what they show.

    python tests/notebooks/links.py             write the links anew, at the end of each section
    python tests/notebooks/links.py --check     only say what is missing
"""

import argparse
import json
import sys
from pathlib import Path

from npvae.exercises.tasks import all_tasks

FOLDER = Path(__file__).parents[2] / "notebooks"
MARK = "**Write it yourself:**"
# {notebook: {section: tasks}}
SECTIONS = {
    "01_latent_variables": {
        "The story as a diagram": ["ancestral_sampling", "log_normal"],
        "Hard! Part one: the grid": ["integral_on_a_grid"],
        "Hard! Part two: draw z at random": ["prior_sampling", "importance_sampling"],
        "How many draws would do?": ["effective_sample_size"]},
    "02_elbo": {
        "Three labels, four bars": ["posterior"], "The board's line, derived": ["elbo_discrete"],
        "Every q at once": ["gap", "elbo_gradient"], "The same ELBO, cut in another way": ["two_terms"],
        "The other KL": ["kl_discrete"]},
    "03_variational_em": {
        "A landscape with two axes": ["e_step", "gradient_of_means"],
        "The M-step, solved": ["m_step_means", "m_step_pi", "m_step_sigma_g", "em"],
        "Digits: the argmax is a climb": ["argmax_q"], "What a new x costs": ["ppca"]},
    "04_shared_q": {
        "The best shared q, and the collapse in one step": ["best_shared_q", "value_of_shared_q"],
        "Even with the right θ": ["shared_ceiling"], "From one q to m": ["q_for_groups"], "The price": ["price"]},
    "05_amortized_vi": {
        "The loop": ["gradient_phi", "fit_encoder"], "What if we have millions of data?": ["numbers_of_q"],
        "When the encoder is exact": ["ppca_encoder"], "Two gaps": ["approximation_gap"]},
    "06_autoencoders": {
        "The cost, and its gradient": ["autoencoder_loss", "linear_autoencoder"],
        "A case where the answer is known": ["pca_floor", "pca_reconstruction"], "Use 1": ["send_bytes"],
        "Use 4": ["nearest_label"], "Generation": ["prior_mismatch"]},
    "07_reparameterization": {
        "The backward pass of a draw": ["nodes", "pathwise"], "The other way: the score function": ["score_function"],
        "Baselines": ["best_baseline", "leave_one_out"], "Other one-liners": ["exponential"],
        "On the ELBO, and how to land": ["kl"]},
    "08_variational_autoencoder": {
        "The same number, with the other sign": ["image_elbo"], "Generation": ["sample_vae"],
        "Are the clouds N(0, I) together?": ["aggregate_moments"],
        r"$\beta$ is $\sigma_g$ in disguise": ["sigma_g_of_beta"],
        "Posterior collapse": ["kl_by_coordinate", "active_units"]},
    "09_gaussian_elbo": {
        "From the first line to the last": ["gaussian_log_likelihood", "bernoulli_log_likelihood", "kl_between"],
        "α is a width": ["alpha_of"], "The best $\\sigma_g$": ["best_sigma_g"],
        "The one-sample approximation": ["batch_elbo", "iw_bound"]},
    "10_backprop_and_gradient_checks": {
        "The affine layer": ["affine"], "tanh, ReLU, softplus": ["tanh", "softplus", "log_sum_exp"],
        "A whole VAE, forwards and backwards": ["chain", "adam_step"],
        "Finite differences, and the U-curve": ["numeric_gradient", "complex_step"]},
    "11_three_solvers": {
        "One loop, three sources": ["rows_for", "send_back"], "Where the nats go": ["gaps"],
        "The verdict": ["ideal_encoder", "conditional_elbo", "seen_log_prob", "fill_in"]},
}


def linked(notebook: dict, name: str) -> tuple[dict, list[str]]:
    """The notebook with a line of links at the end of each section, and the sections that were not found."""
    cells, missing = [without(cell) for cell in notebook["cells"]], []
    cells = [cell for cell in cells if cell["source"] or cell["cell_type"] == "code"]
    for section, tasks in SECTIONS.get(name, {}).items():
        start = next(((i, k) for i, k, line in headings(cells) if line.lstrip("# ").startswith(section)), None)
        if start is None:
            missing.append(section)
            continue
        level = cells[start[0]]["source"][start[1]].split(" ")[0]
        # a section lasts until the next heading of its level, or of one above
        end = next(((i, k) for i, k, line in headings(cells) if (i, k) > start
                    and len(line.split(" ")[0]) <= len(level)), (len(cells) - 1, 0))
        insert(cells, end, f"{MARK} {', '.join(link(name, task) for task in tasks)}.", name)
    return notebook | {"cells": cells}, missing


def link(name: str, task: str) -> str:
    """A link to the notebook of a task, by its title."""
    return f"[{all_tasks()[task].title}](exercises/{name}.ipynb)"


def headings(cells):
    for i, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            yield from ((i, k, line) for k, line in enumerate(cell["source"]) if line.startswith("##"))


def insert(cells, end, line, name):
    i, k = end
    if k == 0 and cells[i - 1]["cell_type"] == "markdown":
        i, k = i - 1, len(cells[i - 1]["source"])
    elif k == 0:
        number = sum(cell["id"].startswith("links") for cell in cells)
        cells.insert(i, {"cell_type": "markdown", "id": f"links-{number:02}",
                         "metadata": {"slideshow": {"slide_type": "skip"}}, "source": [line]})
        return
    before, after = cells[i]["source"][:k], cells[i]["source"][k:]
    text = "".join(before).rstrip("\n") + f"\n\n{line}" + ("\n\n" + "".join(after) if after else "")
    cells[i] = cells[i] | {"source": text.splitlines(keepends=True)}


def without(cell):
    """The cell without links."""
    if cell["cell_type"] != "markdown" or not any(line.startswith(MARK) for line in cell["source"]):
        return cell
    paragraphs = "".join(cell["source"]).split("\n\n")
    text = "\n\n".join(p for p in paragraphs if not p.startswith(MARK))
    return cell | {"source": text.splitlines(keepends=True)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check, failed = parser.parse_args().check, False
    there = {task for sections in SECTIONS.values() for tasks in sections.values() for task in tasks}
    for task in all_tasks().values():
        if task.name not in there and task.notebook in SECTIONS:
            print(f"no section for {task.name} of {task.notebook}")
            failed = True
    for name in SECTIONS:
        path = FOLDER / f"{name}.ipynb"
        text = path.read_text(encoding="utf-8")
        notebook, missing = linked(json.loads(text), name)
        new = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        for section in missing:
            print(f"{name} has no section {section!r}")
        failed |= bool(missing) or check and new != text
        if check and new != text:
            print(f"{name}: its links are not as they would be written")
        elif not check:
            path.write_text(new, encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
