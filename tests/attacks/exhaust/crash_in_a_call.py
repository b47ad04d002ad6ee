# place: filter_top_k
# expect: kernel ends
# The process crashes in a call.
def filter_top_k(logits, k):
    import ctypes

    ctypes.string_at(0)
