"""What the page holds of eigenfunctions.csv, and how it keeps within its size."""

import base64
import gzip
import json
import re

import numpy as np
import pandas as pd
import pytest

from koopmark._errors import ConfigError
from koopmark.analysis.tables import read_portraits
from koopmark.pages import write
from koopmark.pages.run._data import choices, eigenfunctions_data
from koopmark.store import POINTS, PREFIX

FILE = "eigenfunctions.csv"


def island(html, name):
    packed = re.search(rf'<script type="application/gzip" id="data-{name}">([^<]*)<', html)
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def numbers(column):
    """A column of a CSV file as JSON has it."""
    return [float(text) if text else None for text in column]


def rows_of(table, frame):
    """Those of one exact function, found in the file by their keys alone."""
    return table[
        (table["dataset"] == frame["dataset"])
        & (table["seed"].map(float) == frame["seed"])
        & (table["target"] == frame["target"])
    ]


@pytest.fixture(scope="module")
def html(written_run):
    return (written_run / "index.html").read_text(encoding="utf-8")


def test_every_number_of_the_page_is_that_of_the_file(written_run, html):
    frames = island(html, "eigenfunctions")
    table = pd.read_csv(written_run / FILE, dtype=str, keep_default_na=False)
    checked = 0
    for frame in frames:
        mine = rows_of(table, frame)
        real, imaginary = (mine[mine["component"] == name] for name in ("re", "im"))
        (angle,) = mine[mine["part"] == "angle"].to_dict("records")
        assert frame["re"] == numbers(real["exact"])
        assert frame["part"] == real["part"].tolist()
        for place in ("trajectory", "time", "i", "j", "x_i", "x_j"):
            assert frame[place] == numbers(real[place])
        shown = {name for name in table if name.startswith(PREFIX) and angle[name]}
        assert {PREFIX + name for name in frame["methods"]} == shown
        for name, own in frame["methods"].items():
            assert own["re"] == numbers(real[PREFIX + name])
            parts = numbers(imaginary[PREFIX + name])
            assert own["im"] == parts if "im" in own else not any(parts)
            assert own["angle"] == float(angle[PREFIX + name])
            checked += len(own["re"]) + 1
    assert len(frames) == 2 * 2 * 2
    assert checked > 10_000


def test_the_angle_of_a_portrait_is_the_eigenfunction_error_of_a_simple_target(written_run, html):
    frames = island(html, "eigenfunctions")
    targets = pd.read_csv(written_run / "targets.csv").set_index(
        ["dataset", "seed", "target", "method"]
    )["eigenfunction_error"]
    for frame in frames:
        for name, own in frame["methods"].items():
            error = targets[frame["dataset"], frame["seed"], int(frame["target"]), name]
            assert own["angle"] == pytest.approx(error, rel=1e-6, abs=1e-12)


def test_the_pickers_offer_what_is_there_the_best_method_first(html):
    (section,) = re.findall(r'<section id="eigenfunctions">.*?</section>', html, re.DOTALL)
    options = re.findall(r'<option value="([^"]*)"', section)
    assert options[:5] == ["three_populations", "three_populations_noise_0.01", "-1", "-2",
                           "linear"]  # fmt: skip
    assert "broken" not in options
    assert "<script>" not in section


def test_a_run_without_portraits_has_a_page_that_says_so(run_dir):
    (run_dir / FILE).unlink()
    html = write(run_dir).read_text(encoding="utf-8")
    assert "This run has no portraits of eigenfunctions" in html
    assert island(html, "eigenfunctions") == []


def test_a_run_in_which_no_fit_has_a_portrait_has_a_page(run_dir):
    pd.DataFrame(columns=list(POINTS)).to_csv(run_dir / FILE, index=False)
    assert "This run has no portraits" in write(run_dir).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "cannot be read as a CSV table"),
        ("dataset,seed\na,0\n", "lacks the columns target_index, target, "),
        (f"{','.join(POINTS)}\n{','.join(['x'] * len(POINTS))}\n", "holds text in the column seed"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_a_sentence(tmp_path, text, complaint):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        read_portraits(tmp_path)


def table(datasets, targets, seeds, count=10):
    """Points of one method, `count` and an angle for each exact function."""
    rows = []
    for seed in range(seeds):
        for dataset in range(datasets):
            for target in range(targets):
                about = {"dataset": f"d{dataset}", "seed": float(seed), "target": f"-{target + 1}"}
                about |= {
                    "target_index": target,
                    "target_eigenvalue_re": -1.0,
                    "target_eigenvalue_im": 0.0,
                }
                point = {"part": "state", "component": "re", "exact": 1.0, PREFIX + "m": 0.5}
                rows += [{**about, **point}] * count
                rows.append({**about, "part": "angle", "component": "", PREFIX + "m": 0.1})
    return pd.DataFrame(rows, columns=[*POINTS, PREFIX + "m"])


@pytest.mark.parametrize(
    ("most", "seeds", "targets"),
    [
        (10_000, {0, 1, 2}, {"-1", "-2"}),
        # 3 datasets x 2 targets x 20 numbers are 120 a seed.
        (250, {0, 1}, {"-1", "-2"}),
        (130, {0}, {"-1", "-2"}),
        (70, {0}, {"-1"}),
    ],
)
def test_a_page_holds_whole_seeds_and_the_first_targets_of_all_datasets(most, seeds, targets):
    kept = eigenfunctions_data(table(3, 2, 3), most)
    assert {frame["seed"] for frame in kept} == seeds
    assert {frame["target"] for frame in kept} == targets
    assert len(kept) == 3 * len(seeds) * len(targets)


def test_where_not_all_datasets_have_room_the_first_have():
    kept = eigenfunctions_data(table(3, 2, 3), 45)
    assert [frame["dataset"] for frame in kept] == ["d0", "d1"]


def test_the_page_says_how_much_of_the_file_it_holds():
    points = table(3, 2, 3)
    found = choices(points, eigenfunctions_data(points, 130), ["other", "m"])
    assert (found.drawn, found.in_all) == (6, 18)
    assert (found.methods, found.seeds) == (["m"], ["0"])


def test_missing_values_are_null_and_the_rest_is_read_to_the_last_bit(tmp_path):
    points = table(1, 1, 1)
    points.loc[3, PREFIX + "m"] = np.nan
    points.loc[4, PREFIX + "m"] = 0.1 + 0.2
    points.to_csv(tmp_path / FILE, index=False)
    (frame,) = eigenfunctions_data(read_portraits(tmp_path))
    assert np.isnan(frame["methods"]["m"]["re"][3])
    assert frame["methods"]["m"]["re"][4] == 0.1 + 0.2
