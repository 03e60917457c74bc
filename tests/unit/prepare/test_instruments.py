"""The registry of instruments: what it holds, and how names in tables find their way to it."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from physiohub.errors import DataError
from physiohub.prepare.conversions import Scores, rescale
from physiohub.prepare.instrument import NO_SOURCE, name_key
from physiohub.prepare.instruments import Form, Instrument, Registry, registry

NUMBERS = ("usual SD", "within person", "between groups")
REGIONS = {
    "any", "head", "neck", "lumbar", "shoulder", "elbow", "wrist and hand", "hip", "knee", "ankle and foot",
}  # fmt: skip
EVERY = pytest.mark.parametrize("instrument", registry().values(), ids=list(registry()))


@EVERY
def test_every_number_has_a_source_or_is_named_as_lacking_one(instrument):
    assert instrument.range_source
    assert instrument.usual_sd is None or instrument.usual_sd_source
    for number in NUMBERS:
        assert (instrument.number(number) == NO_SOURCE) == (number in instrument.not_sourced)
        assert instrument.number(number) != "not recorded"


@EVERY
def test_every_source_says_where_in_it_the_number_stands(instrument):
    """A year, an identifier or an address, and a place: without both, nobody can look the number up."""
    sources = [instrument.range_source, *(d.source for d in instrument.important_differences)]
    if instrument.usual_sd_source and not instrument.usual_sd_source.startswith("Working value"):
        sources.append(instrument.usual_sd_source)
    for source in sources:
        assert re.search(r"\d{4}|doi|PMC|PMID|GitHub|\.\w{2,}|abstract|R package|QualityMetric|RehabMeasures", source)
        assert re.search(r"[,:]", source), source


@EVERY
def test_directions_regions_and_limits(instrument):
    assert instrument.regions
    assert set(instrument.regions) <= REGIONS
    assert instrument.limits == "scale" or instrument.step is None
    width = instrument.max - instrument.min
    for difference in instrument.important_differences:
        assert 0 < difference.value < width / 2
    if instrument.usual_sd is not None:
        assert instrument.usual_sd <= width / 2


@EVERY
def test_steps_divide_the_ranges(instrument):
    ranges = [(instrument.range, instrument.step), *((form.range, form.step) for form in instrument.forms)]
    for limits, step in ranges:
        if step is not None:
            steps = (limits[1] - limits[0]) / step
            # 100/68 is stored in double precision: its multiple is whole to about 1e-14
            assert abs(steps - round(steps)) < 1e-9


@EVERY
def test_the_step_follows_from_the_items(instrument):
    """Second route: a whole-number total has step 1, k items of m answers turned into 0 to 100 have 100/(k (m - 1))."""
    if instrument.step is None or instrument.step == 1:
        return
    answers = {"odi": 5, "ndi-0-100": 5, "haq-di": None, "prwe": None}.get(instrument.id, 4)
    if answers is None:  # means of categories, and halved sums: 3/24 and 1/2
        assert instrument.step == {"haq-di": 3 / 24, "prwe": 0.5}[instrument.id]
        return
    assert instrument.step * instrument.items * answers == pytest.approx(100, rel=1e-12)  # rounding of one division


def test_names_belong_to_one_instrument():
    owners: Counter[str] = Counter()
    for instrument in registry().values():
        names = (instrument.id, instrument.label, *(form.name for form in instrument.forms))
        owners.update({name_key(name) for name in names})
    assert [name for name, count in owners.items() if count > 1] == []
    assert set(registry()["pain-0-100"].collects) <= set(registry())


@EVERY
def test_round_trip(instrument):
    assert Instrument.model_validate(instrument.model_dump(mode="json")) == instrument
    assert Instrument.model_validate_json(instrument.model_dump_json(exclude_none=True)) == instrument


def test_no_wording_of_items():
    """Entries describe scores; a question mark or a first person would be a questionnaire's own sentence."""
    for instrument in registry().values():
        texts = [instrument.label, *instrument.notes, instrument.range_source or "", instrument.usual_sd_source or ""]
        texts += [d.source for d in instrument.important_differences]
        assert not [text for text in texts if "?" in text or re.search(r"\b(I|my|your)\b", text)]


