"""Tables of the model: heterogeneity and fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.empirical import beside_earlier, earlier_range
from physiohub.report.format import NOT_COMPUTED, Scale, known, limits, number, p_value, percent, significant
from physiohub.report.outcome import label_of
from physiohub.report.tables.table import Cell, Column, Table, made, plain

__all__ = ["fit_table", "heterogeneity_table", "study_fit_table"]

Outcome = Mapping[str, Any]
QUANTITY = (Column("quantity", "Quantity", "head"), Column("value", "Value", "number"), Column("meaning", "Meaning"))


def heterogeneity_table(outcome: Outcome) -> Table:
    """Tau with its prior and beside earlier meta-analyses, I^2 and Q: one quantity a row."""
    scale, found = Scale.of(outcome), outcome["heterogeneity"]
    rows = [*_tau_rows(outcome, scale), *_earlier(found), _typical(found), _i_squared(found), _q(found)]
    unit = f"standard deviations are on the scale of the analysis ({scale.analysis})"
    return Table("heterogeneity", f"Heterogeneity, {label_of(outcome)}; {unit}", QUANTITY, tuple(rows))


def _tau_rows(outcome: Outcome, scale: Scale) -> list[tuple[Cell, ...]]:
    found = outcome["heterogeneity"]
    tau = found["tau"]
    prior = found.get("prior_text") or outcome["priors"].get("tau") or "not reported"
    upper = found.get("prior_q80")
    beside = f"prior {prior}" + (f"; its 80% quantile is {significant(upper)}" if upper is not None else "")
    if not known(tau):
        reason = found.get("tau_reason") or (tau or {}).get("reason") or "a common-effect model has none"
        return [(plain("tau"), plain(None), plain(f"Between-study SD: {reason}"))]
    low, high = limits(tau)
    return [
        (
            plain(f"tau ({scale.interval})"),
            Cell(tau["median"], scale.spread(tau, named=False)),
            plain(f"Between-study SD, posterior median; {beside}"),
        ),
        (
            plain("tau, lower limit"),
            Cell(low, number(low, scale.spread_digits)),
            plain(f"Lower limit of the {scale.interval}"),
        ),
        (
            plain("tau, upper limit"),
            Cell(high, number(high, scale.spread_digits)),
            plain(f"Upper limit of the {scale.interval}"),
        ),
    ]


def _earlier(found: Mapping[str, Any]) -> list[tuple[Cell, ...]]:
    empirical = found.get("empirical")
    if empirical is None:
        return []
    value = Cell(empirical["median"], earlier_range(empirical))
    return [(plain("tau of earlier meta-analyses"), value, plain(beside_earlier(empirical)))]


def _typical(found: Mapping[str, Any]) -> tuple[Cell, ...]:
    value = found.get("typical_within_sd")
    text = "–" if value is None else significant(value)
    return (
        plain("Typical within-study SD"),
        Cell(value, text),
        plain("Sampling error of a typical study, to set tau beside"),
    )


def _i_squared(found: Mapping[str, Any]) -> tuple[Cell, ...]:
    value = found.get("i_squared")
    reason = found.get("i_squared_reason") or NOT_COMPUTED
    meaning = "Share of Q beyond chance (frequentist)" if value is not None else f"I² is missing: {reason}"
    return plain("I²"), Cell(value, "–" if value is None else percent(value)), plain(meaning)


def _q(found: Mapping[str, Any]) -> tuple[Cell, ...]:
    q = found.get("q") or {}
    if q.get("q") is None:
        return plain("Q"), plain(None), plain(f"Cochran's Q is missing: {q.get('reason') or NOT_COMPUTED}")
    return plain("Q"), Cell(q["q"], number(q["q"], 1)), plain(f"Cochran's Q; df {q['df']}, p {p_value(q['p'])}")


def fit_table(outcome: Outcome) -> Table:
    """Posterior mean deviance, effective number of parameters, DIC, data points."""
    fit = outcome["fit"]
    rows = (
        (plain("Dbar"), _deviance(fit["dbar"]), plain("Posterior mean of the residual deviance")),
        (
            plain("Data points"),
            plain(fit["data_points"]),
            plain("Dbar near this number: the model fits about as it should"),
        ),
        (plain("pD"), _deviance(fit["pd"]), plain("Effective number of parameters")),
        (plain("DIC"), _deviance(fit["dic"]), plain("Dbar + pD; compare only models of the same data")),
    )
    note = f"Residual deviance: {fit['residual_deviance_reason']}." if fit.get("residual_deviance_reason") else ""
    return Table("fit", f"Fit of the model, {label_of(outcome)}", QUANTITY, rows, note.replace("..", "."))


def _deviance(value: float | None) -> Cell:
    return Cell(value, NOT_COMPUTED if value is None else number(value, 1))


def study_fit_table(outcome: Outcome) -> Table:
    """Deviance and leverage of each study."""
    columns = (
        Column("study", "Study", "head"),
        Column("data_points", "Data points", "number"),
        Column("deviance", "Deviance", "number"),
        Column("leverage", "Leverage", "number"),
    )
    rows = tuple(
        (plain(row["study"]), plain(row["data_points"]), _contribution(row["deviance"]), _contribution(row["leverage"]))
        for row in outcome["fit"]["studies"]
    )
    note = "A deviance far above the study's data points: the model does not describe that study well."
    return Table("study-fit", f"Fit of each study, {label_of(outcome)}", columns, rows, note)


def _contribution(value: float | None) -> Cell:
    return made(NOT_COMPUTED) if value is None else Cell(value, number(value, 2))
