"""Judgements of risk of bias as a table holds them: never made here, only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["LEVELS", "risk_of_bias", "unknown_judgement"]

LEVELS: Mapping[str, str] = {
    "low": "low",
    "some concerns": "some concerns",
    "moderate": "some concerns",
    "unclear": "some concerns",
    "high": "high",
    "serious": "high",
    "critical": "high",
}
"""The words of RoB 2, ROBINS-I and the first Cochrane tool -> level."""


def risk_of_bias(covariates: Mapping[str, str | float | None]) -> dict[str, Any] | None:
    """Judgements of a study from its columns rob_overall and rob_<domain>; None when nobody judged it.

    An overall word that is none of the known ones is left out here and told by `unknown_judgement`.

    Examples
    --------
    >>> risk_of_bias({"rob_overall": "Some concerns", "rob_attrition": "Low", "year": 2010.0})
    {'overall': 'Some concerns', 'domains': {'attrition': 'Low'}}
    """
    given = {
        name.removeprefix("rob_"): str(value)
        for name, value in covariates.items()
        if name.startswith("rob_") and name != "rob_source" and value is not None
    }
    overall = given.pop("overall", None)
    if overall is None and not given:
        return None
    return {"overall": overall if _known(overall) else None, "domains": given}


def unknown_judgement(study: str, covariates: Mapping[str, str | float | None]) -> str | None:
    """A warning when the overall judgement of a study is a word of no tool; None when there is nothing to say."""
    overall = covariates.get("rob_overall")
    if overall is None or _known(str(overall)):
        return None
    return f"{study}: the risk of bias {overall!r} is none of {', '.join(LEVELS)}; it is shown as not assessed."


def _known(word: str | None) -> bool:
    return word is not None and word.strip().lower() in LEVELS
