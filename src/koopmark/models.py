"""Models: the eigenpairs, functions and forecasts that a fitted method returns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark import _repr
from koopmark._arrays import Gate, Gated, check_finite, real
from koopmark._config import shortened
from koopmark.simulation import SAME_INTERVAL

Lift = Callable[[NDArray], NDArray]
"""Maps states (P, N) to dictionary values (P, D); for delay methods (P, w N), oldest state
first."""


class Model(_repr.ReprMixin, Gated, ABC):
    """Recovered eigenpairs of the Koopman generator.

    Methods of a model receive windows as float64 arrays, converted from any real numbers. States
    (P, N) count as windows of one state. `times` may be a number or a list.
    """

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {
        "eigenfunctions": (real, "windows"),
        "dictionary": (real, "windows"),
        "predict": (real, "windows"),
    }

    def _fitting(self, windows: NDArray) -> NDArray:
        """The windows (P, window, N) of an array, which may be states (P, N) if the window is 1.

        Raises
        ------
        ValueError
            If it has another shape.
        """
        if windows.ndim == 2 and self.window == 1:
            windows = windows[:, None]
        if windows.ndim != 3 or windows.shape[1] != self.window:
            takes = (
                "states (P, N)"
                if self.window == 1
                else f"windows (P, {self.window}, N) of {self.window} states in a row"
            )
            raise ValueError(
                f"this model takes {takes}, got an array of shape {windows.shape}: "
                f"data.windows({self.window}) of Trajectories gives them"
            )
        if self.channels not in (None, windows.shape[2]):
            raise ValueError(
                f"this model was fitted to {self.channels} channels, got {windows.shape[2]}"
            )
        return windows

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "predict" in vars(cls):
            cls.predict = _at_times(cls.predict)  # type: ignore[method-assign]
        if "forced" in vars(cls):
            cls.forced = _under_inputs(cls.forced)  # type: ignore[method-assign]

    window: int = 1
    """Number of successive states that an eigenfunction takes: 1 unless the method uses delays."""

    channels: int | None = None
    """Number N of channels of the training data; set by `Method.fit`."""

    pairs: int | None = None
    """Number of pairs of successive recorded states in the training data, M (T - 1) if nothing is
    missing; set by `Method.fit`."""

    pairs_used: int | None = None
    """Number of these pairs that the fit used; None for all. Set by `Method.fit` from calls of
    `koopmark.methods.remarks.fitted_to`."""

    dt: float
    """Sampling interval of the training data: the spacing of the states in a window, and the
    interval by which frequencies beyond π / dt are told from their aliases."""

    @property
    @abstractmethod
    def eigenvalues(self) -> NDArray[np.complex128]:
        """Continuous-time eigenvalues (s,) per unit of time; NaN or infinite if the log fails."""

    @abstractmethod
    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        """Values (P, s) at the last state of each of the `windows` (P, window, N)."""

    def dictionary(self, windows: NDArray) -> NDArray | None:  # noqa: ARG002
        """Values (P, D) of the dictionary functions; None if the method has no such list."""
        return None

    def predict(
        self,
        windows: NDArray,  # noqa: ARG002
        times: NDArray,  # noqa: ARG002
        inputs: NDArray | None = None,  # noqa: ARG002
    ) -> NDArray | None:
        """States (P, K, N) that follow `windows` (P, window, N); None if it makes no predictions.

        `times` (K,) are positive, in the time unit of the eigenvalues, and count from the last
        state of each window. They need not be multiples of the sampling interval; a model that can
        only step by the interval returns None for others. `inputs` (P, K, q) are held until each
        time, from the time before or from the last state of the window. A model fitted without
        inputs ignores them, and your own model class may omit the parameter.

        Raises
        ------
        ValueError
            If times are not positive, or inputs are of another number than the model was fitted to,
            or not finite.
        """
        return None

    @property
    def multipliers(self) -> NDArray[np.complex128] | None:
        """Multipliers μ = φ(x⁺) / φ(x) (s,) per sampling interval; None if it gives only λ.

        Scores for maps use multipliers, since μ = 0 has no logarithm and negative μ are on its
        branch cut.
        """
        return None

    @property
    def gains(self) -> NDArray | None:
        """Gains g (s, q) with φ(x⁺) = μ φ(x) + g v for inputs v held over the interval.

        None if the method does not use inputs. If their effect is not only linear, the gains are
        its linear part, and `forced` gives the whole effect.
        """
        return None

    def forced(self, windows: NDArray, inputs: NDArray) -> NDArray | None:  # noqa: ARG002
        """Effect φ(x⁺) - μ φ(x) (P, s) of held inputs (P, q) at `windows` (P, window, N).

        None if the method does not use inputs. The effect must vanish with the inputs.

        Raises
        ------
        ValueError
            If inputs are of another number than the model was fitted to, or not finite.
        """
        gains = self.gains
        return None if gains is None else _fitting_inputs(self, inputs) @ np.asarray(gains).T

    @property
    def residuals(self) -> NDArray[np.float64] | None:
        """The method's own training residual (s,) of each pair; None if it has none."""
        return None

    note: str = ""
    """Remarks for readers of the results, such as that one trajectory was used."""

    def noted(self, remarks: Iterable[str]) -> Self:
        """The same model with these remarks added to its note."""
        noted = copy(self)
        # Models are frozen dataclasses for the most part, but need not be dataclasses at all.
        object.__setattr__(noted, "note", "; ".join(filter(None, [self.note, *remarks])))
        return noted

    def _facts(self) -> list[str]:
        count = len(self.eigenvalues)
        return [f"{count:,} eigenpair{'' if count == 1 else 's'}", f"window {self.window}"]

    def _details(self) -> _repr.Details:
        """The eigenpairs with the least residuals, or else those that decay slowest."""
        values, residuals = np.asarray(self.eigenvalues, dtype=complex), self.residuals
        columns = ["λ", "growth Re λ", "frequency |Im λ| / 2π"]
        rank = -values.real if residuals is None else residuals
        # NaN sorts last; a pair without a finite eigenvalue goes there too.
        order = np.argsort(np.where(np.isfinite(values), rank, np.nan), kind="stable")
        shown = order[: _repr.ROWS]
        rows = [
            [
                _repr.eigenvalue(value),
                _repr.number(value.real),
                _repr.number(abs(_repr.imaginary(value)) / (2 * np.pi)),
            ]
            for value in values[shown]
        ]
        if residuals is not None:
            columns.append("training residual")
            rows = [[*row, _repr.error(residuals[k])] for row, k in zip(rows, shown, strict=True)]
        return _repr.Details(columns, rows, len(values), self.note)


