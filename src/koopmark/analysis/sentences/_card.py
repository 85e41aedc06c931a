"""The answer card: what most users ask of a run, each question with a sentence or two."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from koopmark._config import shortened
from koopmark.analysis.leaderboard import (
    ALL,
    COST,
    DIGITS,
    NOISY,
    PRINCIPAL,
    SPEED,
    UNAVAILABLE,
    Leaderboard,
    leaderboard,
    speeds,
)
from koopmark.analysis.measure import NOT_RUN, competing, standings
from koopmark.analysis.numbers import listed, percent, plain, plural, seconds
from koopmark.analysis.sentences._conditions import (
    all_driven,
    of_maps,
    use_of_inputs,
    use_of_sensors,
)
from koopmark.analysis.sentences._naming import OURS, named
from koopmark.analysis.sentences._recordings import forecasts, of_recordings_alone, supported
from koopmark.analysis.tables import KEYS, TARGET_KEYS

LONGEST_REASON = 140
"""Characters of a reason that the card quotes; all of it is in the table of failures."""

MOST_LEVELS = 5
"""Levels of noise of which each has its best method named."""

ENDED: Mapping[str, str] = {
    "failed": "raised an error",
    "timeout": "ran out of time",
    "out_of_memory": "ran out of memory",
    "crashed": "crashed",
    "diverged": "had data that diverge",
}
"""What a status of a fit says, after its number."""

WHY_NOT_RUN: Mapping[str, str] = {
    "skipped": "because the method does not apply to the data",
    "unavailable": "because a library is not installed",
}


DATASETS = "datasets"
"""In place of the name of a leaderboard: the table of datasets."""


@dataclass(frozen=True)
class Answer:
    """A question that users have, and what the run says to it."""

    question: str
    sentence: str
    board: str = ""
    """The leaderboard with its numbers; `DATASETS` if they are in the table of datasets, empty if
    they are those of the fits that failed."""

    @property
    def lead(self) -> str:
        """The first sentence, which answers the question."""
        first, stop, _ = self.sentence.partition(". ")
        return first + stop.rstrip()

    @property
    def rest(self) -> str:
        """What is said beyond the first sentence; may be empty."""
        return self.sentence.partition(". ")[2]


@dataclass(frozen=True, eq=False)
class _Ranked:
    """The methods of a board, or the only one there is, with the rows that they are ranked by."""

    rows: pd.DataFrame
    table: pd.DataFrame
    """A row per method, best first: place, method, library, default and `standings`."""
    libraries: Mapping[str, str]

    @classmethod
    def of(cls, rows: pd.DataFrame, board: Leaderboard | None) -> "_Ranked":
        libraries = dict(zip(rows["method"], rows["library"], strict=True))
        if board is not None:
            inside = rows["method"].isin(board.rows["method"])
            return cls(rows[inside & rows["dataset"].isin(board.datasets)], board.rows, libraries)
        away = rows.loc[rows["status"] == UNAVAILABLE, "method"]
        left = rows[~rows["method"].isin(away)]
        if left["method"].nunique() != 1:
            return cls(rows[:0], pd.DataFrame(columns=["method"]), libraries)
        facts = left.groupby("method")[["library", "default"]].first()
        return cls(left, standings(left).join(facts).assign(place=1).reset_index(), libraries)

    @property
    def problems(self) -> str:
        return plural(self.rows["problem"].nunique(), "problem")

    @property
    def means(self) -> str:
        """Over what the numbers of a method are averaged."""
        return f"{'mean over ' * (self.problems != '1 problem')}{self.problems}"


def answer_card(
    fits: pd.DataFrame, asked: Mapping[str, pd.DataFrame], boards: Mapping[str, Leaderboard]
) -> list[Answer]:
    """What to use without noise and under noise, what is cheap, what defaults give, what failed.

    Nothing before the first fit is done.

    Parameters
    ----------
    fits : DataFrame
        fits.csv.
    asked : mapping
        The judged rows of each question, from `leaderboard.asked_by`.
    boards : mapping
        Those of `leaderboard.questions`.
    """
    if fits.empty:
        return []
    if of_recordings_alone(fits):
        libraries = dict(zip(fits["method"], fits["library"], strict=True))
        return [
            Answer(
                "Which methods' eigenpairs do held-out data support?",
                supported(fits, libraries),
                DATASETS,
            ),
            Answer("Which method forecasts best?", forecasts(fits, libraries), DATASETS),
            Answer("What failed, and why?", _failed(fits)),
        ]
    plain_ones, noisy_ones = (
        _Ranked.of(asked[name], boards.get(name)) for name in (PRINCIPAL, NOISY)
    )
    under_noise = plain_ones.rows.empty and not noisy_ones.rows.empty
    most = noisy_ones if under_noise else plain_ones
    where = " under noise" if under_noise else ""
    board = NOISY if under_noise else PRINCIPAL
    answers = [
        Answer(
            "Which method is best without noise?",
            _best(fits, plain_ones, asked[PRINCIPAL]),
            PRINCIPAL,
        ),
        Answer(
            "Which method is best under noise?",
            _under_noise(fits, noisy_ones, asked[NOISY]),
            NOISY,
        ),
        Answer(
            "Which of the methods that find the most is fastest?",
            _cheapest(fits, most, where),
            COST,
        ),
        Answer("How good are the default options of the libraries?", _defaults(most, where), board),
        *_conditions(fits, asked),
        Answer("What failed, and why?", _failed(fits, "the map in the report")),
    ]
    if not (competing(fits)["noise"] > 0).any():
        return [one for one in answers if one.board != NOISY]
    return answers


def _conditions(fits: pd.DataFrame, asked: Mapping[str, pd.DataFrame]) -> list[Answer]:
    """What is said of inputs, sensors and maps if all data have them."""
    rows = pd.concat([asked[PRINCIPAL], asked[NOISY]])
    driven = all_driven(fits)
    said = {
        "Which methods cope with inputs?": use_of_inputs(fits, rows) if driven else "",
        "How many sensors are needed?": use_of_sensors(fits, rows),
        "Which methods find multipliers at zero and below?": of_maps(fits, rows),
    }
    return [Answer(question, text, DATASETS) for question, text in said.items() if text]


def _best(fits: pd.DataFrame, ranked: _Ranked, rows: pd.DataFrame) -> str:
    if ranked.rows.empty:
        return _nothing_ranked(fits, rows, noisy=False)
    first = ranked.table[ranked.table["place"] == 1]
    if not _has_digits(first):
        return f"{_nobody(ranked, 'finds', 'principal eigenfunction')} ({ranked.problems})."
    return (
        f"{_leads(ranked, first)} {_digits(first)} and {_finds(first)} ({ranked.means})."
        f"{_of_a_library(ranked)}"
    )


def _under_noise(fits: pd.DataFrame, ranked: _Ranked, rows: pd.DataFrame) -> str:
    if ranked.rows.empty:
        return _nothing_ranked(fits, rows, noisy=True)
    levels = sorted(ranked.rows["noise"].unique())
    first = ranked.table[ranked.table["place"] == 1]
    at = f"{listed([_level(level) for level in levels], most=8)} noise"
    if not _has_digits(first):
        return f"{_nobody(ranked, 'has', 'correct digit')} at {at} ({ranked.problems})."
    said = (
        f"At {at}, {_leads(ranked, first)} {_of_possible(ranked, first)}, and {_finds(first)} "
        f"({ranked.means}).{_where_known(ranked, first)}{_of_a_library(ranked)}"
    )
    if len(levels) == 1:
        return said
    shown = levels
    if len(levels) > MOST_LEVELS:
        places = np.linspace(0, len(levels) - 1, MOST_LEVELS).round().astype(int)
        shown = [levels[place] for place in places]
    parts = [_at_level(ranked, fits, level, set(first["method"])) for level in shown]
    return f"{said} The best at each level: {'; '.join(parts)}."


def _at_level(ranked: _Ranked, fits: pd.DataFrame, level: float, known: set[str]) -> str:
    """`at 1 %, 3.1 of 3.2 digits`, and by which method unless by those that are `known`.

    The bound is a root mean square, and single draws may be better: then it stands behind.
    """
    rows = ranked.rows[ranked.rows["noise"] == level]
    here = _Ranked.of(rows, leaderboard(rows, fits, DIGITS))
    first = here.table[here.table["place"] == 1]
    digits, possible, _ = _beside_possible(here, first)
    few = bool(possible) and float(digits) < float(possible)
    allowed, besides = f" of {possible}" if few else "", ""
    if possible and not few:
        besides = f" (as many as the noise allows, {possible})"
    names = set(first["method"])
    by = (
        ""
        if known <= names or not _has_digits(first)
        else f", by {named(names, here.libraries, 1)}"
    )
    return f"at {_level(level)}, {digits}{allowed} digits{besides}{by}"


def _cheapest(fits: pd.DataFrame, ranked: _Ranked, where: str) -> str:
    if ranked.rows.empty:
        return "No method is ranked, so none can be called fast."
    able = _most(ranked.table)
    if able["found"].max() == 0:
        return f"{_nobody(ranked, 'finds', 'principal eigenfunction')}{where}."
    over = speeds(fits.merge(ranked.rows[KEYS].drop_duplicates(), on=KEYS), SPEED)
    speeds_of_all = over.groupby(level=["method", "problem"]).mean().groupby(level="method").mean()
    finite = speeds_of_all[np.isfinite(speeds_of_all)].sort_values(ascending=False)
    speed = finite[finite.index.isin(able["method"])]
    what = _eigenfunctions(able, where)
    if speed.empty:
        return (
            f"The methods that find {what} ({named(able['method'], ranked.libraries)}) failed for "
            "most seeds of some dataset, so their times are not compared."
        )
    fastest = str(speed.index[0])
    alike = [str(name) for name in speed.index[1:] if speed.iloc[0] - speed[name] <= SPEED.alike]
    time = seconds(SPEED.in_units(speed.iloc[0]))
    name = named([fastest], ranked.libraries)
    said = (
        f"Only {name} finds {what}, and takes {time} per fit."
        if len(able) == 1
        else f"Of the {len(able)} methods that find {what}, {name} is the fastest: {time} per fit."
    )
    if alike:
        take = "takes" if len(alike) == 1 else "take"
        said += f" {named(alike, ranked.libraries)} {take} about as long."
    return said + _cheapest_of_a_library(ranked, finite, [fastest, *alike])


def _most(table: pd.DataFrame) -> pd.DataFrame:
    """The methods that find the most, up to rounding."""
    return table[table["found"] >= table["found"].max() - (1 - ALL)]


def _cheapest_of_a_library(ranked: _Ranked, speed: "pd.Series[float]", fastest: list[str]) -> str:
    """Of those that find the most of other libraries' methods, unless one is among the fastest."""
    theirs = ranked.table[ranked.table["library"] != OURS]
    if theirs.empty or any(ranked.libraries[name] != OURS for name in fastest):
        return ""
    able = _most(theirs).set_index("method")
    known = speed.reindex(able.index).dropna()
    if known.empty or able["found"].max() == 0:
        return ""
    chosen = able.loc[[known.idxmax()]]
    fewer = chosen["found"].iloc[0] < ranked.table["found"].max() - (1 - ALL)
    share = f", and {_finds(chosen)}" if fewer else ""
    return (
        f" Among the methods of other libraries that find the most, {known.idxmax()} is the "
        f"fastest: it takes {seconds(SPEED.in_units(known.max()))} per fit{share}."
    )


