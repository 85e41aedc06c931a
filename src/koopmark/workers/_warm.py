"""What every worker has imported before its first fit, which would else be charged with it.

Some of SciPy is imported where it is used alone: all other processes start sooner without it.
"""

import scipy.optimize
import scipy.sparse.linalg  # noqa: F401

import koopmark.workers._cell  # noqa: F401
