"""Wrong solutions of `encode_prompt`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="shape", misconception="shape")
def no_batch_dimension(tokenizer, prompt_text):
    """Returns ids of shape (T,) instead of (1, T)."""
    return torch.tensor(tokenizer.encode(prompt_text))


@wrong(fails_case=1, kind="type", misconception="type")
def returns_a_list(tokenizer, prompt_text):
    """Returns a nested list instead of a tensor."""
    return [tokenizer.encode(prompt_text)]


@wrong(fails_case=1, kind="type", misconception="type")
def whole_encoding(tokenizer, prompt_text):
    """Returns everything that the tokenizer gives instead of the ids alone."""
    return tokenizer(prompt_text, return_tensors="pt")


@wrong(fails_case=1, kind="dtype", misconception="dtype")
def floats(tokenizer, prompt_text):
    """Returns the ids as floats."""
    return torch.tensor([tokenizer.encode(prompt_text)]).float()


@wrong(fails_case=1, kind="dtype", misconception="dtype")
def int32(tokenizer, prompt_text):
    """Returns the ids as 32-bit integers instead of `torch.long`."""
    return torch.tensor([tokenizer.encode(prompt_text)], dtype=torch.int32)


@wrong(fails_case=1, kind="length", misconception="prompt_stripped")
def stripped(tokenizer, prompt_text):
    """Strips the prompt, although a space at either end is part of it."""
    return tokenizer(prompt_text.strip(), return_tensors="pt").input_ids


@wrong(fails_case=1, kind="value", misconception="prompt_reversed")
def reversed_order(tokenizer, prompt_text):
    """Returns the ids in reverse order."""
    return tokenizer(prompt_text, return_tensors="pt").input_ids.flip(1)


@wrong(fails_case=1, kind="value", misconception="attention_mask")
def attention_mask(tokenizer, prompt_text):
    """Returns the attention mask instead of the ids."""
    return tokenizer(prompt_text, return_tensors="pt").attention_mask


def encode_prompt(tokenizer, prompt_text):
    return tokenizer(prompt_text, return_tensors="pt").input_ids


@wrong(
    fails_case=7,
    kind="value",
    misconception="space_always",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def always_true(tokenizer, prompt_text):
    """Says yes to every prompt."""
    return True


@wrong(
    fails_case=6,
    kind="value",
    misconception="space_never",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def always_false(tokenizer, prompt_text):
    """Says no to every prompt."""
    return False


@wrong(
    fails_case=6,
    kind="value",
    misconception="space_of_the_first_token",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def the_first_token(tokenizer, prompt_text):
    """Looks at the first token instead of the last."""
    ids = tokenizer(prompt_text).input_ids
    return tokenizer.decode(ids[:1]).isspace()


@wrong(
    fails_case=12,
    kind="value",
    misconception="space_anywhere",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def any_token(tokenizer, prompt_text):
    """Looks for a space token anywhere in the prompt instead of at its end."""
    ids = tokenizer(prompt_text).input_ids
    return any(tokenizer.decode([i]).isspace() for i in ids)


@wrong(
    fails_case=7,
    kind="value",
    misconception="space_before_a_word",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def word_with_its_space(tokenizer, prompt_text):
    """Also says yes if the last token is a word with a space in front."""
    ids = tokenizer(prompt_text).input_ids
    return tokenizer.decode(ids[-1:]).startswith(" ")


@wrong(
    fails_case=7,
    kind="value",
    misconception="space_or_no_letters",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def not_only_letters(tokenizer, prompt_text):
    """Says yes to any last token that is not made of letters alone."""
    ids = tokenizer(prompt_text).input_ids
    return not tokenizer.decode(ids[-1:]).isalpha()


@wrong(
    fails_case=6,
    kind="type",
    misconception="type",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def a_number(tokenizer, prompt_text):
    """Returns 1 or 0 instead of True or False."""
    ids = tokenizer(prompt_text).input_ids
    return int(tokenizer.decode(ids[-1:]).isspace())


@wrong(
    fails_case=6,
    kind="type",
    misconception="type",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def the_token(tokenizer, prompt_text):
    """Returns the last token's text instead of True or False."""
    ids = tokenizer(prompt_text).input_ids
    return tokenizer.decode(ids[-1:])


@wrong(
    fails_case=10,
    kind="value",
    misconception="space_alone",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def only_a_space(tokenizer, prompt_text):
    """Looks for a space alone, although a tab or a line break is white space too."""
    ids = tokenizer(prompt_text).input_ids
    return tokenizer.decode(ids[-1:]).endswith(" ")


@wrong(
    fails_case=11,
    kind="value",
    misconception="space_or_line_break",
    also=(encode_prompt,),
    function="ends_in_space_token",
)
def only_a_space_or_a_line_break(tokenizer, prompt_text):
    """Lists a space and a line break, but no other white space."""
    ids = tokenizer(prompt_text).input_ids
    return tokenizer.decode(ids[-1:]) in (" ", "\n")
