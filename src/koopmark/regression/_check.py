"""Did accuracy get worse? The verdict on a run that is held against a baseline."""

from dataclasses import dataclass
from pathlib import Path

from koopmark.analysis.numbers import MISSING, listed
from koopmark.analysis.tables import read_fits, read_targets
from koopmark.regression._comparable import RunFolder, description
from koopmark.regression._markdown import document, section
from koopmark.regression._pair import Pair, Row, pair


@dataclass(frozen=True, eq=False)
class CheckResult:
    """The verdict, and the comparison that it rests on."""

    pair: Pair
    problems: tuple[str, ...]
    """Sentences on what keeps the two runs from being compared in full."""
    missing: tuple[Row, ...]
    """What the baseline has and the run was to have."""

    @property
    def ok(self) -> bool:
        """Whether all of the baseline was compared, and nothing got worse."""
        return not (self.problems or self.missing or self.pair.worse)

    @property
    def heading(self) -> str:
        """No regression, Regression, or Incomplete."""
        if self.ok:
            return "No regression"
        return "Regression" if self.pair.worse else "Incomplete"

    def verdict(self) -> str:
        """Whether there is a regression, how much was compared, and why, in one line."""
        versions = [f"{one.what} {one.baseline} → {one.now}" for one in self.pair.versions]
        differ = [f"Versions differ: {listed(versions)}."] if versions else []
        return " ".join([f"{self.heading}:", self.pair.counts(), *differ, *self.problems])

    def markdown(self) -> str:
        """The verdict and what it rests on, as Markdown."""
        versions = [
            (one.what, one.baseline or MISSING, one.now or MISSING) for one in self.pair.versions
        ]
        return document(
            [
                f"# {self.heading}",
                self.pair.counts(),
                *(["\n".join(f"* {problem}" for problem in self.problems)] * bool(self.problems)),
                *self.pair.sections(self.missing),
                *section("Versions that differ", ("what", "baseline", "run"), versions),
            ]
        )


def check(run_dir: str | Path, baseline_dir: str | Path, partial: bool = False) -> CheckResult:
    """Compare the tables of a run with those of a baseline.

    Whatever of the baseline cannot be compared counts against the run: rows that are gone, a run
    that is not finished or does another part of its suite, recipes that differ under one name.
    With `partial` the fits that both have are compared, and no others asked for.

    Raises
    ------
    ConfigError
        If either folder lacks a table or provenance.json, or the two share no fit.
    """
    # Targets that are missing are a verdict, not an error: the tables are read one by one.
    run, baseline = (
        RunFolder(folder, read_fits(folder), read_targets(folder), description(folder))
        for folder in map(Path, (run_dir, baseline_dir))
    )
    held = pair(run, baseline)
    hint = "To compare only the fits that both runs have, use --partial."
    apart = [] if partial else [f"{why}. {hint}" for why in held.apart]
    # A baseline need not keep the eigenpairs, and a run of its tables alone need not either.
    kept = run.pairs.exists() or baseline.pairs.exists()
    gone = [f"{lacking}."] if kept and (lacking := run.pairs_gone()) else []
    return CheckResult(
        held,
        (*apart, *held.excluded, *held.undescribed, *gone),
        (*([] if partial else held.gone_fits), *held.gone_targets),
    )
