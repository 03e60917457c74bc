"""Counts of a small network that can be checked by eye."""

from __future__ import annotations

from physiohub.network.geometry import Geometry, geometry
from physiohub.network.network import build_network
from physiohub.network.study import Arm, Study


def small(*, n: float | None = 10) -> Geometry:
    """Two studies of a and b, one of a, b, c, and one of b with two arms on c."""
    studies = [
        Study(id="1", arms=(Arm(treatment="a", n=10), Arm(treatment="b", n=20))),
        Study(id="2", arms=(Arm(treatment="a", total=30), Arm(treatment="b", total=40))),
        Study(id="3", arms=(Arm(treatment="c", n=1), Arm(treatment="b", n=2), Arm(treatment="a", n=3))),
        Study(id="4", arms=(Arm(treatment="b", n=n), Arm(treatment="c", n=5), Arm(treatment="c", n=6))),
    ]
    return geometry(build_network(studies, reference="a"))


def test_counts() -> None:
    shape = small()
    assert (shape.studies, shape.arms, shape.participants, shape.connected) == (4, 10, 127.0, True)
    assert shape.multi_arm_studies == ("3", "4")
    assert [(t.treatment, t.studies, t.arms, t.participants) for t in shape.treatments] == [
        ("a", 3, 3, 43.0),
        ("b", 4, 4, 72.0),
        ("c", 2, 3, 12.0),
    ]


def test_comparisons_and_designs() -> None:
    shape = small()
    assert [(c.treatment, c.versus, c.studies, c.participants) for c in shape.comparisons] == [
        ("b", "a", ("1", "2", "3"), 105.0),
        ("c", "a", ("3",), 4.0),
        ("c", "b", ("3", "4"), 24.0),
    ]
    assert [(d.treatments, d.studies) for d in shape.designs] == [
        (("a", "b"), ("1", "2")),
        (("b", "c"), ("4",)),
        (("a", "b", "c"), ("3",)),
    ]
    assert list(shape.to_frame()["studies"]) == [3, 1, 2]


def test_an_unknown_number_of_participants_is_not_counted_as_none() -> None:
    shape = small(n=None)
    assert shape.participants is None
    assert [t.participants for t in shape.treatments] == [43.0, None, 12.0]
    assert shape.comparisons[0].participants == 105.0
