"""What people with arrays write, each snippet as they write it: it works, or gets a sentence."""

import pickle
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split

import koopmark
from koopmark import methods
from koopmark._errors import ConfigError
from koopmark.methods import LinearModel, Method, Monomials, Skip
from koopmark.simulation import Trajectories

RATES = np.log([0.9, 0.5]) / 0.1


def trials(count=9, length=12):
    """(M, T, 2): x₁ decays by 0.9 a step, x₂ by 0.5 and is driven by x₁²; monomials of degree 2
    hold both eigenfunctions, and those of degree 1 the first alone."""
    states = np.empty((count, length, 2))
    states[:, 0] = np.random.default_rng(0).normal(size=(count, 2))
    for t in range(1, length):
        before = states[:, t - 1]
        states[:, t] = np.stack([0.9 * before[:, 0], 0.5 * before[:, 1] + before[:, 0] ** 2], -1)
    return states


X = trials()
DATA = Trajectories(X, dt=0.1)


def assert_finds_the_rates(model):
    assert np.abs(model.eigenvalues[:, None] - RATES).min(axis=0).max() < 1e-6


class TestFit:
    @pytest.mark.parametrize(
        "data",
        [X, X[0], X.tolist(), [one[: 12 - k] for k, one in enumerate(X[:3])], pd.DataFrame(X[0])],
        ids=["(M, T, N)", "(T, N)", "lists", "trials of unequal length", "DataFrame"],
    )
    def test_arrays_with_dt(self, data):
        assert_finds_the_rates(koopmark.fit("koopmark.qr_edmd", data, dt=0.1))

    def test_arrays_with_times(self):
        model = koopmark.fit("koopmark.qr_edmd", X, times=0.1 * np.arange(12))
        assert_finds_the_rates(model)

    def test_arrays_without_dt_are_told_what_to_pass(self):
        with pytest.raises(TypeError, match=r"shape \(9, 12, 2\): pass dt=, .* or make"):
            koopmark.fit("koopmark.qr_edmd", X)

    def test_trajectories_have_their_own_dt(self):
        with pytest.raises(TypeError, match=r"dt is given beside Trajectories.*leave it out"):
            koopmark.fit("koopmark.qr_edmd", DATA, dt=0.1)

    def test_an_option_called_dt_is_that_of_a_method_which_has_it(self):
        @dataclass(frozen=True)
        class Stepped(Method):
            dt: float = 1.0

            def _fit(self, trajectories):
                return methods.QREDMD()._fit(trajectories).noted([f"at {self.dt}"])

        assert "at 0.5" in koopmark.fit(Stepped(), DATA, dt=0.5).note
        assert "at 1.0" in koopmark.fit(Stepped(), X, dt=0.1).note

    def test_a_method_itself(self):
        assert_finds_the_rates(koopmark.fit(methods.QREDMD(), DATA))

    def test_a_method_itself_with_other_options(self):
        model = koopmark.fit(methods.QREDMD(Monomials(1)), X, dt=0.1, degree=3)
        assert len(model.coefficients) == 10

    def test_a_class_is_told_to_be_called(self):
        with pytest.raises(ConfigError, match=r"got a class: QREDMD\(\) is one"):
            koopmark.fit(methods.QREDMD, DATA)

    def test_one_channel_without_its_axis_is_told_the_axis(self):
        with pytest.raises(ValueError, match=r"got \(12,\): states\[:, None\] has one channel"):
            koopmark.fit("koopmark.qr_edmd", X[0, :, 0], dt=0.1)

    @pytest.mark.parametrize(
        ("short", "meant"),
        [
            ("dmd", "'pydmd.dmd', 'deeptime.dmd' or 'pykoop.dmd'"),
            ("bopdmd", "'pydmd.bopdmd'"),
            ("QREDMD", "'koopmark.qr_edmd'"),
            ("pydmd.bopdmdd", "'pydmd.bopdmd'"),
        ],
    )
    def test_short_names_of_methods_are_completed(self, short, meant):
        with pytest.raises(ConfigError, match=f"did you mean {meant}"):
            koopmark.fit(short, X, dt=0.1)


