"""A run in the terminal: answers and the best on one screen, boards, the grid, cards."""

from pathlib import Path

from koopmark.pages.terminal import _overview
from koopmark.pages.terminal._layout import Sheet
from koopmark.pages.terminal._run import Run
def answer(f): return Sheet([*_overview.answers(Run.read(f))])
def board(f,n=None): return Sheet([*_overview.board(Run.read(f),n)])
def grid(f,n=None): return Sheet([*_overview.grid(Run.read(f),n)])
