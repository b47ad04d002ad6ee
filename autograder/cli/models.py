"""`kischule models` and `kischule selftest`: need neither a course nor nbgrader."""

import argparse

from autograder.cli.output import DONE, NOT_PASSED, mark, print_table, shortened, stderr
from autograder.selftest.selftest import selftest as compare_all
from kischule.catalog import FAMILY
from kischule.models import where

MAX_WIDTH = 40  # of a column of texts


def run(options: argparse.Namespace) -> int:
    """List the models."""
    rows = []
    for info in FAMILY.values():
        place = where(info.name)
        rows.append(
            [
                info.name,
                f"{info.parameters / 1e6:,.1f} M",
                f"{info.download / 1e6:,.0f} MB" if info.download else "–",
                f"{info.memory / 1e6:,.0f} MB",
                str(place) if place else "not downloaded",
            ]
        )
    heads = ["model", "parameters", "download", "memory in float32", "where"]
    print_table(heads, rows, right=(1, 2, 3))
    return DONE


def selftest(options: argparse.Namespace) -> int:
    """Compare a model with its published outputs."""
    results = []
    for result in compare_all(options.model, options.folder):
        stderr(f"{result.id}: {mark(result.passed)}")
        results.append(result)
    rows = [
        [mark(r.passed), r.id, *(shortened(t, MAX_WIDTH) for t in (r.source, r.expected, r.got))]
        for r in results
    ]
    print_table(["", "what", "source", "expected", "got"], rows)
    failed = [r for r in results if r.passed is False]
    for r in failed:
        print(f"✗ {r.id}: expected {r.expected}; got {r.got} ({r.source})")
    compared = sum(r.passed is not None for r in results)
    print(f"{compared - len(failed)} of {compared} hold, {len(results) - compared} left out")
    return NOT_PASSED if failed else DONE
