"""Programs that return one random value, and their laws, right and wrong: `bench_samples.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

import kischule
from autograder.exercises import laws, misconceptions, oracle
from autograder.exercises.oracle import Floats

MIN_MOVED = 0.1  # probability, of the mistakes of `sample_decode`


@dataclass(frozen=True)
class Problem:
    """A program that returns one of V values, its right law, and wrong ones."""

    name: str
    about: str
    scorers: tuple[str, ...]
    values: Floats  # (V,), ascending
    right: Floats  # (V,)
    wrong: Mapping[str, Floats]  # each (V,)


def beta_wins(a: int, b: int, c: int, d: int) -> float:
    """P(X > Y) of independent X ~ Beta(a, b) and Y ~ Beta(c, d), whole numbers, exactly.

    The sum over the number of c + d - 1 uniform values below X; Y is the c-th smallest of them.
    """

    def log_beta(x: int, y: int) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    n = c + d - 1
    return math.fsum(
        math.exp(math.log(math.comb(n, k)) + log_beta(a + k, b + n - k) - log_beta(a, b))
        for k in range(c, n + 1)
    )


def thompson_sampling() -> Problem:
    """`TS` of StochasticGrade: one step of Thompson sampling, with its history."""
    successes, (trials_a, trials_b) = 10, (25, 30)

    def law(chance_of_a: float) -> Floats:
        return np.array([chance_of_a, 1 - chance_of_a])

    failures_a, failures_b = trials_a - successes, trials_b - successes
    right = beta_wins(successes + 1, failures_a + 1, successes + 1, failures_b + 1)
    trials = beta_wins(successes + 1, trials_a + 1, successes + 1, trials_b + 1)
    wrong = {
        "`BadBeta_NSuccess_NTrials`": law(trials),
        "`BadBeta_1_1`": law(0.5),
        "`ReturnA`": law(1.0),
        "`ReturnB`": law(0.0),
    }
    about = (
        "`TS` of its repository: one step of Thompson sampling returns A or B, "
        f"A with {100 * right:.1f} %. The mistakes have its names."
    )
    return Problem("TS", about, ("T", "Anderson-Darling"), np.array([0.0, 1.0]), law(right), wrong)


def simulated_exponential(steps: int = 50, rate: float = 3.1, seconds: int = 6) -> Problem:
    """`SimExp` of StochasticGrade: a waiting time, in fewer steps a second."""
    chance_of_end, size = rate / steps, seconds * steps + 1
    right = (1 - chance_of_end) ** np.arange(size) * chance_of_end
    right[-1] += 1 - right.sum()  # the rest: 1e-8

    def later(law: Floats) -> Floats:
        return np.concatenate([[0.0], law[:-2], [law[-2:].sum()]])

    # how many of `steps` events happen, each with chance 1 / rate / steps
    returned, q = np.zeros(size), 1 / rate / steps
    for k in range(seconds + 1):
        returned[k * steps] = math.comb(steps, k) * q**k * (1 - q) ** (steps - k)
    wrong = {
        "`OffBy0.001`: one step later": later(right),
        "`OffBy0.002`: two steps later": later(later(right)),
        "`ReturnPois`": returned / returned.sum(),
    }
    about = (
        f"`SimExp` of its repository: the time until an event of rate {rate}, simulated in "
        f"{steps} steps a second. It has 1,000, where one step more moves a twentieth as much."
    )
    values = np.arange(size) / steps
    return Problem("SimExp", about, ("Anderson-Darling",), values, right, wrong)


def next_token() -> Problem:
    """The next token of the embedded model, and the known wrong rules of `sample_decode`."""
    prompt = "The old man said that the"
    settings = {"repetition_penalty": 1.3, "temperature": 0.6, "top_k": 20, "top_p": 0.9}
    tokenizer, model = kischule.load("mini")
    ids = oracle.encode_prompt(tokenizer, prompt)
    given = {**settings, "eos": model.config.eos_token_id}
    logits = oracle.logits_of(model, ids)[-1:]
    right = laws.next_laws(logits, ids, len(ids), given)[0]
    order = np.argsort(-right, kind="stable")
    allowed = int((right > 0).sum())

    def ranked(law: Floats) -> Floats:
        return np.append(law[order[:allowed]], law[order[allowed:]].sum())

    wrong: dict[str, Floats] = {}
    for name in laws.__all__:
        if name == "sampled_with_one_draw":  # its samples are not independent
            continue
        law = ranked(getattr(misconceptions, name)(logits, ids, len(ids), given)[0])
        moved = moved_by(ranked(right), law)
        if moved >= MIN_MOVED and not any(np.allclose(law, other) for other in wrong.values()):
            wrong[name.removeprefix("sampled_").replace("_", " ")] = law / law.sum()
    about = (
        f'Ours: the token after "{prompt}" from `mini` with '
        f"{', '.join(f'{k} {v}' for k, v in settings.items())}. StochasticGrade gets the rank of "
        f"the token, our order; forbidden tokens count as one value. The {len(wrong)} different "
        "laws of known mistakes that move a tenth of the probability or more."
    )
    values = np.arange(allowed + 1.0)
    return Problem(
        "sample_decode",
        about,
        ("Anderson-Darling", "Wasserstein"),
        values,
        ranked(right),
        dict(sorted(wrong.items(), key=lambda item: moved_by(ranked(right), item[1]))),
    )


def moved_by(right: Floats, wrong: Floats) -> float:
    """The probability that a wrong law has elsewhere: half the sum of differences."""
    return float(np.abs(right - wrong).sum() / 2)


PROBLEMS: tuple[Callable[[], Problem], ...] = (
    thompson_sampling,
    simulated_exponential,
    next_token,
)
