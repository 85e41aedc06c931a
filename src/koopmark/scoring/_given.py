"""Checks of the models that users pass to public functions."""

from typing import Any

from koopmark.models import Model


def expect_model(given: Any, user: str) -> None:
    """Raise TypeError if the argument is not a Model.

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
