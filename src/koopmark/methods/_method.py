"""The base classes of methods: dataclasses of hyperparameters with a `fit`."""

import operator
import random
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_origin

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark._plugins import PLUGIN
from koopmark._repr import number
from koopmark._verdicts import Skip as Skip
from koopmark.datasets import AnswerKey
from koopmark.methods._diagnosis import diagnose, remark_excitation
from koopmark.methods._options import Bounded, configured, spelled_out
from koopmark.methods._paper import Paper
from koopmark.methods.dictionaries import Dictionary, described_by
from koopmark.methods.remarks import collected, fitted_to, remark
from koopmark.models import Model
from koopmark.simulation import Trajectories, check_range

Role = Literal["method", "informed", "anchor"]
"""How a fit takes part in a comparison. Only a `method` is ranked. An `informed` method is given
the answer key of the system that other methods have to recover. An `anchor` is given the key too;
it marks an end of the scores and is part of every run."""

Sampling = Literal["regular", "segments", "any"]
"""What `_fit` can use of recorded data, from least to most. `regular`: trajectories of one length
without gaps at even times; `_fit` is given the regular part of the data (`Trajectories.rectangle`).
`segments`: segments of any lengths with one sampling interval, and so trials with gaps and of
unequal length; `_fit` is given all data and reads `pairs`, `windows`, `blocks` or `segments`.
`any`: every recorded state at its own time, as in `records`."""

Recoverable = Literal["linear", "trajectory", "axes", "line", "plane", "nonlinear"]
"""Data in `koopmark.methods.contract` on which a method may have to be exact."""


@dataclass(frozen=True)
class Tags:
    """Properties of a method that do not depend on the data.

    Parameters
    ----------
    library : str
        Distribution that does the computation, as named by `pip install`. For methods outside
        koopmark the default is their own package or file.
    install : str
        Command that installs the library, for methods whose library may be missing.
    requires : tuple of str
        Modules that `_fit` imports, in the order in which it needs them.
    by_default : mapping of str, optional
        Options that differ from those of the class if the user of the library sets nothing; None if
        the user must choose something.
    papers : tuple of Paper
        Papers that the algorithm comes from; several if the class has several algorithms.
    role : "method", "informed" or "anchor"
        See `Role`.
    min_states : int
        Number of successive states that a trajectory must have.
    sampling : "regular", "segments" or "any"
        Data that the method can use, see `Sampling`; unused data with gaps or uneven times are
        counted in the model's note.
    inputs : bool
        Whether it uses the inputs of the data; otherwise it is fitted as if there were none.
    one_trajectory : bool
        Whether it is fitted to a single trajectory. `_fit` then gets only the longest trajectory,
        or the longest segment if there are gaps, or with the sampling "any" all records of one
        trajectory.
    recovers : str, optional
        Data that it must recover exactly, see `Recoverable`; None if there are none.
    unrecoverable : str
        Why there are no data that it must recover.
    loses : mapping of str to str
        What it need not recover: names in `koopmark.methods.contract.LOSSES`, with reasons.
    exactness : float
        Required accuracy: relative error of φ(x⁺) = e^{λΔt} φ(x), and error of λΔt.
    trial : mapping of str
        Options that make the fits of the checks fast.
    """

    library: str = "koopmark"
    install: str = ""
    requires: tuple[str, ...] = ()
    by_default: Mapping[str, Any] | None = field(default_factory=dict)
    papers: tuple[Paper, ...] = ()
    role: Role = "method"
    min_states: int = 2
    sampling: Sampling = "regular"
    inputs: bool = False
    one_trajectory: bool = False
    recovers: Recoverable | None = "linear"
    unrecoverable: str = ""
    loses: Mapping[str, str] = field(default_factory=dict)
    exactness: float = 1e-8
    trial: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.recovers is None) != bool(self.unrecoverable):
            raise ValueError(
                "tags: a method recovers some data, or says in `unrecoverable` why there are none"
            )

    def none(self, why: str) -> "Tags":
        """The same tags for a method that need not recover any data exactly."""
        return replace(self, recovers=None, unrecoverable=why, loses={})


