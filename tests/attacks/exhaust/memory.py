# All of the memory.
things = []
while True:
    things.append(bytearray(50_000_000))
