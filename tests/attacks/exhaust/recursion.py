# expect: any
# Recursion without end, past Python's own limit.
import sys

sys.setrecursionlimit(10**9)


def deeper(n):
    return deeper(n + 1)


try:
    deeper(0)
except RecursionError:
    pass
