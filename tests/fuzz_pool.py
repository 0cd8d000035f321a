"""What the fuzzer calls with: sensible values by the argument's name, and hostile ones for any argument."""

import os
import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

import npvae
from npvae.models import Noise
from npvae.nn import mlp, relu, sigmoid, softplus, tanh

ACTIVATIONS = (tanh, relu, sigmoid, softplus)
LONG = ("sweeps", "steps", "q_steps", "most_steps", "samples", "repeats", "vectors", "seconds", "directions", "draws",
        "candidates", "every", "patience", "held_out", "components", "arms", "restarts")


# ---- functions that a user might bring; the judge knows them by their name

class UsersError(ValueError):
    """What a user's own function raises: to be handed on as it is."""


def users_nothing():
    return np.zeros(1)


def users_three(a, b, c):
    return np.zeros(1)


def users_none(*_, **__):
    return None


def users_refusal(*_, **__):
    raise UsersError("this function of the user's refuses")


def users_text(*_, **__):
    return "y", "back"


def users_number(*_, **__):
    return 1.0


class users_Class:
    def __init__(self, x):
        self.x = x


def users_square(x):
    return x**2, lambda dy: 2 * x * dy


def users_wrong_square(x):
    return x**2, lambda dy: x * dy


def users_sum(x):
    return float(np.sum(x**2)), 2 * x


def users_nan(x, *_):
    return x * np.nan, lambda dy: dy * np.nan


def users_squared_norm(z):
    return (z**2).sum(2), lambda d: 2 * z * d[:, :, None]


CALLABLES = (users_nothing, users_three, users_none, users_refusal, users_text, users_number, users_square, users_nan)


class ArrayLike:
    """Something that is an array when asked."""

    def __init__(self, a):
        self.a = a

    def __array__(self, dtype=None, copy=None):
        return np.array(self.a, dtype=dtype)


# ---- hostile values

def scalars(rng):
    """Numbers, and things that are none, for any setting."""
    return [-1, 0, 1, 2, 3, -3, 10**20, 2**31, 2**63, -(2**70),
            np.uint8(200), np.int8(3), np.int64(2), np.uint64(2**63), np.float32(2.0), np.float64(0.5),
            np.longdouble(0.25), np.float16(3), True, False, np.True_, 2.0, 2.5, -0.0,
            0.5, 1e-9, 1e9, 1e300, -1e300, 1e-300, 5e-324, float("nan"), float("inf"), -float("inf"), Decimal("3"),
            Decimal("NaN"), Fraction(1, 3), Fraction(2), 1j, 1 + 0j, None, "", "3",
            "relu", "gaussian", "ü" * 40, b"3",
            [], (), {}, [3], (3, 3), [2.5], {"a": 1}, {1, 2}, object(),
            users_Class, range(3), np.array(3), np.array(2.0),
            np.array([3]), np.array([]), np.array([1.0, np.nan]), np.array("x"), np.array(None), ..., slice(3),
            np.datetime64("2020-01-01"), np.timedelta64(3, "s"), rng, np.random.RandomState(0), 3**400, users_three,
            ArrayLike([1.0, 2.0]), np.ma.masked, npvae.Gaussian, npvae.Gaussian(2), tanh, Exception("x")]


def huge(value):
    """Whether a number is so large that a loop of so many turns would be what was asked for."""
    try:
        return not isinstance(value, complex) and bool(abs(value) > 1000)
    except Exception:       # whatever cannot be compared is no large number
        return False


def bent(a, rng, folder):
    """Every way to bend an array that fits: its shape, its layout, its type, its values. A list of thunks."""
    try:
        a = np.asarray(a, float) if np.asarray(a).dtype.kind not in "fiub" else np.asarray(a)
    except (ValueError, TypeError, OverflowError):      # bent before, and not straight enough to be bent again
        return [lambda: a]
    return _layouts(a, folder) + _shapes(a) + _types(a) + _values(a, rng)


