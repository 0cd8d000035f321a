"""Every public class and function answers what tools ask of it: its type hints can be read."""

import importlib
import inspect
import pkgutil
import typing

import npvae


def public():
    """Classes and functions without an underscore in all modules of the package, each once."""
    found = {}
    for module in pkgutil.walk_packages(npvae.__path__, "npvae."):
        if not module.name.endswith("__main__"):
            names = vars(importlib.import_module(module.name))
            found |= {id(part): part for name, part in names.items() if not name.startswith("_")
                      and (inspect.isclass(part) or inspect.isfunction(part)) and part.__module__.startswith("npvae")}
    return list(found.values())


def functions(part):
    """What of a class, or a function, has hints: constructor, methods and properties."""
    if inspect.isfunction(part):
        return [part]
    own = [getattr(member, "fget", None) or getattr(member, "__func__", member) for member in vars(part).values()]
    return [f for f in [part, part.__init__, *own] if inspect.isclass(f) or inspect.isfunction(f)]


def test_the_type_hints_of_all_public_names_can_be_read():
    unreadable = {}
    for f in (f for part in public() for f in functions(part)):
        try:
            typing.get_type_hints(f)
        except NameError as problem:
            unreadable[f"{f.__module__}.{f.__qualname__}"] = str(problem)
    assert unreadable == {} and len(public()) > 500
    assert typing.get_type_hints(npvae.VariationalEM.__init__)["model"] is npvae.LatentVariableModel
