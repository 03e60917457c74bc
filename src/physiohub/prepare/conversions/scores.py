"""Mean and spread of one arm, moved between scales, and arms put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from physiohub.network.study import Conversion

__all__ = ["Scores", "merge_arms", "rescale", "rescaling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Mean of one arm with what is known of its spread.

    Attributes
    ----------
    mean
        Of final, change or adjusted scores.
    n
        Participants.
    sd
        Raw SD of the individual scores (of change scores when the mean is one).
    se
        Standard error of the mean, when it is given by itself.
    baseline_sd
        SD of the scores at baseline.
    """

    mean: float
    n: float | None = None
    sd: float | None = None
    se: float | None = None
    baseline_sd: float | None = None

    @property
    def standard_error(self) -> float | None:
        """The SE: its own, else sd / sqrt(n)."""
        if self.se is not None:
            return self.se
        return None if self.sd is None or self.n is None else self.sd / sqrt(self.n)


def rescale(
    scores: Scores,
    scale: tuple[float, float],
    onto: tuple[float, float],
    *,
    change: bool = False,
    flip: bool = False,
    rows: tuple[int, ...] = (),
) -> tuple[Scores, Conversion]:
    """Move scores linearly from one range onto another; SDs and SEs by the slope alone.

    A final score x becomes onto_low + slope (x - low), slope = (onto_high - onto_low)/(high - low); a change score has
    no offset. `flip` turns the direction: the best score becomes the highest and a change its negative.

    Raises
    ------
    ValueError
        When a range is empty or not finite.

    Examples
    --------
    >>> moved, trace = rescale(Scores(mean=2.4, sd=0.54), (0, 10), (0, 100))
    >>> moved.mean, round(moved.sd, 6), trace.how
    (24.0, 5.4, 'rescaled from 0-10 to 0-100')
    """
    width, target = _width(scale), _width(onto)
    # multiplied before divided, so that 2.4 of 10 is 24 of 100 and not a neighbour of it
    mean = target * (scores.mean if change else scores.mean - scale[0]) / width
    if flip:
        mean = -mean
    if not change:
        mean += onto[1] if flip else onto[0]
    sd, se, baseline_sd = (
        None if x is None else target * x / width for x in (scores.sd, scores.se, scores.baseline_sd)
    )
    moved = Scores(mean=mean, n=scores.n, sd=sd, se=se, baseline_sd=baseline_sd)
    return moved, Conversion("mean and spread", rescaling(scale, onto, flip=flip), mean, rows)


def rescaling(scale: tuple[float, float], onto: tuple[float, float], *, flip: bool) -> str:
    """What was done to scores, in words.

    Examples
    --------
    >>> rescaling((0, 10), (0, 100), flip=True), rescaling((0, 100), (0, 100), flip=True)
    ('rescaled from 0-10 to 0-100, direction turned', 'direction turned')
    """
    moved = [f"rescaled from {scale[0]:g}-{scale[1]:g} to {onto[0]:g}-{onto[1]:g}"] if scale != onto else []
    return ", ".join([*moved, *(["direction turned"] if flip else [])])


def _width(scale: tuple[float, float]) -> float:
    width = scale[1] - scale[0]
    if not (isfinite(width) and width > 0):
        raise ValueError(f"a scale from {scale[0]:g} to {scale[1]:g} has no width")
    return width


def merge_arms(arms: Sequence[Scores], *, rows: tuple[int, ...] = ()) -> tuple[Scores, Conversion]:
    """One arm out of several on the same treatment.

    n and mean: sum, and mean weighted by n. With an SD in every arm, and no SE by itself, the SD is that of all their
    participants together (Cochrane Handbook, version 6, table 6.5.a; more than two arms at once):
    (N - 1) sd^2 = sum (n_k - 1) sd_k^2 + sum n_k (mean_k - mean)^2.
    Where an arm has an SE by itself (adjusted means, a confidence interval without its SD), the merged mean keeps its
    own standard error, se^2 = sum (n_k/N)^2 se_k^2, as for independent means; an SD is then carried only if every arm
    has one.

    Raises
    ------
    ValueError
        When an n is missing, or an arm has neither SD nor SE.

    Examples
    --------
    >>> merged, trace = merge_arms([Scores(mean=10, sd=2, n=20), Scores(mean=12, sd=2, n=20)])
    >>> merged.mean, merged.n, round(merged.sd, 4)
    (11.0, 40, 2.2188)
    """
    sizes = [arm.n for arm in arms if arm.n is not None]
    errors = [arm.standard_error for arm in arms if arm.standard_error is not None]
    if len(sizes) < len(arms) or len(errors) < len(arms):
        raise ValueError("arms are merged from n, mean and SD or SE of each")
    total = sum(sizes)
    mean = sum(n * arm.mean for n, arm in zip(sizes, arms, strict=True)) / total
    own_se = any(arm.se is not None for arm in arms)
    se = sqrt(sum((n / total * error) ** 2 for n, error in zip(sizes, errors, strict=True))) if own_se else None
    sd = _sd_of_all([arm.sd for arm in arms], [arm.mean for arm in arms], sizes)
    baseline_sd = _sd_within([arm.baseline_sd for arm in arms], sizes)
    rule = "SE of the mean weighted by n" if own_se else "Cochrane formula"
    how = f"{len(arms)} arms merged ({rule}): n = {' + '.join(f'{n:g}' for n in sizes)}"
    return Scores(mean=mean, n=total, sd=sd, se=se, baseline_sd=baseline_sd), Conversion("merged arm", how, mean, rows)


def _sd_of_all(sds: Sequence[float | None], means: Sequence[float], sizes: Sequence[float]) -> float | None:
    """SD of all participants of several groups together, None when a group has none."""
    if any(sd is None for sd in sds):
        return None
    total = sum(sizes)
    centre = sum(n * mean for n, mean in zip(sizes, means, strict=True)) / total
    within = sum((n - 1) * sd**2 for n, sd in zip(sizes, sds, strict=True) if sd is not None)
    between = sum(n * (mean - centre) ** 2 for n, mean in zip(sizes, means, strict=True))
    return sqrt((within + between) / (total - 1))


def _sd_within(sds: Sequence[float | None], sizes: Sequence[float]) -> float | None:
    """Pooled SD within several groups (their baseline means are not all known), None when a group has none."""
    if any(sd is None for sd in sds):
        return None
    within = sum((n - 1) * sd**2 for n, sd in zip(sizes, sds, strict=True) if sd is not None)
    return sqrt(within / (sum(sizes) - len(sizes)))
