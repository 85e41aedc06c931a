"""What a name stands for: a method, library, dataset, suite, system, score, outcome or term."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from koopmark import datasets, methods, plan, systems
from koopmark._config import shortened
from koopmark._errors import PROPOSED, ConfigError, did_you_mean, suggest
from koopmark._plugins import names_code
from koopmark._resources import checkout
from koopmark.analysis import columns
from koopmark.analysis.measure import MEANINGS, Outcome
from koopmark.methods.plugins import METHOD
from koopmark.pages.catalogue import entry
from koopmark.pages.terminal._layout import Block, Column, Paragraph, Table
from koopmark.pages.terminal._listing import written
from koopmark.systems.registry import FACTORIES
from koopmark.systems.sections import SECTIONS

Blocks = Iterator[Block | None]

SCORES = "docs/explanation/scores/index.md"
NOTES = "docs/reference/library-notes"

SAMPLING = {
    "regular": "trials of equal length without gaps, at even times; koopmark gives it the part of "
    "the data that is so",
    "segments": "trials of any length with gaps, at one sampling interval",
    "any": "trials of any length with gaps, at any times",
}
USUAL = {
    "dictionary": "Functions of the state that the method combines into eigenfunctions.",
    "input_terms": "How inputs enter: linear, bilinear or products.",
    "kernel": "Kernel, which stands for the functions of the state that the method combines.",
    "seed": "Seed of the method's random numbers.",
    "tolerance": "Directions of the dictionary whose singular value on the data, relative to the "
    "largest, is below it are dropped.",
}
"""What options mean that several methods have, if their own text does not say it."""

RANGES = {
    "digits": "0 to 9",
    "found": "0 to 1, shown in %",
    "reach": "0 to 1, shown in %",
    "yield": "0 to 1, shown in %",
    "precision": "0 to 1",
    "judged": "0 to 1",
    "recall": "0 to 1",
    "spurious_fraction": "0 to 1",
    "eigenfunction_error": "0 to 1",
    "oracle_floor": "0 to 1",
    "null_space_error": "0 to 1",
    "rank_error": "integers, negative if the rank is underestimated",
    "verified": "0 to the number of recovered pairs",
}
"""Of all other scores it is from 0 up."""

BEST = {"low": "Lower is better.", "high": "Higher is better.", "zero": "0 is best."}


def described(name: str) -> Blocks:
    """All that a name stands for.

    Raises
    ------
    ConfigError
        If it stands for nothing, with names like it.
    """
    found = _meanings(name)
    if not found:
        raise ConfigError(
            f"nothing is called {shortened(name)!r}: {_like(name)}`koopmark list` shows methods, "
            "datasets, suites and systems; docs/glossary.md explains the terms"
        )
    if len(found) > 1:
        *others, last = found
        yield Paragraph(f"has {len(found)} meanings: {', '.join(others)} and {last}.", f"{name}")
    for blocks in found.values():
        if len(found) > 1:
            yield None
        yield from blocks(name)


def _meanings(name: str) -> Mapping[str, Callable[[str], Blocks]]:
    """What a name is, in words, with what describes it."""
    found: dict[str, Callable[[str], Blocks]] = {}
    if name.endswith(".toml"):
        # What is no text is refused by whoever reads it.
        given = Path(name).is_file()
        text = Path(name).read_text(encoding="utf-8", errors="replace") if given else ""
        is_suite = re.search(r"^question\s*=", text, re.MULTILINE)
        return {"a suite": _suite} if is_suite else {"a dataset": _dataset}
    if name in methods.names() or names_code(name, METHOD.group):
        found["a method"] = _method
    if name.casefold() in _libraries():
        found["a library"] = _library
    if name in datasets.names():
        found["a dataset"] = _dataset
    if name in plan.names():
        found["a suite"] = _suite
    if name in {**systems.CATALOGUE, **systems.INEXACT}:
        found["an example system"] = _system
    if name in SECTIONS:
        found["a kind of system in recipes"] = _kind
    if _plain(name) in _scores():
        found["a score"] = _score
    if _plain(name) in _outcomes():
        found["an outcome of a target"] = _outcome
    if _plain(name) in _terms():
        found["a term"] = _term
    return found


def _like(name: str) -> str:
    """Proposes what is called so behind the dot, `pydmd.dmd` for dmd, or else what is alike."""
    same = [one for one in methods.names() if one.rpartition(".")[2] == name.casefold()]
    return did_you_mean(same[:PROPOSED]) or suggest(name, _known())


def _known() -> list[str]:
    return [
        *methods.names(),
        *methods.offered(),
        *datasets.names(),
        *plan.names(),
        *systems.CATALOGUE,
        *systems.INEXACT,
        *SECTIONS,
        *_libraries(),
        *_scores(),
        *_outcomes(),
        *_terms(),
    ]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _libraries() -> dict[str, list[str]]:
    """The methods of each library, by the library's name."""
    found: dict[str, list[str]] = {}
    for name in methods.names():
        found.setdefault(methods.get(name).tags.library.casefold(), []).append(name)
    return found


