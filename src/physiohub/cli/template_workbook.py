"""The tables of a new review as a workbook to fill in: drop-down lists, a note on every column, and how to fill it."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["EXAMPLE", "template_workbook"]

_LAST_ROW = 2000
"""Down to where cells are watched; a review has fewer rows."""

_NOTES = {
    "study": "Name of the trial, such as Kim 2017. The same in every row of the trial; no merged cells.",
    "treatment": "Id of the treatment in review.toml.",
    "versus": "Id of the treatment that is subtracted.",
    "arm": "What the trial calls this arm. Needed where two arms are on one treatment.",
    "outcome": "Id of the outcome in review.toml.",
    "weeks": "Time point in weeks from randomisation.",
    "n": "Participants analysed in this arm at this time; randomised only where nothing else is printed.",
    "mean": "Mean as printed, with all its decimals. A change is follow-up minus baseline.",
    "sd": "Standard deviation of the scores. Is it one? Many tables print standard errors: those go into se.",
    "se": "Standard error of the mean (in contrasts: of the difference).",
    "ci_low": "Lower end of the 95% confidence interval of the mean (in contrasts: of the difference).",
    "ci_high": "Upper end of the 95% confidence interval.",
    "median": "Median, where no mean is printed; with q1 and q3, or min and max, it becomes mean and SD.",
    "q1": "Lower quartile.",
    "q3": "Upper quartile.",
    "min": "Smallest score that was observed.",
    "max": "Largest score that was observed.",
    "events": "People with the event.",
    "percent": "Percentage with the event, where the number is not printed.",
    "total": "People counted, with and without the event.",
    "n_randomised": "People randomised to the arm.",
    "dropouts": "People randomised without an outcome.",
    "final_sd": "SD of the final scores, beside the mean of a change.",
    "t_value": "t of the difference between the groups.",
    "f_value": "F of the difference between two groups.",
    "baseline_mean": "Mean before treatment.",
    "baseline_sd": "SD before treatment.",
    "value_type": "final, change (follow-up minus baseline) or adjusted (final, adjusted for baseline).",
    "instrument": "Which instrument, by a name of the sheet lists; others are added in review.toml.",
    "scale_min": "Lowest possible score as the trial scored it.",
    "scale_max": "Highest possible score as the trial scored it: 10 or 100 for a VAS?",
    "notes": "Anything a reader has to know; stands on the page.",
    "source": "Citation, and the place in it, such as Table 2.",
    "measure": "MD, SMD, OR, RR, RD, HR or IRR.",
    "estimate": "treatment minus versus, on the scale that the column scale names.",
    "p": "p value, where neither SE nor interval is printed.",
    "scale": "analysis (logs for ratios) or printed.",
    "baseline_se": "In trials of three or more arms: standard error of the mean of the versus arm.",
    "n_treatment": "Participants analysed in the treatment arm.",
    "n_versus": "Participants analysed in the versus arm.",
    "year": "Year of publication.",
    "doi": "DOI without https://doi.org/.",
    "mean_age": "Mean age of the participants in years.",
    "percent_female": "Women among the participants in percent.",
    "bmi": "Mean body mass index.",
    "symptom_duration_months": "Mean or median duration of symptoms in months.",
    "follow_up_months": "Longest follow-up in months.",
    "rob_overall": "Overall risk of bias: low, some concerns or high.",
}
_WHOLE = frozenset({"n", "n_treatment", "n_versus"})
_POSITIVE = frozenset({"sd", "se", "baseline_sd", "baseline_se"})
_NOT_NEGATIVE = frozenset({"weeks", "bmi", "mean_age", "symptom_duration_months", "follow_up_months"})
_SHARES = {"p": 1, "percent_female": 100}
_FIXED = {
    "value_type": ("final", "change", "adjusted"),
    "scale": ("analysis", "printed"),
    "measure": ("MD", "SMD", "OR", "RR", "RD", "HR", "IRR"),
    "rob_overall": ("low", "some concerns", "high"),
}
_OPEN = ("treatment", "outcome", "instrument")  # lists that the review may extend
_LISTED = {"versus": "treatment"}

EXAMPLE: tuple[Mapping[str, str | float], ...] = (
    {
        "study": "Example 2020", "treatment": "exercise", "arm": "in groups", "outcome": "pain", "weeks": 12, "n": 40,
        "mean": 31.5, "sd": 20.1, "value_type": "final", "instrument": "VAS 0-100", "scale_min": 0, "scale_max": 100,
        "source": "Table 2",
    },
    {
        "study": "Example 2020", "treatment": "control", "arm": "usual care", "outcome": "pain", "weeks": 12, "n": 38,
        "mean": 40.2, "sd": 22.4, "value_type": "final", "instrument": "VAS 0-100", "scale_min": 0, "scale_max": 100,
        "source": "Table 2",
    },
)  # fmt: skip
"""Rows that show the form. They are no trial, so they stand in the sheet README and not among the data."""

_README = (
    ("How to fill in this workbook", True),
    ("review.toml, beside it, is the protocol: treatments and outcomes get their ids there.", False),
    ("arms: one row per arm, outcome and time point; every arm of a trial, also of those with three.", False),
    ("Of sd, se and ci_low with ci_high one is enough. An empty cell means: not reported. Nothing is made up.", False),
    ("contrasts: for trials that print only differences between arms.", False),
    ("studies: one row per trial with what was recorded of it; add columns as you like.", False),
    ("Rest the pointer on the name of a column for its meaning. Names of columns and of the three sheets stay.", False),
    ("Colours and formulas may be added; a formula counts by the result that is stored with it.", False),
    ("Drop-down lists come from the sheet lists: put your treatments and outcomes there, as in review.toml.", False),
    ("", False),
    ("An example of two rows of arms. It is no trial, so it stands here and not in the sheet arms.", True),
)


def template_workbook(protocol: str, headers: Mapping[str, Sequence[str]]) -> bytes:
    """The workbook of a new review.

    Parameters
    ----------
    protocol
        Text of its review.toml, whose treatments and outcomes are offered.
    headers
        Sheet -> names of its columns.

    Examples
    --------
    >>> text = '[[treatments]]' + chr(10) + 'id = "control"' + chr(10) + '[[outcomes]]' + chr(10) + 'id = "pain"'
    >>> template_workbook(text, {"arms": ["study", "treatment", "n"]})[:2]
    b'PK'
    """
    from openpyxl import Workbook

    book = Workbook()
    first: Any = book.active
    book.remove(first)
    ranges = _lists(tomllib.loads(protocol))
    for name, columns in headers.items():
        _table(book.create_sheet(name), columns, ranges)
    _readme(book.create_sheet("README"), headers.get("arms", ()))
    _list_sheet(book.create_sheet("lists"), ranges)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _lists(protocol: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What cells may hold, by column; the instruments by the names that tables give them."""
    from physiohub.prepare.instruments import registry

    names = (form.name for instrument in registry().values() for form in instrument.forms)
    return {
        "treatment": tuple(entry["id"] for entry in protocol.get("treatments", ())),
        "outcome": tuple(entry["id"] for entry in protocol.get("outcomes", ())),
        "instrument": tuple(dict.fromkeys(names)),
        **_FIXED,
    }


