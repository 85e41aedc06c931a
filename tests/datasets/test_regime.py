"""Regimes stored in recipes: there for every seed, right, and without effect on any number."""

import functools
import re
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from koopmark import datasets
from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark.cli import app
from koopmark.datasets.recipe import Contents, Recipe
from koopmark.datasets.regime import regime_of, stable_points
from koopmark.simulation import simulate
from koopmark.spectrum import _attractors, largest_exponents

NAMES = datasets.names()
BASE = {
    "title": "Tiny",
    "description": "A small system.",
    "seeds": 2,
    "system": {"kind": "hopf", "growth": 0.5},
    "initial_states": {"kind": "polar"},
    "sampling": {"trajectories": 5, "test_trajectories": 4, "dt": 0.1, "horizon": 1.0},
}
REGIME = {
    "kind": ["limit cycle", "limit cycle"],
    "attractors": [1, 1],
    "lyapunov": [0.0, 0.0],
}


def recipe(**changes):
    contents = parse({**BASE, **changes}, Contents, "tiny.toml")
    return Recipe.model_construct(name="tiny", **dict(contents))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_recipe_says_what_its_systems_do_in_the_long_run(name):
    loaded = datasets.load_recipe(name)
    assert loaded.regime is not None, f"run: koopmark regime datasets/{name}.toml --write"
    assert len(loaded.regime.kind) == loaded.seeds
    assert loaded.in_the_long_run


@pytest.mark.parametrize("name", NAMES)
def test_cycles_have_the_exponent_zero(name):
    """Those of flows: a periodic orbit of a map attracts in every direction."""
    loaded = datasets.load_recipe(name)
    stored = loaded.regime
    for kind, exponent in zip(stored.kind, stored.lyapunov, strict=True):
        if kind in ("limit cycle", "limit cycles"):
            assert exponent == 0.0 if loaded.map.alpha is None else exponent <= 0.0


def test_an_exponent_has_an_error_where_it_is_an_average():
    for name in NAMES:
        stored = datasets.load_recipe(name).regime
        errors = stored.lyapunov_error or (0.0,) * len(stored.kind)
        for kind, error in zip(stored.kind, errors, strict=True):
            assert (error > 0) == (kind == "chaotic")


QUICK = ("rnn_block", "rnn_hopfield", "karate_club")
NIGHTLY = {
    "c_elegans",
    "c_elegans_motor",
    "les_miserables",
    "prescribed_50",
    "prescribed_oscillator",
    "prescribed_strong_tanh",
}
"""Seconds each; another recipe has the same kind of system in the same regime."""


def of_name(name):
    marks = pytest.mark.nightly if name in NIGHTLY else pytest.mark.slow
    return pytest.param(name, marks=() if name in QUICK else marks)


def test_every_kind_of_system_is_computed_again_in_each_of_its_regimes_by_day():
    about = {}
    for name in NAMES:
        loaded = datasets.load_recipe(name)
        about[name] = loaded.system.kind, loaded.regime.kind[0]
    assert {about[name] for name in NIGHTLY} <= {about[name] for name in set(NAMES) - NIGHTLY}


@pytest.mark.parametrize("name", [of_name(name) for name in NAMES])
def test_stored_regimes_are_as_computed_again_and_count_the_stable_fixed_points(name, monkeypatch):
    # The search for fixed points is dear and serves both claims.
    found = functools.cache(stable_points)
    monkeypatch.setattr("koopmark.datasets.regime.stable_points", found)
    # How long chaos lasts is the claim of another test.
    monkeypatch.setattr(_attractors, "LASTING", 30.0)
    monkeypatch.setattr(_attractors, "STRETCH", 2.0)
    loaded = datasets.load_recipe(name)
    stored = loaded.regime
    systems = [loaded.system.build(seed) for seed in range(loaded.seeds)]
    monkeypatch.setattr(type(loaded.system), "build", lambda _, seed: systems[seed])

    again = regime_of(loaded, 0)
    assert again.kind == stored.kind[0]
    assert again.attractors == stored.attractors[0]
    # Rounding decides which way a chaotic trajectory goes: two means with an error each.
    tolerance = 6 * stored.lyapunov_error[0] + 0.01 if stored.lyapunov_error else 0.01
    assert again.lyapunov == pytest.approx(stored.lyapunov[0], abs=tolerance)

    for system, kind, count in zip(systems, stored.kind, stored.attractors, strict=True):
        if count == 0 or system.stochastic:
            continue
        stable = len(found(system))
        if kind == "multistable" or (kind == "fixed point" and stable):
            assert stable == count
        else:
            assert stable <= count


def test_an_attractor_in_which_no_trajectory_ends_is_counted():
    block = datasets.load_recipe("rnn_block")
    found = regime_of(block, 0)
    assert (found.kind, found.attractors) == ("multistable", 6)
    assert found.lyapunov == pytest.approx(-0.2, abs=0.02)


