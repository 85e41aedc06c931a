"""What makes a dataset hard, in sentences on what was measured or follows from its equation."""

from collections.abc import Iterator, Sequence
from math import exp, pi
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from koopmark._repr import imaginary
from koopmark.analysis.cards._shared import HALF
from koopmark.analysis.conditions import Conditions
from koopmark.analysis.numbers import listed, percent, plain, plural, scientific
from koopmark.analysis.sentences import misses
from koopmark.systems import System

if TYPE_CHECKING:
    from koopmark.analysis.cards._dataset import TargetFacts

SPREAD = 5.0
"""Ratio of the fastest to the slowest rate that is worth a sentence."""

FALL = 2.0
"""Factor by which a target falls from one sample to the next that is worth a sentence."""

FEW = 12.0
"""Samples to a period below which an oscillation is said to be sampled with few."""

SKEW = 3.0
"""Condition number of eigenvectors that is worth a sentence; that of orthogonal ones is 1."""

Targets = Sequence["TargetFacts"]


def hard(
    targets: Targets,
    first: "pd.Series[Any]",
    judged: pd.DataFrame,
    system: System | None,
    summary: pd.DataFrame,
    where: Conditions,
) -> tuple[str, ...]:
    """Sentences, from what most decides to what least does.

    Parameters
    ----------
    targets : sequence of TargetFacts
    first : Series
        A row of fits.csv, for noise and sampling.
    judged : DataFrame
        The judged rows of the methods that compete.
    system : System, optional
    summary : DataFrame
        The rows of the summary of these methods.
    where : Conditions
        What the data were recorded under.
    """
    scored = [target for target in targets if target.of]
    return (
        *_who_finds(scored, judged, where),
        *_dictionaries(scored, where),
        *_noise(first, summary),
        *_many(targets, where),
        *(_steps(targets, first) if where.discrete else _rates(targets, first)),
        *_skew(system),
        *filter(None, [misses(judged)]),
    )


def _who_finds(targets: Targets, judged: pd.DataFrame, where: Conditions) -> Iterator[str]:
    if not targets or judged.empty:
        return
    shares = judged.groupby(["method", "target"], sort=False)["found"].mean()
    all_of_them = (shares > HALF).groupby(level="method", sort=False).all()
    whole, count = int(all_of_them.sum()), len(all_of_them)
    nobody = [where.named(target.name) for target in targets if not target.found_by]
    if len(targets) == 1:
        found_by, of = targets[0].found_by, plural(targets[0].of, "method")
        yield f"{found_by or 'None'} of {of} {_verb(found_by)} the target."
        return
    every = (
        f"{whole or 'None'} of {plural(count, 'method')} {_verb(whole)} every target"
        if whole or count > 1
        else "The only method does not find every target"
    )
    if nobody:
        yield f"{every}: no method finds {listed(nobody, most=6)}."
        return
    # Of several the first.
    rarest = min(targets, key=lambda target: target.found_by)
    commonest = max(targets, key=lambda target: target.found_by)
    if rarest.found_by == commonest.found_by:
        finders = plural(rarest.found_by, "method")
        yield f"{every}; each target is found by {finders}."
    else:
        yield (
            f"{every}. {where.named(rarest.name)} is found by the fewest ({rarest.found_by}), "
            f"{where.named(commonest.name)} by the most ({commonest.found_by})."
        )


def _verb(count: int) -> str:
    return "finds" if count <= 1 else "find"


def _dictionaries(targets: Targets, where: Conditions) -> Iterator[str]:
    known = [target for target in targets if target.known]
    none = [where.named(target.name) for target in known if not target.expressed_by]
    if none and len(none) == len(targets) > 1:
        yield f"No dictionary of this run can express any of the {len(none)} targets."
        return
    if none:
        yield (
            f"No dictionary of this run can express {len(none)} of {plural(len(known), 'target')}: "
            f"{listed(none, most=6)}."
        )
        return
    if known:
        rarest = min(known, key=lambda target: target.expressed_by / target.known)
        if rarest.expressed_by < rarest.known:
            yield (
                f"The dictionary can express {where.named(rarest.name)} for {rarest.expressed_by} "
                f"of the {plural(rarest.known, 'method')} whose dictionaries can be listed."
            )


