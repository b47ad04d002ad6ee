# A full disk.
try:
    number = 0
    while True:
        number += 1
        with open(f"part-{number}", "wb") as file:
            for _ in range(100):
                file.write(b"x" * 10_000_000)
except OSError as error:
    print(error)
