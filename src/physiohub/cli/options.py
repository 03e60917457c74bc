"""The options that describe a table: the same ones for `analyse` and for `check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from physiohub.errors import ModelError, UsageError

if TYPE_CHECKING:
    from physiohub.evidence.absolute_record import BaselineStatement
    from physiohub.model.spec import ModelSpec
    from physiohub.prepare.arm_level import Repeated

_DATA = "The question (needed for a table; a review folder has it in review.toml)"
_MODEL = "The model (for a table; each has a default)"
_TABLE = "The table"

SourcePath = Annotated[
    Path, typer.Argument(metavar="PATH", exists=True, help="A review folder, or a table (CSV, TSV, XLSX, rm5).")
]
Measure = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="MD, SMD, ROM, OR, RR, RD, HR, IRR or PROBIT.", rich_help_panel=_DATA),
]
Reference = Annotated[
    str | None,
    typer.Option(metavar="TREATMENT", help="The treatment that all are compared with.", rich_help_panel=_DATA),
]
Better = Annotated[
    str | None,
    typer.Option(metavar="lower|higher", help="Which values are good for the patient.", rich_help_panel=_DATA),
]
Effects = Annotated[
    str | None,
    typer.Option(metavar="random|common", help="Heterogeneity, or none. Default: random.", rich_help_panel=_MODEL),
]
Likelihood = Annotated[
    str | None,
    typer.Option(metavar="auto|contrast|arm", help="Contrasts, or arms. Default: auto.", rich_help_panel=_MODEL),
]
TauPrior = Annotated[
    str | None,
    typer.Option(metavar="PRIOR", help='Of the heterogeneity SD, such as "half-normal(0.5)".', rich_help_panel=_MODEL),
]
EffectPrior = Annotated[
    str | None,
    typer.Option(metavar="PRIOR", help='Of the treatment effects, such as "normal(0, 100)".', rich_help_panel=_MODEL),
]
BaselinePrior = Annotated[
    str | None,
    typer.Option(metavar="PRIOR", help='Of the study baselines, such as "normal(0, 100)".', rich_help_panel=_MODEL),
]
CutPoints = Annotated[
    str | None,
    typer.Option(
        metavar="shared|free", help="Of ordered categories: one set, or one a study. Default: shared.",
        rich_help_panel=_MODEL,
    ),
]  # fmt: skip
Draws = Annotated[
    int | None,
    typer.Option(metavar="N", help="Draws of the collapsed engine, or of each NUTS chain.", rich_help_panel=_MODEL),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help='What happens under the reference, such as "events(62, 1000)", or "network": absolute effects and NNT.',
        rich_help_panel=_MODEL,
    ),
]
BaselineTime = Annotated[
    float | None,
    typer.Option(metavar="TIME", help="Follow-up time of the probabilities of a hazard ratio.", rich_help_panel=_MODEL),
]
Per = Annotated[
    float | None,
    typer.Option(metavar="N", help="Units of exposure that absolute rates are counted in.", rich_help_panel=_MODEL),
]
Engine = Annotated[
    str | None,
    typer.Option(
        metavar="auto|exact|collapsed|nuts",
        help="How the posterior is computed. Default: auto.",
        rich_help_panel=_MODEL,
    ),
]
Level = Annotated[
    float | None,
    typer.Option(
        metavar="P", help="Probability of the intervals, above 0.5 and below 1. Default: 0.95.", rich_help_panel=_MODEL
    ),
]
ZeroCells = Annotated[
    str | None,
    typer.Option(
        metavar="VALUE|none",
        help="Added to each cell of a study with a zero cell, in contrasts of counts. Default: 0.5.",
        rich_help_panel=_MODEL,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="STUDY[=REASON]", help="Set a study aside; may be repeated. Reported.", rich_help_panel=_TABLE
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ROLE=NAME",
        help='Name a column, such as "sd=SD post"; may be repeated.',
        rich_help_panel=_TABLE,
    ),
]
Outcome = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Which outcome to read, of a table that holds several; in a RevMan file also its number, such as 1.2.",
        rich_help_panel=_TABLE,
    ),
]
RepeatedArms = Annotated[
    str | None,
    typer.Option(
        metavar="keep|merge|refuse",
        help="What becomes of two arms of a study on one treatment. Default: keep.",
        rich_help_panel=_TABLE,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Of the draws behind rank intervals. Default: 1.", rich_help_panel=_MODEL),
]
Annotate = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.xlsx",
        help="Also write a copy of the tables as a workbook, with colours and comments at the cells of the problems.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but problems.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """What the user typed about a table; None where an option was left out."""

    measure: str | None = None
    reference: str | None = None
    better: str | None = None
    effects: str | None = None
    likelihood: str | None = None
    tau_prior: str | None = None
    effect_prior: str | None = None
    baseline_prior: str | None = None
    engine: str | None = None
    cut_points: str | None = None
    draws: int | None = None
    baseline: str | None = None
    baseline_time: float | None = None
    per: float | None = None
    level: float | None = None
    zero_cells: str | None = None
    exclude: Sequence[str] | None = None
    column: Sequence[str] | None = None
    repeated_arms: str | None = None
    outcome: str | None = None
    seed: int | None = None

    def given(self) -> dict[str, Any]:
        """Options that were typed, as `--name` -> value.

        Examples
        --------
        >>> TableOptions(measure="MD", tau_prior="uniform(0, 5)").given()
        {'--measure': 'MD', '--tau-prior': 'uniform(0, 5)'}
        """
        values = {f"--{f.name.replace('_', '-')}": getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value != []}

    def refuse_for_review(self, source: Path) -> None:
        """Raise `UsageError` when an option would overrule the protocol of a review."""
        if given := self.given():
            raise UsageError(
                f"{source} is a review folder: {', '.join(given)} is for tables. "
                f"The protocol of a review stands in its review.toml, where readers find it; change it there."
            )

    def require(self) -> None:
        """Raise `UsageError` when an analysis of a table has no question."""
        missing = [name for name in ("--measure", "--reference", "--better") if name not in self.given()]
        if missing:
            raise UsageError(
                f"A table needs {', '.join(missing)}: which effect measure, which treatment the others are compared "
                f"with, and whether lower or higher values are better for the patient. None has a default."
            )
        self.spec()
        self.repeated()

    def stated_baseline(self) -> BaselineStatement | None:
        """The baseline that absolute effects start from, from `--baseline`, `--baseline-time` and `--per`."""
        from physiohub.evidence.absolute_record import BaselineStatement

        if self.baseline is None:
            if self.baseline_time is not None or self.per is not None:
                raise UsageError("--baseline-time and --per say something of a --baseline, which is missing.")
            return None
        per = 1.0 if self.per is None else self.per
        return BaselineStatement(text=self.baseline, time=self.baseline_time, per=per)

    def repeated(self) -> Repeated:
        """What becomes of two arms on one treatment, from `--repeated-arms`.

        Examples
        --------
        >>> TableOptions().repeated(), TableOptions(repeated_arms="merge").repeated()
        ('keep', 'merge')
        """
        match self.repeated_arms:
            case None | "keep":
                return "keep"
            case "merge":
                return "merge"
            case "refuse":
                return "refuse"
        raise UsageError(f"--repeated-arms must be keep, merge or refuse, not {self.repeated_arms!r}.")

    def spec(self) -> ModelSpec:
        """The model that the options ask for.

        Raises
        ------
        UsageError
            When a word, number or prior is none that exists, also where `measure` was left out (as `check` may).
        """
        from physiohub.measures.measure import MEASURES
        from physiohub.model.priors import parse_prior
        from physiohub.model.spec import ModelSpec

        if self.better not in (None, "lower", "higher"):
            raise UsageError(f"--better must be lower or higher, not {self.better!r}.")
        names = (
            "effects", "likelihood", "tau_prior", "effect_prior", "baseline_prior", "engine", "cut_points", "draws",
            "level", "seed",
        )  # fmt: skip
        model = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.zero_cells is not None:
            model["zero_cells"] = _zero_cells(self.zero_cells)
        spec = ModelSpec(measure="MD" if self.measure is None else self.measure, **model)
        try:
            for role, prior in (("tau", self.tau_prior), ("d", self.effect_prior), ("mu", self.baseline_prior)):
                if prior is not None:
                    parse_prior(prior, role)  # type: ignore[arg-type]
        except ModelError as error:
            raise UsageError(str(error)) from error
        counted = MEASURES[spec.measure].data in ("events", "rate")
        if self.zero_cells is not None and self.measure is not None and not counted:
            raise UsageError(f"--zero-cells is about counts of events; {spec.measure} has none.")
        return spec

    def columns(self) -> dict[str, str | list[str]]:
        """Role -> column, from `--column`; only `category` has several, in the order typed.

        Examples
        --------
        >>> TableOptions(column=["sd=SD post", "category=none", "category=some"]).columns()
        {'sd': 'SD post', 'category': ['none', 'some']}
        """
        found: dict[str, str | list[str]] = {}
        for text in self.column or ():
            role, _, name = (part.strip() for part in text.partition("="))
            if not role or not name:
                raise UsageError(f'--column takes role=name, such as --column "sd=SD post", not {text!r}.')
            if role == "category":
                found[role] = [*found.get(role, ()), name]
            elif role in found:
                raise UsageError(f"--column names the role {role} twice.")
            else:
                found[role] = name
        return found

    def exclusions(self) -> Mapping[str, str]:
        """Study -> reason, from `--exclude`.

        Examples
        --------
        >>> TableOptions(exclude=["Kim 2017=retracted", "Lee 2018"]).exclusions()
        {'Kim 2017': 'retracted', 'Lee 2018': 'set aside on request'}
        """
        found: dict[str, str] = {}
        for text in self.exclude or ():
            study, _, reason = text.partition("=")
            if not study.strip():
                raise UsageError(f"--exclude takes a study, or study=reason, not {text!r}.")
            found[study.strip()] = reason.strip() or "set aside on request"
        return found


def _zero_cells(text: str) -> float | None:
    """The value of `--zero-cells`; None for `none`."""
    if text.strip().lower() == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--zero-cells takes a number such as 0.5, or none, not {text!r}.") from None
