"""The differences of one study, row by row, put together: estimates versus its first arm, and their covariance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from physiohub.errors import Issue
from physiohub.network.study import Contrasts, Conversion, Floats

__all__ = ["Combined", "Difference", "combine_differences"]

RELATIVE_TOLERANCE = 1e-6
"""Two routes to one difference may be apart by this much of it beside rounding: 15 typed digits leave less."""

DEFINITE = 1e-10
"""A covariance counts as positive definite when its smallest eigenvalue exceeds this share of its largest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One estimate, treatment minus versus, on the analysis scale.

    Attributes
    ----------
    baseline_se
        Standard error of the arm on `versus` by itself, which differences versus it share.
    rounding
        How far rounding can have moved the estimate; half a unit of its last decimal.
    """

    treatment: str
    versus: str
    estimate: float
    se: float
    baseline_se: float | None = None
    rounding: float = 0.0
    row: int | None = None
    file: str | None = None

    @property
    def pair(self) -> frozenset[str]:
        """The two treatments, without direction."""
        return frozenset((self.treatment, self.versus))

    @property
    def name(self) -> str:
        """How an issue names this difference."""
        return f"{self.treatment} versus {self.versus}"


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """Contrasts of a study with the treatments of its arms.

    `contrasts` is None when there are issues; the column of an issue is a role (estimate, se ...), not yet a name.
    """

    treatments: tuple[str, ...]
    contrasts: Contrasts | None
    issues: tuple[Issue, ...] = ()


def combine_differences(
    study: str,
    differences: Sequence[Difference],
    *,
    measure: str | None = None,
    source: str | None = None,
    conversions: tuple[Conversion, ...] = (),
) -> Combined:
    """Put the differences of one study together.

    Two arms need one difference. More arms need all pairs, with covariance (se_0k^2 + se_0l^2 - se_kl^2)/2, or every
    arm versus one baseline whose own standard error is given: its square is the covariance (METHODS section 1).
    Estimates must agree along every triangle up to the rounding of the study's most precise one. Nothing is adjusted.

    Examples
    --------
    >>> two = [Difference(treatment="B", versus="A", estimate=1.0, se=0.5, baseline_se=0.3),
    ...        Difference(treatment="C", versus="A", estimate=2.0, se=0.5, baseline_se=0.3)]
    >>> combine_differences("Kim 2017", two).contrasts.covariance
    array([[0.25, 0.09],
           [0.09, 0.25]])
    """
    names = [d.versus for d in differences] + [d.treatment for d in differences]
    treatments = tuple(dict.fromkeys(names))
    issues = [*_same_treatment(study, differences), *_duplicates(study, differences)]
    if not issues and len(treatments) > 2:
        issues = [*_incomplete(study, treatments, differences), *_incoherent(study, treatments, differences)]
    if issues:
        return Combined(treatments, None, tuple(issues))
    covariance = _covariance(treatments, differences)
    issues = list(_not_definite(study, treatments, covariance, differences))
    rows = tuple(d.row for d in differences if d.row is not None)
    found = _oriented(differences)
    estimate = np.array([found[t, treatments[0]].estimate for t in treatments[1:]])
    contrasts = Contrasts(estimate, covariance, measure, rows=rows, source=source, conversions=conversions)
    return Combined(treatments, None if issues else contrasts, tuple(issues))


def _issue(study: str, rule: str, message: str, remedy: str, first: Difference, role: str) -> Issue:
    """An issue at a row; its column is the role, which the caller turns into the column's name."""
    arm = first.treatment
    return Issue(rule, message, remedy, study=study, arm=arm, row=first.row, column=role, file=first.file)


def _same_treatment(study: str, differences: Iterable[Difference]) -> Iterator[Issue]:
    for d in differences:
        if d.treatment == d.versus:
            message = f"{d.treatment} is compared with itself."
            yield _issue(study, "contrast-same-treatment", message, "Name the two treatments compared.", d, "versus")


def _duplicates(study: str, differences: Iterable[Difference]) -> Iterator[Issue]:
    seen: dict[frozenset[str], Difference] = {}
    for d in differences:
        first = seen.setdefault(d.pair, d)
        if first is not d and d.treatment != d.versus:
            message = f"{d.name}: this pair stands in row {first.row} already."
            remedy = "Keep one row per pair of a study; two arms on one treatment can enter by their arms only."
            yield _issue(study, "contrast-duplicated", message, remedy, d, "treatment")


def _oriented(differences: Iterable[Difference]) -> Mapping[tuple[str, str], Difference]:
    """(treatment, versus) -> difference, in both directions."""
    found = {}
    for d in differences:
        found[d.treatment, d.versus] = d
        found[d.versus, d.treatment] = replace(
            d, treatment=d.versus, versus=d.treatment, estimate=-d.estimate, baseline_se=None
        )
    return found


