"""Mistakes in the ELBO and the solvers that a gradient check sees."""

from npvae.gradcheck import benches_inference as benches
from npvae.gradcheck.mistakes import Mistake

ELBO = "npvae.inference.elbo:lower_bound"
SHARED = "npvae.inference.posteriors:Shared"
ADAM_STEP, LINE_SEARCH = "npvae.inference.theta_steps:AdamStep", "npvae.inference.theta_steps:LineSearchStep"
BACK_KL, NODES = "dq += back_kl(-dvalue)", "back_nodes(back_log_px(w * dvalue), log_px * dvalue)"
MEAN = "back(np.full(len(x), 1 / len(x), x.dtype))"

ELBO_MISTAKES = [
    Mistake("ELBO: KL left out of the gradient", ELBO, ((BACK_KL, "pass"),), benches.elbo_of_vae,
            "q", "the path through the KL is left out"),
    Mistake("ELBO: KL's sign in the gradient", ELBO, ((BACK_KL, "dq += back_kl(dvalue)"),), benches.elbo_of_vae,
            "q", "the gradient of the KL has the wrong sign", "pytorch/examples #824"),
    Mistake("ELBO: nothing through the sampling", ELBO, ((NODES, "0 * " + NODES),), benches.elbo_of_vae,
            "q", "the path through the reconstruction E_q log p(x|z) is left out"),
    Mistake("ELBO: the nodes' weights forgotten", ELBO, (("back_log_px(w * dvalue)", "back_log_px(dvalue + 0 * w)"),),
            benches.elbo_of_vae, "q", "S times"),
    Mistake("ELBO: KL averaged in the value", ELBO, (("- kl\n", "- kl / model.latent.dim\n"),),
            benches.elbo_of_vae, "q", "a sum over K where the value takes the mean", "sigma-vae-tensorflow #2"),
    Mistake("ELBO: −ELBO returned, +ELBO differentiated", ELBO,
            (("value = over_nodes(w * log_px) - kl", "value = kl - over_nodes(w * log_px)"),),
            benches.elbo_of_vae, "q", "wrong sign"),
    Mistake("mixture's ELBO: nothing through the weights", ELBO, (("log_px * dvalue)", "0 * log_px * dvalue)"),),
            benches.elbo_of_mixture, "q", "the path through the reconstruction E_q log p(x|z) is left out"),
    Mistake("mixture's ELBO: KL left out of the gradient", ELBO, ((BACK_KL, "pass"),), benches.elbo_of_mixture,
            "q", "the path through the KL is left out"),
]

SOLVER_MISTAKES = [
    Mistake("shared row: mean for sum", SHARED, (("+= dq.sum(0)", "+= dq.mean(0)"),), benches.shared_row,
            "row", "a mean over B"),
    Mistake("shared row: last datum only", SHARED, (("+= dq.sum(0)", "+= dq[-1]"),), benches.shared_row,
            "row", "sum over B = 5 is missing"),
    Mistake("shared row: overwritten", SHARED, (("+= dq.sum(0)", "= dq.sum(0)"),), benches.shared_row,
            "row", "accumulation is forgotten"),
    Mistake("Adam step of θ: grad not set to zero", ADAM_STEP, (("self.grad.fill(0)", "pass"),), benches.theta_step,
            "x", "the step before is in the gradient"),
    Mistake("Adam step of θ: sum for mean", ADAM_STEP, ((MEAN, "back(np.ones(len(x), x.dtype))"),), benches.theta_step,
            "x", "a sum over B"),
    Mistake("line search: grad not set to zero", LINE_SEARCH, (("self.grad.fill(0)", "pass"),), benches.theta_step,
            "x", "the step before is in the gradient"),
    Mistake("line search: downhill", LINE_SEARCH, ((MEAN, "back(np.full(len(x), -1 / len(x), x.dtype))"),),
            benches.theta_step, "x", "wrong sign"),
]
