"""Correct solutions of `encode_prompt`, written differently from the reference.

Each has its own `ends_in_space_token`, the one above it.
"""

import torch

from autograder.exercises.known import correct


def ends_in_space_token(tokenizer, prompt_text):
    return prompt_text[-1:].isspace()


@correct(also=(ends_in_space_token,))
def other_style(tokenizer, prompt_text):
    ids = tokenizer.encode(prompt_text)
    return torch.tensor(ids, dtype=torch.long).unsqueeze(0)


def ends_in_space_token(tokenizer, prompt_text):
    return tokenizer.decode([tokenizer.encode(prompt_text)[-1]]).strip() == ""


@correct(also=(ends_in_space_token,))
def encode(tokenizer, prompt_text):
    return tokenizer.encode(prompt_text, return_tensors="pt")


def ends_in_space_token(tokenizer, prompt_text):
    return tokenizer.convert_tokens_to_string(tokenizer.tokenize(prompt_text)[-1:]).isspace()


@correct(also=(ends_in_space_token,))
def tokens_by_hand(tokenizer, prompt_text):
    ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(prompt_text))
    return torch.LongTensor([ids])
