"""Every registered method keeps to the contract, and the contract catches what breaks it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from koopmark import methods
from koopmark.methods import LinearModel, Method, contract

EVERY = methods.names()


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", EVERY)
def test_every_method_keeps_to_the_contract(name, check):
    method = methods.get(name)
    missing = methods.availability(method)
    assert missing is None, missing
    try:
        check(methods.get(name, **method.trial))
    except methods.Skip as reason:
        pytest.skip(str(reason))


@dataclass(frozen=True)
class Sound(Method):
    """Least squares in the state; the others below break one thing each."""

    factor: float = 1.0
    seed: int = 0

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        return self._model(np.linalg.lstsq(x, y, rcond=None)[0], trajectories.dt)

    def _pairs(self, trajectories):
        return trajectories.pairs()

    def _model(self, operator, dt):
        return LinearModel.from_operator(operator, dt, lambda states: states)


class Modes(Sound):
    """Takes modes for eigenfunctions."""

    def _model(self, operator, dt):
        return LinearModel.from_operator(operator.T, dt, lambda states: states)


class Glued(Sound):
    """Fits across the seams between trajectories."""

    def _pairs(self, trajectories):
        states = trajectories.states.reshape(-1, trajectories.states.shape[2])
        return states[:-1], states[1:]


class Unseeded(Sound):
    """Draws from a generator of its own."""

    def _model(self, operator, dt):
        noise = 1e-12 * np.random.default_rng().standard_normal(operator.shape)
        return super()._model(operator + noise, dt)


class Destructive(Sound):
    """Centres the data in place."""

    def _fit(self, trajectories):
        model = super()._fit(trajectories)
        trajectories.states[...] *= 1.0 + 1e-15
        return model


class Transposed(Sound):
    """Gives eigenfunctions as rows."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)

        class Rows(LinearModel):
            def eigenfunctions(self, windows):
                return super().eigenfunctions(windows).T

        return Rows(model.lift, model.coefficients, model.rates, dt)


class Elsewhere(Sound):
    """Lists a dictionary that is not its own."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)

        class Other(LinearModel):
            def dictionary(self, windows):
                return np.ones((len(windows), 1))

        return Other(model.lift, model.coefficients, model.rates, dt)


class Partial(Sound):
    """Gives one pair of three."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)
        return LinearModel(model.lift, model.coefficients[:, :1], model.rates[:1], dt)


class Rescaled(Sound):
    """Takes windows, and says that their states are one unit of time apart."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)
        n = len(operator)
        return LinearModel(lambda x: x[:, -n:], model.coefficients, model.rates, 1.0, window=2)


class Empty(Sound):
    """Forgets to return."""

    def _fit(self, trajectories):
        super()._fit(trajectories)


class Optimistic(Sound):
    """Says that it recovers nothing, in a name that is not there."""

    recovers: ClassVar[str] = "everything"


def broken(method):
    return {verdict.check for verdict in contract.verify(method) if verdict.status == "broken"}


def test_a_sound_method_breaks_nothing():
    assert broken(Sound()) == set()


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (Modes, "is exact where it must be"),
        (Glued, "is exact where it must be"),
        (Unseeded, "repeats itself"),
        (Destructive, "leaves the world alone"),
        (Transposed, "gives a model"),
        (Elsewhere, "combines its dictionary"),
        (Partial, "is exact where it must be"),
        (Rescaled, "gives a model"),
        (Empty, "gives a model"),
        (Optimistic, "is exact where it must be"),
    ],
)
def test_what_breaks_the_contract_is_caught(kind, check):
    assert check in broken(kind())


def test_a_fit_of_whatever_it_is_given_is_caught(monkeypatch):
    monkeypatch.setattr("koopmark.methods.method.check_data", lambda data: None)
    assert "refuses constant data" in broken(Sound())


def test_options_that_json_cannot_hold_are_caught():
    assert "survives json" in broken(Sound(factor=np.inf))


def test_a_reason_instead_of_data_is_a_skipped_check():
    @dataclass(frozen=True)
    class Honest(Sound):
        recovers: ClassVar[str] = "it is a network, trained for a moment"

    skipped = [verdict for verdict in contract.verify(Honest()) if verdict.status == "skipped"]
    assert [verdict.reason for verdict in skipped] == [Honest.recovers] * 2
