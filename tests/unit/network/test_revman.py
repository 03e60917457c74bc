"""RevMan's review file and its CSV exports, and what Covidence exports for it."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from physiohub.errors import DataError, Issue
from physiohub.network.network import Network
from physiohub.prepare.tables import read_table

# shaped as RevMan 5.0 writes a review; the numbers are those of trials in Fleiss, Stat Methods Med Res 1993;2:121-145
REVIEW = """\
<?xml version="1.0" encoding="ISO-8859-1" standalone="no"?>
<COCHRANE_REVIEW REVMAN_VERSION="5" TYPE="INTERVENTION">
<STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>
<STUDY DATA_SOURCE="PUB" ID="STD-MRC" NAME="MRC-1" YEAR="1974"><IDENTIFIERS/></STUDY>
<STUDY DATA_SOURCE="PUB" ID="STD-CDP" NAME="CDP" YEAR="1976"/>
<STUDY DATA_SOURCE="PUB" ID="STD-Davis" NAME="D\xe1vis" YEAR="1973"/>
</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES>
<ANALYSES_AND_DATA>
<COMPARISON ID="CMP-001" NO="1"><NAME>Examples</NAME>
<DICH_OUTCOME CI_STUDY="95" EFFECT_MEASURE="OR" EVENTS_1="93" ID="CMP-001.01" NO="1" SUBGROUPS="NO">
<NAME>Death</NAME><GROUP_LABEL_1>Aspirin</GROUP_LABEL_1><GROUP_LABEL_2>Placebo</GROUP_LABEL_2>
<DICH_DATA EVENTS_1="49" EVENTS_2="67" SE="0.197" STUDY_ID="STD-MRC" TOTAL_1="615" TOTAL_2="624"/>
<DICH_DATA EVENTS_1="44" EVENTS_2="64" SE="0.203" STUDY_ID="STD-CDP" TOTAL_1="758" TOTAL_2="771"/>
</DICH_OUTCOME>
<CONT_OUTCOME EFFECT_MEASURE="SMD" ID="CMP-001.02" NO="2">
<NAME>Days in hospital</NAME><GROUP_LABEL_1>Therapy</GROUP_LABEL_1><GROUP_LABEL_2>Usual care</GROUP_LABEL_2>
<CONT_SUBGROUP ID="CMP-001.02.01" NO="1"><NAME>Small</NAME>
<CONT_DATA MEAN_1="5.0" MEAN_2="6.5" SD_1="4.7" SD_2="3.8" STUDY_ID="STD-Davis" TOTAL_1="13" TOTAL_2="13"/>
</CONT_SUBGROUP>
</CONT_OUTCOME>
<IV_OUTCOME CI_STUDY="95" ID="CMP-001.03" NO="3"><NAME>Survival</NAME>
<GROUP_LABEL_1>Aspirin</GROUP_LABEL_1><GROUP_LABEL_2>Placebo</GROUP_LABEL_2>
<EFFECT_MEASURE>Hazard Ratio</EFFECT_MEASURE>
<IV_DATA CI_END="1.1839" CI_START="0.5406" EFFECT_SIZE="0.8" SE="0.2" STUDY_ID="STD-MRC" TOTAL_1="0" TOTAL_2="0"/>
<IV_DATA CI_END="0.1" CI_START="-0.292" EFFECT_SIZE="-0.096" SE="0.1" STUDY_ID="STD-CDP" TOTAL_1="9" TOTAL_2="8"/>
</IV_OUTCOME>
<IPD_OUTCOME NO="4"><NAME>Peto</NAME><IPD_DATA O_E="-1.2" STUDY_ID="STD-MRC" VAR="3.1"/></IPD_OUTCOME>
<OTHER_OUTCOME NO="5"><NAME>Notes</NAME></OTHER_OUTCOME>
</COMPARISON>
</ANALYSES_AND_DATA>
</COCHRANE_REVIEW>
"""


@pytest.fixture
def review(tmp_path: Path) -> Path:
    return written(tmp_path, REVIEW)


def written(folder: Path, text: str, name: str = "review.rm5", encoding: str = "latin-1") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def issues_of(path: Path, **options) -> list[Issue]:
    try:
        return list(read_table(path, reference=None, **options).issues)
    except DataError as error:
        return list(error.issues)


def counts(network: Network) -> list[tuple[str, list[tuple[str, float | None, float | None]]]]:
    return [(study.id, [(arm.treatment, arm.events, arm.total) for arm in study.arms]) for study in network.studies]


MORTALITY = [
    ("MRC-1", [("Aspirin", 49, 615), ("Placebo", 67, 624)]),
    ("CDP", [("Aspirin", 44, 758), ("Placebo", 64, 771)]),
]


@pytest.mark.parametrize("outcome", ["Death", " death ", "1.1"])
def test_counts(review: Path, outcome: str) -> None:
    network = read_table(review, reference="Aspirin", measure="OR", outcome=outcome)
    assert counts(network) == MORTALITY
    assert network.studies[0].covariates == {"year": 1974}
    assert network.recognised["events"] == "EVENTS_1"
    again = read_table(review, reference="Aspirin", measure="OR", outcome=outcome, columns=network.recognised)
    assert counts(again) == MORTALITY


def test_means_inside_a_subgroup(review: Path) -> None:
    study = read_table(review, reference="Usual care", measure="SMD", outcome="1.2").studies[0]
    assert study.id == "D\xe1vis"
    assert [(arm.treatment, arm.mean, arm.sd, arm.n) for arm in study.arms] == [
        ("Usual care", 6.5, 3.8, 13), ("Therapy", 5, 4.7, 13),
    ]  # fmt: skip
    assert study.covariates == {"year": 1973, "subgroup": "Small"}


def test_effects_come_on_the_scale_that_their_interval_tells(review: Path) -> None:
    network = read_table(review, reference="Placebo", measure="HR", outcome="Survival")
    found = [study.contrasts for study in network.studies]
    assert [c.estimate[0] for c in found if c] == pytest.approx([-0.22314, -0.096], abs=1e-5)
    assert [c.covariance[0, 0] for c in found if c] == pytest.approx([0.04, 0.01])
    assert [study.participants for study in network.studies] == [None, 17]
    assert "measure-different" in [issue.rule for issue in issues_of(review, measure="OR", outcome="Survival")]
    unclear = written(review.parent, REVIEW.replace('CI_END="1.1839"', 'CI_END="3"'), "unclear.rm5")
    issue = issues_of(unclear, measure="HR", outcome="1.3")[0]
    assert (issue.rule, issue.study, issue.row) == ("scale-unknown", "MRC-1", 24)


def test_several_outcomes_are_listed(review: Path) -> None:
    issue = issues_of(review)[0]
    assert issue.rule == "several-outcomes"
    assert "1.1 Death (Aspirin versus Placebo; 2 studies); 1.2 Days in hospital" in issue.message
    assert "--outcome" in issue.remedy
    unknown = issues_of(review, outcome="Pain")[0]
    assert (unknown.rule, unknown.value) == ("outcome-unknown", "Pain")
    assert "1.1 Death" in unknown.remedy
    assert issues_of(review, outcome="Peto")[0].rule == "data-type-unknown"


def test_an_issue_names_the_line_and_the_attribute(tmp_path: Path) -> None:
    broken = REVIEW.replace('EVENTS_2="64"', 'EVENTS_2="6400"').replace('TOTAL_1="615"', 'TOTAL_1="-615"')
    found = issues_of(written(tmp_path, broken), outcome="Death", measure="OR")
    assert [(issue.study, issue.arm, issue.row, issue.column, issue.value) for issue in found] == [
        ("MRC-1", "Aspirin", 12, "TOTAL_1", "-615"),
        ("CDP", "Placebo", 13, "EVENTS_2", "6400"),
    ]


def comparison(number: int, one: str, two: str, cells: str, name: str = "Death") -> str:
    return (
        f'<COMPARISON NO="{number}"><NAME>c</NAME><DICH_OUTCOME NO="1"><NAME>{name}</NAME>'
        f"<GROUP_LABEL_1>{one}</GROUP_LABEL_1><GROUP_LABEL_2>{two}</GROUP_LABEL_2>"
        f'<DICH_DATA {cells} STUDY_ID="S"/></DICH_OUTCOME></COMPARISON>\n'
    )


def cells(*numbers: int) -> str:
    return 'EVENTS_1="{}" TOTAL_1="{}" EVENTS_2="{}" TOTAL_2="{}"'.format(*numbers)


def test_an_arm_that_two_comparisons_share_is_one_arm(tmp_path: Path) -> None:
    text = comparison(1, "A", "C", cells(1, 10, 3, 12)) + comparison(2, "B", "C", cells(2, 11, 3, 12))
    network = read_table(written(tmp_path, f"<COCHRANE_REVIEW>{text}</COCHRANE_REVIEW>"), reference="C", measure="OR")
    assert counts(network) == [("S", [("C", 3, 12), ("A", 1, 10), ("B", 2, 11)])]
    split = text.replace('"11" EVENTS_2="3" TOTAL_2="12"', '"11" EVENTS_2="1" TOTAL_2="6"')
    issue = issues_of(written(tmp_path, f"<COCHRANE_REVIEW>{split}</COCHRANE_REVIEW>"))[0]
    assert (issue.rule, issue.study, issue.arm, issue.row) == ("arm-contradictory", "S", "C", 2)


def test_groups_that_nobody_named_are_no_network(tmp_path: Path) -> None:
    pair = [comparison(k, "Experimental", "Control", cells(1, 10, 3, 12)) for k in (1, 2)]
    one = read_table(written(tmp_path, f"<COCHRANE_REVIEW>{pair[0]}</COCHRANE_REVIEW>"), reference="Control")
    assert one.studies[0].treatments == ("Control", "Experimental")
    both = written(tmp_path, f"<COCHRANE_REVIEW>{''.join(pair)}</COCHRANE_REVIEW>")
    assert issues_of(both)[0].rule == "treatment-missing"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (REVIEW[:900], "xml-malformed"),
        ("not xml", "xml-malformed"),
        ("", "xml-malformed"),
        ("<html/>", "xml-malformed"),
        ("<COCHRANE_REVIEW/>", "no-rows"),
        ('<?xml version="1.0" encoding="no-such"?><COCHRANE_REVIEW/>', "xml-malformed"),
        ("<!DOCTYPE x><COCHRANE_REVIEW/>", "xml-refused"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><COCHRANE_REVIEW>&a;</COCHRANE_REVIEW>', "xml-refused"),
    ],
)
def test_files_that_are_no_review(text: str, rule: str, tmp_path: Path) -> None:
    issue = issues_of(written(tmp_path, text))[0]
    assert (issue.rule, issue.file) == (rule, "review.rm5")


def test_a_billion_laughs_are_refused_at_once(tmp_path: Path) -> None:
    names = "abcdefghij"
    entities = "".join(f'<!ENTITY {n} "{f"&{m};" * 10}">' for m, n in pairwise(names))
    text = f'<!DOCTYPE x [<!ENTITY a "lol">{entities}]><COCHRANE_REVIEW>&j;</COCHRANE_REVIEW>'
    start = time.perf_counter()
    assert issues_of(written(tmp_path, text))[0].rule == "xml-refused"
    assert time.perf_counter() - start < 1


# -- CSV exports ------------------------------------------------------------------------------------------------------

FIVE = """\
Comparison Number,Outcome Number,Subgroup Number,Name,Data Type,Statistical Method,Effect Measure,Events 1,Mean 1,SD 1,\
Total 1,Events 2,Mean 2,SD 2,Total 2,Effect Estimate,SE,CI Start,CI End,Group Label 1,Group Label 2,Year of study
1,0,0,Examples,,,,,,,,,,,,,,,,,,
1,1,0,Death,DIC,MH,OR,2128,,,"14,186",2286,,,"13,817",0.9,,0.8,1,Aspirin,Placebo,
1,1,0,MRC-1,,,,49,0,0,615,67,0,0,624,0.72,0.197,0.489,1.059,,,1974
1,1,0,CDP,,,,44,0,0,758,64,0,0,771,0.68,0.203,0.457,1.013,,,1976
1,2,0,Days,CON,IV,MD,0,,,13,0,,,13,-1.5,,-4.8,1.8,Therapy,Usual care,
1,2,1,Small,CON,IV,MD,0,,,13,0,,,13,-1.5,,-4.8,1.8,,,
1,2,1,Davis,,,,0,5,4.7,13,0,6.5,3.8,13,-1.5,1.676,-4.785,1.785,,,1973
"""


def test_the_export_of_revman_5(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + FIVE, "Examples.csv", "utf-8")
    assert "1.2 Days (Therapy versus Usual care; 1 study)" in issues_of(path)[0].message
    network = read_table(path, reference="Aspirin", measure="OR", outcome="Death")
    assert counts(network) == MORTALITY
    assert network.studies[1].covariates == {"year": 1976}
    days = read_table(path, reference="Therapy", measure="MD", outcome="1.2").studies[0]
    assert [(arm.mean, arm.sd, arm.n) for arm in days.arms] == [(5, 4.7, 13), (6.5, 3.8, 13)]
    issue = issues_of(written(tmp_path, FIVE.replace("49,0,0,615", "-49,0,0,615"), "e.csv"), outcome="1.1")[0]
    assert (issue.row, issue.column, issue.value) == (4, "Events 1", "-49")


WEB = """\
Analysis group,Analysis number,Analysis name,Subgroup,Applicability,Study,Study year,GIV Mean,GIV SE,\
Experimental cases,Experimental N,Control cases,Control N,Experimental mean,Experimental SD,Control mean,Control SD,\
O-E,Variance,CI start,CI end,Weight,Footnotes
1,1,Death,,,MRC-1,1974,,,49,615,67,624,,,,,,,,,,
1,1,Death,,,CDP,1976,,,44,758,64,771,,,,,,,,,,
1,2,Survival,,,MRC-1,1974,-0.22,0.2,,,,,,,,,,,0.5,1.2,,
"""


def test_the_data_rows_of_revman_web(tmp_path: Path) -> None:
    path = written(tmp_path, WEB, "CD000000-data-rows.csv")
    network = read_table(path, reference="Control", measure="OR", outcome="1.1")
    assert counts(network)[0] == ("MRC-1", [("Control", 67, 624), ("Experimental", 49, 615)])
    assert [issue.rule for issue in network.issues] == ["groups-unnamed"]
    effect = read_table(path, reference="Control", measure="HR", outcome="Survival").studies[0].contrasts
    assert effect is not None
    assert (effect.estimate[0], effect.covariance[0, 0]) == pytest.approx((-0.22, 0.04))
    settings = "Analysis group,Analysis number,Analysis name,Data type,Effect measure\n1,1,Death,Dichotomous,OR\n"
    assert "-data-rows.csv" in issues_of(written(tmp_path, settings, "s.csv"))[0].remedy


RESULTS = """\
Study,Outcome,Data type,Effect measure,Arm,Reference arm,Sample size,Cases,Mean,SD,SE,Variance,CI level,CI start,\
CI end,P value,Footnotes
Kim 2017,Pain,Continuous,,Exercise,,20,,24.1,10.2,,,,,,,
Kim 2017,Pain,Continuous,,Control,,21,,30.5,,,,95%,26,35,,
Lee 2018,Pain,Continuous,MD,Exercise,Control,,,-5,,1.5,,,,,,
Kim 2017,Falls,Dichotomous,,Exercise,,20,3,,,,,,,,,
Kim 2017,Falls,Dichotomous,,Control,,21,5,,,,,,,,,
"""


def test_the_study_results_that_covidence_writes_for_revman_web(tmp_path: Path) -> None:
    path = written(tmp_path, RESULTS, "study-results.csv")
    assert issues_of(path)[0].rule == "several-outcomes"
    network = read_table(path, reference="Control", measure="MD", outcome="pain")
    assert [(study.id, study.level) for study in network.studies] == [("Kim 2017", "arm"), ("Lee 2018", "contrast")]
    assert network.studies[0].arms[0].sd == pytest.approx(9.8862, abs=1e-3)
    falls = read_table(path, reference="Control", measure="OR", outcome="Falls")
    assert counts(falls) == [("Kim 2017", [("Control", 5, 21), ("Exercise", 3, 20)])]
    other = written(tmp_path, RESULTS.replace("95%", "90"), "other.csv")
    found = {issue.rule: issue for issue in issues_of(other, outcome="Pain", measure="MD")}
    assert (found["ci-level"].row, found["ci-level"].column) == (3, "CI level")
    assert issues_of(path, outcome="Death")[0].rule == "outcome-unknown"


FORM = """\
Covidence #,Study ID,Title,Reviewer Name,Country,Arm 1,N 1,Mean 1,SD 1,Arm 2,N 2,Mean 2,SD 2
12,Kim 2017,About pain,First,KR,Exercise,20,99,10.2,Control,21,30.5,9.9
12,Kim 2017,About pain,Consensus,KR,Exercise,20,24.1,10.2,Control,21,30.5,9.9
13,Lee 2018,About pain,First,KR,Exercise,30,20.1,8,Control,31,22,9
"""


def test_the_sheet_of_a_covidence_form(tmp_path: Path) -> None:
    path = written(tmp_path, FORM, "form.csv")
    network = read_table(path, reference="Control", measure="MD")
    assert [(study.id, study.arms[1].mean) for study in network.studies] == [("Kim 2017", 24.1), ("Lee 2018", 20.1)]
    assert network.recognised["study"] == "Study ID"
    again = read_table(path, reference="Control", measure="MD", columns=network.recognised)
    assert again.recognised == network.recognised
    disputed = FORM.replace("Consensus", "Second")
    found = {issue.rule: issue for issue in issues_of(written(tmp_path, disputed, "two.csv"))}
    assert (found["no-consensus"].study, found["no-consensus"].row) == ("Kim 2017", 2)
    own = FORM.replace("Arm ", "Group name ").replace("Mean ", "Pain score ")
    missing = issues_of(written(tmp_path, own, "own.csv"))
    assert {issue.rule for issue in missing} >= {"column-missing"}
    assert any("--column" in issue.remedy for issue in missing)
    choice = {"treatment": "Group name 1", "mean": "Pain score 1"}
    assert len(read_table(tmp_path / "own.csv", reference="Control", measure="MD", columns=choice).studies) == 2
