"""The links from the lecture's sections to its tasks: every task has one, and once they are written they stay so."""

import json

import pytest
from links import FOLDER, MARK, SECTIONS, linked

from npvae.exercises.tasks import all_tasks


def text_of(name):
    return (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")


def test_every_task_of_a_lecture_belongs_to_a_section():
    there = {task: name for name, sections in SECTIONS.items() for tasks in sections.values() for task in tasks}
    assert there == {t.name: t.notebook for t in all_tasks().values() if t.notebook in SECTIONS}


@pytest.mark.parametrize("name", SECTIONS)
def test_links_are_as_they_would_be_written(name):
    notebook, missing = linked(json.loads(text_of(name)), name)
    once = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    again, _ = linked(json.loads(once), name)
    assert json.dumps(again, indent=1, ensure_ascii=False) + "\n" == once and MARK in once
    if MARK in text_of(name):
        assert not missing and once == text_of(name)
