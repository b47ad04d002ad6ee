# Other processes.
import os

others = [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]
if others or os.getppid() != 0:
    print("FOUND", others, os.getppid())
