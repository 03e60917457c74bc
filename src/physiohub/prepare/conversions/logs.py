"""Means of log-transformed scores, back on the scale of the scores."""

from __future__ import annotations

from math import exp, expm1, sqrt

from physiohub.network.study import Conversion

__all__ = ["geometric_from_logs", "raw_from_logs"]


def raw_from_logs(log_mean: float, log_sd: float, *, rows: tuple[int, ...] = ()) -> tuple[float, float, Conversion]:
    """Mean and SD of scores whose natural logs are normal with this mean and SD.

    mean = exp(m + s^2/2), SD = mean sqrt(exp(s^2) - 1) (Higgins, White & Anzures-Cabrera 2008, Stat Med 27:6072,
    method 1).

    Raises
    ------
    ValueError
        When the SD of the logs is not above zero, or so large that the scores have no finite SD.

    Examples
    --------
    >>> mean, sd, trace = raw_from_logs(3.0, 0.5)
    >>> round(mean, 3), round(sd, 3), trace.how
    (22.76, 12.13, 'from the mean and SD of logs, taken as normal (Higgins 2008, method 1)')
    """
    if not log_sd > 0:
        raise ValueError("the SD of the logs must be above zero")
    try:
        mean = exp(log_mean + log_sd**2 / 2)
        sd = mean * sqrt(expm1(log_sd**2))
    except OverflowError:
        raise ValueError("logs of this mean and SD have no finite mean behind them: they are no logs") from None
    how = "from the mean and SD of logs, taken as normal (Higgins 2008, method 1)"
    return mean, sd, Conversion("mean and sd", how, mean, rows)


def geometric_from_logs(
    log_mean: float, log_se: float, *, rows: tuple[int, ...] = ()
) -> tuple[float, float, Conversion]:
    """Geometric mean, and the standard error under which its log has the standard error `log_se`.

    For ratios of means: a ratio of geometric means is the ratio of means where the logs of both arms have one SD
    (Friedrich 2012, BMC Med Res Methodol 12:155). The log of the mean and se/mean are then exactly the mean and SE of
    the logs.

    Examples
    --------
    >>> mean, se, trace = geometric_from_logs(3.0, 0.1)
    >>> round(mean, 3), round(se / mean, 3), trace.what
    (20.086, 0.1, 'geometric mean')
    """
    mean = exp(log_mean)
    how = "geometric mean in place of the mean: their ratios agree where the logs of the arms have one SD"
    return mean, mean * log_se, Conversion("geometric mean", how, mean, rows)
