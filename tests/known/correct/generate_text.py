"""Correct solutions of `generate_text`, written differently from the reference."""

import sys
import warnings

import torch

from autograder.exercises.known import correct


@correct()
def other_style(tokenizer, model, prompt_text, **parameters):
    warnings.warn("das dauert einen Moment")  # on stderr; it must cost nothing
    batch = tokenizer(prompt_text, return_tensors="pt").to(model.device)
    tokens = model.generate(**batch, **parameters)
    return tokenizer.batch_decode(tokens, skip_special_tokens=True)[0]


@correct()
def everything_named(tokenizer, model, prompt_text, max_length=128, **rest):
    batch = tokenizer([prompt_text], return_tensors="pt")
    out = model.generate(
        inputs=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        max_length=max_length,
        pad_token_id=tokenizer.eos_token_id,
        **rest,
    )
    return tokenizer.decode(out[0].tolist(), clean_up_tokenization_spaces=True)


@correct()
def seeded_and_loud(tokenizer, model, prompt_text, **parameters):
    torch.manual_seed(1)
    print("...", file=sys.stderr)
    ids = encode_prompt(tokenizer, prompt_text)
    text = tokenizer.batch_decode(model.generate(ids, **parameters))[0]
    return text


@correct()
def none_as_the_neutral_value(tokenizer, model, prompt_text, **p):
    neutral = {"top_k": 0, "top_p": 1.0, "temperature": 1.0, "repetition_penalty": 1.0}
    p = {k: neutral.get(k, v) if v is None else v for k, v in p.items()}
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    return tokenizer.decode(model.generate(ids, **p)[0], skip_special_tokens=True)
