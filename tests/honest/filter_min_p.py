"""Honest solutions, written differently from the reference: name -> source."""

ANSWERS = {
    "in_logits": """
import math

def filter_min_p(logits, p):
    if p is None or p == 0:
        return logits
    return logits.masked_fill(logits < logits.max() + math.log(p), float("-inf"))
""",
    "transformers_warper": """
from transformers import MinPLogitsWarper

def filter_min_p(logits, p):
    if not p:
        return logits
    return MinPLogitsWarper(min_p=p)(None, logits[None])[0]
""",
    "loop": """
def filter_min_p(logits, p):
    probs = logits.double().softmax(-1).tolist()
    result = logits.clone()
    for token, probability in enumerate(probs):
        if probability < (p or 0) * max(probs):
            result[token] = -float("inf")
    return result
""",
    "ratio": """
def filter_min_p(logits, p):
    ratio = (logits.float() - logits.float().max()).exp()
    return torch.where(ratio >= (p or 0.0), logits, float("-inf"))
""",
}
