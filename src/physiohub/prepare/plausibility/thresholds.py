"""Where a number stops being usual: every threshold of the audit, with its reason. Each is printed with its findings.

None of them is a rule of nature. They were set from what is known of scales and of chance, not so as to find the faults
that the documentation plants; what was changed after looking at untouched trials says so.
"""

from __future__ import annotations

__all__ = [
    "ALLOCATION_RATIO", "BASELINE_DIFFERENCE", "BASELINE_Z", "DIRECTION_Z", "EXPLAINED", "FEWEST_OTHERS", "ODDS_RATIO",
    "RARE_Z", "SAME_SIGN", "SD_FAR", "SD_FROM_USUAL", "SD_RATIO", "SD_RATIO_FAR", "SE_FROM_OTHERS", "SKEWED",
    "SMD_LARGE", "TENFOLD",
]  # fmt: skip

SD_FROM_USUAL = 2.5
"""SDs of one instrument have quartiles near 0.75 and 1.35 of their median over trials: a log SD near 0.4. A factor of
2.5 is more than two of those away, on either side."""

SD_FAR = 5.0
"""Four log SDs (see `SD_FROM_USUAL`): more than populations differ, whatever the explanation."""

EXPLAINED = 1.75
"""Two SDs agree when one is within this factor of the other: twice the sampling error of trials of 15 a group, and the
middle half of the trials of one instrument."""

SD_RATIO = 2.0
"""Between randomised arms, which start with one SD; a treatment that halves or doubles it does more than most."""

SD_RATIO_FAR = 3.0
"""The same as a warning."""

RARE_Z = 3.3
"""One in a thousand by chance: an audit looks at hundreds of cells."""

TENFOLD = (20 / 3, 15.0)
"""A ratio of means that a factor of ten explains within a factor of 1.5, as means of arms and times do differ. Against
the baseline the SD must not have come down too: two untouched arms near the floor of their scale were named before."""

SKEWED = 2.0
"""SDs that are this many times the distance of the mean from an end of the scale need most people at that very end. The
exponential distribution has 1."""

SMD_LARGE = 3.0
"""|SMD| beyond which nearly no patient of one arm is like any of the other; treatments in rehabilitation do less."""

ODDS_RATIO = 30.0
"""A slip of one digit multiplies odds by about ten or more; real odds ratios above 30 are rare."""

FEWEST_OTHERS = 4
"""Other studies that tell what is usual, where no instrument does: the median of fewer is too loose itself."""

SAME_SIGN = 0.8
"""Share of those arms that must agree on a sign before another sign is odd."""

DIRECTION_Z = 2.0
"""Standard errors from zero: a change that could be nothing has no direction."""

BASELINE_DIFFERENCE = 0.25
"""Standardised difference at baseline that may matter (Stuart 2010, Stat Sci 25:1, section 4.1)."""

BASELINE_Z = 3.3
"""Randomisation gives a difference beyond this in one of a thousand comparisons."""

ALLOCATION_RATIO = 4.0
"""Trials allocate 1:1, 2:1, seldom 3:1; beyond that a digit of n may be lost."""

SE_FROM_OTHERS = 4.0
"""Beyond the smallest or largest SE of all other studies by this factor: 16 times their smallest or largest trial."""
