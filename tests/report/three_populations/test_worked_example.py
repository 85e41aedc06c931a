import re

import numpy as np
import pandas as pd
import pytest

from koopmark import report, systems
from koopmark.report.numbers import exact
from koopmark.report.three_populations.worked_example import Geometry

SCORES = ["eigenvalue_error", "eigenfunction_error", "eigenfunction_error_cluster", "oracle_floor"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("example") / "made" / "here"
    assert report.example(out) == out / "index.html"
    return out


@pytest.fixture(scope="module")
def html(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def figures(html, island):
    return island(html, "figures-example")


@pytest.fixture(scope="module")
def trajectories(folder):
    return pd.read_csv(folder / "trajectories.csv")


@pytest.fixture(scope="module")
def recovered(folder):
    return pd.read_csv(folder / "recovered.csv", dtype=str).set_index(["method", "target"])


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


def test_what_scipy_integrates_lies_on_the_exact_lines(figures):
    line, dots = figures["decay"]["data"]
    exact_values, integrated = (_numbers(trace["y"]) for trace in (line, dots))
    assert len(integrated) > 100
    assert integrated == pytest.approx(exact_values, rel=1e-8, nan_ok=True)


def test_the_plane_in_the_picture_is_the_one_that_attracts(figures):
    plane = figures["x"]["data"][0]
    x, y, z = (_numbers(plane[axis]) for axis in "xyz")
    assert 3 * x + y + z == pytest.approx(np.zeros(4), abs=1e-9)


def test_dmd_recovers_the_eigenfunction_and_edmd_its_powers(recovered):
    errors = recovered["eigenfunction_error"].astype(float)
    assert errors["DMD", "-1"] < 1e-9
    assert errors["DMD", "-2"] > 0.5
    for target in ("-1", "-2", "-3"):
        assert errors["EDMD, monomials to degree 3", target] < 1e-8


def test_the_numbers_of_the_page_are_those_of_the_table(html, recovered):
    shown = re.findall(r'data-value="([^"]+)"', html)
    assert shown == [exact(value) for value in recovered[SCORES].to_numpy().ravel()]


def test_the_page_loads_nothing(html):
    head, _, rest = html.partition("<script>")
    markup = head + rest.partition("</script>")[2].split('<script type="application/json"')[0]
    assert not re.search(r"\ssrc=|<link|url\(|https?:", markup)


def test_the_example_can_be_made_twice(folder, html):
    report.example(folder)
    assert (folder / "index.html").read_text(encoding="utf-8") == html


def _numbers(array):
    from base64 import b64decode

    if isinstance(array, list):
        return np.array([np.nan if value is None else value for value in np.ravel(array)], float)
    return np.frombuffer(b64decode(array["bdata"]), dtype=array["dtype"]).astype(float)
