"""Honest solutions, written differently from the reference: name -> source."""

ANSWERS = {
    "in_place_on_a_clone": """
def apply_temperature(logits, temperature):
    result = logits.clone()
    if temperature is not None:
        result /= temperature
    return result
""",
    "neutral_value": """
def apply_temperature(logits, temperature):
    return torch.div(logits, 1.0 if temperature is None else temperature)
""",
    "transformers_warper": """
from transformers import TemperatureLogitsWarper

def apply_temperature(logits, temperature):
    if temperature is None:
        return logits
    return TemperatureLogitsWarper(float(temperature))(None, logits[None])[0]
""",
    "loop": """
def apply_temperature(logits, temperature):
    result = torch.empty_like(logits)
    for i in range(len(logits)):
        result[i] = logits[i] if temperature is None else logits[i] / temperature
    return result
""",
    "numpy_in_float64": """
import numpy as np

def apply_temperature(logits, temperature):
    values = logits.numpy().astype(np.float64)
    return torch.from_numpy(values / (temperature or 1.0))
""",
    "times_the_inverse": """
def apply_temperature(logits, temperature):
    return logits * (1 / temperature) if temperature else logits.clone()
""",
}