def harmless(a, rng, folder):
    """Those that are the same numbers, or other finite numbers of the same size."""
    a = np.asarray(a)
    return _layouts(a, folder)[:5] + [lambda: np.zeros_like(a), lambda: a.copy()]


def _layouts(a, folder):
    def spread():
        wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype) if a.ndim else a
        wide[..., ::2] = a
        return wide[..., ::2]

    def locked():
        b = a.copy()
        b.flags.writeable = False
        return b

    def mapped():
        b = np.memmap(folder.file("mapped"), a.dtype, "w+", shape=a.shape or (1,))
        b[...] = a
        return b

    return [lambda: np.asfortranarray(a), spread if a.ndim else locked, locked, lambda: a[::-1].copy()[::-1] if a.ndim
            else a, lambda: a.astype(a.dtype), mapped, lambda: a.astype(a.dtype.newbyteorder(">")), lambda: a.tolist(),
            lambda: tuple(map(tuple, a)) if a.ndim == 2 else a.tolist(), lambda: ArrayLike(a), lambda: memoryview(a)]


def _shapes(a):
    first = a[:1] if a.ndim else a
    return [lambda: a[:0] if a.ndim else a, lambda: first, lambda: a[..., :0] if a.ndim else a,
            lambda: a[..., :-1] if a.ndim else a, lambda: np.concatenate([a, a[..., -1:]], -1) if a.ndim else a,
            lambda: np.concatenate([a, first]) if a.ndim else a, lambda: a[:-1] if a.ndim else a, lambda: a[None],
            lambda: a[..., None], lambda: a.ravel(), lambda: a.T, lambda: a[0] if len(np.shape(a)) and len(a) else a,
            lambda: a.ravel()[0] if a.size else a, lambda: np.array(0.5), lambda: np.broadcast_to(0.5, (2, 2, 2, 2)),
            lambda: [[1.0, 2.0], [3.0]], lambda: [[1.0, 2.0], 3.0], lambda: [a, a], lambda: [], lambda: [[]],
            lambda: np.zeros((0, 0))]


def _types(a):
    def masked():
        m = np.ma.masked_array(a, mask=np.zeros(a.shape, bool))
        if a.size:
            m.mask.flat[0] = True
        return m

    def structured():
        return np.zeros(a.shape, [("a", float), ("b", int)])

    def objects(item):
        b = a.astype(object)
        if a.size:
            b.flat[0] = item
        return b

    def typed(dtype):
        return lambda: a.astype(dtype)

    whole = np.clip(np.nan_to_num(a * 10), 0, 100)
    kinds = [typed(t) for t in (np.float16, np.float32, np.longdouble, bool, complex, np.complex64, object, str, bytes)]
    kinds += [lambda t=t: whole.astype(t) for t in ("i1", "u1", "i2", "u2", "i4", "i8", "u8")]
    kinds += [lambda: (whole > whole.mean() if a.size else whole).astype(int), lambda: whole.astype("M8[s]"), masked,
              structured, lambda: objects(None), lambda: objects("x"), lambda: objects(10**400),
              lambda: objects(Fraction(1, 2)), lambda: objects([1.0])]
    if a.ndim == 2:
        kinds += [lambda: np.asmatrix(a), lambda: np.rec.array(np.zeros(len(a), [("x", float), ("y", float)])),
                  *_frames(a)]
    return kinds


def _frames(a):
    found = []
    try:
        import pandas

        found += [lambda: pandas.DataFrame(a), lambda: pandas.DataFrame(a).astype("Float64"),
                  lambda: pandas.DataFrame(a).astype(str), lambda: pandas.Series(list(a.ravel())),
                  lambda: pandas.DataFrame(a).mask(a == a.max())]
    except ImportError:
        pass
    try:
        import scipy.sparse

        found += [lambda: scipy.sparse.csr_matrix(a), lambda: scipy.sparse.coo_array(a)]
    except ImportError:
        pass
    return found


