"""Datasets: trajectories from recipes or recordings, with answer keys."""

from koopmark.datasets._driving import Driving
from koopmark.datasets.answer_key import AnswerKey
from koopmark.datasets.dataset import Dataset, Diverged, build, load, source_of, target_list
from koopmark.datasets.measured import Measured
from koopmark.datasets.recipe import Recipe, Reference, foreign_code, load_recipe, names, varied
from koopmark.datasets.recording import Recorded, Recording, RecordingSection
from koopmark.datasets.regime import regime_section, write_regime
from koopmark.datasets.statements import Statement, statements
from koopmark.datasets.twins import Twin, twin

__all__ = [
    "AnswerKey",
    "Dataset",
    "Diverged",
    "Driving",
    "Measured",
    "Recipe",
    "Recorded",
    "Recording",
    "RecordingSection",
    "Reference",
    "Statement",
    "Twin",
    "build",
    "foreign_code",
    "load",
    "load_recipe",
    "names",
    "regime_section",
    "source_of",
    "statements",
    "target_list",
    "twin",
    "varied",
    "write_regime",
]
