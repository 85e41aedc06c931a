"""Whoever has the exported arrays alone can evaluate the functions anywhere."""

import io
import json
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest

from koopmark.datasets import build, load_recipe, varied
from koopmark.export import FORMATS, export_dataset
from koopmark.export._contents import contents

SHORT = """
title = "A system"
description = "For tests."
max_degree = 2
[system]
{system}
[initial_states]
{initial}
[sampling]
trajectories = 3
test_trajectories = 2
dt = 0.25
horizon = 1.0
noise = 0.0
"""

NORMAL = 'kind = "normal"\nscale = 0.5'
POSITIVE = 'kind = "log_uniform"\nlow = 0.5\nhigh = 2.0'

NETWORKS = {
    "shifted": ('kind = "random_rnn"\nn = 5\nrank = 2\ntheta_scale = 0.4', NORMAL),
    "sampled": ('kind = "random_rnn"\nn = 70\nrank = 2', NORMAL),
    "drift": ('kind = "random_lotka_volterra"\nn = 4\ngroups = 2', POSITIVE),
}


def made_of(folder, system, initial):
    path = folder / "made.toml"
    path.write_text(SHORT.format(system=system, initial=initial))
    return contents(build(load_recipe(path), 0))


def names(found):
    return {array.name for array in found.arrays}


def exported(found, target):
    """Values of the functions at the test states, complex where they are."""
    name = f"test_eigenfunctions_{target}"
    if name in names(found):
        return found[name]
    return found[f"{name}_re"] + 1j * found[f"{name}_im"]


def check(found, evaluate):
    assert found.formula
    for target in range(1, len(found.targets) + 1):
        wanted = exported(found, target)
        values = evaluate(found["test_states"], target)
        np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-11 * abs(wanted).max())


@pytest.mark.parametrize("name", ["shifted", "sampled"])
def test_relaxation_from_its_null_vectors(name, tmp_path):
    found = made_of(tmp_path, *NETWORKS[name])

    def evaluate(x, target):
        factors = [found[f"vectors_{target}_{f}"] for f in range(1, target + 1)]
        return np.prod([(x - found["theta"]) @ u for u in factors], axis=0)

    check(found, evaluate)
    assert found["vectors_1_1"].shape[1] <= 64
    assert found["theta"].any() == (name == "shifted")


@pytest.mark.parametrize(
    ("zeta", "value"), [("sinh", np.sinh), ("cubic", lambda x: x + x**3), ("log", np.log)]
)
def test_relaxation_with_a_map_of_the_state(zeta, value, tmp_path):
    system = f'kind = "random_relaxation"\nn = 4\nrank = 2\nzeta = "{zeta}"'
    found = made_of(tmp_path, system, POSITIVE)

    def evaluate(x, target):
        factors = [found[f"vectors_{target}_{f}"] for f in range(1, target + 1)]
        return np.prod([value(x) @ u for u in factors], axis=0)

    check(found, evaluate)


def test_drift_from_its_exponents(tmp_path):
    found = made_of(tmp_path, *NETWORKS["drift"])
    check(found, lambda x, target: np.exp(np.log(x) @ found[f"vectors_{target}_1"]))
    rates = -found["rates"] @ found["vectors_1_1"]
    np.testing.assert_allclose(rates, found["eigenvalues_re"][0], rtol=1e-9)


def products(found, z, target):
    modes = (
        found["modes"] if "modes" in names(found) else found["modes_re"] + 1j * found["modes_im"]
    )
    ones = np.ones((*z.shape[:-1], 1))
    principal = np.concatenate([ones, z @ modes], axis=-1)
    return np.prod(principal[..., found[f"products_{target}"].astype(int)], axis=-1)


def features(found, name, x, activation=np.tanh):
    forms = x @ found[f"{name}_directions"].T
    if f"{name}_exponents" in names(found):
        return np.prod(forms[..., None, :] ** found[f"{name}_exponents"], axis=-1)
    return activation(forms + found[f"{name}_shifts"])


