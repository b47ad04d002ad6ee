# place: filter_top_k
# A reply of a gigabyte.
def filter_top_k(logits, k):
    return torch.zeros(1).expand(250_000_000)
