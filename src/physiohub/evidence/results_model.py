"""The shape of results.json: one source for the published JSON Schema and for the check before a file is written.

Names are those of the contract and may not change; keys may be added, so every object takes more than it lists. Numbers
are finite: what cannot be computed is null, with its reason in a key beside it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Open", "Results"]

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Measure = Literal["MD", "SMD", "ROM", "OR", "RR", "RD", "HR", "IRR", "PROBIT"]


class Open(BaseModel):
    """An object that takes further keys, and whose values are of exactly the type that is stated."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


class Quantity(Open):
    """A posterior quantity (S of the contract): all five numbers, or null with a `reason`."""

    mean: Number | None
    sd: Positive | None
    low: Number | None = Field(alias="q2.5")
    median: Number | None
    high: Number | None = Field(alias="q97.5")


class Effect(Quantity):
    """`treatment` minus `versus` on the analysis scale (log for ratios)."""

    treatment: str
    versus: str


class RelativeEffect(Effect):
    """One ordered pair of treatments, with its predictive interval and probabilities."""

    predictive_low: Number | None
    predictive_high: Number | None
    p_better: Probability | None
    p_beyond_mid: Probability | None = Field(description="P(better by more than the important difference)")


class Software(Open):
    """The program that wrote the file."""

    name: str
    version: str


class Inputs(Open):
    """What was read: `files` one by one; `sha256` of the one file, or of their list as `sha256sum` prints it."""

    sha256: str | None
    files: dict[str, str] = Field(default_factory=dict)


class Priors(Open):
    """Priors as text: effects, baselines, heterogeneity; `defaulted` lists those that were left alone."""

    d: str | None
    mu: str | None
    tau: str | None
    defaulted: list[Literal["d", "mu", "tau"]]


class TreatmentNode(Open):
    """A treatment of the network."""

    id: str
    label: str
    participants: Positive | None
    studies: Count


class Comparison(Open):
    """An unordered pair of treatments that studies compared directly."""

    treatment: str
    versus: str
    studies: Count
    participants: Positive | None


class Design(Open):
    """A set of treatments that studies compared."""

    treatments: list[str]
    studies: list[str]


class NetworkSummary(Open):
    """Counts and geometry; `participants` is null when an arm's number is not known."""

    studies: Count
    arms: Count
    participants: Positive | None
    treatments: list[TreatmentNode]
    connected: bool
    comparisons: list[Comparison]
    multi_arm_studies: Count = Field(description="number of studies with three or more arms")
    multi_arm_list: list[str] = Field(default_factory=list, description="their ids")
    designs: Count = Field(description="number of different sets of treatments that studies compared")
    design_list: list[Design] = Field(default_factory=list, description="each of them, with its studies")


class Verdict(Open):
    """Whether the fit may be used, and why not."""

    ok: bool
    reasons: list[str]


class Engine(Open):
    """How the posterior was computed: `numerical_error` of quadrature, `nodes` of an exact answer, `ess` of draws."""

    name: Literal["exact", "collapsed", "nuts", "frequentist"]
    seconds: Positive
    why: str = Field(default="", description="why this engine answered")
    numerical_error: Positive | None = None
    nodes: Count | None = Field(default=None, description="of the rule over tau, where the answer is exact")
    draws: Count | None = None
    ess: Positive | None = Field(default=None, description="effective number of draws")
    pareto_k: Number | None = Field(default=None, description="shape of the tail of the draws' weights")
    verdict: Verdict


class EmpiricalTau(Open):
    """A published distribution of tau over earlier meta-analyses of a kind; `chosen` says how it was chosen."""

    name: str = Field(description="as a prior in its text form")
    source: str = Field(description="citation")
    outcome_type: str
    comparison_type: str
    area: str
    chosen: str
    low: Positive = Field(alias="q2.5")
    q25: Positive
    median: Positive
    q75: Positive
    high: Positive = Field(alias="q97.5")
    p_below: Probability = Field(description="probability that tau of such a meta-analysis is below the median of tau")
    warning: str | None = Field(description="why its printed numbers may be wrong")


class Heterogeneity(Open):
    """Between-study SD tau (null in a common-effect fit), I^2 of Cochran's Q, and tau of earlier meta-analyses."""

    tau: Quantity | None
    i_squared: Probability | None
    empirical: EmpiricalTau | None = None


class RankingRow(Open):
    """Ranks of one treatment; rank 1 and P-score 1 are best."""

    treatment: str
    sucra: Probability | None
    p_score: Probability | None
    p_best: Probability | None
    mean_rank: Annotated[float, Field(ge=1)] | None
    median_rank: Annotated[float, Field(ge=1)] | None
    rank_low: Annotated[float, Field(ge=1)] | None
    rank_high: Annotated[float, Field(ge=1)] | None
    rank_probabilities: list[Probability] | None


