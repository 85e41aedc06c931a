"""Which methods, rows and datasets of a run a figure shows."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis.leaderboard import Leaderboard
from koopmark.analysis.results import Results, known, results

Run = Results | str | Path
"""A run or its folder."""


def run_of(run: Run) -> Results:
    """Load the results of a run with at least one result.

    Raises
    ------
    ConfigError
        If there is no run, or none of its fits has a result.
    """
    if not isinstance(run, Results):
        run = results(run)
    if not (run.fits["status"] == "ok").any():
        ended = run.fits["status"].value_counts()
        why = ", ".join(f"{count} {status}" for status, count in ended.items()) or "it has no fits"
        raise ConfigError(f"{run.folder} has no fit with a result, and no figure ({why})")
    return run


def chosen(
    run: Results,
    names: Iterable[str],
    among: Iterable[str],
    what: str,
    top: int | None = None,
    board: str = "",
) -> list[str]:
    """The methods that a figure shows, in the order of the run.

    Parameters
    ----------
    run : Results
    names : iterable of str
        Names typed by the user; by default the best method of each library, and its best default.
    among : iterable of str
        Methods with results for this figure.
    what : str
        Name of the figure for messages, such as "the noise figure".
    top : int, optional
        Number of best methods to show if there are no names.
    board : str, optional
        The leaderboard that ranks the methods; by default the order of the run.

    Raises
    ------
    ConfigError
        If there is no such method, or it has no results for this figure.
    """
    there = set(among)
    wanted = [known(name, run.order, "method") for name in names]
    for name in wanted:
        if name not in there:
            raise ConfigError(f"{name} has nothing to show in {what}: it has no result there")
    if wanted:
        return [name for name in run.order if name in wanted]
    first = run.best_first(board)
    ranked = [name for name in first if name in there and run.roles[name] == "method"]
    if top is not None:
        return [name for name in run.order if name in ranked[:top]]
    if not ranked:
        raise ConfigError(f"{run.folder} has no method to show in {what} but anchors")
    return run.best_of_each(ranked, board)


def question(run: Results, typed: str | None) -> tuple[str, Leaderboard | None]:
    """The requested leaderboard; by default the first of the run.

    A run with fewer than two methods has no leaderboard; the first question with rows is taken.
    """
    if typed is not None:
        if not run.boards:
            raise ConfigError(f"{run.folder} has no board: it takes two methods to rank them")
        name = known(typed, run.boards, "board")
        return name, run.boards[name]
    if run.boards:
        return next(iter(run.boards.items()))
    asked = [name for name, rows in run.asked.items() if len(rows)]
    if not asked:
        raise ConfigError(f"{run.folder} has no method to show but anchors")
    return asked[0], None


def rows_of(run: Results, name: str, board: Leaderboard | None) -> pd.DataFrame:
    """Judged rows of all methods, anchors included, for the targets of a leaderboard."""
    asked = run.asked[name if name in run.asked else next(iter(run.asked))]
    if board is not None:
        asked = asked[asked["dataset"].isin(board.datasets)]
    keys = ["dataset", "seed", "target_index"]
    return run.judged.merge(asked[keys].drop_duplicates(), on=keys)


def dataset_of(run: Results, typed: str | None, among: Sequence[str] | None = None) -> str:
    """The requested dataset; by default the first."""
    names = list(dict.fromkeys(run.fits["dataset"])) if among is None else list(among)
    if not names:
        raise ConfigError(f"{run.folder} has no dataset for this figure")
    return known(typed, names, "dataset") if typed is not None else names[0]


def datasets_of(run: Results, typed: Iterable[str]) -> list[str]:
    """The requested datasets, by name or by the name of their recipe or sweep."""
    names = list(dict.fromkeys(run.fits["dataset"]))
    families = {str(name) for name in run.fits["family"].unique() if name}
    recipes = {name.split("/")[0] for name in names}
    found: list[str] = []
    for one in typed:
        if one in names:
            found.append(one)
            continue
        of_it = (run.fits["family"] == one) | (run.fits["dataset"].str.split("/").str[0] == one)
        others = sorted((families | recipes) - set(names))
        found += list(run.fits.loc[of_it, "dataset"]) or [known(one, [*names, *others], "dataset")]
    return list(dict.fromkeys(found))
