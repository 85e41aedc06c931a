"""The page of an analysis."""

import math
import re
import shutil
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import koopmark
from koopmark import pages
from koopmark.analysis.numbers import eigenvalue, interval, percent
from koopmark.analysis.recording import CONSTANT, Analysis, calibrated
from koopmark.pages.analysis import _views as views
from koopmark.pages.analysis._data import courses_data
from koopmark.plan import load_suite
from koopmark.run import run

positive = st.floats(1e-12, 1e6)


@pytest.fixture(scope="module")
def page(analysis) -> Path:
    return pages.write(analysis.folder)


def rows_of(html: str, section: str) -> list[list[str]]:
    """Texts of the cells of each row of the first table of a section."""
    part = html.split(f'<section id="{section}">')[1].split("</section>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", part.split("<tbody>")[1], flags=re.DOTALL)
    cell = r"<t[hd][^>]*>(.*?)</t[hd]>"
    return [
        [unescape(re.sub("<[^>]*>", "", text)) for text in re.findall(cell, row, flags=re.DOTALL)]
        for row in rows
    ]


def test_every_pair_is_in_the_table_with_the_numbers_of_pairs_csv(analysis, page):
    html = page.read_text(encoding="utf-8")
    table = views.ordered(pd.read_csv(analysis.folder / "pairs.csv", keep_default_na=False))
    shown = rows_of(html, "pairs")
    assert len(shown) == len(table) > 4
    for cells, pair in zip(shown, table.to_dict("records"), strict=True):
        assert cells[:3] == [pair["method"], pair["verdict"], pair["cluster"]]
        assert cells[3] == eigenvalue(pair["eigenvalue_re"], pair["eigenvalue_im"])
        assert cells[-1] == pair["reason"]


def test_what_the_figures_draw_are_the_tables(analysis, page, island):
    html = page.read_text(encoding="utf-8")
    drawn = island(html, "pairs")
    table = views.ordered(analysis.pairs)
    for name in ("eigenvalue_re", "eigenvalue_im", "residual", "floor", "low_re", "high_im"):
        np.testing.assert_array_equal(np.array(drawn[name], float), table[name])
    curves = island(html, "forecasts")["curves"]
    for method, rows in analysis.forecasts.groupby("method"):
        np.testing.assert_array_equal(curves[method]["error"], rows["error"])


def test_supported_pairs_come_first_and_constants_last(analysis):
    table = views.ordered(analysis.pairs).reset_index(drop=True)
    constant = table["cluster"] == CONSTANT
    assert constant.any()
    assert constant.iloc[-constant.sum() :].all()
    ranks = table.loc[~constant, "verdict"].map([*views.VERDICTS].index)
    assert ranks.is_monotonic_increasing


def test_the_sentences_and_what_was_measured_are_on_the_page(analysis, page):
    html = unescape(re.sub("</?span[^>]*>", "", page.read_text(encoding="utf-8")))
    assert analysis.sentences
    assert all(sentence in html for sentence in analysis.sentences)
    assert [row[:2] for row in rows_of(page.read_text(encoding="utf-8"), "measured")] == [
        [row["what"], row["value"]] for row in analysis.data.to_dict("records")
    ]


def test_a_method_without_a_result_says_why_and_none_of_it_is_markup(analysis, page):
    (failed,) = analysis.methods[analysis.methods["status"] != "ok"].to_dict("records")
    html = page.read_text(encoding="utf-8")
    (row,) = [row for row in rows_of(html, "methods") if row[1] != "ok"]
    assert (row[0], row[-1]) == (failed["method"], failed["reason"])
    assert "this <method> is broken" in row[-1]
    assert "this <method> is broken" not in html


def test_the_line_of_a_function_starts_at_its_first_value_and_none_is_of_the_constant(analysis):
    shown = courses_data(analysis.tables["courses"], analysis.pairs)["functions"]
    assert {one["method"] for one in shown} == {"koopmark.qr_edmd", "koopmark.optimised_dmd"}
    for one in shown:
        assert abs(one["re"]) > 0.01
        assert one["im"] >= 0
        # Noise of 1 % aside, values of a true function follow the line.
        trial = one["trials"][0]
        values = np.array(trial["re"]) + 1j * np.array(trial["im"])
        line = values[0] * np.exp((one["re"] + 1j * one["im"]) * np.array(trial["times"]))
        assert np.abs(values - line)[:8].max() < 0.3 * np.abs(values[0])


