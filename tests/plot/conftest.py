"""One run with real fits, and planted ones, for all tests of figures."""

import pytest

from koopmark import results


@pytest.fixture(scope="session")
def small(finished_run):
    """A sweep of two noise levels, two seeds, six methods of which one fails."""
    return results(finished_run)
