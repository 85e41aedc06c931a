"""What a run says, in English: for its page, the terminal and CI."""

from koopmark.analysis.sentences._answers import above_the_floor, answers
from koopmark.analysis.sentences._overview import findings, overview
from koopmark.analysis.sentences._verdicts import left_out, verdict, written

__all__ = ["above_the_floor", "answers", "findings", "left_out", "overview", "verdict", "written"]
