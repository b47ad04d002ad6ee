"""Wrong answers that students give: name -> (source, kind of the mismatch)."""

ANSWERS = {
    "no_batch_dimension": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return torch.tensor(tokenizer.encode(prompt_text))",
        "shape",
    ),
    "list": (
        "def encode_prompt(tokenizer, prompt_text):\n    return [tokenizer.encode(prompt_text)]",
        "type",
    ),
    "whole_encoding": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text, return_tensors='pt')",
        "type",
    ),
    "floats": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return torch.tensor([tokenizer.encode(prompt_text)]).float()",
        "dtype",
    ),
    "int32": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return torch.tensor([tokenizer.encode(prompt_text)], dtype=torch.int32)",
        "dtype",
    ),
    "stripped": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text.strip(), return_tensors='pt').input_ids",
        "shape",
    ),
    "reversed": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text, return_tensors='pt').input_ids.flip(1)",
        "value",
    ),
    "attention_mask": (
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    return tokenizer(prompt_text, return_tensors='pt').attention_mask",
        "value",
    ),
}
