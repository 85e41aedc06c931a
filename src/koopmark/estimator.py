"""Methods as scikit-learn estimators, for searches, splits and `clone`."""

from copy import deepcopy
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from koopmark import methods
from koopmark._errors import ConfigError, suggest
from koopmark._repr import ReprMixin
from koopmark.methods import Method
from koopmark.models import Model
from koopmark.simulation import Trajectories

if TYPE_CHECKING:
    from sklearn.utils import Tags

OWN = ("method", "dt")
"""Parameters of an estimator beside the options of its method."""

LARGEST = 1e100
WORST = -1e9
"""Score of a forecast that diverges; finite, because searches average scores."""


class Estimator(ReprMixin):
    """A method as a scikit-learn estimator.

    For example `GridSearchCV(Estimator("pydmd.dmd"), {"svd_rank": [2, 4]})`.

    Samples are trials, so scikit-learn splits the data by trajectories. An option of a dictionary
    or kernel has its path as name, `dictionary__degree`, or the short form `degree`.

    Parameters
    ----------
    method : str or Method
        A method, as for `koopmark.fit`.
    dt : float, optional
        Sampling interval of data that are arrays; Trajectories have their own.
    **options
        Options of the method, see `koopmark.methods.get`.

    Attributes
    ----------
    model_ : Model
        The fitted model, after `fit`.
    """

    model_: Model

    def __init__(self, method: str | Method, dt: float | None = None, **options: Any) -> None:
        self.method, self.dt, self.options = method, dt, options

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: ARG002
        """Fit the method to the trials `X`.

        Parameters
        ----------
        X : Trajectories, (M, T, N) array_like, or list of (Tᵢ, N) array_like
            Inputs are possible with Trajectories only, and are split with them.
        y : None
            Not used.

        Raises
        ------
        ConfigError, ValueError, TypeError
            As `koopmark.fit`, and if `X` is a matrix, since a split would separate its rows.
        """
        self.model_ = methods.fit(self.method, self._trials(X), **self.options)
        return self

    def score(self, X: Any, y: object = None) -> float:  # noqa: ARG002
        """Skill of forecasts of the trials `X`: R² = 1 - Σ‖x̂ - x‖² / Σ‖x - x̄‖².

        Every segment of `X` is forecast from its first window to its end, without later states, and
        x̄ is the mean of all states that are forecast. 1 is perfect, 0 is as good as the mean, and
        forecasts that diverge score -1e9. No answer key is needed. Methods that use inputs know
        those of `X`; others forecast without them.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If it was not fitted.
        ValueError
            If the method does not predict states, or no segment is longer than the window.
        """
        return forecast_skill(self._fitted("score"), self._trials(X))

    def predict(self, X: Any, times: Any, inputs: Any = None) -> NDArray | None:
        """The `Model.predict` of the fitted model.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If it was not fitted.
        """
        return self._fitted("predict").predict(X, times, inputs=inputs)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters; with `deep`, also all options of the method, nested as `a__b`.

        Raises ConfigError if the method does not exist or an option is not allowed.
        """
        given = {"method": self.method, "dt": self.dt, **self.options}
        return {**_nested(self._method()), **given} if deep else given

    def set_params(self, **params: Any) -> Self:
        """Set parameters by the names that `get_params` returns.

        Raises
        ------
        ConfigError
            If a parameter does not exist, or its value is not allowed.
        """
        method = params.get("method", self.method)
        default = methods.get(method)
        given = {name: value for name, value in params.items() if name not in OWN}
        # Spelled out alone, so that what is new replaces what was set before.
        names = {field.name for field in fields(default)}
        current = default if method is not self.method else self._method()
        known = {**_nested(current), **dict.fromkeys(names)}
        new = current.spelled_out(given)
        for name in new:
            if name not in names:
                hint = suggest(name, [*OWN, *known])
                raise ConfigError(
                    f"{_called(method)} has no option {name!r}: {hint}its options are "
                    f"{', '.join(sorted(names))}"
                )
        kept = self.options if method is self.method else {}
        options = {**{k: v for k, v in current.spelled_out(kept).items() if k in names}, **new}
        methods.get(method, **options)
        self.method, self.options = method, options
        self.dt = params.get("dt", self.dt)
        return self

    def _fitted(self, asked: str) -> Model:
        if not hasattr(self, "model_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(f"this Estimator is not fitted yet: call fit before {asked}")
        return self.model_

    def _method(self) -> Method:
        return methods.get(self.method, **self.options)

    def _trials(self, given: Any) -> Trajectories:
        if isinstance(given, Trajectories):
            return given
        if getattr(given, "ndim", 3) == 2:
            raise ValueError(
                f"an Estimator takes trials, got a matrix of shape {given.shape}, whose rows a "
                "split would tear apart: give X[None] for one trial, or a list of trials"
            )
        return Trajectories.of(given, "an Estimator", dt=self.dt)

    def _facts(self) -> list[str]:
        options = [f"{name}={value!r}" for name, value in self.options.items()]
        return [_called(self.method), *options, *(["fitted"] if hasattr(self, "model_") else [])]

    def __sklearn_clone__(self) -> "Estimator":
        return type(self)(self.method, self.dt, **deepcopy(self.options))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> "Tags":
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(two_d_array=False, three_d_array=True, allow_nan=True),
        )


def forecast_skill(model: Model, data: Trajectories) -> float:
    """R² of the model's forecasts of `data`, as in `Estimator.score`, with the errors."""
    missed = total = 0.0
    blocks = data.blocks(least=model.window + 1)
    if not blocks:
        raise ValueError(
            f"nothing to forecast: no segment without a gap is longer than the window, "
            f"{model.window}"
        )
    truths = [block.states[:, model.window :] for block in blocks]
    largest = max(float(np.abs(truth).max(initial=0.0)) for truth in truths)
    if not largest <= LARGEST:
        raise ValueError(
            f"no score: the states reach {largest:.1g}, and squares of such numbers overflow: give "
            f"them in a unit in which they stay below {LARGEST:g}"
        )
    mean = np.concatenate([truth.reshape(-1, truth.shape[2]) for truth in truths]).mean(axis=0)
    for block, truth in zip(blocks, truths, strict=True):
        times = block.times[model.window :] - block.times[model.window - 1]
        held = None if block.inputs is None else block.inputs[:, model.window - 1 : -1]
        with np.errstate(over="ignore", invalid="ignore"):
            predicted = model.predict(block.rolling(model.window)[:, 0], times, inputs=held)
            if predicted is None:
                raise ValueError(
                    "the method does not predict states at these times, by which an Estimator "
                    "scores: give the search a `scoring` of your own"
                )
            missed += float(np.sum((predicted - truth) ** 2))
        total += float(np.sum((truth - mean) ** 2))
    if total == 0.0:
        raise ValueError("nothing to forecast: the states do not vary")
    skill = 1.0 - missed / total
    return max(skill, WORST) if np.isfinite(skill) else WORST


def _nested(options: Any, place: str = "") -> dict[str, Any]:
    """The fields of a dataclass, those of its fields as `a__b`."""
    found: dict[str, Any] = {}
    for field in fields(options):
        value = getattr(options, field.name)
        found[place + field.name] = value
        if is_dataclass(value) and not isinstance(value, type):
            found |= _nested(value, f"{place}{field.name}__")
    return found


def _called(method: str | Method) -> str:
    return method if isinstance(method, str) else type(method).__name__
