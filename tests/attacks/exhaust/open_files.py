# Files without end.
files = []
try:
    while True:
        files.append(open("/dev/null"))
except OSError as error:
    files.clear()
    print(error)
