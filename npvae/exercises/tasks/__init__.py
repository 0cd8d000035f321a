"""The tasks, a file for each notebook: n09_gaussian_elbo.py has TASKS, and the notebook's beginning as docstring."""

import difflib
import importlib
import pkgutil
from dataclasses import replace
from functools import cache

from npvae.exercises.task import Task


@cache
def notebooks() -> dict[str, object]:
    """The modules of tasks by their notebooks: {"09_gaussian_elbo": module}."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] == "n")
    return {name[1:]: importlib.import_module(f"{__name__}.{name}") for name in names}


@cache
def all_tasks() -> dict[str, Task]:
    """All tasks by name, in the order of the notebooks."""
    found = {}
    for notebook, module in notebooks().items():
        for task in module.TASKS:
            if task.name in found:
                raise ValueError(f"two tasks are called {task.name}, in {found[task.name].notebook} and {notebook}")
            found[task.name] = replace(task, notebook=notebook)
    return found


def task_of(name: str) -> Task:
    """The task of a name, or a ValueError that suggests the nearest."""
    known = all_tasks()
    if not isinstance(name, str) or name not in known:
        small = {other.lower(): other for other in known}
        near = difflib.get_close_matches(str(name).lower(), small, 1, 0.5)
        mean = f": did you mean {small[near[0]]!r}?" if near else ""
        raise ValueError(f"there is no task {name!r}{mean} (exercises.tasks() lists all)")
    return known[name]
