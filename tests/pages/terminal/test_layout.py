"""Lines of text in terminals of any width."""

import io
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from koopmark.pages.terminal._layout import Column, Paragraph, Sheet, Table, Wide, pieces, wrapped

WORDS = st.text("abcxyzλ三", min_size=1, max_size=6) | st.sampled_from(["0.01", "10", "1e-06"])
SIGNS = st.sampled_from([".", "_", "/", "[", "], ", "=", ": "])
NAMES = st.tuples(WORDS, st.lists(st.tuples(SIGNS, WORDS), max_size=6)).map(
    lambda made: made[0] + "".join(sign + word for sign, word in made[1])
)


def lines(*blocks, width=80, encoding="utf-8"):
    return [line.plain for line in Sheet(blocks).lines(width, encoding)]


def names_and_digits(*names, spare=False):
    heads = [Column("place"), Column("method", right=False), Column("digits")]
    heads += [Column("fit time", spare=True)] * spare
    rows = [[f"{at}", name, "7.25", *["1.3 ms"] * spare] for at, name in enumerate(names, 1)]
    return Table(heads, rows)


@given(st.lists(NAMES, min_size=1, max_size=4), st.integers(60, 120))
def test_names_are_broken_between_their_parts_and_never_inside_of_one(names, width):
    shown = lines(names_and_digits(*names), width=width)
    assert max(map(cell_len, shown)) <= width
    # The column of names: what is left of the places and of the digits.
    texts = [line.replace("7.25", "")[7:].strip() for line in shown[1:]]
    for name in names:
        whole, taken = "".join(name.split()), ""
        ends = set(accumulate(len(part) for word in name.split() for part in pieces(word)))
        while taken != whole:
            taken += "".join(texts.pop(0).split())
            assert whole.startswith(taken)
            assert len(taken) in ends
    assert texts == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("koopmark.qr_edmd[degree=2]", ["koopmark.", "qr_", "edmd", "[degree=2]"]),
        ("rnn_10_2/noise=0.01", ["rnn_", "10_", "2/", "noise=0.01"]),
        ("path/to/mine.py:Mine", ["path/", "to/", "mine.", "py:", "Mine"]),
        ("plain", ["plain"]),
    ],
)
def test_a_line_ends_at_dots_underscores_slashes_and_brackets(name, parts):
    assert pieces(name) == parts


@given(st.text("ab._[]/:, 0é", max_size=30))
def test_no_character_of_a_name_is_lost_between_its_parts(name):
    assert "".join(pieces(name)) == name


@given(st.lists(WORDS, min_size=1, max_size=30).map(" ".join), st.integers(12, 60))
def test_sentences_are_broken_at_spaces(text, width):
    broken = wrapped(text, width)
    assert " ".join(broken) == text
    assert max(map(cell_len, broken)) <= width


def test_a_word_that_no_line_can_hold_is_cut_where_the_line_ends():
    assert wrapped("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]


def test_percent_signs_stay_with_their_numbers():
    assert wrapped("finds 80 % of it", 9) == ["finds", "80 % of", "it"]


def test_columns_stand_below_their_titles_whatever_characters_are_wide():
    shown = lines(names_and_digits("三角関数", "plain", "λ_μ"))
    assert {cell_len(line) for line in shown} == {cell_len(shown[0])}


def test_the_second_line_of_a_sentence_is_indented():
    first, *others = lines(Paragraph("a word and " * 20, "A question?"), width=40)
    assert first.startswith("A question? a word")
    assert len(others) > 1
    assert all(line.startswith("  ") and line[2] != " " for line in others)


def test_the_lead_of_a_sentence_is_bold_and_the_rest_is_not():
    first, second, _ = Sheet([Paragraph("that follows it", "A very long question")]).lines(16)
    bold = [line.plain[span.start : span.end] for line in (first, second) for span in line.spans]
    assert " ".join(bold).split() == ["A", "very", "long", "question"]


def test_spare_columns_make_room_before_a_name_is_cut():
    name = "pykoopman.edmd_polynomialofhigherorder"
    wide = " ".join(lines(names_and_digits(name, spare=True), width=60))
    narrow = " ".join(lines(names_and_digits(name, spare=True), width=40))
    for text, has_times in ((wide, True), (narrow, False)):
        assert "digits" in text
        assert ("1.3 ms" in text) == has_times
        assert "polynomialofhigherorder" in text


def test_without_a_terminal_a_row_is_a_line_and_a_sentence_too():
    name, said = "koopmark.a_very_long_name[" + "x_" * 60 + "]", "a word " * 60
    text = io.StringIO()
    Console(file=text, width=40).print(
        Sheet([Paragraph(said), names_and_digits(name)]), soft_wrap=True
    )
    first, _, row = text.getvalue().splitlines()
    assert first == said.strip()
    assert row.split() == ["1", name, "7.25"]


def test_a_terminal_breaks_lines_itself():
    text = io.StringIO()
    console = Console(file=text, width=40, force_terminal=True, color_system=None)
    console.print(Sheet([Paragraph("a word " * 60)]), soft_wrap=True)
    assert max(map(len, text.getvalue().splitlines())) <= 40


def test_names_are_not_taken_for_markup_and_control_characters_do_not_reach_the_terminal():
    (_, row) = lines(names_and_digits("[bold]x[/bold]\x1b[2J\tend"))
    assert "[bold]x[/bold]\ufffd[2J end" in row


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_columns_are_straight_in_the_letters_that_a_terminal_has(encoding):
    shown = lines(names_and_digits("λ_edmd", "ẋ", "plain"), encoding=encoding)
    assert "lambda_edmd" in shown[1]
    assert {len(line.encode(encoding)) for line in shown} == {len(shown[0])}


@given(st.lists(NAMES, min_size=1, max_size=12), st.integers(40, 120))
def test_columns_that_do_not_fit_follow_below_beside_the_names(datasets, width):
    datasets = [f"{name}_{at}" for at, name in enumerate(datasets)]
    rows = [[f"method_{row}", *(f"{row}.{at}" for at in range(len(datasets)))] for row in range(3)]
    table = Wide([Column("method", right=False), *map(Column, datasets)], rows)
    shown = lines(table, width=width)
    assert max(map(cell_len, shown)) <= width
    cells = [line.split()[1:] for line in shown if line.startswith("method_1")]
    assert [cell for part in cells for cell in part] == rows[1][1:]
    assert len(cells) == 1 + shown.count("")
