"""Wrong solutions of `constrained_probs`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="form_ignored")
def everything_allowed(logits, edges, final, state, steps):
    """Ignores the automaton."""
    return logits.softmax(-1)


@wrong(fails_case=1, kind="value", misconception="form_with_dead_ends")
def dead_ends_allowed(logits, edges, final, state, steps):
    """Allows every edge, even one that leads nowhere."""
    reach = set(final)
    for _ in range(steps - 1):
        reach |= {here for here, _, there in edges if there in reach}
    result = torch.full_like(logits, float("-inf"))
    for here, token, there in edges:
        if here == state:
            result[token] = logits[token]
    return result.softmax(-1)


@wrong(fails_case=2, kind="value", misconception="form_without_limit")
def no_time_limit(logits, edges, final, state, steps):
    """Asks if the end can be reached at all, not in time."""
    reach = set(final)
    for _ in range(20):
        reach |= {here for here, _, there in edges if there in reach}
    result = torch.full_like(logits, float("-inf"))
    for here, token, there in edges:
        if here == state and there in reach:
            result[token] = logits[token]
    return result.softmax(-1)


@wrong(fails_case=3, kind="value", misconception="form_one_token_more")
def one_token_too_many(logits, edges, final, state, steps):
    """Plans with one token more than there may be."""
    reach = set(final)
    for _ in range(steps):
        reach |= {here for here, _, there in edges if there in reach}
    result = torch.full_like(logits, float("-inf"))
    for here, token, there in edges:
        if here == state and there in reach:
            result[token] = logits[token]
    return result.softmax(-1)


@wrong(fails_case=1, kind="value", misconception=("form_one_token_less", "finite"))
def one_token_too_few(logits, edges, final, state, steps):
    """Plans with one token less than there may be."""
    reach = set(final)
    for _ in range(steps - 2):
        reach |= {here for here, _, there in edges if there in reach}
    result = torch.full_like(logits, float("-inf"))
    for here, token, there in edges:
        if here == state and there in reach:
            result[token] = logits[token]
    return result.softmax(-1)


@wrong(fails_case=1, kind="value", misconception="form_of_any_state")
def any_state(logits, edges, final, state, steps):
    """Allows the tokens of all states."""
    reach = set(final)
    for _ in range(steps - 1):
        reach |= {here for here, _, there in edges if there in reach}
    result = torch.full_like(logits, float("-inf"))
    for here, token, there in edges:
        if there in reach:
            result[token] = logits[token]
    return result.softmax(-1)


@wrong(fails_case=1, kind="value", misconception="form_not_renormalised")
def not_renormalised(logits, edges, final, state, steps):
    """Sets the others to 0, so that the sum is below 1."""
    reach = set(final)
    for _ in range(steps - 1):
        reach |= {here for here, _, there in edges if there in reach}
    result = torch.full_like(logits, float("-inf"))
    for here, token, there in edges:
        if here == state and there in reach:
            result[token] = logits[token]
    return logits.softmax(-1) * result.isfinite()


@wrong(fails_case=1, kind="value", misconception="form_even")
def all_alike(logits, edges, final, state, steps):
    """Gives all allowed tokens the same probability."""
    reach = set(final)
    for _ in range(steps - 1):
        reach |= {here for here, _, there in edges if there in reach}
    result = torch.full_like(logits, float("-inf"))
    for here, token, there in edges:
        if here == state and there in reach:
            result[token] = 0.0
    return result.softmax(-1)


@wrong(fails_case=1, kind="value", misconception="form_of_the_best")
def only_the_best(logits, edges, final, state, steps):
    """Leaves only the best allowed token."""
    reach = set(final)
    for _ in range(steps - 1):
        reach |= {here for here, _, there in edges if there in reach}
    result = torch.full_like(logits, float("-inf"))
    for here, token, there in edges:
        if here == state and there in reach:
            result[token] = logits[token]
    return torch.nn.functional.one_hot(result.argmax(), len(result)).float()