@pytest.mark.parametrize(
    "name",
    [
        "prescribed_fourier",
        "prescribed_quadratic",
        pytest.param("prescribed_bump", marks=pytest.mark.slow),
    ],
)
def test_prescribed_functions_from_their_weights(name):
    found = contents(build(load_recipe(name), 0))
    activation = np.cos if name == "prescribed_fourier" else np.tanh

    def evaluate(x, target):
        f = features(found, "phi", x, activation)
        z = x @ found["phi_linear"].T + found["phi_offset"] + f @ found["phi_weights"].T
        return products(found, z, target)

    check(found, evaluate)


@pytest.mark.parametrize("name", ["coupling_polynomial", "coupling_oscillators"])
def test_conjugacies_layer_by_layer(name):
    found = contents(build(load_recipe(name), 0))

    def evaluate(x, target):
        z, layer = x.copy(), 1
        while f"layer{layer}_kept" in names(found):
            kept, moved = (found[f"layer{layer}_{p}"].astype(int) - 1 for p in ("kept", "moved"))
            f = features(found, f"layer{layer}", z[..., kept])
            if f"layer{layer}_scale" in names(found):
                z[..., moved] *= np.exp(f @ found[f"layer{layer}_scale"].T)
            z[..., moved] += f @ found[f"layer{layer}_shift"].T
            layer += 1
        return products(found, z, target)

    check(found, evaluate)


def test_units_of_several_variables(tmp_path):
    found = made_of(tmp_path, 'kind = "random_inertial"\nunits = 4\nrank = 1', NORMAL)
    check(found, lambda x, target: products(found, x - found["theta"], target))


def test_functions_without_a_formula_have_none(tmp_path):
    few = {"sampling.trajectories": 3, "sampling.test_trajectories": 2}
    recipe = varied(load_recipe("rnn_6_2_stable"), few, "few", "test")
    found = contents(build(recipe, 0, tmp_path))
    assert found.formula == ""
    assert not any(name.startswith(("vectors", "modes", "products")) for name in names(found))


@pytest.mark.parametrize("file_format", ["npz", "csv"])
def test_the_folder_says_how(tmp_path, file_format):
    path = tmp_path / "made.toml"
    path.write_text(SHORT.format(system=NETWORKS["shifted"][0], initial=NETWORKS["shifted"][1]))
    folder = export_dataset(load_recipe(path), 0, file_format, tmp_path / "out")
    text = (folder / "README.md").read_text()
    assert "## The functions at other states" in text
    assert "`vectors_K_f`; ζ(x) = x - θ with θ = `theta`." in text
    assert "theta" in text.split("## The functions at other states")[1].split("## To read")[0]
    if file_format == "csv":
        assert (folder / "vectors_2_2.csv").exists()
        assert (folder / "theta.csv").read_text().startswith("column1\n")


CONDITIONS = {
    "inputs": "[inputs]\nchannels = 2",
    "map": "[map]\nalpha = 1.25\n[inputs]\nchannels = 1",
    "sensors": "[observation]\nsensors = 4",
    "everything": (
        '[map]\nalpha = 0.3\n[inputs]\nchannels = 1\nkind = "steps"\n[observation]\nmixtures = 4\n'
        "[trials]\ngaps = 0.2"
    ),
    "few sensors": "[observation]\nsensors = 2",
}


@pytest.fixture(params=CONDITIONS)
def conditional(request, tmp_path):
    path = tmp_path / "made.toml"
    text = SHORT.format(system=NETWORKS["shifted"][0], initial=NORMAL) + CONDITIONS[request.param]
    if "[map]" in text:
        text = text.replace("dt = 0.25\nhorizon = 1.0", "dt = 1.0\nhorizon = 20.0")
    path.write_text(text)
    return load_recipe(path)