SEALED = {
    "fit": "a method writes _fit, and what is done around it is the same for all",
    "fit_with": "a method writes _fit, and what is done around it is the same for all",
}
"""Methods that subclasses must not define, with the reason."""


@dataclass(frozen=True)
class Method(Bounded, ABC):
    """Base class of methods: a frozen dataclass of hyperparameters whose subclasses write `_fit`.

    A method that draws random numbers must have a field `seed` that determines all of them.
    """

    tags: ClassVar[Tags] = Tags()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__ == __name__:
            return
        informed = issubclass(cls, InformedMethod)
        home = InformedMethod if informed else Method
        for name, why in SEALED.items():
            declared = name in vars(cls).get("__annotations__", {})
            # A base that is no method may define it as well.
            if declared or getattr(cls, name, None) is not getattr(home, name, None):
                raise TypeError(f"{cls.__name__} defines {name}: {why}")
        own, annotated = vars(cls), vars(cls).get("__annotations__", {})
        for name in (one.name for one in fields(Tags)):
            # A hyperparameter may be called so.
            if name in own and get_origin(annotated.get(name, ClassVar[Any])) is ClassVar:
                raise TypeError(f"{cls.__name__} defines {name}: say it as tags = Tags({name}=...)")
        if not isinstance(cls.tags, Tags):
            raise TypeError(f"{cls.__name__}.tags must be koopmark.methods.Tags, got {cls.tags!r}")
        if informed == (cls.tags.role == "method"):
            raise TypeError(
                f"{cls.__name__} has the role {cls.tags.role!r}: that of an InformedMethod is "
                "'informed' or 'anchor', that of any other 'method'"
            )
        package = cls.__module__.partition(".")[0]
        if cls.tags.library == "koopmark" != package:
            if package.startswith(PLUGIN):
                package = Path(str(sys.modules[package].__file__)).name
            cls.tags = replace(cls.tags, library=package)

    @classmethod
    def library_default(cls) -> Self | None:
        """The method with its library's default options; None if the user must choose some.

        Also None for an anchor.
        """
        chosen = cls.tags.by_default
        return None if chosen is None or cls.tags.role == "anchor" else cls(**chosen)

    @property
    def is_library_default(self) -> bool:
        """Whether the options, apart from the seed, are the library's defaults."""
        default = self.library_default()
        return default is not None and _effective(self) == _effective(default)

    @classmethod
    def options_with(cls, dictionary: Mapping[str, Any]) -> dict[str, Any] | None:
        """Options by which the method uses this dictionary; None if it cannot.

        Parameters
        ----------
        dictionary : mapping
            As in a suite: `{"kind": "monomials", "degree": 2}`.

        Returns
        -------
        dict or None
            Options for `koopmark.methods.get`; None if the method takes no dictionary, or cannot
            use exactly these functions.

        Raises
        ------
        ConfigError
            If there is no such dictionary.
        """
        options = cls._holding(described_by(dictionary))
        if options is None:
            return None
        try:
            return options if configured(cls.__name__, cls(), options) else None
        except ConfigError:
            return None

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        """The options of `options_with`; a class without a field `dictionary` may say others."""
        named = any(field.name == "dictionary" for field in fields(cls))
        return {"dictionary": asdict(dictionary)} if named else None

    def spelled_out(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options with short forms expanded, such as `degree=3` into its dictionary.

        Raises
        ------
        ConfigError
            If an option is given twice, or belongs to another kind of dictionary.
        """
        return spelled_out(self, options)

    def promises(self) -> Tags:
        """The tags at these options; a class overrides this if options change its tags."""
        return self.tags

    def fit(self, train: Trajectories) -> Model:
        """Fit the method to the trajectories `train`.

        `_fit` gets the data without the system that generated them. Global random generators are
        seeded for libraries that use them, so that two fits agree, and restored afterwards.

        Raises
        ------
        ValueError
            If the data have infinite values, fewer than two times or no recorded state, or are
            constant.
        Skip
            If the method does not apply to such data by design, or cannot use any part of them (see
            `Tags.sampling`).
        TypeError
            If `train` is not Trajectories, or `_fit` does not return a model.
        """
        return self._fitted(train, self._fit)

    def fit_with(self, train: Trajectories, key: AnswerKey) -> Model:  # noqa: ARG002
        """Fit to `train`; the key is passed only to an `InformedMethod`. Raises as `fit` does."""
        return self._fitted(train, self._fit)

    def _fitted(self, train: Trajectories, fit: Callable[[Trajectories], Model]) -> Model:
        data = Trajectories.expected(train, "fit").without_origin()
        check_data(data)
        self.prepare()
        with seeded_globals(getattr(self, "seed", 0)), collected() as said:
            usable = _usable(data, self.promises())
            model = fit(usable)
            if not isinstance(model, Model):
                raise TypeError(f"_fit returned {type(model).__name__}, which is not a Model")
            diagnose(model, data)
            if data.inputs is not None and self.promises().inputs and self.tags.role == "method":
                remark_excitation(data)
        model = model.noted(said.remarks)
        # Models are frozen, and few of them have a use for these.
        object.__setattr__(model, "channels", data.states.shape[2])
        object.__setattr__(model, "pairs", data.neighbours)
        if said.pairs_used is not None:
            object.__setattr__(model, "pairs_used", said.pairs_used)
        return model

    @classmethod
    def prepare(cls) -> None:
        """Import what the fit needs, so that imports do not count as time of the first fit."""
        for module in cls.tags.requires:
            import_module(module)

    def to_options(self) -> dict[str, Any]:
        """The fields as JSON-compatible values, with nested dataclasses as mappings."""
        return asdict(self)

    @abstractmethod
    def _fit(self, trajectories: Trajectories) -> Model: ...


@dataclass(frozen=True)
class InformedMethod(Method):
    """Base class of methods that are given the answer key as well; write `_fit(data, key)`.

    Its docstring and its models' notes must say which part of the key it uses. It is shown but not
    ranked.
    """

    tags: ClassVar[Tags] = Tags(role="informed")

    # Not a Method's fit: that an informed method cannot do without the key is its type.
    def fit(self, train: Trajectories, key: AnswerKey) -> Model:  # type: ignore[override]
        """Fit to `train`, with the answer key `key`.

        Raises
        ------
        ValueError, Skip, TypeError
            As `Method.fit`, and if the key lacks what the method needs.
        """
        return self._fitted(train, lambda data: self._fit(data, key))

    def fit_with(self, train: Trajectories, key: AnswerKey) -> Model:
        """The same as `fit`, so that both kinds of methods can be called alike."""
        return self.fit(train, key)

    @abstractmethod
    def _fit(self, trajectories: Trajectories, key: AnswerKey) -> Model: ...  # type: ignore[override]


def _effective(method: Method) -> dict[str, Any]:
    """The options without the seed, dictionaries of the same functions written alike."""
    options = method.to_options()
    options.pop("seed", None)
    dictionary = getattr(method, "dictionary", None)
    if isinstance(dictionary, Dictionary):
        options["dictionary"] = asdict(dictionary.canonical())
    return options


def availability(method: Method) -> str | None:
    """None if the method can run, else the reason why not and the command that helps."""
    tags = method.tags
    for module in tags.requires:
        if find_spec(module) is None:
            needs = "" if module == tags.library else f" (it needs {module})"
            help_ = f": {tags.install}" if tags.install else ""
            return f"{tags.library} is not installed{needs}{help_}"
    return None


def library_version(method: Method) -> str:
    """Version of the distribution that does the computation; empty if not installed."""
    try:
        return metadata.version(method.tags.library)
    except metadata.PackageNotFoundError:
        return ""


def check_data(trajectories: Trajectories) -> None:
    """Raise ValueError for data from which nothing can be learnt.

    Raises
    ------
    TypeError, ValueError
        As in `Method.fit`.
    """
    data = Trajectories.expected(trajectories, "fit")
    states = data.states
    if states.shape[0] == 0 or states.shape[1] < 2 or states.shape[2] == 0:
        raise ValueError(
            f"no snapshot pairs: {states.shape[0]} trajectories of {states.shape[1]} states of "
            f"{states.shape[2]} channels"
        )
    lowest, highest = data.extremes
    if not data.full:
        recorded = data.snapshots()
        if not len(recorded):
            raise ValueError(_nothing_recorded(states))
        lowest, highest = recorded.min(axis=0), recorded.max(axis=0)
    if not (np.isfinite(lowest).all() and np.isfinite(highest).all()):
        infinite = np.array([np.isinf(trajectory).any() for trajectory in states])
        raise ValueError(
            f"{int(infinite.sum())} of {len(infinite)} trajectories contain infinite values "
            f"(first: index {int(np.argmax(infinite))}); drop those trajectories, or set the "
            "values to NaN, which stands for what was not recorded"
        )
    check_range(lowest, highest, "the data")
    _ = data.dt


def _nothing_recorded(states: NDArray) -> str:
    """Why no state of (M, T, N) counts as recorded: a channel that never was, or others."""
    empty = [k for k in range(states.shape[2]) if np.isnan(states[:, :, k]).all()]
    if empty and len(empty) < states.shape[2]:
        named = ", ".join(map(str, empty))
        return (
            f"channel {named} was never recorded, so that no state is complete: "
            "choose the others with data.select"
        )
    return "nothing was recorded: at every time some channel is NaN"


def _usable(data: Trajectories, tags: Tags) -> Trajectories:
    """What a method with these tags is given of the data; what is left out is remarked.

    Raises
    ------
    Skip
        If nothing is left.
    """
    if data.inputs is not None and not tags.inputs:
        remark("the inputs are not used")
        data = replace(data, inputs=None)
    if data.inputs is not None and not np.isfinite(data.held()).all():
        missing = int((~np.isfinite(data.held()).all(axis=1)).sum())
        raise ValueError(
            f"the inputs held over {missing} of {data.neighbours} recorded steps are not finite: "
            "set the states there to NaN as well, or leave the inputs out"
        )
    if data.regular:
        if not tags.one_trajectory or len(data) == 1:
            return data.longest() if tags.one_trajectory else data
        length = len(data.times)
        what = f"one trajectory, the longest of {len(data)}: {length} states"
        fitted_to(length - 1, what)
        return data.longest()
    total, least = data.neighbours, tags.min_states
    if tags.sampling == "any":
        records = data.records(least)
        if tags.one_trajectory and records:
            records = [max(records, key=lambda record: record.states.shape[1])[:1]]
        used = sum(len(record) * (record.states.shape[1] - 1) for record in records)
        usable, what = (records[0] if tags.one_trajectory and records else data), "recorded states"
    else:
        usable = data if tags.sampling == "segments" else data.rectangle(least)
        if tags.one_trajectory:
            usable = data.longest()
        blocks = usable.blocks(least)
        used = sum(len(block) * (block.states.shape[1] - 1) for block in blocks)
        what = f"states {number(data.dt)} apart"
    if not used:
        apart = "" if tags.sampling == "any" else f" in a row are {number(data.dt)} apart"
        raise Skip(f"nothing is left to fit: no {least} recorded states{apart}")
    if used < total:
        one = f", in one trajectory of {usable.states.shape[1]}" if tags.one_trajectory else ""
        fitted_to(used, f"{used} of {total} pairs of recorded neighbours: {what}{one}")
    return usable


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed the global generators of NumPy, Python and torch (if imported), and restore them after.

    NumPy's generator takes 32 bits, so larger seeds are folded.
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