@pytest.mark.parametrize(
    ("id", "range", "within", "between", "usual_sd"),
    [
        ("pain-0-100", (0, 100), 15, 15, 22.5),
        ("rmdq", (0, 24), 5, 2.4, 5.5),
        ("odi", (0, 100), 10, 10, 14),
        ("pain-nrs", (0, 10), 2, 1.5, 2.1),
        ("quebec", (0, 100), 20, 10, None),
        ("oxford-hip", (0, 48), 8, 5, 9.8),
        ("hit-6", (36, 78), 6, 1.5, 6.8),
        ("dash", (0, 100), 10.83, None, None),
        ("tug", (0, 180), None, None, None),
    ],
)
def test_values_of_the_registry(id, range, within, between, usual_sd):
    instrument = registry()[id]
    found = [instrument.important(kind) for kind in ("within person", "between groups")]
    assert instrument.range == range
    assert [None if d is None else d.value for d in found] == [within, between]
    assert instrument.usual_sd == usual_sd


@pytest.mark.parametrize(
    ("better", "ids"),
    [
        (
            "lower",
            ["pain-vas", "rmdq", "odi", "ndi-0-100", "dash", "spadi", "womac-pain-0-100", "tsk-17", "tug", "basfi"],
        ),
        ("higher", ["koos-pain", "hoos-adl", "oxford-knee", "constant-murley", "lefs", "6mwt", "sf-36-pcs", "eq-vas"]),
    ],
)
def test_directions(better, ids):
    assert {registry()[id].better for id in ids} == {better}


@pytest.mark.parametrize(
    ("name", "instrument", "range"),
    [
        ("vas 0-10", "pain-0-100", (0, 10)),
        ("Modified Von Korff pain 0-100", "pain-0-100", (0, 100)),
        ("MODIFIED RMDQ 0-23", "rmdq", (0, 23)),
        ("Oswestry Disability Index", "odi", (0, 100)),
        ("VAS", "pain-0-100", None),
        ("WOMAC function 0-68", "womac-function-0-100", (0, 68)),
        ("WOMAC function 0-100", "womac-function-0-100", (0, 100)),
        ("WOMAC function", "womac-function-0-100", None),
        ("NDI", "ndi-0-100", None),
        ("NDI 0-100", "ndi-0-100", (0, 100)),
        ("tsk-13", "tsk-13", (13, 52)),
    ],
)
def test_names_find_instrument_and_range(name, instrument, range):
    found = registry().named(name, first=registry()["odi"])
    assert found is not None
    assert (found[0].id, found[1].range) == (instrument, range)


@pytest.mark.parametrize(
    ("outcome", "name", "instrument"),
    [
        ("pain-0-100", "VAS 0-10", "pain-0-100"),
        ("pain-0-100", "NPRS 0-10", "pain-0-100"),
        ("pain-vas", "VAS 0-10", "pain-vas"),
        ("pain-vas", "NRS 0-10", "pain-0-100"),
        ("pain-nrs", "NRS 0-10", "pain-nrs"),
    ],
)
def test_an_outcome_collects_pain_scales_or_keeps_them_apart(outcome, name, instrument):
    found = registry().named(name, first=registry()[outcome])
    assert found is not None
    assert found[0].id == instrument


def test_a_collected_instrument_that_is_not_there_is_passed_over():
    alone = Registry((registry()["pain-0-100"],))
    assert alone.named("VAS 0-10", first=alone["pain-0-100"]) is None
    assert alone.named("Pain Rating Scale 0-6", first=alone["pain-0-100"]) is not None


@pytest.mark.parametrize("name", ["SF-36", "PCS", "TSK", "WOMAC", "KOOS", "FABQ", "HADS", "OKS", "WORC", "MIDAS"])
def test_a_name_that_means_several_scores_is_nobody(name):
    assert registry().named(name, first=registry()["odi"]) is None


