"""Every registered method keeps to the contract, and the contract catches what breaks it."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from koopmark import methods
from koopmark._verdicts import described, verdict
from koopmark.methods import InformedMethod, Method, Tags, contract
from koopmark.methods.remarks import fitted_to
from koopmark.models import LinearModel


def distinct():
    """Names of methods; of those that differ in nothing but their dictionary the first."""
    seen = {}
    for name in methods.names():
        method = methods.get(name)
        options = {key: str(it) for key, it in method.to_options().items() if key != "dictionary"}
        seen.setdefault((type(method), *options.items()), name)
    return list(seen.values())


EVERY = distinct()


@pytest.mark.parametrize("name", EVERY)
def test_every_method_keeps_to_the_contract(name):
    method = methods.get(name)
    missing = methods.availability(method)
    assert missing is None, missing
    verdicts = list(contract.verify(methods.get(name, **method.promises().trial)))
    assert len(verdicts) == len(contract.CHECKS)
    broken = [f"{one.check}: {one.reason}" for one in verdicts if one.status == "broken"]
    assert not broken, "\n".join(broken)


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
    """Says that it recovers data that are not there."""

    tags = Tags(recovers="everything")


class Hungry(Sound):
    """Needs a state more than it says."""

    def _pairs(self, trajectories):
        if trajectories.states.shape[1] < 3:
            raise ValueError("too few")
        return trajectories.pairs()


class Shy(Sound):
    """Says that it needs a state more than it does."""

    tags = Tags(min_states=3)


@dataclass(frozen=True)
class Guessing(InformedMethod):
    """Goes on without the key."""

    def _fit(self, trajectories, key):
        return Sound()._fit(trajectories)


class Slow(Sound):
    """Takes what turns by more than a radian in a step for noise."""

    def _model(self, operator, dt):
        return chosen(super()._model(operator, dt), lambda model: abs(model.rates.imag) * dt < 1)


class Distinct(Sound):
    """Gives each eigenvalue once."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)
        return chosen(model, lambda model: np.unique(model.rates.round(6), return_index=True)[1])


class Copied(Sound):
    """Gives one eigenfunction as often as its eigenvalue is there."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)
        return chosen(
            model, lambda model: abs(model.rates[:, None] - model.rates).round(6).argmin(axis=1)
        )


class Truncated(Sound):
    """Keeps two directions."""

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        basis = np.linalg.svd(x, full_matrices=False)[2][:2].T
        operator = np.linalg.lstsq(x @ basis, y @ basis, rcond=None)[0]
        return LinearModel.from_operator(operator, trajectories.dt, lambda states: states @ basis)


class Full(Sound):
    """Divides by every singular value."""

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        operator = np.linalg.pinv(x, rcond=0.0) @ (y + 1e-15 * np.cos(1e6 * y))
        return self._model(operator, trajectories.dt)


class Haunted(Sound):
    """Lets a direction without data grow."""

    def _fit(self, trajectories):
        model = super()._fit(trajectories)
        _, s, vt = np.linalg.svd(trajectories.pairs()[0], full_matrices=False)
        empty = vt[s < 1e-10 * s[0]].T
        coefficients = np.hstack([model.coefficients, empty])
        rates = np.append(model.rates, np.full(empty.shape[1], 9.0))
        return LinearModel(model.lift, coefficients, rates, model.dt)


class Hasty(Sound):
    """Takes the first pairs, and says nothing."""

    def _pairs(self, trajectories):
        x, y = trajectories.pairs()
        return x[:100], y[:100]


class Absolute(Sound):
    """Drops singular values below a millionth, in whatever units."""

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        kept = s > 1e-6
        return self._model((vt[kept].T / s[kept]) @ u[:, kept].T @ y, trajectories.dt)


class Ridge(Sound):
    """Adds a small ridge, in whatever units."""

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        gram = x.T @ x + 1e-9 * np.eye(x.shape[1])
        return self._model(np.linalg.solve(gram, x.T @ y), trajectories.dt)


class Standardised(Sound):
    """Divides each channel by its standard deviation."""

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        scale = x.std(axis=0)
        with np.errstate(divide="ignore"):
            return LinearModel.from_operator(
                np.linalg.lstsq(x / scale, y / scale, rcond=None)[0],
                trajectories.dt,
                lambda states: states / scale,
            )


class Narrow(Sound):
    """Computes in the precision in which the data are stored."""

    def _pairs(self, trajectories):
        states = trajectories.states
        return (part.reshape(-1, states.shape[2]) for part in (states[:, :-1], states[:, 1:]))

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        return self._model(np.linalg.lstsq(x, y, rcond=None)[0].astype(float), trajectories.dt)


class Silent(Sound):
    """Lets nobody add to the note of its model."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)

        class Mute(LinearModel):
            def noted(self, remarks):
                return self

        return Mute(model.lift, model.coefficients, model.rates, dt)


