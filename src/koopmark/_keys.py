"""Content keys: canonical JSON, its digest, and the random generator it seeds."""

import hashlib
import json
from typing import Any

import numpy as np


def canonical_json(value: Any) -> str:
    """JSON of `value` with sorted keys and no spaces: equal values give equal text.

    Raises
    ------
    TypeError, ValueError
        Where `value` holds something JSON cannot say (NaN and infinities included).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any, length: int = 16) -> str:
    """First `length` hexadecimal digits of the SHA-256 of `canonical_json(value)`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


def generator(depends_on: Any, purpose: str) -> np.random.Generator:
    """A random generator that depends on what it is for, and on nothing else.

    Adding a dataset, a method or a draw elsewhere never changes the numbers it yields.
    """
    key = hashlib.sha256(canonical_json([depends_on, purpose]).encode()).digest()
    words = np.frombuffer(key, dtype=np.uint32)
    return np.random.default_rng(np.random.SeedSequence(words.tolist()))
