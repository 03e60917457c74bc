"""All scripts of an outcome, and of an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from physiohub.errors import UsageError
from physiohub.evidence.question import Better
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.report.scripts.material import Found, Material, expected_rows, treatment_rows
from physiohub.report.scripts.multinma import multinma_files
from physiohub.report.scripts.netmeta import netmeta_files
from physiohub.report.scripts.python import python_files
from physiohub.report.scripts.quoting import csv_text
from physiohub.report.scripts.stata import stata_files

if TYPE_CHECKING:
    from physiohub.report.run import Analysis

__all__ = ["export_scripts", "outcome_scripts"]


def export_scripts(
    source: Analysis | Network, spec: ModelSpec | None = None, *, better: Better | None = None, mid: float | None = None
) -> dict[str, str]:
    """The same analysis as code for PhysioHub in Python, netmeta and multinma in R, and network in Stata.

    Each script opens with what it repeats, how its program's model differs, and which results to expect. A prior or a
    study that a program cannot express stops its script, which says so; nothing is replaced in silence.

    Parameters
    ----------
    source
        An analysis by `analyse`, or a network.
    spec, better
        The model and direction; needed for a network. An analysis has its own.
    mid
        Important difference on the analysis scale, for a network.

    Returns
    -------
    dict
        File name -> text; of an analysis each name stands behind its outcome, such as ``pain/netmeta.R``.

    Raises
    ------
    UsageError
        When the model or direction of a network is missing, or is given beside an analysis.
    DataError, ModelError
        As `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> import physiohub as ph
    >>> table = pd.DataFrame({"study": ["1", "1", "2", "2"], "treatment": ["A", "B", "A", "B"],
    ...                       "mean": [5.0, 4.0, 6.0, 5.5], "sd": [2.0, 2.0, 2.0, 2.0], "n": [50, 50, 80, 80]})
    >>> scripts = ph.export_scripts(ph.read_arms(table, reference="A"), ph.ModelSpec(measure="MD"), better="lower")
    >>> [name for name in scripts if not name.endswith(".csv")]
    ['analysis.py', 'netmeta.R', 'multinma.R', 'stata.do']
    """
    if isinstance(source, Network):
        if spec is None or better not in ("lower", "higher"):
            raise UsageError('A network needs a spec, and better="lower" or better="higher".')
        return _scripts(Material.of(source, spec, better, Found.by_fit(source, spec, better, mid)))
    if spec is not None or better is not None or mid is not None:
        raise UsageError("An analysis has its model, direction and important difference already.")
    return {f"{outcome}/{name}": text for outcome, files in source.scripts.items() for name, text in files.items()}


def outcome_scripts(network: Network, spec: ModelSpec, better: Better, record: Mapping[str, Any]) -> dict[str, str]:
    """The scripts of an outcome that has been answered.

    Parameters
    ----------
    record
        The outcome in results.json, whose results are the ones to expect.
    """
    return _scripts(Material.of(network, spec, better, Found.in_record(record)))


def _scripts(material: Material) -> dict[str, str]:
    return {
        **python_files(material),
        **netmeta_files(material),
        **multinma_files(material),
        **stata_files(material),
        "treatments.csv": csv_text(treatment_rows(material), ["code", "id", "name", "label"]),
        "expected.csv": csv_text(expected_rows(material), _EXPECTED),
    }


_EXPECTED = ["code", "name", "mean", "sd", "median", "low", "high", "frequentist", "frequentist_se"]
