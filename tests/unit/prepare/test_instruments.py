"""The registry of instruments: what it holds, and how names in tables find their way to it."""

import pytest
from pydantic import ValidationError

from physiohub.errors import DataError
from physiohub.prepare.instruments import Instrument, registry


def test_every_instrument_states_where_its_numbers_come_from():
    for instrument in registry().values():
        assert instrument.usual_sd is None or instrument.usual_sd_source
        assert {d.kind for d in instrument.important_differences} == {"within person", "between groups"}
        assert all(d.source for d in instrument.important_differences)


@pytest.mark.parametrize(
    ("id", "range", "within", "between", "usual_sd"),
    [("pain-0-100", (0, 100), 15, 15, 22.5), ("rmdq", (0, 24), 5, 2.4, 5.5), ("odi", (0, 100), 10, 10, 14)],
)
def test_values_of_the_registry(id, range, within, between, usual_sd):
    instrument = registry()[id]
    assert instrument.range == range
    assert instrument.better == "lower"
    assert [instrument.important(d.kind) for d in instrument.important_differences] == [
        *instrument.important_differences
    ]
    assert {d.kind: d.value for d in instrument.important_differences} == {
        "within person": within,
        "between groups": between,
    }
    assert instrument.usual_sd == usual_sd


@pytest.mark.parametrize(
    ("name", "instrument", "range"),
    [
        ("vas 0-10", "pain-0-100", (0, 10)),
        ("Modified Von Korff pain 0-100", "pain-0-100", (0, 100)),
        ("MODIFIED RMDQ 0-23", "rmdq", (0, 23)),
        ("Oswestry Disability Index", "odi", (0, 100)),
        ("VAS", "pain-0-100", None),
    ],
)
def test_names_find_instrument_and_range(name, instrument, range):
    found = registry().named(name, first=registry()["odi"])
    assert found is not None
    assert (found[0].id, found[1].range) == (instrument, range)


def test_an_unknown_name_is_nobody():
    assert registry().named("SF-36", first=registry()["odi"]) is None


def test_an_unknown_id_is_told_with_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'rmdq'"):
        registry().find("rmqd")


def test_a_review_adds_and_replaces():
    own = Instrument(id="quebec", label="Quebec", min=0, max=100, better="lower")
    other = Instrument(id="odi", label="ODI of 50", min=0, max=50, better="lower")
    extended = registry().extended([own, other])
    assert extended["quebec"] is own
    assert extended["odi"].max == 50
    assert len(extended) == len(registry()) + 1
    assert registry()["odi"].max == 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"min": 10},
        {"better": "smaller"},
        {"usual_sd": 5.0},
        {"usual_sd": -1.0, "usual_sd_source": "x"},
        {"minimum": 0},
        {"forms": [{"name": "x", "min": 0}]},
        {"forms": [{"name": "x", "min": 5, "max": 5}]},
    ],
)
def test_what_an_instrument_cannot_be(wrong):
    with pytest.raises(ValidationError):
        Instrument.model_validate({"id": "x", "label": "X", "min": 0, "max": 10, "better": "lower", **wrong})
