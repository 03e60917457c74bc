"""One table of arms or contrasts, written in every shape in which people keep it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pandas as pd
from openpyxl import Workbook

from physiohub.network.source import cell_text

Table = tuple[list[str], list[list[str]]]
"""Header and rows, as text."""


def text_table(frame: pd.DataFrame) -> Table:
    columns = [[cell_text(cell) for cell in frame.iloc[:, k]] for k in range(frame.shape[1])]
    return [str(name) for name in frame.columns], [list(row) for row in zip(*columns, strict=True)]


def write_text(path: Path, table: Table, separator: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator).writerows([table[0], *table[1]])
    return path


def write_decimal_commas(path: Path, table: Table) -> Path:
    """Semicolons between cells and decimal commas, as spreadsheets write CSV in much of Europe."""
    rows = [[cell.replace(".", ",") if is_number(cell) else cell for cell in row] for row in table[1]]
    return write_text(path, (table[0], rows), ";")


def write_workbook(path: Path, sheets: dict[str, Table]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, (header, rows) in sheets.items():
        sheet = book.create_sheet(name)
        for i, row in enumerate([header, *rows], start=1):
            for k, cell in enumerate(row, start=1):
                # openpyxl writes 16 digits, where spreadsheet programs write all
                if is_number(cell) and i > 1 and cell == cell_text(float(f"{float(cell):.16g}")):
                    sheet.cell(i, k, float(cell))
                elif cell:
                    text = sheet.cell(i, k, cell)
                    text.data_type = "s"
    book.save(path)
    return path


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return not any(letter.isalpha() for letter in cell.replace("e", "").replace("E", ""))


# -- wide -------------------------------------------------------------------------------------------------------------

SHORT = {"treatment": "t", "events": "r", "mean": "y", "exposure": "E"}


def studies_of(table: Table) -> list[list[dict[str, str]]]:
    """The rows of each study, in the order of the table."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in table[1]:
        cells = dict(zip(table[0], row, strict=True))
        found.setdefault(cells["study"], []).append(cells)
    return list(found.values())


def wide(table: Table, name_of: Callable[[str, int], str], *, count: str | None = None, blank: str = "") -> Table:
    """One row per study; `name_of` names the column of a role and an arm."""
    studies = studies_of(table)
    arms = range(1, max(len(rows) for rows in studies) + 1)
    roles = [name for name in table[0] if name != "study"]
    header = ["study", *(name_of(SHORT.get(role, role), k) for role in roles for k in arms)]
    lines = []
    for rows in studies:
        cells = [rows[k - 1][role] if k <= len(rows) else blank for role in roles for k in arms]
        lines.append([rows[0]["study"], *cells])
    if count is None:
        return header, lines
    return [*header, count], [[*line, str(len(rows))] for line, rows in zip(lines, studies, strict=True)]


def metainsight(role: str, arm: int) -> str:
    return f"{role}.{arm}"


def bugs(role: str, arm: int) -> str:
    return f"{role}[,{arm}]"


def capitals(role: str, arm: int) -> str:
    return f"{role.upper()}{arm}"


# -- RevMan -----------------------------------------------------------------------------------------------------------


