"""Correct solutions of `apply_sequence_bias`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def one_tensor_of_biases(logits, input_ids, biases):
    text, added = input_ids[0].tolist(), torch.zeros_like(logits)
    for tokens, bias in biases:
        before, last = tokens[:-1], tokens[-1]
        if not before or text[-len(before) :] == before:
            added[last] += bias
    return logits + added


@correct()
def tensors_compared(logits, input_ids, biases):
    result = logits.clone()
    for tokens, bias in biases:
        size = len(tokens) - 1
        if size > input_ids.shape[1]:
            continue
        ending = input_ids[0, input_ids.shape[1] - size :]
        if torch.equal(ending, torch.tensor(tokens[:-1], dtype=torch.long)):
            result[tokens[-1]] = result[tokens[-1]] + bias
    return result


@correct()
def backwards(logits, input_ids, biases):
    values, text = logits.double().tolist(), input_ids[0].tolist()[::-1]
    for tokens, bias in biases:
        last, *before = tokens[::-1]
        if len(before) <= len(text) and all(a == b for a, b in zip(before, text)):
            values[last] += bias
    return torch.tensor(values, dtype=torch.float64)
