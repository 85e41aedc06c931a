"""A network without its structure: what remains is a vector field, integrated in full."""

from dataclasses import dataclass

from koopmark.systems import Network, System


@dataclass(frozen=True, eq=False)
class FullState(System):
    """The same equation with nothing known about it."""

    network: Network

    @property
    def size(self):
        return self.network.size

    def rhs(self, states, out=None):
        return self.network.rhs(states, out)

    def eigenspaces(self, max_degree=1):
        return self.network.eigenspaces(max_degree)
