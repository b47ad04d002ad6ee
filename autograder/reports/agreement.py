"""Agreement of graders: Cohen's kappa, weighted by the square of the difference in points.

J. Cohen: Weighted kappa. Nominal scale agreement with provision for scaled disagreement or partial
credit. Psychological Bulletin 70 (1968), 213-220. Points are a scale on which half a point apart is
less of a disagreement than two, so the weights are squares; unweighted kappa counts both alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from autograder.course.observations import Mark


@dataclass(frozen=True)
class Agreement:
    """Two graders on one question."""

    graders: tuple[str, str]
    pairs: tuple[tuple[float, float], ...]  # of points

    @property
    def differing(self) -> int:
        return sum(one != other for one, other in self.pairs)

    @property
    def kappa(self) -> float | None:
        """1: always the same points; 0: as by chance; None: undefined, all points are alike."""
        return weighted_kappa(self.pairs)


def weighted_kappa(pairs: Sequence[tuple[float, float]]) -> float | None:
    """One minus the mean squared difference, by that of all ones with all others."""
    chance = sum((one - other) ** 2 for one, _ in pairs for _, other in pairs)
    if not chance:
        return None
    return 1 - len(pairs) * sum((one - other) ** 2 for one, other in pairs) / chance


def agreements(marks: Sequence[Mapping[str, Mark]]) -> list[Agreement]:
    """Each two graders who have judged the same answers; marks: of each answer, by grader."""
    graders = sorted({grader for each in marks for grader in each})
    found = []
    for one, other in combinations(graders, 2):
        both = [(each.get(one), each.get(other)) for each in marks]
        points = [(a.points, b.points) for a, b in both if a and b]
        pairs = tuple((x, y) for x, y in points if x is not None and y is not None)
        if pairs:
            found.append(Agreement((one, other), pairs))
    return found


def agreed(marks: Mapping[str, Mark]) -> Mark | None:
    """The mark on which all graders agree, with all their comments; None: they do not, or none."""
    points = {mark.points for mark in marks.values()}
    if len(points) != 1:
        return None
    comments = dict.fromkeys(mark.comment for mark in marks.values() if mark.comment)
    return Mark(points.pop(), "\n\n".join(comments))
