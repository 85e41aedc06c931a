"""Data of one's own: fitted in workers as a suite is, and assessed without a key."""

from koopmark.analysis.recording._analyse import Analysis, analyse
from koopmark.analysis.recording._calibration import Calibration, calibrated
from koopmark.analysis.recording._twin import twin_suite

__all__ = ["Analysis", "Calibration", "analyse", "calibrated", "twin_suite"]
