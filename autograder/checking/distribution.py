"""Exact tests whether tokens were sampled from a distribution, with bounded false alarms.

Two tests, each with a bound on its false alarms that holds for every number of tokens:

*Uniformity.* The probability integral transform: with the vocabulary sorted by the oracle's
probability, a token sampled from it becomes `F(before it) + u * p(it)`, u uniform, and that is
uniform on [0, 1] whatever the distribution (Rosenblatt 1952; randomised for atoms as in Czado,
Gneiting and Held 2009). Each token is transformed given the tokens before it, so the values of a
whole text, and of several texts, are independent, also where a penalty depends on the text. Their
largest distance from uniformity on one side, D+, has a known tail (Birnbaum and Tingey 1951):

    P(D+ >= d) = d * sum over j = 0 .. floor(n (1 - d)) of
                     C(n, j) * (d + j / n)^(j - 1) * (1 - d - j / n)^(n - j)

and the two-sided test refuses at p = 2 P(D+ >= max(D+, D-)), which errs, if at all, in the
student's favour. Sorted by probability, the usual mistakes (a lost temperature, an argmax, a cut
that drops too much) are shifts in one direction, which this test sees best.

*Seeds.* Two seeds that give the same text: given the first text, an honest second one equals it
with probability q = the product of its tokens' probabilities. Refused only where q <= ALPHA, so
the chance of a false alarm, E[q; q <= ALPHA], is at most ALPHA.

*Two looks.* A case may be decided by its first calls alone, its n of N tokens. They are tested at
the rate DOUBT, leniently for a mistake and strictly for an honest solution, and only to accept: if
p < DOUBT, the other calls are made, and all N tokens are tested at ALPHA.

  Refused by mistake: only the second look refuses by chance, so P(refused) <= P(p_N < ALPHA) <=
  ALPHA, whatever the first look does. No part of ALPHA is spent on it.

  Tokens of an honest solution: n, and with probability P(p_n < DOUBT) <= DOUBT the other N - n.

  A mistake whose law has distance D from uniformity passes only if one of the looks is nearer than
  its critical distance c(n, DOUBT) or c(N, ALPHA). Where D lies, at x, each token falls below x
  with the same probability in a case of independent tokens, so with Hoeffding's inequality

    P(passed) <= exp(-2 n (D - c(n, DOUBT))^2) + exp(-2 N (D - c(N, ALPHA))^2),

  and more closely by two binomial tails; docs/checking.md has them for each case. This needs no
  list of mistakes: one that nobody thought of, as far from the right law, is refused as surely.

  What the first look costs: with n a quarter of N, mistakes whose D lies between c(N, ALPHA) and
  c(n, DOUBT) plus four standard errors are refused less often than by all N tokens; what only
  later calls show, hardly ever.

A likelihood ratio against each known wrong law (Wald 1945) may stop earlier still. But it has to
follow every rule at each token, and for the 37 of `sample_decode` that takes ten times as long as
the token itself.

*Budget.* One grading run makes at most TESTS such tests (a test of the project counts them), each
with a false-alarm rate of at most ALPHA = BUDGET / TESTS; by the union bound a run refuses an
honest solution with probability at most BUDGET = 1e-6. First looks cost nothing of it. A token that
the settings forbid is no matter of chance and costs nothing either.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from autograder.exercises.oracle import Floats

BUDGET = 1e-6  # chance that a whole grading run refuses an honest solution
TESTS = 128  # at most, in one run: public and hidden cases of all exercises
ALPHA = BUDGET / TESTS
DOUBT = 0.05  # share of honest solutions whose first calls are not enough


def transform(probs: Floats, token: ArrayLike, u: ArrayLike) -> Floats:
    """The token's place in [0, 1], most likely first; uniform if it was sampled from probs.

    probs: (V,), or (n, V) for n tokens at once. u: uniform on [0, 1), independent of the token; it
    spreads an atom over its width.
    """
    tokens = np.asarray(token)[..., None]
    p = np.take_along_axis(probs, tokens, axis=-1)
    ahead = (probs > p) | ((probs == p) & (np.arange(probs.shape[-1]) < tokens))
    place: Floats = probs.sum(axis=-1, where=ahead) + np.asarray(u) * p[..., 0]
    return place


def one_sided_tail(n: int, d: float) -> float:
    """P(D+ >= d) of n independent uniform values, exactly. n >= 1; 1 for d <= 0, 0 for d >= 1."""
    if n < 1:
        raise ValueError(f"n must be at least 1, was: {n}")
    if d <= 0:
        return 1.0
    if d >= 1:
        return 0.0
    terms = []
    for j in range(math.floor(n * (1 - d)) + 1):
        rest = 1 - d - j / n
        if rest <= 0:
            continue
        choose = math.lgamma(n + 1) - math.lgamma(j + 1) - math.lgamma(n - j + 1)
        terms.append(choose + (j - 1) * math.log(d + j / n) + (n - j) * math.log(rest))
    return min(1.0, d * math.fsum(map(math.exp, terms)))


def distance(values: Sequence[float]) -> tuple[float, float]:
    """The largest distance of the values' distribution function from uniformity, and its place.

    Returns (d, x): d = max(D+, D-) in [0, 1], (0, 0) for no values.
    """
    n = len(values)
    if n == 0:
        return 0.0, 0.0
    x = np.sort(np.asarray(values, dtype=np.float64))
    above = np.arange(1, n + 1) / n - x
    below = x - np.arange(n) / n
    best = above if above.max() >= below.max() else below
    return float(best.max()), float(x[int(best.argmax())])


def p_value(values: Sequence[float]) -> float:
    """Two-sided p-value for uniformity on [0, 1]; 1 for no values."""
    if not values:
        return 1.0
    return min(1.0, 2 * one_sided_tail(len(values), distance(values)[0]))
