import csv

import pandas as pd
import pytest

from koopmark._errors import ConfigError
from koopmark.analysis.tables import read


def test_text_that_looks_like_a_missing_value_stays_text(run_dir):
    for name in ("fits.csv", "targets.csv"):
        path = run_dir / name
        path.write_text(path.read_text().replace(",linear,", ",nan,").replace(",broken,", ",None,"))
    methods = set(read(run_dir).fits["method"])
    assert {"nan", "None"} < methods


def test_numbers_are_read_to_the_last_bit(run_dir):
    table = read(run_dir).targets
    with (run_dir / "targets.csv").open(newline="") as file:
        texts = [row["eigenvalue_error"] for row in csv.DictReader(file)]
    assert [repr(x) for x in table["eigenvalue_error"]] == [repr(float(x or "nan")) for x in texts]


@pytest.mark.parametrize("name", ["fits.csv", "targets.csv", "eigenpairs.csv", "provenance.json"])
def test_a_missing_file_is_named_in_a_sentence(run_dir, name):
    (run_dir / name).unlink()
    with pytest.raises(ConfigError, match=f"{name} does not exist"):
        read(run_dir)


def test_a_missing_column_is_named(run_dir):
    path = run_dir / "fits.csv"
    pd.read_csv(path).drop(columns="noise").to_csv(path, index=False)
    with pytest.raises(ConfigError, match=r"fits\.csv lacks the column noise"):
        read(run_dir)


def test_text_among_numbers_is_named(run_dir):
    path = run_dir / "fits.csv"
    pd.read_csv(path).assign(fit_seconds="soon").to_csv(path, index=False)
    with pytest.raises(ConfigError, match=r"fits\.csv holds text in the column fit_seconds"):
        read(run_dir)


def test_an_empty_file_is_a_sentence(run_dir):
    (run_dir / "targets.csv").write_text("")
    with pytest.raises(ConfigError, match=r"targets\.csv cannot be read"):
        read(run_dir)


def test_provenance_that_is_no_object_is_a_sentence(run_dir):
    (run_dir / "provenance.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"provenance\.json must hold a JSON object"):
        read(run_dir)


def test_a_role_that_is_none_is_named(run_dir):
    path = run_dir / "fits.csv"
    pd.read_csv(path).assign(role="judge").to_csv(path, index=False)
    with pytest.raises(ConfigError, match="role 'judge': it must be one of anchor, informed, "):
        read(run_dir)
