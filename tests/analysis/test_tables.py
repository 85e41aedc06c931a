import csv
import math
import struct

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from koopmark._errors import ConfigError
from koopmark.analysis.results import Results
from koopmark.analysis.tables import read_table


def test_text_that_looks_like_a_missing_value_stays_text(run_dir):
    for name in ("fits.csv", "targets.csv"):
        path = run_dir / name
        path.write_text(path.read_text().replace(",linear,", ",nan,").replace(",broken,", ",None,"))
    methods = set(Results.read(run_dir).fits["method"])
    assert {"nan", "None"} < methods


def test_numbers_are_read_to_the_last_bit(run_dir):
    table = Results.read(run_dir).targets
    with (run_dir / "targets.csv").open(newline="") as file:
        texts = [row["eigenvalue_error"] for row in csv.DictReader(file)]
    assert [repr(x) for x in table["eigenvalue_error"]] == [repr(float(x or "nan")) for x in texts]


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(texts=st.lists(st.one_of(FINITE.map(repr), FINITE.map("{:.25e}".format)), min_size=1))
@example(texts=["5e-324", "2.2250738585072011e-308", "1.7976931348623159e308", "1e400", "-0.0"])
@example(texts=["0.1", "0.30000000000000004", "9007199254740993", "123456789012345678901234567890"])
@example(texts=["inf", "-inf", "1.00000000000000011102230246251565404236316680908203125", "7"])
def test_any_number_is_rounded_as_python_rounds_it(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("table") / "numbers.csv"
    path.write_text("name,number\n" + "".join(f"nan,{text}\n" for text in texts))
    table = read_table(path, {"name": str, "number": float})
    bits = [struct.pack("d", number) for number in table["number"]]
    assert bits == [struct.pack("d", float(text)) for text in texts]
    assert set(table["name"]) == {"nan"}


def test_an_empty_field_is_a_missing_number_and_empty_text(tmp_path):
    (tmp_path / "few.csv").write_text("name,number,also 1\n,,nan\nNA,1,2\n")
    table = read_table(tmp_path / "few.csv", {"name": str, "number": float}, "also")
    assert list(table["name"]) == ["", "NA"]
    assert math.isnan(table["number"][0])
    assert math.isnan(table["also 1"][0])
    assert table["number"][1] == 1.0
    assert table["also 1"][1] == 2.0


@pytest.mark.parametrize("name", ["fits.csv", "targets.csv", "eigenpairs.csv", "provenance.json"])
def test_a_missing_file_is_named_in_a_sentence(run_dir, name):
    (run_dir / name).unlink()
    with pytest.raises(ConfigError, match=f"{name} does not exist"):
        _ = Results.read(run_dir).eigenpairs


def test_a_missing_column_is_named(run_dir):
    path = run_dir / "fits.csv"
    pd.read_csv(path).drop(columns="noise").to_csv(path, index=False)
    with pytest.raises(ConfigError, match=r"fits\.csv lacks the column noise"):
        Results.read(run_dir)


def test_text_among_numbers_is_named(run_dir):
    path = run_dir / "fits.csv"
    pd.read_csv(path).assign(fit_seconds="soon").to_csv(path, index=False)
    with pytest.raises(ConfigError, match=r"fits\.csv holds text in the column fit_seconds"):
        Results.read(run_dir)


def test_an_empty_file_is_a_sentence(run_dir):
    (run_dir / "targets.csv").write_text("")
    with pytest.raises(ConfigError, match=r"targets\.csv cannot be read"):
        Results.read(run_dir)


def test_provenance_that_is_no_object_is_a_sentence(run_dir):
    (run_dir / "provenance.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"provenance\.json must hold a JSON object"):
        Results.read(run_dir)


def test_a_role_that_is_none_is_named(run_dir):
    path = run_dir / "fits.csv"
    pd.read_csv(path).assign(role="judge").to_csv(path, index=False)
    with pytest.raises(ConfigError, match="role 'judge': it must be one of anchor, informed, "):
        Results.read(run_dir)
