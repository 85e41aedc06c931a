"""Every method says what it is and where it comes from, once, and the docs say the same."""

import re

import method_tables
import pytest

from koopmark import methods
from koopmark._errors import ConfigError
from koopmark.methods import Paper, papers
from koopmark.methods.kernels import Linear

EVERY = methods.names()
BIBLIOGRAPHY = [paper for paper in vars(papers).values() if isinstance(paper, Paper)]


def test_every_method_but_an_anchor_has_a_paper():
    without = {name for name in EVERY if not methods.get(name).tags.papers}
    assert without == {"anchor.exact", "anchor.random"}


def test_no_paper_is_there_twice_and_each_is_that_of_a_method():
    used = {paper for name in EVERY for paper in methods.get(name).tags.papers}
    assert used == set(BIBLIOGRAPHY)
    dois = [paper.doi for paper in BIBLIOGRAPHY if paper.doi]
    assert len(set(dois)) == len(dois)


def test_a_paper_is_authors_a_year_and_a_doi():
    for paper in BIBLIOGRAPHY:
        assert re.fullmatch(r"[^\W\d_].* (19|20)\d\d", paper.text)
        assert paper.doi == "" or re.fullmatch(r"10\.\d{4,5}/\S+[\w)]", paper.doi)
        # The year of a preprint is that of its number, or the publication came later.
        if preprint := re.fullmatch(r"10\.48550/arXiv\.(\d\d)\d\d\.\d{5}", paper.doi):
            assert 2000 + int(preprint[1]) <= int(paper.text[-4:])


def test_a_paper_is_written_with_its_doi_and_leads_there():
    paper = Paper("Tu et al. 2014", "10.3934/jcd.2014.1.391")
    assert str(paper) == "Tu et al. 2014, doi:10.3934/jcd.2014.1.391"
    assert paper.url == "https://doi.org/10.3934/jcd.2014.1.391"
    assert (str(Paper("Williams and Seeger 2001")), Paper("A 2001").url) == (
        "Williams and Seeger 2001",
        "",
    )


def test_whom_a_docstring_names_is_among_the_papers():
    named = 0
    for kind in {type(methods.get(name)) for name in EVERY}:
        known = {(paper.text.split()[0].strip(","), paper.text[-4:]) for paper in kind.tags.papers}
        prose = (kind.__doc__ or "").partition("Parameters\n")[0]
        cited = re.findall(r"[(;:] ?([A-ZÀ-Ž][\w-]+)(?:,| and| et al\.)[^();]*? (\d{4})", prose)
        assert set(cited) <= known, kind
        named += len(cited)
    assert named > len(BIBLIOGRAPHY)


def test_a_method_is_described_in_one_or_two_sentences():
    for name in EVERY:
        summary = methods.described(name).summary
        assert summary.endswith("."), name
        assert "\n" not in summary
        assert len(re.findall(r"\.(?= [A-Z`]|$)", summary)) in (1, 2), name
        assert summary.split()[0] in (type(methods.get(name)).__doc__ or "")


def test_a_description_says_what_is_special_about_a_method():
    plain, default = (methods.described(f"pydmd.kernel_edmd{end}") for end in ("", "_default"))
    assert default.summary == plain.summary
    assert "Kernel EDMD (Williams, Rowley and Kevrekidis 2015)" in plain.summary
    assert plain.papers == (papers.WILLIAMS_2015_KERNEL,)
    assert (plain.library, plain.role) == ("pydmd", "method")
    assert (plain.options, plain.library_default) == ({}, False)
    assert default.options == {"kernel": Linear(), "svd_rank": -1}
    assert default.library_default
    assert plain.default_name == default.default_name == "pydmd.kernel_edmd_default"
    assert plain.takes_dictionary
    assert not plain.one_trajectory


def test_a_description_says_what_a_method_does_not_have():
    assert methods.described("pydmd.pidmd").default_name == ""
    assert not methods.described("pydmd.lando_cubic").takes_dictionary
    assert methods.described("pydmd.hankeldmd").one_trajectory
    assert methods.described("koopmark.ssd").library == "koopmark"
    with pytest.raises(ConfigError, match=r"unknown method 'pydmd.dmdd'"):
        methods.described("pydmd.dmdd")


@pytest.mark.parametrize("page", sorted(method_tables.PAGES.glob("*.md")), ids=lambda it: it.stem)
def test_the_tables_of_the_docs_say_what_the_code_says(page):
    """Bring them up to date with `python docs/_extensions/method_tables.py`."""
    text = page.read_text(encoding="utf-8")
    assert text == method_tables.written(text)


def test_the_tables_of_the_docs_hold_every_method_once():
    text = "".join(page.read_text(encoding="utf-8") for page in method_tables.PAGES.glob("*.md"))
    tables = "".join(found[0] for found in method_tables.MARKED.finditer(text))
    rows = re.findall(r"^\| `([a-z]+\.\w+)` \|", tables, re.MULTILINE)
    assert sorted(rows) == sorted(EVERY)


def test_a_table_that_is_out_of_date_is_seen():
    text = (method_tables.PAGES / "pydmd.md").read_text(encoding="utf-8")
    stale = text.replace("| `pydmd.fbdmd` |", "| `pydmd.fb` |", 1)
    assert stale != text == method_tables.written(stale)


def test_the_list_says_of_a_method_what_its_class_says():
    for name in EVERY:
        known = methods.described(name)
        said = methods.about(name)
        first = said.partition("; ")[0] if known.options else said.removesuffix(".")
        assert known.summary.startswith(first), name


def test_the_docs_say_what_every_method_can_use_of_recorded_data():
    table = method_tables.recorded_data()
    rows = {line.rsplit(" | ", 1)[0]: line for line in table.splitlines()}
    assert "`koopmark.varpro_edmd`" in rows["| used | used | all | used"]
    assert "`pydmd.varprodmd`" in rows["| used | used | one | left out"]
    assert "`pydmd.dmdc`" in rows["| used | steps of Δt are used | all | used"]
    short = "| the longest stretch without a gap is used | steps of Δt are used | one | left out"
    assert "`pydmd.hankeldmd`" in rows[short]
