"""Wrong solutions of `majority_answer`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="vote_of_all")
def takes_all(answers):
    """Takes all samples."""
    votes = {}
    for used, answer in enumerate(answers, start=1):
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if used == len(answers):
            break
    return max(votes, key=votes.get, default=None), used


@wrong(fails_case=3, kind="text", misconception="vote_stopped_at_a_tie")
def tie_not_expected(answers):
    """Stops where a tie is still possible."""
    votes = {}
    for used, answer in enumerate(answers, start=1):
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if first - second >= len(answers) - used:
            break
    return max(votes, key=votes.get, default=None), used


@wrong(fails_case=5, kind="value", misconception="vote_stopped_at_half")
def more_than_half(answers):
    """Waits for more than half of the votes."""
    votes = {}
    for used, answer in enumerate(answers, start=1):
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if first > len(answers) / 2:
            break
    return max(votes, key=votes.get, default=None), used


@wrong(fails_case=1, kind="value", misconception="vote_stopped_at_two")
def two_agree(answers):
    """Stops as soon as two samples agree."""
    votes = {}
    for used, answer in enumerate(answers, start=1):
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if first == 2:
            break
    return max(votes, key=votes.get, default=None), used


@wrong(fails_case=3, kind="text", misconception="vote_without_the_second")
def second_forgotten(answers):
    """Compares the first with the samples to come."""
    votes = {}
    for used, answer in enumerate(answers, start=1):
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if first > len(answers) - used:
            break
    return max(votes, key=votes.get, default=None), used


@wrong(fails_case=5, kind="value", misconception=("vote_with_none", "type"))
def none_votes(answers):
    """Lets None win votes."""
    votes = {}
    for used, answer in enumerate(answers, start=1):
        votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if first - second > len(answers) - used:
            break
    return max(votes, key=votes.get, default=None), used


@wrong(fails_case=5, kind="value", misconception="vote_none_left_out")
def none_filtered(answers):
    """Leaves out samples without an answer before counting."""
    votes = {}
    answers = [answer for answer in answers if answer is not None]
    for used, answer in enumerate(answers, start=1):
        votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if first - second > len(answers) - used:
            break
    return (max(votes, key=votes.get), used) if votes else (None, 0)


@wrong(fails_case=3, kind="text", misconception="vote_latest_of_equals")
def last_of_equals(answers):
    """Lets the last of equals win."""
    votes = {}
    for used, answer in enumerate(answers, start=1):
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if first - second > len(answers) - used:
            break
    return max(reversed(list(votes)), key=votes.get, default=None), used


@wrong(fails_case=1, kind="value", misconception=("vote_of_the_first", "type"))
def first_answer(answers):
    """Takes the first sample."""
    return answers[0], 1


@wrong(fails_case=6, kind="raised", misconception="raised:empty")
def no_answer_at_all(answers):
    """Takes the maximum of no votes."""
    votes = {}
    for used, answer in enumerate(answers, start=1):
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
        first, second, *_ = [*sorted(votes.values(), reverse=True), 0, 0]
        if first - second > len(answers) - used:
            break
    return max(votes, key=votes.get), used
