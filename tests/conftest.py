"""What holds for all tests."""

import os

from hypothesis import HealthCheck, settings

from koopmark.plan.provenance import in_words, kernels

pytest_plugins = ["cells", "runs", "warm"]
"""What the tests of several packages share, in tests/fixtures."""

# Times on a shared machine say nothing about the code. The same examples every time, unless
# KOOPMARK_FUZZ asks for that many random ones.
many = os.environ.get("KOOPMARK_FUZZ")
settings.register_profile(
    "koopmark",
    deadline=None,
    derandomize=many is None,
    max_examples=int(many or 100),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("koopmark")


def pytest_report_header():
    return f"kernels: {in_words(kernels())}"


def pytest_terminal_summary(terminalreporter):
    """Rounding differs from one processor to another: a failure says on which it was seen."""
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"Failed with the kernels {in_words(kernels())}.")
