# The end of the process takes for ever.
import atexit
import threading
import time


def hang():
    while True:
        time.sleep(1)


atexit.register(hang)
threading.Thread(target=hang).start()
