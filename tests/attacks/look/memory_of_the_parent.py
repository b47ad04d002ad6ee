# The parent's memory.
import os

for process in range(1, 64):
    try:
        group = open(f"/proc/{process}/status").read().split("Tgid:")[1].split()[0]
        if int(group) == os.getpid():  # a thread of this process
            continue
        open(f"/proc/{process}/mem", "rb").close()
        print("FOUND", process)
    except OSError:
        pass
