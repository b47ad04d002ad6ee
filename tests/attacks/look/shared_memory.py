# Segments of other processes.
import os

for place in ("/dev/shm", "/dev/mqueue", "/sys", "/proc/sysvipc/shm"):
    try:
        if os.listdir(place):
            print("FOUND", place)
    except OSError as error:
        print(error)
