# More files than a file system has room for.
try:
    for number in range(10_000_000):
        open(f"file-{number}", "w").close()
except OSError as error:
    print(error)
