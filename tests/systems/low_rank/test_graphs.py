"""Real networks: the files are what their sources have, and their ranks are certain."""

from math import log2

import networkx
import numpy as np
import pytest
import sympy

from koopmark.systems import graph, graph_names, network_rnn
from koopmark.systems.low_rank.graphs import read_graph

NAMES = graph_names()
FROM_NETWORKX = {
    "karate_club": networkx.karate_club_graph,
    "les_miserables": networkx.les_miserables_graph,
    "southern_women": networkx.davis_southern_women_graph,
}


def rank_modulo(matrix: np.ndarray, prime: int) -> int:
    """Rank over the field of `prime` elements, by elimination."""
    rows = matrix.astype(np.int64) % prime
    rank = 0
    for column in range(rows.shape[1]):
        pivots = np.flatnonzero(rows[rank:, column]) + rank
        if len(pivots) == 0:
            continue
        rows[[rank, pivots[0]]] = rows[[pivots[0], rank]]
        rows[rank] = rows[rank] * pow(int(rows[rank, column]), -1, prime) % prime
        # What is to the left is zero by now.
        below, pivot = rows[rank + 1 :, column:], rows[rank, column:]
        below[...] = (below - below[:, :1] * pivot) % prime
        rank += 1
        if rank == len(rows):
            break
    return rank


def exact_rank(matrix: np.ndarray) -> int:
    """Rank over the rationals.

    Every minor with a row more vanishes modulo each of the primes, hence modulo their product; it
    is less than that by Hadamard's inequality, the product of the norms of its rows, so it is 0.
    """
    norms = sorted(np.linalg.norm(matrix, axis=1), reverse=True)
    bits = np.cumsum([log2(max(norm, 1.0)) for norm in norms])
    found, product, prime = 0, 0.0, 2**31
    while found < len(matrix) and product <= bits[found] + 1:
        prime = sympy.prevprime(prime)
        found = max(found, rank_modulo(matrix, prime))
        product += log2(prime)
    return found


@pytest.mark.parametrize("name", FROM_NETWORKX)
def test_links_are_those_of_networkx(name):
    theirs, ours = FROM_NETWORKX[name](), graph(name)
    assert ours.facts["directed"] == "no"
    assert set(ours.nodes) == {str(node) for node in theirs}
    order = {str(node): node for node in theirs}
    expected = networkx.to_numpy_array(theirs, [order[node] for node in ours.nodes])
    np.testing.assert_array_equal(ours.adjacency, expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_where_it_is_from_and_counts_its_links(name):
    shipped = graph(name)
    for key in ("title", "weights", "citation", "source", "licence"):
        assert shipped.facts[key]
    links = np.count_nonzero(shipped.adjacency)
    per_link = 2 if shipped.facts["directed"] == "no" else 1
    assert links == per_link * int(shipped.facts["links"])


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_the_stated_rank_is_exact(name, weighted):
    # Weights have at most one decimal.
    integers = np.round(10.0 * graph(name).links(weighted)).astype(int)
    np.testing.assert_allclose(integers / 10.0, graph(name).links(weighted), rtol=1e-14)
    stated = int(graph(name).facts["rank" if weighted else "rank without weights"])
    assert exact_rank(integers) == stated
    assert network_rnn(name, weighted=weighted).weights.rank == stated


def test_exact_rank_is_not_fooled_by_a_matrix_that_is_nearly_singular():
    assert exact_rank(np.array([[10**6, 10**6 - 1], [10**6 + 1, 10**6]])) == 2
    assert exact_rank(np.array([[2, 4, 6], [1, 2, 3], [0, 0, 5]])) == 2
    assert exact_rank(np.zeros((3, 3), dtype=int)) == 0


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_the_links_scaled_to_the_gain(name):
    system = network_rnn(name, gain=2.0)
    dense = system.weights.dense()
    adjacency = graph(name).adjacency
    scale = 2.0 / np.linalg.norm(adjacency, 2)
    np.testing.assert_allclose(dense, scale * adjacency, atol=1e-13)
    basis = system.weights.null_space.basis
    np.testing.assert_allclose(adjacency.T @ basis, 0.0, atol=1e-12 * np.abs(adjacency).max())
    assert basis.shape[1] == system.size - int(graph(name).facts["rank"])


def test_a_directed_link_acts_on_its_target():
    elegans = graph("c_elegans")
    source, target = elegans.nodes.index("ADAR"), elegans.nodes.index("RIMR")
    assert elegans.adjacency[target, source] == 5.0
    assert elegans.adjacency[source, target] == 1.0
    x = np.zeros(len(elegans.nodes))
    x[source] = 1.0
    assert network_rnn("c_elegans").rhs(x)[target] > 0.0


def test_motor_neurons_excite_and_inhibit():
    adjacency = graph("c_elegans_motor").adjacency
    assert (adjacency > 0).any()
    assert (adjacency < 0).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "facebook"}, "unknown network 'facebook': choose one of c_elegans, "),
        ({"network": "karate_club", "gain": 0.0}, "gain 0.0"),
        ({"network": "karate_club", "theta_scale": -1.0}, "theta_scale -1.0"),
    ],
)
def test_impossible_parameters_are_refused_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        network_rnn(**arguments)


@pytest.mark.parametrize(
    ("rows", "message"),
    [("a,b,many", "not a link"), ("a,b,1\nb,c,1", "3 nodes, but the head says 2")],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, rows, message):
    path = tmp_path / "x.csv"
    path.write_text(f"# nodes: 2\nsource,target,weight\n{rows}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_graph(path)
