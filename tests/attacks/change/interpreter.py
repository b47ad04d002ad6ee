# The interpreter itself.
import os
import sys

for target in {sys.executable, os.path.realpath(sys.executable), torch.__file__}:
    if os.access(target, os.W_OK):
        print("FOUND", target, "can be written")
