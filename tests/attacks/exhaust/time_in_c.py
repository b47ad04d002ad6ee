# expect: timeout
# A call of C that no signal reaches.
sum(range(10**13))
