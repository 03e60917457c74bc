"""Which form of the arms' data goes with which likelihood."""

from __future__ import annotations

from physiohub.errors import ModelError
from physiohub.inference.nuts.arm_data import ArmData, PlainArms
from physiohub.inference.nuts.ordered_data import OrderedArms
from physiohub.inference.nuts.standardised import StandardisedArms
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.defaults import Priors
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.priors import Flat
from physiohub.model.spec import ModelSpec
from physiohub.model.standardised import StandardisedMeans

__all__ = ["arm_data"]


def arm_data(arms: ArmNetwork, priors: Priors, spec: ModelSpec) -> ArmData:
    """The data of all arms of a network.

    Raises
    ------
    ModelError
        When baselines of standardised means have a prior: their location is flat on the raw scale.
    """
    if isinstance(arms.likelihood, StandardisedMeans):
        if not isinstance(priors.mu, Flat):
            raise ModelError(f"Baselines of an SMD with unknown SDs are flat on the raw scale; {priors.mu} is not.")
        return StandardisedArms(arms.likelihood, arms.first)
    if isinstance(arms.likelihood, Ordered):
        return OrderedArms(arms.likelihood, spec.cut_points, arms.first)
    return PlainArms(arms.likelihood, arms.first)
