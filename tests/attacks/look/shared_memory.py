# Segments of other processes.
import os

for place in ("/dev/shm", "/dev/mqueue", "/sys", "/proc/sysvipc/shm"):
    if os.path.isdir(place) and os.listdir(place):
        print("FOUND", place)
