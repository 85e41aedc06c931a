"""Methods of pykoop."""

from koopmark.methods.method import Method

METHODS: dict[str, Method] = {}
