"""Tables of measures, priors and instruments, from the registries of the package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from physiohub.measures.measure import MEASURES
from physiohub.model import priors
from physiohub.prepare.instruments import Instrument, registry

DATA = {"mean": "means", "events": "events and totals", "rate": "events and exposure", "category": "ordered categories"}


def measures_table() -> str:
    """Every measure: what it is, its analysis scale, the scale u of its default priors."""
    lines = ["| measure | what it is | analysis scale | from arms with | u |", "| --- | --- | --- | --- | --- |"]
    for measure in MEASURES.values():
        unit = "half the usual SD" if measure.unit is None else f"{measure.unit:g}"
        lines.append(f"| {measure.id} | {measure.label} | {measure.scale} | {DATA[measure.data]} | {unit} |")
    return "\n".join(lines)


def priors_table() -> str:
    """Every prior in its text form, with what it may be a prior of."""
    kinds = [k for k in vars(priors).values() if isinstance(k, type) and issubclass(k, priors.Prior) and k.name]
    lines = ["| text form | of | what it is |", "| --- | --- | --- |"]
    for kind in kinds:
        arguments = ", ".join(field.name for field in fields(kind))
        form = f"{kind.name}({arguments})" if arguments else kind.name
        summary = (kind.__doc__ or "").partition("\n")[0]
        lines.append(f"| `{form}` | {', '.join(kind.roles)} | {summary} |")
    return "\n".join(lines)


def important_differences() -> str:
    """The instruments that come with the package in numbers, and under the table where each number was read."""
    head = "| instrument | range | better | step | used for | within person | between groups | usual SD |"
    rows = (_numbers(instrument) for instrument in registry().values())
    sources = (line for instrument in registry().values() for line in _sources(instrument))
    return "\n".join([head, "| --- " * 8 + "|", *rows, "", "Where the numbers stand:", "", *sources])


def _numbers(instrument: Instrument) -> str:
    ends = f"{instrument.min:g} to {instrument.max:g}" if instrument.limits == "scale" else f"{instrument.unit}, open"
    step = "" if instrument.step is None else f"{instrument.step:.3g}"
    values = (instrument.number(number) for number in ("within person", "between groups", "usual SD"))
    cells = (f"`{instrument.id}` {instrument.label}", ends, instrument.better, step, ", ".join(instrument.regions))
    return f"| {' | '.join((*cells, *values))} |"


def _sources(instrument: Instrument) -> Iterator[str]:
    yield f"- `{instrument.id}`"
    yield f"  - range: {instrument.range_source}"
    for found in instrument.important_differences:
        whom = f" ({found.population})" if found.population else ""
        yield f"  - {found.value:g} {found.kind}{whom}: {found.source}"
    if instrument.usual_sd is not None:
        yield f"  - SD {instrument.usual_sd:g}: {instrument.usual_sd_source}"
    for note in instrument.notes:
        yield f"  - {note}"
