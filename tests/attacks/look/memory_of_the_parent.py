# The parent's memory.
import os

for process in {*range(1, 64), os.getppid()} - {os.getpid()}:
    try:
        if f"Tgid:\t{os.getpid()}\n" in open(f"/proc/{process}/status").read():
            continue  # a thread of this process
    except OSError:
        pass
    try:
        open(f"/proc/{process}/mem", "rb").close()
        print("FOUND", process)
    except OSError:
        pass
