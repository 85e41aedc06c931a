"""What a run says, in English: for its page, the terminal and CI."""

from koopmark.analysis.sentences._card import DATASETS, Answer, answer_card
from koopmark.analysis.sentences._conditions import all_driven, use_of_inputs
from koopmark.analysis.sentences._naming import AUTHORS, OURS, named
from koopmark.analysis.sentences._run import along, anchored, extent, misses
from koopmark.analysis.sentences._verdicts import left_out, verdict, versus, written

__all__ = [
    "AUTHORS",
    "DATASETS",
    "OURS",
    "Answer",
    "all_driven",
    "along",
    "anchored",
    "answer_card",
    "extent",
    "left_out",
    "misses",
    "named",
    "use_of_inputs",
    "verdict",
    "versus",
    "written",
]