def test_the_code_of_the_page_makes_its_tables_again(analysis, page, in_process, tmp_path):
    html = page.read_text(encoding="utf-8")
    code = unescape(re.search(r'<pre class="code"><code>(.*?)</code>', html, re.DOTALL)[1])
    names: dict[str, object] = {}
    exec(compile(code, "page", "exec"), names)
    pd.testing.assert_frame_equal(names["analysis"].pairs, analysis.pairs)
    alone = koopmark.residuals(names["model"], names["held_out"])
    first = analysis.pairs[analysis.pairs["method"] == "koopmark.qr_edmd"]
    values = first["eigenvalue_re"] + 1j * first["eigenvalue_im"]
    assert list(np.sort_complex(alone["eigenvalue"])) == list(np.sort_complex(values))


def test_a_run_of_the_suite_of_an_analysis_keeps_its_page(analysis, page, in_process):
    before = page.read_text(encoding="utf-8").split("<footer")[0]
    run(load_suite(analysis.folder / "analysis.toml"), analysis.folder, 1)
    assert pages.write(analysis.folder) == page
    assert (
        page.read_text(encoding="utf-8").split("<footer")[0].split("Provenance")[0]
        == (before.split("Provenance")[0])
    )
    assert not (analysis.folder / "summary.csv").exists()


def test_an_analysis_that_was_stopped_at_once_has_a_page(analysis, tmp_path):
    for name in ("analysis.toml", "provenance.json"):
        (tmp_path / name).write_text((analysis.folder / name).read_text())
    lines = (analysis.folder / "run.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "run.jsonl").write_text("".join(lines[:2]))
    html = pages.write(tmp_path).read_text(encoding="utf-8")
    assert f"0 of {len(analysis.tables['fits'])} fits are done" in html
    assert "No method recovered a pair." in html


def test_what_a_twin_says_is_beside_every_pair_until_an_analysis_is_made_without_one(
    analysis, tmp_path
):
    folder = Path(shutil.copytree(analysis.folder, tmp_path / "copy"))
    # The system of the trials is known, so it can be its own twin.
    known = analysis.tables["verdicts"].query("seed == 0 and eigenvalue_bound.notna()")
    value = known["eigenvalue_re"] + 1j * known["eigenvalue_im"]
    near = np.abs(value.to_numpy()[:, None] - [-0.3 + 2j, -0.3 - 2j, -0.6, -0.6 + 4j, -0.6 - 4j])
    true, defect = (near.min(axis=1) < 0.03).astype(float), near.min(axis=1)
    twin = known.assign(true=true, exact_error=defect, eigenvalue_defect=defect)
    twin = pd.concat([twin.assign(dataset=f"twin {number}") for number in range(4)])
    twin.to_csv(folder / "twin.csv", index=False)
    told = Analysis(folder)
    expected = calibrated(analysis.pairs, {"verdicts": twin})
    np.testing.assert_array_equal(told.pairs["share_true"], expected["share_true"])
    html = pages.write(folder).read_text(encoding="utf-8")
    place = 5
    for cells, pair in zip(
        rows_of(html, "pairs"), views.ordered(expected).to_dict("records"), strict=True
    ):
        share = pair["share_true"]
        assert cells[place + 1].split("\n")[0] == percent(share)
    rows = rows_of(html, "calibration")
    supported = twin[(twin["verdict"] == "supported") & (twin["eigenvalue_im"] >= 0)]
    assert rows[0][:3] == ["all methods", str(len(supported)), str(int(supported["true"].sum()))]


@given(positive, positive)
def test_a_larger_residual_stands_further_right(one, other):
    low, high = sorted((one, other))
    assert 0 <= views._place(low) <= views._place(high) <= 100


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3))
def test_the_ends_of_an_interval_are_told_apart_and_right_to_a_tenth_of_its_width(low, width):
    high = low + width
    text = interval(low, high)
    if " to " not in text:
        assert width <= 1e-6 * max(abs(low), abs(high)) or math.isclose(low, high, rel_tol=1e-6)
        return
    ends = [float(end) for end in text.split(" to ")]
    step = max(0.1 * (high - low), 1e-6 * max(abs(low), abs(high)))
    assert abs(ends[0] - low) <= step
    assert abs(ends[1] - high) <= step


def test_remarks_that_all_methods_share_are_said_once():
    methods = pd.DataFrame(
        {"status": ["ok", "ok", "timeout"], "note": ["rank 3 of 5; aliased", "rank 3 of 5", ""]}
    )
    assert views.of_all(methods) == ["rank 3 of 5"]
