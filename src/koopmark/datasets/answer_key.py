"""Answer keys: what is known exactly about the system behind trajectories."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import pi

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import one_line
from koopmark._repr import ReprMixin
from koopmark.datasets import cache
from koopmark.simulation import Trajectories, sample_paths, simulate
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
    lattice,
)
from koopmark.systems import NoKey, Sensors, Shift, System
from koopmark.truth import (
    SAME_EIGENVALUE,
    AffineView,
    Eigenspace,
    NullSpace,
    ProductEigenspace,
    SeenEigenspace,
    offset_of,
)

MAX_SPACES = 300
"""Targets that a lattice may make; each costs an angle in every fit."""
CONTINUATION_RTOL = 1e-11
MOST_COMPARED, SAME_FIELD = 20, 1e-9
"""States at which vector fields are compared, and relative differences of one and the same."""

Spaces = tuple[Eigenspace, ...]
VectorField = Callable[[NDArray], NDArray]
Moves = Callable[[NDArray, NDArray], NDArray]
Quadrature = Callable[[NDArray, float], tuple[NDArray[np.float64], NDArray[np.float64]]]
Continuation = Callable[..., NDArray[np.float64]]
Simulator = Callable[..., Trajectories]


@dataclass(frozen=True, eq=False)
class AnswerKey(ReprMixin):
    """Exact knowledge of the system behind trajectories, for scores and informed methods.

    Unknown parts are None, and scores that need them are missing with a note. Your own key only
    needs the targets and the number of channels.

    Parameters
    ----------
    targets : tuple of Eigenspace
        The exact eigenspaces to recover, as functions of the observed channels.
    channels : int
        Number N of observed channels.
    spectrum : KnownSpectrum, optional
        All eigenvalues with |Re λ| up to a bound (for a map |μ| down to one) in the basin of the
        trajectories.
    no_spectrum, note : str
        Why there is no spectrum, empty if it was not requested; and remarks on the targets.
    null_functions : ProductEigenspace, optional
        For a relaxation network, uᵀζ(x) for every left null vector u of the weights.
    quadrature : callable, optional
        For a stochastic system: maps states (..., N) and a time dt to nodes (..., q, N) and weights
        (q,), such that E[f(x(dt)) | x] ≈ Σ weights f(nodes).
    continuation : callable, optional
        Maps states (M, N) and positive times (K,), in any order, to the states (M, K, N) at these
        times: expected states of a stochastic system, NaN after divergence. For a system with
        inputs it takes `inputs=` (M, K, q), held from the time before each, with increasing times.
    simulate : callable, optional
        Maps states (M, N), times (T,) and a random generator to `Trajectories` that start at the
        nearest reachable states; for a system with inputs it takes `inputs=` (M, T, q).
    vector_field : callable, optional
        F in ẋ = F(x), from states (M, N) to (M, N); None for stochastic systems and maps.
    discrete : bool
        Whether the system is a map, so that eigenvalues are μ per step instead of λ.
    inputs : int
        Number q of inputs.
    latent : bool
        Whether the targets are functions of the full state (`Trajectories.latent`), because none is
        a function of the sensor values.
    moves : callable, optional
        Maps full states (M, n) and inputs (M, q) to ẋ or, for a map, to the next states. It serves
        to detect data of another system. None for stochastic systems.
    sensors : Sensors, optional
        Sensors through which the system is observed; by default the full state.
    """

    targets: tuple[Eigenspace, ...]
    channels: int
    spectrum: KnownSpectrum | None = None
    no_spectrum: str = ""
    note: str = ""
    null_functions: ProductEigenspace | None = None
    quadrature: Quadrature | None = None
    continuation: Continuation | None = None
    simulate: Simulator | None = None
    vector_field: VectorField | None = None
    discrete: bool = False
    inputs: int = 0
    latent: bool = False
    moves: Moves | None = None
    sensors: Sensors | None = None

    @classmethod
    def of(cls, system: System, max_degree: int = 1, sensors: Sensors | None = None) -> "AnswerKey":
        """The key of a system with products of up to `max_degree` eigenfunctions.

        If a system has only approximate eigenfunctions, these are the targets. With `sensors`, the
        targets are functions of the sensor values or, if there are none, functions of the full
        state that delays might show (`System.hidden`).

        Raises
        ------
        TypeError, ValueError
            If `system` is not a System, or the degree is below 1.
        NoKey
            If there is no exact answer key for these sensors.
        """
        System.expected(system, "an answer key")
        if max_degree < 1:
            raise ValueError(f"max_degree {max_degree}: the degree of products must be 1 or more")
        process = system.process
        driven = "the inputs move the system, which has no fixed point to expand about"
        if sensors is not None:
            targets = system.observed(sensors, max_degree)
            hidden = () if targets else system.hidden(sensors, max_degree)
            if not (targets or hidden):
                raise NoKey(
                    f"no eigenfunction that is known of this {type(system).__name__} is a function "
                    f"of what {sensors.channels} sensors show: take more sensors, or others"
                )
            unknown = (
                f"{sensors.channels} sensors show a part of the {system.size} variables: which "
                "other eigenfunctions are functions of what they show is not known"
            )
            if system.shown_in_time(sensors):
                # Functions of the state are functions of what they show: one spectrum.
                unknown = driven if system.inputs else ""
            return cls(
                targets or hidden,
                sensors.channels,
                no_spectrum=unknown,
                null_functions=system.null_functions_seen(sensors),
                discrete=system.discrete,
                inputs=system.inputs,
                latent=bool(hidden),
                moves=None if process else partial(_moved, system),
                sensors=sensors,
            )
        no_spectrum = ""
        if system.inputs:
            no_spectrum = driven
        targets = system.targets(max_degree)
        if system.inputs and not targets:
            raise NoKey(
                f"inputs reach every eigenfunction that is known of this {type(system).__name__}, "
                "and none obeys its eigenvalue then: let fewer inputs in, or let them reach fewer "
                "units, as in units = [0]"
            )
        return cls(
            targets,
            system.size,
            no_spectrum=no_spectrum,
            null_functions=system.null_functions,
            quadrature=process.quadrature if process else None,
            continuation=process.mean if process else partial(_continued, system),
            simulate=partial(_simulated, system),
            vector_field=None if process or system.discrete else system.rhs,
            discrete=system.discrete,
            inputs=system.inputs,
            moves=None if process else partial(_moved, system),
        )

    def in_units(self, units: NDArray) -> "AnswerKey":
        """The key for rescaled channels s / u, with u (p,) positive, without the dynamics.

        Fields that need the dynamics are None.
        """
        view = AffineView(np.diag(1.0 / units), np.diag(units), np.zeros(len(units)))
        null, sensors = self.null_functions, self.sensors
        offset = None if null is None else offset_of(null.zeta)
        if null is not None and offset is not None:
            # uᵀ(s - θ) = (σu)ᵀ(s/σ - θ/σ), and what is orthogonal to u is so to σu, divided by σ.
            reached = np.linalg.qr(null.null_space.complement / units[:, None])[0]
            null = replace(
                null,
                null_space=NullSpace(reached),
                zeta=Shift(offset / units),
                drive=None if null.drive is None else null.drive / units[:, None],
            )
        return AnswerKey(
            tuple(SeenEigenspace.of(target, view) for target in self.targets),
            self.channels,
            null_functions=None if offset is None else null,
            discrete=self.discrete,
            inputs=self.inputs,
            latent=self.latent,
            sensors=None if sensors is None else Sensors(sensors.matrix / units[:, None]),
        )

    @property
    def stochastic(self) -> bool:
        """Whether eigenfunctions obey their eigenvalues only on average."""
        return self.quadrature is not None

    def expect_origin(self, data: Trajectories) -> None:
        """Raise ValueError for data that come from another system, as far as can be told.

        Systems count as equal if they have the same dynamics. Nothing is checked for data without a
        system, for stochastic systems, and for keys without `moves`.

        Raises
        ------
        ValueError
            If the dynamics differ at states and inputs of the data, one system is a map and the
            other a flow, or the sensors differ.
        """
        system, moves = data.system, self.moves
        whole = data.states if data.sensors is None else data.latent
        if system is None or moves is None or system.process or whole is None:
            return
        mine, theirs = (None if one is None else one.matrix for one in (self.sensors, data.sensors))
        if not _alike(mine, theirs):
            shown = "the whole state" if theirs is None else f"what {len(theirs)} sensors see of it"
            asked = "the whole state" if mine is None else f"{len(mine)} sensors"
            other = "" if (mine is None) != (theirs is None) else ", and these are others"
            raise ValueError(f"the data are {shown}, the key is for {asked}{other}")
        if system.discrete != self.discrete:
            kinds = ("a flow", "a map") if self.discrete else ("a map", "a flow")
            raise ValueError(f"the data come from {kinds[0]}, the key is that of {kinds[1]}")
        if system.inputs != self.inputs:
            raise ValueError(
                f"the data come from a {type(system).__name__} with {system.inputs} inputs, the "
                f"key is that of one with {self.inputs}"
            )
        rows = data.recorded.rows
        rows = rows[:: max(1, len(rows) // MOST_COMPARED)]
        states = np.asarray(whole.reshape(-1, whole.shape[2])[rows], dtype=float)
        held = np.ones((len(rows), self.inputs))
        if self.inputs and data.inputs is not None and data.inputs.shape[2] == self.inputs:
            held = np.asarray(data.inputs.reshape(-1, self.inputs)[rows], dtype=float)
        finite = np.isfinite(states).all(axis=1) & np.isfinite(held).all(axis=1)
        states, held = states[finite], held[finite]
        try:
            expected = moves(states, held)
        except ValueError:
            # Of another number of variables, which is refused elsewhere.
            return
        own = _moved(system, states, held)
        apart = float(np.abs(expected - own).max(initial=0.0))
        size = float(np.abs(own).max(initial=0.0))
        if apart > SAME_FIELD * size:
            what = "next states differ" if self.discrete else "vector fields differ"
            raise ValueError(
                f"the data come from another {type(system).__name__} than the key: at their states "
                f"the {what} by up to {apart:.2g}, with values up to {size:.2g}"
            )

    def _facts(self) -> list[str]:
        count = f"{len(self.targets):,} exact eigenspaces"
        known = f"{self.spectrum.count:,} eigenvalues" if self.spectrum else ""
        return [*filter(None, [f"N = {self.channels:,}", count, known])]


def _moved(system: System, states: NDArray, inputs: NDArray) -> NDArray:
    return system.driven(states, inputs) if system.inputs else system.rhs(states)


def _alike(one: NDArray | None, other: NDArray | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.shape == other.shape and np.allclose(one, other, rtol=SAME_FIELD, atol=0.0)


def _continued(
    system: System, states: NDArray, times: NDArray, inputs: NDArray | None = None
) -> NDArray[np.float64]:
    increasing, places = np.unique(times, return_inverse=True)
    grid, held = np.concatenate([[0.0], increasing]), None
    if inputs is not None and system.inputs:
        # Those before a time are those from the one before it on; at the last time none matter.
        held = np.concatenate([inputs, inputs[:, -1:]], axis=1)
    follow = simulate(system, states, grid, rtol=CONTINUATION_RTOL, inputs=held)
    return follow.states[:, 1 + places]


def _simulated(
    system: System,
    states: NDArray,
    times: NDArray,
    rng: np.random.Generator,
    inputs: NDArray | None = None,
) -> Trajectories:
    initial = system.reachable(states)
    if system.process:
        return sample_paths(system.process, initial, times, rng)
    return simulate(system, initial, times, inputs=inputs)


def where_it_ends(system: System, states: NDArray[np.float64]) -> cache.Arrays:
    """The fixed point at which trajectories from `states` (M, N) end, or why there is none.

    The result is a dict of arrays for the cache of the trajectories, since the search takes longer
    than a small fit.
    """
    try:
        state, reason = attractor(system, states).state, ""
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        state, reason = np.empty(0), one_line(error) or type(error).__name__
    why = np.frombuffer(reason.encode(), dtype=np.uint8)
    return {"fixed_point": state, "no_fixed_point": why}


def with_spectrum(
    key: AnswerKey, system: System, arrays: cache.Arrays, bound: float, principal: bool, dt: float
) -> AnswerKey:
    """Add the spectrum at the attractor to the closed-form `key` of trajectories.

    `arrays` come from `where_it_ends`. The spectrum has the eigenvalues with |Re λ| <= `bound`, or
    for a map products of up to so many functions. With `principal`, all of its eigenspaces are
    targets. If they cannot be computed, the targets stay, and the note says why.
    """
    if key.no_spectrum:
        note = f"principal targets: {key.no_spectrum}" if principal else ""
        return replace(key, note=note)
    reason = arrays["no_fixed_point"].tobytes().decode()
    spectrum = None
    try:
        point = closed_form_fixed_point(system)
        if point is None:
            if reason:
                raise NoSpectrum(reason)
            point = fixed_point_near(system, arrays["fixed_point"])
            expected = _only_stable(system) if principal else None
            if expected is not None and coincide(system, point, expected):
                # Newton's last digits depend on where it starts: rows of targets are the same to
                # the bit whether a fit was scored or not.
                point = expected
        try:
            spectrum, reason = _known(point, bound), ""
        except NoSpectrum as error:
            reason = str(error)
        if not principal:
            return _with_parts(replace(key, spectrum=spectrum, no_spectrum=reason))
        targets = principal_targets(system, point, bound, dt)
        about, note = Linearisation(system, point), ""
        lost = [f"{value.real:.6g}" for value in about.eigenvalues[list(inexact(about))]]
        if lost:
            note = (
                f"principal targets: left out are those with the eigenvalue{'s' * (len(lost) > 1)} "
                f"of real part {', '.join(lost)}: close to {about.order:g} x {about.growth:.6g}, "
                "where the path integral converges too slowly to be exact"
            )
    except NoSpectrum as error:
        targets, note = key.targets, f"principal targets: {error}" if principal else ""
        reason = reason or ("" if spectrum else str(error))
    return replace(key, targets=targets, spectrum=spectrum, no_spectrum=reason, note=note)


def _known(point: FixedPoint, degree: float) -> KnownSpectrum:
    """All eigenvalues down to those of products of `degree` functions of the weights' null space.

    Raises
    ------
    NoSpectrum
        As `lattice`, and of a map if those are at 0, where infinitely many are.
    """
    if not point.discrete:
        return KnownSpectrum(lattice(point, degree), degree)
    least = abs(point.null_eigenvalue) ** degree
    if least <= SAME_EIGENVALUE:
        raise NoSpectrum(
            f"with μ = {point.null_eigenvalue:g} the functions of the weights are gone after a "
            "step: at 0 there are infinitely many"
        )
    return KnownSpectrum(lattice(point, least), least, discrete=True)


def _with_parts(key: AnswerKey) -> AnswerKey:
    """The key in which targets are parts if the spectrum has more functions at their eigenvalue.

    As where an eigenvalue of the fixed point of a network is -1/2: its function squared is at -1.
    """
    points = key.spectrum.points if key.spectrum else ()
    targets, said = [], []
    for space in key.targets:
        near = SAME_EIGENVALUE * max(1.0, abs(space.eigenvalue))
        at_it = [p for p in points if abs(p.eigenvalue - space.eigenvalue) <= near]
        smooth = sum(point.multiplicity for point in at_it)
        if smooth > space.dimension:
            said.append(
                f"the target at {space.eigenvalue.real:.6g} is a part of an eigenspace: "
                f"{space.dimension} of its {smooth} functions are in closed form, and the others "
                "are products of principal ones, targets too with principal = true in [truth]"
            )
            space = space.as_part()
        targets.append(space)
    return replace(key, targets=tuple(targets), note="; ".join(said))


def principal_targets(system: System, point: FixedPoint, bound: float, dt: float) -> Spaces:
    """Targets for all eigenspaces of the lattice with |Re λ| <= `bound`.

    Raises
    ------
    NoSpectrum
        If the system is not a relaxation network, there are too many eigenvalues, or a frequency
        exceeds what sampling every `dt` can show.
    """
    if system.null_functions is None:
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
    """Targets of a network with one stable fixed point, predicted without trajectories."""
    try:
        point = _only_stable(system)
        return closed if point is None else principal_targets(system, point, bound, dt)
    except NoSpectrum:
        return closed


def _only_stable(system: System) -> FixedPoint | None:
    """The one stable fixed point that is found from the equations alone."""
    stable = fixed_points(system).stable
    return stable[0] if len(stable) == 1 else None
