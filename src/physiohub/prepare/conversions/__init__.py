"""Arithmetic from what a paper prints to mean, SD and SE; every function returns its value with a trace.

Nothing here knows a review: `physiohub.prepare.selection` decides which rows enter, `physiohub.prepare.completion` and
`physiohub.prepare.scores` which conversion applies.
"""

from physiohub.prepare.conversions.change import (
    correlation_from_sds,
    final_sd_from_change,
    pooled_correlation,
    sd_of_change,
)
from physiohub.prepare.conversions.counts import Counted, events_from_percent
from physiohub.prepare.conversions.logs import geometric_from_logs, raw_from_logs
from physiohub.prepare.conversions.medians import Quantiles, Skewness, mean_from_quantiles, sd_from_quantiles, skewness
from physiohub.prepare.conversions.scores import Scores, merge_arms, rescale, rescaling
from physiohub.prepare.conversions.spread import (
    sd_from_ci,
    sd_from_difference,
    sd_from_se,
    se_from_ci,
    se_from_f,
    se_from_p,
    se_from_t,
    standardise_contrast,
)

__all__ = [
    "Counted",
    "Quantiles",
    "Scores",
    "Skewness",
    "correlation_from_sds",
    "events_from_percent",
    "final_sd_from_change",
    "geometric_from_logs",
    "mean_from_quantiles",
    "merge_arms",
    "pooled_correlation",
    "raw_from_logs",
    "rescale",
    "rescaling",
    "sd_from_ci",
    "sd_from_difference",
    "sd_from_quantiles",
    "sd_from_se",
    "sd_of_change",
    "se_from_ci",
    "se_from_f",
    "se_from_p",
    "se_from_t",
    "skewness",
    "standardise_contrast",
]
