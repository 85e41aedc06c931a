"""The base class of all systems: a vector field with known Koopman eigenspaces."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark import _repr
from koopmark._arrays import (
    Gate,
    Gated,
    check_finite,
    finite,
    integer,
    numeric,
    of_width,
    real,
)
from koopmark._errors import a
from koopmark.systems._sensors import NoKey, Sensors
from koopmark.systems.registry import check_bounds
from koopmark.truth import (
    Eigenspace,
    LatticeEigenspace,
    PrincipalFunctions,
    ProductEigenspace,
    SeenEigenspace,
)

if TYPE_CHECKING:
    from koopmark.systems.low_rank.network import NullFlow

SHOWN_DEGREE = 2
"""Factors of the products whose eigenvalues a notebook shows."""


@dataclass(frozen=True, eq=False)
class NamedArray:
    """An array with a name and a sentence that says what it contains."""

    name: str
    values: NDArray
    meaning: str


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula for eigenfunctions in words, with the arrays that it refers to."""

    text: str
    arrays: tuple[NamedArray, ...]


@dataclass(frozen=True, eq=False)
class LinearCoordinates:
    """Analytic coordinates y = Ψ(x) with an analytic inverse in which the system is ẏ = Λy.

    Parameters
    ----------
    origin : (N,) array
        Ψ⁻¹(0), at which every trajectory ends if Λ is stable.
    principal : PrincipalFunctions
        The functions vᵀΨ, with v the left eigenvectors of Λ.
    """

    origin: NDArray[np.float64]
    principal: PrincipalFunctions


def _initial(values: Any, what: str) -> NDArray:
    """States (M, N) to start from."""
    array = numeric(values, what)
    if array.ndim != 2:
        raise ValueError(f"{what} must have shape (M, N), got {array.shape}")
    return array


def _with_out(rhs: Callable[..., NDArray]) -> Callable[..., NDArray]:
    """A vector field that takes `out`, of one that does not."""

    @wraps(rhs)
    def careful(self: "System", states: NDArray, out: NDArray | None = None) -> NDArray:
        return System._into(out, rhs(self, states))

    return careful