def _sentence(text: str) -> str:
    """The first sentence of a summary, in which "et al." ends none."""
    return re.split(r"(?<!\bal)\.(?:\s|$)", text)[0]


def _library(name: str) -> Blocks:
    library = name.casefold()
    names = _libraries()[library]
    missing = methods.availability(methods.get(names[0]))
    version = methods.library_version(methods.get(names[0]))
    yield Paragraph(missing or f"{library} {version}".strip(), "Library:")
    yield Paragraph(f"{len(names)}. `koopmark describe NAME` explains one of them.", "Methods:")
    yield None
    heads = ("method", "meaning")
    rows = [[one, _unmarked(_sentence(methods.described(one).summary))] for one in names]
    yield Table([Column(head, right=False) for head in heads], rows)


def _method(name: str) -> Blocks:
    told, method = methods.described(name), methods.get(name)
    yield Paragraph(told.summary, f"Method {name}:")
    if told.role == "anchor":
        yield Paragraph("It is an anchor, which marks an end of the scores, and is not ranked.")
    if told.role == "informed":
        yield Paragraph("It is given the equations of the system, and is not ranked.")
    missing = methods.availability(method)
    version = methods.library_version(method)
    yield Paragraph(missing or f"{told.library} {version}".strip(), "Library:")
    yield Paragraph(*_options_of(told))
    texts = _parameters(type(method))
    rows = []
    for field in fields(method):
        value, own = getattr(method, field.name), getattr(type(method)(), field.name)
        said = written(value) + (f" (class default: {written(own)})" if value != own else "")
        rows.append([field.name, said, texts.get(field.name) or USUAL.get(field.name, "")])
    if rows:
        yield None
        heads = ("option", "value", "meaning")
        yield Table([Column(head, right=False) for head in heads], rows)
        yield None
    yield Paragraph(
        "you choose it, with the option dictionary" if told.takes_dictionary else "fixed",
        "Dictionary:",
    )
    uses = [SAMPLING[told.sampling]]
    if told.one_trajectory:
        uses.append("only one trajectory, the longest")
    uses.append("inputs" if told.inputs else "no inputs")
    yield Paragraph("; ".join(uses), "Data it uses:")
    for paper in told.papers:
        yield Paragraph(str(paper), "Paper:")
    if notes := _notes(name):
        yield Paragraph(f"{len(notes)}, in {NOTES}:", "Library notes:")
        for note in notes:
            yield Paragraph(note, "-")


def _options_of(told: methods.Description) -> tuple[str, str]:
    """Whose options the method has, with the word in front of it."""
    if told.library == "koopmark":
        return "koopmark's own method", "Origin:"
    if told.library_default:
        return f"those that {told.library} sets by default", "Options:"
    if told.default_name:
        return (
            f"see below. The defaults of {told.library} itself: {told.default_name}",
            "Options that koopmark sets:",
        )
    return f"{told.library} has no defaults for it: its user must choose something", "Options:"


