"""Right answers in another form are green; what spoils a second call, waits, or is no answer yet is told so."""

import time
from dataclasses import replace

import numpy as np
import pytest

from npvae import exercises
from npvae.exercises import session, trial
from npvae.exercises.plain_words import told_apart
from npvae.exercises.points import Point, agrees, attempt
from npvae.exercises.tasks import all_tasks

TASKS = all_tasks()


def in_lists(x):
    y = np.tanh(x)
    return y.tolist(), lambda dy: (dy * (1 - y**2)).tolist()


def row_by_row(x):
    y = np.tanh(x)
    return y, lambda dy: [d * (1 - row**2) for d, row in zip(dy, y, strict=True)]


def in_a_tuple(x):
    y = np.tanh(x)
    return y, lambda dy: (dy * (1 - y**2),)


@pytest.mark.parametrize("answer", [in_lists, row_by_row, in_a_tuple])
def test_a_back_may_give_its_one_gradient_as_a_list_of_rows(answer):
    assert exercises.check("tanh", answer), exercises.check("tanh", answer)


def test_a_number_may_come_as_an_array_that_holds_it():
    number = Point((), [np.array(2.5)], {})
    task = replace(TASKS["gaps"], solution=lambda: 2.5)
    assert agrees(task, attempt(task, lambda: np.array([2.5]), number))
    assert not agrees(task, attempt(task, lambda: np.array([2.5, 2.5]), number))


def backs_outside(layers):
    backs = []

    def f(x):
        for layer in layers:
            x, back = layer(x)
            backs.append(back)

        def back_all(dy):
            for back in reversed(backs):
                dy = back(dy)
            return dy
        return x, back_all
    return f


def popped(layers):
    def f(x):
        backs = []
        while layers:
            x, back = layers.pop(0)(x)
            backs.append(back)
        return x, lambda dy: passed(reversed(backs), dy)
    return f


def passed(backs, dy):
    for back in backs:
        dy = back(dy)
    return dy


def reversed_in_back(layers):
    def f(x):
        backs = []
        for layer in layers:
            x, back = layer(x)
            backs.append(back)
        return x, lambda dy: layers.reverse() or passed(backs[::-1], dy)
    return f


def used_up(layers):
    def f(x):
        backs = []
        for layer in layers:
            x, back = layer(x)
            backs.append(back)

        def back_all(dy):
            while backs:
                dy = backs.pop()(dy)
            return dy
        return x, back_all
    return f


def cleared(layers):
    backs = []

    def f(x):
        backs.clear()
        for layer in layers:
            x, back = layer(x)
            backs.append(back)
        return x, lambda dy: passed(backs[::-1], dy)
    return f


@pytest.mark.parametrize("answer, said", [
    (backs_outside, "called twice"), (popped, "changes a list"), (reversed_in_back, "changes a list"),
    (used_up, "called again with the same gradient"), (cleared, "called twice")])
def test_what_spoils_a_second_call_of_a_chain_is_told(answer, said):
    verdict = exercises.check("chain", answer)
    assert not verdict and said in verdict.sentence, verdict


def changes_dy(x):
    y = np.tanh(x)

    def back(dy):
        dy *= 1 - y**2
        return dy
    return y, back


def changes_y(x):
    y = np.tanh(x)

    def back(dy):
        slope = y
        slope *= -y
        slope += 1
        return dy * slope
    return y.copy(), back


@pytest.mark.parametrize("answer, said", [(changes_dy, "changes the gradient"), (changes_y, "called again")])
def test_a_back_is_called_twice(answer, said):
    verdict = exercises.check("tanh", answer)
    assert not verdict and said in verdict.sentence, verdict


def complex_tanh(x):
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y**2) + 0j


@pytest.mark.parametrize("name, answer", [("gaps", lambda a, b, c: (a - b + 0j, b - c)), ("tanh", complex_tanh)])
def test_complex_numbers_are_called_complex(name, answer):
    verdict = exercises.check(name, answer)
    assert not verdict and "complex" in verdict.sentence, verdict


def test_two_numbers_are_told_in_the_digits_in_which_they_differ():
    assert told_apart(1.0621, 1.06234) == ("1.0621", "1.0623") and told_apart(1.0, 2.5) == ("1", "2.5")
    assert len(set(told_apart(1.0, 1.0 + 1e-15))) == 2


def through_a_view(log_p, best, elbo):
    one, two = log_p - best, best - elbo
    part = log_p[:]
    part -= 1
    return one, two


def by_its_name(log_p, best, elbo):
    one, two = log_p - best, best - elbo
    log_p -= best
    return one, two


@pytest.mark.parametrize("answer, said, unsaid", [(through_a_view, "views of log_p", "log_p -="),
                                                  (by_its_name, "log_p -=", "views")])
def test_a_changed_argument_is_told_as_the_source_has_it(answer, said, unsaid):
    verdict = exercises.check("gaps", answer)
    assert not verdict and (verdict.mistake != "changes its input" or said in verdict.sentence), verdict
    assert unsaid not in verdict.sentence and said in verdict.sentence, verdict


def sleeps(log_p, best, elbo):
    time.sleep(100)
    return log_p - best, best - elbo


def sleeps_each_time(log_p, best, elbo):
    time.sleep(2.5)
    return log_p - best, best - elbo


@pytest.mark.parametrize("answer", [sleeps, sleeps_each_time])
def test_an_answer_that_waits_is_ended_and_told_so(answer, monkeypatch):
    monkeypatch.setattr(trial, "IDLE", 2)
    start = time.monotonic()
    verdict = exercises.check("gaps", answer)
    assert verdict.mistake == "waits" and "time.sleep(" in verdict.sentence and time.monotonic() - start < 20


def test_the_third_hint_says_what_it_is_about(monkeypatch):
    monkeypatch.setattr(session, "_last", {})
    assert "Check an answer first" in exercises.hint("gaps", 3)
    exercises.check("gaps", TASKS["gaps"].solution)
    assert "is right" in exercises.hint("gaps", 3)
    exercises.check("gaps", lambda a, b, c: (np.sin(a) ** 3, np.cos(b * c)))
    assert "No single line was found" in exercises.hint("gaps", 3)


def two_in_a_line(log_p, best, elbo):
    one = log_p - best; two = log_p - elbo      # noqa: E702
    return one, two


def test_the_third_hint_names_the_statement_of_two_in_a_line():
    exercises.check("gaps", two_in_a_line)
    assert "`two = log_p - elbo` should be `two = best - elbo`" in exercises.hint("gaps", 3)


def test_a_name_in_the_wrong_place_or_in_capitals_is_told():
    with pytest.raises(ValueError, match="name comes first"):
        exercises.check(in_lists, "tanh")
    with pytest.raises(ValueError, match="did you mean 'kl'"):
        exercises.check("KL", None)
