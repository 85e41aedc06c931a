"""Data of one's own: fitted in workers as a suite is, and assessed without a key."""

from koopmark.analysis.recording._analyse import SUITE, Analysis, analyse, calibrate
from koopmark.analysis.recording._calibration import Calibration, calibrated
from koopmark.analysis.recording._clusters import CONSTANT
from koopmark.analysis.recording._skill import BASELINES
from koopmark.analysis.recording._suite import every_method
from koopmark.analysis.recording._tables import fits_of, without_intervals
from koopmark.analysis.recording._twin import twin_suite

__all__ = [
    "BASELINES",
    "CONSTANT",
    "SUITE",
    "Analysis",
    "Calibration",
    "analyse",
    "calibrate",
    "calibrated",
    "every_method",
    "fits_of",
    "twin_suite",
    "without_intervals",
]
