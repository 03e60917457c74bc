"""The published networks: complete, cited, equal to the numbers published, and answered from the command line."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import physiohub as ph
from physiohub import datasets
from physiohub.cli import run
from physiohub.errors import UsageError
from physiohub.evidence.review import bundled_review
from physiohub.measures.measure import MEASURES
from physiohub.network.geometry import geometry

COUNTS = {  # studies, multi-arm studies (by arms), arms, treatments; the first, second and last as SOURCES.md has them
    "smoking": (24, 2, 50, 4),
    "thrombolytics": (50, 2, 102, 9),
    "blocker": (22, 0, 44, 2),
    "bcg_vaccine": (13, 0, 26, 2),
    "statins": (19, 0, 38, 2),
    "transfusion": (6, 0, 12, 2),
    "diabetes": (22, 4, 48, 6),
    "psoriasis": (16, 4, 36, 8),
    "atrial_fibrillation": (26, 9, 63, 17),
    "certolizumab": (12, 0, 24, 7),
    "dietary_fat": (10, 1, 21, 2),
    "dietary_fat_pooled": (10, 0, 20, 2),
    "parkinson_arms": (7, 1, 15, 5),
    "parkinson_differences": (7, 1, 15, 5),
    "parkinson_mixed": (7, 1, 15, 5),
    "senn2013": (26, 1, 53, 10),
    "linde2016": (93, 14, 201, 22),
    "stowe2010_smd": (29, 1, 59, 4),
    "back_pain": (6, 1, 13, 4),
    "back_pain_roland_morris": (7, 2, 17, 4),
    "back_pain_oswestry": (7, 0, 14, 4),
}
PHYSIOTHERAPY = {"back_pain": "pain", "back_pain_roland_morris": "rmdq", "back_pain_oswestry": "odi"}
PUBLISHED = [name for name in COUNTS if name not in PHYSIOTHERAPY]

# how the table of the shared folder calls what ours calls otherwise
ELSEWHERE = {
    "thrombolytics": "thrombolytic", "psoriasis": "hta_psoriasis", "parkinson_arms": "parkinson",
    "parkinson_differences": "parkinson_diff", "parkinson_mixed": "parkinson_shared",
}  # fmt: skip
COLUMNS = {
    "events": "responders", "total": "sampleSize", "category_1": "PASI50", "category_2": "PASI75",
    "category_3": "PASI90", "secondary_prevention": "secondary", "disease_duration": "diseaseDuration",
    "prior_stroke": "stroke", "events_treatment": "resp1", "n_treatment": "n1", "events_versus": "resp2",
    "n_versus": "n2",
}  # fmt: skip
PAIRS = {"treatment": "treat1", "versus": "treat2", "estimate": "TE", "se": "seTE"}
RELATIVE = {"estimate": "diff"}
CORRECTED = {"Low dose aspirin + copidogrel": "Low dose aspirin + clopidogrel"}


def test_the_list_is_complete() -> None:
    assert set(datasets.names()) == set(COUNTS)
    folder = Path(datasets.__file__).parent
    assert {path.stem for path in folder.glob("*.csv")} == set(PUBLISHED)  # and no table without an entry
    assert ph.datasets is datasets


@pytest.mark.parametrize("name", COUNTS)
def test_size_of_the_network(name: str) -> None:
    network = datasets.load(name)
    shape = geometry(network)
    assert (shape.studies, len(shape.multi_arm_studies), shape.arms, len(shape.treatments)) == COUNTS[name]
    assert all(issue.severity == "note" for issue in network.issues)
    assert network.reference == datasets.about(name).reference


@pytest.mark.parametrize("name", COUNTS)
def test_every_network_is_described_and_cited(name: str) -> None:
    found = datasets.about(name)
    assert found.name == name
    assert found.measure in MEASURES
    assert found.better in ("lower", "higher")
    assert found.question.endswith("?")
    assert len(re.findall(r"[?.!]", re.sub(r"\(.*?\)", "", found.question))) == 1  # one sentence
    assert re.search(r"\b(19|20)\d\d\b", found.citation)
    assert found.title
    assert found.coding.endswith(".")
    with pytest.raises(AttributeError):
        found.title = "another"  # type: ignore[misc]


@pytest.mark.parametrize("name", COUNTS)
def test_the_table_reads_as_the_network(name: str) -> None:
    """From the data frame and from the file: the same studies."""
    about = datasets.about(name)
    network = datasets.load(name)
    again = ph.read_table(datasets.table(name), reference=about.reference, measure=about.measure)
    assert [study.id for study in again.studies] == [study.id for study in network.studies]
    for one, other in zip(again.studies, network.studies, strict=True):
        assert one.treatments == other.treatments
        assert [arm.events for arm in one.arms] == [arm.events for arm in other.arms]
        assert [arm.mean for arm in one.arms] == [arm.mean for arm in other.arms]
        if one.contrasts is not None and other.contrasts is not None:
            np.testing.assert_array_equal(one.contrasts.estimate, other.contrasts.estimate)
            np.testing.assert_array_equal(one.contrasts.covariance, other.contrasts.covariance)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_number_is_the_published_one(name: str, shared: Path) -> None:
    with (shared / "data" / f"{ELSEWHERE.get(name, name)}.csv").open(encoding="utf-8", newline="") as file:
        theirs = list(csv.DictReader(file))
    with (Path(datasets.__file__).parent / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        ours = list(csv.DictReader(file))
    words = COLUMNS | (PAIRS if "treat1" in theirs[0] else RELATIVE if "diff" in theirs[0] else {})
    words |= {"time": "followup"} if "followup" in theirs[0] else {}
    assert {words.get(column, column) for column in ours[0]} == set(theirs[0])  # no column is left out
    assert len(ours) == len(theirs)
    for mine, yours in zip(ours, theirs, strict=True):
        for column, cell in mine.items():
            expected = yours[words.get(column, column)]
            assert cell == CORRECTED.get(expected, expected), (name, mine["study"], column)


@pytest.mark.parametrize(("name", "outcome"), PHYSIOTHERAPY.items())
def test_a_physiotherapy_network_is_the_bundled_review(name: str, outcome: str) -> None:
    """The bare table gives the fit that the review's own network gives."""
    overrides = {"measure": "MD"} if outcome == "pain" else {}
    theirs = bundled_review().network(outcome, **overrides).network
    ours = datasets.load(name)
    spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(5)")
    assert {t.id for t in ours.treatments} == {t.id for t in theirs.treatments}
    one, other = ph.fit(ours, spec), ph.fit(theirs, spec)
    for treatment in theirs.treatments[1:]:
        a, b = (fit.effect(treatment.id, "control") for fit in (one, other))
        # the same numbers but for the square root of a variance, and the order of the treatments
        assert float(a.mean) == pytest.approx(float(b.mean), abs=1e-8)
        assert float(a.sd) == pytest.approx(float(b.sd), abs=1e-8)
    assert all(arm.source for study in ours.studies for arm in study.arms) or outcome != "pain"


