"""Wide arms: which tables are wide, how their arms are numbered, and where an issue stands."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from physiohub.errors import DataError, Issue
from physiohub.network.network import Network
from physiohub.network.source import Record, Source
from physiohub.network.wide import unfolded
from physiohub.prepare.tables import read_table


def written(folder: Path, text: str, name: str = "wide.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def issues_of(source: Path, **options) -> list[Issue]:
    try:
        return list(read_table(source, reference=None, **options).issues)
    except DataError as error:
        return list(error.issues)


def counts(network: Network) -> list[list[tuple[str, float | None, float | None]]]:
    return [[(arm.treatment, arm.events, arm.total) for arm in study.arms] for study in network.studies]


EXPECTED = [[("A", 3, 20), ("B", 5, 21)], [("A", 1, 9), ("C", 2, 8), ("B", 4, 10)]]
CELLS = "Kim,A,3,20,B,5,21,,,\nLee,A,1,9,C,2,8,B,4,10\n"


@pytest.mark.parametrize(
    "name",
    ["{}.{}", "{}{}", "{}_{}", "{} {}", "{}[{}]", "{}[,{}]", "{}[, {}]"],
)
@pytest.mark.parametrize("roles", ["t r n", "T R N", "trt events total", "Treat Responders sampleSize", "arm event n"])
def test_every_way_of_numbering(name: str, roles: str, tmp_path: Path) -> None:
    header = [f'"{name.format(role, k)}"' for k in (1, 2, 3) for role in roles.split()]
    path = written(tmp_path, ",".join(["study", *header]) + "\n" + CELLS)
    network = read_table(path, reference="A", measure="OR")
    found = [[(t, e, n) for t, e, n in study] for study in counts(network)]
    assert [sorted(study) for study in found] == [sorted(study) for study in EXPECTED]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("t.1,y.1,sd.1,n.1,t.2,y.2,sd.2,n.2", "sd"),
        ("T1,Mean1,SE1,N1,T2,Mean2,SE2,N2", "se"),
        ("t[,1],y[,1],se[,1],n[,1],t[,2],y[,2],se[,2],n[,2]", "se"),
    ],
)
def test_means(header: str, field: str, tmp_path: Path) -> None:
    text = f"study,{header}\nKim,A,1.5,0.5,20,B,2.5,0.6,21\n"
    arms = read_table(written(tmp_path, text), reference="A", measure="MD").studies[0].arms
    assert [(arm.mean, getattr(arm, field), arm.n) for arm in arms] == [(1.5, 0.5, 20), (2.5, 0.6, 21)]


def test_exposure_and_time_of_arms(tmp_path: Path) -> None:
    text = "study,t.1,r.1,E.1,time.1,t.2,r.2,E.2,time.2\nKim,A,3,120.5,2,B,5,118,2\n"
    arms = read_table(written(tmp_path, text), reference="A", measure="IRR").studies[0].arms
    assert [(arm.events, arm.exposure, arm.time) for arm in arms] == [(3, 120.5, 2), (5, 118, 2)]


def test_a_data_table_of_bugs_can_be_pasted(tmp_path: Path) -> None:
    text = "t[,1] t[,2] t[,3] r[,1] n[,1] r[,2] n[,2] r[,3] n[,3] na[]\n"
    text += "1  2 NA  9 140 23 140 NA NA 2\n1 3 2  11 78 12 85 29 170 3\nEND\n"
    network = read_table(written(tmp_path, text, "bugs.txt"), reference="1", measure="OR")
    assert [study.id for study in network.studies] == ["1", "2"]
    assert [(arm.treatment, arm.events, arm.total) for arm in network.studies[1].arms] == [
        ("1", 11, 78), ("2", 29, 170), ("3", 12, 85),
    ]  # fmt: skip
    note = next(issue for issue in network.issues if issue.rule == "studies-numbered")
    assert (note.severity, note.file) == ("note", "bugs.txt")
    assert "study" not in network.recognised


def test_a_column_that_looks_like_the_study_is_asked_for_instead_of_numbering(tmp_path: Path) -> None:
    text = "author,t.1,r.1,n.1,t.2,r.2,n.2\nKim,A,3,20,B,5,21\nLee,A,1,9,B,2,8\n"
    found = issues_of(written(tmp_path, text))
    assert ("column-missing", "study") in [(issue.rule, issue.column) for issue in found]
    assert not issues_of(tmp_path / "wide.csv", columns={"study": "author"})


def test_an_issue_names_the_row_and_the_column_of_the_arm(tmp_path: Path) -> None:
    text = "study,t.1,r.1,n.1,t.2,r.2,n.2\nKim,A,3,20,B,25,21\nLee,A,x,20,B,5,\nRoe,A,1,20,,5,21\n"
    found = {issue.rule: issue for issue in issues_of(written(tmp_path, text), measure="OR")}
    places = {rule: (i.study, i.row, i.column, i.value) for rule, i in found.items() if i.severity == "error"}
    assert places == {
        "events-above-total": ("Kim", 2, "r.2", "25"),
        "not-a-number": ("Lee", 3, "r.1", "x"),
        "total-missing": ("Lee", 3, "n.2", ""),
        "treatment-missing": ("Roe", 4, "t.2", ""),
    }


def test_the_stated_number_of_arms_is_checked(tmp_path: Path) -> None:
    text = "study,na,t.1,r.1,n.1,t.2,r.2,n.2\nKim,3,A,3,20,B,5,21\n"
    found = issues_of(written(tmp_path, text))
    assert [(issue.rule, issue.row, issue.column, issue.value) for issue in found] == [
        ("arms-miscounted", 2, "na", "3")
    ]


@pytest.mark.parametrize("choice", [{"treatment": "drug1", "events": "dead1", "total": "of1"},
                                    {"treatment": "drug", "events": "dead", "total": "of"}])  # fmt: skip
def test_columns_are_named_by_the_first_arm_or_without_the_number(choice: dict[str, str], tmp_path: Path) -> None:
    text = "study,drug1,dead1,of1,drug2,dead2,of2\nKim,A,3,20,B,5,21\n"
    network = read_table(written(tmp_path, text), reference="A", measure="OR", columns=choice)
    assert counts(network) == [[("A", 3, 20), ("B", 5, 21)]]
    assert network.recognised == {"study": "study", "treatment": "drug1", "events": "dead1", "total": "of1"}


def test_differences_from_the_first_arm(tmp_path: Path) -> None:
    text = "study,t[1],t[2],t[3],y[2],y[3],se[2],se[3],na[],V[]\n"
    text += "1,A,B,C,-0.5,-0.7,0.3,0.4,3,0.04\n2,A,B,NA,-0.2,NA,0.5,NA,2,NA\n"
    network = read_table(written(tmp_path, text), reference="A", measure="MD")
    three, two = (study.contrasts for study in network.studies)
    assert three is not None
    assert two is not None
    assert three.estimate.tolist() == [-0.5, -0.7]
    assert three.covariance.ravel() == pytest.approx([0.09, 0.04, 0.04, 0.16])
    assert two.covariance.ravel() == pytest.approx([0.25])
    again = read_table(tmp_path / "wide.csv", reference="A", measure="MD", columns=network.recognised)
    assert again.recognised == network.recognised


def test_covariates_of_the_study_and_of_its_arms() -> None:
    frame = pd.DataFrame(
        {"study": ["K"], "year": [2017], "t.1": ["A"], "r.1": [1], "n.1": [9], "age.1": [50], "t.2": ["B"], "r.2": [2],
         "n.2": [9], "age.2": [52]}
    )  # fmt: skip
    assert read_table(frame, reference="A").studies[0].covariates == {"year": 2017}


@pytest.mark.parametrize(
    "header",
    [
        "study,treatment,mean,n1,r1",
        "study,treat1,treat2,TE,seTE,n1,n2",
        "study,treat1,treat2,seTE",
        "study,t1,t2",
        "trt,t1,t2,n1,n2",
    ],
)
def test_what_is_not_wide_stays_as_it_is(header: str) -> None:
    source = Source("t.csv", tuple(header.split(",")), (Record(2, ("1",) * (header.count(",") + 1)),))
    assert unfolded(source) is source


def test_a_category_that_does_not_name_its_arm_is_refused(tmp_path: Path) -> None:
    text = "study,T1,category_11,N1,T2,category_12,N2\nKim,A,3,20,B,5,21\n"
    assert "category-without-arm" in [issue.rule for issue in issues_of(written(tmp_path, text))]
