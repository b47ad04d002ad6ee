# Files that were left open.
import os

for handle in range(3, 256):
    try:
        target = os.readlink(f"/proc/self/fd/{handle}")
    except OSError:
        continue
    if not target.startswith(("socket:", "anon_inode:", "pipe:", "/dev/", "/submission", "/proc")):
        print("FOUND", target)
