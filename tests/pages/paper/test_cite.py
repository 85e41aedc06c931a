"""BibTeX of a run: what is cited for what, and what BibTeX can read."""

import re

import pytest
from planted import Planted, planted, run_of

from koopmark.methods import papers
from koopmark.pages.paper import bibliography

METHODS = {
    "koopmark.qr_edmd[degree=3]": Planted(1e-6),
    "pydmd.dmd": Planted(1e-3, library="pydmd"),
    "pykoopman.edmd_polynomial": Planted(1e-3, library="pykoopman"),
    "renamed": Planted(1e-3, library="deeptime"),
    "mine@home": Planted(1e-2, library="mine.py"),
    "kooplearn.ridge": Planted(
        1e-2,
        library="kooplearn",
        status={("rnn_6_2_hopfield", seed): "unavailable" for seed in range(3)},
    ),
    "anchor.exact": Planted(0.0, role="anchor"),
}
CONFIGURATION = {
    "methods": [
        {"use": "koopmark.qr_edmd", "name": None},
        {"use": "deeptime.kernel_edmd", "name": "renamed"},
        {"use": "mine.py:Mine", "name": "mine@home"},
    ]
}


@pytest.fixture(scope="module")
def text():
    tables = planted(METHODS, ("rnn_6_2_hopfield",))
    return bibliography(run_of(*tables, {"configuration": CONFIGURATION}))


@pytest.fixture(scope="module")
def entries(text):
    """Kind, key, fields and comment of each entry, read as BibTeX reads them."""
    pattern = r"% (.*)\n@(\w+)\{([^,\s]+),\n((?:  \w+ = \{.*\},\n)+)\}"
    found = {}
    for comment, kind, key, fields in re.findall(pattern, text):
        pairs = dict(re.findall(r"  (\w+) = \{(.*)\},\n", fields))
        assert key not in found
        found[key] = (kind, pairs, comment)
    return found


def test_all_of_it_is_entries_and_comments(text, entries):
    assert text.count("@") == len(entries)
    for line in text.splitlines():
        assert re.match(r"%|@|  \w+ = \{|\}$|$", line), line


def test_braces_are_balanced_in_every_field(entries):
    for _, fields, _ in entries.values():
        for value in fields.values():
            depth = 0
            for sign in re.sub(r"\\[{}]", "", value):
                depth += {"{": 1, "}": -1}.get(sign, 0)
                assert depth >= 0
            assert depth == 0


def test_entries_have_what_their_kind_requires(entries):
    required = {
        "article": {"author", "title", "journal", "year"},
        "book": {"author", "title", "publisher", "year"},
        "misc": {"author", "title"},
    }
    for key, (kind, fields, _) in entries.items():
        assert required[kind] <= set(fields), key


def test_koopmark_and_the_theory_come_first(entries):
    assert list(entries)[:2] == ["koopmark", "claveau_koopman"]


def test_libraries_and_methods_with_a_result_are_cited_and_no_others(entries):
    cited = set(entries) - {"koopmark", "claveau_koopman"}
    of_libraries = {
        "demo2018pydmd",
        "ichinaga2024pydmd",
        "pan2024pykoopman",
        "hoffmann2022deeptime",
    }
    of_methods = {
        paper.key
        for paper in (
            papers.WILLIAMS_2015,
            papers.COLBROOK_2024,
            papers.TU_2014,
            papers.KLUS_2020_KERNEL,
            # QR-EDMD takes inputs, whether a run has any or not.
            papers.PROCTOR_2016,
            papers.KORDA_2018,
            papers.BRUDER_2021,
        )
    }
    assert cited == of_libraries | of_methods


def test_a_paper_of_several_methods_is_one_entry_that_names_them(entries):
    _, _, comment = entries["williams2015data"]
    assert comment == "koopmark.qr_edmd[degree=3] and pykoopman.edmd_polynomial"


def test_a_method_of_ones_own_is_named_as_one_without_a_reference(text):
    assert "% No reference is known of mine(at)home." in text


def test_the_sources_of_the_datasets_are_said(text):
    assert re.search(r"% rnn_6_2_hopfield: Hopfield, PNAS 81, 3088 \(1984\)", text)


def test_capitals_of_names_are_kept(entries):
    assert "{Koopman}" in entries["williams2015data"][1]["title"]
    assert entries["koopmark"][1]["title"].startswith("koopmark: ")
