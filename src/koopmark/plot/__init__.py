"""Matplotlib figures of models, scores and runs, for screens and papers.

Each function draws one figure into `ax`, or into new axes in koopmark's style, and returns the
axes. `figure` draws a figure of a run for a file, and `save` writes it.
"""

from koopmark.plot._board import board
from koopmark.plot._canvas import inches, save, styled
from koopmark.plot._cost import cost
from koopmark.plot._eigenfunction import eigenfunction
from koopmark.plot._figures import FIGURES, Request, figure, write
from koopmark.plot._map import map
from koopmark.plot._noise import noise
from koopmark.plot._profile import profile
from koopmark.plot._spectrum import spectrum

__all__ = [
    "FIGURES",
    "Request",
    "board",
    "cost",
    "eigenfunction",
    "figure",
    "inches",
    "map",
    "noise",
    "profile",
    "save",
    "spectrum",
    "styled",
    "write",
]
