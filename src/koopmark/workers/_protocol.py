"""The protocol between a worker and a process that fits (docs/reference/files/protocol.md).

The model stays where it was fitted: what scoring needs of it is asked for. A message is a length
(4 bytes, big-endian), so many bytes of JSON, and then the bytes of the arrays that the JSON lists
under `arrays`, one after another, each with its name, dtype, shape and order. Nothing in it is
code, and an array comes back bit for bit and in the same order in memory, which sums depend on.

Run as a module this file is the process at the other end, on its standard input and output.
"""

import json
import os
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from koopmark import methods
from koopmark._errors import one_line
from koopmark.datasets import Dataset, Recorded
from koopmark.methods import Skip
from koopmark.models import Model
from koopmark.plan import Cell
from koopmark.simulation import Trajectories

Arrays = Mapping[str, NDArray]
Head = dict[str, Any]

_LENGTH = struct.Struct(">I")


@dataclass(frozen=True)
class Piped:
    """A `Fitter` that sends requests through pipes to a process with the method.

    It is given the training data and nothing else, so that no informed method can be fitted there.
    """

    asks: BinaryIO
    answers: BinaryIO

    def fit(self, cell: Cell, data: Dataset | Recorded) -> Model:
        train = data.train
        held = {name: getattr(train, name) for name in RECORDED}
        arrays = {name: array for name, array in held.items() if array is not None}
        asked = {"method": cell.use, "options": cell.method.to_options()}
        head, fitted = self.ask("fit", arrays, **asked)
        return PipedModel(self, head, fitted)

    def ask(self, what: str, arrays: Arrays, **more: Any) -> tuple[Head, dict[str, NDArray]]:
        """Send a request and return the answer; raises the error that the fit or model raised.

        That is Skip, MemoryError, or RuntimeError for any other; EOFError if the process is gone.
        """
        send(self.asks, {"ask": what, **more}, arrays)
        head, answered = receive(self.answers)
        if error := head.get("error"):
            raised = {"Skip": Skip, "MemoryError": MemoryError}.get(error)
            raise raised(head["text"]) if raised else RuntimeError(f"{error}: {head['text']}")
        return head, answered


RECORDED = ("states", "times", "diverged_at", "inputs")
"""The training data as the request for a fit carries them; there may be no inputs."""
FOUND = ("eigenvalues", "multipliers", "gains", "residuals")
"""The arrays that the answer to a fit carries, those that there are."""
FACTS = ("window", "channels", "dt", "pairs", "pairs_used", "note")
"""What the answer to a fit says of the model."""


class PipedModel(Model):
    """A model that stays in the process that fitted it."""

    def __init__(self, fitter: Piped, head: Head, arrays: Arrays) -> None:
        self._fitter, self._arrays = fitter, arrays
        for name in FACTS:
            setattr(self, name, head[name])

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        return self._arrays["eigenvalues"]

    @property
    def residuals(self) -> NDArray[np.float64] | None:
        return self._arrays.get("residuals")

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        return self._fitter.ask("values", {"windows": windows})[1]["values"]

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return self._fitter.ask("dictionary", {"windows": windows})[1].get("values")

    @property
    def multipliers(self) -> NDArray[np.complex128] | None:
        return self._arrays.get("multipliers")

    @property
    def gains(self) -> NDArray | None:
        return self._arrays.get("gains")

    def forced(self, windows: NDArray, inputs: NDArray) -> NDArray | None:
        arrays = {"windows": windows, "inputs": inputs}
        return self._fitter.ask("forced", arrays)[1].get("values")

    def predict(
        self, windows: NDArray, times: NDArray, inputs: NDArray | None = None
    ) -> NDArray | None:
        arrays = {"windows": windows, "times": times}
        if inputs is not None:
            arrays["inputs"] = inputs
        return self._fitter.ask("forecasts", arrays)[1].get("values")


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the input ends, with the model of the last fit."""
    model: Model | None = None
    while True:
        try:
            head, arrays = receive(requests)
        except EOFError:
            return
        try:
            if head["ask"] == "fit":
                method = methods.get(head["method"], **head["options"])
                given: dict[str, Any] = arrays
                model = method.fit(Trajectories(**given))
                known = {name: getattr(model, name) for name in FACTS}
                found = {name: getattr(model, name) for name in FOUND}
                send(answers, known, {k: v for k, v in found.items() if v is not None})
            else:
                ask = _ASKS[head["ask"]]
                values = ask(model, arrays)
                send(answers, {}, {} if values is None else {"values": values})
        except Exception as error:  # noqa: BLE001 foreign code may raise anything
            send(answers, {"error": type(error).__name__, "text": one_line(error)}, {})


_ASKS: dict[str, Callable[[Any, Arrays], NDArray | None]] = {
    "values": lambda model, arrays: model.eigenfunctions(arrays["windows"]),
    "dictionary": lambda model, arrays: model.dictionary(arrays["windows"]),
    "forced": lambda model, arrays: model.forced(arrays["windows"], arrays["inputs"]),
    "forecasts": lambda model, arrays: model.predict(
        arrays["windows"], arrays["times"], arrays.get("inputs")
    ),
}


def send(stream: BinaryIO, head: Head, arrays: Arrays) -> None:
    """Write one message."""
    listed, contents = [], []
    for name, values in arrays.items():
        array = np.asarray(values)
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        listed.append([name, array.dtype.str, array.shape, order])
        contents.append(array.tobytes(order))  # type: ignore[arg-type]
    text = json.dumps({**head, "arrays": listed}).encode()
    stream.write(b"".join([_LENGTH.pack(len(text)), text, *contents]))
    stream.flush()


def receive(stream: BinaryIO) -> tuple[Head, dict[str, NDArray]]:
    """Read one message; raises EOFError if there is none or it is incomplete."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    head = json.loads(_exactly(stream, length))
    arrays = {}
    for name, dtype, shape, order in head.pop("arrays"):
        kind = np.dtype(dtype)
        text = bytearray(_exactly(stream, kind.itemsize * int(np.prod(shape, dtype=int))))
        arrays[name] = np.frombuffer(text, kind).reshape(shape, order=order)
    return head, arrays


def _exactly(stream: BinaryIO, length: int) -> bytes:
    text = stream.read(length)
    if len(text) < length:
        raise EOFError("the other end of the pipe is closed")
    return text


if __name__ == "__main__":
    # What a fit prints must not be mixed into the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, out)
