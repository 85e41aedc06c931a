"""BibTeX of what a run rests on: koopmark, the theory, libraries, methods."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from koopmark._version import __version__
from koopmark.analysis.numbers import listed
from koopmark.analysis.results import Results
from koopmark.datasets import load_recipe, names
from koopmark.methods import REGISTRY, Paper
from koopmark.methods.libraries import LIBRARIES
from koopmark.pages.paper._latex import escaped

PROPER = (
    "Koopman",
    "Hilbert",
    "Nyström",
    "Markov",
    "Eckart-Young-Mirsky",
    "Python",
    "PyDMD",
    "PyKoopman",
)
"""Words of titles whose capitals BibTeX styles must leave alone."""


@dataclass(frozen=True)
class Entry:
    """A reference: its kind, its key, its fields, and what it is cited for."""

    kind: str
    key: str
    fields: tuple[tuple[str, str], ...]
    use: str

    def __str__(self) -> str:
        lines = [_comment(self.use), f"@{self.kind}{{{self.key},"]
        lines += [f"  {name} = {{{value}}}," for name, value in self.fields if value]
        return "\n".join([*lines, "}"])


THEORY = Entry(
    "misc",
    "claveau_koopman",
    (
        ("author", "Claveau and Thibeault and Allard and Desrosiers"),
        ("title", "Analytical {Koopman} approach to recurrent neural networks"),
        ("howpublished", "Poster"),
    ),
    "the theory of networks of low rank (docs/explanation/theory/index.md)",
)


def bibliography(folder: Results | str | Path) -> str:
    """References of a run as BibTeX, one entry for each, with a comment on what it is cited for.

    koopmark and the theory; the papers of each library and each method with a result. What is known
    of the sources of the datasets follows as comments, as these have no titles.

    Parameters
    ----------
    folder : Results, str or Path
        A run.

    Raises
    ------
    ConfigError
        If a table of the run is missing or cannot be read.
    """
    run = folder if isinstance(folder, Results) else Results.read(folder)
    entries = [_koopmark(run), THEORY, *_libraries(run), *_methods(run)]
    without = [name for name, used in _used(run).items() if not _papers(used)]
    notes = [f"No reference is known of {listed(without, most=12)}."] if without else []
    sources = list(_sources(run))
    if sources:
        notes += ["Where the systems of the datasets come from:", *sources]
    blocks = [*map(str, entries), "\n".join(map(_comment, notes))]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _comment(text: str) -> str:
    """A line of it: between entries this sign alone means something to BibTeX."""
    return f"% {text.replace('@', '(at)')}"


def _koopmark(run: Results) -> Entry:
    own = run.fits.loc[run.fits["library"] == "koopmark", "library_version"]
    version = next((str(known) for known in own if known), __version__)
    fields = (
        ("author", "{The koopmark developers}"),
        (
            "title",
            _title("koopmark: a benchmark with an answer key for data-driven Koopman methods"),
        ),
        ("note", f"Software, version {version}"),
    )
    return Entry("misc", "koopmark", fields, "koopmark, the benchmark")


def _libraries(run: Results) -> Iterator[Entry]:
    """Of each library with a fit, with the version that did it."""
    ok = run.fits[(run.fits["status"] == "ok") & (run.fits["role"] != "anchor")]
    versions = ok.drop_duplicates("library").set_index("library")["library_version"]
    for library in sorted(versions.index):
        for paper in LIBRARIES.get(str(library), ()):
            yield _of_paper(paper, f"the library {library} {versions[library]}".rstrip())


def _methods(run: Results) -> Iterator[Entry]:
    """Each paper once, with the methods that it is cited for."""
    cited: dict[Paper, list[str]] = {}
    for name, used in _used(run).items():
        for paper in _papers(used):
            cited.setdefault(paper, []).append(name)
    for paper in sorted(cited, key=lambda paper: paper.key):
        yield _of_paper(paper, listed(cited[paper], most=12))


def _used(run: Results) -> dict[str, str]:
    """The registered name or the place of each method with a result, by its name in the run."""
    given = run.provenance.get("configuration", {}).get("methods", [])
    entries = [entry for entry in given if isinstance(entry, dict)]
    uses = {str(entry.get("name") or entry.get("use")): str(entry.get("use")) for entry in entries}
    ok = set(run.fits.loc[(run.fits["status"] == "ok") & (run.fits["role"] != "anchor"), "method"])
    found = {}
    for name in (one for one in run.order if one in ok):
        plain = name.partition("[")[0]
        found[name] = uses.get(name, uses.get(plain, plain))
    return found


def _papers(used: str) -> tuple[Paper, ...]:
    """Those of a registered method; what a user's own one rests on its file knows alone."""
    method = REGISTRY.get(used)
    return method.tags.papers if method is not None else ()


def _sources(run: Results) -> Iterator[str]:
    """A line for each dataset whose recipe names a source other than the theory's."""
    shipped = set(names())
    for recipe in dict.fromkeys(run.fits["dataset"].str.split("/").str[0]):
        if recipe not in shipped:
            continue
        for source in load_recipe(recipe).references:
            if source.note != "poster":
                yield f"{recipe}: {source.text}" + (f", doi:{source.doi}" if source.doi else "")


def _title(title: str) -> str:
    """With the capitals of names kept whatever the style of the bibliography."""
    kept = "|".join(sorted(PROPER, key=len, reverse=True))
    return re.sub(rf"\b({kept})\b", r"{\1}", escaped(title))


def _of_paper(paper: Paper, use: str) -> Entry:
    preprint = paper.doi.startswith("10.48550/arXiv.")
    fields = (
        ("author", " and ".join(map(escaped, paper.authors))),
        ("title", _title(paper.title)),
        ("journal", escaped(paper.journal)),
        ("publisher", escaped(paper.publisher)),
        ("year", str(paper.year or "")),
        ("eprint", paper.doi.removeprefix("10.48550/arXiv.") if preprint else ""),
        ("archiveprefix", "arXiv" if preprint else ""),
        ("doi", paper.doi),
    )
    kind = "article" if paper.journal else "book" if paper.publisher else "misc"
    return Entry(kind, paper.key, fields, use)
