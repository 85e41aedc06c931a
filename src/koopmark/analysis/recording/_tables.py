"""The tables of an analysis, from those of its fits."""

import pandas as pd


def pairs_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row for each pair that a method recovered from the trials, not from draws of them."""
    verdicts = tables["verdicts"]
    return verdicts[verdicts["seed"] == 0].reset_index(drop=True)
