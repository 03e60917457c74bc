"""Tables: what is printed is what the record holds, on the page and in the file."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from html.parser import HTMLParser

import pytest

from physiohub.report.format import Scale, ascii_text
from physiohub.report.outcome import labels, pair_index
from physiohub.report.tables import all_tables, league_table, reading_direction, relative_effects_table
from physiohub.report.tables.sensitivity import holding
from physiohub.report.tables.studies import source_link
from physiohub.report.tables.table import Cell, Column, Table, plain

CELL = re.compile(r"(-?[\d.]+) \((-?[\d.]+) to (-?[\d.]+)\)")


class Rows(HTMLParser):
    """The cells of a table as a browser would read them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


def rows_of(html: str) -> list[list[str]]:
    parser = Rows()
    parser.feed(html)
    return parser.rows


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("treatments", [2, 4, 9])
@pytest.mark.parametrize("measure", ["SMD", "OR"])
def test_the_league_table_on_the_page_is_the_record(make_outcome, treatments, measure):
    outcome = make_outcome(treatments, measure=measure)
    pairs, order = pair_index(outcome), list(labels(outcome))
    _, *rows = rows_of(league_table(outcome).to_html())
    back = math.exp if measure == "OR" else float
    for (i, t), (j, v) in itertools.product(enumerate(order), repeat=2):
        text = ascii_text(rows[i][j + 1])
        if t == v:
            assert text == labels(outcome)[t]
            continue
        row = pairs[t, v]
        found = CELL.fullmatch(text)
        assert found is not None, text
        for printed, exact in zip(found.groups(), (row["median"], row["q2.5"], row["q97.5"]), strict=True):
            assert float(printed) == pytest.approx(back(exact), abs=0.0051)


def test_both_triangles_follow_one_rule(make_outcome):
    outcome = make_outcome(4)
    texts = league_table(outcome).texts()
    scale = Scale.of(outcome)
    for row in outcome["relative_effects"]:
        i, j = (list(labels(outcome)).index(row[key]) for key in ("treatment", "versus"))
        assert texts[i][j + 1] == scale.effect(row, named=False)


@pytest.mark.parametrize(
    ("measure", "better", "words"),
    [
        ("SMD", "lower", "a negative value favours the row"),
        ("SMD", "higher", "a positive value favours the row"),
        ("OR", "lower", "a value below 1 favours the row"),
        ("OR", "higher", "a value above 1 favours the row"),
    ],
)
def test_the_reading_direction_is_on_the_table(make_outcome, measure, better, words):
    outcome = make_outcome(3, measure=measure, better=better)
    assert words in reading_direction(outcome)
    assert words in league_table(outcome).caption


def test_the_file_holds_every_ordered_pair_at_full_precision(make_outcome):
    outcome = make_outcome(5)
    rows = read(relative_effects_table(outcome).to_csv())
    assert len(rows) == 20
    names = labels(outcome)
    for printed, row in zip(rows, outcome["relative_effects"], strict=True):
        assert (printed["treatment"], printed["versus"]) == (names[row["treatment"]], names[row["versus"]])
        for key in ("mean", "sd", "median", "predictive_low", "predictive_high", "p_better", "p_beyond_mid"):
            assert float(printed[key]) == row[key]
        assert (float(printed["low"]), float(printed["high"])) == (row["q2.5"], row["q97.5"])
        assert printed["text"] == ascii_text(f"SMD {Scale.of(outcome).effect(row)}")


def test_ratios_stand_on_both_scales(make_outcome):
    table = relative_effects_table(make_outcome(3, measure="OR"))
    assert "OR (95% CrI)" in table.header
    assert "log OR (95% CrI)" in table.header


def test_a_common_effect_fit_has_no_prediction_interval_and_no_tau(make_outcome):
    outcome = make_outcome(3, effects="common", mid=False)
    tables = {table.id: table for table in all_tables(outcome)}
    assert not any("prediction" in name for name in tables["relative-effects"].header)
    first = tables["heterogeneity"].texts()[0]
    assert first[:2] == ("tau", "–")
    assert "common-effect" in first[2]


