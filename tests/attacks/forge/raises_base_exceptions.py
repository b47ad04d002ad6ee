# place: filter_top_k
# expect: timeout
# Exceptions that pass by `except Exception`.
def filter_top_k(logits, k):
    raise [SystemExit(0), GeneratorExit(), KeyboardInterrupt()][k % 3 if k else 0]
