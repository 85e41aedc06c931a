import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from koopmark._errors import ConfigError
from koopmark.regression import check, promote, publish
from koopmark.regression._changes import BEST_HIGH, DIGITS, FIT_METRICS, TARGET_METRICS
from koopmark.regression._pair import TITLES

CLEAN, NOISY = "three_populations", "three_populations_noise_0.01"


@pytest.fixture
def edit(run_dir):
    """Change values of one table of the run where all of `where` hold."""

    def change(table: str, where: dict, **values):
        path = run_dir / f"{table}.csv"
        rows = pd.read_csv(path, keep_default_na=False, na_values=[""])
        chosen = pd.Series(True, index=rows.index)
        for name, value in where.items():
            chosen &= rows[name].astype(str) == str(value)
        assert chosen.any()
        for name, value in values.items():
            # Labels may read like numbers.
            rows[name] = rows[name].astype(object)
            rows.loc[chosen, name] = value(rows.loc[chosen, name]) if callable(value) else value
        rows.to_csv(path, index=False)

    return change


@pytest.fixture
def drop(run_dir):
    """Remove the rows of a method at a seed from all tables."""

    def remove(method: str, seed: int):
        for table in ("fits", "targets", "eigenpairs"):
            path = run_dir / f"{table}.csv"
            rows = pd.read_csv(path, keep_default_na=False, dtype=str)
            rows[(rows["method"] != method) | (rows["seed"] != str(seed))].to_csv(path, index=False)

    return remove


EXACT = {"dataset": CLEAN, "seed": 0, "method": "quadratic[degree=2]", "target": "-1"}
ONE = {"dataset": NOISY, "seed": 0, "method": "linear", "target": "-1"}


def changed(result):
    """Everything that got worse, or better, of targets and of fits as a whole."""
    return [one.change for one in (*result.pair.worse, *result.pair.better)]


def test_a_run_compared_with_itself_is_ok(run_dir, finished_run):
    result = check(run_dir, finished_run)
    assert result.ok
    assert result.pair.compared == 24
    assert not any((changed(result), result.missing, result.pair.new))
    found = pd.read_csv(run_dir / "targets.csv").query(
        "eigenvalue_error_relative <= 1e-3 and eigenfunction_error <= 1e-3"
    )
    assert result.pair.found == (len(found), len(found))
    assert result.verdict() == (
        f"No regression: 24 fits compared, {len(found)} of 48 targets found (baseline: "
        f"{len(found)}). No score changed."
    )


def test_a_target_that_is_lost_is_a_regression_by_however_little_and_comes_first(
    run_dir, finished_run, edit, tmp_path
):
    baseline = tmp_path / "baseline"
    edit("targets", EXACT, eigenvalue_error_relative=0.99e-3)
    shutil.copytree(run_dir, baseline)
    edit("targets", EXACT, eigenvalue_error_relative=1.01e-3)
    edit("targets", {**EXACT, "seed": 1}, eigenfunction_error=1e-4)
    result = check(run_dir, baseline)
    assert not result.ok
    lost, fewer = result.pair.worse
    assert (lost.seed, lost.change) == (0, "target lost")
    assert (fewer.seed, fewer.change) == (1, "fewer digits")
    assert (lost.dataset, lost.method, lost.what) == (CLEAN, "quadratic[degree=2]", "-1")
    before, now = result.pair.found
    assert now == before - 1
    back = check(baseline, run_dir)
    assert back.ok
    assert [(one.seed, one.change) for one in back.pair.better] == [
        (0, "target found"),
        (1, "more digits"),
    ]


