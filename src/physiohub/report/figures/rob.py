"""Risk of bias in a figure: a colour, a dash and a word for each judgement, and which of them a line carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from physiohub.evidence.risk_of_bias import LEVELS

__all__ = ["JUDGEMENTS", "NOT_ASSESSED", "Judgement", "assessed", "judgement_of", "prevailing"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one judgement looks; the dash and the word tell it without colour."""

    word: str
    color: str
    dash: tuple[int, int]


LOW = Judgement("low risk of bias", "#007a5a", (1, 0))
SOME = Judgement("some concerns", "#c98500", (9, 3))
HIGH = Judgement("high risk of bias", "#b83b00", (3, 3))
NOT_ASSESSED = Judgement("not assessed", "#8c959f", (1, 4))
JUDGEMENTS = (LOW, SOME, HIGH, NOT_ASSESSED)
"""From best to worst; what nobody has judged stands last."""

_OF_LEVEL = {"low": LOW, "some concerns": SOME, "high": HIGH}
WORDS: Mapping[str, Judgement] = {word: _OF_LEVEL[level] for word, level in LEVELS.items()}


def judgement_of(study: Mapping[str, Any]) -> Judgement:
    """The overall judgement of a study, by the words of RoB 2, ROBINS-I and the first Cochrane tool.

    Examples
    --------
    >>> judgement_of({"id": "Kim 2017", "rob": "Some concerns"}).word, judgement_of({"id": "Lee 2018"}).word
    ('some concerns', 'not assessed')
    """
    found = study.get("rob")
    overall = found.get("overall") if isinstance(found, Mapping) else found
    if overall is None:
        return NOT_ASSESSED
    if (judgement := WORDS.get(str(overall).strip().lower())) is None:
        raise ValueError(f"study {study['id']}: the risk of bias {overall!r} is none of {', '.join(WORDS)}")
    return judgement


def assessed(outcome: Mapping[str, Any]) -> bool:
    """Whether the risk of bias of any study was judged."""
    return any(judgement_of(study) is not NOT_ASSESSED for study in outcome["studies"])


def prevailing(judgements: Iterable[Judgement]) -> Judgement:
    """The judgement of most studies; of two that are as frequent, the worse.

    Examples
    --------
    >>> prevailing([LOW, LOW, HIGH]).word, prevailing([LOW, SOME]).word, prevailing([]).word
    ('low risk of bias', 'some concerns', 'not assessed')
    """
    tally = Counter(judgements)
    return max(tally, key=lambda one: (tally[one], JUDGEMENTS.index(one)), default=NOT_ASSESSED)
