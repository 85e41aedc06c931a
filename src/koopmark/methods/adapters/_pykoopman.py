"""Models of PyKoopman, and its neural-network method, trained through Lightning."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.methods import papers
from koopmark.methods._method import Method, Tags
from koopmark.methods._options import Count
from koopmark.models import Lift, Model, continuous, driven, propagate
from koopmark.simulation import Trajectories

PYKOOPMAN = Tags(
    library="pykoopman",
    # PyKoopman pins versions that cannot share an environment with the other libraries.
    install=(
        'pip install "derivative>=0.6" "lightning>=2.0" "matplotlib>=3.6" "optht>=0.2" '
        '"prettytable>=3.0" "setuptools<81" "torch>=2.1" && pip install --no-deps pykoopman==1.2.1'
    ),
    requires=(
        *("derivative", "lightning", "matplotlib", "optht", "pkg_resources", "prettytable"),
        *("pydmd", "torch", "pykoopman"),
    ),
    sampling="segments",
)

Activation = Literal["relu", "sigmoid", "tanh", "swish", "elu", "mish", "linear"]


@dataclass(frozen=True, eq=False)
class PyKoopmanModel(Model):
    """A fitted `pykoopman.Koopman`.

    Parameters
    ----------
    koopman : pykoopman.Koopman
        Its `psi` takes states as columns and gives eigenfunctions as rows. If it was fitted with
        inputs, its `B` is in the coordinates of `A`, whose eigenvectors lead to those of `psi`.
    dt : float
        Sampling interval of the data.
    lift : callable, optional
        The functions that it combines; None if eigenfunctions leave their span, by rounding.
    """

    koopman: Any
    dt: float
    lift: Lift | None = None

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        return continuous(self.koopman.lamda_array, self.dt)

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        # Torch, which some observables are written in, takes no negative strides.
        states = np.ascontiguousarray(windows[:, -1])
        return np.asarray(self.koopman.psi(states.T), dtype=complex).T

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return None if self.lift is None else np.asarray(self.lift(windows[:, -1]))

    @property
    def multipliers(self) -> NDArray[np.complex128] | None:
        return np.asarray(self.koopman.lamda_array, dtype=complex)

    @property
    def gains(self) -> NDArray | None:
        if not self.koopman.n_control_features_:
            return None
        regressor = self.koopman._regressor()
        return np.linalg.solve(regressor.eigenvectors_, self.koopman.B.astype(complex))

    def predict(
        self, windows: NDArray, times: NDArray, inputs: NDArray | None = None
    ) -> NDArray | None:
        values, modes = self.eigenfunctions(windows), self.koopman.W.T
        multipliers, gains = self.multipliers, self.gains
        if inputs is None or gains is None or multipliers is None:
            return propagate(values, self.eigenvalues, modes, times)
        return driven(values, multipliers, gains, modes, times, inputs, self.dt)


@contextmanager
def _quietly() -> Iterator[None]:
    """One thread, and neither advice nor announcements from Lightning."""
    import torch

    logger, threads = logging.getLogger("lightning.pytorch"), torch.get_num_threads()
    level = logger.level
    try:
        torch.set_num_threads(1)
        logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class NNDMD(Method):
    """`pykoopman.regression.NNDMD`: a network encodes, a matrix propagates, a network decodes.

    All three are trained together to predict the states a few steps ahead (Lusch et al. 2018).

    Takes about half a minute for a hundred trajectories of fifty states; with PyKoopman's own
    thousand epochs in batches of 16, a quarter of an hour.

    Parameters
    ----------
    hidden : tuple of int
        Widths of the hidden layers of the encoder; empty for a linear one.
    latent : int
        Functions it learns, and eigenvalues.
    activation : str
        Of the encoder; the decoder is linear.
    look_forward : int
        Steps ahead that the loss compares.
    batch_size : int
        Training samples per step of the optimiser; PyKoopman's own default is 16. A sample is a
        state with those that follow it within `look_forward` steps.
    max_epochs : int
        Passes over the training samples; Lightning's own default is 1000.
    seed : int
        Initial weights, and the order of the batches.
    decoder : tuple of int
        Widths of the hidden layers of the decoder.
    """

    hidden: tuple[int, ...] = (32, 32)
    latent: Count = 6
    activation: Activation = "tanh"
    look_forward: Count = 5
    batch_size: Count = 128
    max_epochs: Count = 100
    seed: int = 0
    decoder: tuple[int, ...] = ()

    tags = replace(
        PYKOOPMAN.none("a network is trained, in single precision, to what it finds"),
        trial={"max_epochs": 1, "hidden": (8,), "look_forward": 1, "batch_size": 64},
        # The epochs are Lightning's.
        by_default={
            "decoder": (32, 32),
            "look_forward": 1,
            "batch_size": 16,
            "max_epochs": 1000,
        },
        papers=(papers.LUSCH_2018,),
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        size = trajectories.states.shape[2]
        encoder = {
            "input_size": size,
            "hidden_sizes": list(self.hidden),
            "output_size": self.latent,
            "activations": self.activation,
        }
        decoder = {
            "input_size": self.latent,
            "hidden_sizes": list(self.decoder),
            "output_size": size,
            "activations": "linear",
        }
        # It leaves no files.
        trainer = {
            "max_epochs": self.max_epochs,
            "accelerator": "cpu",
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
        }
        with _quietly():
            regressor = pykoopman.regression.NNDMD(
                look_forward=self.look_forward,
                batch_size=self.batch_size,
                config_encoder=encoder,
                config_decoder=decoder,
                trainer_kwargs=trainer,
            )
            koopman = pykoopman.Koopman(regressor=regressor)
            # A list of trajectories: of pairs as two arrays PyKoopman drops the last. Torch takes
            # no negative strides.
            parts = [real(block.states, "states") for block in trajectories.blocks()]
            states = [one for part in parts for one in np.ascontiguousarray(part)]
            koopman.fit(states, dt=trajectories.dt)
        # Values in single precision: the encoder's are not listed.
        return PyKoopmanModel(koopman, trajectories.dt)
