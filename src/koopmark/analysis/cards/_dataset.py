"""What a run knows of a dataset: what it is, what there is to find, who finds it, what is hard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from koopmark import datasets
from koopmark._config import parse
from koopmark._errors import ConfigError
from koopmark.analysis import numbers
from koopmark.analysis.cards._hard import hard
from koopmark.analysis.cards._shared import Shared, extent, outcomes
from koopmark.analysis.conditions import Conditions, told
from koopmark.analysis.measure import competing
from koopmark.analysis.numbers import plural
from koopmark.analysis.results import Results
from koopmark.analysis.targets import target_names
from koopmark.datasets import Recipe
from koopmark.datasets.recipe import Contents
from koopmark.systems import System

FINDERS = 3
"""Methods that are named of those that find a target."""


@dataclass(frozen=True)
class Finder:
    """A method, and how well it does at a target."""

    method: str
    digits: float


@dataclass(frozen=True)
class TargetFacts:
    """An exact eigenspace, and how many methods find it."""

    name: str
    value: complex
    """The exact eigenvalue, of the first seed if the system is drawn anew for each."""
    dimension: float
    degree: float
    """Both may be missing in a table of anyone's."""
    found_by: int
    of: int
    """0 if it cannot be scored."""
    expressed_by: int
    """Methods whose dictionary can hold it."""
    known: int
    """Methods of which that is known."""
    best_digits: float
    under: str
    """`driven` or `undriven`, as inputs reach it or not; `hidden` if no sensor shows it."""
    finders: tuple[Finder, ...]
    """Those with the most digits of the methods that find it, in the order of the run if equal."""

    @property
    def kind(self) -> str:
        """`principal`, or `product of 2, undriven`."""
        kind = f"product of {numbers.plain(self.degree)}" if self.degree > 1 else "principal"
        return ", ".join(filter(None, [kind, self.under]))


@dataclass(frozen=True)
class DatasetCard:
    """A dataset as a run knows it. Texts are empty where nothing is known."""

    name: str
    text: str
    """Title and description of its recipe."""
    equation: str
    system: str
    """The equation, and what else there is to say of the system in a line."""
    data: str
    """How many trajectories, how long, how noisy."""
    told: tuple[tuple[str, str], ...]
    """Of a map, inputs and sensors: a word and what there is to say, and what is exact."""
    sources: tuple[tuple[str, str], ...]
    """References, each with where it leads; empty if it has no DOI and no address."""
    where: Conditions
    targets: tuple[TargetFacts, ...]
    hard: tuple[str, ...]
    """What makes it hard, in sentences on measured facts."""
    methods: pd.DataFrame
    """The rows of the summary of the methods that compete, best first."""
    extent: str
    """How many targets and seeds `outcomes` counts."""
    outcomes: Mapping[str, int]

    @property
    def source(self) -> str:
        """All references in words."""
        return "; ".join(said for said, _ in self.sources)


def dataset_card(run: Results, name: str, fits: pd.DataFrame, shared: Shared) -> DatasetCard:
    """The card of a dataset, from its rows of fits.csv."""
    recipe = _shipped(run.provenance, name)
    made_of, where = recipe_of(run.provenance, name), shared.where[name]
    system = made_of.build(_seed(fits)) if made_of else None
    ours = competing(run.judged[run.judged["dataset"] == name])
    rows = run.summary[(run.summary["dataset"] == name) & (run.summary["role"] == "method")]
    under = _under(made_of, system, _seed(fits)) if made_of and system else {}
    targets = _targets(run.targets[run.targets["dataset"] == name], name, shared, under)
    equation = repr(system).strip("<>").partition("N = ")[0].strip(" ,") if system else ""
    records = [{str(key): value for key, value in row.items()} for row in ours.to_dict("records")]
    # How a level of a sweep, a map, or a driven network behaves at late times was not examined.
    known = recipe is not None and recipe.name == name and not (where.inputs or where.discrete)
    regime = recipe.in_the_long_run if recipe and known else ""
    return DatasetCard(
        name=name,
        text=_text(recipe, name) if recipe else _told(run.provenance, name),
        equation=equation,
        system=", ".join(filter(None, [equation, *_sizes(fits.iloc[0]), regime])),
        data=_data(fits, made_of.trials.in_words if made_of else "", where),
        told=told(made_of, system, made_of.sensors(_seed(fits))) if made_of and system else (),
        sources=_sources(recipe) if recipe else (),
        where=where,
        targets=targets,
        hard=hard(targets, fits.iloc[0], ours, system, rows, where),
        methods=rows,
        extent=extent(records),
        outcomes=outcomes(records),
    )


def _seed(fits: pd.DataFrame) -> int:
    return int(fits["seed"].min())


def _sizes(first: "pd.Series[Any]") -> list[str]:
    named = (("N", first["n"]), ("rank", first["rank"]))
    return [f"{name}{' =' * (name == 'N')} {numbers.plain(x)}" for name, x in named if pd.notna(x)]


