"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""


def _helper(expression: str) -> str:
    """A right encode_prompt, and a second function that returns this of the prompt's ids."""
    return (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text, return_tensors='pt').input_ids\n"
        "def ends_in_space_token(tokenizer, prompt_text):\n"
        "    ids = tokenizer(prompt_text).input_ids\n"
        f"    return {expression}"
    )


ANSWERS = {
    "no_batch_dimension": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return torch.tensor(tokenizer.encode(prompt_text))",
        1,
        "shape",
    ),
    "list": (
        "def encode_prompt(tokenizer, prompt_text):\n    return [tokenizer.encode(prompt_text)]",
        1,
        "type",
    ),
    "whole_encoding": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text, return_tensors='pt')",
        1,
        "type",
    ),
    "floats": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return torch.tensor([tokenizer.encode(prompt_text)]).float()",
        1,
        "dtype",
    ),
    "int32": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return torch.tensor([tokenizer.encode(prompt_text)], dtype=torch.int32)",
        1,
        "dtype",
    ),
    "stripped": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text.strip(), return_tensors='pt').input_ids",
        1,
        "shape",
    ),
    "reversed": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text, return_tensors='pt').input_ids.flip(1)",
        1,
        "value",
    ),
    "attention_mask": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text, return_tensors='pt').attention_mask",
        1,
        "value",
    ),
    "always_true": (_helper("True"), 7, "value"),
    "always_false": (_helper("False"), 6, "value"),
    "the_first_token": (_helper("tokenizer.decode(ids[:1]).isspace()"), 6, "value"),
    "any_token": (_helper("any(tokenizer.decode([i]).isspace() for i in ids)"), 10, "value"),
    "word_with_its_space": (_helper("tokenizer.decode(ids[-1:]).startswith(' ')"), 7, "value"),
    "not_the_end_token": (_helper("not tokenizer.decode(ids[-1:]).isalpha()"), 7, "value"),
    "a_number": (_helper("int(tokenizer.decode(ids[-1:]).isspace())"), 6, "type"),
    "the_token": (_helper("tokenizer.decode(ids[-1:])"), 6, "type"),
}