class StudyFit(Open):
    """Deviance and leverage of one study."""

    study: str
    deviance: Number | None
    leverage: Number | None
    data_points: Count | None


class Fit(Open):
    """Posterior mean deviance, effective number of parameters, DIC."""

    dbar: Number | None
    pd: Number | None
    dic: Number | None
    data_points: Count
    studies: list[StudyFit]


class GlobalTest(Open):
    """Design-by-treatment interaction; impossible without closed loops of independent evidence."""

    chi2: Positive | None
    df: Count | None
    p: Probability | None
    tau: Positive | None
    possible: bool


class NodeSplit(Open):
    """Direct against indirect evidence of one comparison."""

    treatment: str
    versus: str
    direct: Quantity
    indirect: Quantity
    difference: Quantity
    p: Probability | None


class CochranQ(Open):
    """A Q statistic with its degrees of freedom."""

    q: Positive | None
    df: Count | None
    p: Probability | None


class QDecomposition(Open):
    """Cochran's Q, within and between designs."""

    total: CochranQ
    within: CochranQ
    between: CochranQ


class Inconsistency(Open):
    """Agreement of direct and indirect evidence; each part stands once it was computed."""

    global_test: GlobalTest | None = Field(default=None, alias="global")
    bayesian_global: dict[str, Any] | None = None
    node_splits: list[NodeSplit] | None = None
    ume: dict[str, Any] | None = None
    q: QDecomposition | None = None
    reason: str | None = Field(default=None, description="why the tests of normal contrasts are null")


class FrequentistEffect(Open):
    """One ordered pair of treatments in the frequentist twin."""

    treatment: str
    versus: str
    estimate: Number | None
    se: Positive | None
    low: Number | None
    high: Number | None
    p: Probability | None


class Frequentist(Open):
    """The frequentist twin of the fit."""

    method: str
    tau: Positive | None
    tau2: Positive | None
    i_squared: Probability | None
    relative_effects: list[FrequentistEffect]
    p_scores: dict[str, Probability | None]
    corrected: list[Any]
    left_out: list[Any]
    methods: dict[str, Any]


class LeaveOneOut(Open):
    """Log predictive density of every study given all others."""

    elpd: Number | None
    se: Positive | None
    studies: list[dict[str, Any]]


class PredictiveCheck(Open):
    """Posterior predictive p of every study."""

    draws: Count
    seed: int
    studies: list[dict[str, Any]]


class PriorPosterior(Open):
    """Quantiles of every parameter before and after the data."""

    probabilities: list[Probability]
    rows: list[dict[str, Any]]


class PowerScaling(Open):
    """How far every parameter moves when prior or data count a little less or more."""

    threshold: Positive
    rows: list[dict[str, Any]]


class Absolute(Open):
    """What happens under each treatment, from a stated baseline."""

    kind: str
    versus: str
    baseline: str
    source: str
    time: Positive | None
    per: Positive
    level: Probability
    numerical_error: Positive
    treatments: list[dict[str, Any]]
    categories: list[dict[str, Any]]


class MissingOutcomes(Open):
    """Answers over assumptions about people without an outcome; `reason` says why there are none."""

    reason: str | None
    scenarios: list[dict[str, Any]]


class Outcome(Open):
    """One outcome: the question, the network, and every answer of the fit."""

    measure: Measure
    scale: str = Field(description='the analysis scale in words, such as "log odds ratio"')
    better: Literal["lower", "higher"]
    effects: Literal["random", "common"]
    likelihood: str
    link: str
    reference: str
    priors: Priors
    network: NetworkSummary
    engine: Engine
    heterogeneity: Heterogeneity
    relative_effects: list[RelativeEffect] = Field(description="every ordered pair")
    ranking: list[RankingRow]
    fit: Fit
    inconsistency: Inconsistency | None = None
    leave_one_out: LeaveOneOut | None = Field(default=None, description="null with `leave_one_out_reason` beside it")
    predictive_check: PredictiveCheck | None = None
    prior_posterior: PriorPosterior | None = None
    power_scaling: PowerScaling | None = None
    absolute: Absolute | None = Field(default=None, description="null when no baseline was stated")
    missing_outcomes: MissingOutcomes | None = None
    frequentist: Frequentist | None = Field(default=None, description="null with `frequentist_reason` beside it")


class Results(Open):
    """What `physiohub analyse` found, as data.

    Effects are on the analysis scale (log for ratios), treatment minus versus. In a review, ids are those of
    review.toml; in a bare table the id of a treatment or study is the text of its cell. There is no NaN and no
    Infinity: what cannot be computed is null with its reason beside it. Keys may be added in later versions, not
    renamed.
    """

    schema_name: Literal["physiohub/results/1"] = Field(alias="schema")
    software: Software
    inputs: Inputs
    outcomes: dict[str, Outcome] = Field(min_length=1, description="by outcome id; a bare table has one, `outcome`")
