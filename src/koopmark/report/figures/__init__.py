"""Plotly figures of a run, as plain values; the page gives them the colours of its theme."""

from koopmark.report.figures.cost import cost_figure
from koopmark.report.figures.noise import (
    NoiseFamily,
    family_summary,
    noise_families,
    noise_figure,
)
from koopmark.report.figures.spectrum import Spectrum, spectrum

__all__ = [
    "NoiseFamily",
    "Spectrum",
    "cost_figure",
    "family_summary",
    "noise_families",
    "noise_figure",
    "spectrum",
]