def _values(a, rng):
    a = a.astype(float)

    def one(value):
        def put():
            b = a.copy()
            if b.size:
                b.flat[rng.integers(b.size)] = value
            return b
        return put

    def scaled(factor, shift=0.0):
        def scale():
            with np.errstate(all="ignore"):
                return a * factor + shift
        return scale

    def first_column():
        b = a.copy()
        b[..., :1] = 7.0
        return b

    return ([one(v) for v in (np.nan, np.inf, -np.inf, 1e300, -1e300, 1e154, 1e77, 1e-300, 1e16, 1e5, -1e5, 800.0)]
            + [scaled(f) for f in (0.0, -1.0, 1e-300, 1e-160, 1e-9, 1e3, 1e9, 1e150, 1e160, 1e300, np.nan)]
            + [scaled(1.0, s) for s in (1e3, 1e8, -1e12)]
            + [lambda: np.full_like(a, 3.25), lambda: np.full_like(a, np.inf), first_column if a.ndim else one(0.0)])


# ---- files

class Folder:
    """A folder of its own, with files of every kind in it that nothing may change."""

    def __init__(self):
        self._keeper = tempfile.TemporaryDirectory(prefix="npvae_fuzz_")
        self.path = Path(self._keeper.name)
        (self.path / "folder").mkdir()
        (self.path / "deep" / "empty").mkdir(parents=True)
        X = np.random.default_rng(0).normal(size=(12, 3))
        np.save(self.path / "data.npy", X)
        np.save(self.path / "images.npy", (X.reshape(3, 3, 4) > 0).astype(np.uint8) * 200)
        np.save(self.path / "objects.npy", np.array([1, "a", None], object), allow_pickle=True)
        np.savez(self.path / "data.npz", X=X, y=np.arange(12) % 2)
        np.savez(self.path / "other.npz", something=X)
        for name, content in TEXTS.items():
            (self.path / name).write_bytes(content)
        with open(self.path / "images-idx", "wb") as file:
            file.write(bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (4, 2, 2)) + bytes(range(16)))
        # what is empty holds nothing that could be lost
        self.precious = sorted(p for p in self.path.rglob("*") if p.is_file() and p.stat().st_size)
        self.descriptor = os.open(self.path / "data.npy", os.O_RDONLY)
        self._count = 0

    def file(self, stem):
        """The path of a file that is not there yet."""
        self._count += 1
        return str(self.path / f"{stem}{self._count}")

    def state(self):
        """How the files stand, and the stream that is open."""
        stats = tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) if p.exists() else p.name for p in self.precious)
        try:
            os.fstat(self.descriptor)
        except OSError:
            self.descriptor = os.open(self.path / "data.npy", os.O_RDONLY)
            return "closed"
        return stats

    def to_read(self):
        """Paths of files that may be read, or may not."""
        return [*map(str, self.precious), *self.precious, self.path / "empty.csv", *self.odd()]

    def odd(self):
        """Paths that are none."""
        return [None, 3.5, self.descriptor, "", ".", self.path, str(self.path / "missing" / "file.npz"), "\0", "a\0b",
                b"bytes.npz", "x" * 300, str(self.path / ("y" * 300)), [], {}, object(), self.path / "folder", -1,
                np.str_(self.path / "data.npy"), "\ud800"]


TEXTS = {"good.csv": b"a,b,label\n0,1,0\n2,3,1\n4,5,1\n", "plain.csv": b"1,2\n3,4\n5,6\n", "empty.csv": b"",
         "header.csv": b"a,b\n", "nan.csv": b"1,2\nnan,3\n4,5\n", "huge.csv": b"1,1e999\n2,3\n4,5\n",
         "ragged.csv": b"1,2\n3\n", "decimal.csv": b"1,5;2\n3,5;4\n", "bytes.csv": bytes(range(256)),
         "quotes.csv": b'"1,000",2\n"3",4\n"5",6\n', "numbers.csv": b"0,1,2\n0.5,0.25,3\n1,2,3\n4,5,6\n",
         "one_row.csv": b"1,2,3\n", "nul.csv": b"1,\0,3\n", "zip.npz": b"PK\3\4 and then nothing",
         "cut.npy": b"\x93NUMPY\1\0", "idx": b"\0\0\x08\x01\0\0\0\x05\1\2", "text": b"hello", "gz": b"\x1f\x8b\x08\0"}


