# expect: any
# Threads without end.
import threading
import time

threading.stack_size(65536)  # as many as there is room for
try:
    for _ in range(100_000):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
except (RuntimeError, MemoryError) as error:
    print(error)
