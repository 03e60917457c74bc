"""Which rows of a study enter an outcome: time point, kind of value, instrument, arms or contrasts.

Nothing is computed here and nothing is dropped in silence: every choice among several rows is a `Choice` with its
reason, a study without a row that may enter is left out with the reason, and what the protocol does not settle is an
issue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from physiohub.errors import Issue
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.prepare.instrument_choice import preferred_instruments
from physiohub.prepare.instruments import Registry
from physiohub.prepare.protocol import ChoiceRule, OutcomeProtocol

__all__ = ["Choice", "Selected", "select", "select_study"]

Row = ArmRow | ContrastRow


@dataclass(frozen=True, slots=True)
class Choice:
    """What was taken where a study offered several rows."""

    study: str
    choice: str
    reason: str


@dataclass(frozen=True, slots=True)
class Selected:
    """What one study gives to an outcome.

    Attributes
    ----------
    arms, contrasts
        Its rows; one of the two is empty, both are when the study is left out.
    choices
        What was chosen among several rows.
    left_out
        Why no row of the study enters; None when some do.
    issues
        What the protocol does not settle.
    """

    study: str
    arms: tuple[ArmRow, ...] = ()
    contrasts: tuple[ContrastRow, ...] = ()
    choices: tuple[Choice, ...] = ()
    left_out: str | None = None
    issues: tuple[Issue, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that enter."""
        return self.arms or self.contrasts

    @property
    def value_type(self) -> str | None:
        """Kind of value of the rows, which share one."""
        return self.rows[0].value_type if self.rows else None


@dataclass(slots=True)
class _Sieve:
    """Rows of one study on their way through the protocol, with what was decided so far."""

    study: str
    rows: list[Row]
    registry: Registry | None = None
    choices: list[Choice] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    left_out: str | None = None

    @property
    def settled(self) -> bool:
        return self.left_out is not None or bool(self.issues)

    def chose(self, what: str, reason: str) -> None:
        self.choices.append(Choice(self.study, what, reason))

    def object(self, rule: str, message: str, remedy: str, column: str | None = None) -> None:
        first = self.rows[0] if self.rows else None
        row, file = (first.row, first.file) if first else (None, None)
        self.issues.append(Issue(rule, message, remedy, study=self.study, row=row, column=column, file=file))


def select(
    arms: Iterable[ArmRow],
    contrasts: Iterable[ContrastRow],
    protocol: OutcomeProtocol,
    rules: Sequence[ChoiceRule] = (),
    *,
    registry: Registry | None = None,
) -> tuple[Selected, ...]:
    """What every study gives to an outcome, in the order in which the tables name them.

    Parameters
    ----------
    arms, contrasts
        Rows of this outcome, without excluded studies.
    protocol
        The outcome's rules.
    rules
        [[choices]] of the review that concern this outcome.
    registry
        By which the names of instruments in the tables are known.
    """
    by_study: dict[str, list[Row]] = {}
    rows: list[Row] = [*arms, *contrasts]
    for row in rows:
        by_study.setdefault(row.study, []).append(row)
    found = tuple(
        select_study(study, rows, protocol, [rule for rule in rules if rule.study == study], registry=registry)
        for study, rows in by_study.items()
    )
    return _refuse_mixture(found, protocol)


def select_study(
    study: str,
    rows: Sequence[Row],
    protocol: OutcomeProtocol,
    rules: Sequence[ChoiceRule] = (),
    *,
    registry: Registry | None = None,
) -> Selected:
    """What one study gives to an outcome.

    Examples
    --------
    >>> rows = [ArmRow(file=None, row=r, study="Ebadi 2012", treatment=t, weeks=w, mean=25.0, value_type="final")
    ...         for r, (t, w) in enumerate([("a", 4), ("b", 4), ("a", 8), ("b", 8)], start=2)]
    >>> pain = OutcomeProtocol(id="pain", measure="MD", better="lower", window_weeks=(0, 26), choose="nearest 12")
    >>> chosen = select_study("Ebadi 2012", rows, pain)
    >>> [row.weeks for row in chosen.arms], chosen.choices[0].reason
    ([8, 8], 'nearest to week 12 of weeks 4, 8')
    """
    sieve = _Sieve(study, list(rows), registry)
    for step in (_by_value, _by_rules, _by_window, _by_week, _by_level, _by_instrument, _by_preference, _no_duplicates):
        if not sieve.settled:
            step(sieve, protocol, rules)
    kept = [] if sieve.settled else sieve.rows
    return Selected(
        study,
        arms=tuple(row for row in kept if isinstance(row, ArmRow)),
        contrasts=tuple(row for row in kept if isinstance(row, ContrastRow)),
        choices=() if sieve.settled else tuple(sieve.choices),
        left_out=sieve.left_out,
        issues=tuple(sieve.issues),
    )