def _defaults(ranked: _Ranked, where: str) -> str:
    if ranked.rows.empty:
        return "No method is ranked, so nothing can be said about default options."
    rows = ranked.table[ranked.table["default"].astype(bool)]
    if rows.empty:
        return "No ranked method has its library's default options."
    # Our own have the options that we chose; what libraries give says more.
    theirs = rows[rows["library"] != OURS]
    rows = rows if theirs.empty else theirs
    eigenfunction = f"principal eigenfunction{where}"
    eigenfunctions = f"principal eigenfunctions{where}"
    finding, lost = int((rows["found"] >= ALL).sum()), int((rows["found"] == 0).sum())
    best = rows[
        (rows["digits"] / DIGITS.step).round() == (rows["digits"].max() / DIGITS.step).round()
    ]
    if len(rows) == 1:
        return (
            f"One method has its library's default options: "
            f"{named(rows['method'], ranked.libraries)} {_finds(rows, where)}, with "
            f"{_digits(rows)}."
        )
    of_lost = list(rows.loc[rows["found"] == 0, "library"].unique())
    one_library = lost > 1 and len(of_lost) == 1 < rows["library"].nunique()
    every = "both" if lost == 2 else f"all {lost}"
    none = f"none ({every} are methods of {of_lost[0]})" if one_library else "none"
    some = "some" if finding else f"some of the {eigenfunctions}"
    counts = {f"all {eigenfunctions}": finding, some: len(rows) - finding - lost, none: lost}
    parts = [f"{count} find{'s' * (count == 1)} {what}" for what, count in counts.items() if count]
    if lost == len(rows):
        return (
            f"None of the {lost} methods with their libraries' default options finds a "
            f"{eigenfunction}."
        )
    said = f"Of {len(rows)} methods with their libraries' default options, {listed(parts)}."
    verb = "is" if len(best) == 1 else "are"
    return (
        f"{said} The best {verb} {named(best['method'], ranked.libraries)}, with {_digits(best)}."
    )


