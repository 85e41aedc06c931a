"""What a dataset's fits are asked for, and which eigenvalues they may rightly find besides."""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from koopmark.datasets import cache
from koopmark.spectrum import (
    FixedPoint,
    KnownSpectrum,
    Linearisation,
    NoSpectrum,
    attractor,
    basin_eigenspaces,
    closed_form_fixed_point,
    coincide,
    fixed_point_near,
    fixed_points,
    inexact,
    known_spectrum,
)
from koopmark.systems import Relaxation, System
from koopmark.truth import SAME_EIGENVALUE, Eigenspace

MAX_SPACES = 300
"""Targets that a lattice may make; each costs an angle in every fit."""

Spaces = tuple[Eigenspace, ...]


@dataclass(frozen=True, eq=False)
class AnswerKey:
    """The targets, all eigenvalues down to theirs, and what there is to say of either."""

    targets: Spaces
    spectrum: KnownSpectrum
    note: str = ""


def where_it_ends(system: System, states: NDArray[np.float64]) -> cache.Arrays:
    """The fixed point at which trajectories from `states` (M, N) end, or why there is none.

    As arrays for the cache of the trajectories: the search takes longer than a small fit.
    """
    try:
        state, reason = attractor(system, states).state, ""
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        state, reason = np.empty(0), " ".join(str(error).split()) or type(error).__name__
    why = np.frombuffer(reason.encode(), dtype=np.uint8)
    return {"fixed_point": state, "no_fixed_point": why}


def answer_key(
    system: System,
    closed: Spaces,
    bound: float,
    principal: bool,
    arrays: cache.Arrays,
    dt: float,
) -> AnswerKey:
    """The answer key of trajectories, with what `where_it_ends` said of them.

    Parameters
    ----------
    system : System
    closed : tuple of Eigenspace
        The targets in closed form.
    bound : float
        Eigenvalues with |Re λ| up to this make the known spectrum.
    principal : bool
        Whether all of its eigenspaces are targets. Where they cannot be had the targets are
        `closed`, and the note says why.
    arrays : dict
        `fixed_point` and `no_fixed_point`.
    dt : float
        Sampling interval.
    """
    reason = arrays["no_fixed_point"].tobytes().decode()
    targets = closed
    spectrum = KnownSpectrum((), bound, reason)
    try:
        point = closed_form_fixed_point(system)
        if point is None:
            if reason:
                raise NoSpectrum(reason)
            point = fixed_point_near(system, arrays["fixed_point"])
            if principal:
                point = _as_expected(system, point)
        spectrum = known_spectrum(point, bound)
        if principal:
            targets = principal_targets(system, point, bound, dt)
            note = _left_out(Linearisation(system, point))
            return AnswerKey(targets, spectrum, note)
    except NoSpectrum as error:
        if not (spectrum.points or spectrum.note):
            spectrum = KnownSpectrum((), bound, str(error))
        return AnswerKey(closed, spectrum, f"principal targets: {error}" if principal else "")
    return _with_parts(closed, spectrum)


def _with_parts(closed: Spaces, spectrum: KnownSpectrum) -> AnswerKey:
    """The targets in closed form, each known to be a part if products of others are at its λ.

    As where an eigenvalue of the fixed point of a network is -1/2: its function squared is at -1.
    """
    targets, said = [], []
    for space in closed:
        near = SAME_EIGENVALUE * max(1.0, abs(space.eigenvalue))
        at_it = [p for p in spectrum.points if abs(p.eigenvalue - space.eigenvalue) <= near]
        smooth = sum(point.multiplicity for point in at_it)
        if smooth > space.dimension:
            said.append(
                f"the target at {space.eigenvalue.real:.6g} is a part of an eigenspace: "
                f"{space.dimension} of its {smooth} functions are in closed form, and the others "
                "are products of principal ones, targets too with principal = true in [truth]"
            )
            space = space.as_part()
        targets.append(space)
    return AnswerKey(tuple(targets), spectrum, "; ".join(said))


def _left_out(about: Linearisation) -> str:
    """Which principal eigenfunctions are no targets although their path integrals converge."""
    values = about.eigenvalues[list(inexact(about))]
    if len(values) == 0:
        return ""
    named = ", ".join(f"{value.real:.6g}" for value in values)
    return (
        f"principal targets: left out are those with the eigenvalue{'s' * (len(values) > 1)} of "
        f"real part {named}: close to {about.order:g} x {about.growth:.6g}, where the path "
        "integral converges too slowly to be exact"
    )


def principal_targets(system: System, point: FixedPoint, bound: float, dt: float) -> Spaces:
    """All eigenspaces of the lattice with |Re λ| <= `bound`.

    Raises
    ------
    NoSpectrum
        If the system is no relaxation network, they are too many, or the frequency of one is beyond
        what sampling every `dt` shows.
    """
    if not isinstance(system, Relaxation):
        raise NoSpectrum(f"a {type(system).__name__} is no relaxation network")
    spaces = basin_eigenspaces(Linearisation(system, point), bound)
    if len(spaces) > MAX_SPACES:
        raise NoSpectrum(f"the lattice has {len(spaces)} eigenvalues, of which {MAX_SPACES} may be")
    fastest = max((abs(space.eigenvalue.imag) for space in spaces), default=0.0)
    if fastest * dt > pi:
        raise NoSpectrum(
            f"an eigenvalue with |Im λ| = {fastest:.4g} cannot be told from a slower one with dt "
            f"{dt:g}: dt must be at most {pi / fastest:.4g}"
        )
    return spaces


def expected_targets(system: System, closed: Spaces, bound: float, dt: float) -> Spaces:
    """The principal targets of a network with one stable fixed point, without any trajectories."""
    try:
        point = _only_stable(system)
        return closed if point is None else principal_targets(system, point, bound, dt)
    except NoSpectrum:
        return closed


def _only_stable(system: System) -> FixedPoint | None:
    """The one stable fixed point that is found from the equations alone."""
    stable = fixed_points(system).stable
    return stable[0] if len(stable) == 1 else None


def _as_expected(system: System, point: FixedPoint) -> FixedPoint:
    """`point` as `expected_targets` has it: Newton's last digits depend on where it starts.

    So the rows of a dataset's targets are the same to the bit whether a fit was scored or not.
    """
    expected = _only_stable(system)
    if expected is not None and coincide(system, point, expected):
        return expected
    return point