# ---- sensible values

class World:
    """One model with data, rows and noise that go together; asked for a value by an argument's name."""

    def __init__(self, rng, folder):
        self.rng, self.folder = rng, folder
        self.B, self.D, self.K = (int(rng.choice(sizes)) for sizes in ((1, 2, 3, 7, 17), (1, 2, 3, 5), (1, 2, 3)))
        self.S = int(rng.integers(2, 5))
        self.kind = str(rng.choice(["pca", "mixture", "mlp", "relu", "bernoulli", "categorical"]))

    @property
    def bernoulli(self):
        return self.kind in ("bernoulli", "categorical")

    @property
    def gaussian(self):
        return self.kind not in ("mixture", "categorical")

    def model(self):
        sigma_g = self.one(None, 0.3, 1.0)
        if self.kind == "pca":
            return npvae.probabilistic_pca(self.K, self.D, sigma_g)
        if self.kind == "mixture":
            return npvae.mixture_of_gaussians(self.K, self.D, sigma_g)
        if self.kind == "categorical":
            return npvae.LatentVariableModel(npvae.Categorical(self.K), mlp([self.K, 4, self.D]),
                                             npvae.BernoulliLikelihood())
        return npvae.mlp_model(self.K, [4], self.D, npvae.BernoulliLikelihood() if self.bernoulli else
                               npvae.GaussianLikelihood(sigma_g), relu if self.kind == "relu" else tanh)

    def latent(self):
        return npvae.Gaussian(self.K) if self.gaussian else npvae.Categorical(self.K)

    def likelihood(self):
        return npvae.BernoulliLikelihood() if self.bernoulli else npvae.GaussianLikelihood(self.one(None, 0.5))

    @property
    def R(self):
        return 2 * self.K if self.gaussian else self.K

    def one(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def normal(self, *shape):
        return self.rng.standard_normal(shape)

    def x(self):
        X = self.normal(self.B, self.D)
        if self.bernoulli:
            return self.one((X > 0) * 1.0, 1 / (1 + np.exp(-X)))
        return self.one(X, X.astype(np.float32), X * self.one(1e-3, 10.0) + self.one(0.0, 30.0))

    def q(self):
        return 0.5 * self.normal(self.B, self.R)

    def z(self):
        if self.gaussian:
            return self.normal(self.S, self.B, self.K)
        return np.eye(self.K)[self.rng.integers(self.K, size=(self.S, self.B))]

    def noise(self):
        return Noise(self.normal(self.S, self.B, self.K), np.full((self.S, 1), 1 / self.S)) if self.gaussian else None

    def rule(self):
        rules = (None, npvae.MonteCarlo(2), npvae.GaussHermite(3), npvae.Cubature()) if self.gaussian else (None,)
        return self.one(*rules)

    def generator(self):
        return np.random.default_rng(int(self.rng.integers(100)))

    def encoder(self):
        return mlp([self.D, 4, self.R])

    def estimator(self):
        found = npvae.elbo_estimators(self.latent(), 3)
        return found[self.one(*found)]

    def by_name(self, name):
        """A sensible value for the argument; None where nothing is known of it (its default is then taken)."""
        make = BY_NAME.get(name)
        return make(self) if make else None


BY_NAME = {
    # models and what goes with them
    "model": World.model, "latent": World.latent, "likelihood": World.likelihood, "encoder": World.encoder,
    "decoder": lambda w: mlp([w.K, 4, w.D]), "x": World.x, "X": World.x, "q": World.q, "start": World.q, "z": World.z,
    "Z": lambda w: w.normal(w.B, w.K), "noise": World.noise, "f": lambda w: users_squared_norm,
    "estimator": World.estimator, "rng": World.generator, "baseline": lambda w: w.one(0.0, 1.5, w.normal(w.B, 1)),
    "g": lambda w: w.normal(w.S, w.B, w.D), "means": lambda w: None, "y": lambda w: None,
    # sizes
    "latent_dim": lambda w: w.K, "dim": lambda w: w.K, "data_dim": lambda w: w.D, "components": lambda w: w.K,
    "n_in": lambda w: w.K, "n_out": lambda w: w.D, "sizes": lambda w: [w.K, 3, w.D],
    "hidden": lambda w: w.one((), (4,)),
    "n": lambda w: w.one(1, 3, 12), "nodes": lambda w: w.one(1, 3, 20), "samples": lambda w: w.one(2, 3, 10),
    "batch": lambda w: w.B, "repeats": lambda w: w.one(1, 3), "dims": lambda w: [1, 3], "vectors": lambda w: 50,
    "arms": lambda w: 3, "sweeps": lambda w: w.one(1, 2, 3), "seconds": lambda w: w.one(None, 0.05),
    "batch_size": lambda w: w.one(None, 2, 5, 100), "q_steps": lambda w: w.one(0, 1, 2), "patience": lambda w: 2,
    "steps": lambda w: 3, "every": lambda w: 1, "most_steps": lambda w: 30, "kl_warm_up": lambda w: w.one(0, 2),
    "directions": lambda w: 3, "draws": lambda w: None, "degree": lambda w: 2,
    # numbers
    "learning_rate": lambda w: w.one(1e-3, 0.03), "q_learning_rate": lambda w: 0.03, "tolerance": lambda w: 1e-2,
    "final_learning_rate": lambda w: w.one(None, 1e-4), "held_out": lambda w: w.one(0.0, 0.3), "seed": lambda w: 3,
    "sigma_g": lambda w: w.one(None, 0.5), "beta": lambda w: w.one(1.0, 0.5), "momentum": lambda w: 0.5,
    "turns": lambda w: 1.5, "mu": lambda w: 0.5, "sigma": lambda w: 1.5, "level": lambda w: 1e-3,
    "threshold": lambda w: 0.01,
    "test_fraction": lambda w: 0.3, "beta1": lambda w: 0.9, "beta2": lambda w: 0.999, "epsilon": lambda w: 1e-8,
    # words and switches
    "dtype": lambda w: np.float64, "activation": lambda w: w.one(*ACTIVATIONS), "row": lambda w: "log_sigma",
    "convention": lambda w: w.one("minimise", "maximise"), "return_error": lambda w: w.one(False, True),
    "progress": lambda w: False, "name": lambda w: "data", "convert": lambda w: None,
    # arrays of their own
    "weights": lambda w: np.full(w.K, 1 / w.K), "table": lambda w: w.normal(w.B, 2), "W": lambda w: w.normal(w.K, w.D),
    "b": lambda w: w.normal(w.D), "value": lambda w: w.normal(4), "grad": lambda w: w.normal(4),
    "gradients": lambda w: w.normal(20, 3), "exact": lambda w: np.zeros(3), "labels": lambda w: np.arange(w.B) % 2,
    "train": lambda w: w.normal(6, w.D), "test": lambda w: w.normal(2, w.D), "index": lambda w: np.array([0, w.B - 1]),
    "arrays": lambda w: {"W": w.normal(2, 3), "b": w.normal(3)}, "parts": lambda w: {"theta": w.model()},
    "eps": lambda w: w.normal(w.S, w.B, w.K), "w": lambda w: np.full((w.S, 1), 1 / w.S),
    "h": lambda w: w.normal(w.S, w.D),
    "path": lambda w: w.folder.file("model") + ".npz", "folder": lambda w: str(w.folder.path),
    "name_or_path": lambda w: w.one("ring", str(w.folder.path / "data.npz")),
}
