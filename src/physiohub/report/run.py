"""A whole analysis: from a review or a table to one folder with results, tables, figures and report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from physiohub import __version__
from physiohub.errors import Issue, UsageError
from physiohub.evidence.absolute_record import BaselineStatement
from physiohub.evidence.question import Better, Question, about_review, review_questions
from physiohub.evidence.record import OutcomeContext, outcome_record
from physiohub.evidence.review import Review, read_review
from physiohub.evidence.schema import validate_results
from physiohub.model.spec import ModelSpec
from physiohub.network.columns import ColumnChoice
from physiohub.network.display import facts_html
from physiohub.network.network import Network
from physiohub.prepare.arm_level import Repeated
from physiohub.prepare.tables import read_table
from physiohub.report.atomic import whole_folder
from physiohub.report.findings import findings
from physiohub.report.outcome import label_of
from physiohub.report.run_file import rerun_command, software, to_toml

if TYPE_CHECKING:
    from physiohub.report.figures import Drawn

__all__ = ["Analysis", "analyse"]

Progress = Callable[[str, str], None]
"""Told what is worked on (an outcome) and the step."""

TABLE_OUTCOME = "outcome"
"""Id of the one outcome of a bare table."""

_SHOWN = 8  # sentences of an outcome that a notebook shows


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What `analyse` found.

    Attributes
    ----------
    results
        The document `physiohub/results/1`.
    run
        What was read, asked and used: the content of run.toml.
    figures
        Outcome id -> its figures, rendered.
    issues
        Warnings and notes about the data.
    inputs
        Files and folders that were read from disk.
    scripts
        Outcome id -> file name -> the same analysis as code, and the data that it reads.
    """

    results: Mapping[str, Any]
    run: Mapping[str, Any]
    figures: Mapping[str, tuple[Drawn, ...]]
    issues: tuple[Issue, ...] = ()
    inputs: tuple[Path, ...] = ()
    scripts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        facts = {}
        for outcome in self.results["outcomes"].values():
            near, _ = findings(outcome)
            facts[label_of(outcome)] = " ".join(finding.sentence for finding in near[:_SHOWN])
        return facts_html(facts)

    def report_html(self, folder: str = "build") -> str:
        """The report as one page that needs nothing beside it.

        Parameters
        ----------
        folder
            Name of the output folder, for the command that repeats the run.
        """
        from physiohub.report.document import render_report

        made = {key: value for key, value in self._run_again(folder).items() if key != "inputs"}  # it has those
        return render_report(self.results, made, self.figures)

    def files(self, folder: str = "build") -> dict[str, str | bytes]:
        """Every file of the output folder, as relative path -> text, or bytes of a picture.

        Parameters
        ----------
        folder
            Its name, for the command in run.toml that repeats the run.
        """
        from physiohub.report.tables import all_tables

        validate_results(self.results)
        found: dict[str, str | bytes] = {
            "results.json": json.dumps(self.results, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
            "report.html": self.report_html(folder),
            "run.toml": to_toml(self._run_again(folder)),
        }
        for outcome_id, outcome in self.results["outcomes"].items():
            for table in all_tables(outcome):
                found[f"tables/{outcome_id}-{table.id}.csv"] = table.to_csv()
        for outcome_id, pictures in self.figures.items():
            for picture in pictures:
                name = f"figures/{outcome_id}-{picture.figure.id}"
                found[f"{name}.svg"] = picture.svg
                found[f"{name}.png"] = picture.png()
                found[f"{name}.vl.json"] = json.dumps(picture.figure.spec, indent=1, ensure_ascii=False) + "\n"
        for outcome_id, scripts in self.scripts.items():
            found |= {f"scripts/{outcome_id}/{name}": text for name, text in scripts.items()}
        return found

    def write(self, directory: str | Path) -> Path:
        """Write the folder, whole or not at all.

        Parameters
        ----------
        directory
            Made when it is missing; replaced when it is empty or holds a run.toml.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        UsageError
            When the folder holds something else, or the input; nothing is changed.
        OutputError
            When the system refuses to write.
        """
        target = Path(directory)
        files = self.files(target.resolve().name)
        with whole_folder(target, inputs=self.inputs) as folder:
            for name, content in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def _run_again(self, output: str) -> dict[str, Any]:
        """The content of run.toml, with the command that repeats the run where a command can."""
        source, options = self.run["source"], self.run["options"]
        if source["kind"] == "network":
            return dict(self.run)
        return {**self.run, "rerun": {"command": rerun_command(source["name"], output, options)}}


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the data came from, and what has to be said to read them again."""

    kind: Literal["review", "table", "network"]
    name: str = ""
    paths: tuple[Path, ...] = ()
    options: Mapping[str, str | list[str]] = field(default_factory=dict)
    recognised: Mapping[str, Any] = field(default_factory=dict)


def analyse(
    source: Review | Network | str | Path,
    spec: ModelSpec | None = None,
    *,
    better: Better | None = None,
    reference: str | None = None,
    columns: ColumnChoice | None = None,
    exclude: Mapping[str, str] | Sequence[str] = (),
    repeated: Repeated = "keep",
    outcome: str | None = None,
    baseline: BaselineStatement | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Run everything that a review asks for.

    Parameters
    ----------
    source
        A review or its folder; or a network, or a table.
    spec
        The model; needed for a network or a table. A review has its own.
    better
        Whether lower or higher values are good for the patient; needed for a network or a table.
    reference, columns, exclude, repeated, outcome
        Of a table that is still to be read: see `read_table`.
    baseline
        What happens under the reference, for absolute effects of a network or a table.
    progress
        Called with the outcome and the step before each.

    Raises
    ------
    DataError
        With every problem of the data.
    UsageError
        When the question is not complete, or is asked of a review, which has its own.
    ModelError
        When the question has no answer under this model.
    """
    tell = progress or _silent
    tell("", "reading")
    if isinstance(source, str | Path) and (Path(source).is_dir() or Path(source).name == "review.toml"):
        source = read_review(source if Path(source).is_dir() else Path(source).parent)
    if isinstance(source, Review):
        told = (spec, better, reference, outcome, baseline)
        if any(value is not None for value in told) or columns or exclude or repeated != "keep":
            raise UsageError("A review has its model, direction and columns in review.toml; state them there.")
        return _analyse_review(source, tell)
    if spec is None or better not in ("lower", "higher"):
        raise UsageError('A network or table needs a spec, and better="lower" or better="higher".')
    if isinstance(source, Network):
        if reference is not None or columns or exclude or outcome is not None or repeated != "keep":
            raise UsageError("A network has its reference, columns, exclusions and repeated arms settled already.")
        return _analyse_network(source, spec, better, _Source("network"), tell, baseline)
    path = Path(source)
    if reference is None:
        raise UsageError("A table needs a reference: the treatment that the others are compared with.")
    network = read_table(
        path, reference=reference, measure=spec.measure, columns=columns, exclude=exclude, repeated=repeated,
        outcome=outcome,
    )  # fmt: skip
    asked = {"--repeated-arms": None if repeated == "keep" else repeated, "--outcome": outcome}
    options = {name: value for name, value in asked.items() if value is not None}
    return _analyse_network(network, spec, better, _Source("table", path.name, (path,), options), tell, baseline)


def _silent(subject: str, step: str) -> None:
    """Tell nobody."""


def _analyse_network(
    network: Network,
    spec: ModelSpec,
    better: Better,
    source: _Source,
    tell: Progress,
    baseline: BaselineStatement | None,
) -> Analysis:
    question = Question(network, spec, better, OutcomeContext(id=TABLE_OUTCOME, baseline=baseline))
    top = {"inputs": _inputs(network.hashes), "review": None}
    options = {**_options(network, spec, better), **_baseline_options(baseline), **source.options}
    source = replace(source, options=options, recognised={"table": network.recognised})
    return _answered([question], top, source, network.issues, tell)


def _analyse_review(review: Review, tell: Progress) -> Analysis:
    tell("", "preparing")
    questions = review_questions(review)
    issues = [*review.issues, *(issue for question in questions for issue in question.network.issues)]
    top = {"inputs": _inputs(review.hashes), "review": about_review(review)}
    source = _Source("review", review.folder.resolve().name, (review.folder,), recognised=review.recognised)
    return _answered(questions, top, source, issues, tell)


def _answered(
    questions: Sequence[Question], top: Mapping[str, Any], source: _Source, issues: Sequence[Issue], tell: Progress
) -> Analysis:
    """Answer the questions one after the other, then draw."""
    from physiohub.report.figures import draw_all
    from physiohub.report.scripts.export import outcome_scripts

    outcomes: dict[str, Any] = {}
    for question in questions:
        tell(question.id, "computing")
        outcomes[question.id] = outcome_record(
            question.network, question.spec, better=question.better, context=question.context
        )
    document = {"schema": "physiohub/results/1", "software": {"name": "physiohub", "version": __version__}}
    results = {**document, **top, "outcomes": outcomes}
    validate_results(results)
    tell("", "drawing")
    drawn = draw_all(results)
    run = {
        "schema": "physiohub/run/1",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": software(),
        "source": {"kind": source.kind, "name": source.name},
        "inputs": top["inputs"],
        "options": source.options,
        "columns": source.recognised,
        "outcomes": {question.id: _asked(question, outcomes[question.id]) for question in questions},
    }
    scripts = {q.id: outcome_scripts(q.network, q.spec, q.better, outcomes[q.id]) for q in questions}
    return Analysis(results, run, drawn, tuple(dict.fromkeys(issues)), source.paths, scripts)


def _inputs(hashes: Mapping[str, str]) -> dict[str, Any]:
    """Hashes of what was read; several files have one together, of their list as `sha256sum` prints it."""
    files = dict(sorted(hashes.items()))
    if not files:
        return {"sha256": None, "files": {}, "sha256_reason": "the data came from memory, not from a file"}
    lines = "".join(f"{digest}  {name}\n" for name, digest in files.items())
    together = hashlib.sha256(lines.encode()).hexdigest()
    return {"sha256": next(iter(files.values())) if len(files) == 1 else together, "files": files}


def _options(network: Network, spec: ModelSpec, better: Better) -> dict[str, str | list[str]]:
    """The options of `physiohub analyse` that ask this question; what has its default is left out."""
    found: dict[str, str | list[str]] = {
        "--measure": spec.measure, "--reference": network.reference, "--better": better,
    }  # fmt: skip
    default = ModelSpec(measure=spec.measure)
    names = ("effects", "likelihood", "tau_prior", "effect_prior", "baseline_prior", "engine")
    for name in (*names, "cut_points", "draws", "level", "seed"):
        if (value := getattr(spec, name)) != getattr(default, name):
            found[f"--{name.replace('_', '-')}"] = str(value)
    if spec.zero_cells != default.zero_cells:
        found["--zero-cells"] = "none" if spec.zero_cells is None else f"{spec.zero_cells:.15g}"
    if network.exclusions:
        found["--exclude"] = [f"{excluded.study}={excluded.reason}" for excluded in network.exclusions]
    if network.recognised:
        found["--column"] = [f"{role}={column}" for role, column in network.recognised.items()]
    return found


def _baseline_options(baseline: BaselineStatement | None) -> dict[str, str | list[str]]:
    """The options that state a baseline."""
    if baseline is None:
        return {}
    found: dict[str, str | list[str]] = {"--baseline": baseline.text}
    found |= {} if baseline.time is None else {"--baseline-time": f"{baseline.time:.15g}"}
    return found | ({} if baseline.per == 1 else {"--per": f"{baseline.per:.15g}"})


def _asked(question: Question, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """One outcome in run.toml: the question, with its defaults spelt out."""
    spec = question.spec
    return {
        "measure": spec.measure,
        "reference": question.network.reference,
        "better": question.better,
        "effects": spec.effects,
        "likelihood": outcome["likelihood"],
        "engine": outcome["engine"]["name"],
        "level": spec.level,
        "seed": spec.seed,
        "priors": dict(outcome["priors"]),
    }