class TestOptions:
    @pytest.mark.parametrize(
        "rank", [np.int64(2), np.uint8(2), np.array(2)], ids=["int64", "uint8", "0-d"]
    )
    def test_numpy_numbers(self, rank):
        assert methods.get("pydmd.dmd", svd_rank=rank) == methods.get("pydmd.dmd", svd_rank=2)
        assert type(methods.pydmd.DMD(svd_rank=rank).svd_rank) is int

    def test_numpy_booleans_and_single_precision(self):
        ridge = methods.get("kooplearn.ridge", reduced_rank=np.bool_(True), alpha=np.float32(0.5))
        assert (ridge.reduced_rank, ridge.alpha) == (True, 0.5)

    @pytest.mark.parametrize(
        "options",
        [
            {"dictionary": "monomials", "degree": 3},
            {"degree": 3},
            {"degree": np.int64(3)},
            {"dictionary__degree": 3},
            {"dictionary": {"kind": "monomials"}, "degree": 3},
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("name", ["pydmd.dmd", "koopmark.qr_edmd"])
    def test_short_forms_of_a_dictionary(self, name, options):
        long = methods.get(name, dictionary={"kind": "monomials", "degree": 3})
        assert methods.get(name, **options) == long

    def test_a_kernel_by_its_name(self):
        long = methods.get("pydmd.kernel_edmd", kernel={"kind": "gaussian", "bandwidth": 2.0})
        assert methods.get("pydmd.kernel_edmd", kernel="gaussian", bandwidth=2.0) == long

    def test_classes_take_a_dictionary_by_its_name(self):
        assert methods.SSD(dictionary="identity") == methods.SSD(dictionary=methods.Identity())

    def test_a_misspelt_dictionary_gets_a_suggestion(self):
        for make in (methods.SSD, lambda **options: methods.get("koopmark.ssd", **options)):
            with pytest.raises(ConfigError, match="did you mean 'monomials'"):
                make(dictionary="monomial")

    def test_an_option_of_several_dictionaries_asks_for_which(self):
        with pytest.raises(ConfigError, match="say dictionary= as well, one of 'random_fourier'"):
            methods.get("pydmd.dmd", count=20)

    def test_an_option_given_twice_is_refused(self):
        with pytest.raises(ConfigError, match="degree is given beside dictionary"):
            methods.get("pydmd.dmd", dictionary=Monomials(2), degree=3)


class TestModels:
    MODEL = koopmark.fit("koopmark.qr_edmd", X, dt=0.1)
    DELAYED = koopmark.fit("pydmd.hankeldmd", X, dt=0.1, delays=3)

    def test_eigenfunctions_and_dictionary_of_states(self):
        for function in (self.MODEL.eigenfunctions, self.MODEL.dictionary):
            np.testing.assert_array_equal(function(X[0]), function(X[0][:, None]))

    @pytest.mark.parametrize("times", [0.5, [0.5], np.array([0.5]), np.float32(0.5)], ids=repr)
    def test_predictions_of_states_at_a_number_or_a_list_of_times(self, times):
        predicted = self.MODEL.predict(X[:, 0], times)
        np.testing.assert_allclose(predicted[:, 0], X[:, 5], atol=1e-8)

    def test_states_for_a_model_of_windows_get_a_sentence(self):
        assert self.DELAYED.window == 3
        for ask in (self.DELAYED.eigenfunctions, lambda x: self.DELAYED.predict(x, 0.1)):
            with pytest.raises(ValueError, match=r"windows \(P, 3, N\).*data.windows\(3\)"):
                ask(X[0])

    def test_a_wrong_number_of_channels_gets_a_sentence(self):
        with pytest.raises(ValueError, match="fitted to 2 channels, got 3"):
            self.MODEL.eigenfunctions(np.zeros((4, 3)))

    @pytest.mark.parametrize("times", [0.0, [-1.0], [np.nan], [[0.1]]], ids=repr)
    def test_times_that_are_not_ahead_get_a_sentence(self, times):
        with pytest.raises(ValueError, match=r"times must be positive numbers \(K,\)"):
            self.MODEL.predict(X[:, 0], times)


class TestEstimator:
    def test_a_grid_search_over_trials_finds_the_degree(self):
        options = {"dictionary__degree": [1, 2]}
        search = GridSearchCV(koopmark.Estimator("koopmark.qr_edmd"), options, cv=KFold(3))
        assert search.fit(DATA).best_params_ == {"dictionary__degree": 2}
        assert search.best_score_ == pytest.approx(1.0)
        assert_finds_the_rates(search.best_estimator_.model_)

    def test_a_grid_search_takes_a_list_of_trials_of_unequal_length(self):
        arrays = [one[: 12 - k] for k, one in enumerate(X)]
        search = GridSearchCV(
            koopmark.Estimator("koopmark.qr_edmd", dt=0.1), {"degree": [1, 2]}, cv=3
        )
        assert search.fit(arrays).best_params_ == {"degree": 2}

    def test_a_grid_search_over_methods(self):
        estimator = koopmark.Estimator("koopmark.qr_edmd")
        search = GridSearchCV(estimator, {"method": ["pydmd.dmd", methods.QREDMD()]}, cv=3)
        assert search.fit(DATA).best_params_ == {"method": methods.QREDMD()}

    def test_cross_validation_scores_held_out_trials(self):
        good, poor = (
            cross_val_score(koopmark.Estimator("koopmark.qr_edmd", degree=degree), DATA, cv=3)
            for degree in (2, 1)
        )
        assert good == pytest.approx(1.0)
        assert (poor < 0.9).all()

    def test_the_score_is_r_squared_of_free_forecasts(self):
        estimator = koopmark.Estimator("koopmark.qr_edmd", degree=1).fit(DATA)
        predicted = estimator.predict(X[:, 0], 0.1 * np.arange(1, 12))
        truth = X[:, 1:]
        left = np.sum((predicted - truth) ** 2) / np.sum((truth - truth.mean(axis=(0, 1))) ** 2)
        assert estimator.score(DATA) == pytest.approx(1 - left)

    def test_forecasts_that_blow_up_have_a_finite_score(self):
        growing = Trajectories(np.exp(np.arange(12.0))[None, :, None] * [1.0, 2.0], dt=0.1)
        estimator = koopmark.Estimator("pydmd.dmd", svd_rank=1).fit(growing)
        far = Trajectories(np.random.default_rng(0).normal(size=(1, 900, 2)), dt=0.1)
        assert estimator.score(far) == -1e9

    def test_train_test_split_keeps_trajectories_with_their_gaps(self):
        states = X.copy()
        states[0, 3] = np.nan
        train, test = train_test_split(Trajectories(states, dt=0.1), random_state=0)
        assert type(train) is Trajectories
        assert len(train) + len(test) == 9
        assert sum(not part.full for part in (train, test)) == 1

    def test_clone_and_pickle(self):
        estimator = koopmark.Estimator("koopmark.qr_edmd", dt=0.1, degree=3).fit(X)
        assert pickle.loads(pickle.dumps(estimator)).score(X) == estimator.score(X)
        copied = clone(estimator)
        assert not hasattr(copied, "model_")
        assert copied.get_params(deep=False) == estimator.get_params(deep=False)

    def test_parameters_name_all_options_and_what_they_hold(self):
        params = koopmark.Estimator("koopmark.qr_edmd", degree=3).get_params()
        assert params["dictionary__degree"] == 3
        assert params.keys() >= {"method", "dt", "tolerance", "dictionary"}

    def test_what_is_set_last_holds(self):
        estimator = koopmark.Estimator("koopmark.qr_edmd", degree=3)
        estimator.set_params(dictionary__degree=4)
        assert estimator.get_params()["dictionary__degree"] == 4

    def test_an_unknown_parameter_gets_a_sentence(self):
        with pytest.raises(ConfigError, match="no option 'tolerence': did you mean 'tolerance'"):
            koopmark.Estimator("koopmark.qr_edmd").set_params(tolerence=1.0)

    def test_a_matrix_would_be_split_by_its_rows_and_is_refused(self):
        with pytest.raises(ValueError, match=r"give X\[None\] for one trial"):
            koopmark.Estimator("pydmd.dmd", dt=0.1).fit(X[0])

    def test_a_method_without_forecasts_gets_a_sentence(self):
        class Silent(LinearModel):
            def predict(self, windows, times):
                return None

        estimator = koopmark.Estimator("koopmark.qr_edmd").fit(DATA)
        model = estimator.model_
        estimator.model_ = Silent(model.lift, model.coefficients, model.rates, model.dt)
        with pytest.raises(ValueError, match="does not predict states"):
            estimator.score(DATA)


class TestImports:
    def test_every_method_has_the_documented_import(self):
        homes = {"koopmark": methods, "anchor": methods.anchors}
        for name, method in methods.REGISTRY.items():
            family = name.partition(".")[0]
            home = homes.get(family) or getattr(methods, family)
            assert getattr(home, type(method).__name__) is type(method), name

    def test_dir_lists_every_public_name_once_and_nothing_private(self):
        listed = dir(koopmark)
        assert len(listed) == len(set(listed))
        assert {"fit", "score", "Trajectories", "Estimator", "methods"} <= set(listed)
        assert [name for name in listed if name.startswith("_")] == ["__version__"]
        for name in listed:
            assert getattr(koopmark, name) is not None

    def test_a_skip_says_why_nothing_can_be_fitted(self):
        scattered = np.full((1, 8, 2), np.nan)
        scattered[0, ::3] = X[0, :3]
        with pytest.raises(Skip, match="nothing is left to fit"):
            koopmark.fit("pydmd.hankeldmd", scattered, dt=0.1)
