"""What was found, in neutral sentences, each bound to its numbers.

The words follow the interval: no sentence ranks treatments whose interval includes no difference, none speaks of
significance, and none turns an interval over no difference into an absence of effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from physiohub.report.format import Scale, count, number, probability, tiny
from physiohub.report.outcome import labels, main_pairs, prefers

__all__ = ["Finding", "findings", "quality", "verdict", "warnings"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison in words: what is compared, the effect, and what goes with it."""

    pair: str
    effect: str
    remarks: tuple[str, ...]

    @property
    def comment(self) -> str:
        """The remarks as a sentence of their own."""
        text = "; ".join(self.remarks)
        return f"{text[:1].upper()}{text[1:]}."

    @property
    def sentence(self) -> str:
        """The whole as one line of text."""
        return f"{self.pair}: {self.effect}. {self.comment}"


def findings(outcome: Outcome) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Every comparison in words: those versus the reference, and the others."""
    versus_reference, others = main_pairs(outcome)
    return tuple(_finding(outcome, row) for row in versus_reference), tuple(_finding(outcome, row) for row in others)


def _finding(outcome: Outcome, row: Row) -> Finding:
    scale, names = Scale.of(outcome), labels(outcome)
    treatment, versus = names[row["treatment"]], names[row["versus"]]
    remarks = [f"probability that {treatment} is better {probability(row['p_better'])}"]
    if row["p_beyond_mid"] is not None:
        remarks.append(f"better by more than the important difference {probability(row['p_beyond_mid'])}")
    favoured = prefers(outcome, row)
    if favoured is None:
        remarks.append("the interval includes no difference")
    else:
        remarks.append(f"the whole interval lies on the side that favours {names[favoured]}")
    return Finding(f"{treatment} versus {versus}", f"{scale.measure} {scale.effect(row)}", tuple(remarks))


def warnings(outcome: Outcome) -> tuple[str, ...]:
    """What a reader must know before any number: reasons not to use the fit, then warnings."""
    reasons = outcome["engine"]["verdict"]["reasons"] if not outcome["engine"]["verdict"]["ok"] else []
    found = [f"This fit may not be used: {reason}" for reason in reasons]
    if not outcome["network"]["connected"]:
        found.append("The network is not connected: treatments of different parts cannot be compared.")
    found += [str(text) for text in outcome.get("warnings") or []]
    heterogeneity = outcome["heterogeneity"].get("warning")
    if heterogeneity and heterogeneity not in found:
        found.append(str(heterogeneity))
    return tuple(found)


def verdict(outcome: Outcome) -> str:
    """The engine's judgement of its own result, and its error."""
    engine = outcome["engine"]
    judged = "the fit may be used" if engine["verdict"]["ok"] else "the fit may not be used"
    return f"{engine['name']} engine: {judged}; {quality(engine)}"


def quality(engine: Mapping[str, Any]) -> str:
    """How exact the engine's answer is: of quadrature its error, of draws their effective number.

    Examples
    --------
    >>> quality({"numerical_error": 2.3e-11})
    'numerical error at most 2.3 × 10⁻¹¹'
    >>> quality({"numerical_error": 2e-5, "ess": 5810.2, "draws": 6250, "pareto_k": 0.12})
    '6250 draws, 5810 of them effective, Pareto k 0.12; error of a log weight at most 2.0 × 10⁻⁵'
    """
    error = engine.get("numerical_error")
    if engine.get("ess") is None:
        return "numerical error not reported" if error is None else f"numerical error at most {tiny(error)}"
    drawn = f"{count(engine['draws'])} draws, " if engine.get("draws") else ""
    draws = f"{drawn}{count(round(engine['ess']))} {'of them effective' if drawn else 'effective draws'}"
    shape = "" if engine.get("pareto_k") is None else f", Pareto k {number(engine['pareto_k'])}"
    return f"{draws}{shape}" + (f"; error of a log weight at most {tiny(error)}" if error else "")
