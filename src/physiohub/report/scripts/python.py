"""analysis.py: the same fit with PhysioHub itself, to the last digit."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from physiohub.errors import PhysioHubError
from physiohub.model.priors import Prior
from physiohub.network.network import Network
from physiohub.network.study import Arm, Study
from physiohub.prepare.tables import read_table
from physiohub.report.scripts.material import Material
from physiohub.report.scripts.opening import expected_lines, opening_lines
from physiohub.report.scripts.quoting import comment, csv_text

__all__ = ["python_files"]

_NUMBERS = ("n", "mean", "sd", "se", "events", "total", "exposure", "time")
_EVERYTHING = (*_NUMBERS, "sd_external", "value_type")
_PLAIN = """
network = ph.read_table(here / "data.csv", reference={reference}, measure={measure})
"""
_BUILT = '''

def number(cell: str) -> float | None:
    """A number, or None where the cell is empty."""
    return float(cell) if cell else None


def categories(row: dict[str, str]) -> tuple[float | None, ...]:
    """Counts of ordered categories; none where all their cells are empty."""
    cells = tuple(number(cell) for name, cell in row.items() if name.startswith("category_"))
    return cells if any(cell is not None for cell in cells) else ()


def study(id: str, rows: list[dict[str, str]]) -> Study:
    """A study from its rows in data.csv, arm 0 first; cov_1, cov_2 ... hold the covariance of its estimates."""
    numbers = {numbers}
    arms = tuple(
        Arm(
            treatment=row["treatment"], label=row["arm"], value_type=row["value_type"] or None,
            **{{name: number(row[name]) for name in numbers}}, categories=categories(row),
        )
        for row in rows
    )
    if not rows[1]["estimate"]:
        return Study(id=id, arms=arms)
    estimate = np.array([float(row["estimate"]) for row in rows[1:]])
    covariance = np.array([[float(row[f"cov_{{k}}"]) for k in range(1, len(rows))] for row in rows[1:]])
    return Study(id=id, arms=arms, contrasts=Contrasts(estimate, covariance))


def table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with (here / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


by_study: dict[str, list[dict[str, str]]] = {{}}
for row in table("data.csv"):
    by_study.setdefault(row["study"], []).append(row)
network = build_network(
    [study(id, rows) for id, rows in by_study.items()],
    reference={reference},
    treatments=[Treatment(id=row["id"], label=row["label"]) for row in table("treatments.csv")],
)
'''
_FIT = """spec = ph.ModelSpec(
{options}
)
posterior = ph.fit(network, spec)
effects = ph.relative_effects(posterior, better={better}, mid={mid})
ranking = ph.rank(posterior, better={better})
tau = heterogeneity(posterior)
# everything else (tables, figures, report, these scripts): ph.analyse(network, spec, better={better}).write("again")

if __name__ == "__main__":
    print(f"{{'treatment':30}} {{'versus':30}} {{'median':>10}} {{'low':>10}} {{'high':>10}}")
    for effect in effects.effects:
        if effect.versus == network.reference:
            pair = f"{{effect.treatment:30}} {{effect.versus:30}}"
            print(f"{{pair}} {{effect.median:10.4f}} {{effect.low:10.4f}} {{effect.high:10.4f}}")
    for row in ranking.rows:
        print(f"SUCRA of {{row.treatment}}: {{row.sucra:.4f}}")
    if tau.median is not None:
        print(f"tau: {{tau.median:.4f}}")
