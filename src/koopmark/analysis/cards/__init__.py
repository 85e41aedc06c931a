"""Cards: what a run knows of one method or one dataset, for its page and for the terminal."""

from koopmark.analysis.cards._dataset import DatasetCard, Finder, TargetFacts, recipe_of
from koopmark.analysis.cards._method import Case, DatasetRow, Failure, MethodCard
from koopmark.analysis.cards._run import Cards
from koopmark.analysis.cards._shared import Place

__all__ = [
    "Cards",
    "Case",
    "DatasetCard",
    "DatasetRow",
    "Failure",
    "Finder",
    "MethodCard",
    "Place",
    "TargetFacts",
    "recipe_of",
]
