"""The house stays one that can be lived in: the figures of `house.py` within their limits."""

import house
import pytest


@pytest.fixture(scope="module")
def figures():
    return house.figures()


@pytest.mark.parametrize("name, limit", list(house.LIMITS.items()))
def test_a_figure_is_within_its_limit(figures, name, limit):
    assert figures[name] <= limit


def test_a_walk_notes_functions_closures_and_their_depth():
    from npvae.nn import mlp

    network, walk = mlp([2, 3, 1]), house.Walk()
    y, back = network([[1.0, 2.0]] @ house.np.ones((2, 2)))
    walk.start()
    back(y)
    walk.stop()
    # the chain's, and of each of three layers its own
    assert [depth for depth, _, _ in walk.calls] == [1, 2, 2, 2]
    assert all(function[2] in ("back", "<lambda>") for _, _, function in walk.calls)


def test_a_circle_is_found_wherever_it_is_closed():
    import ast

    texts = {"a": "import b", "b": "def f():\n    from c import g", "c": "import a", "d": "import a"}
    edges = house.imports({name: ast.parse(text) for name, text in texts.items()})
    assert house.circles(edges) == {frozenset("abc")}


def test_a_constructor_is_counted_with_its_keywords():
    import ast

    tree = ast.parse("class A:\n    def __init__(self, a, b, *, c): pass\n    def f(self, a, b, c, d): pass")
    assert house.constructors({"m": tree}) == {"m.A": 3}
