import json

import pytest

from koopmark._errors import ConfigError
from koopmark.regression import check, promote

FINISHED = {
    "started": "2026-01-01T00:00:00+00:00",
    "git": {"commit": "0" * 40, "dirty": False},
}


@pytest.fixture
def provenance(run_dir):
    """Replace keys of the provenance of a finished run."""

    def replace(**keys):
        path = run_dir / "provenance.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | FINISHED | keys))

    replace()
    return replace


def test_a_run_has_not_changed_against_the_baseline_made_of_it(run_dir, provenance, tmp_path):
    baseline = tmp_path / "made" / "baseline"
    promote(run_dir, baseline)
    assert {path.name for path in baseline.iterdir()} == {
        "fits.csv",
        "targets.csv",
        "provenance.json",
        "history.jsonl",
    }
    result = check(run_dir, baseline)
    assert result.pair.compared == 24
    assert not any((result.pair.worse, result.pair.better, result.missing, result.pair.new))


@pytest.mark.parametrize("keys", [{"ended": None}, {"fits": 25}])
def test_an_unfinished_run_is_refused(run_dir, provenance, tmp_path, keys):
    provenance(**keys)
    with pytest.raises(ConfigError, match="is not finished, 24 of"):
        promote(run_dir, tmp_path / "baseline", allow_dirty=True)
    assert not (tmp_path / "baseline").exists()


def test_a_part_of_a_suite_is_refused(run_dir, provenance, tmp_path):
    provenance(part={"methods": ["linear"], "datasets": [], "seeds": [0, 1]})
    with pytest.raises(ConfigError, match=r"part of its suite \(--only linear --seed 0 --seed 1\)"):
        promote(run_dir, tmp_path / "baseline", allow_dirty=True)
    assert not (tmp_path / "baseline").exists()


@pytest.mark.parametrize(
    ("rows", "said"), [(None, "is missing"), (1, "lacks 88 rows"), (5, "lacks 84 rows")]
)
def test_a_run_that_lacks_eigenpairs_is_refused(run_dir, provenance, tmp_path, rows, said):
    path = run_dir / "eigenpairs.csv"
    lines = path.read_text().splitlines(keepends=True)
    if rows is None:
        path.unlink()
    else:
        path.write_text("".join(lines[:rows]))
    with pytest.raises(ConfigError, match=rf"eigenpairs\.csv {said}"):
        promote(run_dir, tmp_path / "baseline")
    assert not (tmp_path / "baseline").exists()


@pytest.mark.parametrize("key", ["recipes", "methods", "configuration"])
def test_a_run_that_does_not_say_what_it_is_of_is_refused(run_dir, provenance, tmp_path, key):
    provenance(**{key: None})
    with pytest.raises(ConfigError, match=r"provenance\.json lacks the "):
        promote(run_dir, tmp_path / "baseline")
    assert not (tmp_path / "baseline").exists()


def test_a_run_that_lacks_targets_is_refused(run_dir, provenance, tmp_path):
    path = run_dir / "targets.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ConfigError, match=r"has 1 of the 2 targets of anchor.random"):
        promote(run_dir, tmp_path / "baseline", allow_dirty=True)
    assert not (tmp_path / "baseline").exists()


def test_a_run_whose_source_was_in_no_commit_is_refused_unless_allowed(
    run_dir, provenance, tmp_path
):
    provenance(git={"commit": "0" * 40, "dirty": True})
    with pytest.raises(ConfigError, match=r"differ from commit 000000000000: .* --allow-dirty"):
        promote(run_dir, tmp_path / "baseline")
    assert not (tmp_path / "baseline").exists()
    promote(run_dir, tmp_path / "baseline", allow_dirty=True)
    assert (tmp_path / "baseline" / "fits.csv").is_file()


def test_an_installed_koopmark_has_no_commit(run_dir, provenance, tmp_path):
    provenance(git=None)
    promote(run_dir, tmp_path / "baseline")


def test_an_unreadable_table_is_refused(run_dir, provenance, tmp_path):
    (run_dir / "targets.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="lacks the columns"):
        promote(run_dir, tmp_path / "baseline")


def test_a_baseline_that_cannot_be_made_is_a_sentence(run_dir, provenance, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        promote(run_dir, tmp_path / "file" / "baseline")