"""


def python_files(material: Material) -> dict[str, str]:
    """analysis.py with data.csv, and treatments.csv where the table alone does not say everything."""
    rows = [row for study in material.network.studies for row in _rows(study)]
    columns = [
        "study",
        "treatment",
        "arm",
        *(name for name in _EVERYTHING if any(row[name] is not None for row in rows)),
        *(counts := _categories(material)),
    ]
    plain = csv_text(rows, [name for name in columns if name != "arm" or any(row["arm"] for row in rows)])
    words = {"reference": repr(material.network.reference), "measure": repr(material.spec.measure)}
    if _reads_back(plain, material):
        imports, data, read = _IMPORTS_OF_A_TABLE, plain, _PLAIN.format(**words)
    else:
        most = max(len(study.arms) for study in material.network.studies)
        wide = ["study", "treatment", "arm", *_EVERYTHING, *counts, "estimate", *(f"cov_{k}" for k in range(1, most))]
        imports, data = _IMPORTS, csv_text(rows, wide)
        read = _BUILT.format(numbers=(*_NUMBERS, "sd_external"), **words)
    head = opening_lines(
        material,
        program="PhysioHub in Python",
        install="the Python package physiohub, in the version above.",
        run="python analysis.py",
        files=["data.csv"] if read == _PLAIN.format(**words) else ["data.csv", "treatments.csv"],
        differs=[
            "nothing: the numbers are those of results.json, digit by digit, on the same versions of its libraries."
        ],
    )
    fit = _FIT.format(options=_options(material), better=repr(material.better), mid=repr(material.found.mid))
    text = f"{comment([*head, '', *expected_lines(material, frequentist=False)])}\n\n{imports}\n\n"
    return {"analysis.py": f"{text}here = Path(__file__).resolve().parent\n{read}{fit}", "data.csv": data}


_IMPORTS_OF_A_TABLE = """from pathlib import Path

import physiohub as ph
from physiohub.analysis.heterogeneity import heterogeneity"""
_IMPORTS = """import csv
from pathlib import Path

import numpy as np

import physiohub as ph
from physiohub.analysis.heterogeneity import heterogeneity
from physiohub.network.network import build_network
from physiohub.network.study import Arm, Contrasts, Study, Treatment"""


def _options(material: Material) -> str:
    """The model as keywords of `ModelSpec`, with every prior spelt out to the last digit."""
    spec, priors = material.spec, material.priors
    values: dict[str, object] = {
        "measure": spec.measure,
        "effects": spec.effects,
        "tau_prior": _exact(priors.tau),
        "effect_prior": _exact(priors.d),
        "baseline_prior": _exact(priors.mu),
        "likelihood": spec.likelihood,
        "engine": spec.engine,
        "level": spec.level,
        "smd_variance": spec.smd_variance,
        "cut_points": spec.cut_points,
        "draws": spec.draws,
        "zero_cells": spec.zero_cells,
        "seed": spec.seed,
    }
    return "\n".join(f"    {name}={value!r}," for name, value in values.items())


def _exact(prior: Prior | None) -> str | None:
    """The text form with all digits of its numbers, where `str` rounds to fifteen."""
    if prior is None:
        return None
    values = [repr(float(getattr(prior, field.name))) for field in fields(prior)]
    return f"{prior.name}({', '.join(values)})" if values else prior.name


def _rows(study: Study) -> list[dict[str, object]]:
    """One row per arm; where the study enters by contrasts, with the estimate and its row of the covariance."""
    rows: list[dict[str, object]] = []
    for k, arm in enumerate(study.arms):
        row: dict[str, object] = {"study": study.id, "treatment": arm.treatment, "arm": arm.label}
        row |= {name: getattr(arm, name) for name in _EVERYTHING}
        row |= {f"category_{j}": value for j, value in enumerate(arm.categories, start=1)}
        if study.contrasts is not None and k > 0:
            row["estimate"] = study.contrasts.estimate[k - 1]
            row |= {f"cov_{j}": value for j, value in enumerate(study.contrasts.covariance[k - 1], start=1)}
        rows.append(row)
    return rows


def _categories(material: Material) -> list[str]:
    """Names of the columns of ordered categories."""
    most = max(len(arm.categories) for study in material.network.studies for arm in study.arms)
    return [f"category_{j}" for j in range(1, most + 1)]


def _reads_back(table: str, material: Material) -> bool:
    """Whether the plain table says everything: read again it is the same network, number by number."""
    network = material.network
    if any(study.contrasts is not None for study in network.studies):
        return False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_text(table, encoding="utf-8", newline="\n")
        try:
            again = read_table(path, reference=network.reference, measure=material.spec.measure)
        except PhysioHubError:
            return False
    return _content(again) == _content(network)


def _content(network: Network) -> tuple[Sequence[object], Sequence[object]]:
    studies = [(study.id, [_arm(arm) for arm in study.arms]) for study in network.studies]
    return [treatment.id for treatment in network.treatments], studies


def _arm(arm: Arm) -> tuple[object, ...]:
    return (arm.treatment, *(getattr(arm, name) for name in _EVERYTHING), arm.categories)
