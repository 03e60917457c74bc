"""One arm on the analysis scale: the value whose differences are the effects, and its sampling variance.

Counts go in as arrays over the arms of a study; value and variance come out (arm,). With independent arms the
differences from arm 0 then share the variance of arm 0, which `physiohub.measures.continuous.mean_differences` keeps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["log_hazard", "log_mean", "log_odds", "log_rate", "log_risk", "probit", "risk"]

Floats = NDArray[np.float64]


def log_odds(events: Floats, total: Floats, added: float = 0.0) -> tuple[Floats, Floats]:
    """Log odds and its variance 1/a + 1/b, with `added` put to each cell (Woolf 1955, Ann Hum Genet 19:251).

    Examples
    --------
    >>> value, variance = log_odds(np.array([10.0]), np.array([40.0]))
    >>> round(float(value[0]), 4), round(float(variance[0]), 4)
    (-1.0986, 0.1333)
    """
    a, b = events + added, total - events + added
    return np.log(a) - np.log(b), 1 / a + 1 / b


def log_risk(events: Floats, total: Floats, added: float = 0.0) -> tuple[Floats, Floats]:
    """Log risk and its variance 1/a - 1/n (Katz 1978, Biometrics 34:469); `added` goes to each cell, twice to n.

    Examples
    --------
    >>> value, variance = log_risk(np.array([10.0]), np.array([40.0]))
    >>> round(float(value[0]), 4), round(float(variance[0]), 4)
    (-1.3863, 0.075)
    """
    a, n = events + added, total + 2 * added
    return np.log(a) - np.log(n), 1 / a - 1 / n


def risk(events: Floats, total: Floats, added: float = 0.0) -> tuple[Floats, Floats]:
    """Risk as observed, and its variance p(1 - p)/n, with `added` put to each cell of the variance only.

    Examples
    --------
    >>> value, variance = risk(np.array([0.0]), np.array([40.0]), 0.5)
    >>> float(value[0]), round(float(variance[0]), 6)
    (0.0, 0.000294)
    """
    a, n = events + added, total + 2 * added
    p = a / n
    return events / total, p * (1 - p) / n


def log_hazard(events: Floats, total: Floats, log_time: Floats, added: float = 0.0) -> tuple[Floats, Floats]:
    """Log of a constant hazard, log(-log(1 - p)) - log time, and its variance by the delta method.

    The variance is ``p / (n (1 - p) log(1 - p)^2)``, with p the risk over the follow-up time and n the total; `added`
    goes to each cell, twice to n.

    Examples
    --------
    >>> value, variance = log_hazard(np.array([20.0]), np.array([40.0]), np.array([0.0]))
    >>> round(float(value[0]), 4), round(float(variance[0]), 4)
    (-0.3665, 0.052)
    """
    a, n = events + added, total + 2 * added
    log_survival = np.log1p(-a / n)
    return np.log(-log_survival) - log_time, a / (n * (n - a) * np.square(log_survival))


def probit(events: Floats, total: Floats, added: float = 0.0) -> tuple[Floats, Floats]:
    """Normal quantile of the risk, and its variance p(1 - p)/(n phi^2) by the delta method.

    phi is the normal density at the quantile; `added` goes to each cell, twice to n.

    Examples
    --------
    >>> value, variance = probit(np.array([20.0]), np.array([40.0]))
    >>> round(float(value[0]), 4), round(float(variance[0]), 4)
    (0.0, 0.0393)
    """
    p, n = (events + added) / (total + 2 * added), total + 2 * added
    value = ndtri(p)
    density = np.exp(-0.5 * np.square(value)) / np.sqrt(2 * np.pi)
    return value, p * (1 - p) / (n * np.square(density))


def log_rate(events: Floats, exposure: Floats, added: float = 0.0) -> tuple[Floats, Floats]:
    """Log rate and its variance 1/a; `added` goes to the events.

    Examples
    --------
    >>> value, variance = log_rate(np.array([25.0]), np.array([100.0]))
    >>> round(float(value[0]), 4), float(variance[0])
    (-1.3863, 0.04)
    """
    a = events + added
    return np.log(a) - np.log(exposure), 1 / a


def log_mean(mean: Floats, se: Floats) -> tuple[Floats, Floats]:
    """Log mean and its variance se^2/mean^2 by the delta method (Friedrich 2008, BMC Med Res Methodol 8:32).

    Examples
    --------
    >>> value, variance = log_mean(np.array([20.0]), np.array([2.0]))
    >>> round(float(value[0]), 4), round(float(variance[0]), 4)
    (2.9957, 0.01)
    """
    return np.log(mean), np.square(se / mean)
