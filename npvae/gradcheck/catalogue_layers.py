"""Mistakes in layers and optimizers."""

from npvae.gradcheck import benches
from npvae.gradcheck.mistakes import Mistake
from npvae.gradcheck.optimizer_check import check_optimizer


def sgd(optimizer):
    """SGD with momentum against its rule."""
    return check_optimizer(lambda value, grad, rate: optimizer(value, grad, rate, momentum=0.9), "sgd")


def row_adam(optimizer):
    """Row-wise Adam against its rule."""
    return check_optimizer(optimizer, "row_adam")


LAYERS = "npvae.nn.layers:"
OPTIMIZERS = "npvae.nn.optimizers:"
DW, DB = "self.dW[...] += x.T @ dy", "self.db[...] += dy.sum(0)"
RELU = "lambda dy: dy * on"
SIGMOID = "lambda dy: dy * y * (1 - y)"

LAYER_MISTAKES = [
    Mistake("dW with a minus", LAYERS + "Affine", ((DW, "self.dW[...] -= x.T @ dy"),), benches.affine,
            "W", "wrong sign"),
    Mistake("dW transposed", LAYERS + "Affine", ((DW, "self.dW[...] += dy.T @ x"),), benches.square_affine,
            "W", "transposed"),
    Mistake("dW overwritten", LAYERS + "Affine", ((DW, "self.dW[...] = x.T @ dy"),), benches.affine,
            "W", "accumulation is forgotten"),
    Mistake("dW bound to a local name", LAYERS + "Affine", ((DW, "dW = self.dW + x.T @ dy"),), benches.affine,
            "W", "no gradient arrives", "numpy-ml GMM: weights rebound to a local name, so never updated"),
    Mistake("dW added twice", LAYERS + "Affine", ((DW, f"{DW}; {DW}"),), benches.affine,
            "W", "added twice"),
    Mistake("db averaged over the batch", LAYERS + "Affine", ((DB, "self.db[...] += dy.mean(0)"),), benches.affine,
            "b", "a mean over B", "pytorch/examples #290 #294 #652"),
    Mistake("db of the first row only", LAYERS + "Affine", ((DB, "self.db[...] += dy[0]"),), benches.affine,
            "b", "sum over B = 5 is missing"),
    Mistake("db of dy = 1", LAYERS + "Affine", ((DB, "self.db[...] += len(dy)"),), benches.affine,
            "b", "ignores dy"),
    Mistake("dx with W untransposed", LAYERS + "Affine",
            (("return dy @ self.W.T", "return dy @ self.W"),), benches.square_affine,
            "x", "W is used where its transposed belongs"),
    Mistake("dx with the factor ½", LAYERS + "Affine",
            (("return dy @ self.W.T", "return 0.5 * dy @ self.W.T"),), benches.affine, "x", "½ times"),
    Mistake("tanh: x for y", LAYERS + "tanh", (("1 - y * y", "1 - x * x"),), benches.activation,
            "x", "x stands in the formula where the output y belongs"),
    Mistake("tanh: derivative at y", LAYERS + "tanh", (("1 - y * y", "1 - np.tanh(y)**2"),), benches.activation,
            "x", "at y, where x belongs"),
    Mistake("tanh: dy forgotten", LAYERS + "tanh", (("dy * (1 - y * y)", "1 - y * y"),), benches.activation,
            "x", "ignores dy"),
    Mistake("tanh: 1 − y for 1 − y²", LAYERS + "tanh", (("1 - y * y", "1 - y"),), benches.activation,
            "x", "unknown"),
    Mistake("ReLU: mask inverted", LAYERS + "relu", ((RELU, "lambda dy: dy * ~on"),), benches.activation,
            "x", "the mask has the wrong sign"),
    Mistake("ReLU: tested after the ReLU with ≥", LAYERS + "relu",
            ((RELU, "lambda dy: dy * (np.where(on, x, 0) >= 0)"),), benches.activation,
            "x", "the mask is always true", "numpy-tutorials MNIST"),
    Mistake("sigmoid: x for y", LAYERS + "sigmoid", ((SIGMOID, "lambda dy: dy * x * (1 - x)"),), benches.activation,
            "x", "x stands in the formula where the output y belongs"),
    Mistake("sigmoid: y forgotten", LAYERS + "sigmoid", ((SIGMOID, "lambda dy: dy * (1 - y)"),), benches.activation,
            "x", "a factor y is missing"),
    Mistake("softplus: sigmoid(−x)", LAYERS + "softplus", (("dy * _sigmoid(x)", "dy * _sigmoid(-x)"),),
            benches.activation, "x", "−x where x belongs"),
    Mistake("quadratic features: half the product rule", LAYERS + "quadratic_features",
            (("np.add.at(dx.T, j, (dxx * x[:, i]).T)", "pass"),), benches.features,
            "x", "the path through x_i ∂x_j is left out"),
    Mistake("chain: backs in forward order", LAYERS + "Chain", (("reversed(backs)", "backs"),), benches.chained,
            "", "in reverse order"),
]

OPTIMIZER_MISTAKES = [
    Mistake("Adam without bias correction", OPTIMIZERS + "Adam",
            (("rate, epsilon = _folded(self.learning_rate, self.beta1, self.beta2, self.epsilon, self.t)",
              "rate, epsilon = _folded(self.learning_rate, self.beta1, self.beta2, self.epsilon, 10**9)"),),
            check_optimizer, "steps", "the bias correction is missing", "no-magic microvae.py"),
    Mistake("Adam walks downhill", OPTIMIZERS + "Adam", (("s *= self.sign * rate", "s *= -self.sign * rate"),),
            check_optimizer, "steps", "downhill"),
    Mistake("Adam without its counter", OPTIMIZERS + "Adam", (("self.t += 1", "self.t = 1"),),
            check_optimizer, "steps", "the step counter stands still"),
    Mistake("Adam forgets its moments", OPTIMIZERS + "Adam",
            (("self.m *= self.beta1", "self.m *= 0"), ("self.v *= self.beta2", "self.v *= 0")),
            check_optimizer, "steps", "the moments do not carry over"),
    Mistake("Adam with β₁ and β₂ exchanged", OPTIMIZERS + "Adam",
            (("self.beta1, self.beta2, self.epsilon = _decays(beta1, beta2, epsilon)",
              "self.beta2, self.beta1, self.epsilon = beta1, beta2, epsilon"),),
            check_optimizer, "steps", "β₁ and β₂ are exchanged"),
    Mistake("SGD walks downhill", OPTIMIZERS + "SGD",
            (("self.value += self.sign", "self.value -= self.sign"),), sgd, "steps", "downhill"),
    Mistake("SGD: the velocity does not decay", OPTIMIZERS + "SGD", (("self.velocity *= self.momentum", "pass"),),
            sgd, "steps", "the velocity does not decay"),
    Mistake("RowAdam: duplicates lost", OPTIMIZERS + "RowAdam",
            (("index, dq = _add_duplicates(index, dq, len(self.table))",
              "index, place = np.unique(index[::-1], return_index=True); dq = dq[::-1][place]"),),
            row_adam, "steps", "only one gradient is used"),
    Mistake("RowAdam: one counter for all rows", OPTIMIZERS + "RowAdam",
            (("self.t[index] += 1", "self.t += 1"),), row_adam, "steps", "share one step counter"),
]