def test_the_markdown_has_the_changes_before_and_after(run_dir, finished_run, edit, tmp_path):
    baseline = tmp_path / "baseline"
    edit("targets", EXACT, eigenvalue_error_relative=0.99e-3)
    shutil.copytree(run_dir, baseline)
    edit("targets", EXACT, eigenvalue_error_relative=1.01e-3)
    edit("targets", {**EXACT, "seed": 1}, eigenfunction_error=1e-4)
    result = check(run_dir, baseline)
    before, now = result.pair.found
    text = result.markdown()
    assert text.startswith("# Regression")
    assert f"{now} of 48 targets found (baseline: {before}). Worse: 2 (target lost 1, " in text
    assert (
        "| 0 | -1 | target lost | found, 3.0 digits, error 9.9e-04 "
        "| right function at a wrong eigenvalue, 3.0 digits, error 1.0e-03 |" in text
    )
    assert "| 1 | -1 | fewer digits | 9.0 digits | 4.0 digits |" in text


def test_an_error_ten_times_larger_is_a_regression_and_the_worst_comes_first(
    run_dir, finished_run, edit
):
    edit("targets", ONE, eigenvalue_error_relative=1e2)
    edit("targets", {**ONE, "seed": 1}, eigenvalue_error_relative=1e3)
    worse = check(run_dir, finished_run).pair.worse
    assert [one.seed for one in worse] == [1, 0]
    assert all((one.dataset, one.method) == (NOISY, "linear") for one in worse)
    assert {one.what for one in worse} == {"-1"}


def test_an_improvement_is_not_a_regression(run_dir, finished_run, edit):
    edit("targets", ONE, eigenvalue_error_relative=1e-9, eigenfunction_error=1e-9)
    result = check(run_dir, finished_run)
    assert result.ok
    assert not result.pair.worse
    assert len(result.pair.better) == 1


def test_a_change_within_the_tolerance_is_neither(run_dir, finished_run, edit):
    edit("targets", ONE, eigenvalue_error_relative=lambda x: 3 * x)
    result = check(run_dir, finished_run)
    assert result.ok
    assert not changed(result)


def test_rounding_of_exact_recoveries_does_not_count(run_dir, finished_run, edit):
    where = {"dataset": CLEAN, "method": "quadratic[degree=2]"}
    edit("targets", where, eigenvalue_error_relative=9e-9, eigenfunction_error=9e-8)
    assert check(run_dir, finished_run).ok


def test_rising_above_the_floor_does_count(run_dir, finished_run, edit):
    edit(
        "targets",
        {"dataset": CLEAN, "method": "quadratic[degree=2]"},
        eigenvalue_error_relative=1e-7,
    )
    assert not check(run_dir, finished_run).ok


@pytest.mark.parametrize("name", ["eigenvalue_error_relative", "eigenfunction_error"])
def test_every_error_of_a_target_is_watched(run_dir, finished_run, edit, name):
    edit("targets", EXACT, **{name: 1e6})
    assert changed(check(run_dir, finished_run)) == ["target lost"]


def test_gains_that_are_lost_are_told(run_dir, finished_run, edit):
    edit("targets", EXACT, gain_error=1e-9)
    assert changed(check(finished_run, run_dir)) == ["larger error"]


@pytest.mark.parametrize("metric", FIT_METRICS, ids=lambda m: m.name)
def test_every_fit_score_is_watched_in_its_direction(run_dir, finished_run, edit, metric):
    where = {"dataset": CLEAN, "seed": 0, "method": "quadratic[degree=2]"}
    bad = 0 if metric.name in BEST_HIGH else -1e6 if metric.name == "rank_error" else 1e6
    edit("fits", where, **{metric.name: bad})
    path = finished_run / "fits.csv"
    before = pd.read_csv(path).query("method == 'quadratic[degree=2]' and seed == 0")
    expected = [TITLES[metric.name]] if before[metric.name].notna().iloc[0] else []
    worse = check(run_dir, finished_run).pair.worse
    assert [one.what for one in worse] == expected
    assert {one.change for one in worse} <= {"score worse"}


