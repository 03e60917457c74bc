"""Every check of plausibility, by family and all at once. Nothing here stops an analysis: the reader decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from physiohub.errors import Issue
from physiohub.prepare.plausibility.contrast_checks import check_contrast_signs, check_standard_errors
from physiohub.prepare.plausibility.derived_checks import (
    check_changes,
    check_differences,
    check_intervals,
    check_p_values,
    check_percentages,
)
from physiohub.prepare.plausibility.mean_checks import check_direction, check_large_effects, check_tenfold_means
from physiohub.prepare.plausibility.reported import ReportedArm, ReportedContrast
from physiohub.prepare.plausibility.score_checks import (
    check_granularity,
    check_ranges,
    check_sd_bounds,
    check_skewness,
)
from physiohub.prepare.plausibility.spread_checks import check_sd_ratios, check_usual_sd
from physiohub.prepare.plausibility.trial_checks import (
    check_allocation,
    check_baseline,
    check_identical_arms,
    check_large_odds_ratios,
    check_repeated_contrasts,
    check_repeated_trials,
    check_study_names,
)

__all__ = ["FAMILIES", "plausibility"]

Arms = Sequence[ReportedArm]
Contrasts = Sequence[ReportedContrast]
Check = Callable[[Arms, Contrasts], Iterable[Issue]]


def _of_arms(*checks: Callable[[Arms], Iterable[Issue]]) -> Check:
    return lambda arms, contrasts: (issue for check in checks for issue in check(arms))


def _of_contrasts(*checks: Callable[[Contrasts], Iterable[Issue]]) -> Check:
    return lambda arms, contrasts: (issue for check in checks for issue in check(contrasts))


def _derived(arms: Arms, contrasts: Contrasts) -> Iterator[Issue]:
    yield from check_changes(arms)
    yield from check_differences(arms, contrasts)
    yield from check_intervals([*arms, *contrasts])
    yield from check_p_values(contrasts)
    yield from check_percentages(arms)


def _names(arms: Arms, contrasts: Contrasts) -> Iterator[Issue]:
    yield from check_study_names([*arms, *contrasts])


FAMILIES: Mapping[str, Check] = {
    "scores": _of_arms(check_ranges, check_sd_bounds, check_skewness, check_granularity),
    "spreads": _of_arms(check_usual_sd, check_sd_ratios),
    "means": _of_arms(check_tenfold_means, check_large_effects, check_direction),
    "derived": _derived,
    "contrasts": _of_contrasts(check_standard_errors, check_contrast_signs),
    "repeats": _of_arms(check_identical_arms, check_repeated_trials),
    "repeated contrasts": _of_contrasts(check_repeated_contrasts),
    "names": _names,
    "randomisation": _of_arms(check_baseline, check_allocation, check_large_odds_ratios),
}
"""What can be asked: whether scores are possible (SD bounds, GRIM, GRIMMER, DEBIT), SDs against others, and so on."""


def plausibility(arms: Arms, contrasts: Contrasts = (), *, families: Iterable[str] | None = None) -> tuple[Issue, ...]:
    """Everything that is implausible in rows of arms and contrasts, as warnings and notes.

    Parameters
    ----------
    families
        Keys of `FAMILIES`; None asks all.

    Returns
    -------
    tuple of Issue
        One for each cell and rule: a baseline mean repeated in the rows of every time point is named once.

    Examples
    --------
    >>> import pandas as pd
    >>> from physiohub.network.read import read_rows
    >>> from physiohub.prepare.instruments import registry
    >>> from physiohub.prepare.plausibility import plausibility, reported_arms
    >>> table = pd.DataFrame({"study": ["Kim", "Kim"], "treatment": ["A", "B"], "n": [40, 40], "mean": [31, 42],
    ...                       "sd": [22, 3.4], "instrument": ["VAS 0-100"] * 2})
    >>> rows = read_rows(table)
    >>> for issue in plausibility(reported_arms(rows.arms, rows, registry())):
    ...     print(issue.rule, issue.row)
    sd-like-se 3
    sd-ratio-like-se 3
    """
    chosen = FAMILIES if families is None else {name: FAMILIES[name] for name in families}
    found: dict[object, Issue] = {}
    for check in chosen.values():
        for issue in check(arms, contrasts):
            found.setdefault((issue.rule, issue.study, issue.arm, issue.column, issue.value, issue.message), issue)
    return tuple(found.values())
