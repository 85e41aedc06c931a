"""Write docs/choosing.md and the results table of the README from stored runs.

    python docs/_extensions/choosing.py RUN ...   # read run folders into docs/evidence, then write
    python docs/_extensions/choosing.py           # write both pages from docs/evidence

docs/evidence/conditions.toml lists the conditions: which datasets of which suite show what methods
do under it. Each has a CSV file there, with a row per method; provenance.json says which commit,
libraries and command the numbers come from.
"""

import json
import re
import sys
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from koopmark import methods
from koopmark.analysis import measure, numbers
from koopmark.analysis.results import Results

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "evidence"
PAGE = ROOT / "docs" / "choosing.md"
README = ROOT / "README.md"
TABLE = re.compile(r"(<!-- generated: results -->\n).*?(<!-- end -->)", re.DOTALL)

TIE = 0.1
"""Methods whose mean digits differ by less share a place, as on the leaderboards."""


def conditions() -> list[dict[str, Any]]:
    """Return the conditions in the order of the page."""
    return tomllib.loads((EVIDENCE / "conditions.toml").read_text("utf-8"))["conditions"]


# From a run to the evidence.


def collect(condition: dict[str, Any], results: Results) -> pd.DataFrame:
    """Return how well each method does on the principal targets of a condition, best first."""

    def chosen(rows: pd.DataFrame) -> pd.DataFrame:
        rows = measure.competing(rows)
        named = rows["dataset"].map(
            lambda name: any(fnmatchcase(name, pattern) for pattern in condition["datasets"])
        )
        return rows[named & rows["noise"].between(*condition.get("noise", (0.0, float("inf"))))]

    fits = chosen(results.fits)
    judged = chosen(results.judged)
    judged = judged[judged["principal"]]
    if judged.empty:
        raise SystemExit(f"{results.folder} has no datasets {condition['datasets']}")
    first = fits.groupby("method", sort=False).first()
    ok = (fits["status"] == "ok").groupby(fits["method"])
    counts = judged.groupby("method")[["problem", "dataset"]].nunique()
    table = first[["library", "default"]].assign(
        default=first["default"].astype(bool),
        options=[changed(name, given) for name, given in first["options"].items()],
        problems=counts["problem"],
        datasets=counts["dataset"],
        **measure.standings(judged),
        fits=ok.size(),
        failed=ok.size() - ok.sum(),
        fit_seconds=fits[fits["status"] == "ok"].groupby("method")["fit_seconds"].median(),
    )
    return table.sort_values(["digits", "found"], ascending=False, kind="stable")


def changed(label: str, given: str) -> str:
    """Return the options of a fit that its user would set, as JSON: not defaults, no seeds."""
    registered = json.loads(json.dumps(methods.get(label.partition("[")[0]).to_options()))
    options = {
        name: {key: it for key, it in value.items() if it is not True}
        if name == "dictionary"
        else value
        for name, value in json.loads(given).items()
        if name != "seed" and registered.get(name) != value
    }
    return json.dumps(options)


def source(results: Results) -> dict[str, Any]:
    """Return where the numbers of a run come from."""
    said = results.provenance
    return {
        "command": re.sub(r" --(jobs|out) \S+", "", said["command"]),
        "commit": said["git"]["commit"],
        "date": said["ended"][:10],
        "seeds": said["seeds"],
        "libraries": said["libraries"],
    }


def store(folders: list[str]) -> None:
    """Write the evidence of every condition that one of these runs is about."""
    runs = {run.provenance["suite"]: run for run in map(Results.read, folders)}
    path = EVIDENCE / "provenance.json"
    sources = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for condition in conditions():
        if run := runs.get(condition["suite"]):
            table = collect(condition, run)
            table.to_csv(EVIDENCE / f"{condition['name']}.csv", float_format="%.4g")
            sources[condition["suite"]] = source(run)
    path.write_text(json.dumps(sources, indent=2) + "\n", encoding="utf-8")