@pytest.mark.slow
@pytest.mark.spread(1)
@pytest.mark.parametrize("seed", range(3))
def test_the_chaotic_network_is_chaotic_at_each_of_its_seeds_and_stays_so(seed):
    loaded = datasets.load_recipe("rnn_100_60_chaotic")
    system, rng = loaded.system.build(seed), np.random.default_rng(seed)
    starts = loaded.initial_states.draw(10, system.size, rng)
    ends = simulate(system, starts, np.array([0.0, 1000.0]), rtol=1e-4).states[:, -1]
    assert np.linalg.norm(system.rhs(ends), axis=1).min() > 0.1
    assert largest_exponents(system, ends, 200.0, rng).min() > 0.05


def test_a_regime_changes_no_number(tmp_path):
    without, with_it = recipe(), recipe(regime=REGIME)
    assert without.depends_on() == with_it.depends_on()
    first, second = (datasets.build(one, 0, tmp_path) for one in (without, with_it))
    np.testing.assert_array_equal(first.train.states, second.train.states)


def test_another_system_has_not_the_regime_of_the_first():
    changed = datasets.varied(recipe(regime=REGIME), {"system.growth": -0.5}, "other", "here")
    assert changed.regime is None
    assert changed.in_the_long_run == "regime not computed"


def test_kinds_are_told_once_each():
    kinds = {**REGIME, "kind": ["limit cycle", "multistable"]}
    assert recipe(regime=kinds).in_the_long_run == "limit cycle or multistable"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": ["limit cycle"]}, "need one entry for each seed"),
        ({"lyapunov_error": [0.1]}, "lyapunov_error need one entry for each seed"),
        ({"lyapunov_error": [0.1, -0.1]}, "regime.lyapunov_error.1 = -0.1"),
        ({"kind": ["wild", "wild"]}, "regime.kind.0 = 'wild': it must be 'fixed point'"),
        ({"attractors": [-1, 1]}, "regime.attractors.0 = -1"),
        ({"lyapunov": [float("nan"), 0.0]}, "regime.lyapunov.0 = nan"),
    ],
)
def test_mistakes_in_a_regime_get_a_sentence(changes, message):
    with pytest.raises(ConfigError) as caught:
        recipe(regime={**REGIME, **changes})
    assert message in str(caught.value)


def test_the_regime_of_a_process_is_that_it_is_stochastic():
    process = recipe(system={"kind": "ornstein_uhlenbeck", "rates": [0.5, 1.0]})
    assert regime_of(process, 0).kind == "stochastic"


def test_the_regime_under_inputs_is_that_it_is_driven():
    made = datasets.load_recipe("rnn_10_2_inputs")
    assert regime_of(made, 0).kind == "driven"


def test_a_section_has_an_entry_for_each_seed():
    section = datasets.regime_section(recipe(seeds=1))
    assert section == '[regime]\nkind = ["limit cycle"]\nattractors = [1]\nlyapunov = [0.00]\n'


FACES = {
    "title": ['title = "Cycle"', "title = 'Cycle'", 'title = """Cycle"""'],
    "description": ['description = "[regime] is # no section here"'],
    "seeds": ["seeds = 2"],
}
SECTIONS = {
    "system": ['[system]\nkind = "hopf"', 'system = { kind = "hopf" }', 'system.kind = "hopf"'],
    "initial_states": ['[initial_states]\nkind = "polar"', 'initial_states.kind = "polar"'],
    "sampling": [
        "[sampling]\ntrajectories = 5\ntest_trajectories = 4\ndt = 0.1\nhorizon = 1.0",
        "sampling = {trajectories = 5, test_trajectories = 4, dt = 0.1, horizon = 1.0}",
    ],
    "truth": ["", "[truth]\nprincipal = false", "truth.principal = false"],
    "references": [
        "",
        '[[references]]\nauthors = ["A"]\n[[references]]\nauthors = ["B", "C"]\nyear = 2000',
        'references = [{ authors = ["A"] }]',
    ],
    "regime": [
        "",
        '[regime]\nkind = ["chaotic", "mixed"]\nattractors = [7, 7]\nlyapunov = [9.0, 9.0]',
        '[ regime ]\nlyapunov = [9.0]\nkind = ["mixed"]\nattractors = [7]',
        '["regime"]\nkind = [\n  "chaotic",#MARK\n  "mixed" , #MARK\n]\nattractors = [7 , 7]\n'
        "lyapunov = [ 9.0, 9.0,\n ]",
        "[regime]\nkind = []\nattractors = []\nlyapunov = [\n#MARK\n]",
        '[regime]\nkind = ["mixed", "mixed", "mixed"]\nattractors = [\n7,\n7, # MARK\n7]\n'
        "lyapunov = [9.0, 9.0, 9.0]",
        '[regime]\nlyapunov_error = [0.5, 0.5]\nkind = ["chaotic", "mixed"]\nattractors = [7, 7]\n'
        "lyapunov = [9.0, 9.0]",
        'regime = { kind = ["mixed", "mixed"], attractors = [7, 7], lyapunov = [9.0, 9.0] }',
        'regime.kind = ["mixed", "mixed"]\nregime.attractors = [7, 7]\n'
        "regime . lyapunov = [9.0, 9.0]",
    ],
}


