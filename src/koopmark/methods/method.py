"""What a method is: hyperparameters with a fit."""

import operator
import random
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

import numpy as np

from koopmark.methods._diagnosis import diagnose
from koopmark.methods.remarks import collected
from koopmark.models import Model
from koopmark.simulation import Trajectories


class Skip(ValueError):
    """Raised by a method that does not apply to the data by design; its text is the reason.

    To whoever fits it directly it is a ValueError like any other about the data.
    """


Role = Literal["method", "informed", "anchor"]
"""What a fit is in a comparison. Only `method` competes: `informed` ones are given the system that
they are to find out about, and a `anchor` marks an end of the scores."""

SEALED = {
    "fit": "a method writes _fit, and what `Method.fit` does around it is the same for all",
    "role": "it follows from needs_system and is_anchor, which a method may declare",
}
"""What no method defines for itself, with the reason."""


@dataclass(frozen=True)
class Method(ABC):
    """A frozen dataclass of hyperparameters; subclasses write `_fit`.

    A method that draws random numbers has a field `seed`, and nothing else that is random.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    library: ClassVar[str] = "koopmark"
    """The distribution that does the work, as `pip install` names it. A method that lives outside
    of koopmark and does not say is counted under its own package or file."""

    install: ClassVar[str] = ""
    """The command that installs it, for methods whose library may be missing."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Modules that `_fit` imports, in the order in which it needs them."""

    recovers: ClassVar[str] = "linear"
    """Data that it must recover exactly: a name in `koopmark.methods.contract.DATA`, or a reason
    why there are none, which has spaces in it."""

    loses: ClassVar[Mapping[str, str]] = {}
    """What it need not recover: names in `koopmark.methods.contract.CASES`, with reasons."""

    exactness: ClassVar[float] = 1e-8
    """How exactly: relative error of φ(x⁺) = e^{λΔt} φ(x), and error of λΔt."""

    needs_system: ClassVar[bool] = False
    """Whether it looks at `trajectories.system`; its docstring and its models' notes say so, and
    data without one are refused with a ValueError. It is not ranked with those that do not."""

    is_anchor: ClassVar[bool] = False
    """Whether it marks an end of the scores. Every run has the anchors, whatever part of its suite
    it does, and none is ranked."""

    trial: ClassVar[Mapping[str, Any]] = {}
    """Options that keep the contract's fits short."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, why in SEALED.items():
            declared = name in vars(cls).get("__annotations__", {})
            # A base that is no method may define it as well.
            if declared or getattr(cls, name) is not getattr(Method, name):
                raise TypeError(f"{cls.__name__} defines {name}: {why}")
        package = cls.__module__.partition(".")[0]
        if cls.library == "koopmark" != package:
            cls.library = package

    def fit(self, trajectories: Trajectories) -> Model:
        """Fit to all snapshot pairs of `trajectories`.

        `_fit` is given the data alone: unless the method declares `needs_system`, neither the
        system nor the targets that `trajectories` may carry.

        Libraries that draw from a global generator find it seeded, so that two fits agree; its
        state is put back afterwards.

        Raises
        ------
        ValueError
            If the data hold non-finite values, fewer than two times, uneven times, or do not
            vary.
        Skip
            If the method does not apply to such data by design.
        TypeError
            If the data are no Trajectories, or `_fit` gives something else than a model.
        """
        check_data(trajectories)
        data = trajectories if self.needs_system else trajectories.without_origin()
        self.prepare()
        with seeded_globals(getattr(self, "seed", 0)), collected() as remarks:
            model = self._fit(data)
            if not isinstance(model, Model):
                raise TypeError(f"_fit returned {type(model).__name__}, which is not a Model")
            diagnose(model, data)
        model = model.noted(remarks)
        # Models are frozen, and few of them have a use for it.
        object.__setattr__(model, "channels", trajectories.states.shape[2])
        return model

    @property
    def role(self) -> Role:
        """How it takes part in a comparison, by what its class declares."""
        if self.is_anchor:
            return "anchor"
        return "informed" if self.needs_system else "method"

    @classmethod
    def prepare(cls) -> None:
        """Import what the fit needs, so that the first fit's time is not that of an import."""
        for module in cls.requires:
            import_module(module)

    def to_options(self) -> dict[str, Any]:
        """The fields as JSON-able values, nested dataclasses as mappings."""
        return asdict(self)

    @abstractmethod
    def _fit(self, trajectories: Trajectories) -> Model: ...


def availability(method: Method) -> str | None:
    """None where the method can run, or the reason it cannot and the command that helps."""
    for module in method.requires:
        if find_spec(module) is None:
            needs = "" if module == method.library else f" (it needs {module})"
            help_ = f": {method.install}" if method.install else ""
            return f"{method.library} is not installed{needs}{help_}"
    return None


def library_version(method: Method) -> str:
    """Version of the distribution that does the work; empty where it is not installed."""
    try:
        return metadata.version(method.library)
    except metadata.PackageNotFoundError:
        return ""


def check_data(trajectories: Trajectories) -> None:
    """Refuse data from which nothing can be learnt, in a sentence.

    Raises
    ------
    TypeError, ValueError
        As said in `Method.fit`.
    """
    states = Trajectories.expected(trajectories, "fit").states
    if states.shape[0] == 0 or states.shape[1] < 2:
        raise ValueError(
            f"no snapshot pairs: {states.shape[0]} trajectories of {states.shape[1]} states"
        )
    # The extremes show every NaN and infinity; a mask would be a copy of an eighth of the data.
    lowest, highest = states.min(axis=(0, 1)), states.max(axis=(0, 1))
    if not (np.isfinite(lowest).all() and np.isfinite(highest).all()):
        finite = np.array([np.isfinite(trajectory).all() for trajectory in states])
        first = int(np.argmin(finite))
        raise ValueError(
            f"{int(np.sum(~finite))} of {len(finite)} trajectories contain missing or non-finite "
            f"values (first: index {first}); drop those trajectories"
        )
    if (lowest == highest).all():
        raise ValueError("the data are constant: every snapshot is the same state")
    _ = trajectories.dt


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed the global generators of NumPy, Python and (where imported) torch; restore them after.

    NumPy's takes 32 bits: larger seeds are folded.
    """
    seed = operator.index(seed)
    torch = sys.modules.get("torch")
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    torch_state = None if torch is None else torch.get_rng_state()
    try:
        np.random.seed(seed % 2**32)  # noqa: NPY002
        random.seed(seed)
        if torch is not None:
            torch.manual_seed(seed)
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        if torch is not None:
            torch.set_rng_state(torch_state)