@pytest.mark.parametrize("kwargs", [{}, {"measure": "OR"}, {"effects": "common", "mid": False}, {"measure": "MD"}])
def test_every_table_is_whole(make_outcome, kwargs):
    outcome = make_outcome(4, **kwargs)
    tables = all_tables(outcome)
    assert len({table.id for table in tables}) == len(tables)
    for table in tables:
        assert all(len(row) == len(table.columns) for row in table.rows), table.id
        rows = list(csv.reader(io.StringIO(table.to_csv(), newline="")))
        assert len(rows) == len(table.rows) + 1
        assert len({len(row) for row in rows}) == 1
        assert len(set(rows[0])) == len(rows[0]), f"{table.id}: two columns of one name"
        assert "−" not in table.to_csv()
        assert table.to_csv().endswith("\r\n")
        printed = rows_of(table.to_html())
        assert [tuple(row) for row in printed[1:]] == table.texts()


HOSTILE = ["=1+1", "+cmd", "-x", "@SUM(A1)", "\t=1", '"><script>alert(1)</script>', "]]>", "a,b\r\nc", "'"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_neither_runs_nor_breaks_the_table(text):
    table = Table("t", text, (Column("a", text, "head"), Column("b", "b", "number")), ((plain(text), plain(-1.5)),))
    (header, row) = list(csv.reader(io.StringIO(table.to_csv(), newline="")))
    assert header == ["a", "b"]
    assert row[0].lstrip("'") == text.lstrip("'")
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert row[1] == "-1.5"
    html = str(table.to_html())
    assert "<script" not in html
    assert rows_of(html)[1][0] == text


def test_numbers_typed_as_text_stay_numbers():
    table = Table("t", "t", (Column("a", "a"),), ((plain("-4"),), (plain("+2.5"),)))
    assert [row["a"] for row in read(table.to_csv())] == ["-4", "+2.5"]


def test_only_web_addresses_become_links():
    columns = (Column("a", "a"),)
    bad = Table("t", "t", columns, ((Cell("x", "x", "javascript:alert(1)"),),)).to_html()
    good = Table("t", "t", columns, ((Cell("x", "x", 'https://x.org/"a'),),)).to_html()
    assert "href" not in bad
    assert 'href="https://x.org/&#34;a"' in good
    assert source_link({"doi": "doi:10.1/a<b"}) == "https://doi.org/10.1/a%3Cb"
    assert source_link({"doi": None}) is None


def test_conclusions_hold_when_the_interval_lies_the_same_way(make_outcome):
    outcome = make_outcome(2)
    main = pair_index(outcome)["t1", "t0"]
    away = {"treatment": "t1", "versus": "t0", "median": -1.0, "q2.5": -1.5, "q97.5": -0.5}
    assert holding(outcome, {"relative_effects": [main]}) == (1, 1)
    assert holding(outcome, {"relative_effects": [away]}) == (0, 1)
    both = [main, pair_index(outcome)["t0", "t1"]]
    assert holding(outcome, {"relative_effects": both}) == (1, 1), "one comparison, not two"
    merged = {**away, "treatment": "merged"}
    assert holding(outcome, {"relative_effects": [merged]}) == (0, 0)


def test_a_refit_on_another_measure_is_printed_on_its_own_scale(make_outcome):
    outcome = make_outcome(2)
    row = {"treatment": "t1", "versus": "t0", "median": -15.1, "sd": 10.8, "low": -36.8, "high": 6.6}
    tau = {"median": 10.6, "low": 5.5, "high": 21.3}
    refit = {"id": "points", "label": "Points", "kind": "review", "ok": True, "measure": "MD", "tau": tau}
    refit |= {"relative_effects": [row], "studies": 2, "reason": None}
    tables = {table.id: table for table in all_tables({**outcome, "sensitivity": [refit]})}
    texts = tables["sensitivity-effects"].texts()
    assert [text[2:4] for text in texts] == [("SMD", texts[0][3]), ("MD", "−15 (−37 to 7)")]
    assert tables["sensitivity"].texts()[1][3].endswith(" MD")


def test_addresses_inside_a_text_become_links():
    html = Table("t", "t", (Column("a", "a"),), ((plain('see (https://x.org/a?b=1&c), "javascript:x"'),),)).to_html()
    assert '(<a href="https://x.org/a?b=1&amp;c" rel="noreferrer">https://x.org/a?b=1&amp;c</a>)' in html
    assert html.count("<a ") == 1
