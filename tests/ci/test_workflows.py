"""The workflows say what docs/how-to/make_ci_fail.md and the scripts say."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
DOCS = (ROOT / "docs/how-to/make_ci_fail.md").read_text(encoding="utf-8")


def workflow(name):
    """A workflow; YAML reads its key `on` as True."""
    loaded = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in loaded.items()}


def steps(name):
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", ["ci.yml", "library.yml"])
def test_every_action_has_a_version_and_every_job_a_limit(name):
    used = [step["uses"] for step in steps(name) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", one) for one in used)
    loaded = workflow(name)
    assert loaded["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] > 0 for job in loaded["jobs"].values())


@pytest.mark.parametrize("name", ["ci.yml", "library.yml"])
def test_nothing_that_others_give_becomes_part_of_a_script(name):
    scripts = "".join(step.get("run", "") for step in steps(name))
    given = re.findall(r"\$\{\{(.*?)\}\}", scripts)
    assert all(one.strip().startswith("matrix.") for one in given)


def test_ci_runs_what_dot_ci_run_does_with_all_commits():
    wanted = re.findall(r"^make [\w-]+$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    job = workflow("ci.yml")["jobs"]["check"]["steps"]
    assert [step["run"] for step in job if "run" in step] == wanted
    assert job[0]["with"]["fetch-depth"] == 0
    assert "reports/smoke" in job[-1]["with"]["path"]


def test_ci_runs_at_night_the_tests_that_are_left_out_by_day():
    makefile = (ROOT / "Makefile").read_text()
    by_day, all_of_them = (
        re.search(rf"^{target}:.*\n\t(.*)$", makefile, re.MULTILINE)[1]
        for target in ("test", "test-all")
    )
    assert by_day.replace(' -m "not nightly"', "") == all_of_them
    job = workflow("ci.yml")["jobs"]["all-tests"]
    assert job["if"] == "github.event_name == 'schedule'"
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        "make test-all",
        "make test-kernels TESTS=all",
    ]


def test_ci_runs_every_suite_at_night_but_the_small_one_and_those_it_leaves_out():
    matrix = workflow("ci.yml")["jobs"]["suites"]["strategy"]["matrix"]["suite"]
    nightly = set(re.findall(r'"(\w+)"', matrix))
    assert nightly <= {path.stem for path in (ROOT / "bench" / "suites").glob("*.toml")}
    assert "standard" in nightly


def test_the_reusable_workflow_gives_its_script_what_it_reads():
    script = (ROOT / "bench" / "ci" / "library.sh").read_text()
    read = set(re.findall(r"^#   ([A-Z]+) ", script, re.MULTILINE))
    read |= set(re.findall(r"^#   .* {4,}([A-Z]+) ", script, re.MULTILINE))
    (step,) = (step for step in steps("library.yml") if "library.sh" in step.get("run", ""))
    given = set(step["env"])
    assert {"LIBRARY", "BASE", "INSTALL", "KOOPMARK", "SUITE", "METHODS", "PYTHON", "OUT"} == (
        read - {"HEAD"}
    )
    assert read - {"HEAD"} <= given


def test_every_input_is_used_and_documented():
    loaded = workflow("library.yml")
    inputs = loaded["on"]["workflow_call"]["inputs"]
    text = (FOLDER / "library.yml").read_text()
    for name, about in inputs.items():
        assert f"inputs.{name} " in text or f"inputs.{name} }}}}" in text
        assert f"| `{name}` |" in DOCS
        assert about["type"] == "string"
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(inputs)
    assert set(loaded["on"]["workflow_call"]["outputs"]) == {"verdict"}


def test_the_documented_caller_gives_only_what_there_is():
    inputs = workflow("library.yml")["on"]["workflow_call"]["inputs"]
    callers = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]
    jobs = [
        job
        for caller in callers
        if isinstance(caller, dict)
        for job in caller.get("jobs", {}).values()
        if "library.yml" in job.get("uses", "")
    ]
    assert jobs
    required = {name for name, about in inputs.items() if about.get("required")}
    for job in jobs:
        assert required <= set(job["with"]) <= set(inputs)
