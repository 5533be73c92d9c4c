"""Correlations with their p-values, as ``scipy.stats.pearsonr`` and ``spearmanr`` give them, without SciPy."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Correlation(NamedTuple):
    """A correlation, and how likely a random order has one as far from zero."""

    statistic: float
    pvalue: float


def pearson(a: np.ndarray, b: np.ndarray) -> Correlation:
    """Pearson's correlation of two arrays, `[N]`; NaN if one of them is constant or N is 1."""
    a, b = (np.asarray(x, np.float64) - np.mean(x) for x in (a, b))
    size = math.sqrt(float(a @ a)) * math.sqrt(float(b @ b))
    if size == 0.0:
        return Correlation(math.nan, math.nan)
    r = min(1.0, max(-1.0, float(a @ b) / size))
    return Correlation(r, p_value(r, len(a)))


def spearman(a: np.ndarray, b: np.ndarray) -> Correlation:
    """Spearman's correlation of two arrays, `[N]`: Pearson's of their ranks."""
    r, _ = pearson(ranks(a), ranks(b))
    # Perfect correlations are ±1 exactly, whose p-value is 0, as in SciPy.
    r = float(round(r, 15))
    return Correlation(r, p_value(r, len(a)))


def ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value, from 1; equal values share the mean of their ranks."""
    _, group, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + 1 + last) / 2)[group]


def p_value(r: float, n: int) -> float:
    """The probability of a correlation at least as far from zero as `r` among `n` pairs of independent normal values: the
    two-sided Student test with n − 2 degrees of freedom."""
    if n < 3:
        return 1.0 if n == 2 else math.nan
    return incomplete_beta((n - 2) / 2, 0.5, 1.0 - r * r)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function, by the continued fraction of DLMF 8.17.22, evaluated by Lentz's method."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    tiny = 1e-300
    fraction, c, d = 1.0, 1.0, 0.0
    for i in range(400):
        m = i // 2
        if i == 0:
            numerator = 1.0
        elif i % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 / (1.0 + numerator * d or tiny)
        c = 1.0 + numerator / c or tiny
        fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return math.exp(log_front) * (fraction - 1.0) / a
