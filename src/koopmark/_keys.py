"""Content keys: canonical JSON, its digest, and random generators seeded by it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def canonical_json(value: Any) -> str:
    """JSON of `value` with sorted keys and no spaces, so that equal values give equal text.

    Numbers of NumPy are the numbers that they are. Raises TypeError or ValueError if `value` holds
    what JSON cannot say, NaN and infinities included.
    """
    return _ENCODER.encode(value)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} {value!r} is no JSON")


# Made once: a plan of 10,000 fits needs as many digests.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def digest(value: Any, length: int = 16) -> str:
    """First `length` hexadecimal digits of the SHA-256 of `canonical_json(value)`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


def generator(depends_on: Any, purpose: str) -> np.random.Generator:
    """A random generator that depends only on its purpose.

    Adding a dataset, a method or a draw elsewhere never changes the numbers it yields. Raises
    TypeError if it depends by name on True or on 3.0, which would draw other numbers than 1 and 3:
    seeds and sizes are integers.
    """
    for name, value in depends_on.items() if isinstance(depends_on, Mapping) else ():
        if isinstance(value, bool | np.bool_ | float | np.floating):
            raise TypeError(f"{name} is {value!r}: it must be an integer")
    key = hashlib.sha256(canonical_json([depends_on, purpose]).encode()).digest()
    words = np.frombuffer(key, dtype=np.uint32)
    return np.random.default_rng(np.random.SeedSequence(words.tolist()))