def _by_value(sieve: _Sieve, protocol: OutcomeProtocol, rules: Sequence[ChoiceRule]) -> None:
    if not protocol.continuous:
        return
    if any(row.value_type is None for row in sieve.rows):
        sieve.object(
            "value-type-missing",
            "A row does not say whether its value is final, a change from baseline or adjusted.",
            'Fill in value_type: "final", "change" or "adjusted".',
            "value_type",
        )
        return
    wanted = ", ".join(protocol.preferred_values)
    kept = [row for row in sieve.rows if row.value_type in protocol.preferred_values]
    if not kept:
        reported = ", ".join(sorted({str(row.value_type) for row in sieve.rows}))
        sieve.left_out = f"no value of a kind that this analysis takes ({wanted}); reported: {reported}"
    elif len(kept) < len(sieve.rows):
        others = ", ".join(sorted({str(row.value_type) for row in sieve.rows} - {str(row.value_type) for row in kept}))
        kinds = ", ".join(value for value in protocol.preferred_values if any(r.value_type == value for r in kept))
        sieve.chose(f"{kinds} values", f"the protocol takes {wanted} values; the study also reports {others} values")
    sieve.rows = kept


def _by_rules(sieve: _Sieve, protocol: OutcomeProtocol, rules: Sequence[ChoiceRule]) -> None:
    for rule in rules:
        kept = [row for row in sieve.rows if _obeys(row, rule)]
        if not kept:
            sieve.object(
                "choice-impossible",
                f"[[choices]] asks for {rule.use!r}, which no row of the study offers for {protocol.id!r}.",
                "Correct `use`, or take the choice out.",
            )
        elif len(kept) < len(sieve.rows):
            sieve.chose(rule.use, rule.reason)
        sieve.rows = kept or sieve.rows


def _obeys(row: Row, rule: ChoiceRule) -> bool:
    if rule.level is not None:
        return isinstance(row, ArmRow) == (rule.level == "arms")
    return (row.instrument or "").casefold() == rule.use.casefold()


def _by_window(sieve: _Sieve, protocol: OutcomeProtocol, rules: Sequence[ChoiceRule]) -> None:
    if protocol.window_weeks is None:
        return
    if any(row.weeks is None for row in sieve.rows):
        sieve.object(
            "weeks-missing", "A row has no time point, but the outcome has a window.", "Fill in weeks.", "weeks"
        )
        return
    low, high = protocol.window_weeks
    kept = [row for row in sieve.rows if row.weeks is not None and low <= row.weeks <= high]
    if not kept:
        sieve.left_out = f"no value in weeks {low:g} to {high:g}; reported: week {_weeks(sieve.rows)}"
        return
    if len(kept) < len(sieve.rows) and len(_distinct(kept)) == 1:
        sieve.chose(f"week {_weeks(kept)}", f"the only one of weeks {_weeks(sieve.rows)} within {low:g} to {high:g}")
    sieve.rows = kept


def _by_week(sieve: _Sieve, protocol: OutcomeProtocol, rules: Sequence[ChoiceRule]) -> None:
    weeks = _distinct(sieve.rows)
    if len(weeks) < 2:
        return
    if protocol.choose is None or any(row.weeks is None for row in sieve.rows):
        sieve.object(
            "time-point-open",
            f"Several time points could enter: weeks {_weeks(sieve.rows)}.",
            'Say which: `choose = "nearest 12"`, "longest" or "earliest" in [[outcomes]].',
            "weeks",
        )
        return
    week, reason = _chosen_week(weeks, protocol.choose)
    sieve.chose(f"week {week:g}", f"{reason} of weeks {_weeks(sieve.rows)}")
    sieve.rows = [row for row in sieve.rows if row.weeks == week]


