# place: repetition_rate
# A number of a million digits.
def repetition_rate(token_ids, n):
    return 10**1_000_000