@st.composite
def recipe_files(draw):
    """A recipe as people write them: any order, spaces, comments, line ends, ways of nesting."""
    pieces = [draw(st.sampled_from(ways)) for ways in (FACES | SECTIONS).values()]
    # What has no header of its own must stand before the first that has.
    headed = [piece for piece in pieces if piece.startswith("[")]
    lines = []
    for piece in [
        *draw(st.permutations([piece for piece in pieces if piece and piece not in headed])),
        *draw(st.permutations(headed)),
    ]:
        for line in piece.split("\n"):
            # Not within a list: what comes there is in the list of ways.
            whole = line.startswith("[") or " = [" not in line or line.rstrip().endswith("]")
            comment = draw(st.sampled_from(["", "", " # MARK", "\t#MARK [regime]"]))
            lines.append(line + (comment if (whole and "=" in line) or line[:1] == "[" else ""))
        lines += draw(st.lists(st.sampled_from(["", "# MARK", "  #MARK kind = 1"]), max_size=2))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    last = draw(st.sampled_from(["", end]))
    return draw(st.sampled_from(["", "\ufeff"])) + end.join(lines) + last


WRITTEN = """[regime]
kind = ["limit cycle", "limit cycle"]
attractors = [1, 1]
lyapunov = [0.00, -0.10]
"""


AVERAGED = """[regime]
kind = ["chaotic", "chaotic"]
attractors = [1, 1]
lyapunov = [0.20, 0.10]
lyapunov_error = [0.010, 0.020]
"""


OWN = re.compile(r'(regime\W+)?(kind|attractors|lyapunov(_error)?) = \[|regime = |\s*[\]"\d-]')
"""Lines that hold a value of a regime, or a part of one."""


def others(text):
    """The other lines, without their ends: a last one that has none gets one."""
    return [line for line in text.splitlines() if not OWN.match(line)]


@given(recipe_files(), st.sampled_from([WRITTEN, AVERAGED]))
def test_writing_a_regime_leaves_all_else_of_a_file_as_it_is(tmp_path_factory, text, section):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode())
    datasets.write_regime(path, section)
    new = path.read_bytes().decode()
    before, after = (tomllib.loads(one.removeprefix("\ufeff")) for one in (text, new))
    assert after == {**before, **tomllib.loads(section)}
    # A value that goes takes the comment in its line with it.
    gone = re.findall("lyapunov_error.*MARK", text) if section == WRITTEN else []
    assert new.count("MARK") == text.count("MARK") - len(gone)
    assert "\n" not in (new.replace("\r\n", "") if "\r\n" in text else "")
    if "regime" in before:
        assert others(new) == others(text)
    else:
        assert new.startswith(text)
    datasets.write_regime(path, section)
    assert path.read_bytes().decode() == new


def test_a_regime_goes_to_the_file_that_a_link_points_to_with_its_permissions(tmp_path):
    path, link = tmp_path / "real.toml", tmp_path / "link.toml"
    path.write_text(CYCLE, encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)
    datasets.write_regime(link, WRITTEN)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_text(encoding="utf-8") == f"{CYCLE}\n{WRITTEN}"


def test_a_regime_that_cannot_be_written_is_a_sentence_and_the_file_as_it_was(
    tmp_path, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / "x.toml"
    path.write_text(CYCLE, encoding="utf-8")
    monkeypatch.setattr("os.replace", full)
    with pytest.raises(ConfigError, match=r"x.toml: cannot be written \(No space left on device\)"):
        datasets.write_regime(path, WRITTEN)
    assert path.read_text(encoding="utf-8") == CYCLE
    assert list(tmp_path.iterdir()) == [path]


CYCLE = (
    'title = "Cycle"\ndescription = "One."\nseeds = 1\n\n'
    '[system]\nkind = "hopf"\n\n[initial_states]\nkind = "polar"\n\n'
    "[sampling]\ntrajectories = 5\ntest_trajectories = 4\ndt = 0.1\nhorizon = 1.0\n"
)


def test_the_command_writes_the_section_into_a_file_of_the_users(tmp_path):
    path = tmp_path / "cycle.toml"
    path.write_text(CYCLE, encoding="utf-8")
    result = CliRunner().invoke(app, ["regime", str(path), "--write"])
    assert result.exit_code == 0, result.output
    assert 'kind = ["limit cycle"]' in result.output
    assert datasets.load_recipe(path).in_the_long_run == "limit cycle"
    with pytest.raises(ConfigError, match="--write needs the path"):
        CliRunner().invoke(app, ["regime", "slow_manifold", "--write"], catch_exceptions=False)
