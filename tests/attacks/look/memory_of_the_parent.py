# The parent's memory.
import os

for process in (os.getppid(), 1, 2, 3, 4, 5):
    if process == os.getpid():
        continue
    try:
        open(f"/proc/{process}/mem", "rb").close()
        print("FOUND", process)
    except OSError:
        pass
