# Output of half a gigabyte, at once.
print("x" * 300_000_000)