def test_a_score_that_is_missing_now_is_a_regression(run_dir, finished_run, edit):
    edit("targets", ONE, eigenfunction_error=float("nan"))
    assert len(check(run_dir, finished_run).pair.worse) == 1
    edit("targets", {}, eigenfunction_error=float("nan"))
    result = check(run_dir, finished_run)
    assert len(result.pair.worse) == 40
    assert result.pair.worse[0].baseline.startswith("found, ")
    assert result.pair.worse[0].run == "not scored, 0.0 digits"
    assert result.pair.found.run == 0


def test_infinite_errors_in_both_are_no_change(finished_run, tmp_path):
    for name in ("run", "baseline"):
        folder = tmp_path / name
        shutil.copytree(finished_run, folder)
        rows = pd.read_csv(folder / "targets.csv")
        rows.loc[rows["method"] == "linear", "eigenvalue_error_relative"] = float("inf")
        rows.to_csv(folder / "targets.csv", index=False)
    assert check(tmp_path / "run", tmp_path / "baseline").ok


def test_a_fit_that_fails_now_is_a_regression_with_its_reason(run_dir, finished_run, edit):
    where = {"dataset": CLEAN, "seed": 1, "method": "linear"}
    edit("fits", where, status="timeout", reason="60 s | and a pipe")
    edit("targets", where, status="timeout", eigenvalue_error_relative=float("nan"))
    result = check(run_dir, finished_run)
    assert not result.ok
    (fit,) = result.pair.worse
    assert (fit.method, fit.seed, fit.change) == ("linear", 1, "fit fails")
    assert (fit.baseline, fit.run) == ("ok", "timeout: 60 s | and a pipe")
    assert r"60 s \| and a pipe" in result.markdown()


def test_a_fit_that_ends_ok_now_is_reported_and_ok(run_dir, finished_run, edit):
    edit("fits", {"method": "broken"}, status="ok", recovered=0)
    result = check(run_dir, finished_run)
    assert result.ok
    assert changed(result) == ["fit succeeds"] * 4


@pytest.fixture
def described(finished_run):
    """The provenance of the run."""
    return json.loads((finished_run / "provenance.json").read_text())


@pytest.fixture
def provenance(run_dir):
    """Replace keys of the run's provenance."""

    def replace(folder=run_dir, **keys):
        path = folder / "provenance.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | keys))

    return replace


def test_fits_that_vanished_fail_the_check(run_dir, finished_run, drop, provenance):
    drop("linear", 0)
    provenance(fits=22)
    result = check(run_dir, finished_run)
    assert not result.ok
    assert not result.problems
    assert result.markdown().startswith("# Incomplete")
    assert [(row.dataset, row.seed, row.method) for row in result.missing] == [
        (CLEAN, 0, "linear"),
        (NOISY, 0, "linear"),
    ]
    assert "## Only in the baseline" in result.markdown()
    assert check(run_dir, finished_run, partial=True).ok


@pytest.mark.parametrize("kept", [0, 1, 30, 47])
def test_target_rows_that_vanished_fail_the_check_also_of_a_part(run_dir, finished_run, kept):
    path = run_dir / "targets.csv"
    rows = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert len(rows) == 48
    rows.iloc[:kept].to_csv(path, index=False)
    for partial in (False, True):
        result = check(run_dir, finished_run, partial)
        assert not result.ok
        assert len(result.missing) == 48 - kept
        assert result.pair.compared == 24