@pytest.mark.parametrize(
    ("id", "name", "printed", "step"),
    [
        ("rmdq", "RMDQ", None, 1),
        ("rmdq", "RMDQ-18", None, 1),
        ("odi", "ODI", None, 2),
        ("odi", "ODI 0-50", None, 1),
        ("odi", "ODI", (0, 10), None),
        ("ndi-0-100", "NDI", None, None),
        ("ndi-0-100", "NDI", (0, 100), 2),
        ("pain-vas", "VAS 0-100", None, None),
        ("pain-nrs", "NRS 0-10", None, 1),
        ("pain-nrs", "NRS 0-100", None, None),
        ("koos-qol", "KOOS QOL", None, 6.25),
        ("womac-pain-0-100", "WOMAC pain 0-100", None, None),
        ("womac-pain-0-100", "WOMAC pain Likert", None, 1),
    ],
)
def test_the_step_as_printed(id, name, printed, step):
    instrument = registry()[id]
    form = instrument.form(name)
    assert form is not None
    assert instrument.step_on(form, printed) == step


def test_an_unknown_id_is_told_with_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'rmdq'"):
        registry().find("rmqd")
    with pytest.raises(DataError, match="Did you mean 'quickdash' or 'dash'"):
        registry().find("Quick-DASH")
    with pytest.raises(DataError, match="Known: pain-0-100, pain-vas, "):
        registry().find("zzz")


def test_a_label_leads_to_the_id():
    assert registry().near("Neck Disability Index")[0] == "ndi-0-100"
    assert registry().near("timed up & go") == ("tug",)


def test_a_review_adds_and_replaces():
    own = Instrument(id="kujala", label="Kujala", min=0, max=100, better="higher", step=1, regions=("knee",))
    other = Instrument(id="odi", label="ODI of 50", min=0, max=50, better="lower")
    extended = registry().extended([own, other])
    assert extended["kujala"] is own
    assert extended["odi"].max == 50
    assert len(extended) == len(registry()) + 1
    assert registry()["odi"].max == 100
    assert own.number("usual SD") == "not recorded"


def test_the_registry_is_read_once():
    assert registry() is registry()


@pytest.mark.parametrize(
    "wrong",
    [
        {"min": 10},
        {"better": "smaller"},
        {"usual_sd": 5.0},
        {"usual_sd": -1.0, "usual_sd_source": "x"},
        {"usual_sd": 5.1, "usual_sd_source": "x"},
        {"minimum": 0},
        {"forms": [{"name": "x", "min": 0}]},
        {"forms": [{"name": "x", "min": 5, "max": 5}]},
        {"forms": [{"name": "x", "min": 0, "max": 5, "step": 2}]},
        {"forms": [{"name": "x", "step": 1}]},
        {"step": 3},
        {"step": 11},
        {"step": 0},
        {"items": 0},
        {"limits": "closed"},
        {"important_differences": [{"value": 10, "kind": "within person", "source": "x"}]},
        {"important_differences": [{"value": 1, "kind": "within person", "source": ""}]},
        {"usual_sd": 2.0, "usual_sd_source": "x", "not_sourced": ["usual SD"]},
        {"range_source": "x", "not_sourced": ["range"]},
        {"not_sourced": ["everything"]},
    ],
)
def test_what_an_instrument_cannot_be(wrong):
    with pytest.raises(ValidationError):
        Instrument.model_validate({"id": "x", "label": "X", "min": 0, "max": 10, "better": "lower", **wrong})


@given(
    low=st.integers(-50, 50),
    items=st.integers(1, 40),
    answers=st.integers(1, 10),
    onto=st.sampled_from([(0.0, 100.0), (0.0, 1.0), (-10.0, 10.0)]),
    score=st.integers(0, 400),
)
def test_a_score_on_the_grid_stays_on_the_grid_when_it_is_moved(low, items, answers, onto, score):
    """Law: with a step that divides both ranges into the same number of parts, rescaling maps grid to grid."""
    parts = items * answers
    printed, step = (float(low), float(low + parts)), (onto[1] - onto[0]) / parts
    assert Form(name="x", min=low, max=low + parts, step=1).range == printed
    assert Instrument(id="x", label="X", min=onto[0], max=onto[1], better="lower", step=step).step == step
    moved, _ = rescale(Scores(mean=low + score % (parts + 1)), printed, onto)
    steps = (moved.mean - onto[0]) / step
    assert abs(steps - round(steps)) < 1e-6  # at most 400 parts: rounding of three operations is far below this