class Excused(Sound):
    """Says that it loses what nobody asks for."""

    tags = Tags(loses={"chaos": "it is linear"})


class Segmented(Sound):
    """Reads data with gaps."""

    tags = Tags(sampling="segments")


class Blind(Segmented):
    """Claims to read data with gaps, and reads the array."""

    def _pairs(self, trajectories):
        states = trajectories.states
        return (part.reshape(-1, states.shape[2]) for part in (states[:, :-1], states[:, 1:]))


class Unguarded(Blind):
    """The same, with an algorithm that does not raise."""

    def _model(self, operator, dt):
        return LinearModel(lambda states: states, operator, np.diag(operator).astype(complex), dt)

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        return self._model(x.T @ y, trajectories.dt)


class Filling(Blind):
    """Fills gaps with zeros, and promises nothing."""

    tags = Tags(sampling="segments").none("it fills gaps")

    def _pairs(self, trajectories):
        return (np.nan_to_num(part) for part in super()._pairs(trajectories))


class Jumping(Segmented):
    """Takes the state behind a gap for the next one."""

    def _pairs(self, trajectories):
        parts = [record.states for record in trajectories.records(2)]
        return (
            np.vstack([part[:, cut].reshape(-1, part.shape[2]) for part in parts])
            for cut in (slice(None, -1), slice(1, None))
        )


class Longest(Segmented):
    """Takes the longest segments alone, and says nothing."""

    def _pairs(self, trajectories):
        return trajectories.blocks()[0].pairs()


class Even(Sound):
    """Claims to read uneven times, and reads pairs at one sampling interval."""

    tags = Tags(sampling="any")


class Boastful(Segmented):
    """Counts pairs that data with gaps do not have."""

    def _pairs(self, trajectories):
        m, t, _ = trajectories.states.shape
        fitted_to(m * (t - 1) - 1, "all but one")
        return trajectories.pairs()


class Driven(Sound):
    """Least squares in the state and the inputs; those below break one thing of inputs each."""

    tags = Tags(sampling="segments", inputs=True)

    def _fit(self, trajectories):
        x, y = self._pairs(trajectories)
        v = self._held(trajectories)
        both = np.linalg.lstsq(np.hstack([x, v]), y, rcond=None)[0]
        n = x.shape[1]
        model = self._model(both[:n], trajectories.dt)
        if trajectories.inputs is None:
            return model
        return replace(model, input_gains=self._gains(both[n:], model, trajectories))

    def _held(self, trajectories):
        return trajectories.held()

    def _gains(self, b, model, trajectories):
        return (b @ model.coefficients).T


class Deaf(Sound):
    """Says that it uses inputs, and does not."""

    tags = Tags(sampling="segments", inputs=True)


class Rates(Driven):
    """Gives what inputs do in a unit of time."""

    def _gains(self, b, model, trajectories):
        return super()._gains(b, model, trajectories) / trajectories.dt


class OfStates(Driven):
    """Gives the gains of the state for those of the functions."""

    def _gains(self, b, model, trajectories):
        return b.T