def _data(fits: pd.DataFrame, trials: str, where: Conditions) -> str:
    first = fits.iloc[0]
    if pd.isna(first["dt"]):
        return ""
    return (
        f"{numbers.plain(first['train_trajectories'])} training "
        f"{'trajectory' if first['train_trajectories'] == 1 else 'trajectories'}, "
        f"{where.interval(first['dt'])}, {where.length('t = 0 to', first['horizon'])}, "
        f"{trials and f'{trials}, '}"
        f"{_noise(first)}; "
        f"{plural(int(fits['seed'].nunique()), 'seed')}"
    )


def _noise(first: "pd.Series[Any]") -> str:
    if pd.isna(first["noise"]):
        return "noise unknown"
    return f"noise {numbers.plain(100 * first['noise'])} %" if first["noise"] else "no noise"


def _text(recipe: Recipe, name: str) -> str:
    """What a recipe says of itself and, of a level of a sweep over it, what is another here."""
    changed = name.partition("/")[2]
    differs = f" This dataset is a variant with {changed.replace('=', ' = ')}." if changed else ""
    return f"{recipe.title}. {recipe.description}{differs}"


def _told(provenance: Mapping[str, Any], name: str) -> str:
    """What there is to say of a dataset without a recipe."""
    if "recording" not in _ran(provenance, name):
        return ""
    return (
        "A recording without an answer key. Methods are not scored; held-out data show what holds."
    )


def _sources(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            reference.text if place else reference.text[:1].upper() + reference.text[1:],
            f"https://doi.org/{reference.doi}" if reference.doi else reference.url,
        )
        for place, reference in enumerate(recipe.references)
    )


def _ran(provenance: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """What the numbers of a dataset depend on, as provenance.json has it; empty if it does not."""
    recipes = provenance.get("recipes")
    ran = recipes.get(dataset) if isinstance(recipes, dict) else None
    return ran if isinstance(ran, dict) else {}


def _shipped(provenance: Mapping[str, Any], dataset: str) -> Recipe | None:
    """The shipped recipe that a dataset was made from; None if it was another of this name."""
    name = dataset.partition("/")[0]
    if name not in datasets.names():
        return None
    recipe = datasets.load_recipe(name)
    system = _ran(provenance, dataset).get("system")
    kind = system.get("kind") if isinstance(system, dict) else None
    return recipe if kind == recipe.system.kind else None


def recipe_of(provenance: Mapping[str, Any], dataset: str) -> Recipe | None:
    """What a dataset was made from, shipped or not, without texts.

    None if that is not known, is no recipe of this version, or reads files that do not ship.
    """
    ran = _ran(provenance, dataset)
    try:
        contents = parse({"title": dataset, "description": "", **ran}, Contents, dataset)
    except ConfigError:
        # A shipped recipe of which the run says no more than its kind.
        return _shipped(provenance, dataset)
    recipe = Recipe.model_construct(name=dataset, **dict(contents))
    files = {path for section in recipe.sections() for path in section.reads()}
    return recipe if not files or _shipped(provenance, dataset) else None


def _under(recipe: Recipe, system: System, seed: int) -> dict[int, str]:
    """What inputs and sensors make of each target of a recipe, by its place; see `TargetFacts`."""
    sensors = recipe.sensors(seed)
    if not system.inputs and sensors is None:
        return {}
    spaces = enumerate(datasets.target_list(recipe, seed))
    if sensors is not None and not system.observed(sensors, recipe.max_degree):
        return {index: "hidden" for index, _ in spaces}
    if not system.inputs:
        return {}
    return {index: "driven" if space.driven else "undriven" for index, space in spaces}


def _targets(
    targets: pd.DataFrame, name: str, shared: Shared, under: Mapping[int, str]
) -> tuple[TargetFacts, ...]:
    rows = shared.finds[shared.finds["dataset"] == name]
    # Equal digits stay in the order of the run.
    best_first = rows.assign(tenths=-rows["digits"].round(1)).sort_values(["tenths", "order"])
    by_target = {str(target): some for target, some in best_first.groupby("target", sort=False)}
    once = targets.assign(name=target_names(targets)).drop_duplicates("name")
    return tuple(
        _target(row, by_target.get(row["name"], rows.iloc[:0]), under)
        for _, row in once.sort_values("target_index", kind="stable").iterrows()
    )


def _target(row: "pd.Series[Any]", tried: pd.DataFrame, under: Mapping[int, str]) -> TargetFacts:
    found = tried[tried["finds"]]
    known = tried["attainable"].notna()
    return TargetFacts(
        name=str(row["name"]),
        value=complex(row["target_eigenvalue_re"], row["target_eigenvalue_im"]),
        dimension=float(row["target_dimension"]),
        degree=float(row["target_degree"]),
        found_by=len(found),
        of=len(tried),
        expressed_by=int((tried["attainable"] > 0).sum()),
        known=int(known.sum()),
        best_digits=float(tried["digits"].max()) if len(tried) else float("nan"),
        under=under.get(int(row["target_index"]), ""),
        finders=tuple(
            Finder(str(one["method"]), float(one["digits"]))
            for _, one in found.head(FINDERS).iterrows()
        ),
    )
