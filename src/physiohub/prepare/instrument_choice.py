"""Which of several instruments of a study a stated order of preference names first."""

from __future__ import annotations

from collections.abc import Sequence

from physiohub.prepare.instruments import Registry

__all__ = ["preferred_instruments"]


def preferred_instruments(names: Sequence[str], order: Sequence[str], registry: Registry | None) -> tuple[str, ...]:
    """The names that the first entry of the order stands for, of those that stand for any.

    Parameters
    ----------
    names
        As the tables call the instruments.
    order
        Names, or ids of the registry, the preferred first.

    Examples
    --------
    >>> from physiohub.prepare.instruments import registry
    >>> preferred_instruments(["NRS 0-10", "RDQ"], ["rmdq", "NRS 0-10"], registry())
    ('RDQ',)
    """
    for wanted in order:
        found = tuple(name for name in names if _is_called(name, wanted, registry))
        if found:
            return found
    return ()


def _is_called(name: str, wanted: str, registry: Registry | None) -> bool:
    """Whether a name of the tables is the instrument, or the form of one, that a protocol calls `wanted`."""
    if _letters(name) == _letters(wanted):
        return True
    if registry is None or wanted not in registry:
        return False
    return registry[wanted].form(name) is not None


def _letters(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