class Late(Driven):
    """Takes the inputs of the next step."""

    def _held(self, trajectories):
        if trajectories.inputs is None:
            return super()._held(trajectories)
        return np.roll(trajectories.held(), -1, axis=0)


class Unaligned(Driven):
    """Takes inputs in the order of the array, whatever pairs there are."""

    def _held(self, trajectories):
        held = trajectories.held()
        if trajectories.inputs is None:
            return held
        every = trajectories.inputs[:, :-1].reshape(-1, held.shape[1])
        return np.nan_to_num(every)[: len(held)]


class Shrunk(Driven):
    """Adds a decay if there are inputs that are 0."""

    def _fit(self, trajectories):
        model = super()._fit(trajectories)
        if trajectories.inputs is None:
            return model
        rates = model.rates - (0.1 if not trajectories.held().any() else 0.0)
        return replace(model, rates=rates, discrete=np.exp(rates * model.dt))


class Restless(Driven):
    """Moves its functions without inputs."""

    def _fit(self, trajectories):
        model = super()._fit(trajectories)

        class Moving(LinearModel):
            def forced(self, windows, inputs):
                return inputs @ self.gains.T + 1e-12

        return Moving(**{one.name: getattr(model, one.name) for one in fields(model)})


class Unmoved(Driven):
    """Predicts as if there were no inputs."""

    def _model(self, operator, dt):
        model = LinearModel.from_operator(operator, dt, lambda x: x, slice(None))

        class Autonomous(LinearModel):
            def predict(self, windows, times, inputs=None):
                return super().predict(windows, times)

        return Autonomous(**{one.name: getattr(model, one.name) for one in fields(model)})


class Positive(Sound):
    """Takes the size of a multiplier for the multiplier."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)
        if dt < 1.0:
            return model
        return replace(model, discrete=abs(model.discrete).astype(complex))


class Lasting(Sound):
    """Drops what is gone after a step."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)
        kept = abs(model.discrete) > 1e-6
        return LinearModel(
            model.lift,
            model.coefficients[:, kept],
            model.rates[kept],
            dt,
            discrete=model.discrete[kept],
        )


class Confused(Sound):
    """Gives λ for μ."""

    def _model(self, operator, dt):
        model = super()._model(operator, dt)
        return replace(model, discrete=model.rates)


def chosen(model, which):
    """The model of some of its pairs."""
    kept = which(model)
    return LinearModel(model.lift, model.coefficients[:, kept], model.rates[kept], model.dt)


CHECKS = {described(check)[0]: check for check in contract.CHECKS}


def breaks(method, check):
    return verdict(CHECKS[check], method).status == "broken"


@pytest.mark.parametrize("kind", [Sound, Segmented, Driven])
def test_a_sound_method_breaks_nothing(kind):
    assert {verdict.status for verdict in contract.verify(kind()) if used(verdict)} == {"passed"}


def used(verdict):
    return verdict.reason != "it does not use inputs"


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
        (Slow, "finds fast pairs beside slow rates"),
        (Distinct, "finds repeated eigenvalues"),
        (Copied, "finds repeated eigenvalues"),
        (Truncated, "finds fast pairs beside slow rates"),
        (Full, "works in the rank of the data"),
        (Haunted, "works in the rank of the data"),
        (Absolute, "knows no units"),
        (Ridge, "knows no units"),
        (Standardised, "ignores a constant channel"),
        (Narrow, "reads numbers of every type"),
        (Silent, "says what the data leave in doubt"),
        (Excused, "knows no units"),
        (Hungry, "needs as many states as it says"),
        (Shy, "needs as many states as it says"),
        (Hasty, "says that it uses a part of the data"),
        (Guessing, "asks for the key that it needs"),
        (Jumping, "uses what was recorded"),
        (Boastful, "uses what was recorded"),
        (Filling, "ignores what was not recorded"),
        (Longest, "says that it uses a part of the data"),
        (Even, "says that it uses a part of the data"),
        (Deaf, "recovers what inputs do"),
        (Rates, "recovers what inputs do"),
        (OfStates, "recovers what inputs do"),
        (Late, "recovers what inputs do"),
        (Unaligned, "recovers what inputs do beside gaps"),
        (Shrunk, "is still without inputs"),
        (Restless, "is still without inputs"),
        (Unmoved, "follows inputs"),
        (Positive, "finds multipliers of a map"),
        (Lasting, "finds multipliers of a map"),
        (Confused, "says one thing of its eigenvalues"),
    ],
)
def test_what_breaks_the_contract_is_caught(kind, check):
    assert breaks(kind(), check)


