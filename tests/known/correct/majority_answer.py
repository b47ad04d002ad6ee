"""Correct solutions of `majority_answer`, written differently from the reference."""

from collections import Counter

from autograder.exercises.known import correct


@correct()
def counted(answers):
    votes = Counter()
    for used, answer in enumerate(answers, 1):
        votes.update([answer] if answer is not None else [])
        ranked = [*votes.most_common(2), (None, 0), (None, 0)]
        if ranked[0][1] > ranked[1][1] + len(answers) - used:
            return ranked[0][0], used
    return ranked[0][0], len(answers)


@correct()
def tried_out(answers):
    for used in range(1, len(answers) + 1):
        seen = [a for a in answers[:used] if a is not None]
        names = sorted(set(seen), key=lambda a: (-seen.count(a), seen.index(a)))
        left = len(answers) - used
        rivals = [seen.count(a) for a in names[1:]] + [0]
        if names and seen.count(names[0]) > max(rivals) + left:
            break
    return [names[0] if names else None, used]


@correct()
def with_a_list(answers):
    names, votes, used = [], [], 0
    while used < len(answers):
        answer, used = answers[used], used + 1
        if answer is not None and answer not in names:
            names.append(answer)
            votes.append(0)
        if answer is not None:
            votes[names.index(answer)] += 1
        if not votes:
            continue
        top = max(votes)
        others = votes[: votes.index(top)] + votes[votes.index(top) + 1 :]
        if top - max(others, default=0) > len(answers) - used:
            break
    return (names[votes.index(max(votes))] if names else None), used
