"""Tables of measures, priors and instruments, from the registries of the package."""

from __future__ import annotations

from dataclasses import fields

from physiohub.measures.measure import MEASURES
from physiohub.model import priors
from physiohub.prepare.instruments import registry

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
    """The instruments that come with the package, with their important differences."""
    lines = ["| instrument | range | better | important differences | usual SD |", "| --- | --- | --- | --- | --- |"]
    for instrument in registry().values():
        found = "; ".join(f"{d.value:g} {d.kind} ({d.source})" for d in instrument.important_differences)
        usual = "none" if instrument.usual_sd is None else f"{instrument.usual_sd:g} ({instrument.usual_sd_source})"
        name = f"`{instrument.id}` {instrument.label}"
        lines.append(f"| {name} | {instrument.min:g} to {instrument.max:g} | {instrument.better} | {found} | {usual} |")
    return "\n".join(lines)
