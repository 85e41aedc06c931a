"""PyKoopman: a neural network as dictionary, trained through Lightning."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from koopmark._arrays import real
from koopmark.methods.adapters.pykoopman.library import PyKoopmanMethod, UnlistedModel
from koopmark.models import Model
from koopmark.simulation import Trajectories

Activation = Literal["relu", "sigmoid", "tanh", "swish", "elu", "mish", "linear"]


@contextmanager
def quietly() -> Iterator[None]:
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


def trained(trajectories: Trajectories, max_epochs: int, **options: Any) -> Model:
    """The model of a `pykoopman.regression.NNDMD` with `options`, which leaves no files."""
    import pykoopman

    trainer = {
        "max_epochs": max_epochs,
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    with quietly():
        regressor = pykoopman.regression.NNDMD(trainer_kwargs=trainer, **options)
        koopman = pykoopman.Koopman(regressor=regressor)
        # A list of trajectories: of pairs as two arrays PyKoopman drops the last. Torch takes no
        # negative strides.
        states = np.ascontiguousarray(real(trajectories.states, "states"))
        koopman.fit(list(states), dt=trajectories.dt)
    # Values in single precision: the encoder's are not listed.
    return UnlistedModel(koopman, trajectories.dt, koopman.phi)


@dataclass(frozen=True)
class NNDMD(PyKoopmanMethod):
    """`pykoopman.regression.NNDMD`: a network encodes, a matrix propagates, a matrix decodes.

    Takes about half a minute for a hundred trajectories of fifty states.

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
    max_epochs : int
    seed : int
        Initial weights, and the order of the batches.
    """

    hidden: tuple[int, ...] = (32, 32)
    latent: int = 6
    activation: Activation = "tanh"
    look_forward: int = 5
    batch_size: int = 128
    max_epochs: int = 100
    seed: int = 0

    trial: ClassVar[Mapping[str, Any]] = {"max_epochs": 2, "hidden": (8,), "look_forward": 1}
    recovers: ClassVar[str] = "a network is trained, in single precision, to what it finds"

    def __post_init__(self) -> None:
        for name in ("latent", "look_forward", "batch_size", "max_epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def _fit(self, trajectories: Trajectories) -> Model:
        size = trajectories.states.shape[2]
        return trained(
            trajectories,
            self.max_epochs,
            look_forward=self.look_forward,
            batch_size=self.batch_size,
            config_encoder={
                "input_size": size,
                "hidden_sizes": list(self.hidden),
                "output_size": self.latent,
                "activations": self.activation,
            },
            config_decoder={
                "input_size": self.latent,
                "hidden_sizes": [],
                "output_size": size,
                "activations": "linear",
            },
        )


@dataclass(frozen=True)
class DefaultNNDMD(PyKoopmanMethod):
    """`pykoopman.regression.NNDMD()` as it comes, but for the size of the state, 2 by default.

    Lightning's thousand epochs in batches of 16: a quarter of an hour for a hundred trajectories
    of fifty states.

    Parameters
    ----------
    max_epochs : int
    seed : int
        Initial weights, and the order of the batches.
    """

    max_epochs: int = 1000
    seed: int = 0

    trial: ClassVar[Mapping[str, Any]] = {"max_epochs": 1}
    recovers: ClassVar[str] = NNDMD.recovers

    def __post_init__(self) -> None:
        if self.max_epochs < 1:
            raise ValueError(f"max_epochs must be at least 1, got {self.max_epochs}")

    def _fit(self, trajectories: Trajectories) -> Model:
        size = trajectories.states.shape[2]
        layers = {"hidden_sizes": [32, 32]}
        encoder = {"input_size": size, "output_size": 6, "activations": "tanh", **layers}
        decoder = {"input_size": 6, "output_size": size, "activations": "linear", **layers}
        return trained(
            trajectories, self.max_epochs, config_encoder=encoder, config_decoder=decoder
        )
