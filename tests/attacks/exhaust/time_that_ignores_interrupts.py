# expect: timeout
# A loop that goes on whatever is raised in it.
import time

while True:
    try:
        while True:
            time.sleep(0.1)
    except BaseException:
        pass
