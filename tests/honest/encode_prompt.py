"""Honest solutions, written differently from the reference: name -> source."""

ANSWERS = {
    "other_style": """
def encode_prompt(tokenizer, prompt_text):
    ids = tokenizer.encode(prompt_text)
    return torch.tensor(ids, dtype=torch.long).unsqueeze(0)

def ends_in_space_token(tokenizer, prompt_text):
    return prompt_text.endswith(' ')
""",
    "encode": """
def encode_prompt(tokenizer, prompt_text):
    return tokenizer.encode(prompt_text, return_tensors='pt')

def ends_in_space_token(tokenizer, prompt_text):
    return tokenizer.decode([tokenizer.encode(prompt_text)[-1]]).strip() == ''
""",
    "tokens_by_hand": """
def encode_prompt(tokenizer, prompt_text):
    ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(prompt_text))
    return torch.LongTensor([ids])

def ends_in_space_token(tokenizer, prompt_text):
    return tokenizer.tokenize(prompt_text)[-1].replace('Ġ', '').strip() == ''
""",
}
