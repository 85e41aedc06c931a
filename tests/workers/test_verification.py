"""The contract of methods, checked in a process of its own."""

import pytest

from koopmark.methods.contract import CHECKS
from koopmark.workers import verify

MINE = """
from dataclasses import dataclass

import numpy as np

from koopmark.methods import Method
from koopmark.models import LinearModel


@dataclass(frozen=True)
class Mine(Method):
    def _fit(self, trajectories):
        x, y = trajectories.pairs()
        {first}
        operator = np.linalg.lstsq(x, y, rcond=None)[0]
        return LinearModel.from_operator(operator, trajectories.dt, lambda states: states)
"""
ON_ONE_TRAJECTORY = "if len(trajectories.states) == 1:\n            "


def verdicts(folder, first, **options):
    path = folder / "mine.py"
    path.write_text(MINE.format(first=first))
    return list(verify(f"{path}:Mine", **options))


@pytest.mark.slow
def test_a_method_that_hangs_breaks_one_check_and_the_others_go_on(tmp_path):
    hanging = f"{ON_ONE_TRAJECTORY}__import__('time').sleep(1000)"
    found = verdicts(tmp_path, hanging, seconds=4.0)
    assert len(found) == len(CHECKS)
    reasons = {one.check: one.reason for one in found if one.status == "broken"}
    assert reasons == dict.fromkeys(
        ("takes one trajectory", "takes one pair or says why not"), "it ran into 4 s"
    )


def test_a_method_that_kills_its_process_breaks_one_check_and_the_others_go_on(tmp_path):
    dying = f"{ON_ONE_TRAJECTORY}__import__('os').kill(__import__('os').getpid(), 9)"
    found = verdicts(tmp_path, dying)
    assert len(found) == len(CHECKS)
    broken = [one for one in found if one.status == "broken"]
    assert [one.check for one in broken] == [
        "takes one trajectory",
        "takes one pair or says why not",
    ]
    assert all("was killed by SIGKILL" in one.reason for one in broken)
