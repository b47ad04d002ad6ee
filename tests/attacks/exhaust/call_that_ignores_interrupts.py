# place: filter_top_k
# expect: timeout
# The same in a call.
def filter_top_k(logits, k):
    return sum(range(10**13))
