"""Correct solutions of `apply_temperature`, written differently from the reference."""

import numpy as np
import torch
from transformers import TemperatureLogitsWarper

from autograder.exercises.known import correct


@correct()
def in_place_on_a_clone(logits, temperature):
    result = logits.clone()
    if temperature is not None:
        result /= temperature
    return result


@correct()
def neutral_value(logits, temperature):
    return torch.div(logits, 1.0 if temperature is None else temperature)


@correct()
def transformers_warper(logits, temperature):
    if temperature is None:
        return logits
    return TemperatureLogitsWarper(float(temperature))(None, logits[None])[0]


@correct()
def loop(logits, temperature):
    result = torch.empty_like(logits)
    for i in range(len(logits)):
        result[i] = logits[i] if temperature is None else logits[i] / temperature
    return result


@correct()
def numpy_in_float64(logits, temperature):
    values = logits.numpy().astype(np.float64)
    return torch.from_numpy(values / (temperature or 1.0))


@correct()
def times_the_inverse(logits, temperature):
    return logits * (1 / temperature) if temperature else logits.clone()
