# The interpreter itself.
import os
import sys

import torch

for target in {sys.executable, os.path.realpath(sys.executable), torch.__file__, os.__file__}:
    beside = os.path.join(os.path.dirname(target), "kischule_attack")
    for place, flags in ((target, os.O_WRONLY), (beside, os.O_WRONLY | os.O_CREAT)):
        try:
            os.close(os.open(place, flags))
            print("FOUND", place, "can be written")
            if place == beside:
                os.remove(place)
        except OSError as error:  # a program that runs cannot be written, but perhaps be replaced
            print(error)