def _chosen_week(weeks: Sequence[float], rule: str) -> tuple[float, str]:
    if rule == "longest":
        return max(weeks), "the longest"
    if rule == "earliest":
        return min(weeks), "the earliest"
    target = float(rule.removeprefix("nearest "))
    return min(weeks, key=lambda week: (abs(week - target), -week)), f"nearest to week {target:g}"


def _by_level(sieve: _Sieve, protocol: OutcomeProtocol, rules: Sequence[ChoiceRule]) -> None:
    levels = {isinstance(row, ArmRow) for row in sieve.rows}
    if len(levels) == 2:
        sieve.object(
            "arms-and-contrasts",
            "The study has both arms and contrasts for this outcome and time point; it may enter once.",
            'Add [[choices]] with use = "arms" or use = "contrasts" and the reason.',
        )


def _by_instrument(sieve: _Sieve, protocol: OutcomeProtocol, rules: Sequence[ChoiceRule]) -> None:
    names = sorted({row.instrument for row in sieve.rows if row.instrument})
    if len(names) < 2:
        return
    chosen = preferred_instruments(names, protocol.instruments, sieve.registry)
    if len(chosen) == 1:
        order = ", ".join(protocol.instruments)
        sieve.chose(chosen[0], f"first of {', '.join(names)} in the stated order of instruments ({order})")
        sieve.rows = [row for row in sieve.rows if row.instrument == chosen[0]]
        return
    sieve.object(
        "instruments-several",
        f"Several instruments could enter: {', '.join(chosen or names)}.",
        f"State an order of preference (instruments = [...] in [[outcomes]]), or add [[choices]] with "
        f"use = {names[0]!r} (or another) and the reason.",
        "instrument",
    )


def _by_preference(sieve: _Sieve, protocol: OutcomeProtocol, rules: Sequence[ChoiceRule]) -> None:
    found = [value for value in protocol.preferred_values if any(row.value_type == value for row in sieve.rows)]
    if not protocol.continuous or len(found) < 2:
        return
    sieve.chose(f"{found[0]} values", f"preferred to {', '.join(found[1:])} values by the protocol")
    sieve.rows = [row for row in sieve.rows if row.value_type == found[0]]


def _no_duplicates(sieve: _Sieve, protocol: OutcomeProtocol, rules: Sequence[ChoiceRule]) -> None:
    seen: dict[tuple[str, str | None], Row] = {}
    for row in sieve.rows:
        key = (row.treatment, row.arm if isinstance(row, ArmRow) else row.versus)
        if key in seen:
            lines = f"{seen[key].row} and {row.row}"
            sieve.object(
                "rows-repeated", f"Lines {lines} give the same arm twice.", "Delete one, or name the arms apart."
            )
        seen[key] = row


def _refuse_mixture(found: tuple[Selected, ...], protocol: OutcomeProtocol) -> tuple[Selected, ...]:
    """An issue on the first study when change scores stand beside others and the protocol does not allow it."""
    one_yardstick = protocol.measure != "SMD" or protocol.denominator != "reported"
    allowed = protocol.mix if protocol.mix is not None else one_yardstick
    change = [one.study for one in found if one.value_type == "change"]
    other = [one.study for one in found if one.value_type in ("final", "adjusted")]
    if allowed or not protocol.continuous or not change or not other:
        return found
    issue = Issue(
        "values-mixed",
        f"{protocol.id!r} would mix change scores ({', '.join(change)}) with final or adjusted values "
        f"({', '.join(other)}).",
        'Restrict `values`, standardise all by SDs of final scores (denominator = "final") or of the instrument, '
        "or allow it knowingly with `mix = true`.",
        file="review.toml",
    )
    return (replace(found[0], issues=(*found[0].issues, issue)), *found[1:])


def _distinct(rows: Sequence[Row]) -> list[float]:
    return sorted({row.weeks for row in rows if row.weeks is not None})


def _weeks(rows: Sequence[Row]) -> str:
    return ", ".join(f"{week:g}" for week in _distinct(rows))
