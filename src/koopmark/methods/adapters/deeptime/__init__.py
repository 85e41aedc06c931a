"""Methods of deeptime."""

from koopmark.methods.method import Method

METHODS: dict[str, Method] = {}
