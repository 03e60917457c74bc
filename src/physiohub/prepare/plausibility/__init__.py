"""What is possible, and what is likely, among the numbers of a review: an audit of rows before anything is fitted."""

from physiohub.prepare.plausibility.audit import FAMILIES, plausibility
from physiohub.prepare.plausibility.read import reported_arms, reported_contrasts
from physiohub.prepare.plausibility.reported import ReportedArm, ReportedContrast, Typed

__all__ = [
    "FAMILIES",
    "ReportedArm",
    "ReportedContrast",
    "Typed",
    "plausibility",
    "reported_arms",
    "reported_contrasts",
]
