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
        pairs = list(zip(ids[0].tolist(), ids[0].tolist()[1:]))
        return dict(
            setting=dict(setting),
            text=text,
            repetition_rate=repetition_rate(ids[0].tolist(), 4),
            distinct_2=len(set(pairs)) / len(pairs),
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
        grams = {n: Counter(map(tuple, ids[0].unfold(0, n, 1).tolist())) for n in (2, 4)}
        new = steps[batch.input_ids.shape[1] - 1 :]
        result.append(
            {
                "setting": setting,
                "text": text,
                "tokens": len(ids[0]),
                "repetition_rate": 1 - len(grams[4]) / sum(grams[4].values()),
                "distinct_2": len(grams[2]) / sum(grams[2].values()),
                "mean_log_prob": new.mean(),
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
        result[-1]["setting"] = setting
        result[-1]["text"] = text
        result[-1]["repetition_rate"] = repetition_rate(ids[0].tolist(), n=4)
        result[-1]["distinct_2"] = 1.0 - repetition_rate(ids[0].tolist(), n=2)
        result[-1]["mean_log_prob"] = sequence_log_prob(model, ids, n) / (len(ids[0]) - n)
    return result
