"""Honest solutions, written differently from the reference: exercise -> name -> source.

`demo.OTHER_STYLE` holds one more of each.
"""

ANSWERS = {
    "encode_prompt": {
        "encode": (
            "def encode_prompt(tokenizer, prompt_text):\n"
            "    return tokenizer.encode(prompt_text, return_tensors='pt')"
        ),
        "tokens_by_hand": (
            "def encode_prompt(tokenizer, prompt_text):\n"
            "    ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(prompt_text))\n"
            "    return torch.LongTensor([ids])"
        ),
    },
    "next_token_probs": {
        "float64": (
            "def next_token_probs(model, input_ids):\n"
            "    return model(input_ids).logits[0, -1].detach().double().softmax(dim=0)"
        ),
        "with_gradient": (
            "def next_token_probs(model, input_ids):\n"
            "    out = model(input_ids=input_ids, use_cache=False)\n"
            "    return torch.nn.functional.softmax(out.logits, dim=-1)[0][-1]"
        ),
        "by_hand_in_numpy": (
            "import numpy as np\n"
            "def next_token_probs(model, input_ids):\n"
            "    z = model(input_ids).logits[0, -1].detach().numpy().astype(np.float64)\n"
            "    w = np.exp(z - z.max())\n"
            "    return torch.from_numpy(w / w.sum())"
        ),
    },
    "top_tokens": {
        "argsort": (
            "def top_tokens(tokenizer, probs, k):\n"
            "    order = torch.argsort(probs, descending=True)[:k]\n"
            "    return [(tokenizer.decode(i), float(probs[i])) for i in order]"
        ),
        "zero_dimensional_tensors": (
            "def top_tokens(tokenizer, probs, k):\n"
            "    return [[tokenizer.decode([i]), p] for p, i in zip(*probs.topk(k))]"
        ),
        "ties_the_other_way_round": (
            "def top_tokens(tokenizer, probs, k):\n"
            "    order = sorted(range(len(probs)), key=lambda i: (-probs[i].item(), -i))\n"
            "    return [(tokenizer.decode([i]), probs[i].item()) for i in order[:k]]"
        ),
    },
    "greedy_decode": {
        "with_a_cache": (
            "def greedy_decode(model, input_ids, max_length):\n"
            "    ids, new, past = input_ids, input_ids, None\n"
            "    with torch.no_grad():\n"
            "        for _ in range(max_length - input_ids.shape[1]):\n"
            "            out = model(new, past_key_values=past, use_cache=True)\n"
            "            past = out.past_key_values\n"
            "            new = out.logits[:, -1].argmax(-1, keepdim=True)\n"
            "            ids = torch.cat((ids, new), dim=-1)\n"
            "            if new.item() == model.config.eos_token_id:\n"
            "                return ids\n"
            "    return ids"
        ),
        "recursive": (
            "def greedy_decode(model, input_ids, max_length):\n"
            "    if input_ids.shape[1] >= max_length:\n"
            "        return input_ids\n"
            "    new = next_token_probs(model, input_ids).topk(1).indices[None]\n"
            "    longer = torch.hstack([input_ids, new])\n"
            "    if new == model.config.eos_token_id:\n"
            "        return longer\n"
            "    return greedy_decode(model, longer, max_length)"
        ),
        "preallocated": (
            "def greedy_decode(model, input_ids, max_length):\n"
            "    n = input_ids.size(1)\n"
            "    ids = torch.zeros((1, max_length), dtype=torch.long)\n"
            "    ids[:, :n] = input_ids\n"
            "    while n < max_length:\n"
            "        ids[0, n] = model(ids[:, :n]).logits[0, -1].argmax()\n"
            "        n += 1\n"
            "        if ids[0, n - 1] == model.config.eos_token_id:\n"
            "            break\n"
            "    return ids[:, :n]"
        ),
    },
    "generate_text": {
        "everything_named": (
            "def generate_text(tokenizer, model, prompt_text, max_length=128, **rest):\n"
            "    batch = tokenizer([prompt_text], return_tensors='pt')\n"
            "    out = model.generate(\n"
            "        inputs=batch['input_ids'], attention_mask=batch['attention_mask'],\n"
            "        max_length=max_length, pad_token_id=tokenizer.eos_token_id, **rest)\n"
            "    return tokenizer.decode(out[0].tolist(), clean_up_tokenization_spaces=True)"
        ),
        "seeded_and_loud": (
            "import sys\n"
            "def generate_text(tokenizer, model, prompt_text, **parameters):\n"
            "    torch.manual_seed(1)\n"
            "    print('...', file=sys.stderr)\n"
            "    ids = encode_prompt(tokenizer, prompt_text)\n"
            "    text = tokenizer.batch_decode(model.generate(ids, **parameters))[0]\n"
            "    return text"
        ),
        "none_as_the_neutral_value": (
            "def generate_text(tokenizer, model, prompt_text, **p):\n"
            "    neutral = {'top_k': 0, 'top_p': 1.0, 'temperature': 1.0,\n"
            "               'repetition_penalty': 1.0}\n"
            "    p = {k: neutral.get(k, v) if v is None else v for k, v in p.items()}\n"
            "    ids = tokenizer(prompt_text, return_tensors='pt').input_ids\n"
            "    return tokenizer.decode(model.generate(ids, **p)[0], skip_special_tokens=True)"
        ),
    },
}