def test_eigenpairs_that_vanished_fail_the_check(run_dir, finished_run, edit):
    path = run_dir / "eigenpairs.csv"
    pairs = pd.read_csv(path, keep_default_na=False, dtype=str)
    pairs.iloc[:-3].to_csv(path, index=False)
    (problem,) = check(run_dir, finished_run).problems
    assert "eigenpairs.csv lacks 3 rows of 1 fit (anchor.random)" in problem
    path.write_text(path.read_text().splitlines()[0] + "\n")
    (problem,) = check(run_dir, finished_run).problems
    assert "eigenpairs.csv lacks 88 rows of 20 fits" in problem
    edit("fits", {}, recovered=np.nan)
    (problem,) = check(run_dir, finished_run).problems
    assert "fits.csv does not say how many eigenpairs 20 fits recovered" in problem
    path.unlink()
    (problem,) = check(run_dir, finished_run).problems
    assert "eigenpairs.csv is missing" in problem
    # A baseline keeps none, and none is asked for.
    assert check(finished_run, run_dir).ok


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"ended": None}, "is not finished, 24 of 24 fits are done"),
        ({"fits": 320}, "is not finished, 24 of 320 fits are done"),
        (
            {"part": {"methods": ["linear"], "datasets": [], "seeds": [0]}},
            "is a part of its suite (--only linear --seed 0) and",
        ),
    ],
)
def test_a_run_that_is_not_whole_fails_unless_a_part_is_asked_for(
    run_dir, finished_run, provenance, keys, said
):
    provenance(**keys)
    for result in (check(run_dir, finished_run), check(finished_run, run_dir)):
        assert not result.ok
        (problem,) = result.problems
        assert said in problem or "a part of its suite (--only linear --seed 0)." in problem
        assert "--partial" in problem
        assert problem in result.verdict()
    assert check(run_dir, finished_run, partial=True).ok


def test_two_recipes_of_one_name_are_not_compared_and_the_difference_is_named(
    run_dir, finished_run, provenance, edit, tmp_path
):
    baseline = tmp_path / "baseline"
    shutil.copytree(finished_run, baseline)
    recipe = {"system": {"kind": "random_rnn", "rank": 3}, "sampling": {"dt": 0.1}}
    other = {**recipe, "system": {"kind": "random_rnn", "rank": 1}}
    provenance(folder=baseline, recipes={NOISY: recipe, CLEAN: recipe})
    provenance(recipes={NOISY: other, CLEAN: recipe})
    edit("targets", ONE, eigenvalue_error_relative=1e6)
    for partial in (False, True):
        result = check(run_dir, baseline, partial)
        assert not result.ok
        assert result.pair.compared == 12
        assert not changed(result)
        (problem,) = result.problems
        assert f"{NOISY} is not compared" in problem
        assert "(system.rank 3 → 1)" in problem


def test_two_methods_of_one_name_are_not_compared(
    run_dir, finished_run, provenance, described, tmp_path
):
    baseline = tmp_path / "baseline"
    shutil.copytree(finished_run, baseline)
    others = [entry for entry in described["methods"] if entry["name"] != "linear"]
    provenance(folder=baseline, methods=[*others, {"name": "linear", "use": "pydmd.dmd"}])
    provenance(methods=[*others, {"name": "linear", "use": "pydmd.fbdmd"}])
    result = check(run_dir, baseline)
    assert (result.ok, result.pair.compared) == (False, 20)
    assert "(use pydmd.dmd → pydmd.fbdmd)" in result.problems[0]


def test_a_method_whose_options_are_others_is_not_compared(run_dir, finished_run, edit):
    edit("fits", {"method": "linear", "seed": 1}, options='{"rank": 3}')
    edit("targets", ONE, eigenvalue_error_relative=1e6)
    for partial in (False, True):
        result = check(run_dir, finished_run, partial)
        assert (result.ok, result.pair.compared, changed(result)) == (False, 20, [])
        said = "linear is not compared, because it is a different method in each run"
        assert said in result.problems[0]
        assert "(rank none → 3)" in result.problems[0]


def test_options_that_are_written_otherwise_are_the_same(run_dir, finished_run, edit, tmp_path):
    edit("fits", {}, options='{"rank": 3, "deep": {"a": 1}}')
    baseline = tmp_path / "baseline"
    shutil.copytree(run_dir, baseline)
    edit("fits", {}, options='{"deep":{"a":1},"rank":3}')
    result = check(run_dir, baseline)
    assert (result.ok, result.pair.compared) == (True, 24)


