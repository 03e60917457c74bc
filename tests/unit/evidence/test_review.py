"""A review folder: its schema, and every problem of its files at once."""

from pathlib import Path

import pytest

from physiohub.errors import DataError, Issue, UsageError
from physiohub.evidence.protocol import parse_protocol
from physiohub.evidence.review import read_review

TOML = """
[review]
id = "back"
title = "Back"
kind = "worked example"
[[treatments]]
id = "control"
label = "Control"
class = "none"
[[treatments]]
id = "active"
label = "Active"
components = ["active"]
[[treatments]]
id = "pilates"
label = "Pilates"
[[outcomes]]
id = "pain"
instrument = "pain-0-100"
measure = "md"
better = "lower"
window_weeks = [0, 26]
choose = "nearest 12"
values = ["final", "change"]
model = { tau_prior = "half-normal(10)" }
[model]
reference = "control"
effects = "random"
"""
ARMS = """study,treatment,arm,outcome,weeks,n,mean,sd,value_type,instrument,source
A,control,a,pain,12,20,50,20,final,VAS 0-100,paper A
A,active,b,pain,12,20,40,20,final,VAS 0-100,paper A
B,control,a,pain,12,20,5,2,final,NRS 0-10,paper B
B,pilates,b,pain,12,20,4,2,final,NRS 0-10,paper B
"""


