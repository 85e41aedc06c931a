import re

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from koopmark import simulate, systems
from koopmark.analysis.numbers import exact, scientific
from koopmark.pages.example import write_example
from koopmark.pages.example._attraction import Geometry, initial_states
from koopmark.pages.example._page import TRY

SCORES = ["eigenvalue_error_relative", "eigenfunction_error", "oracle_floor"]
EDMD = "EDMD, monomials to degree 3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("example") / "made" / "here"
    assert write_example(out) == out / "index.html"
    return out


@pytest.fixture(scope="module")
def html(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data(html, island):
    return lambda name: island(html, name)


@pytest.fixture(scope="module")
def trajectories(folder):
    return pd.read_csv(folder / "trajectories.csv")


@pytest.fixture(scope="module")
def recovered(folder):
    return pd.read_csv(folder / "recovered.csv", dtype=str).set_index(["method", "target"])


@pytest.fixture(scope="module")
def pairs(folder):
    return pd.read_csv(folder / "eigenpairs.csv")


def test_the_third_coordinate_is_the_known_null_vector():
    null = Geometry.of(systems.three_populations().weights.dense()).left[:, 2]
    assert null == pytest.approx(np.array([3, 1, 1]) / np.sqrt(11), abs=1e-12)


def test_y3_decays_at_rate_one_along_every_trajectory(trajectories):
    for _, rows in trajectories.groupby("trajectory"):
        expected = rows["y3"].iloc[0] * np.exp(-rows["time"])
        assert np.allclose(rows["y3"], expected, rtol=1e-9, atol=0)


def test_y_is_a_rotation_of_x(trajectories):
    x, y = (trajectories[[f"{name}{i}" for i in (1, 2, 3)]].to_numpy() for name in "xy")
    assert np.linalg.norm(x, axis=1) == pytest.approx(np.linalg.norm(y, axis=1), rel=1e-12)


def test_what_scipy_integrates_lies_on_the_exact_lines(data):
    decay = data("decay")
    integrated, lines = (np.array(decay[name]) for name in ("integrated", "exact"))
    assert integrated.size > 100
    assert integrated == pytest.approx(lines, rel=1e-8)


def test_the_measured_deviation_is_that_of_the_file(html, trajectories):
    start = trajectories.groupby("trajectory")["y3_independent"].transform("first")
    ratio = trajectories["y3_independent"] / (start * np.exp(-trajectories["time"]))
    assert f">{scientific(np.abs(ratio - 1).max())}</span> of its value" in html


def test_the_pictures_show_the_trajectories_of_the_file(data, trajectories):
    drawn = data("trajectories")
    shown = trajectories[trajectories["time"].isin(drawn["times"])]
    for name in "xy":
        expected = shown[[f"{name}{i}" for i in (1, 2, 3)]].to_numpy()
        assert (np.array(drawn[name]).reshape(-1, 3) == expected).all()


def test_the_plane_in_the_picture_is_the_one_that_attracts(data):
    first_two = np.array(data("trajectories")["U"])[:, :2]
    assert np.array([3, 1, 1]) @ first_two == pytest.approx(np.zeros(2), abs=1e-12)


def test_two_attractors_share_the_trajectories():
    late = simulate(
        systems.three_populations(), initial_states(24, "drawn"), np.array([0.0, 60.0])
    ).states[:, -1]
    assert len(np.unique(late.round(3), axis=0)) == 2


def test_dmd_recovers_the_eigenfunction_and_edmd_its_powers(recovered):
    errors = recovered["eigenfunction_error"].astype(float)
    assert errors["DMD", "-1"] < 1e-9
    assert errors["DMD", "-2"] > 0.5
    assert errors["DMD, PyDMD's default rank", "-1"] > 0.5
    for target in ("-1", "-2", "-3"):
        assert errors[EDMD, target] < 1e-8


def test_dmd_does_about_as_well_as_its_dictionary_allows(recovered):
    for target in ("-2", "-3"):
        row = recovered.loc[("DMD", target)]
        assert float(row["eigenfunction_error"]) < 1.1 * float(row["oracle_floor"])


def test_residuals_single_out_the_exact_eigenvalues(html, pairs):
    edmd = pairs[pairs["method"] == EDMD]
    verified = edmd["residual"] < 1e-9
    assert sorted(edmd["eigenvalue_re"][verified].round(8) + 0.0) == [-3, -2, -1, 0]
    assert edmd["residual"][~verified].min() > 1e-4
    said = f"{EDMD}: {len(edmd)} eigenpairs, of which 4 with a residual below "
    text = " ".join(re.sub(r"<[^>]+>", "", html).split())
    assert said + "1e-9: λ = 0, −1, −2, −3." in text


def test_the_spectrum_shows_the_pairs_of_the_file(data, pairs):
    drawn = data("pairs")
    for column in ("eigenvalue_re", "eigenvalue_im", "residual"):
        assert np.array(drawn[column], float) == pytest.approx(pairs[column].to_numpy(), rel=1e-15)


def test_drawn_eigenfunctions_are_as_far_from_the_exact_ones_as_the_table_says(data, recovered):
    functions = data("functions")
    errors = recovered["eigenfunction_error"].astype(float)
    for name, fits in functions["fits"].items():
        for exact_values, fit, target in zip(
            functions["exact"], fits, ("-1", "-2", "-3"), strict=True
        ):
            truth, found = np.array(exact_values), np.array(fit["recovered"])
            assert fit["error"] == errors[name, target]
            # Half of the test trajectories are drawn: the error over them is about that over all.
            distance = np.linalg.norm(found - truth) / np.linalg.norm(truth)
            assert distance == pytest.approx(errors[name, target], rel=0.3, abs=1e-9)


def test_exact_eigenfunctions_decay_exactly(data):
    functions = data("functions")
    for degree, values in enumerate(functions["exact"], start=1):
        phi = np.array(values)
        assert phi == pytest.approx(
            phi[:, :1] * np.exp(-degree * np.array(functions["times"])), rel=1e-8
        )


def test_the_diagram_has_an_arrow_for_each_weight(html):
    drawing = html.split('<svg class="network"')[1].split("</svg>")[0]
    weights = systems.three_populations().weights.dense().round(9)
    assert drawing.count('<path class="excites"') == (weights > 0).sum()
    assert drawing.count('<path class="inhibits"') == (weights < 0).sum()
    shown = re.findall(r'class="weight"[^>]*>([^<]*)<', drawing)
    assert sorted(float(text.replace("−", "-")) for text in shown) == [-2, -1, -1, 1, 2, 3, 4]


def test_the_numbers_of_the_page_are_those_of_the_table(html, recovered):
    shown = re.findall(r'data-value="([^"]+)"', html)
    assert shown == [exact(value) for value in recovered[SCORES].to_numpy().ravel()]


def test_what_a_reader_is_told_to_run_finds_what_the_page_says(html, capsys):
    assert str(escape(TRY)) in html
    names = {}
    exec(TRY, names)
    said = capsys.readouterr().out
    assert "..." not in said
    assert "eigenfunction_error" in said
    assert list(names["scores"]["target"]) == ["-1", "-2", "-3"]
    assert (names["scores"]["eigenfunction_error"] < 1e-8).all()


def test_links_within_the_page_lead_somewhere(html, folder):
    for target in re.findall(r'href="#([^"]+)"', html):
        assert f'id="{target}"' in html
    files = set(re.findall(r'href="([^"#]+)"', html))
    assert files == {"trajectories.csv", "eigenpairs.csv", "recovered.csv"}
    assert all((folder / name).is_file() for name in files)


def test_the_page_loads_nothing(html):
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"\ssrc=|<link|url\([^#]|https?:", markup)


def test_the_example_can_be_made_twice(folder, html):
    write_example(folder)
    assert (folder / "index.html").read_text(encoding="utf-8") == html
