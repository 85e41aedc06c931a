"""Imports that every worker does before its first fit, so that they do not count as its time.

Some of SciPy is imported where it is used alone: all other processes start sooner without it.
"""

import scipy.optimize
import scipy.sparse.linalg  # noqa: F401

import koopmark.workers._cell  # noqa: F401
