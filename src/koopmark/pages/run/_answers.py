"""The answers on top of the page: numbers stand out, and methods lead to what is known of them."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup, escape

from koopmark.analysis.leaderboard import Leaderboard
from koopmark.analysis.numbers import listed
from koopmark.analysis.results import Results
from koopmark.analysis.sentences import DATASETS, Answer

NUMBER = r"(?:\d[\d,]*(?:\.\d+)?(?:e-\d+)?)"
UNIT = r"(?:(?:correct )?digits|%|µs|ms|s|min|fits)"
FIGURES = (
    rf"{NUMBER}(?: of(?: the)? {NUMBER})? {UNIT}(?!\w)|{NUMBER} finds? (?:some|none)|No fit failed"
)
"""What an answer is about: a number with its unit, `2.7 of the 2.9 digits` as one."""


@dataclass(frozen=True)
class AnswerView:
    """A question with its answer as the page prints it."""

    question: str
    lead: Markup
    rest: Markup
    address: str
    """Link to the numbers on the page."""
    place: str
    """What is there."""


def answer_view(
    answer: Answer, methods: Iterable[str], boards: Mapping[str, Leaderboard]
) -> AnswerView:
    """An answer of the card, with links to the cards of the methods that it names."""
    names = sorted(methods, key=len, reverse=True)
    if not answer.board:
        address, place = "#failures", "failures"
    elif answer.board == DATASETS:
        address, place = "#datasets", "datasets"
    elif answer.board in boards:
        address, place = f"#leaderboard&question={quote(answer.board)}", "leaderboard"
    else:
        address, place = "#leaderboard", "leaderboards"
    return AnswerView(
        answer.question, said(answer.lead, names), said(answer.rest, names), address, place
    )


def said(sentence: str, methods: Collection[str]) -> Markup:
    """A sentence with its figures emphasised and its methods, the longest names first, linked."""
    pattern = FIGURES
    if methods:
        names = "|".join(map(re.escape, methods))
        pattern = rf"(?P<method>(?<![\w.])(?:{names})(?![\w\[]))|{pattern}"
    parts, end = [], 0
    for match in re.finditer(pattern, sentence):
        parts.append(escape(sentence[end : match.start()]))
        text, end = match[0], match.end()
        if methods and match["method"]:
            parts.append(Markup('<a href="#method={}">{}</a>').format(quote(text, safe=""), text))
        else:
            parts.append(Markup("<strong>{}</strong>").format(text))
    return Markup("").join([*parts, escape(sentence[end:])])


def ordering(run: Results) -> str:
    """The one order of methods on the page, in a sentence."""
    anchors = [name for name, role in run.roles.items() if role == "anchor"]
    are = "are" if len(anchors) > 1 else "is"
    last = f"; {listed(anchors, most=4)} {are} last and not ranked"
    if not run.boards:
        by = "No method is ranked, so methods are in the order of the run"
    else:
        by = f"On this page, methods are in the order of the board “{next(iter(run.boards))}”"
    return f"{by}{last if anchors else ''}."
