"""What users hand to the public functions: models and data, or a sentence."""

from typing import Any

from numpy.typing import ArrayLike

from koopmark.models import Model
from koopmark.simulation import Trajectories


def expect_model(given: Any, user: str) -> None:
    """Refuse what is no Model.

    Raises
    ------
    TypeError
        If it is anything else, with what to do about it.
    """
    if isinstance(given, Model):
        return
    pairs = hasattr(given, "eigenvalues") and hasattr(given, "eigenfunctions")
    hint = (
        "derive its class from koopmark.models.Model, or make a koopmark.models.LinearModel of it"
        if pairs
        else "koopmark.fit(method, data) gives one"
    )
    raise TypeError(f"{user} takes a koopmark Model, got {type(given).__name__}: {hint}")


def given_data(given: Trajectories | ArrayLike, dt: float | None, user: str) -> Trajectories:
    """The data as Trajectories; an array (M, T, N) or (T, N) needs its sampling interval.

    Raises
    ------
    TypeError
        If an array comes without an interval, or Trajectories with one.
    """
    if isinstance(given, Trajectories):
        if dt is not None:
            raise TypeError(f"{user} takes dt with an array only: Trajectories have their times")
        return given
    if isinstance(given, str | bytes | dict | Model) or not hasattr(given, "__len__"):
        return Trajectories.expected(given, user)
    if dt is None:
        raise TypeError(
            f"{user} takes Trajectories, or an array with dt, its sampling interval: an array "
            "alone has no times"
        )
    return Trajectories(given, dt=dt)
