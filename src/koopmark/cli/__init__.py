"""The `koopmark` command: what it takes, and which package does it.

Commands are added to the application in the order in which `koopmark --help` shows them.
"""

from koopmark.cli import _runs, _data, _regression, _paper, _things, _doctor  # noqa: F401, I001
from koopmark.cli._app import app, main

__all__ = ["app", "main"]
