"""Sums on the log scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_sum"]

Floats = NDArray[np.float64]


def log_sum(values: Floats) -> Floats:
    """Log of the sum of exponentials over the last axis; minus infinity where nothing is left."""
    top = np.max(values, axis=-1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(values - safe[..., None]).sum(-1)) + safe)
