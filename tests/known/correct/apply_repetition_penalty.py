"""Correct solutions of `apply_repetition_penalty`, written differently from the reference."""

import numpy as np
import torch
from transformers import RepetitionPenaltyLogitsProcessor

from autograder.exercises.known import correct


@correct()
def loop(logits, input_ids, penalty):
    result = logits.clone()
    if penalty is None:
        return result
    for token in set(input_ids[0].tolist()):
        if result[token] > 0:
            result[token] /= penalty
        else:
            result[token] *= penalty
    return result


@correct()
def gather_and_scatter(logits, input_ids, penalty):
    if penalty is None:
        penalty = 1.0
    score = logits.gather(0, input_ids[0])
    score = torch.where(score < 0, score * penalty, score / penalty)
    return logits.scatter(0, input_ids[0], score)


@correct()
def transformers_processor(logits, input_ids, penalty):
    if penalty is None:
        return logits
    processor = RepetitionPenaltyLogitsProcessor(float(penalty))
    return processor(input_ids, logits[None].clone())[0]


@correct()
def mask_over_the_vocabulary(logits, input_ids, penalty):
    if penalty is None or penalty == 1:
        return logits
    seen = torch.zeros(len(logits), dtype=torch.bool)
    seen[input_ids.flatten()] = True
    punished = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(seen, punished, logits)


@correct()
def in_numpy(logits, input_ids, penalty):
    values = logits.numpy().copy()
    seen = np.unique(input_ids.numpy())
    if penalty is not None:
        values[seen] = np.where(values[seen] > 0, values[seen] / penalty, values[seen] * penalty)
    return torch.from_numpy(values)


@correct()
def list_and_back(logits, input_ids, penalty):
    seen = input_ids[0].tolist()
    factor = penalty or 1.0
    return torch.tensor(
        [
            value if token not in seen else value / factor if value > 0 else value * factor
            for token, value in enumerate(logits.tolist())
        ],
        dtype=logits.dtype,
    )
