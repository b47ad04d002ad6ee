# expect: memory
# Memory that no limit of private memory counts.
import mmap

maps = []
try:
    while True:
        part = mmap.mmap(-1, 50_000_000)
        part.write(b"x" * 50_000_000)
        maps.append(part)
except (OSError, ValueError, MemoryError) as error:
    maps.clear()
    print(error)
