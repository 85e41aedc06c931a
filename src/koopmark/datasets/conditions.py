"""Which sections of a recipe can be combined and have an answer key."""

from math import log
from typing import TYPE_CHECKING

from koopmark.datasets.answer_key import AnswerKey
from koopmark.systems import NoKey
from koopmark.systems.own_sections import is_own

if TYPE_CHECKING:
    from koopmark.datasets.recipe import Contents

CONDITIONS = ("map", "inputs", "observation")
"""Sections under which a system has another key."""
MOST_GROWN = 1e6
"""Factor by which the functions of a map may grow over a trajectory."""
WHOLE = 1e-9
"""Relative, of a number of steps."""


def check_conditions(recipe: "Contents") -> None:
    """Raise ConfigError for sections that cannot be combined, or that have no answer key.

    Only the first seed is checked, since seeds change the numbers of systems and sensors, not their
    kinds.

    Raises
    ------
    ValueError
        If they cannot; the message names the section and what would help.
    """
    under = [name for name in CONDITIONS if getattr(recipe, name) != _absent(recipe, name)]
    if not under and not is_own(recipe.system.kind):
        return
    system = recipe.system.build(0)
    if recipe.map.alpha is not None:
        try:
            system = system.as_map(recipe.map.alpha)
        except ValueError as error:
            raise ValueError(f"map: {error}") from None
        _check_growth(recipe.map.alpha, recipe.sampling.steps * recipe.sampling.dt)
    if system.discrete:
        _check_steps(recipe)
    if recipe.truth.principal and (under or system.discrete):
        what = " and ".join(f"[{name}]" for name in under) or "a map"
        raise ValueError(
            f"truth: principal = true with {what}: principal eigenfunctions are known only for "
            "flows without inputs or sensors: leave it out"
        )
    inputs, steps = recipe.inputs, recipe.sampling.steps
    if inputs.kind == "multisine" and steps < 3 * inputs.channels:
        raise ValueError(
            f"inputs: multisine of {inputs.channels} channels over {steps} steps: each needs "
            f"frequencies of its own, so at least {3 * inputs.channels} steps"
        )
    sensors = None
    if "observation" in under:
        try:
            sensors = recipe.observation.sees(system.size, 0)
            AnswerKey.of(system, recipe.max_degree, sensors)
        except ValueError as error:
            raise ValueError(f"observation: {error}") from None
    if inputs.channels:
        driven = inputs.drive(system, 0)
        try:
            AnswerKey.of(driven, recipe.max_degree, sensors)
        except NoKey as error:
            if sensors is None:
                raise ValueError(f"inputs: {error}") from None
            # Without inputs there is a key, as was asked above.
            raise ValueError(
                f"inputs: they reach every function of what {sensors.channels} sensors show that "
                f"is known of this {type(system).__name__}: let fewer inputs in, let them reach "
                "fewer units, as in units = [0], or take more sensors"
            ) from None


def _check_growth(alpha: float, steps: float) -> None:
    """Refuse maps whose functions leave the range in which states can be told from rounding."""
    factor = abs(1.0 - alpha)
    if factor > 1.0 and steps * log(factor) > log(MOST_GROWN):
        raise ValueError(
            f"map: alpha {alpha:g}: functions grow by |1 - alpha| = {factor:.4g} a step, and by "
            f"more than {MOST_GROWN:.0e} over {steps:g} steps: take alpha up to 2, or a horizon of "
            f"at most {int(log(MOST_GROWN) / log(factor))} steps"
        )


def _check_steps(recipe: "Contents") -> None:
    dt, jitter = recipe.sampling.dt, recipe.trials.jitter
    if abs(dt - round(dt)) > WHOLE * dt:
        raise ValueError(
            f"sampling: dt {dt:g} of a map, whose unit of time is one step: dt must be a whole "
            "number of steps, such as 1"
        )
    if jitter:
        raise ValueError(
            f"trials: jitter {jitter:g} of a map, which has no states between its steps: leave "
            "jitter out"
        )


def _absent(recipe: "Contents", name: str) -> object:
    """What the section is if the file does without it."""
    return type(recipe).model_fields[name].default
