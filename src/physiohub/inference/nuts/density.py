"""The full model on the whole real space: log posterior density and its gradient.

``theta_i0 = mu_i``, ``theta_ik = mu_i + delta_ik``, ``delta_i ~ N(X_i d, tau^2 R)`` with ``R = (I + J)/2`` (Dias,
Sutton, Ades and Welton 2013, Medical Decision Making 33:607-617), and nothing integrated out. A point x holds, in this
order: d in its frame, tau on its scale, z of the locations, z of the other coordinates, and the nuisance parameters of
the likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.inference.nuts.arm_data import ArmData, Evaluated
from physiohub.inference.nuts.ceiling import Lowered
from physiohub.inference.nuts.coordinates import coordinates, tails, trust
from physiohub.inference.nuts.effects import frame, log_prior, with_maps
from physiohub.inference.nuts.likelihoods import arm_data
from physiohub.inference.nuts.locations import Locations
from physiohub.inference.nuts.open_effects import open_effects
from physiohub.inference.nuts.random_effects import RandomEffects
from physiohub.inference.nuts.tail_map import Mapped
from physiohub.inference.nuts.tau import score_of, tau_scale
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.baseline import baseline_prior
from physiohub.model.defaults import Priors
from physiohub.model.priors import Fixed
from physiohub.model.spec import ModelSpec

__all__ = ["FullModel", "Unpacked"]

Floats = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))
_ATTEMPTS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Unpacked:
    """Draws on their natural scales.

    Attributes
    ----------
    d : array (draw, parameter)
    tau : array (draw,)
        Zero in a common-effect model.
    theta : array (arm, draw)
    delta : array (contrast, draw)
        Of contrast studies, in the order of the network.
    nuisance
        Name -> array (parameter, draw).
    log_likelihood : array (study, draw)
        In the order of the network.
    """

    d: Floats
    tau: Floats
    theta: Floats
    delta: Floats
    nuisance: dict[str, Floats]
    log_likelihood: Floats


class _Tau(NamedTuple):
    """Tau at a point x.

    Attributes
    ----------
    log_density, slope
        Of x: the prior of tau with the Jacobian, and the derivative.
    relative
        d log tau / dx.
    """

    value: float
    log_density: float = 0.0
    slope: float = 0.0
    relative: float = 0.0


class _Point(NamedTuple):
    """Coordinates (coordinate, ...), the locations among them, and what a ceiling did to these."""

    q: Floats
    location: Mapped
    lowered: Lowered | None


class FullModel:
    """The density that the sampler sees, up to a constant.

    Parameters
    ----------
    arms
        The network; every study with arms needs a baseline prior in `priors`.

    Attributes
    ----------
    dimensions
        Length of a point x.

    Raises
    ------
    ModelError
        When a prior does not fit the likelihood, or is one that this engine does not know.
    """

    def __init__(self, arms: ArmNetwork, priors: Priors, spec: ModelSpec) -> None:
        self.arms, self.priors = arms, priors
        self.data: ArmData = arm_data(arms, priors, spec)
        estimate, se = arms.likelihood.crude()
        open_ended = tails(arms.likelihood, self.data)
        self.coordinates = coordinates(arms, estimate, se, trust(arms, open_ended))
        crude = frame(self.coordinates, priors)
        maps = open_effects(arms, self.data, estimate, open_ended, crude.centre, priors.d)
        self.frame = with_maps(crude, maps)
        self._set_tau()
        self._set_places()
        self.locations = Locations(arms, priors.mu, self.data, self.coordinates, open_ended)
        self.baseline = None
        if len(arms.first):
            assert priors.mu is not None
            self.baseline = baseline_prior(priors.mu, arms.likelihood.take(arms.first))

    def _set_tau(self) -> None:
        prior = self.priors.tau
        self.fixed_tau = 0.0 if prior is None else prior.value if isinstance(prior, Fixed) else None
        if prior is not None and self.fixed_tau is None:
            self.tau_scale, self.tau_score = tau_scale(prior, self.frame.tau), score_of(prior)

    def _set_places(self) -> None:
        """Where the parts of a point stand; without heterogeneity only d and the locations are free."""
        found, count = self.coordinates, len(self.arms.treatment)
        self.rest = found.others
        self.at_d = slice(0, self.arms.parameters)
        self.at_tau = self.arms.parameters
        locations = self.at_tau + (self.fixed_tau is None)
        self.at_location = slice(locations, locations + len(found.location))
        moving = len(self.rest) if self.fixed_tau != 0.0 else 0
        self.at_rest = slice(self.at_location.stop, self.at_location.stop + moving)
        self.at_nuisance = slice(self.at_rest.stop, self.at_rest.stop + self.data.size)
        self.dimensions = int(self.at_nuisance.stop)
        self.eta, self.y, self.spread = found.eta[self.rest], found.y[self.rest], found.spread[self.rest]
        # a study of a arms has a coordinates, so that the arms' coordinates come first and there are as many
        self.of_arms, self.of_contrasts = slice(0, count), slice(count, len(found.y))

    def value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Log posterior density at x (dimension,), up to a constant, and its gradient (dimension,)."""
        with np.errstate(all="ignore"):
            return self._value_and_gradient(np.asarray(x, dtype=float))

    def _value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        d = self.frame.at(x[self.at_d])
        tau = self._tau(float(x[self.at_tau])) if self.fixed_tau is None else _Tau(self.fixed_tau)
        eta = self.eta @ d
        effects = self._random_effects(np.array(tau.value), eta, x[self.at_rest])
        point = self._point(eta if effects is None else eta + effects.shift, x[self.at_location])
        data, of_q = self._data(point.q, x[self.at_nuisance])
        d_value, of_d = log_prior(self.priors.d, d)
        value = data.value + d_value + tau.log_density + float(point.location.log_slope.sum())
        value += self.frame.log_slope(x[self.at_d])

        gradient = np.empty(self.dimensions)
        of_location = of_q[self.coordinates.location] * self.coordinates.scale
        gradient[self.at_location] = of_location * point.location.slope + point.location.bend
        gradient[self.at_nuisance] = data.nuisance
        of_eta = of_q[self.rest] + self._of_ceiling(point, of_location)
        if effects is not None:
            value += effects.log_density()
            of_z, of_eta, of_log_tau = effects.slopes(of_eta)
            gradient[self.at_rest] = of_z
            if self.fixed_tau is None:
                gradient[self.at_tau] = tau.slope + of_log_tau * tau.relative
        gradient[self.at_d] = self.frame.slopes(x[self.at_d], of_d + self.eta.T @ of_eta)
        return value, gradient

    def _tau(self, x: float) -> _Tau:
        assert self.priors.tau is not None
        at = self.tau_scale.at(np.array(x))
        tau, slope = float(at.value), float(np.exp(at.log_slope))
        prior = float(self.priors.tau.log_density(tau))
        return _Tau(
            value=tau,
            log_density=prior + float(at.log_slope),
            slope=self.tau_score(tau) * slope + float(at.bend),
            relative=slope / max(tau, 1e-300),
        )

    def _random_effects(self, tau: Floats, eta: Floats, z: Floats) -> RandomEffects | None:
        """The random effects at eta and z (coordinate, ...); None without heterogeneity."""
        if self.fixed_tau == 0.0:
            return None
        y = self.y.reshape(-1, *(1,) * (eta.ndim - 1))
        return RandomEffects.at(tau, self.spread, y - eta, z)

    def _point(self, rest: Floats, z: Floats) -> _Point:
        """All coordinates, for those but the locations (other coordinate, ...) and z of the locations (study, ...)."""
        q = np.zeros((len(self.coordinates.y), *rest.shape[1:]))
        q[self.rest] = rest
        location, lowered = self.locations.at(z), None
        if self.locations.ceiling is not None:
            lowered = self.locations.ceiling.lower(location, (self.coordinates.M @ q)[self.of_arms])
            location = lowered.location
        scale = self.coordinates.scale.reshape(-1, *(1,) * (rest.ndim - 1))
        q[self.coordinates.location] = scale * location.value
        return _Point(q, location, lowered)

    def _of_ceiling(self, point: _Point, of_location: Floats) -> Floats:
        """What the coordinates (other coordinate,) do through the ceiling of the locations."""
        if point.lowered is None or self.locations.ceiling is None:
            return np.zeros(len(self.rest))
        of_effects = np.zeros(len(point.q))
        of_effects[self.of_arms] = self.locations.ceiling.slopes(point.lowered, of_location)
        return np.asarray((self.coordinates.M.T @ of_effects)[self.rest])

    def _data(self, q: Floats, nuisance: Floats) -> tuple[Evaluated, Floats]:
        """What data and baseline priors say of the effects, and its slopes in q (coordinate,)."""
        theta = (self.coordinates.M @ q)[self.of_arms]
        found = self.data.evaluate(theta, nuisance)
        value, of_effects = found.value, np.zeros_like(q)
        of_effects[self.of_arms] = found.theta
        if self.baseline is not None:
            prior = self.baseline.derivatives(theta[self.arms.first])
            value += float(prior.value.sum())
            of_effects[self.arms.first] += prior.score
        of_q = self.coordinates.M.T @ of_effects
        # contrasts are normal with unit variance in their coordinates
        residual = self.coordinates.y[self.of_contrasts] - q[self.of_contrasts]
        of_q[self.of_contrasts] = residual
        return Evaluated(value - 0.5 * float(residual @ residual), found.theta, found.nuisance), of_q

    def initial(self, rng: np.random.Generator) -> Floats:
        """A point (dimension,) to start a chain from: spread like the normal approximation.

        Raises
        ------
        ModelError
            When no point of positive density is found.
        """
        for attempt in range(_ATTEMPTS):
            x = rng.standard_normal(self.dimensions) * 0.97**attempt
            if self.fixed_tau is None:
                x[self.at_tau] = 0.3 * x[self.at_tau] + self.tau_scale.inverse(self.frame.tau)
            x[self.at_nuisance] = 0.1 * x[self.at_nuisance] + self.data.start
            value, gradient = self.value_and_gradient(x)
            if np.isfinite(value) and np.all(np.isfinite(gradient)):
                return x
        raise ModelError(
            "The NUTS engine finds no place to start: no values of the parameters agree with all the data."
        )

    def unpack(self, x: Floats) -> Unpacked:
        """Draws x (draw, dimension) on their natural scales."""
        with np.errstate(all="ignore"):
            x = x.T
            d = self.frame.at(x[self.at_d])
            known = np.full(x.shape[1], self.fixed_tau or 0.0)
            tau = self.tau_scale.at(x[self.at_tau]).value if self.fixed_tau is None else known
            eta = self.eta @ d
            effects = self._random_effects(tau, eta, x[self.at_rest])
            q = self._point(eta if effects is None else eta + effects.shift, x[self.at_location]).q
            all_effects, nuisance = self.coordinates.M @ q, x[self.at_nuisance]
            theta = all_effects[self.of_arms]
            return Unpacked(
                d=d.T,
                tau=tau,
                theta=self.data.reported(theta, nuisance),
                delta=all_effects[self.of_contrasts],
                nuisance=self.data.natural(nuisance),
                log_likelihood=self._log_likelihood(theta, q[self.of_contrasts], nuisance),
            )

    def _log_likelihood(self, theta: Floats, q: Floats, nuisance: Floats) -> Floats:
        """Log density (study, draw) of the data of each study given its effects."""
        found = np.empty((len(self.arms.studies), theta.shape[1]))
        found[self.arms.study[self.arms.first]] = self.data.log_likelihood(theta, nuisance)
        start, y = 0, self.coordinates.y[self.of_contrasts]
        for place in sorted(self.arms.contrasts):
            study = self.arms.contrasts[place]
            own = slice(start, start + len(study.y))
            log_det = np.linalg.slogdet(study.sampling)[1]
            quadratic = np.square(y[own, None] - q[own]).sum(0)
            found[place] = -0.5 * (quadratic + log_det + len(study.y) * _LOG_2PI)
            start = own.stop
        return found
