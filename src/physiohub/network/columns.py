"""Which column of a table holds what: the names of PRODUCT.md, in any case, with or without ``_ . blank``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from physiohub.errors import Issue, UsageError

__all__ = [
    "ARM_ROLES", "CONTRAST_ROLES", "TEXT_ROLES", "ColumnChoice", "Recognition", "Shape", "plain", "recognise",
    "role_named",
]  # fmt: skip

Shape = Literal["arms", "contrasts", "relative"]
"""Arms; contrasts that name both treatments; effects relative to a study's baseline row (whose effect is blank)."""

ColumnChoice = Mapping[str, str | Sequence[str]]
"""Role -> column as the user says it; ``category`` takes several columns, in order."""

TEXT_ROLES = frozenset(
    (
        "study",
        "treatment",
        "versus",
        "arm",
        "outcome",
        "value_type",
        "instrument",
        "measure",
        "scale",
        "transformation",
        "notes",
        "source",
    )
)
ARM_ROLES = (
    "study", "treatment", "arm", "outcome", "weeks", "n", "mean", "sd", "se", "ci_low", "ci_high", "median", "q1", "q3",
    "min", "max", "baseline_mean", "baseline_sd", "final_sd", "value_type", "transformation", "instrument", "scale_min",
    "scale_max", "events", "percent", "total", "exposure", "time", "n_randomised", "dropouts", "notes", "source",
)  # fmt: skip
CONTRAST_ROLES = (
    "study", "treatment", "versus", "outcome", "weeks", "measure", "estimate", "se", "ci_low", "ci_high", "p",
    "t_value", "f_value", "scale", "sd", "baseline_se", "n_treatment", "n_versus", "value_type", "instrument", "notes",
    "source",
)  # fmt: skip
_RELATIVE_ROLES = (*ARM_ROLES, "estimate", "se_diff", "baseline_se", "measure", "scale")
_NETMETA_ROLES = (
    "study", "outcome", "weeks", "baseline_se", "n_treatment", "n_versus", "value_type", "notes", "source",
)  # fmt: skip

# other names that a role goes by; its own name always counts, and every name is compared after `plain`
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "study": ("studlab", "trial"),
    "treatment": ("trt",),
    "mean": ("y",),
    "se": ("std.err",),
    "q1": ("lower_quartile", "p25"),
    "q3": ("upper_quartile", "p75"),
    "min": ("minimum",),
    "max": ("maximum",),
    "events": ("event", "responders", "r"),
    "percent": ("percentage",),
    "exposure": ("E", "person_years"),
    "time": ("followup",),
    "n_randomised": ("n_randomized", "randomised", "randomized"),
    "dropouts": ("dropout",),
    "estimate": ("diff", "TE"),
    "se_diff": ("seTE",),
    "t_value": ("t_statistic", "t_stat"),
    "f_value": ("f_statistic", "f_stat"),
}
_TREATMENT_NAMES = (("treatment", "trt"), ("arm",), ("t",))
_EXTRA_ROLES = ("treat1", "treat2", "se_diff")
_CATEGORY = re.compile(r"category(\d+)")
_COUNTS = ("events", "percent", "exposure")
# letters that are statistics in a table of contrasts only: elsewhere t is a treatment
_LETTERS = {"t_value": ("t",), "f_value": ("f",)}
_MEANS = ("mean", "median", "q1", "q3")


def plain(name: str) -> str:
    """A name without what its spelling may vary in."""
    return re.sub(r"[_.\s]", "", name).casefold()


_ROLE_OF_NAME = {plain(role): role for role in (*ARM_ROLES, *CONTRAST_ROLES, *_EXTRA_ROLES)}
_ROLE_OF_ANY_NAME = {plain(name): role for role, names in _SYNONYMS.items() for name in names} | _ROLE_OF_NAME