@dataclass(frozen=True, eq=False)
class System(_repr.ReprMixin, Gated, ABC):
    """A system ẋ = F(x), or a map x⁺ = F(x), on R^N with exact Koopman eigenspaces.

    To write your own system, subclass it as a frozen dataclass with `size`, `rhs`, and either
    `eigenvalues` with their `eigenfunctions` or `eigenspaces`; everything else has a default.
    `rhs(self, states)` need not take `out`. A classmethod `draw(cls, rng, ...)` makes a new
    system for each seed of a recipe (docs/how-to/add_a_system.md).

    Raises
    ------
    ValueError
        If a number in its fields is not finite, or out of the bounds of its field.
    """

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {
        "rhs": (numeric, "states"),
        "flow": (_initial, "states"),
        "eigenfunctions": (numeric, "states"),
        "eigenspaces": (integer, "max_degree"),
    }

    def _fitting(self, given: Any) -> Any:
        return of_width(given, self.size, "states") if isinstance(given, np.ndarray) else given

    def __init_subclass__(cls, **options: Any) -> None:
        # A class of one's own need not know of `out`.
        written = vars(cls).get("rhs")
        if callable(written) and "out" not in signature(written).parameters:
            cls.rhs = _with_out(written)  # type: ignore[method-assign]
        super().__init_subclass__(**options)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float | np.ndarray):
                check_finite(value, field.name)
            check_bounds(field.name, value, field.type)

    @staticmethod
    def expected(given: object, user: str) -> "System":
        """Return `given` if it is a System; `user` names the calling function in the error.

        Raises
        ------
        TypeError
            If it is anything else.
        """
        if isinstance(given, System):
            return given
        raise TypeError(
            f"{user} takes a System, got {type(given).__name__}: koopmark.systems has them"
        )

    @property
    @abstractmethod
    def size(self) -> int:
        """N, the dimension of the state."""

    @abstractmethod
    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        """F at each state, (..., N) to (..., N), written into `out` if given."""

    @property
    def inputs(self) -> int:
        """Number q of inputs v, each held between sampling times; 0 if the system takes none."""
        return 0

    @property
    def discrete(self) -> bool:
        """Whether the system is a map; then `rhs` returns the next state and time counts steps."""
        return False

    def as_map(self, alpha: float) -> "System":  # noqa: ARG002
        """The same network as a map with steps of α time constants (relaxation family only).

        Raises
        ------
        ValueError
            If the system is not a network of the relaxation family.
        """
        raise ValueError(
            f"{a(type(self).__name__)} has no map with exact eigenfunctions here: networks of the "
            "relaxation family do"
        )

    def with_inputs(self, weights: ArrayLike | None) -> "System":
        """The same network with inputs v weighted by B (N, q).

        Raises
        ------
        ValueError
            If the system is not a network with low-rank weights.
        """
        if weights is None:
            return self
        raise ValueError(
            f"{a(type(self).__name__)} takes no inputs: networks with low-rank weights do"
        )

    def driven(self, states: NDArray, inputs: NDArray) -> NDArray:  # noqa: ARG002
        """F(x, v) at states (..., N) under inputs (..., q); `rhs` is F(x, 0).

        Raises
        ------
        ValueError
            If it takes no inputs.
        """
        raise ValueError(
            f"{a(type(self).__name__)} takes no inputs: koopmark has them for networks"
        )

    def observed(self, sensors: Sensors | None, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """The `targets` as functions of the sensor values; of the state if `sensors` is None.

        Sensors that determine the state show every function of it.

        Raises
        ------
        NoKey
            If it is not known which eigenfunctions are functions of the sensor values.
        """
        if sensors is None:
            return self.targets(max_degree)
        if sensors.injective:
            spaces = self.targets(max_degree)
            return tuple(SeenEigenspace.of(space, sensors.view) for space in spaces)
        raise NoKey(
            f"it is not known which eigenfunctions of {a(type(self).__name__)} are functions of "
            "fewer sensors than it has variables: take as many, or a network of the relaxation "
            "family"
        )

    def hidden(self, sensors: Sensors, max_degree: int = 1) -> tuple[Eigenspace, ...]:  # noqa: ARG002
        """Eigenspaces of the full state that sensors show over several times, but not at one time.

        Empty by default.
        """
        return ()

    def shown_in_time(self, sensors: Sensors) -> bool:
        """Whether the sensor values at several times determine the state."""
        return sensors.injective

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray | None:  # noqa: ARG002
        """States (M, T, N) at elapsed times (T,) from states (M, N), if known in closed form.

        By default None: the trajectories are integrated.
        """
        return None

    @staticmethod
    def _into(out: NDArray | None, velocity: NDArray) -> NDArray:
        """What `rhs` returns: the velocity, written into `out` if that is given."""
        if out is None:
            return velocity
        out[...] = velocity
        return out

    def reachable(self, states: NDArray) -> NDArray:
        """The nearest states (M, N) that the system can reach; all of R^N by default."""
        return states

    @property
    def complete(self) -> bool:
        """Whether products of the `eigenfunctions` span all smooth eigenfunctions."""
        return True

    @property
    def principal(self) -> PrincipalFunctions | None:
        """The principal eigenfunctions, whose products are all others; None if they are not known.

        If the system has `eigenfunctions`, from states (..., N) to values (..., q), and
        `eigenvalues` (q,), the principal functions are made from these.

        Raises
        ------
        ValueError
            If the eigenvalues are not a one-dimensional array of finite numbers.
        """
        # Fields of subclasses may have these names: a base with properties would be in their way.
        functions: Callable[[NDArray], NDArray] | None = getattr(self, "eigenfunctions", None)
        if functions is None:
            return None
        given: NDArray = self.eigenvalues  # type: ignore[attr-defined]
        values = numeric(given, "eigenvalues").astype(complex)
        if values.ndim != 1 or not np.isfinite(values).all():
            raise ValueError(f"{type(self).__name__}.eigenvalues must be finite, of shape (q,)")
        # b of φ̇ = λφ + b·v; without it inputs reach none of them.
        said = getattr(self, "response", None)
        response = None if said is None else finite(said, "response")
        if response is not None and response.shape != (len(values), self.inputs):
            raise ValueError(
                f"{type(self).__name__}.response must have shape ({len(values)}, {self.inputs}), a "
                f"row for each eigenfunction and a column for each input, got {response.shape}"
            )
        return PrincipalFunctions(
            functions, np.eye(len(values)), values, self.complete, self.discrete, response
        )

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Exact eigenspaces of the products of at most `max_degree` eigenfunctions.

        Ordered by degree, without the trivial constant (λ = 0). By default they are those of the
        products of the `principal` functions.
        """
        return () if self.principal is None else self.principal.targets(max_degree)

    @property
    def generators(self) -> NDArray[np.complex128]:
        """Eigenvalues (q,) whose sums are all eigenvalues of the eigenspaces; empty if unknown."""
        if self.principal is None or self.discrete:
            return np.empty(0, dtype=complex)
        return self.principal.eigenvalues.astype(complex)

    def targets(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Targets that fits are scored on: the `eigenspaces`, or approximate ones with a bound."""
        return self.eigenspaces(max_degree)

    @property
    def exact(self) -> bool:
        """Whether the `targets` are exact eigenspaces; if not, they have an error bound."""
        return True

    @property
    def process(self) -> "StochasticSystem | None":
        """The system as a stochastic process with its transition law; None if deterministic."""
        return None

    @property
    def stochastic(self) -> bool:
        """Whether eigenfunctions obey their eigenvalues only on average over sample paths."""
        return self.process is not None

    @property
    def null_flow(self) -> "NullFlow | None":
        """Closed-form motion of the part of y = ζ(x) that the weights cannot reach, or None."""
        return None

    @property
    def null_functions(self) -> ProductEigenspace | None:
        """The functions uᵀζ(x) for all left null vectors u of relaxation networks; else None."""
        return None

    def null_functions_seen(self, sensors: Sensors) -> ProductEigenspace | None:  # noqa: ARG002
        """The `null_functions` that are functions of the sensor values; None if there are none."""
        return None

    @property
    def rank(self) -> int | None:
        """Rank of the weights; None if the system has no low-rank weights."""
        return None

    @property
    def bounded(self) -> bool | None:
        """Whether all trajectories enter a bounded set and stay there; None if unknown.

        False means that some trajectories leave every bounded set.
        """
        return None

    @property
    def linear_coordinates(self) -> LinearCoordinates | None:
        """Coordinates in which the system is linear on all of R^N; None if none are known."""
        return None

    def parameters(self) -> tuple[NamedArray, ...]:
        """The arrays that define the system, such as its weights, for export."""
        return ()

    def formula(self, spaces: Sequence[Eigenspace]) -> Formula | None:  # noqa: ARG002
        """A formula in words for the functions of `spaces`, which are `targets` of the system.

        By default None: the system has no formula.
        """
        return None

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Eigenspaces of constants of motion known in closed form (λ = 0); these are not targets.

        By default those among the principal functions and their products of two.
        """
        return () if self.principal is None else self.principal.conserved()

    def _formula(
        self, spaces: Sequence[Eigenspace], coordinates: str, arrays: Sequence[NamedArray]
    ) -> Formula | None:
        """Of products of the principal functions vᵀz, with `coordinates` the text that says z."""
        own = [space for space in spaces if isinstance(space, LatticeEigenspace)]
        principal = self.principal
        if principal is None or len(own) < len(spaces):
            return None
        if any(space.principal is not principal for space in own):
            # Those of a fixed point, by path integrals, have none.
            return None
        vectors = principal.vectors
        shape = f"the v of all principal functions as columns, shape {vectors.shape}"
        modes = [NamedArray("modes", vectors, shape)]
        if np.iscomplexobj(vectors):
            modes = [
                NamedArray("modes_re", vectors.real, f"real parts of `modes`: {shape}"),
                NamedArray("modes_im", vectors.imag, f"imaginary parts of `modes`: {shape}"),
            ]
        products = [
            NamedArray(
                f"products_{target}",
                space.factors.astype(float) + 1.0,
                f"which columns of `modes` make each function of target {target}, from 1, 0 for "
                "none",
            )
            for target, space in enumerate(own, start=1)
        ]
        text = (
            "Function j of target K is the product of vᵀz over the columns v of `modes` that row j "
            "of `products_K` numbers (from 1; 0 stands for none); where they are complex, `modes` "
            f"is `modes_re` + i `modes_im`. {coordinates}"
        )
        return Formula(text, (*arrays, *modes, *products))

    def _spectrum(self, max_degree: int) -> list[tuple[complex, int]]:
        """(λ, dimension) of each of the `eigenspaces`."""
        return [(space.eigenvalue, space.dimension) for space in self.eigenspaces(max_degree)]

    equation: ClassVar[str] = ""
    """The equation in one line."""

    def _facts(self) -> list[str]:
        return [*filter(None, [self.equation]), f"N = {self.size:,}"]

    def _details(self) -> _repr.Details:
        known = self._spectrum(SHOWN_DEGREE)
        rows = [(_repr.eigenvalue(value), f"{count:,}") for value, count in known[: _repr.ROWS]]
        return _repr.Details(
            (f"exact eigenvalue{' μ of a step' * self.discrete}", "dimension of its eigenspace"),
            rows,
            len(known),
            f"products of at most {SHOWN_DEGREE} eigenfunctions; eigenspaces(k) gives those of k",
        )


@dataclass(frozen=True, eq=False)
class StochasticSystem(System):
    """A Markov process with exact transitions: E[φ(X(t)) | X(0) = x] = e^{λt} φ(x).

    `rhs` is the drift. Eigenfunctions obey their eigenvalue on average, not along single paths.
    """

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {
        **System._gates,
        "mean": (real, "states"),
        "transition": (real, "states"),
        "quadrature": (real, "states"),
    }

    @property
    def process(self) -> "StochasticSystem":
        return self

    @abstractmethod
    def mean(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """Conditional mean E[X(t) | X(0) = x] (M, T, N) for states (M, N) at times (T,)."""

    @abstractmethod
    def transition(self, states: NDArray, dt: float, rng: np.random.Generator) -> NDArray:
        """States (M, N) drawn from the exact transition density, a time dt after `states`."""

    @abstractmethod
    def quadrature(
        self, states: NDArray, dt: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Nodes (..., q, N) and weights (q,) with E[f(X(dt)) | x] ≈ Σ weights f(nodes).

        States are (..., N).
        """

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray | None:  # noqa: ARG002
        raise ValueError(
            f"{a(type(self).__name__)} is stochastic and has no trajectory that follows from its "
            "initial state: draw paths with koopmark.simulation.sample_paths"
        )
