"""Sources are cited by their authors, where these can be told."""

from types import SimpleNamespace

import pytest
import yaml

from koopmark import datasets
from koopmark.export.citation import citation, surnames


@pytest.mark.parametrize(
    ("source", "authors"),
    [
        ("Mastrogiuseppe and Ostojic, Neuron 99, 609 (2018)", "Mastrogiuseppe Ostojic"),
        ("Haspel and O'Donovan, J. Neurosci. 31, 14611 (2011)", "Haspel O'Donovan"),
        ("path integral: Deka, Narayanan and Mezić (2023)", "Deka Narayanan Mezić"),
        ("Pavliotis, Stochastic Processes and Applications, Springer (2014)", "Pavliotis"),
        ("Hopfield, PNAS 81, 3088 (1984)", "Hopfield"),
        (
            "Coupling layers: Dinh, Krueger and Bengio, NICE, ICLR workshop (2015)",
            "Dinh Krueger Bengio",
        ),
        ("An outlook of Claveau, Allard and Desrosiers (poster)", "Claveau Allard Desrosiers"),
        ("unpublished notes of the team", ""),
        ("A textbook of dynamics (1990)", ""),
    ],
)
def test_surnames(source, authors):
    assert surnames(source) == authors.split()


def cited(text):
    recipe = SimpleNamespace(citation=text, title="A: system", name="a")
    return yaml.safe_load(citation(SimpleNamespace(dataset=SimpleNamespace(recipe=recipe, seed=0))))


def test_each_source_is_a_reference_of_its_own():
    found = cited("Hopfield, PNAS 81, 3088 (1984); Rajan and Abbott, PRL 97, 188104 (2006)")
    assert [reference["title"] for reference in found["references"]] == [
        "Hopfield, PNAS 81, 3088 (1984)",
        "Rajan and Abbott, PRL 97, 188104 (2006)",
    ]
    assert "abstract" not in found


def test_a_source_without_authors_is_told_all_the_same():
    found = cited("notes of ours")
    assert "references" not in found
    assert found["abstract"] == "Source: notes of ours"


def test_every_source_that_ships_has_authors():
    for name in datasets.names():
        for source in datasets.load_recipe(name).citation.split("; "):
            assert surnames(source), source
