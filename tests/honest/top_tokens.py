"""Honest solutions, written differently from the reference: name -> source."""

ANSWERS = {
    "other_style": """
def top_tokens(tokenizer, probs, k):
    order = sorted(range(len(probs)), key=lambda i: probs[i].item(), reverse=True)
    result = []
    for i in order[:k]:
        result.append((tokenizer.decode(i), probs[i].item()))
    return result
""",
    "argsort": """
def top_tokens(tokenizer, probs, k):
    order = torch.argsort(probs, descending=True)[:k]
    return [(tokenizer.decode(i), float(probs[i])) for i in order]
""",
    "zero_dimensional_tensors": """
def top_tokens(tokenizer, probs, k):
    return [[tokenizer.decode([i]), p] for p, i in zip(*probs.topk(k))]
""",
    "ties_the_other_way_round": """
def top_tokens(tokenizer, probs, k):
    order = sorted(range(len(probs)), key=lambda i: (-probs[i].item(), -i))
    return [(tokenizer.decode([i]), probs[i].item()) for i in order[:k]]
""",
}
