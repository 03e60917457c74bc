"""report.html as text: structure, wording, numbers, and nothing that could load or run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from physiohub.report.document import render_report
from physiohub.report.figures import draw_all
from physiohub.report.findings import findings
from physiohub.report.format import Scale
from physiohub.report.outcome import labels, main_pairs
from physiohub.report.sections import absent

RUN = {"seed": 1, "software": {"name": "physiohub", "numpy": "2.4"}, "command": "physiohub analyse x -o y"}
VOID = {"meta", "link", "br", "img", "input", "hr", "path", "rect", "line", "circle", "use"}


class Outline(HTMLParser):
    """What a checker of structure needs to see of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.headings: list[int] = []
        self.addresses: list[tuple[str, str, str]] = []
        self.tables: list[dict[str, int]] = []
        self.images: list[dict[str, str]] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.errors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.handlers += [name for name in given if name.startswith("on")]
        if "id" in given:
            self.ids.append(given["id"])
        for name in ("aria-labelledby", "aria-describedby"):
            self.references += given.get(name, "").split()
        if given.get("href", "").startswith("#"):
            self.references.append(given["href"][1:])
        self.addresses += [(tag, name, given[name]) for name in ("src", "href", "action", "data") if name in given]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append({"caption": 0, "th": 0, "scoped": 0})
        if tag in {"caption", "th"} and self.tables:
            self.tables[-1][tag] += 1
            self.tables[-1]["scoped"] += tag == "th" and given.get("scope") in {"row", "col"}
        if tag in {"svg", "img"}:
            self.images.append(given)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.stack or self.stack[-1] != tag:
            self.errors.append(f"</{tag}> closes {self.stack[-3:]}")
        else:
            self.stack.pop()


def page(results: dict[str, Any], figures: dict[str, Any] | None = None) -> str:
    return render_report(results, RUN, draw_all(results) if figures is None else figures)


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    return parser


def text_of(html: str) -> str:
    body = html.split("</style>")[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", " ", body, flags=re.S)))


@pytest.fixture(scope="module")
def results(make_results, make_outcome):
    second = make_outcome(3, effects="common", mid=False, measure="OR")
    return make_results(make_outcome(4), {**second, "id": "odi", "label": "Disability"})


@pytest.fixture(scope="module")
def html(results):
    return page(results)


def test_the_structure_is_sound(html):
    found = outline(html)
    assert not found.errors
    assert not found.stack
    assert len(found.ids) == len(set(found.ids))
    assert not set(found.references) - set(found.ids)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(found.headings, found.headings[1:], strict=False))
    for tag in ("header", "nav", "main", "footer"):
        assert found.tags.count(tag) == 1
    assert '<html lang="en">' in html
    for table in found.tables:
        assert table["caption"] == 1
        assert table["th"] == table["scoped"] > 0
    assert found.images
    for image in found.images:
        assert image["role"] == "img"
        assert len(image["aria-labelledby"].split()) == 2


def test_nothing_is_loaded_and_nothing_runs(html):
    found = outline(html)
    assert "script" not in found.tags
    assert not found.handlers
    assert not {"iframe", "object", "embed", "form", "img"} & set(found.tags)
    assert {tag for tag, _, value in found.addresses if value.startswith(("http:", "https:", "//"))} <= {"a"}
    assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", html)
    assert "default-src 'none'" in html


def test_the_kind_of_work_comes_first(html):
    text = text_of(html)
    assert text.index("not a systematic search") < text.index("What was found")
    assert "not a systematic search" in html.split("<nav")[0]


def test_every_outcome_is_summarised_in_its_own_numbers(results, html):
    text = text_of(html)
    for outcome in results["outcomes"].values():
        scale, names = Scale.of(outcome), labels(outcome)
        for row in (*main_pairs(outcome)[0], *main_pairs(outcome)[1]):
            pair = f"{names[row['treatment']]} versus {names[row['versus']]}:"
            assert f"{pair} {scale.measure} {scale.effect(row)}. Probability that {names[row['treatment']]}" in text