# From the evidence to the pages.


@cache
def table_of(name: str) -> pd.DataFrame:
    """Return the evidence of a condition, indexed by method, best first."""
    return pd.read_csv(EVIDENCE / f"{name}.csv", index_col="method")


def first_choice(table: pd.DataFrame) -> "pd.Series[Any]":
    """Return the best method; of those that share its place, the least failing, then fastest."""
    tied = table[table["digits"] >= table["digits"].max() - TIE]
    return tied.sort_values(["failed", "fit_seconds"], kind="stable").iloc[0]


def best_of_libraries(table: pd.DataFrame) -> pd.DataFrame:
    """Return the first choice of each library, best first."""
    rows = [first_choice(rows) for _, rows in table.groupby("library", sort=False)]
    return pd.DataFrame(rows).sort_values(["digits", "found"], ascending=False, kind="stable")


def call(method: str, options: str) -> str:
    """Return the Python that fits a method with its options."""
    given = "".join(f", {name}={value!r}" for name, value in sorted(json.loads(options).items()))
    return f'koopmark.fit("{method.partition("[")[0]}", data{given})'


def digits(row: "pd.Series[Any]") -> str:
    """Return the digits of a method, and those that the noise allows if there is noise."""
    said = f"{row['digits']:.1f}"
    return said if pd.isna(row["possible"]) else f"{said} of {row['possible']:.1f}"


def cells(*values: object) -> str:
    """Return a row of a Markdown table."""
    return "| " + " | ".join(map(str, values)) + " |"


def summary() -> str:
    """Return the table of first choices: a row per condition."""
    lines = [
        cells(
            "your data",
            "best method",
            "digits",
            "found",
            "best outside koopmark",
            "digits",
            "found",
        ),
        cells("---", "---", "--:", "--:", "---", "--:", "--:"),
    ]
    for condition in conditions():
        table = table_of(condition["name"])
        choices = [first_choice(table), first_choice(table[table["library"] != "koopmark"])]
        said = [(f"`{it.name}`", digits(it), numbers.percent(it["found"])) for it in choices]
        lines.append(cells(condition["title"], *said[0], *said[1]))
    return "\n".join(lines)


def number(count: float, noun: str) -> str:
    """Return `1 seed` or `3 seeds`."""
    return f"{count:.0f} {noun}{'' if count == 1 else 's'}"


def page() -> str:
    """Return docs/choosing.md, from its template."""
    sources = json.loads((EVIDENCE / "provenance.json").read_text("utf-8"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(EVIDENCE),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "percent": numbers.percent,
        "digits": digits,
        "number": number,
    }
    tables = [table_of(condition["name"]) for condition in conditions()]
    sections = [
        {
            **condition,
            "methods": len(table),
            "first": first_choice(table),
            "libraries": [row for _, row in best_of_libraries(table).iterrows()],
            "run": sources[condition["suite"]],
        }
        for condition, table in zip(conditions(), tables, strict=True)
    ]
    (commit,) = {run["commit"][:8] for run in sources.values()}
    (libraries,) = {
        ", ".join(
            f"{name} {run['libraries'][name]}"
            for name in ("pydmd", "pykoopman", "deeptime", "kooplearn", "pykoop")
        )
        for run in sources.values()
    }
    return environment.get_template("choosing.md.j2").render(
        summary=summary(),
        sections=sections,
        call=call,
        sources=sources,
        commit=commit,
        libraries=libraries,
        dates=", ".join(sorted({run["date"] for run in sources.values()})),
    )


def readme(text: str) -> str:
    """Return the README with its results table written anew."""
    return TABLE.sub(lambda it: it[1] + summary() + "\n" + it[2], text)


if __name__ == "__main__":
    if sys.argv[1:]:
        store(sys.argv[1:])
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(README.read_text("utf-8")), encoding="utf-8")
