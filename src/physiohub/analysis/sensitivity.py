"""Other reasonable questions asked of the same trials: every refit that was run, beside the main answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from physiohub.analysis.effects import Direction, RelativeEffects, relative_effects
from physiohub.errors import DataError, ModelError
from physiohub.inference.fit import fit
from physiohub.inference.posterior import Posterior
from physiohub.measures.measure import MEASURES
from physiohub.model.arm_network import has_arm_likelihood
from physiohub.model.defaults import default_scale
from physiohub.model.normal_view import normal_view
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network

__all__ = ["Alternative", "Refit", "model_alternatives", "refit"]

# Rhodes 2015 (J Clin Epidemiol 68:52), tau^2 of an SMD of pain or functioning, non-pharmacological interventions
_RHODES_PHYSIOTHERAPY = "log-t(-3.02, 2.27, 5)"


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """A question to be asked beside the main one.

    Attributes
    ----------
    kind
        ``"scores"`` (change or final scores throughout), ``"tau prior"``, ``"effects"``, ``"likelihood"``,
        ``"baseline prior"`` or ``"review"`` (one of the review's own [[sensitivity]]).
    network, spec
        None when the question cannot be asked; `reason` then says why.
    mid
        Important difference on the analysis scale of this question, which may have another measure than the main one.
    """

    id: str
    label: str
    kind: str
    network: Network | None = None
    spec: ModelSpec | None = None
    mid: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """The answer to an alternative; `posterior` is None when there is none, and `reason` says why."""

    alternative: Alternative
    posterior: Posterior | None
    effects: RelativeEffects | None
    reason: str | None


def model_alternatives(network: Network, spec: ModelSpec, *, mid: float | None = None) -> tuple[Alternative, ...]:
    """The priors of tau that stand side by side with the main one, the other choice of effects, and more for counts.

    For an SMD half-normal(0.5), half-normal(1), the empirical prior of Rhodes 2015 for non-pharmacological
    interventions, and uniform(0, 5); for other measures the same shapes on the scale u of the default priors. Counts
    that are answered by a likelihood of the arms are answered through normal contrasts too; where a prior of study
    baselines was chosen, the default one stands beside it.
    """
    u, _ = default_scale(network, spec)
    texts: list[tuple[str, str]] = []
    if u is not None:
        texts = [(f"half-normal({u:.6g})", ""), (f"half-normal({2 * u:.6g})", "")]
        texts += [(_RHODES_PHYSIOTHERAPY, " on tau^2 (Rhodes 2015)")] if spec.measure == "SMD" else []
        texts += [(f"uniform(0, {10 * u:.6g})", "")]
    random = replace(spec, effects="random")
    found = [
        Alternative(f"tau-{k}", f"tau ~ {text}{note}", "tau prior", network, replace(random, tau_prior=text), mid)
        for k, (text, note) in enumerate(texts, start=1)
    ]
    if spec.effects == "random":
        common = replace(spec, effects="common", tau_prior=None)
        found.append(Alternative("common", "common effect", "effects", network, common, mid))
    if has_arm_likelihood(network, spec) and MEASURES[spec.measure].data != "mean":
        found += _of_counts(network, spec, mid)
    return tuple(found)


def _of_counts(network: Network, spec: ModelSpec, mid: float | None) -> list[Alternative]:
    """What else can be asked where arms have a likelihood of their own."""
    contrasts = replace(spec, likelihood="contrast", engine="auto", baseline_prior=None)
    label = "normal contrasts instead of counts"
    if normal_view(network, spec).added:
        label += f", {spec.zero_cells:g} added to cells of studies with an empty one"
    found = [Alternative("contrasts", label, "likelihood", network, contrasts, mid)]
    if spec.baseline_prior is not None:
        default = replace(spec, baseline_prior=None)
        found.append(Alternative("baselines", "default prior of baselines", "baseline prior", network, default, mid))
    return found


def refit(alternative: Alternative, *, better: Direction) -> Refit:
    """Ask one alternative; a question without an answer keeps its reason, and nothing is dropped."""
    if alternative.network is None or alternative.spec is None:
        return Refit(alternative, None, None, alternative.reason or "not possible")
    try:
        posterior = fit(alternative.network, alternative.spec)
    except (DataError, ModelError) as error:
        return Refit(alternative, None, None, f"not possible: {error}")
    return Refit(alternative, posterior, relative_effects(posterior, better=better, mid=alternative.mid), None)