def _is_star(treatments: Sequence[str], differences: Sequence[Difference]) -> bool:
    """Whether every arm is compared with one baseline only."""
    return len(differences) == len(treatments) - 1 and len({d.versus for d in differences}) == 1


def _incomplete(study: str, treatments: Sequence[str], differences: Sequence[Difference]) -> Iterator[Issue]:
    pairs = {d.pair for d in differences}
    missing = [f"{j} versus {k}" for k, j in combinations(treatments, 2) if frozenset((k, j)) not in pairs]
    if not missing:
        return
    baseline_errors = {d.baseline_se for d in differences if d.baseline_se is not None}
    if _is_star(treatments, differences) and len(baseline_errors) == 1:
        return
    if len(baseline_errors) > 1 and _is_star(treatments, differences):
        values = ", ".join(f"{value:g}" for value in sorted(baseline_errors))
        message = f"The standard error of the {differences[0].versus} arm differs between rows: {values}."
        yield _issue(
            study, "baseline-se-contradictory", message, "It is one number per study.", differences[0], "baseline_se"
        )
        return
    message = f"The study has {len(treatments)} arms, and these pairs are missing: {', '.join(missing)}."
    remedy = (
        "Give the difference of every pair, or every arm versus one baseline with that arm's standard error "
        "(baseline_se): without either the covariance is not known."
    )
    yield _issue(study, "contrast-pairs-missing", message, remedy, differences[0], "treatment")


def _incoherent(study: str, treatments: Sequence[str], differences: Sequence[Difference]) -> Iterator[Issue]:
    """Triangles that do not close; each row is rounded like the most precise of the study (zeros get lost)."""
    found = _oriented(differences)
    rounding = min(d.rounding for d in differences)
    base = treatments[0]
    for k, j in combinations(treatments[1:], 2):
        if not {(k, base), (j, base), (j, k)} <= found.keys():
            continue
        sides = [found[j, k], found[j, base], found[k, base]]
        implied = sides[1].estimate - sides[2].estimate
        tolerance = 3 * rounding + RELATIVE_TOLERANCE * max(abs(side.estimate) for side in sides)
        if abs(sides[0].estimate - implied) > tolerance:
            message = (
                f"{sides[0].name} is {sides[0].estimate:g}, but {sides[1].name} ({sides[1].estimate:g}) minus "
                f"{sides[2].name} ({sides[2].estimate:g}) is {implied:g}."
            )
            remedy = f"Check the signs and values of rows {', '.join(str(side.row) for side in sides)}."
            yield _issue(study, "contrast-incoherent", message, remedy, sides[0], "estimate")


def _covariance(treatments: Sequence[str], differences: Sequence[Difference]) -> Floats:
    """S (arm - 1, arm - 1) versus the first treatment."""
    found = _oriented(differences)
    base, others = treatments[0], treatments[1:]
    shared = next((d.baseline_se for d in differences if d.baseline_se is not None), None)
    variance = np.array([found[t, base].se ** 2 for t in others])
    covariance = np.diag(variance)
    for i, j in combinations(range(len(others)), 2):
        direct = found.get((others[i], others[j]))
        if direct is not None:
            covariance[i, j] = (variance[i] + variance[j] - direct.se**2) / 2
        elif shared is not None:
            covariance[i, j] = shared**2
        covariance[j, i] = covariance[i, j]
    return covariance


def _not_definite(
    study: str, treatments: Sequence[str], covariance: Floats, differences: Sequence[Difference]
) -> Iterator[Issue]:
    eigenvalues = np.linalg.eigvalsh(covariance)
    if np.isfinite(eigenvalues).all() and eigenvalues[0] > DEFINITE * eigenvalues[-1]:
        return
    place, reason = differences[0], ""
    if _is_star(treatments, differences):
        reason = f": that of the {place.versus} arm is too large for the differences versus it"
    elif (sides := _open_triangle(treatments, differences)) is not None:
        place = sides[2]
        reason = f": {place.se:g} ({place.name}) exceeds the sum of {sides[0].se:g} and {sides[1].se:g}"
    message = f"The standard errors of the study's differences cannot belong together{reason} (their covariance is not "
    rows = ", ".join(str(d.row) for d in differences)
    remedy = f"Check the standard errors of rows {rows}; nothing is adjusted."
    yield _issue(study, "contrast-covariance", f"{message}positive definite).", remedy, place, "se")


def _open_triangle(treatments: Sequence[str], differences: Sequence[Difference]) -> list[Difference] | None:
    """The three differences between three arms whose largest SE exceeds the sum of the others most, smallest first."""
    found = {d.pair: d for d in differences}
    worst, triangle = 0.0, None
    for three in combinations(treatments, 3):
        sides = sorted((found[frozenset(pair)] for pair in combinations(three, 2)), key=lambda d: d.se)
        excess = sides[2].se - sides[0].se - sides[1].se
        if excess > worst:
            worst, triangle = excess, sides
    return triangle
