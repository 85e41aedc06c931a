"""What a system is: a vector field with a known part of its Koopman spectrum."""

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
    """Numbers with a name and a sentence on what they are."""

    name: str
    values: NDArray
    meaning: str


@dataclass(frozen=True, eq=False)
class Formula:
    """How eigenfunctions are evaluated in any language: a text, and the arrays that it names."""

    text: str
    arrays: tuple[NamedArray, ...]


@dataclass(frozen=True, eq=False)
class LinearCoordinates:
    """Coordinates y = Ψ(x), analytic with an analytic inverse, that obey ẏ = Λy.

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

    A system of one's own is a frozen dataclass with a `size`, an `rhs`, and `eigenvalues` with
    their `eigenfunctions`, or else `eigenspaces`; all else has a default. `rhs(self, states)` may
    do without `out`. A classmethod `draw(cls, rng, ...)` makes another system for each seed of a
    recipe (docs/how-to/add_a_system.md).

    Raises
    ------
    ValueError
        If a number that it is made of is not finite, or out of the bounds of its field.
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
        """`given`, if it is a System, for a function that says who it is in the message.

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
        """F at each state, (..., N) to (..., N); writes into `out` where given."""

    @property
    def inputs(self) -> int:
        """q, how many inputs v it takes, held from one sampling time to the next; 0 for none."""
        return 0

    @property
    def discrete(self) -> bool:
        """Whether it is a map, whose `rhs` is the next state and whose unit of time is a step."""
        return False

    def as_map(self, alpha: float) -> "System":  # noqa: ARG002
        """The system in steps of α time constants, for networks of the relaxation family.

        Raises
        ------
        ValueError
            If it is none.
        """
        raise ValueError(
            f"{a(type(self).__name__)} has no map with exact eigenfunctions here: networks of the "
            "relaxation family do"
        )

    def with_inputs(self, weights: ArrayLike | None) -> "System":
        """The system with inputs v, weighted by B (N, q): for networks with low-rank weights.

        Raises
        ------
        ValueError
            If it is none.
        """
        if weights is None:
            return self
        raise ValueError(
            f"{a(type(self).__name__)} takes no inputs: networks with low-rank weights do"
        )

    def driven(self, states: NDArray, inputs: NDArray) -> NDArray:  # noqa: ARG002
        """F(x, v) at states (..., N) under inputs (..., q); `rhs` is that of v = 0.

        Raises
        ------
        ValueError
            If it takes no inputs.
        """
        raise ValueError(
            f"{a(type(self).__name__)} takes no inputs: koopmark has them for networks"
        )

    def observed(self, sensors: Sensors | None, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Its `targets` as functions of what sensors see of the state; of all of it if None.

        Sensors that show all of the state show every function of it.

        Raises
        ------
        NoKey
            If it is not known which functions those are.
        """
        if sensors is None:
            return self.targets(max_degree)
        if sensors.injective:
            spaces = self.targets(max_degree)
            return tuple(SeenEigenspace.of(space, sensors.view) for space in spaces)
        raise NoKey(
            f"of {a(type(self).__name__)} it is not known which eigenfunctions are functions of "
            "fewer sensors than it has variables: take as many, or a network of the relaxation "
            "family"
        )

    def hidden(self, sensors: Sensors, max_degree: int = 1) -> tuple[Eigenspace, ...]:  # noqa: ARG002
        """Eigenspaces of the whole state that sensors might see in time, if they see none at one.

        None by default.
        """
        return ()

    def shown_in_time(self, sensors: Sensors) -> bool:
        """Whether what sensors see at several times determines the state."""
        return sensors.injective

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray | None:  # noqa: ARG002
        """States (M, T, N) at the times elapsed (T,) from states (M, N), where closed form has it.

        None, the default, asks for integration.
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
        """The states (M, N) that occur, nearest to these: all of R^N unless a system says less."""
        return states

    @property
    def complete(self) -> bool:
        """Whether products of its `eigenfunctions` span all smooth eigenfunctions."""
        return True

    @property
    def principal(self) -> PrincipalFunctions | None:
        """The eigenfunctions that others are products of; None if it is not known so.

        They are the `eigenfunctions`, from states (..., N) to values (..., q), at the continuous
        `eigenvalues` (q,), if the system has these.

        Raises
        ------
        ValueError
            If the eigenvalues are no finite numbers in a row.
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
        """Exact eigenspaces at the eigenvalues of products of at most `max_degree` eigenfunctions.

        Ordered by degree; the constant (λ = 0) is trivial and left out. If a system does not say
        others they are those of the products of its `principal` functions.
        """
        return () if self.principal is None else self.principal.targets(max_degree)

    @property
    def generators(self) -> NDArray[np.complex128]:
        """(q,) the eigenvalues whose sums are those of the eigenspaces; none if it is not so."""
        if self.principal is None or self.discrete:
            return np.empty(0, dtype=complex)
        return self.principal.eigenvalues.astype(complex)

    def targets(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """What fits are asked for: the `eigenspaces`, or those up to a bound if not `exact`."""
        return self.eigenspaces(max_degree)

    @property
    def exact(self) -> bool:
        """Whether its eigenspaces are exact; if not, its `targets` are so up to a bound."""
        return True

    @property
    def process(self) -> "StochasticSystem | None":
        """The system itself if it is stochastic, with its transition law; None if it is not."""
        return None

    @property
    def stochastic(self) -> bool:
        """Whether eigenfunctions obey their eigenvalues on average, over the paths of a process."""
        return self.process is not None

    @property
    def null_flow(self) -> "NullFlow | None":
        """How the part of y = ζ(x) moves that weights of low rank cannot reach; None if unknown."""
        return None

    @property
    def null_functions(self) -> ProductEigenspace | None:
        """uᵀζ(x) for every left null vector u of the weights of a relaxation network; else None."""
        return None

    def null_functions_seen(self, sensors: Sensors) -> ProductEigenspace | None:  # noqa: ARG002
        """Those of the `null_functions` that are functions of what sensors show; None for none."""
        return None

    @property
    def rank(self) -> int | None:
        """Rank of the weights; None if the system has no weights of low rank."""
        return None

    @property
    def bounded(self) -> bool | None:
        """Whether all trajectories end up in a bounded set that all of R^N enters.

        None, the default, if that is not known; False says that some leave every bounded set.
        """
        return None

    @property
    def linear_coordinates(self) -> LinearCoordinates | None:
        """Coordinates in which it is linear on all of R^N; None if there are none known."""
        return None

    def parameters(self) -> tuple[NamedArray, ...]:
        """The arrays that it is given by, to be handed on: its weights, if it has any."""
        return ()

    def formula(self, spaces: Sequence[Eigenspace]) -> Formula | None:  # noqa: ARG002
        """How the functions of `spaces`, among its `targets`, are evaluated in any language.

        None where that is not said.
        """
        return None

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Spaces of constants of motion known in closed form (λ = 0, not targets).

        If a system does not say others: principal functions and products of two with a sum of 0.
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
    """What it obeys, in a line."""

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

    `rhs` is the drift. Eigenfunctions obey their eigenvalue on average and on no single path.
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
        """E[X(t) | X(0) = x], (M, N) and (T,) to (M, T, N)."""

    @abstractmethod
    def transition(self, states: NDArray, dt: float, rng: np.random.Generator) -> NDArray:
        """States (M, N) a time dt after states (M, N), drawn from the exact transition density."""

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