@pytest.mark.parametrize("empty", [True, False])
@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("recipes", f"the recipe of {CLEAN} and the recipe of {NOISY}, "),
        ("methods", "the method <script>"),
        ("configuration", "the configuration of its suite"),
    ],
)
def test_what_a_run_does_not_describe_is_not_taken_for_the_same(
    run_dir, finished_run, provenance, described, key, said, empty
):
    provenance(**{key: type(described[key])() if empty else None})
    for runs in ((run_dir, finished_run), (finished_run, run_dir)):
        result = check(*runs, partial=True)
        assert not result.ok
        assert f"provenance.json lacks {said}" in " ".join(result.problems)


LIMITS = {"limits": {"seconds": 60.0}}


@pytest.mark.parametrize(
    ("suite", "configuration", "said"),
    [
        ("small", LIMITS, "(limits.seconds 30.0 → 60.0)"),
        ("other", LIMITS, "(limits.seconds 30.0 → 60.0)"),
        ("other", {"seeds": 3}, "(seeds 2 → 3)"),
        ("small", {"seeds": 3}, None),
        ("other", {"title": "The same in other words"}, None),
    ],
)
def test_two_suites_that_are_not_the_same_fail_the_check_unless_a_part_is_asked_for(
    run_dir, finished_run, provenance, described, suite, configuration, said
):
    provenance(suite=suite, configuration=described["configuration"] | configuration)
    result = check(run_dir, finished_run)
    assert result.ok == (said is None)
    assert all(said in problem and "--partial" in problem for problem in result.problems)
    assert check(run_dir, finished_run, partial=True).ok


WRONG = {
    "configuration": [[], "smoke"],
    "recipes": [[], "all"],
    "methods": [{}, ["linear"], 3],
    "part": [[], {"seeds": 3}],
    "fits": ["24", 24.5, True],
    "git": [[], "main"],
    "libraries": [["numpy"], 3],
    "blas": [{}, ["openblas"]],
    "cpu": ["Haswell", []],
}


@pytest.mark.parametrize(("key", "value"), [(k, value) for k in WRONG for value in WRONG[k]])
def test_a_provenance_of_another_kind_is_a_sentence(
    run_dir, finished_run, provenance, tmp_path, key, value
):
    provenance(**{key: value})
    for refused in (
        lambda: check(run_dir, finished_run),
        lambda: check(finished_run, run_dir),
        lambda: promote(run_dir, tmp_path / "baseline"),
    ):
        with pytest.raises(ConfigError, match=rf"provenance\.json: {key} must be an? "):
            refused()


@pytest.mark.parametrize("row", [0, 5, 47])
def test_a_target_that_vanished_is_named_in_the_verdict(run_dir, finished_run, row):
    path = run_dir / "targets.csv"
    rows = pd.read_csv(path, keep_default_na=False, dtype=str)
    rows.drop(index=row).to_csv(path, index=False)
    result = check(run_dir, finished_run)
    gone = rows.iloc[row]
    assert [(r.method, r.target) for r in result.missing] == [(gone["method"], gone["target"])]
    assert "Only in the baseline: 1 target." in result.verdict()
    text = result.markdown()
    assert text.startswith("# Incomplete")
    assert f"| {gone['method']} | {gone['dataset']} | {gone['target']} | {gone['seed']} |" in text


def test_versions_that_differ_are_printed_and_fail_nothing(run_dir, finished_run, provenance):
    blas = {"internal_api": "openblas", "version": "0.3", "architecture": "Haswell"}
    provenance(libraries={"numpy": "0.1", "scipy": "2"}, blas=[blas], koopmark="9", python="3.99")
    result = check(run_dir, finished_run)
    assert result.ok
    assert {one.what: one.now for one in result.pair.versions} == {
        "numpy": "0.1",
        "scipy": "2",
        "kernels": "openblas 0.3 Haswell",
        "koopmark": "9",
        "python": "3.99",
    }
    assert "Versions differ: koopmark" in result.verdict()
    assert f"| numpy | {np.__version__} | 0.1 |" in result.markdown()


