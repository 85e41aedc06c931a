"""The answer key and a random guess, entered as if they were methods: what scores must say."""

from koopmark.methods.anchors.exact import Exact
from koopmark.methods.anchors.random import Random
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "anchor.exact": Exact(),
    "anchor.random": Random(),
}
