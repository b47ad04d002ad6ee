# expect: seen
# Other processes.
import os

try:
    others = [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]
    if others:
        print("FOUND", others)
except OSError as error:
    print(error)
if parent := os.getppid():
    print("SEEN", parent)
    for name in ("cmdline", "environ", "maps", "status"):
        try:
            print("FOUND", name, open(f"/proc/{parent}/{name}").read(99))
        except OSError as error:
            print(error)