def test_the_codings_of_one_network_agree() -> None:
    """Arms and differences of the Parkinson trials are one data set: rounding of the differences is all between."""
    spec = ph.ModelSpec(measure="MD", tau_prior="uniform(0, 5)", effect_prior="normal(0, 100)")
    fits = [ph.fit(datasets.load(f"parkinson_{coding}"), spec) for coding in ("arms", "differences", "mixed")]
    for treatment in fits[0].treatments[1:]:
        means = [float(fit.effect(treatment, "Placebo").mean) for fit in fits]
        assert means[1:] == pytest.approx([means[0]] * 2, abs=2e-3)


def test_the_pooled_coding_is_the_merged_arm() -> None:
    merged = datasets.load("dietary_fat", repeated="merge")
    pooled = datasets.load("dietary_fat_pooled")
    for one, other in zip(merged.studies, pooled.studies, strict=True):
        assert one.id == other.id
        assert [arm.events for arm in one.arms] == [arm.events for arm in other.arms]
        assert [arm.total for arm in one.arms] == [arm.total for arm in other.arms]
        assert [arm.exposure for arm in one.arms] == pytest.approx([arm.exposure for arm in other.arms], abs=1e-9)


@pytest.mark.parametrize("function", [datasets.load, datasets.table, datasets.about])
def test_an_unknown_name_is_told_what_there_is(function) -> None:
    with pytest.raises(UsageError, match="Did you mean 'smoking'"):
        function("smokin")


# -- from the command line --------------------------------------------------------------------------------------------


def question(name: str, folder: Path) -> list[str]:
    """The command that asks a network its question, its table saved as a user would have it."""
    about = datasets.about(name)
    datasets.table(name).to_csv(folder / f"{name}.csv", index=False)
    command = ["analyse", str(folder / f"{name}.csv"), "-o", str(folder / "out"), "--quiet"]
    command += ["--measure", about.measure, "--reference", about.reference, "--better", about.better]
    return command + (["--tau-prior", about.tau_prior] if about.tau_prior else [])


@pytest.mark.parametrize("name", [name for name in COUNTS if name != "psoriasis"])
def test_analyse_answers(name: str, tmp_path: Path) -> None:
    assert run(question(name, tmp_path)) == 0
    outcome = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["outcomes"]["outcome"]
    about = datasets.about(name)
    assert outcome["measure"] == about.measure
    assert outcome["engine"]["verdict"]["ok"]
    assert outcome["zero_cells"]["left_out"] == []  # an arm likelihood leaves nobody out
    assert outcome["network"]["studies"] == COUNTS[name][0]
    treatments = COUNTS[name][3]
    assert len(outcome["relative_effects"]) == treatments * (treatments - 1)
    likelihood = {"events": "binomial", "rates": "poisson", "contrasts": "normal contrasts"}
    if about.kind in likelihood:
        assert outcome["likelihood"] == likelihood[about.kind]
    assert len(outcome["notes"]) == (name == "dietary_fat")  # the two arms that are kept


def test_ordered_categories_share_their_cut_points() -> None:
    fit = ph.fit(datasets.load("psoriasis"), ph.ModelSpec(measure="PROBIT", effects="common"))
    assert (fit.engine.name, fit.verdict.ok) == ("collapsed", True)
    assert float(fit.effect("Etanercept 25 mg", "Supportive care").mean) > 1


def test_hazard_ratios_take_account_of_the_follow_up() -> None:
    network = datasets.load("diabetes")
    hazard, odds = (ph.fit(network, ph.ModelSpec(measure=measure, effects="common")) for measure in ("HR", "OR"))
    one, other = (float(fit.effect("ARB", "Diuretic").mean) for fit in (hazard, odds))
    assert one != other
    assert one == pytest.approx(other, abs=0.1)  # the outcome is rare


def test_a_mean_difference_of_contrasts_asks_for_a_prior(tmp_path: Path, capsys) -> None:
    command = question("senn2013", tmp_path)
    assert run(command[: command.index("--tau-prior")]) == 1
    assert "no SD is known that could set its scale" in " ".join(capsys.readouterr().err.split())


def test_cold_from_a_new_process(tmp_path: Path) -> None:
    """Nothing that an earlier call loaded is needed."""
    program = "import sys; from physiohub.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *question("smoking", tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out" / "report.html").is_file()
    program = "import physiohub.datasets as d; print(d.about('senn2013').reference, len(d.load('senn2013').studies))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "plac 26\n"
