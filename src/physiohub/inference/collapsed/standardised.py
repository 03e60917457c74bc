"""Studies whose SD is unknown, on the SMD scale: the SD is the only integral.

Given effects, tau and s the differences of a study's means are normal, ``N(s e, s^2 (S + tau^2 R))``. With
``r = s_p/s`` what is left is ``integral r^n exp(-alpha r^2 / 2 + beta r) dr``, n two less than the number of people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from physiohub.inference.collapsed.sums import log_sum
from physiohub.inference.collapsed.terms import Slopes
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.standardised import StandardisedMeans

__all__ = ["StandardisedTerm"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# nodes of log r around the mode: the integrand is a bell, and the trapezoidal rule on a bell is all but exact
_STEPS = np.linspace(-7.0, 7.0, 29)


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedTerm:
    """One study with an unknown SD.

    Attributes
    ----------
    difference : array (effect,)
        Differences of the means from arm 0, over the pooled SD.
    precision : array (node, effect, effect)
        Inverse of ``S + tau^2 R``, in units of s.
    df
        Of the pooled SD.
    constant : array (node,)
    """

    study: Places
    design: Floats
    difference: Floats
    precision: Floats
    df: float
    constant: Floats

    @classmethod
    def of(cls, arms: ArmNetwork, place: int, tau: Floats) -> StandardisedTerm:
        """The arm-level study of that place among the arm-level studies, at tau (node,)."""
        likelihood = arms.likelihood
        assert isinstance(likelihood, StandardisedMeans)
        own = slice(arms.first[place], arms.first[place] + arms.sizes[place])
        variance, df = np.square(likelihood.se[own]), float(likelihood.df[place])
        effects = len(variance) - 1
        covariance = np.diag(variance[1:]) + variance[0]
        covariance = covariance + np.square(tau)[:, None, None] * (np.eye(effects) + 1) / 2
        # of the pooled variance, and of the location that was integrated out on the raw scale
        constant = df / 2 * np.log(df / 2) - gammaln(df / 2) + np.log(2) - 0.5 * effects * np.log(2 * np.pi)
        return cls(
            study=arms.study[arms.first[place : place + 1]],
            design=arms.differences[own][None, 1:],
            difference=likelihood.mean[own][1:] - likelihood.mean[own][0],
            precision=np.linalg.inv(covariance),
            df=df,
            constant=np.asarray(constant - 0.5 * np.linalg.slogdet(covariance)[1], dtype=float),
        )

    def value(self, node: Places, effects: Floats) -> Floats:
        log_r, _, quadratic = self._integrand(node, effects[:, 0])
        return np.asarray(self.constant[node] + log_sum(log_r) - 0.5 * quadratic)[:, None]

    def slopes(self, node: Places, effects: Floats) -> Slopes:
        """Through beta: the slope of the log integral in it is the mean of r, its curvature the variance."""
        e = effects[:, 0]
        log_weight, r, quadratic = self._integrand(node, e)
        top = log_sum(log_weight)
        weight = np.exp(log_weight - top[:, None])
        mean = (weight * r).sum(1)
        variance = (weight * np.square(r - mean[:, None])).sum(1)
        precision = self.precision[node]
        pull = precision @ self.difference  # (point, effect)
        slope = pull * mean[:, None] - np.einsum("pab,pb->pa", precision, e)
        curvature = pull[:, :, None] * pull[:, None, :] * variance[:, None, None] - precision
        value = self.constant[node] + top - 0.5 * quadratic
        return Slopes(value[:, None], slope[:, None], curvature[:, None])

    def _integrand(self, node: Places, e: Floats) -> tuple[Floats, Floats, Floats]:
        """Log integrand with the rule's weights and r, both (point, step), and ``e' P e`` (point,)."""
        precision = self.precision[node]
        alpha = np.einsum("a,pab,b->p", self.difference, precision, self.difference) + self.df
        beta = np.einsum("a,pab,pb->p", self.difference, precision, e)
        n = self.df + len(self.difference) - 1  # power of r; one more in log r
        mode = (beta + np.sqrt(beta**2 + 4 * alpha * (n + 1))) / (2 * alpha)
        sd = 1 / np.sqrt(2 * alpha * mode**2 - beta * mode)
        log_r = np.log(mode)[:, None] + sd[:, None] * _STEPS
        r = np.exp(log_r)
        log_f = (n + 1) * log_r - alpha[:, None] * np.square(r) / 2 + beta[:, None] * r
        step = np.log(sd * (_STEPS[1] - _STEPS[0]))
        return log_f + step[:, None], r, np.einsum("pa,pab,pb->p", e, precision, e)
