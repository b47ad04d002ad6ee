# place: repetition_rate
# A reply that is nested without end.
def repetition_rate(token_ids, n):
    deep = []
    deep.append(deep)
    return deep
