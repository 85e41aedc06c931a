"""Papers have what a bibliography needs, and names in it that stay."""

import re

import pytest

from koopmark import methods
from koopmark.methods import Paper, papers
from koopmark.methods.libraries import LIBRARIES

OF_METHODS = [paper for paper in vars(papers).values() if isinstance(paper, Paper)]
EVERY = [*OF_METHODS, *(paper for some in LIBRARIES.values() for paper in some)]


def test_every_paper_has_authors_a_title_a_year_and_a_place():
    for paper in EVERY:
        assert paper.authors, paper
        assert all(re.fullmatch(r"[^\W\d_][^,]+, [^\W\d_][^,]*", name) for name in paper.authors)
        assert len(paper.title) > 10, paper
        assert paper.journal or paper.publisher, paper
        assert str(paper.year) == paper.text[-4:]
        assert paper.text.startswith(paper.authors[0].partition(",")[0])


def test_keys_of_papers_are_short_ascii_and_unique():
    keys = [paper.key for paper in EVERY]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z]+\d{4}[a-z]+", key) for key in keys)


@pytest.mark.parametrize(
    ("paper", "key"),
    [
        (papers.WILLIAMS_2015, "williams2015data"),
        (papers.PEREZ_2013, "perezhernandez2013identification"),
        (papers.LE_CLAINCHE_2017, "leclainche2017higher"),
        (Paper("Tu et al. 2014"), "tuetal2014"),
    ],
)
def test_the_key_of_a_paper_stays(paper, key):
    assert paper.key == key


def test_of_many_authors_the_first_stands_for_all():
    (deeptime,) = LIBRARIES["deeptime"]
    assert deeptime.text == "Hoffmann et al. 2022"
    assert papers.TURRI_2023.text == "Turri, Kostic, Novelli and Pontil 2023"


def test_every_library_but_ours_has_a_paper():
    libraries = {methods.get(name).tags.library for name in methods.names()}
    assert libraries - {"koopmark"} == set(LIBRARIES)