@pytest.mark.parametrize(("kind", "found"), [(Blind, "fails with"), (Unguarded, "not finite")])
def test_a_method_that_reads_what_was_not_recorded_is_told_what_to_read(kind, found):
    verdict = contract.verdict(contract.uses_what_was_recorded, kind())
    assert verdict.status == "broken"
    assert found in verdict.reason
    assert verdict.reason.endswith(contract.READ_SEGMENTS)


def test_data_too_short_for_a_method_that_says_so_are_a_skipped_check():
    @dataclass(frozen=True)
    class Patient(Segmented):
        tags = Tags(sampling="segments", min_states=12)

    verdict = contract.verdict(contract.uses_what_was_recorded, Patient())
    assert verdict.status == "skipped"
    assert "no 12 recorded states in a row" in verdict.reason


def test_a_fit_of_whatever_it_is_given_is_caught(monkeypatch):
    monkeypatch.setattr("koopmark.methods._method.check_data", lambda data: None)
    assert breaks(Sound(), "refuses constant data")


def test_options_that_json_cannot_hold_are_caught():
    assert breaks(Sound(factor=np.inf), "survives json")


def test_a_reason_instead_of_data_is_a_skipped_check():
    @dataclass(frozen=True)
    class Honest(Sound):
        tags = Tags().none("it is a network, trained for a moment")

    verdicts = list(contract.verify(Honest()))
    reasons = {verdict.reason for verdict in verdicts if verdict.reason and used(verdict)}
    assert reasons == {Honest.tags.unrecoverable}


def test_a_declared_loss_is_a_skipped_check_and_its_reason_is_given():
    @dataclass(frozen=True)
    class Declared(Ridge):
        tags = Tags(loses={"units": "its ridge has units"})

    (verdict,) = [one for one in contract.verify(Declared()) if one.reason and used(one)]
    assert (verdict.check, verdict.reason) == ("knows no units", "its ridge has units")


# Some iterate for minutes instead: CVXOPT over a programme in units that it cannot solve, PyDMD's
# variable projection (on some processors) from a start that is not finite. What is lost by rounding
# on some processors is not on others.
LOSSES = [
    (name, loss)
    for name in EVERY
    for loss, reason in methods.get(name).promises().loses.items()
    if "cvxopt" not in methods.get(name).tags.requires
    and "on some processors" not in reason
    and (name, loss) != ("pydmd.varprodmd", "constant")
]


@pytest.mark.parametrize(("name", "loss"), LOSSES)
def test_what_a_method_says_it_loses_it_does_lose(name, loss, monkeypatch):
    promised = methods.get(name).promises()
    method = methods.get(name, **promised.trial)
    left = {other: reason for other, reason in promised.loses.items() if other != loss}
    promising = replace(promised, loses=left)
    monkeypatch.setattr(type(method), "promises", lambda self: promising)
    checks = {
        "fast": contract.finds_fast_pairs_beside_slow_rates,
        "repeated": contract.finds_repeated_eigenvalues,
        "low rank": contract.works_in_the_rank_of_the_data,
        "constant": contract.ignores_a_constant_channel,
        "units": contract.knows_no_units,
        "map": contract.finds_multipliers_of_a_map,
        "inputs": contract.recovers_what_inputs_do,
    }
    assert verdict(checks[loss], method).status == "broken"
