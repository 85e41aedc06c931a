"""What a run says, in English: for its page, the terminal and CI."""

from koopmark.analysis.sentences._card import DATASETS, Answer, answer_card
from koopmark.analysis.sentences._naming import AUTHORS, OURS, named
from koopmark.analysis.sentences._run import along, anchored, extent, misses, under_inputs
from koopmark.analysis.sentences._verdicts import left_out, verdict, versus, written

__all__ = [
    "AUTHORS",
    "DATASETS",
    "OURS",
    "Answer",
    "along",
    "anchored",
    "answer_card",
    "extent",
    "left_out",
    "misses",
    "named",
    "under_inputs",
    "verdict",
    "versus",
    "written",
]
