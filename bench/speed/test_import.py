"""Importing koopmark and its command: a user waits for it at every call."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["koopmark", "koopmark.cli", "koopmark.methods"])
def test_import(module, benchmark):
    benchmark.pedantic(
        subprocess.run,
        args=([sys.executable, "-c", f"import {module}"],),
        kwargs={"check": True},
        rounds=5,
        warmup_rounds=1,
    )
