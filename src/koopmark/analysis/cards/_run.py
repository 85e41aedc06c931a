"""The cards of a run; what they share is worked out once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from koopmark.analysis.cards._dataset import DatasetCard, dataset_card
from koopmark.analysis.cards._method import MethodCard, method_card
from koopmark.analysis.cards._shared import Shared, grouped
from koopmark.analysis.results import Results


@dataclass(frozen=True, eq=False)
class Cards:
    """What a run knows of each of its methods and datasets."""

    run: Results

    def method(self, name: str) -> MethodCard:
        """The card of a method of the run; KeyError if there is no such method."""
        return method_card(self.run, name, self._methods[name], self._shared)

    def dataset(self, name: str) -> DatasetCard:
        """The card of a dataset of the run; KeyError if there is no such dataset."""
        return dataset_card(self.run, name, self._datasets[name], self._shared)

    @cached_property
    def _methods(self) -> dict[str, list[dict[str, Any]]]:
        return grouped(self.run.fits, "method")

    @cached_property
    def _datasets(self) -> dict[str, pd.DataFrame]:
        return {str(name): rows for name, rows in self.run.fits.groupby("dataset", sort=False)}

    @cached_property
    def _shared(self) -> Shared:
        return Shared.of(self.run)