def role_named(name: str) -> str | None:
    """The role that a name stands for by itself, in any spelling; None when it is none of the recognised names.

    Examples
    --------
    >>> role_named("Std.Err"), role_named("category_2"), role_named("latitude")
    ('se', 'category', None)
    """
    return "category" if _CATEGORY.fullmatch(plain(name)) else _ROLE_OF_ANY_NAME.get(plain(name))


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a header was taken for.

    Attributes
    ----------
    position
        Role -> place of its column; for treat1, treat2 tables the roles are treatment and versus.
    categories
        Places of the ordered categories.
    recognised
        Role -> column, in the words in which it can be given back as `columns`.
    """

    shape: Shape
    position: Mapping[str, int]
    categories: tuple[int, ...]
    recognised: Mapping[str, str]
    issues: tuple[Issue, ...]

    @property
    def used(self) -> frozenset[int]:
        """Places of all columns with a role."""
        return frozenset((*self.position.values(), *self.categories))


def recognise(
    columns: Sequence[str],
    chosen: ColumnChoice | None = None,
    *,
    shape: Shape | None = None,
    roles: Sequence[str] | None = None,
    file: str | None = None,
) -> Recognition:
    """Give roles to columns.

    Parameters
    ----------
    columns
        The header.
    chosen
        Role -> column, over any recognition by name.
    shape
        What the table is, when that is known (a review's ``arms.csv``); else it is read off the names.
    roles
        The only roles to look for (a table of studies has one); else those of the shape.

    Raises
    ------
    UsageError
        When `chosen` has a role that does not exist.

    Examples
    --------
    >>> dict(recognise(["StudLab", "trt", "responders", "sampleSize"]).recognised)
    {'study': 'StudLab', 'treatment': 'trt', 'events': 'responders', 'total': 'sampleSize'}
    >>> recognise(["study", "treat1", "treat2", "TE", "seTE"]).shape
    'contrasts'
    """
    return _Header(columns, file).recognise(chosen or {}, shape, roles)


@dataclass(slots=True)
class _Header:
    """The columns of one table while they are being given roles."""

    columns: Sequence[str]
    file: str | None
    position: dict[str, int] = field(default_factory=dict)
    categories: list[int] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    def recognise(self, chosen: ColumnChoice, shape: Shape | None, roles: Sequence[str] | None) -> Recognition:
        self.free = [k for k, name in enumerate(self.columns) if name]
        self._take_chosen(chosen)
        if roles is not None:
            for role in roles:
                self._take(role, (role, *_SYNONYMS.get(role, ())))
            return Recognition("arms", self.position, (), self._recognised(netmeta=False), tuple(self.issues))
        netmeta = shape != "arms" and self._has("treat1") and self._has("treat2")
        if netmeta:
            self._take_netmeta()
            shape = "contrasts"
        else:
            shape = shape or self._shape()
            self._take_roles(shape)
        recognised = self._recognised(netmeta)
        return Recognition(shape, self.position, tuple(self.categories), recognised, tuple(self.issues))

    # -- what the user said -----------------------------------------------------------------------------------------

    def _take_chosen(self, chosen: ColumnChoice) -> None:
        for name in sorted(chosen, key=_category_number):
            role, wanted = _role(name), chosen[name]
            places = [self._place(name, column) for column in ([wanted] if isinstance(wanted, str) else wanted)]
            found = [place for place in places if place is not None]
            if role == "category":
                self.categories += found
            elif found:
                self.position[role] = found[0]
        self.free = [k for k in self.free if k not in {*self.position.values(), *self.categories}]

    def _place(self, role: str, column: str) -> int | None:
        if column.strip() in self.columns:
            return list(self.columns).index(column.strip())
        message = f"There is no column {column!r} for the role {role!r}."
        remedy = f"The columns found: {', '.join(name for name in self.columns if name)}."
        self.issues.append(Issue("column-unknown", message, remedy, column=column, file=self.file))
        return None

    # -- what the names say -----------------------------------------------------------------------------------------

    def _named(self, names: Iterable[str]) -> list[int]:
        wanted = {plain(name) for name in names}
        return [k for k in self.free if plain(self.columns[k]) in wanted]

    def _has(self, role: str) -> bool:
        return role in self.position or bool(self._named((role, *_SYNONYMS.get(role, ()))))

    def _shape(self) -> Shape:
        if not self._has("estimate"):
            return "arms"
        return "contrasts" if self._has("versus") else "relative"

    def _take(self, role: str, names: Iterable[str]) -> None:
        """Give `role` the free column with one of these names; two such columns are an issue."""
        if role in self.position:
            return
        found = self._named(names)
        if len(found) > 1:
            both = " and ".join(repr(self.columns[k]) for k in found)
            self.issues.append(
                Issue(
                    "column-ambiguous",
                    f"The columns {both} could both be {role!r}.",
                    f"Say which: --column {role}={self.columns[found[0]]}.",
                    column=self.columns[found[1]],
                    file=self.file,
                )
            )
        if found:
            self.position[role] = found[0]
            self.free = [k for k in self.free if k not in found]

    def _take_netmeta(self) -> None:
        """treat1, treat2, TE, seTE: with all four there, no other column can be an effect or its error."""
        for role, name in (("treatment", "treat1"), ("versus", "treat2")):
            self._take(name, (name,))
            self.position[role] = self.position.pop(name)
        complete = bool(self._named(("TE",))) and bool(self._named(("seTE",)))
        self._take("estimate", ("TE",) if complete else ("estimate", *_SYNONYMS["estimate"]))
        self._take("se", ("seTE",) if complete else ("se", *_SYNONYMS["se"], "se_diff", "seTE"))
        for role in _NETMETA_ROLES if complete else CONTRAST_ROLES:
            self._take(role, (role, *_SYNONYMS.get(role, ())))

    def _take_roles(self, shape: Shape) -> None:
        means = any(self._has(role) for role in _MEANS)
        self._take_categories()
        counts = bool(self.categories) or any(self._has(role) for role in _COUNTS if role != "percent" or not means)
        # `arm` is the treatment when nothing else is, else what tells two arms on one treatment apart
        self._take("treatment", next(names for names in _TREATMENT_NAMES if self._named(names) or names == ("t",)))
        if shape != "contrasts":
            self._take_sizes(means, counts)
        for role in {"arms": ARM_ROLES, "contrasts": CONTRAST_ROLES, "relative": _RELATIVE_ROLES}[shape]:
            names = (role, *_SYNONYMS.get(role, ()))
            if role == "se" and (shape == "contrasts" or (shape == "relative" and not means and not self._has("se"))):
                names = (*names, "se_diff", "seTE")
            if shape == "contrasts":
                names = (*names, *_LETTERS.get(role, ()))
            if role not in ("n", "total"):
                self._take(role, names)

    def _take_sizes(self, means: bool, counts: bool) -> None:
        """Give n and sampleSize: total of counts, n of means; with both kinds n, and total too where no column is."""
        if counts and not means:
            self._take("total", ("total", "sampleSize", "n"))
            return
        self._take("n", ("n", "sampleSize"))
        self._take("total", ("total",))
        if counts and "total" not in self.position and "n" in self.position:
            self.position["total"] = self.position["n"]

    def _take_categories(self) -> None:
        if self.categories:
            return
        numbered = [(int(m[1]), k) for k in self.free if (m := _CATEGORY.fullmatch(plain(self.columns[k])))]
        self.categories = [k for _, k in sorted(numbered)]
        self.free = [k for k in self.free if k not in self.categories]

    def _recognised(self, netmeta: bool) -> dict[str, str]:
        words = {"treatment": "treat1", "versus": "treat2"} if netmeta else {}
        named = {
            words.get(role, role): self.columns[k]
            for role, k in sorted(self.position.items(), key=lambda item: item[1])
        }
        return named | {f"category_{j}": self.columns[k] for j, k in enumerate(self.categories, start=1)}


def _category_number(name: str) -> int:
    match = _CATEGORY.fullmatch(plain(name))
    return int(match[1]) if match else 0


def _role(name: str) -> str:
    bare = plain(name)
    if bare == "category" or _CATEGORY.fullmatch(bare):
        return "category"
    if bare not in _ROLE_OF_NAME:
        raise UsageError(f"There is no role {name!r}. Roles: {', '.join(sorted(_ROLE_OF_NAME.values()))}, category.")
    return _ROLE_OF_NAME[bare]