@pytest.mark.parametrize("column", ["target_dimension", "target_eigenvalue_re"])
def test_a_target_that_is_another_now_fails_the_check(run_dir, finished_run, edit, column):
    """Its errors are of something else, and none of them is compared."""
    edit("targets", ONE, **{column: lambda values: values + 1, "eigenvalue_error_relative": 1e-12})
    result = check(run_dir, finished_run)
    assert not result.ok
    assert not changed(result)
    (gone,), (new,) = result.missing, result.pair.new
    assert (gone.seed, gone.method, gone.target) == (new.seed, new.method, new.target)


def test_targets_whose_labels_read_alike_are_not_compared_crosswise(
    run_dir, finished_run, edit, tmp_path
):
    edit("targets", {"target_index": 0}, target="-1.999", target_eigenvalue_re=-1.999)
    edit("targets", {"target_index": 1}, target="-1.999", target_eigenvalue_re=-1.9992)
    baseline = tmp_path / "baseline"
    shutil.copytree(run_dir, baseline)
    result = check(run_dir, baseline)
    assert result.ok
    assert not changed(result)
    edit("targets", {"target_index": 1, "method": "linear"}, eigenvalue_error_relative=1e3)
    assert len(check(run_dir, baseline).pair.worse) == 4


def test_a_row_that_is_there_twice_is_refused(run_dir, finished_run):
    for table in ("fits", "targets"):
        path = run_dir / f"{table}.csv"
        before = path.read_text()
        path.write_text(before + before.splitlines()[-1] + "\n")
        with pytest.raises(ConfigError, match=rf"{table}\.csv has .*anchor.random .* twice"):
            check(run_dir, finished_run)
        path.write_text(before)


def test_rows_that_are_new_are_reported_and_ok(run_dir, finished_run, drop, provenance):
    drop("linear", 0)
    provenance(fits=22)
    result = check(finished_run, run_dir)
    assert result.ok
    assert len(result.pair.new) == 2


def test_a_missing_baseline_is_a_sentence(run_dir, tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere.fits\.csv does not exist"):
        check(run_dir, tmp_path / "nowhere")


def test_an_unreadable_baseline_is_a_sentence(run_dir, finished_run, tmp_path):
    baseline = tmp_path / "baseline"
    shutil.copytree(finished_run, baseline)
    (baseline / "targets.csv").write_bytes(b"\xff\xfe\x00 not a table")
    with pytest.raises(ConfigError, match=r"targets\.csv"):
        check(run_dir, baseline)


def test_runs_that_share_no_fit_cannot_be_compared(run_dir, finished_run, edit):
    edit("fits", {}, suite="small", dataset=lambda names: "another " + names)
    with pytest.raises(ConfigError, match="no fit in common"):
        check(run_dir, finished_run)


def test_the_markdown_goes_to_a_file_and_to_the_summary_of_the_step(tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    summary.write_text("Before.\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    publish("# No regression\n", tmp_path / "check.md")
    assert (tmp_path / "check.md").read_text() == "# No regression\n"
    assert summary.read_text() == "Before.\n# No regression\n\n"


def test_outside_of_actions_and_without_a_file_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir(tmp_path)
    publish("# No regression\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("where", ["file", "step"])
def test_a_place_that_cannot_be_written_to_is_a_sentence(tmp_path, monkeypatch, where):
    absent = tmp_path / "absent" / "check.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(absent) if where == "step" else "")
    with pytest.raises(ConfigError, match=r"check\.md.*cannot be written"):
        publish("# No regression\n", absent if where == "file" else None)


def test_the_documented_tolerances_are_those_that_are_used():
    text = (Path(__file__).parents[2] / "docs/reference/checks.md").read_text()
    for metric in (DIGITS, *TARGET_METRICS, *FIT_METRICS):
        better = "higher" if metric.name in BEST_HIGH else "lower"
        assert f"| `{metric.name}` | {better} | {metric.floor:g} | {metric.decades:g} |" in text
