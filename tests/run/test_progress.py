import io
from collections import Counter

from hostile_methods import Good
from rich.console import Console

from koopmark.run._progress import Bar, Lines, display, in_words
from koopmark.store._tables import Outcome, make_rows


def shown(make_cell, outcome, terminal=False, total=1):
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=200)
    ended = make_rows(make_cell(Good()), outcome)
    with display(console, total) as running:
        for _ in range(total):
            running.advance(ended)
    return text.getvalue()


def test_statuses_are_counted_in_words():
    assert in_words(Counter(out_of_memory=1, ok=3, crashed=2)) == "3 ok, 2 crashed, 1 out of memory"


def test_without_a_terminal_there_are_plain_lines():
    assert isinstance(display(Console(file=io.StringIO()), 1), Lines)
    assert isinstance(display(Console(file=io.StringIO(), force_terminal=True), 1), Bar)


def test_a_failure_is_told_at_once_with_its_reason(make_cell):
    text = shown(make_cell, Outcome("timeout", "fit ran into its limit of 1 s"))
    assert text.splitlines() == [
        "timeout: Good on tiny, seed 0: fit ran into its limit of 1 s",
        "1 of 1 fits: 1 timeout",
    ]


def test_many_fits_do_not_make_many_lines(make_cell):
    assert len(shown(make_cell, Outcome("ok"), total=40).splitlines()) < 5


def test_a_terminal_sees_counts_and_how_many_are_left(make_cell):
    text = shown(make_cell, Outcome("ok"), terminal=True, total=2)
    assert "2/2" in text
    assert "2 ok" in text