def test_functions_of_channels_are_evaluated_and_moved_on_from_the_arrays_alone(conditional):
    """φ = Π uᵀ(s - θ) with z⁺ = μz + g v for each factor z: THEORY's one formula."""
    found = contents(build(conditional, 0))
    seen = "test_latent" if found.dataset.key.latent else "test_states"
    x, given = found[seen], names(found)
    v = found["test_inputs"] if "test_inputs" in given else np.zeros((*x.shape[:2], 1))
    mixed = found["sensors"] if "sensors" in given and seen == "test_states" else np.eye(5)
    driven = found["input_weights"] if "input_weights" in given else np.zeros((5, 1))
    offset = "channel_theta" if "channel_theta" in given else "theta"
    mu = found["multipliers_re"][0]
    for target in range(1, len(found.targets) + 1):
        degree = sum(name.startswith(f"vectors_{target}_") for name in given)
        vectors = [found[f"vectors_{target}_{f}"] for f in range(1, degree + 1)]
        factors = [(x - found[offset]) @ u for u in vectors]
        phi = found[f"test_eigenfunctions_{target}"]
        np.testing.assert_allclose(np.prod(factors, axis=0), phi, rtol=1e-9, atol=1e-9)
        share = 1.0 if found.dataset.key.discrete else 1.0 - mu
        gains = [share * u.T @ mixed @ driven for u in vectors]
        moved = [mu * z[:, :-1] + v[:, :-1] @ g.T for z, g in zip(factors, gains, strict=True)]
        np.testing.assert_allclose(np.prod(moved, axis=0), phi[:, 1:], rtol=1e-9, atol=1e-9)
        if f"gains_{target}" in given:
            np.testing.assert_allclose(found[f"gains_{target}"], gains[0], atol=1e-12)


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_holds_inputs_and_the_code_in_its_readme_finds_the_law(
    conditional, file_format, tmp_path, monkeypatch
):
    folder = export_dataset(conditional, 0, file_format, tmp_path / "out")
    text = (folder / "README.md").read_text()
    again = tmp_path / "again.toml"
    again.write_text(as_toml(json.loads((folder / "recipe.json").read_text())))
    assert load_recipe(again).depends_on() == conditional.depends_on()
    if conditional.inputs.channels and file_format == "csv":
        table = pd.read_csv(folder / "test.csv")
        inputs = contents(build(conditional, 0))["test_inputs"]
        columns = [f"v{k}" for k in range(1, inputs.shape[2] + 1)]
        np.testing.assert_array_equal(table[columns], inputs.reshape(-1, inputs.shape[2]))
    if "```python" in text:
        monkeypatch.chdir(folder)
        said = io.StringIO()
        with redirect_stdout(said):
            exec(compile(text.split("```python\n")[1].split("```")[0], "README.md", "exec"), {})
        assert float(said.getvalue()) < 1e-9


def as_toml(given):
    """A recipe file of what recipe.json says."""
    own = {name: value for name, value in given.items() if name not in ("koopmark", "seed", "name")}
    plain = {name: value for name, value in own.items() if not isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items() if value != []]
    for section in own.keys() - plain.keys():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(v)}" for key, v in own[section].items())]
    return "\n".join(lines)


def test_through_sensors_the_offsets_of_units_and_of_channels_have_names_of_their_own(tmp_path):
    changes = {"system.theta_scale": 0.4, "observation.sensors": 6}
    recipe = varied(load_recipe("rnn_10_2"), changes, "seen", "test")
    folder = export_dataset(recipe, 0, "npz", tmp_path / "out")
    with np.load(folder / "data.npz") as found:
        assert found["theta"].shape == (10,)
        np.testing.assert_allclose(found["channel_theta"], found["sensors"] @ found["theta"])
        u = found["vectors_1_1"]
        values = (found["test_states"] - found["channel_theta"]) @ u
        np.testing.assert_allclose(values, found["test_eigenfunctions_1"], atol=1e-12)
    assert "Cθ = `channel_theta`" in (folder / "README.md").read_text()
