"""Recurrent networks on measured graphs whose adjacency matrices are rank-deficient.

The graphs ship as lists of links, `datasets/networks/*.csv`, each with source, licence and rank.
"""

import csv
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from koopmark._resources import shipped
from koopmark.systems.low_rank.relaxation import Relaxation
from koopmark.systems.low_rank.rnn import offsets, rnn
from koopmark.systems.low_rank.weights import LowRank
from koopmark.systems.registry import NonNegative, Positive, factory, named


@dataclass(frozen=True, eq=False)
class Graph:
    """A weighted graph as read from its file.

    Parameters
    ----------
    name : str
    facts : dict
        The lines `# key: value` at the head of the file.
    nodes : tuple of str
        In the order of first appearance; it is that of the units.
    adjacency : (N, N) array
        A: entry (i, j) is the weight of the link from node j to node i.
    """

    name: str
    facts: dict[str, str]
    nodes: tuple[str, ...]
    adjacency: NDArray[np.float64]

    def links(self, weighted: bool) -> NDArray[np.float64]:
        """The weighted adjacency matrix A, or the signs of its entries."""
        return self.adjacency if weighted else np.sign(self.adjacency)


def graph_names() -> list[str]:
    """Names of the graphs that ship with koopmark."""
    return sorted(path.stem for path in (shipped("datasets") / "networks").glob("*.csv"))


def graph_file(network: str) -> Path:
    """Path of the file of this shipped graph."""
    folder = shipped("datasets") / "networks"
    return named("network", network, {known: folder / f"{known}.csv" for known in graph_names()})


def graph(name: str) -> Graph:
    """Load the shipped graph of this name."""
    path = graph_file(name)
    return _as_of(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _as_of(path: Path, changed: int) -> Graph:  # noqa: ARG001 read anew after a change
    return read_graph(path)


def read_graph(path: Path) -> Graph:
    """Read a graph from a list of links: lines `# key: value`, then source, target and weight.

    If the header says `directed: no`, each link counts in both directions. A node without links
    has its own row with empty target and weight.

    Raises
    ------
    ValueError
        If a row is not a link, or the header contradicts the rows.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    head = [line[1:].partition(":") for line in lines if line.startswith("#")]
    facts = {key.strip(): value.strip() for key, _, value in head}
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    nodes = dict.fromkeys(
        node for row in rows for node in (row["source"], row["target"]) if node != ""
    )
    place = {node: index for index, node in enumerate(nodes)}
    adjacency = np.zeros((len(nodes), len(nodes)))
    for row in rows:
        if row["target"] == "":
            continue
        try:
            i, j, weight = place[row["target"]], place[row["source"]], float(row["weight"])
        except (ValueError, TypeError, KeyError):
            raise ValueError(f"{path}: not a link: {row}") from None
        adjacency[i, j] = weight
        if facts.get("directed") == "no":
            adjacency[j, i] = weight
    if str(len(nodes)) != facts.get("nodes"):
        raise ValueError(f"{path}: {len(nodes)} nodes, but the head says {facts.get('nodes')}")
    return Graph(path.stem, facts, tuple(nodes), adjacency)


@factory("real_network", graph_file)
def network_rnn(
    network: str,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    weighted: bool = True,
    theta_scale: NonNegative = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """Network ẋ = -x + Wσ(x) + θ on a measured graph, W = gain A / ‖A‖₂ (Aᵢⱼ: link from j to i).

    Factors come from the singular value decomposition of A, cut off after its rank. Parameters that
    are not listed are those of `koopmark.systems.random_rnn`.

    Parameters
    ----------
    network : str
        A name in `graph_names()`.
    seed : int
        Draws the offsets θ, and nothing else.
    weighted : bool
        Whether links have the measured weights, or all the weight 1 (-1 if negative).

    Raises
    ------
    ValueError
        If there is no such network, or a parameter is out of range.
    """
    adjacency = graph(network).links(weighted)
    weights = LowRank.from_dense(adjacency * (gain / np.linalg.norm(adjacency, 2)))
    # Their rank is certified: nothing was cut.
    weights = replace(weights, cut=None)
    key = {"network": network, "seed": seed}
    return rnn(weights, offsets(key, weights.size, theta_scale), activation)
