# expect: timeout
# Output without end, in lines.
while True:
    print("x" * 1000)
