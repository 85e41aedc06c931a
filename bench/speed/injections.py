"""What is put into a copy of the source to see whether an alarm notices."""

from dataclasses import dataclass
from pathlib import Path

SLOWER = '''

def _slower(function):
    """`function`, and {share} of the time that it took once more."""
    import functools
    import time

    @functools.wraps(function)
    def slower(*arguments, **options):
        start = time.process_time()
        result = function(*arguments, **options)
        end = time.process_time()
        while time.process_time() < end + {share} * (end - start):
            pass
        return result

    return slower


{place} = _slower({place})
'''


@dataclass(frozen=True)
class Injection:
    """Text that is added to the end of a file of `koopmark`."""

    name: str
    file: str
    text: str

    def into(self, source: Path) -> None:
        """Change a copy of `src`."""
        path = source / "koopmark" / self.file
        path.write_text(path.read_text(encoding="utf-8") + self.text, encoding="utf-8")


def _slow(kernel: str, file: str, place: str, share: float) -> Injection:
    return Injection(kernel, file, SLOWER.format(place=place, share=share))


def slowdowns(factor: float) -> list[Injection]:
    """One for each kernel, named after it, that makes it slower by a factor.

    The first slows the second kernel too; the others hit no kernel but their own.
    """
    share = factor - 1
    return [
        _slow("right-hand side", "simulation/_rhs.py", "ReducedRHS.__call__", share),
        _slow("simulation", "simulation/_simulate.py", "simulate", share),
        _slow("QR-EDMD", "methods/own/qr_edmd.py", "QREDMD._fit", share),
        _slow("scoring", "scoring/_evaluate.py", "evaluate", share),
    ]


FIT = """

def _worse(fit):
    import dataclasses

    import numpy as np

    def worse(self, trajectories):
        {body}

    return worse


QREDMD._fit = _worse(QREDMD._fit)
"""


def _worse_fit(name: str, body: str) -> Injection:
    return Injection(name, "methods/own/qr_edmd.py", FIT.format(body=body))


LOSSES = [
    Injection(
        "integrator tolerance 1e-3 instead of 1e-11", "datasets/dataset.py", "\n\nRTOL = 1e-3\n"
    ),
    _worse_fit(
        "training states rounded to single precision",
        "rounded = trajectories.states.astype(np.float32).astype(np.float64)\n"
        "        return fit(self, dataclasses.replace(trajectories, states=rounded))",
    ),
    _worse_fit(
        "eigenvalues of QR-EDMD off by one in a million",
        "model = fit(self, trajectories)\n"
        "        return dataclasses.replace(model, rates=model.rates * (1 + 1e-6))",
    ),
    _worse_fit("fits of QR-EDMD that raise an error", 'raise ArithmeticError("injected")'),
]
