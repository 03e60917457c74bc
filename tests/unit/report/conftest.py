"""Records to draw and to print: results of plausible size and full shape, without an engine behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

LEVELS = (0.025, 0.5, 0.975)
Z = 1.959964
LONG = "Supervised motor control exercise with education and manual therapy, group {}"  # 70 characters and more
NAMES = ["Control", "Active physiotherapy", "Passive physiotherapy", "Combined physiotherapy", "Pilates", "Yoga"]


def quantity(mean: float, sd: float) -> dict[str, float]:
    low, high = mean - Z * sd, mean + Z * sd
    return {"mean": mean, "sd": sd, "q2.5": low, "median": mean, "q97.5": high, "low": low, "high": high}


def labels_of(treatments: int, *, long: bool) -> list[str]:
    if long:
        return [LONG.format(k)[:60] + f" {k}" for k in range(treatments)]
    return [NAMES[k] if k < len(NAMES) else f"Treatment number {k}" for k in range(treatments)]


def studies_of(ids: list[str], rng: np.random.Generator, effects: np.ndarray) -> list[dict[str, Any]]:
    """A star to the reference, a ring of neighbours, and every sixth study with three arms."""
    pairs = [(0, k) for k in range(1, len(ids))] + [(k, k + 1) for k in range(1, len(ids) - 1)]
    pairs += pairs[: max(3, len(pairs) // 2)]
    studies = []
    for number, (a, b) in enumerate(pairs):
        arms = sorted({a, b} | ({(b + 1) % len(ids)} if number % 6 == 5 else set()))
        n = int(rng.integers(18, 160))
        contrast_level = number % 7 == 4
        rows: list[dict[str, Any]] = [
            {
                "treatment": ids[k],
                "label": ids[k],
                "n": n + k % 3,
                "mean": None if contrast_level else round(40 + 20 * float(effects[k]), 1),
                "sd": None if contrast_level else 21.5,
                "se": None,
            }
            for k in arms
        ]
        se = math.sqrt(2 / n)
        contrasts = []
        for k in arms[1:]:
            estimate = float(effects[k] - effects[arms[0]] + rng.normal(0, 0.3))
            contrasts.append(
                {
                    "treatment": ids[k],
                    "versus": ids[arms[0]],
                    "estimate": estimate,
                    "se": se,
                    "low": estimate - Z * se,
                    "high": estimate + Z * se,
                }
            )
        studies.append(
            {
                "id": f"Author {number + 1} {1998 + number % 25}",
                "treatments": [ids[k] for k in arms],
                "arms": rows,
                "level": "contrast" if contrast_level else "arm",
                "participants": None if number == 2 else sum(row["n"] for row in rows),
                "contrasts": contrasts,
                "source": f"Table {number + 2} (https://example.org/{number}), page {100 + number}",
                "doi": f"10.1000/example.{number}" if number % 2 else None,
            }
        )
    return studies


def network_of(ids: list[str], labels: list[str], studies: list[dict[str, Any]]) -> dict[str, Any]:
    comparisons: dict[tuple[str, str], list[int]] = {}
    designs: dict[tuple[str, ...], list[str]] = {}
    for study in studies:
        arms = study["arms"]
        designs.setdefault(tuple(study["treatments"]), []).append(study["id"])
        for i, first in enumerate(arms):
            for second in arms[i + 1 :]:
                row = comparisons.setdefault((second["treatment"], first["treatment"]), [0, 0])
                row[0] += 1
                row[1] += first["n"] + second["n"]
    treatments = []
    for ident, label in zip(ids, labels, strict=True):
        within = [study for study in studies if ident in study["treatments"]]
        people = sum(arm["n"] for study in within for arm in study["arms"] if arm["treatment"] == ident)
        treatments.append({"id": ident, "label": label, "participants": people, "studies": len(within)})
    return {
        "studies": len(studies),
        "arms": sum(len(study["arms"]) for study in studies),
        "participants": None,
        "treatments": treatments,
        "connected": True,
        "comparisons": [
            {"treatment": t, "versus": v, "studies": row[0], "participants": row[1]}
            for (t, v), row in comparisons.items()
        ],
        "multi_arm_studies": sum(len(study["arms"]) > 2 for study in studies),
        "designs": len(designs),
        "design_list": [{"treatments": list(key), "studies": found} for key, found in designs.items()],
    }


def pairs_of(
    ids: list[str], draws: np.ndarray, *, sign: int, mid: float | None, tau: float | None
) -> list[dict[str, Any]]:
    rows = []
    for i, treatment in enumerate(ids):
        for j, versus in enumerate(ids):
            if i == j:
                continue
            difference = draws[:, i] - draws[:, j]
            mean, sd = float(difference.mean()), float(difference.std())
            wide = Z * math.hypot(sd, tau) if tau is not None else None
            better = float((sign * difference > 0).mean())
            beyond = None if mid is None else float((sign * difference > mid).mean())
            rows.append(
                {
                    "treatment": treatment,
                    "versus": versus,
                    **quantity(mean, sd),
                    "predictive_low": None if wide is None else mean - wide,
                    "predictive_high": None if wide is None else mean + wide,
                    "p_better": better,
                    "p_beyond_mid": beyond,
                }
            )
    return rows


def ranking_of(ids: list[str], draws: np.ndarray, *, sign: int) -> list[dict[str, Any]]:
    ranks = np.argsort(np.argsort(-sign * draws, axis=1), axis=1) + 1
    size = len(ids)
    rows = []
    for k, ident in enumerate(ids):
        mine = ranks[:, k]
        low, median, high = np.quantile(mine, LEVELS)
        sucra = float((size - mine.mean()) / (size - 1))
        rows.append(
            {
                "treatment": ident,
                "sucra": sucra,
                "p_score": min(1.0, sucra * 0.999),
                "p_best": float((mine == 1).mean()),
                "mean_rank": float(mine.mean()),
                "median_rank": float(median),
                "rank_low": float(low),
                "rank_high": float(high),
                "rank_probabilities": [float((mine == rank).mean()) for rank in range(1, size + 1)],
                "rank_error": 0.001,
            }
        )
    return rows


def profile_of(ids: list[str], centre: np.ndarray, scale: float) -> dict[str, Any]:
    """Effects that shrink a little and widen as tau grows."""
    tau = np.linspace(0.002, 0.8, 40)
    density = np.exp(-((tau - 0.41) ** 2) / (2 * 0.12**2)) / (0.12 * math.sqrt(2 * math.pi))
    effects = [
        {
            "treatment": ident,
            "mean": (scale * middle * (1 - 0.2 * tau)).tolist(),
            "sd": (scale * np.hypot(0.1, (0.3 + 0.05 * (k % 5)) * tau)).tolist(),
        }
        for k, (ident, middle) in enumerate(zip(ids, centre, strict=True))
    ]
    return {"tau": (scale * tau).tolist(), "density": (density / scale).tolist(), "effects": effects}


def heterogeneity_of(*, random: bool, scale: float = 1.0, profile: dict[str, Any] | None = None) -> dict[str, Any]:
    grid = np.linspace(0, 1.6, 81)
    prior = 2 / (0.5 * math.sqrt(2 * math.pi)) * np.exp(-(grid**2) / 0.5)
    posterior = 1 / (0.12 * math.sqrt(2 * math.pi)) * np.exp(-((grid - 0.41) ** 2) / (2 * 0.12**2))
    tau = {"mean": 0.42, "sd": 0.12, "q2.5": 0.19, "median": 0.41, "q97.5": 0.68}
    density = {
        "tau": (grid * scale).tolist(),
        "prior": (prior / scale).tolist(),
        "posterior": (posterior / scale).tolist(),
    }
    return {
        "tau": {key: value * scale for key, value in tau.items()} if random else None,
        "tau_reason": None if random else "a common-effect model has no heterogeneity",
        "i_squared": 0.63,
        "i_squared_reason": None,
        "q": {"q": 31.6, "df": 12, "p": 0.0016},
        "typical_within_sd": 0.24 * scale,
        "density": density if random else None,
        "prior_text": "half-normal(0.5)",
        "prior_q80": 0.64 * scale,
        "warning": None,
        "profile": profile if random else None,
    }


def fit_of(studies: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [
        {
            "study": study["id"],
            "deviance": (0.4 + 0.3 * (k % 5)) * (len(study["arms"]) - 1),
            "leverage": (0.35 + 0.05 * (k % 7)) * (len(study["arms"]) - 1),
            "data_points": len(study["arms"]) - 1,
            "arms": [],
        }
        for k, study in enumerate(studies)
    ]
    points = sum(row["data_points"] for row in rows)
    return {
        "dbar": points * 1.03,
        "pd": points * 0.71,
        "dic": points * 1.74,
        "data_points": points,
        "residual_deviance_reason": None,
        "studies": rows,
    }


def sensitivity_of(pairs: list[dict[str, Any]], studies: int) -> list[dict[str, Any]]:
    rows = []
    for ident, kind, label, shift in (
        ("tau-wide", "tau prior", "Heterogeneity prior uniform(0, 5)", 1.3),
        ("common", "effects", "Common-effect model", 0.5),
        ("final-only", "review", "Final values only", 1.0),
    ):
        effects = [
            {"treatment": row["treatment"], "versus": row["versus"], **quantity(row["mean"], row["sd"] * shift)}
            for row in pairs
        ]
        tau = None if kind == "effects" else quantity(0.45, 0.1)
        row = {"id": ident, "label": label, "kind": kind, "ok": True, "reason": None, "studies": studies, "tau": tau}
        rows.append({**row, "relative_effects": effects})
    failed = {"id": "no-combined", "label": "Without the combined arms", "kind": "review", "ok": False}
    reason = "Without them the network falls into two parts."
    return [*rows, {**failed, "reason": reason, "studies": None, "tau": None, "relative_effects": []}]


def outcome_of(
    treatments: int = 4,
    *,
    measure: str = "SMD",
    effects: str = "random",
    better: str = "lower",
    mid: bool = True,
    long: bool = False,
    labels: list[str] | None = None,
    seed: int = 1,
) -> dict[str, Any]:
    """One outcome of results.json, of full shape."""
    rng = np.random.default_rng(seed)
    ids = [f"t{k}" for k in range(treatments)]
    shown = labels or labels_of(treatments, long=long)
    scale = 15.0 if measure == "MD" else 1.0
    sign = -1 if better == "lower" else 1
    centre = np.concatenate([[0.0], rng.normal(sign * 0.45, 0.35, treatments - 1)])
    draws = centre + rng.normal(0, rng.uniform(0.1, 0.3, treatments), (2000, treatments))
    random = effects == "random"
    studies = studies_of(ids, rng, centre)
    value = 0.4 * scale if mid else None
    pairs = pairs_of(ids, draws * scale, sign=sign, mid=value, tau=0.41 * scale if random else None)
    return {
        "id": "pain",
        "label": "Pain intensity",
        "level": 0.95,
        "measure": measure,
        "scale": f"log {measure}" if measure == "OR" else "standardised mean difference (Hedges g)",
        "better": better,
        "effects": effects,
        "likelihood": "normal",
        "link": "identity",
        "reference": ids[0],
        "instrument": {
            "id": "pain-0-100",
            "label": "Pain, 0 to 100",
            "min": 0,
            "max": 100,
            "better": "lower",
            "usual_sd": 22.5,
            "important_differences": [{"value": 15, "kind": "between groups", "source": "Hayden 2021"}],
        },
        "mid": {
            "value": value,
            "text": "0.40 SMD (15 points / usual SD 22.5)",
            "source": "Hayden 2021",
        }
        if mid
        else None,
        "poth": 0.62,
        "priors": {"d": "normal(0, 15)", "mu": "flat", "tau": "half-normal(0.5)", "defaulted": ["d", "mu"]},
        "network": network_of(ids, shown, studies),
        "engine": {
            "name": "exact",
            "seconds": 0.018,
            "numerical_error": 2.3e-11,
            "verdict": {"ok": True, "reasons": []},
        },
        "heterogeneity": heterogeneity_of(random=random, scale=scale, profile=profile_of(ids[1:], centre[1:], scale)),
        "relative_effects": pairs,
        "ranking": ranking_of(ids, draws, sign=sign),
        "fit": fit_of(studies),
        "studies": studies,
        "conversions": [
            {"study": studies[0]["id"], "arm": ids[1], "what": "sd", "how": "from the SE", "value": 21.5, "rows": [3]}
        ],
        "choices": [
            {"study": studies[1]["id"], "choice": "arms, not contrasts", "reason": "Arms keep the covariance."}
        ],
        "excluded": [{"study": "Author 99 2001", "reason": "Subacute patients only."}],
        "notes": ["Change and final values are mixed."],
        "warnings": ["The heterogeneity rests on few studies."],
        "sensitivity": sensitivity_of(pairs, len(studies)),
    }


def results_of(*outcomes: dict[str, Any], review: bool = True) -> dict[str, Any]:
    """A whole results.json around the outcomes."""
    statement = (
        "Worked example from trials whose numbers could be read, not a systematic search. It shows the method; it is "
        "no basis for treatment decisions."
    )
    about = {
        "id": "chronic-low-back-pain",
        "title": "Active, passive and combined physiotherapy for chronic low back pain",
        "region": "lumbar",
        "kind": "worked example",
        "question": {
            "population": "Adults with low back pain for 12 weeks or more",
            "interventions": ["active", "passive", "combined physiotherapy"],
            "comparators": ["usual care"],
            "setting": "outpatient",
        },
        "treatments": [{"id": "t1", "label": "Active physiotherapy", "description": "Exercise in any form"}],
        "limitations": ["Numbers were read in abstracts."],
        "search": None,
        "flow": None,
        "statement": statement,
    }
    return {
        "schema": "physiohub/results/1",
        "software": {"name": "physiohub", "version": "0.1.0"},
        "inputs": {"sha256": {"arms.csv": "ab" * 32, "review.toml": "cd" * 32}},
        "review": about if review else None,
        "outcomes": {outcome["id"]: outcome for outcome in (outcomes or (outcome_of(),))},
    }


@pytest.fixture(scope="session")
def make_outcome() -> Callable[..., dict[str, Any]]:
    return outcome_of


@pytest.fixture(scope="session")
def make_results() -> Callable[..., dict[str, Any]]:
    return results_of
