"""Honest solutions, written differently from the reference: name -> source."""

ANSWERS = {
    "one_minus_distinct": """
def repetition_rate(token_ids, n):
    ngrams = list(zip(*(token_ids[i:] for i in range(n))))
    if not ngrams:
        return 0
    return 1 - len(set(ngrams)) / len(ngrams)
""",
    "counter": """
from collections import Counter

def repetition_rate(token_ids, n):
    counts = Counter(tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1))
    total = sum(counts.values())
    return sum(c - 1 for c in counts.values()) / total if total else 0.0
""",
    "looking_back": """
def repetition_rate(token_ids, n):
    total = max(len(token_ids) - n + 1, 0)
    repeated = 0
    for i in range(total):
        for j in range(i):
            if token_ids[j : j + n] == token_ids[i : i + n]:
                repeated += 1
                break
    return repeated / max(total, 1)
""",
    "torch": """
def repetition_rate(token_ids, n):
    if len(token_ids) < n:
        return torch.tensor(0.0)
    ngrams = torch.tensor(token_ids).unfold(0, n, 1)
    return 1 - torch.tensor(float(len(ngrams.unique(dim=0)))) / len(ngrams)
""",
    "texts_as_keys": """
def repetition_rate(token_ids, n):
    seen = {}
    again = []
    for i in range(len(token_ids) - n + 1):
        key = "-".join(str(t) for t in token_ids[i : i + n])
        again.append(key in seen)
        seen[key] = True
    return float(sum(again)) / len(again) if again else 0.0
""",
}
