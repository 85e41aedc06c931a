"""Plotly figures of a run, as plain values; the page gives them the colours of its theme."""

from koopmark.report.page.figures.cost import cost_figure
from koopmark.report.page.figures.spectrum import Spectrum, spectrum
from koopmark.report.page.figures.sweep import sweep_figure

__all__ = ["Spectrum", "cost_figure", "spectrum", "sweep_figure"]
