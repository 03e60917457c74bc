"""One door to every engine: (network, spec) -> posterior."""

from __future__ import annotations

import time

from physiohub.errors import ModelError
from physiohub.inference.exact import explore
from physiohub.inference.posterior import Engine, Posterior, Verdict
from physiohub.model.defaults import resolve_priors
from physiohub.model.design import whiten
from physiohub.model.normal_study import normal_studies
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import settle_zero_cells
from physiohub.network.network import Network

__all__ = ["fit"]

# beyond a thousandth of a posterior SD an answer would change in its printed digits
_USABLE_ERROR = 1e-3


def fit(network: Network, spec: ModelSpec) -> Posterior:
    """Fit a network meta-analysis.

    Parameters
    ----------
    network
        Of `read_arms`, `read_contrasts`, `read_table` or a review.
    spec
        The model.

    Returns
    -------
    Posterior
        Frozen; it knows its network, its spec, its engine and its numerical error.

    Raises
    ------
    DataError
        When a study lacks what the measure needs; every study is named.
    ModelError
        When a prior does not fit its role, or no engine of this version answers the question.

    Examples
    --------
    >>> import pandas as pd
    >>> import physiohub as ph
    >>> table = pd.DataFrame({"study": ["1", "1", "2", "2"], "treatment": ["A", "B", "A", "B"],
    ...                       "mean": [5.0, 4.0, 6.0, 5.5], "sd": [2.0, 2.0, 2.0, 2.0], "n": [50, 50, 80, 80]})
    >>> network = ph.read_arms(table, reference="A")
    >>> posterior = ph.fit(network, ph.ModelSpec(measure="MD", tau_prior="half-normal(1)"))
    >>> posterior.verdict
    Verdict(ok=True, reasons=())
    >>> round(float(posterior.effect("B", "A").mean), 2)
    -0.72
    """
    start = time.perf_counter()
    if spec.engine in ("collapsed", "nuts"):
        raise ModelError(f"The {spec.engine} engine is not part of this version; normal data are answered by 'exact'.")
    network, zero_cells = settle_zero_cells(network, spec)
    studies = normal_studies(network, spec)
    priors = resolve_priors(network, spec, baselines=any(study.level == "arm" for study in studies))
    rows = whiten(studies, len(network.treatments) - 1, priors.mu)
    nodes = explore(rows, priors)
    seconds = time.perf_counter() - start
    return Posterior(
        network=network,
        spec=spec,
        priors=priors,
        engine=Engine("exact", "the data are normal, so that the posterior is known", seconds, nodes.numerical_error),
        verdict=_verdict(nodes.numerical_error),
        rows=rows,
        weights=nodes.weights,
        tau_nodes=nodes.tau,
        means=nodes.means,
        covariances=nodes.covariances,
        tau=nodes.tau_marginal,
        log_evidence=nodes.log_evidence,
        zero_cells=zero_cells,
    )


def _verdict(error: float) -> Verdict:
    if error <= _USABLE_ERROR:
        return Verdict(True)
    return Verdict(False, (f"the numerical error is {error:.1e}, above {_USABLE_ERROR:g} of a posterior SD",))
