"""Methods of kooplearn."""

from koopmark.methods.method import Method

METHODS: dict[str, Method] = {}
