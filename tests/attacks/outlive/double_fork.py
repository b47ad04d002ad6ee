# A daemon that has left its parents.
import os
import time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(2)
            with open("COURSE/was-here", "w") as file:
                file.write("x")
            time.sleep(600)
        os._exit(0)
except OSError as error:
    print(error)
