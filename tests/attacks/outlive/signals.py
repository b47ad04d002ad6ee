# Signals to the parent and to everybody.
import os
import signal

for target in (os.getppid(), -1, 0):
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT if target > 1 else signal.SIGCONT):
        try:
            if target != 0:
                os.kill(target, number)
        except OSError as error:
            print(error)