def _failed(fits: pd.DataFrame, of_misses: str = "") -> str:
    away = fits[fits["status"].isin(NOT_RUN)]
    bad = fits[(fits["status"] != "ok") & ~fits["status"].isin(NOT_RUN)]
    said = []
    if bad.empty:
        see = f": for targets that were missed, see {of_misses}" if of_misses else ""
        said.append(f"No fit failed{see}.")
    else:
        counts = (
            bad["status"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        )
        ways = [f"{count:,} {ENDED[str(status)]}" for status, count in counts.items()]
        if len(ways) == 1 and len(bad) > 1:
            ways = [f"all {ENDED[str(counts.index[0])]}"]
        many = f"{len(bad):,} of {len(fits):,} fits"
        if len(bad) == len(fits):
            many = f"All {len(bad):,} fits" if len(bad) > 1 else "The only fit"
        said.append(f"{many} failed ({_who(bad)}): {listed(ways, most=8)}.")
        said.append(_commonest(bad))
    for status, why in WHY_NOT_RUN.items():
        some = away[away["status"] == status]
        if len(some):
            was = "was" if len(some) == 1 else "were"
            said.append(f"{plural(len(some), 'fit')} {was} not run {why} ({_who(some)}).")
    return " ".join(part for part in said if part)


def _who(fits: pd.DataFrame) -> str:
    """`6 of nndmd and 2 of kronic`: how many fits of which methods, most first."""
    counts = fits["method"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if len(counts) == 1:
        return str(counts.index[0])
    return listed([f"{count:,} of {name}" for name, count in counts.items()], most=3)


def _commonest(bad: pd.DataFrame) -> str:
    reasons = bad.loc[bad["reason"] != "", "reason"].value_counts()
    if reasons.empty:
        return ""
    most = min(reasons.index[reasons == reasons.max()])
    reason = shortened(str(most), LONGEST_REASON).rstrip(".")
    often = "The reason" if reasons.max() == len(bad) else f"Most often ({reasons.max():,} of them)"
    return f"{often}: “{reason}”."


def _nothing_ranked(fits: pd.DataFrame, rows: pd.DataFrame, noisy: bool) -> str:
    """Why a question has no answer."""
    compete = competing(fits)
    if compete.empty:
        return "This run has no method that is ranked: anchors and informed methods are not."
    noise = (compete["noise"] > 0) == noisy
    with_it = "with noise" if noisy else "without noise"
    if not noise.any():
        return "No dataset has noise." if noisy else "Every dataset has noise."
    if rows.empty:
        return (
            f"No dataset {with_it} has principal eigenfunctions as targets, apart from sweeps "
            "over size or amount of data."
        )
    away = rows.loc[rows["status"] == UNAVAILABLE, "method"]
    if rows["method"].isin(away).all():
        return "No method could be run, because the libraries are not installed."
    return "No two methods were run on the same datasets, so no method is ranked."


def _has_digits(first: pd.DataFrame) -> bool:
    """Whether the best have a correct digit, to the digits that are shown, or found anything."""
    return bool(
        len(first) and (first["digits"].max() >= DIGITS.step / 2 or first["found"].max() > 0)
    )


def _nobody(ranked: _Ranked, verb: str, what: str) -> str:
    """`None of 3 methods finds a principal eigenfunction`."""
    methods = list(ranked.table["method"])
    if len(methods) == 1:
        return f"{methods[0]}, the only method, {verb} no {what}"
    return f"None of {len(methods)} methods {verb} a {what}"


def _leads(ranked: _Ranked, first: pd.DataFrame) -> str:
    """`a is first, with`, before the digits."""
    names = named(first["method"], ranked.libraries)
    if len(ranked.table) == 1:
        return f"{names}, the only method, has"
    return f"{names} is first with" if len(first) == 1 else f"{names} share the first place with"


def _of_a_library(ranked: _Ranked) -> str:
    """The best method of a library, if the first are all ours."""
    table = ranked.table
    theirs = table[table["library"] != OURS]
    if theirs.empty or (theirs["place"] == 1).any():
        return ""
    best = theirs[theirs["place"] == theirs["place"].min()]
    one = len(best) == 1
    return (
        f" The best {'method' if one else 'methods'} of the other libraries "
        f"{'is' if one else 'are'} {named(best['method'], ranked.libraries)}, with "
        f"{_digits(best)} ({_how_much(best)} found)."
    )


def _digits(rows: pd.DataFrame) -> str:
    return f"{rows['digits'].max():.1f} correct digits"


def _of_possible(ranked: _Ranked, first: pd.DataFrame) -> str:
    """`3.1 of the 3.2 correct digits that the noise allows`, of targets at which that is known."""
    digits, possible, known = _beside_possible(ranked, first)
    if not possible:
        return f"{_digits(first)} (how many the noise allows is unknown)"
    # The bound is a root mean square, and single draws may be better.
    allowed = (
        f"{digits} of the {possible} correct digits that the noise allows"
        if float(digits) < float(possible)
        else f"{digits} correct digits, as many as the noise allows ({possible})"
    )
    asked = int(first["asked"].iloc[0])
    if known == asked:
        return allowed
    # The rest is said by `_where_known`.
    return _digits(first)


def _where_known(ranked: _Ranked, first: pd.DataFrame) -> str:
    """What `_of_possible` says if that is known of some targets only; or else empty."""
    digits, possible, known = _beside_possible(ranked, first)
    asked = int(first["asked"].iloc[0])
    if not possible or known == asked:
        return ""
    # The bound is a root mean square, and single draws may be better.
    said = (
        f"this is {digits} of the {possible} correct digits that the noise allows"
        if float(digits) < float(possible)
        else f"this is {digits} correct digits, as many as the noise allows ({possible})"
    )
    return f" At the {known} of {asked} targets whose bound is known, {said}."


def _beside_possible(ranked: _Ranked, first: pd.DataFrame) -> tuple[str, str, int]:
    """Digits of the first method, those that the noise allows, and at how many targets.

    Of the targets at which the latter are known; without any all digits, and an empty text.
    """
    keys = [name for name in TARGET_KEYS if name != "method"]
    # A fit that failed has no floor of its own.
    rows = ranked.rows.assign(possible=ranked.rows.groupby(keys)["possible"].transform("max"))
    known = rows[rows["possible"].notna() & (rows["method"] == first["method"].iloc[0])]
    if known.empty:
        return f"{first['digits'].max():.1f}", "", 0
    (row,) = standings(known).to_dict("records")
    return f"{row['digits']:.1f}", f"{row['possible']:.1f}", int(row["asked"])


def _how_much(rows: pd.DataFrame) -> str:
    """`all`, `93 %` or `92 to 93 %`."""
    low, high = rows["found"].min(), rows["found"].max()
    if low >= ALL:
        return "all"
    if percent(low) == percent(high):
        return percent(high)
    return f"{percent(low).removesuffix(' %')} to {percent(high)}"


def _eigenfunctions(rows: pd.DataFrame, where: str = "") -> str:
    """`93 % of the principal eigenfunctions`, as found by the methods of `rows`."""
    share = "none" if rows["found"].max() == 0 else _how_much(rows)
    return f"{share}{'' if share == 'all' else ' of the'} principal eigenfunctions{where}"


def _finds(rows: pd.DataFrame, where: str = "") -> str:
    return f"{'finds' if len(rows) == 1 else 'find'} {_eigenfunctions(rows, where)}"


def _level(noise: float) -> str:
    return f"{plain(100 * noise)} %"
