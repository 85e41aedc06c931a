"""The report of a run folder."""

from pathlib import Path

from koopmark._files import write_text
from koopmark.analysis.questions import leaderboard_table, questions
from koopmark.analysis.summary import summarise
from koopmark.analysis.sweeps import sweep_summary, sweep_table, sweeps
from koopmark.analysis.tables import read
from koopmark.pages.history.view import trends_beside
from koopmark.pages.run.run_page import run_page


def write(run_dir: Path) -> Path:
    """Write summary.csv and index.html of a run folder from its tables; returns the page's path.

    Where the run has sweeps, sweeps.csv has the numbers of their plots, and where methods compete
    leaderboard.csv has those of the leaderboards. The history of a baseline becomes a section
    where it lies in the folder `baseline` beside the run's.

    Raises
    ------
    ConfigError
        Where a table or provenance.json is missing or cannot be read.
    """
    tables = read(run_dir)
    summary = summarise(tables.fits, tables.targets)
    write_text(run_dir / "summary.csv", summary.to_csv(index=False))
    swept = [
        (sweep, sweep_summary(sweep, tables.fits, tables.targets)) for sweep in sweeps(tables.fits)
    ]
    if swept:
        write_text(run_dir / "sweeps.csv", sweep_table(swept).to_csv(index=False))
    asked = questions(tables.fits, tables.targets, [sweep for sweep, _ in swept])
    if asked:
        write_text(run_dir / "leaderboard.csv", leaderboard_table(asked).to_csv(index=False))
    page = run_dir / "index.html"
    write_text(page, run_page(tables, summary, swept, asked, trends_beside(run_dir, tables)))
    return page