def _noise(first: "pd.Series[Any]", summary: pd.DataFrame) -> Iterator[str]:
    noise = float(first["noise"])
    if not noise > 0:
        return
    possible = summary["possible"].max()
    allowed = (
        f", which leaves the best unbiased estimator {possible:.1f} correct digits"
        if pd.notna(possible)
        else ""
    )
    yield f"The training data have noise of {plain(100 * noise)} % of the signal{allowed}."


def _many(targets: Targets, where: Conditions) -> Iterator[str]:
    largest = max(targets, key=lambda target: target.dimension, default=None)
    if largest is not None and largest.dimension > 1:
        yield (
            f"{plain(largest.dimension)} independent eigenfunctions share the eigenvalue "
            f"{where.named(largest.name)}, and a method has to find all of them."
        )
    products = sum(target.degree > 1 for target in targets)
    if products:
        verb = "is a product" if products == 1 else "are products"
        yield f"{products} of {plural(len(targets), 'target')} {verb} of principal eigenfunctions."


def _rates(targets: Targets, first: "pd.Series[Any]") -> Iterator[str]:
    growths = [float(target.value.real) for target in targets]
    growths = sorted((one for one in growths if one and np.isfinite(one)), key=abs)
    moving = [abs(one) for one in growths]
    dt, horizon = float(first["dt"]), float(first["horizon"])
    if moving and max(moving) >= SPREAD * min(moving):
        yield f"Rates of decay or growth differ by a factor of {plain(max(moving) / min(moving))}."
    fall = exp(min(max(moving, default=0.0) * dt, 700.0)) if np.isfinite(dt) else 1.0
    if fall >= FALL:
        yield (
            f"The fastest target {'grows' if growths[-1] > 0 else 'decays'} by a factor of "
            f"{plain(fall)} from one sample to the next."
        )
    slowest = min(moving, default=np.inf) * horizon
    if slowest < np.log(FALL):
        change = abs(1 - exp(np.sign(growths[0]) * slowest))
        yield f"The slowest target changes by only {percent(change)} over a whole trajectory."
    fastest = max((abs(imaginary(target.value)) for target in targets), default=0.0)
    if fastest > 0 and np.isfinite(dt) and 2 * pi / (fastest * dt) < FEW:
        yield f"The fastest oscillation has {plain(2 * pi / (fastest * dt))} samples per period."


def _steps(targets: Targets, first: "pd.Series[Any]") -> Iterator[str]:
    """What `_rates` says, of a map: in multipliers, since μ = 0 has no rate and -μ no real one."""
    dt, horizon = float(first["dt"]), float(first["horizon"])
    if not targets or not np.isfinite(dt):
        return
    sizes = np.array([abs(target.value) for target in targets])
    gone = [f"μ = {target.name}" for target in targets if target.value == 0]
    if gone:
        yield (
            f"The functions with {listed(gone, most=6)} vanish after one step, and log μ is "
            "infinite: only a method that returns μ itself can find them."
        )
    if any(target.value.real < 0 == target.value.imag for target in targets):
        yield (
            "A function with negative μ changes its sign at every step, and log μ lies on its "
            "branch cut: errors are therefore those of μ, not of λ."
        )
    fall = float((1.0 / sizes[sizes > 0] ** dt).max(initial=1.0))
    if fall >= FALL:
        yield f"The fastest target decays by a factor of {plain(fall)} from one sample to the next."
    change = abs(1.0 - sizes.max() ** horizon)
    if change < 1.0 - 1.0 / FALL:
        yield f"The slowest target changes by only {percent(change)} over a whole trajectory."


def _skew(system: System | None) -> Iterator[str]:
    coordinates = system.linear_coordinates if system else None
    if coordinates is None:
        return
    vectors = coordinates.principal.vectors
    condition = float(np.linalg.cond(vectors / np.linalg.norm(vectors, axis=0)))
    if condition >= SKEW:
        yield (
            "The eigenvectors of the system are far from orthogonal (condition number "
            f"{scientific(condition)}), which amplifies small errors."
        )