def pairs_of(table: Table) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Every pair of arms of every study; a pair is a comparison of its own, so that studies stay in their order."""
    for rows in studies_of(table):
        yield from combinations(rows, 2)


def rm5(table: Table, outcome: str = "Outcome") -> str:
    """A review of RevMan 5 with one outcome in as many comparisons as there are pairs of arms."""
    kind = "DICH" if "events" in table[0] else "CONT"
    ids = {rows[0]["study"]: (f"STD-{i}", rows[0].get("year", "")) for i, rows in enumerate(studies_of(table))}
    studies = "\n".join(
        f'<STUDY DATA_SOURCE="PUB" ID="{id}" NAME={quoteattr(name)} YEAR="{year}"></STUDY>'
        for name, (id, year) in ids.items()
    )
    comparisons = "\n".join(
        f'<COMPARISON ID="CMP-{i:03d}" NO="{i}"><NAME>{escape(a["treatment"])} v {escape(b["treatment"])}</NAME>\n'
        f'<{kind}_OUTCOME CI_STUDY="95" EFFECT_MEASURE="OR" ID="CMP-{i:03d}.01" NO="1" SUBGROUPS="NO">\n'
        f"<NAME>{escape(outcome)}</NAME>\n"
        f"<GROUP_LABEL_1>{escape(a['treatment'])}</GROUP_LABEL_1>\n"
        f"<GROUP_LABEL_2>{escape(b['treatment'])}</GROUP_LABEL_2>\n"
        f'<{kind}_DATA {_numbers(a, b)} ESTIMABLE="YES" STUDY_ID="{ids[a["study"]][0]}"/>\n'
        f"</{kind}_OUTCOME></COMPARISON>"
        for i, (a, b) in enumerate(pairs_of(table), start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<COCHRANE_REVIEW REVMAN_VERSION="5">\n'
        f"<STUDIES><INCLUDED_STUDIES>\n{studies}\n</INCLUDED_STUDIES></STUDIES>\n"
        f'<ANALYSES_AND_DATA CALCULATED_DATA="NO">\n{comparisons}\n</ANALYSES_AND_DATA>\n</COCHRANE_REVIEW>\n'
    )


def _numbers(a: dict[str, str], b: dict[str, str]) -> str:
    names = {"events": "EVENTS", "total": "TOTAL", "mean": "MEAN", "sd": "SD", "n": "TOTAL"}
    cells = {f"{names[role]}_{k}": arm[role] for k, arm in enumerate((a, b), 1) for role in names if role in arm}
    return " ".join(f'{name}="{value}"' for name, value in cells.items())


REVMAN_COLUMNS = (
    "Comparison Number", "Outcome Number", "Subgroup Number", "Name", "Data Type", "Statistical Method",
    "Effect Measure", "Analysis Model", "Events 1", "Mean 1", "SD 1", "Total 1", "Events 2", "Mean 2", "SD 2",
    "Total 2", "Effect Estimate", "SE", "CI Start", "CI End", "Weight", "Group Label 1", "Group Label 2",
    "Year of study",
)  # fmt: skip


def revman_csv(table: Table, outcome: str = "Outcome") -> Table:
    """What RevMan 5 exports of the review of `rm5`."""
    kind = "DIC" if "events" in table[0] else "CON"
    lines: list[list[str]] = []

    def line(i: int, j: int, **cells: str) -> None:
        known = {"Comparison Number": str(i), "Outcome Number": str(j), "Subgroup Number": "0"} | cells
        lines.append([known.get(name, "") for name in REVMAN_COLUMNS])

    names = {"events": "Events", "total": "Total", "mean": "Mean", "sd": "SD", "n": "Total"}
    for i, (a, b) in enumerate(pairs_of(table), start=1):
        line(i, 0, Name=f"comparison {i}")
        labels = {"Group Label 1": a["treatment"], "Group Label 2": b["treatment"]}
        line(i, 1, Name=outcome, **{"Data Type": kind, "Effect Measure": "OR", **labels})
        cells = {f"{names[role]} {k}": arm[role] for k, arm in enumerate((a, b), 1) for role in names if role in arm}
        line(i, 1, Name=a["study"], **cells, **{"Year of study": a.get("year", "")})
    return list(REVMAN_COLUMNS), lines


def has_repeated_arms(table: Table) -> bool:
    return any(len({arm["treatment"] for arm in rows}) < len(rows) for rows in studies_of(table))


def every_shape(table: Table, folder: Path) -> dict[str, Path]:
    """Shape -> file, for all shapes that can hold the table."""
    header, rows = table
    found = {
        "csv": write_text(folder / "long.csv", table, ","),
        "tsv": write_text(folder / "long.tsv", table, "\t"),
        "tabs in csv": write_text(folder / "tabs.csv", table, "\t"),
        "semicolons": write_text(folder / "semicolons.csv", table, ";"),
        "decimal commas": write_decimal_commas(folder / "commas.csv", table),
        "xlsx": write_workbook(folder / "long.xlsx", {"Sheet1": table}),
    }
    if "versus" in header:
        found["sheet contrasts"] = write_workbook(folder / "sheets.xlsx", {"contrasts": table, "codebook": (["a"], [])})
        return found
    found |= {
        "sheet arms": write_workbook(folder / "sheets.xlsx", {"codebook": (["a"], [["b"]]), "arms": table}),
        "wide": write_text(folder / "wide.csv", wide(table, metainsight), ","),
        "wide bugs": write_text(folder / "bugs.tsv", wide(table, bugs, count="na[]", blank="NA"), "\t"),
        "wide xlsx": write_workbook(folder / "wide.xlsx", {"data": wide(table, metainsight, count="na")}),
    }
    if "category_1" not in header:  # CATEGORY_11 would be category 1 of arm 1, or category 11
        found["wide capitals"] = write_text(folder / "capitals.csv", wide(table, capitals), ",")
    counts, means = {"events", "total"} <= set(header), {"mean", "sd", "n"} <= set(header)
    whole = all(row[header.index(name)] for row in rows for name in ("mean", "sd", "n")) if means else True
    if (counts or (means and whole)) and not {"exposure", "time"} & set(header) and not has_repeated_arms(table):
        path = folder / "review.rm5"
        path.write_text(rm5(table), encoding="utf-8")
        found["rm5"] = path
        found["RevMan csv"] = write_text(folder / "revman.csv", revman_csv(table), ",")
    return found
