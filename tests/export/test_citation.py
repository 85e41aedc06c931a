"""Sources are cited by their authors, in words and in CITATION.cff."""

from types import SimpleNamespace

import pytest
import yaml
from pydantic import ValidationError

from koopmark import datasets
from koopmark.datasets import Reference
from koopmark.export.citation import citation

NEURON = Reference(
    authors=("Mastrogiuseppe, Francesca", "Ostojic"),
    title="",
    journal="Neuron",
    volume="99",
    pages="609",
    year=2018,
)
NICE = Reference(
    use="coupling layers",
    authors=("Dinh", "Krueger", "Bengio"),
    title="NICE",
    journal="ICLR workshop",
    year=2015,
)
BOOK = Reference(authors=("Davis", "Gardner"), title="Deep South", publisher="UCP", year=1941)
POSTER = Reference(authors=("Claveau",), note="poster")


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        (NEURON, "Mastrogiuseppe and Ostojic, Neuron 99, 609 (2018)"),
        (NICE, "coupling layers: Dinh, Krueger and Bengio, NICE, ICLR workshop (2015)"),
        (BOOK, "Davis and Gardner, Deep South, UCP (1941)"),
        (POSTER, "Claveau (poster)"),
        (Reference(authors=("Noether",)), "Noether"),
    ],
)
def test_a_reference_in_words(reference, text):
    assert reference.text == text


def cited(*references):
    recipe = SimpleNamespace(references=references, title="A: system", name="a")
    return yaml.safe_load(citation(SimpleNamespace(dataset=SimpleNamespace(recipe=recipe, seed=0))))


def test_each_source_is_a_reference_with_what_is_known_of_it():
    neuron, book = cited(NEURON, BOOK)["references"]
    assert neuron == {
        "type": "article",
        "title": "Mastrogiuseppe and Ostojic, Neuron 99, 609 (2018)",
        "authors": [
            {"family-names": "Mastrogiuseppe", "given-names": "Francesca"},
            {"family-names": "Ostojic"},
        ],
        "journal": "Neuron",
        "volume": "99",
        "start": "609",
        "year": 2018,
    }
    assert (book["type"], book["title"]) == ("book", "Deep South")
    assert book["publisher"] == {"name": "UCP"}


def test_what_a_source_is_one_of_is_noted():
    layers, poster = cited(NICE, POSTER)["references"]
    assert (layers["notes"], poster["notes"]) == ("coupling layers", "poster")


def test_data_without_sources_are_cited_alone():
    assert "references" not in cited()


def test_a_reference_needs_authors():
    with pytest.raises(ValidationError):
        Reference(authors=())


def test_every_recipe_that_ships_has_references():
    for name in datasets.names():
        assert datasets.load_recipe(name).references, name
