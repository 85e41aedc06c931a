"""What each adapter recovers, and where it departs from its library."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import methods, score, systems

EXACT = [
    ("pydmd.dmd", {}, 1),
    ("pydmd.dmd", {"dictionary": {"kind": "monomials", "degree": 2}}, 2),
    ("pydmd.optdmd", {}, 1),
    ("pydmd.optdmd", {"dictionary": {"kind": "monomials", "degree": 2}}, 2),
    ("pydmd.kernel_edmd", {"max_pairs": 200}, 2),
    ("pykoopman.edmd_identity", {}, 1),
    ("pykoopman.edmd_polynomial", {"degree": 3}, 3),
    ("pykoopman.kdmd", {"max_pairs": 200}, 2),
]
KERNELS = ["pydmd.kernel_edmd", "pykoopman.kdmd"]


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


@pytest.mark.parametrize(("name", "options", "degree"), EXACT)
def test_exact_eigenpairs_come_back_where_least_squares_has_full_rank(
    name, options, degree, three, fresh
):
    table = score(methods.fit(name, three, **options), three.system, fresh, max_degree=degree)
    assert len(table) == degree
    assert table["eigenvalue_error"].max() < 1e-9
    assert table["eigenfunction_error"].max() < 1e-8


@pytest.mark.parametrize(
    ("name", "at_least"),
    [("pydmd.dmd_default", 0.5), ("pykoopman.default", 0.5), ("pydmd.fbdmd", 1e-4)],
)
def test_what_the_library_gets_wrong_is_reported_as_wrong(name, at_least, three, fresh):
    error = score(methods.fit(name, three), three.system, fresh)["eigenvalue_error"][0]
    assert at_least < error < 2.0


@pytest.mark.parametrize("name", ["pydmd.dmd", "pydmd.optdmd", "pykoopman.edmd_identity"])
def test_a_degenerate_eigenspace_keeps_its_multiplicity(name, simulated):
    system = systems.random_rnn(10, 2, seed=0)
    train, test = simulated(system, 50), simulated(system, 20, seed=1)
    table = score(methods.fit(name, train), system, test)
    assert table["target_dimension"][0] == 8
    assert table["eigenvalue_error"][0] < 1e-9
    assert table["eigenfunction_error"][0] < 1e-8


@pytest.mark.parametrize("name", ["pydmd.dmd", "pydmd.optdmd"])
def test_an_offset_is_recovered_with_the_constant(name, simulated):
    system = systems.random_rnn(5, 2, theta_scale=1.0)
    train, test = simulated(system, 60), simulated(system, 20, seed=1)
    with_constant = methods.fit(name, train, dictionary={"kind": "identity", "constant": True})
    assert score(with_constant, system, test)["eigenvalue_error"][0] < 1e-9
    assert score(methods.fit(name, train), system, test)["eigenvalue_error"][0] > 1e-3


@pytest.mark.parametrize("name", ["pydmd.dmd", "pydmd.optdmd", "pykoopman.edmd_identity"])
@pytest.mark.parametrize("steps", [1, 7])
def test_prediction_is_repeated_application_of_the_least_squares_operator(name, steps, three):
    x, y = three.pairs()
    operator = np.linalg.lstsq(x, y, rcond=None)[0]
    predicted = methods.fit(name, three).predict(x[:30, None], [steps * three.dt])[:, 0]
    expected = x[:30] @ np.linalg.matrix_power(operator, steps)
    np.testing.assert_allclose(predicted, expected, atol=1e-9)


@pytest.mark.parametrize("name", ["pydmd.dmd", "pydmd.optdmd"])
def test_a_rank_is_the_number_of_pairs_recovered(name, three):
    assert len(methods.fit(name, three, svd_rank=2).eigenvalues) == 2


def test_optdmd_keeps_imaginary_eigenvalues(linear):
    data = linear([[0.0, -0.9], [0.9, 0.0]], np.random.default_rng(0).standard_normal((20, 2)))
    model = methods.fit("pydmd.optdmd", data)
    np.testing.assert_allclose(abs(model.eigenvalues.imag) * data.dt, np.pi / 2)
    values, ahead = (model.eigenfunctions(part[:, None]) for part in data.pairs())
    np.testing.assert_allclose(ahead, values * np.exp(model.eigenvalues * data.dt), atol=1e-12)


def test_kernel_edmd_leaves_out_the_eigenfunctions_that_its_library_drops(linear):
    kernel = {"kind": "polynomial", "degree": 1, "offset": 0.0}
    data = linear(np.diag([0.0, 0.9]), np.random.default_rng(0).standard_normal((50, 2)), steps=1)
    model = methods.fit("pydmd.kernel_edmd", data, kernel=kernel)
    np.testing.assert_allclose(np.exp(model.eigenvalues * data.dt), [0.9])
    values = model.eigenfunctions(data.states[:, :1])[:, 0]
    second = data.states[:, 0, 1]
    assert abs(np.vdot(values, second)) == pytest.approx(
        np.linalg.norm(values) * np.linalg.norm(second)
    )


@pytest.mark.parametrize(
    "kernel",
    [{"kind": "polynomial", "degree": 2, "offset": 3.0}, {"kind": "gaussian", "bandwidth": 2.0}],
    ids=["polynomial", "gaussian"],
)
def test_both_libraries_compute_the_same_with_the_same_kernel(kernel, three, ordered):
    options = {"kernel": kernel, "max_pairs": 300, "svd_rank": 6}
    first, second = (methods.fit(name, three, **options) for name in KERNELS)
    np.testing.assert_allclose(ordered(first.eigenvalues), ordered(second.eigenvalues), atol=1e-8)
    start = three.states[:20, :1]
    predicted, other = (model.predict(start, three.times[1:6]) for model in (first, second))
    np.testing.assert_allclose(predicted, other, atol=1e-7)
    np.testing.assert_allclose(first.dictionary(start), second.dictionary(start))


@pytest.mark.parametrize("name", KERNELS)
def test_a_polynomial_kernel_has_as_many_directions_as_monomials(name, three):
    kernel = {"kind": "polynomial", "degree": 3}
    model = methods.fit(name, three, kernel=kernel, max_pairs=300)
    assert len(model.eigenvalues) == 20


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_methods_use_at_most_their_number_of_pairs(name, three):
    model = methods.fit(name, three, max_pairs=150)
    assert model.dictionary(three.states[:3, :1]).shape == (3, 150)


@pytest.mark.parametrize("name", KERNELS)
def test_which_pairs_are_used_depends_on_the_seed(name, three):
    first, second = (
        methods.fit(name, three, max_pairs=150, seed=seed).dictionary(three.states[:3, :1])
        for seed in (1, 2)
    )
    assert abs(first - second).max() > 0.1


@pytest.mark.parametrize("name", KERNELS)
def test_a_gaussian_kernel_follows_the_scale_of_the_data(name, three, ordered):
    options = {"kernel": {"kind": "gaussian"}, "max_pairs": 200, "svd_rank": 20}
    large = replace(three, states=100.0 * three.states)
    first, second = (
        ordered(methods.fit(name, data, **options).eigenvalues) for data in (three, large)
    )
    np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("name", KERNELS)
def test_a_gaussian_kernel_finds_the_eigenvalue_roughly(name, three, fresh):
    options = {"kernel": {"kind": "gaussian", "bandwidth": 2.0}, "svd_rank": 60, "max_pairs": 400}
    table = score(methods.fit(name, three, **options), three.system, fresh)
    assert table["eigenvalue_error"][0] < 0.05