@pytest.fixture
def folder(tmp_path):
    def write(toml=TOML, **tables):
        (tmp_path / "review.toml").write_text(toml, "utf-8")
        for name, text in ({"arms": ARMS} | tables).items():
            if text is not None:
                (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        return tmp_path

    return write


def rules(folder: Path) -> list[str]:
    with pytest.raises(DataError) as caught:
        read_review(folder)
    return [issue.rule for issue in caught.value.issues]


def issue_of(toml: str) -> Issue:
    with pytest.raises(DataError) as caught:
        parse_protocol(toml)
    (issue,) = caught.value.issues
    return issue


def test_a_review_is_read_whole(folder):
    review = read_review(folder())
    assert (review.id, review.title) == ("back", "Back")
    assert set(review.hashes) == {"review.toml", "arms.csv"}
    assert review.recognised["arms.csv"]["mean"] == "mean"
    assert review.protocol.search is None
    assert review.protocol.flow is None
    ready = review.network("pain")
    assert [t.id for t in ready.network.treatments] == ["control", "active", "pilates"]
    assert ready.network.treatments[0].group == "none"
    assert ready.network.studies[1].arms[0].mean == 50
    assert ready.network.hashes == review.hashes


def test_the_model_of_an_outcome_stands_over_that_of_the_review(folder):
    stated = read_review(folder()).network("pain").model.stated()
    assert stated == {"reference": "control", "effects": "random", "tau_prior": "half-normal(10)"}


def test_overrides(folder):
    review = read_review(folder())
    assert [s.id for s in review.network("pain", exclude=["A"]).network.studies] == ["B"]
    merged = review.network("pain", merge={"active": ["pilates"]})
    assert [t.id for t in merged.network.treatments] == ["control", "active"]
    assert review.network("pain", effects="common").model.effects == "common"


def test_an_override_that_is_none(folder):
    with pytest.raises(UsageError, match="windw_weeks"):
        read_review(folder()).network("pain", windw_weeks=[0, 1])
    with pytest.raises(DataError, match="'C', which is in no table"):
        read_review(folder()).network("pain", exclude=["C"])
    with pytest.raises(DataError, match="no outcome 'function'"):
        read_review(folder()).network("function")


def test_sensitivities_build_or_say_why_not(folder):
    more = """
[[sensitivity]]
id = "no-b"
label = "Without B"
exclude = ["B"]
[[sensitivity]]
id = "change"
label = "Change only"
values = ["change"]
[[sensitivity]]
id = "late"
label = "Late"
window_weeks = [20, 30]
outcomes = ["pain"]
"""
    runs = {run.id: run for run in read_review(folder(TOML + more)).sensitivities("pain")}
    possible = runs["no-b"].prepared
    assert possible is not None
    assert [e.reason for e in possible.excluded] == ["left out: Without B"]
    assert runs["no-b"].reason is None
    assert runs["change"].prepared is None
    assert all(str(runs[id].reason).startswith("not possible: ") for id in ("change", "late"))


def test_an_excluded_study_may_be_taken_in_again(folder):
    review = read_review(folder(TOML + '[[exclusions]]\nstudy = "B"\noutcome = "pain"\nreason = "late"\n'))
    assert [(e.study, e.reason) for e in review.network("pain").excluded] == [("B", "late")]
    assert len(review.network("pain", include=["B"]).network.studies) == 2


@pytest.mark.parametrize(
    ("wrong", "right", "rule", "words"),
    [
        ('kind = "worked example"', "", "key-missing", "review: the key 'kind' is missing"),
        ('kind = "worked example"', 'kind = "guess"', "key-wrong", "review: input should be 'worked example'"),
        ('id = "back"', 'id = "Back pain"', "key-wrong", "review: string should match"),
        ("choose =", "chose =", "key-unknown", "outcomes 'pain': there is no key 'chose'"),
        ('"nearest 12"', '"about 12"', "key-wrong", "outcomes 'pain': must be \"longest\""),
        ("[0, 26]", "[26, 0]", "key-wrong", "the earlier one first"),
        ('"md"', '"DM"', "key-wrong", "must be one of MD, SMD"),
        ('better = "lower"', 'better = "less"', "key-wrong", "'lower' or 'higher'"),
        ("tau_prior", "tau_pior", "key-unknown", "outcomes 'pain' / model: there is no key 'tau_pior'"),
        ('components = ["active"]', 'component = ["active"]', "key-unknown", "treatments 'active'"),
        ("[model]", "[modell]", "key-unknown", "the file: there is no key 'modell'"),
    ],
)
def test_what_review_toml_cannot_say(wrong, right, rule, words):
    issue = issue_of(TOML.replace(wrong, right))
    assert issue.rule == rule
    assert words in issue.message
    assert issue.file == "review.toml"


@pytest.mark.parametrize(
    ("wrong", "right", "near"),
    [("choose =", "chose =", "choose"), ("[model]", "[modell]", "model"), ("class", "clas", "class")],
)
def test_an_unknown_key_is_told_with_the_nearest(wrong, right, near):
    assert f"Did you mean {near!r}?" in issue_of(TOML.replace(wrong, right)).remedy


def test_broken_toml_names_the_line():
    issue = issue_of(TOML.replace('title = "Back"', "title = Back"))
    assert (issue.rule, issue.row) == ("toml-syntax", 4)
    assert issue_of("[review").row == 1


def test_check_goes_through_every_outcome(folder):
    assert read_review(folder()).check() == ()
    review = read_review(folder(arms=ARMS.replace("NRS 0-10", "VAS")))
    assert [issue.rule for issue in review.check()] == ["scale-missing"] * 2


def test_every_problem_of_toml_and_tables_at_once(folder):
    broken = folder(TOML.replace("choose", "chose").replace("label", "lable", 1), arms=ARMS.replace("50,20", "50,-20"))
    found = rules(broken)
    assert found.count("key-unknown") == 2
    assert "key-missing" in found
    assert any("sd" in rule for rule in found)


def test_missing_files(folder, tmp_path):
    assert rules(folder(arms=None)) == ["tables-missing"]
    assert rules(folder(TOML.replace("half-normal(10)", "half(1)"), arms=None)) == ["tables-missing", "prior-wrong"]
    (tmp_path / "review.toml").unlink()
    assert "file-missing" in rules(tmp_path)
    assert rules(tmp_path / "nowhere") == ["folder-missing"]


def test_review_toml_in_another_encoding(folder, tmp_path):
    folder()
    (tmp_path / "review.toml").write_bytes(TOML.replace("Back", "Rücken").encode("latin-1"))
    assert rules(tmp_path) == ["encoding"]


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ('[[exclusions]]\nstudy = "Z"\nreason = "r"', "study-unknown"),
        ('[[exclusions]]\nstudy = "A"\noutcome = "z"\nreason = "r"', "outcome-unknown"),
        ('[[choices]]\nstudy = "Z"\nuse = "arms"\nreason = "r"', "study-unknown"),
        ('[[sensitivity]]\nid = "s"\nlabel = "S"\nexclude = ["Z"]', "study-unknown"),
        ('[[sensitivity]]\nid = "s"\nlabel = "S"\noutcomes = ["z"]', "outcome-unknown"),
        ('[[sensitivity]]\nid = "s"\nlabel = "S"\ntau_prior = "gamma(1, 1)"', "prior-wrong"),
        ('[[sensitivity]]\nid = "s"\nlabel = "S"\nreference = "z"', "reference-unknown"),
        ('[[sensitivity]]\nid = "s"\nlabel = "S"\nmerge = { active = ["yoga"] }', "treatment-unknown"),
        ('[[treatments]]\nid = "active"\nlabel = "Again"', "id-repeated"),
        ('[[outcomes]]\nid = "odi"\ninstrument = "odi"\nmeasure = "MD"\nbetter = "lower"', "outcome-empty"),
    ],
)
def test_names_that_do_not_exist(folder, more, rule):
    assert rules(folder(f"{TOML}{more}\n")) == [rule]


@pytest.mark.parametrize(
    ("wrong", "right", "rule"),
    [
        ('reference = "control"', 'reference = "placebo"', "reference-unknown"),
        ('reference = "control"', "", "reference-missing"),
        ('"pain-0-100"', '"pain"', "instrument-unknown"),
        ('better = "lower"', 'better = "higher"', "direction-wrong"),
        ("half-normal(10)", "half-normal(-1)", "prior-wrong"),
    ],
)
def test_what_does_not_fit_together(folder, wrong, right, rule):
    assert rules(folder(TOML.replace(wrong, right))) == [rule]


def test_a_review_brings_its_own_instrument(folder):
    own = """
[[instruments]]
id = "quebec"
label = "Quebec"
min = 0
max = 100
better = "lower"
forms = [{ name = "QBPDS", min = 0, max = 100 }]
"""
    toml = TOML.replace('"pain-0-100"', '"quebec"') + own
    review = read_review(folder(toml, arms=ARMS.replace("VAS 0-100", "QBPDS").replace("NRS 0-10", "QBPDS")))
    ready = review.network("pain")
    assert ready.label == "Quebec"
    assert ready.mid is None
