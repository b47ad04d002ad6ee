"""Correct solutions of `explore`, written differently from the reference."""

from collections import Counter

import torch

from autograder.exercises.known import correct


@correct()
def comprehension(tokenizer, model, prompt_text, settings):
    def entry(setting):
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        start = len(tokenizer(prompt_text).input_ids)
        grams = list(zip(*(ids[0, start + i :].tolist() for i in range(4))))
        return dict(
            text=text,
            repetition_rate=1 - len(set(grams)) / len(grams) if grams else 0,
            mean_log_prob=sequence_log_prob(model, ids, start) / (ids.shape[1] - start),
        )

    return [entry(setting) for setting in settings]


@correct()
def nothing_reused(tokenizer, model, prompt_text, settings):
    result = []
    for setting in settings:
        batch = tokenizer(prompt_text, return_tensors="pt")
        tokens = model.generate(**batch, **setting, pad_token_id=tokenizer.eos_token_id)
        text = tokenizer.decode(tokens[0], skip_special_tokens=False)
        ids = tokenizer(text, return_tensors="pt").input_ids
        with torch.no_grad():
            steps = model(ids).logits[0].log_softmax(-1)[:-1].gather(1, ids[0, 1:, None])[:, 0]
        start = batch.input_ids.shape[1]
        new = ids[0, start:].tolist()
        grams = Counter(tuple(new[i : i + 4]) for i in range(len(new) - 3))
        result.append(
            {
                "setting": setting,
                "text": text,
                "tokens": len(new),
                "repetition_rate": 1 - len(grams) / sum(grams.values()) if grams else 0,
                "mean_log_prob": steps[start - 1 :].mean(),
            }
        )
    return result


@correct()
def without_the_end_token(tokenizer, model, prompt_text, settings):
    result = []
    n = encode_prompt(tokenizer, prompt_text).size(1)
    for setting in settings:
        parameters = {key: value for key, value in setting.items()}
        ids = model.generate(tokenizer(prompt_text, return_tensors="pt").input_ids, **parameters)
        text = tokenizer.decode(ids[0], skip_special_tokens=True)
        if not text.startswith(prompt_text):
            text = prompt_text + text
        ids = encode_prompt(tokenizer, text)
        result.append({})
        result[-1]["text"] = text
        result[-1]["repetition_rate"] = repetition_rate(ids[0].tolist()[n:], n=4)
        result[-1]["mean_log_prob"] = sequence_log_prob(model, ids, n) / (len(ids[0]) - n)
    return result