def _parameters(kind: type) -> dict[str, str]:
    """What the docstrings of a class and its bases say of its options."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        text = inspect.cleandoc(vars(base).get("__doc__") or "")
        names: list[str] = []
        for line in re.split(r"(?:^|\n)Parameters\n-+\n", text)[-1].splitlines():
            if begun := re.fullmatch(r"(\w+(?:, \w+)*) : .+", line):
                names = begun[1].split(", ")
                found.update(dict.fromkeys(names, ""))
            elif line.startswith(" "):
                for one in names:
                    found[one] = f"{found[one]} {line.strip()}".strip()
            elif line:
                break
    return found


def _notes(name: str) -> list[str]:
    """Titles and pages of the library notes that concern a method."""
    folder = _docs() / "reference" / "library-notes"
    found = []
    for path in sorted(folder.rglob("*.md")):
        for part in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, _, text = part.partition("\n")
            said = re.search(r"^- \*\*Concerns:\*\* (.+(?:\n  .+)*)", text, re.MULTILINE)
            patterns = re.findall("`([^`]+)`", said[1]) if said else []
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                found.append(f"{_unmarked(title)} ({path.relative_to(folder).as_posix()})")
    return found


def _dataset(name: str) -> Blocks:
    recipe = datasets.load_recipe(name)
    said = entry(recipe)
    yield Paragraph(f"{said.title}. {said.description}", f"Dataset {recipe.name}:")
    anew = ", drawn anew for each seed" if said.drawn_anew else ""
    for lead, text in (
        ("System:", said.system + anew),
        ("Parameters:", said.parameters),
        *((f"{word.capitalize()}:", text) for word, text in said.told),
        ("Exact eigenvalues:", f"{said.called}{'' if said.exact else ' (≈: up to a bound)'}"),
        ("Long-run behaviour:", said.regime),
        ("Data:", said.sampling),
        ("Source:", said.citation),
        ("Suites:", ", ".join(_suites_with(recipe.name))),
    ):
        if text:
            yield Paragraph(text, lead)
    yield Paragraph(f"koopmark export {name}", "Get the data:")


def _suites_with(name: str) -> list[str]:
    found = []
    for one in plan.names():
        suite = plan.load_suite(one)
        if name in {*suite.datasets, *(sweep.dataset for sweep in suite.sweeps)}:
            found.append(one)
    return found


def _suite(name: str) -> Blocks:
    suite = plan.load_suite(name)
    yield Paragraph(suite.question, f"Suite {suite.name}:")
    recorded = [one.name or one.file for one in suite.recordings]
    if given := [*suite.datasets, *recorded]:
        yield Paragraph(", ".join(given), "Datasets:")
    for sweep in suite.sweeps:
        of = f"{', '.join(sweep.vary)} of {sweep.dataset}"
        values = ", ".join(written(value) for value in sweep.values)
        yield Paragraph(f"{of} at {values}", "Sweep:")
    yield Paragraph(", ".join(entry.label for entry in suite.methods), "Methods:")
    if suite.dictionaries:
        each = "; ".join(written(dict(one)) for one in suite.dictionaries)
        yield Paragraph(f"{each} (every method that takes one runs with each)", "Dictionaries:")
    if suite.defaults:
        yield Paragraph("each method also runs with its library's default options", "Defaults:")
    yield Paragraph(str(suite.seeds), "Seeds:")
    limits = f"{suite.limits.seconds:g} s and {suite.limits.memory_mb:g} MB per fit"
    budget = f"; {suite.budget / 60:.3g} min for the run on two cores" if suite.budget else ""
    yield Paragraph(limits + budget, "Limits:")
    yield Paragraph(f"koopmark run {suite.argument}", "Run it:")


def _system(name: str) -> Blocks:
    system = systems.example(name)
    yield Paragraph(_first(type(system)), f"System {name}:")
    yield Paragraph(repr(system).strip("<>"), "Equation:")
    exact = "exact along every trajectory"
    inexact = "exact up to a bound, or on average over paths"
    yield Paragraph(exact if name in systems.CATALOGUE else inexact, "Eigenfunctions:")
    # Without the name of their class.
    spaces = "; ".join(repr(one).strip("<>").partition(" ")[2] for one in system.eigenspaces())
    yield Paragraph(spaces or "none in closed form", "Eigenspaces:")
    yield Paragraph(f"koopmark.systems.example({name!r})", "In Python:")


def _kind(name: str) -> Blocks:
    said = _first(FACTORIES[name].make)
    yield Paragraph(said, f"Kind of system {name}, in the [system] section of a recipe:")
    rows = [
        [key, "required" if field.is_required() else written(field.default)]
        for key, field in SECTIONS[name].model_fields.items()
        if key != "kind"
    ]
    if rows:
        yield None
        yield Table([Column("key", right=False), Column("default", right=False)], rows)
        yield None
    used = [one for one in datasets.names() if datasets.load_recipe(one).system.kind == name]
    if used:
        yield Paragraph(", ".join(used), "Datasets:")


def _first(thing: Any) -> str:
    """The first paragraph of a docstring."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def _scores() -> dict[str, columns.Column]:
    """Scores by key and by title."""
    all_of = [one for one in vars(columns).values() if isinstance(one, columns.Column)]
    return {_plain(name): one for one in all_of for name in (one.key, one.title)}


def _score(name: str) -> Blocks:
    column = _scores()[_plain(name)]
    yield Paragraph(column.meaning, f"Score {column.title}:")
    yield Paragraph(f"{RANGES.get(column.key, 'from 0 up')}. {BEST[column.best]}", "Range:")
    if column.table:
        yield Paragraph(f"{column.key} of {column.table}.csv", "Column:")
    if column in columns.SUMMARY:
        yield Paragraph(f"koopmark show --grid --score {column.key}", "Show it:")
    yield Paragraph(SCORES, "Documented in:")


def _outcomes() -> dict[str, Outcome]:
    return {_plain(one): one for one in Outcome}


def _outcome(name: str) -> Blocks:
    outcome = _outcomes()[_plain(name)]
    yield Paragraph(f"{MEANINGS[outcome]}.", f"Outcome of a target “{outcome}”:")


def _docs() -> Path:
    root = checkout()
    return root / "docs" if root else Path(__file__).parents[2] / "_data" / "docs"


def _terms() -> dict[str, tuple[str, str]]:
    """Terms of the glossary with their definitions."""
    path = _docs() / "glossary.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.findall(r"^### ([^\n]+)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    return {
        _plain(one): (term, " ".join(said.split()))
        for term, said in found
        for one in term.split(", ")
    }


def _unmarked(text: str) -> str:
    """Markdown without its marks for emphasis, code and links."""
    return re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", r"\1", text)


def _term(name: str) -> Blocks:
    term, said = _terms()[_plain(name)]
    yield Paragraph(_unmarked(said), f"Term {term}:")
    yield Paragraph("docs/glossary.md", "Documented in:")
