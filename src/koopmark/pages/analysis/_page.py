"""From the tables of an analysis to its page, and to the CSV files that the page links."""

from pathlib import Path

from koopmark._files import write_text
from koopmark.analysis.numbers import plural
from koopmark.analysis.recording import SUITE, Analysis, Calibration, without_intervals
from koopmark.analysis.tables import flat, read_provenance, unfinished
from koopmark.pages.analysis import _views as views
from koopmark.pages.analysis._code import code_of
from koopmark.pages.analysis._data import page_data, pairs_in_courses
from koopmark.pages.web import render
from koopmark.plan import load_suite


def write_analysis(folder: str | Path) -> Path:
    """Write index.html of the folder of an analysis, and its tables; returns the page's path.

    They are pairs.csv, clusters.csv, skill.csv, structure.csv, methods.csv and measured.csv
    (docs/how-to/analyse_data.md).

    Raises
    ------
    ConfigError
        If a table or provenance.json is missing or cannot be read.
    """
    folder = Path(folder)
    analysis = Analysis(folder)
    provenance = read_provenance(folder)
    analysis.write()
    page = folder / "index.html"
    write_text(page, _html(analysis, provenance, folder))
    return page


def _html(analysis: Analysis, provenance: dict[str, object], folder: Path) -> str:
    data = page_data(analysis)
    pairs = views.ordered(analysis.pairs)
    twin = analysis.twin
    learnt = None if twin is None or analysis.pairs.empty else Calibration.of(twin)
    listed = pairs.head(views.MOST_ROWS)
    return render(
        "analysis/page.html.j2",
        data,
        title=provenance.get("title", "An analysis"),
        question=provenance.get("question", ""),
        sentences=analysis.sentences,
        unfinished=unfinished(analysis.folder, len(analysis.tables["fits"]), provenance),
        clusters=views.cluster_rows(analysis.clusters),
        no_intervals=without_intervals(analysis.tables),
        without_share=views.without_share(analysis.pairs),
        calibrated=views.calibrated(analysis.pairs),
        clusters_calibrated=views.calibrated(analysis.clusters),
        trusted=views.TRUSTED,
        written={path.name for path in folder.glob("*.csv")},
        pairs=views.pair_rows(listed),
        left_out=plural(len(pairs) - len(listed), "pair") if len(pairs) > len(listed) else "",
        verdicts=views.VERDICTS,
        names=list(dict.fromkeys(analysis.pairs["method"])),
        forecasting=data["forecasts"]["methods"],
        leads=views.skill_rows(analysis.forecasts),
        courses=pairs_in_courses(data["courses"]),
        courses_left_out=data["courses"]["left_out"],
        structure=views.structure_rows(analysis.structure),
        measured=analysis.data.to_dict("records"),
        methods=views.method_rows(analysis.methods),
        of_all=views.of_all(analysis.methods),
        calibration=views.calibration_rows(learnt, analysis.pairs) if learnt else [],
        achieved=views.achieved_rows(learnt) if learnt else [],
        scale=views.SCALE,
        code=code_of(load_suite(analysis.folder / SUITE), analysis.folder),
        provenance=list(flat(provenance)),
    )
