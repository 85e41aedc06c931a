"""The answer key and a random guess, entered as if they were methods: what scores must say."""

from koopmark.methods.controls.exact import Exact
from koopmark.methods.controls.random import Random
from koopmark.methods.method import Method

METHODS: dict[str, Method] = {
    "control.exact": Exact(),
    "control.random": Random(),
}