def test_the_words_follow_the_interval(make_outcome):
    outcome = make_outcome(9)
    for finding, row in zip(findings(outcome)[0], main_pairs(outcome)[0], strict=True):
        includes = row["q2.5"] <= 0 <= row["q97.5"]
        assert finding.sentence.endswith("the interval includes no difference.") == includes
        if not includes:
            favoured = "t0" if row["median"] > 0 else row["treatment"]
            assert finding.sentence.endswith(f"on the side that favours {labels(outcome)[favoured]}.")


def test_no_word_claims_more_than_the_numbers(html):
    assert not re.search(r"\bsignifican|\bsuperior|\binferior\b|no effect|ineffective|proves?\b", text_of(html), re.I)


def test_warnings_stand_before_the_numbers(make_results, make_outcome):
    outcome = make_outcome(3)
    verdict = {"ok": False, "reasons": ["the quadrature did not converge"]}
    outcome = {**outcome, "engine": {**outcome["engine"], "verdict": verdict}}
    text = text_of(page(make_results(outcome), {}))
    assert text.index("This fit may not be used: the quadrature did not converge") < text.index("What was found")
    assert "the fit may not be used; numerical error at most 2.3 × 10⁻¹¹" in text


def test_what_is_absent_is_named_as_absent(results, html):
    rows = dict(absent(results))
    assert rows["Search"] == "not done"
    assert rows["Registration"] == "not reported"
    assert rows["Risk of bias"] == "not assessed"
    assert rows["Certainty of the evidence"] == "not assessed"
    assert "Sensitivity analyses: not done" in page(
        {**results, "outcomes": {k: {**o, "sensitivity": []} for k, o in results["outcomes"].items()}}, {}
    )
    assert text_of(html).count("(default)") >= 2


def test_limitations_and_treatments_are_told(html):
    text = text_of(html)
    assert "Numbers were read in abstracts." in text
    assert "Exercise in any form" in text


def test_what_is_given_is_told(results):
    review = {**results["review"], "search": {"databases": ["PubMed", "PEDro"], "date": "2025-06-01"}}
    assert dict(absent({**results, "review": review}))["Search"] == "databases: PubMed, PEDro; date: 2025-06-01"


def test_a_figure_that_is_left_out_says_why(html):
    assert "Left out: Heterogeneity against its prior, because a common-effect model" in text_of(html)


def test_a_bare_table_says_that_it_is_one(make_results, make_outcome):
    html = page(make_results(make_outcome(2), review=False), {})
    assert "How its studies were searched for" in html
    assert "<h1>Network meta-analysis: Pain intensity</h1>" in html


def test_the_run_can_be_repeated_from_the_page(html):
    text = text_of(html)
    assert "physiohub analyse x -o y" in text
    assert "ab" * 32 in text


HOSTILE = "</style><script>alert(1)</script>\"'>]]>&amp; <img src=x onerror=alert(1)>"


def test_hostile_text_stays_text(make_results, make_outcome):
    outcome = make_outcome(3, labels=["Control", HOSTILE, "B"])
    studies = [
        {**study, "id": HOSTILE, "source": HOSTILE, "doi": "javascript:alert(1)"} for study in outcome["studies"]
    ]
    told = {"study": HOSTILE, "choice": HOSTILE, "reason": HOSTILE, "arm": HOSTILE, "what": HOSTILE, "how": HOSTILE}
    outcome = {
        **outcome,
        "label": HOSTILE,
        "studies": studies,
        "choices": [told],
        "excluded": [told],
        "conversions": [{**told, "value": 1.0, "rows": [1]}],
        "notes": [HOSTILE],
        "warnings": [HOSTILE],
    }
    results = make_results(outcome)
    results["review"] = {**results["review"], "title": HOSTILE, "statement": HOSTILE, "question": {HOSTILE: HOSTILE}}
    found = outline(render_report(results, {HOSTILE: HOSTILE}, draw_all(results)))
    assert not found.errors
    assert not {"script", "img"} & set(found.tags)
    assert not found.handlers
    assert not any("javascript" in value for _, _, value in found.addresses)


def test_large_networks_fold_their_tables(make_results, make_outcome):
    html = page(make_results(make_outcome(20)), {})
    assert "League table</summary>" in html
    assert not outline(html).errors


def test_the_page_is_the_same_every_time(results):
    figures = draw_all(results)
    assert page(results, figures) == page(results, figures)