def _list_sheet(sheet: Worksheet, lists: Mapping[str, Sequence[str]]) -> None:
    from openpyxl.styles import Font

    for column, (name, values) in enumerate(lists.items(), start=1):
        sheet.cell(1, column, name).font = Font(bold=True)
        sheet.column_dimensions[_letter(column)].width = max(12, *(len(value) for value in values))
        for row, value in enumerate(values, start=2):
            sheet.cell(row, column, value)
    sheet.freeze_panes = "A2"


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(column)


def _table(sheet: Worksheet, columns: Sequence[str], lists: Mapping[str, Sequence[str]]) -> None:
    """A header with notes, and cells that are watched."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill

    for column, name in enumerate(columns, start=1):
        cell: Any = sheet.cell(1, column, name)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", start_color="DDEBF7", end_color="DDEBF7")
        if name in _NOTES:
            cell.comment = Comment(_NOTES[name], "PhysioHub", width=320, height=90)
        sheet.column_dimensions[_letter(column)].width = 26 if name in ("notes", "source", "doi") else 14
        _watch(sheet, column, name, lists)
    sheet.freeze_panes = "B2"


def _watch(sheet: Worksheet, column: int, name: str, lists: Mapping[str, Sequence[str]]) -> None:
    """The rule of a column: one of a list, a whole number, a number in bounds."""
    from openpyxl.worksheet.datavalidation import DataValidation

    listed = _LISTED.get(name, name)
    if listed in lists:
        place = _letter(list(lists).index(listed) + 1)
        last = _LAST_ROW if listed in _OPEN else len(lists[listed]) + 1
        rule = DataValidation("list", formula1=f"lists!${place}$2:${place}${last}", allow_blank=True)
        rule.error = f"{name} is one of the sheet lists."
        # a name that is new to the lists may be right; a kind of value that does not exist is not
        rule.errorStyle = "warning" if listed in _OPEN else "stop"
    elif name in _WHOLE:
        rule = DataValidation("whole", operator="greaterThan", formula1="0", allow_blank=True)
        rule.error = f"{name} is a whole number above 0."
    elif name in _POSITIVE:
        rule = DataValidation("decimal", operator="greaterThan", formula1="0", allow_blank=True)
        rule.error = f"{name} is a number above 0."
    elif name in _NOT_NEGATIVE:
        rule = DataValidation("decimal", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        rule.error = f"{name} is a number, 0 or above."
    elif name in _SHARES:
        rule = DataValidation(
            "decimal", operator="between", formula1="0", formula2=str(_SHARES[name]), allow_blank=True
        )
        rule.error = f"{name} lies between 0 and {_SHARES[name]}."
    else:
        return
    rule.showErrorMessage = True
    rule.add(f"{_letter(column)}2:{_letter(column)}{_LAST_ROW}")
    sheet.add_data_validation(rule)


def _readme(sheet: Worksheet, columns: Sequence[str]) -> None:
    from openpyxl.styles import Alignment, Font

    for row, (text, is_title) in enumerate(_README, start=1):
        cell: Any = sheet.cell(row, 1, text or None)
        cell.font = Font(bold=is_title, size=13 if row == 1 else 11)
        cell.alignment = Alignment(vertical="top")
    shown = [name for name in columns if any(name in row for row in EXAMPLE)]
    for column, name in enumerate(shown, start=1):
        sheet.cell(len(_README) + 1, column, name).font = Font(bold=True)
        for offset, row_of in enumerate(EXAMPLE, start=2):
            sheet.cell(len(_README) + offset, column, row_of.get(name))
    for column in range(1, len(shown) + 1):
        sheet.column_dimensions[_letter(column)].width = 16