def _at_times(predict: Callable[..., Any]) -> Callable[..., Any]:
    """`predict` for times that may be a number or a list; raises ValueError unless positive."""

    driven = "inputs" in signature(predict).parameters

    @wraps(predict)
    def careful(
        self: Model, windows: NDArray, times: ArrayLike, inputs: ArrayLike | None = None
    ) -> NDArray | None:
        ahead = np.atleast_1d(real(times, "times"))
        if ahead.ndim > 1 or not (np.isfinite(ahead) & (ahead > 0.0)).all():
            raise ValueError(
                "times must be positive numbers (K,), counted from the last state of each window, "
                f"got {shortened(repr(times))}"
            )
        held = {}
        if driven and inputs is not None:
            held["inputs"] = real(inputs, "inputs")
            if held["inputs"].shape[:2] != (len(windows), len(ahead)):
                raise ValueError(
                    f"inputs must have shape ({len(windows)}, {len(ahead)}, q), those held before "
                    f"each time, got {held['inputs'].shape}"
                )
            _fitting_inputs(self, held["inputs"])
        predicted: NDArray | None = predict(self, windows, ahead, **held)
        return predicted

    return careful


def _under_inputs(forced: Callable[..., Any]) -> Callable[..., Any]:
    """`forced` for inputs that fit the model, or a ValueError."""

    @wraps(forced)
    def careful(self: Model, windows: NDArray, inputs: ArrayLike) -> NDArray | None:
        found: NDArray | None = forced(self, windows, _fitting_inputs(self, inputs))
        return found

    return careful


