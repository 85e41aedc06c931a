"""pykoop's pipelines: lifting functions of states and inputs, followed by a regressor."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Method, Tags
from koopmark.methods._options import Count, CountOrAll
from koopmark.methods.adapters._pairs import data_rank, under_inputs
from koopmark.methods.dictionaries import Dictionary, Identity
from koopmark.models import LinearModel, Model, steps_of
from koopmark.simulation import Trajectories

GRAM = {"units": "it sees the data through Gram matrices, which square their units"}
NORMAL = {
    **GRAM,
    "constant": "the Gram matrix of a constant beside a constant channel is singular, and on some "
    "processors rounding hides it",
}

PYKOOP = Tags(
    library="pykoop",
    install='pip install "pykoop>=2.0"',
    requires=("pykoop",),
    sampling="segments",
    # The state alone.
    by_default={"dictionary": Identity(constant=False)},
    loses=GRAM,
)


LARGEST = 1e75
"""States beyond which a forecast has run away: monomials of degree four still are finite here."""


@dataclass(frozen=True, eq=False)
class Lifting:
    """Lifted states (P, D) of a fitted pipeline, from states (P, N) or windows (P, window N)."""

    pipeline: Any
    window: int = 1

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        # Windows one after the other: of the delays of that, those within one window.
        joined = states.reshape(len(states) * self.window, -1)
        lifted = self.pipeline.lift_state(joined, episode_feature=False)
        return np.asarray(lifted[:: self.window], dtype=float)


@dataclass(frozen=True, eq=False)
class ProductModel(LinearModel):
    """Model φ(x⁺) = μ φ(x) + ω(x, v) E, where ω has products of states and inputs.

    Parameters
    ----------
    features : callable
        ω: states beside inputs (P, N + q) to (P, R), the inputs themselves first; 0 if v is 0.
    effect : (R, s) array
        E.
    """

    features: Callable[[NDArray], NDArray] = field(kw_only=True)
    effect: NDArray = field(kw_only=True)

    def forced(self, windows: NDArray, inputs: NDArray) -> NDArray:
        return np.asarray(self.features(np.hstack([windows[:, -1], inputs])) @ self.effect)

    def predict(
        self, windows: NDArray, times: NDArray, inputs: NDArray | None = None
    ) -> NDArray | None:
        """Predict step by step, with predicted states in the products."""
        steps = steps_of(times, self.dt)
        if inputs is None:
            return super().predict(windows, times)
        factors = self.multipliers
        if steps is None or self.modes is None or factors is None or (np.diff(steps) < 0).any():
            return None
        z, x = self.eigenfunctions(windows), windows[:, -1]
        states = np.full((len(x), len(times), self.modes.shape[1]), np.nan)
        alive = np.arange(len(x))
        for k, count in enumerate(np.diff(steps, prepend=0)):
            for _ in range(count):
                # Products run away outside the data; scikit-learn refuses what is not finite.
                near = (abs(x) < LARGEST).all(axis=1)
                alive, z, x = alive[near], z[near], x[near]
                if not len(alive):
                    return states
                with np.errstate(over="ignore", invalid="ignore"):
                    z = z * factors + self.forced(x[:, None], inputs[alive, k])
                    x = (z @ self.modes).real
            states[alive, k] = x
        return states


@dataclass(frozen=True)
class _Pipeline(Method):
    """`pykoop.KoopmanPipeline` with lifting functions of pykoop and `Edmd`.

    Each stretch without a gap is an episode of its own.
    """

    # pykoop has no default list of lifting functions.
    tags = replace(PYKOOP, by_default=None)

    @abstractmethod
    def _liftings(self, pykoop: Any) -> list[tuple[str, Any]]:
        """The lifting functions by name; lifted states begin with the state."""

    @property
    def _window(self) -> int:
        """States that the lifting functions take."""
        return 1

    def _regressor(self, pykoop: Any, data: NDArray, inputs: int) -> Any:  # noqa: ARG002
        """The regressor, not fitted, for data whose last columns are the inputs."""
        return pykoop.Edmd()

    def _model(self, pipeline: Any, data: NDArray, dt: float, state: slice) -> LinearModel:  # noqa: ARG002
        """The model without inputs of a pipeline fitted to these data."""
        operator = pipeline.regressor_.coef_[: pipeline.n_states_out_]
        return LinearModel.from_operator(operator, dt, Lifting(pipeline, self._window), state)

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoop

        channels = trajectories.states.shape[2]
        data = _episodes(trajectories, self._window + 1, self.tags.inputs)
        inputs = data.shape[1] - 1 - channels
        pipeline = pykoop.KoopmanPipeline(
            lifting_functions=self._liftings(pykoop),
            regressor=self._regressor(pykoop, data, inputs),
        ).fit(data, n_inputs=inputs, episode_feature=True)
        model = self._model(pipeline, data, trajectories.dt, slice(channels))
        model = replace(model, window=self._window)
        if not inputs:
            return model
        response = pipeline.regressor_.coef_[pipeline.n_states_out_ :]
        model = under_inputs(model, response[:inputs])
        if len(response) == inputs:
            return model

        def features(states: NDArray) -> NDArray:
            return np.asarray(pipeline.lift_input(states, episode_feature=False))

        return ProductModel(**vars(model), features=features, effect=response @ model.coefficients)


def _episodes(trajectories: Trajectories, least: int, inputs: bool) -> NDArray[np.float64]:
    """Stretches of at least `least` states as pykoop takes them: number, state and input."""
    episodes: list[NDArray] = []
    for block in trajectories.blocks(least):
        part = block.states
        if inputs and block.inputs is not None:
            held = np.array(block.inputs, dtype=float)
            # What is held after the last state moves none, and may be unknown.
            held[:, -1] = 0.0
            part = np.concatenate([part, held], axis=2)
        episodes += [*part]
    numbers = np.repeat(np.arange(len(episodes), dtype=float), [len(one) for one in episodes])
    return np.column_stack([numbers, np.vstack(episodes)])


@dataclass(frozen=True)
class PolynomialEDMD(_Pipeline):
    """`pykoop.KoopmanPipeline` with `PolynomialLiftingFn`, `ConstantLiftingFn` and `Edmd`.

    Least squares from each snapshot to the next in all monomials of the state up to a degree. Each
    stretch without a gap is an episode of its own.

    Parameters
    ----------
    degree : int
        Monomials up to this degree, the constant included.
    """

    degree: Count = 2

    tags = replace(_Pipeline.tags, loses=NORMAL, papers=(papers.WILLIAMS_2015,))

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_degree()

    def _liftings(self, pykoop: Any) -> list[tuple[str, Any]]:
        polynomial = pykoop.PolynomialLiftingFn(order=self.degree)
        return [("polynomial", polynomial), ("one", pykoop.ConstantLiftingFn())]


@dataclass(frozen=True)
class PolynomialEDMDc(PolynomialEDMD):
    """`PolynomialLiftingFn` of states and inputs together, `ConstantLiftingFn` and `Edmd`.

    Least squares (Korda and Mezić 2018) from all monomials of the state and the input up to a
    degree to those of the next state: inputs come multiplied with states and with each other, as
    the products of functions that inputs move need them.

    Parameters
    ----------
    degree : int
        Monomials up to this degree, the constant included.
    """

    tags = replace(PolynomialEDMD.tags, inputs=True, papers=(papers.KORDA_2018,))


@dataclass(frozen=True)
class BilinearEDMDc(PolynomialEDMD):
    """`PolynomialLiftingFn` of the state, `BilinearInputLiftingFn` and `Edmd`.

    Least squares (Bruder, Fu and Vasudevan 2021) from all monomials of the state up to a degree,
    the inputs, and their products with these monomials; inputs are not multiplied with each other.

    Parameters
    ----------
    degree : int
        Monomials of the state up to this degree, the constant included.
    """

    tags = replace(PolynomialEDMD.tags, inputs=True, papers=(papers.BRUDER_2021,))

    def _liftings(self, pykoop: Any) -> list[tuple[str, Any]]:
        polynomial = ("polynomial", pykoop.PolynomialLiftingFn(order=self.degree))
        split = pykoop.SplitPipeline(lifting_functions_state=[polynomial])
        # The constant last: its products with the inputs are the inputs.
        return [
            ("split", split),
            ("bilinear", pykoop.BilinearInputLiftingFn()),
            ("one", pykoop.ConstantLiftingFn()),
        ]


@dataclass(frozen=True)
class _Delays(_Pipeline):
    """A pipeline that begins with `DelayLiftingFn`, of the state.

    Parameters
    ----------
    n_delays_state : int
        Earlier states beside the present one.
    """

    n_delays_state: Count = 4

    def promises(self) -> Tags:
        return replace(self.tags, min_states=self._window + 1)

    @property
    def _window(self) -> int:
        return self.n_delays_state + 1

    def _liftings(self, pykoop: Any) -> list[tuple[str, Any]]:
        delays = pykoop.DelayLiftingFn(n_delays_state=self.n_delays_state)
        return [("delays", delays), ("one", pykoop.ConstantLiftingFn())]


@dataclass(frozen=True)
class DelayDMD(_Delays):
    """`pykoop.KoopmanPipeline` with `DelayLiftingFn` and `Dmd`: Hankel DMD of many trajectories.

    Least squares from each window of states to the next (Arbabi and Mezić 2017), a constant
    included, by singular values.

    Parameters
    ----------
    n_delays_state : int
        Earlier states beside the present one.
    rank : int, optional
        Directions kept: -1, pykoop's own, for all. By default those that stand out of rounding: of
        dependent states of a window full rank divides by the rounding of directions without data.
    """

    rank: CountOrAll | None = None

    tags = replace(_Delays.tags, loses={}, papers=(papers.ARBABI_2017,))

    def promises(self) -> Tags:
        if self.rank == -1:
            why = "at full rank it divides by the rounding of dependent delays"
            return super().promises().none(why)
        return super().promises()

    def _regressor(self, pykoop: Any, data: NDArray, inputs: int) -> Any:
        if self.rank == -1:
            return pykoop.Dmd()
        rank = self.rank
        if rank is None:
            lifting = pykoop.KoopmanPipeline(lifting_functions=self._liftings(pykoop))
            lifting.fit_transformers(data, n_inputs=inputs, episode_feature=True)
            rank = data_rank(_lifted(lifting, data))
        return pykoop.Dmd(tsvd=pykoop.Tsvd("rank", rank))

    def _model(self, pipeline: Any, data: NDArray, dt: float, state: slice) -> LinearModel:  # noqa: ARG002
        # Of its matrix, built from these again, 0 is an eigenvalue for each direction cut.
        dmd, lift = pipeline.regressor_, Lifting(pipeline, self._window)
        return LinearModel.from_modes(dmd.eigenvalues_, dmd.modes_, dt, lift, state)


@dataclass(frozen=True)
class DelayEDMDc(_Delays):
    """`DelayLiftingFn` of the state and `Edmd` with inputs (Korda and Mezić 2018).

    Least squares from each window of states, a constant and the input held after it to the next
    window, by the normal equations.

    Eigenpairs are those in the directions in which there are data: of pykoop's matrix 0 is an
    eigenvalue for each of the others. Its `Dmdc` loses the functions, as it builds its matrix from
    modes, and delays under inputs have none (docs/reference/library-notes).

    Parameters
    ----------
    n_delays_state : int
        Earlier states beside the present one.
    """

    # Delays under inputs make a matrix without a basis of eigenvectors.
    tags = replace(_Delays.tags, inputs=True, exactness=1e-6, papers=(papers.KORDA_2018,))

    def _model(self, pipeline: Any, data: NDArray, dt: float, state: slice) -> LinearModel:
        windows = _lifted(pipeline, data)[:, : pipeline.n_states_out_]
        sizes, directions = np.linalg.eigh(windows.T @ windows)
        kept = directions[:, sizes > len(sizes) * np.finfo(float).eps * sizes[-1]]
        operator = pipeline.regressor_.coef_[: pipeline.n_states_out_]
        discrete, within = np.linalg.eig(kept.T @ operator @ kept)
        lift = Lifting(pipeline, self._window)
        return LinearModel.from_coefficients(discrete, kept @ within, dt, lift, state)


def _lifted(pipeline: Any, data: NDArray) -> NDArray[np.float64]:
    """What the regressor of a pipeline is given of all windows but the last of each episode."""
    import pykoop

    inputs = pipeline.n_inputs_out_
    before, _ = pykoop.shift_episodes(
        pipeline.transform(data), n_inputs=inputs, episode_feature=True
    )
    return np.asarray(before[:, 1:])