def _fitting_inputs(model: Model, inputs: ArrayLike) -> NDArray[np.float64]:
    """The inputs (..., q), if the model was fitted to q of them and they are finite."""
    held, gains = real(inputs, "inputs"), model.gains
    if gains is None:
        return held
    if held.shape[-1:] != (count := np.shape(gains)[1],):
        raise ValueError(
            f"this model was fitted to {count} inputs, got inputs of shape {held.shape}, the last "
            "axis of which must be as long"
        )
    check_finite(held, "inputs")
    return held


def continuous(discrete: NDArray, dt: float) -> NDArray[np.complex128]:
    """Continuous-time eigenvalues λ = log(μ) / Δt on the principal branch.

    μ = 0 gives -inf, and counts as not recovered.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.asarray(discrete, dtype=complex)) / dt


def propagate(
    values: NDArray, eigenvalues: NDArray, modes: NDArray, times: NDArray
) -> NDArray[np.float64]:
    """States x(t) = Re Σⱼ e^{λⱼt} φⱼ(x(0)) modesⱼ at each t of `times`.

    Parameters
    ----------
    values : (P, s) array
        Eigenfunctions at the initial states.
    eigenvalues : (s,) array
        Continuous-time eigenvalues. A pair without a finite one (μ = 0) vanishes at every t > 0.
    modes : (s, N) array
        Modes, with x ≈ φ(x) modes.
    times : (K,) array
        Positive, in units of the time of the eigenvalues.

    Returns
    -------
    (P, K, N) array
        Infinite or NaN if an unstable pair has overflowed.
    """
    lasting = np.isfinite(eigenvalues)
    values, modes, rates = values[:, lasting], modes[lasting], eigenvalues[lasting]
    states = np.empty((len(values), len(times), modes.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        for k, t in enumerate(times):
            states[:, k] = ((values * np.exp(rates * t)) @ modes).real
    return states


def driven(
    values: NDArray,
    multipliers: NDArray,
    gains: NDArray,
    modes: NDArray,
    times: NDArray,
    inputs: NDArray,
    dt: float,
) -> NDArray[np.float64] | None:
    """States x(t) = Re Σⱼ zⱼ(t) modesⱼ under inputs, with zⱼ⁺ = μⱼ zⱼ + gⱼ v over each interval dt.

    None if a time is not a multiple of dt.

    Parameters
    ----------
    values, modes, times
        As for `propagate`.
    multipliers : (s,) array
        μ over dt.
    gains : (s, q) array
        g over dt.
    inputs : (P, K, q) array
        Inputs held until each time, from the time before, or from 0.
    dt : float
    """
    steps = steps_of(times, dt)
    if steps is None:
        return None
    order = np.argsort(steps, kind="stable")
    z = np.asarray(values, dtype=complex)
    states = np.empty((len(values), len(times), modes.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        for place, count in zip(order, np.diff(steps[order], prepend=0), strict=True):
            force = inputs[:, place] @ gains.T
            for _ in range(count):
                z = multipliers * z + force
            states[:, place] = (z @ modes).real
    return states


def steps_of(times: NDArray, dt: float) -> NDArray[np.intp] | None:
    """Number of intervals `dt` in each of the `times`; None if one is not a multiple."""
    steps = np.rint(np.asarray(times) / dt)
    exact = np.abs(times - steps * dt) <= SAME_INTERVAL * dt
    return steps.astype(int) if exact.all() else None


@dataclass(frozen=True, eq=False)
class LinearModel(Model):
    """A model with eigenfunctions φ(x) = ψ(x) C that are linear in a dictionary ψ.

    Parameters
    ----------
    lift : callable
        ψ: (P, N) states to (P, D); with a `window` above 1, the states of a window side by side,
        oldest first, (P, window N) to (P, D).
    coefficients : (D, s) array
        C: column j holds the coefficients of eigenfunction j.
    rates : (s,) array
        Continuous-time eigenvalues.
    dt : float
        Sampling interval of the data.
    modes : (s, N) array, optional
        Modes, with x ≈ φ(x) modes, for predictions.
    training_residuals : (s,) array, optional
        The method's own residuals.
    window : int
        Number of successive states that ψ takes.
    note : str
        See `Model`.
    discrete : (s,) array, optional
        Multiplier μ of each pair, if the method gives them.
    input_gains : (s, q) array, optional
        Gains g of each pair, see `Model.gains`.
    """

    lift: Lift
    coefficients: NDArray
    rates: NDArray[np.complex128]
    dt: float
    modes: NDArray | None = None
    training_residuals: NDArray[np.float64] | None = None
    window: int = 1
    note: str = ""
    discrete: NDArray[np.complex128] | None = None
    input_gains: NDArray | None = None

    @classmethod
    def from_modes(
        cls,
        discrete: NDArray,
        modes: NDArray,
        dt: float,
        lift: Lift,
        state: slice | None = None,
    ) -> Self:
        """A model from μ (s,) and modes Φ (D, s) of ψ(x⁺) = A ψ(x); eigenfunctions are rows of Φ⁺.

        `state` says which entries of ψ are the state; these rows of Φ give the modes of the state.
        """
        readout = None if state is None else modes[state].T
        rates = continuous(discrete, dt)
        return cls(lift, np.linalg.pinv(modes).T, rates, dt, readout, discrete=discrete)

    @classmethod
    def from_coefficients(
        cls,
        discrete: NDArray,
        coefficients: NDArray,
        dt: float,
        lift: Lift,
        state: slice | None = None,
        note: str = "",
    ) -> Self:
        """A model from μ (s,) and the coefficients C (D, s) of the eigenfunctions in ψ.

        `state` says which columns of ψ are the state. The modes M solve C M ≈ 1 there in least
        squares over the coefficients.
        """
        modes = None
        if state is not None:
            unit = np.eye(len(coefficients))[:, state].astype(coefficients.dtype)
            modes = np.linalg.lstsq(coefficients, unit, rcond=None)[0]
        rates = continuous(discrete, dt)
        return cls(lift, coefficients, rates, dt, modes, note=note, discrete=discrete)

    @classmethod
    def from_operator(
        cls, operator: NDArray, dt: float, lift: Lift, state: slice | None = None, note: str = ""
    ) -> Self:
        """A model from the right eigenvectors of K (D, D), with ψ(x⁺) ≈ ψ(x) K for rows ψ.

        `state` is as for `from_coefficients`.
        """
        return cls.from_coefficients(*np.linalg.eig(operator), dt, lift, state, note)

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        return self.rates

    @property
    def multipliers(self) -> NDArray[np.complex128] | None:
        return None if self.discrete is None else np.asarray(self.discrete, dtype=complex)

    @property
    def gains(self) -> NDArray | None:
        return self.input_gains

    @property
    def residuals(self) -> NDArray[np.float64] | None:
        return self.training_residuals

    def _facts(self) -> list[str]:
        return [*super()._facts(), f"dictionary of {len(self.coefficients):,}"]

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        return np.asarray(self.lift(self._seen(windows)) @ self.coefficients, dtype=complex)

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return self.lift(self._seen(windows))

    def predict(
        self, windows: NDArray, times: NDArray, inputs: NDArray | None = None
    ) -> NDArray | None:
        if self.modes is None:
            return None
        values = self.eigenfunctions(windows)
        if inputs is None or self.gains is None:
            return propagate(values, self.rates, self.modes, times)
        step = self.multipliers
        if step is None:
            step = np.where(np.isfinite(self.rates), np.exp(self.rates * self.dt), 0.0)
        return driven(values, step, self.gains, self.modes, times, inputs, self.dt)

    def _seen(self, windows: NDArray) -> NDArray:
        """What ψ takes of the windows (P, w, N)."""
        return windows[:, -1] if self.window == 1 else windows.reshape(len(windows), -1)
