"""Wrong solutions of `explore`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="same_texts", misconception="same_texts")
def settings_ignored(tokenizer, model, prompt_text, settings):
    """Generates every text greedily, whatever the setting says."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(
            tokenizer,
            model,
            prompt_text,
            max_length=40,
            do_sample=False,
            repetition_penalty=None,
            temperature=None,
            top_k=None,
            top_p=None,
        )
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="same_texts", misconception="same_texts")
def first_setting_for_all(tokenizer, model, prompt_text, settings):
    """Uses the first setting for every text."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **settings[0])
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="length", misconception="length")
def only_the_last(tokenizer, model, prompt_text, settings):
    """Starts a new list in every round, so only the last entry is left."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result = [
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        ]
    return result


@wrong(fails_case=1, kind="type", misconception="type")
def a_dictionary_of_lists(tokenizer, model, prompt_text, settings):
    """Returns one dictionary of lists instead of a list of dictionaries."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return {key: [e[key] for e in result] for key in result[0]}


@wrong(fails_case=1, kind="no_prompt", misconception="no_prompt")
def prompt_left_out(tokenizer, model, prompt_text, settings):
    """Cuts the prompt off the text."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        text = text[len(prompt_text) :]
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="changed", misconception="changed")
def setting_changed(tokenizer, model, prompt_text, settings):
    """Writes the results into the caller's settings."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        setting["setting"] = dict(setting)
        entry = setting
        entry.update(
            {
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
        result.append(entry)
    return result


@wrong(fails_case=1, kind="value", misconception="value:['setting']")
def setting_in_words(tokenizer, model, prompt_text, settings):
    """Stores the setting as a string."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": str(setting),
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['setting']")
def setting_without_none(tokenizer, model, prompt_text, settings):
    """Leaves out the parameters of a setting that are `None`, zero or false."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": {k: v for k, v in setting.items() if v},
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="key", misconception="key")
def a_key_missing(tokenizer, model, prompt_text, settings):
    """Leaves out `distinct_2`."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="key", misconception="key")
def german_keys(tokenizer, model, prompt_text, settings):
    """Uses a German key in place of `repetition_rate`."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "wiederholung": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['repetition_rate']")
def repetition_of_pairs(tokenizer, model, prompt_text, settings):
    """Measures repeated 2-grams instead of 4-grams."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 2),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['repetition_rate']")
def repetition_without_the_prompt(tokenizer, model, prompt_text, settings):
    """Measures repetition in the new tokens only, not in the whole text."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens[start:], 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['repetition_rate']")
def repetition_of_letters(tokenizer, model, prompt_text, settings):
    """Measures repeated sequences of letters instead of tokens."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(list(text), 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['distinct_2']")
def distinct_of_single_tokens(tokenizer, model, prompt_text, settings):
    """Counts distinct tokens instead of distinct pairs."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": len(set(tokens)) / len(tokens),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['distinct_2']")
def distinct_reversed(tokenizer, model, prompt_text, settings):
    """Stores the share of repeated pairs where that of distinct ones is expected."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['mean_log_prob']")
def log_prob_summed(tokenizer, model, prompt_text, settings):
    """Stores the sum of the log-probabilities instead of their mean."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['mean_log_prob']")
def log_prob_by_all_tokens(tokenizer, model, prompt_text, settings):
    """Divides by the number of all tokens instead of the new ones."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(tokens),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['mean_log_prob']")
def log_prob_of_the_prompt_too(tokenizer, model, prompt_text, settings):
    """Includes the tokens of the prompt in the mean."""
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, 1) / (len(tokens) - 1),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['mean_log_prob']")
def probability(tokenizer, model, prompt_text, settings):
    """Stores a probability where a log-probability is expected."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        mean = sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1)
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": float(torch.tensor(mean).exp()),
            }
        )
    return result


@wrong(fails_case=1, kind="type", misconception="type")
def tokens_instead_of_text(tokenizer, model, prompt_text, settings):
    """Stores the token ids where the text is expected."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": tokens,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result


@wrong(fails_case=1, kind="length", misconception="length")
def one_text_too_many(tokenizer, model, prompt_text, settings):
    """Returns the last entry twice."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": repetition_rate(tokens, 4),
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result + result[-1:]


@wrong(fails_case=1, kind="type", misconception="type")
def numbers_in_words(tokenizer, model, prompt_text, settings):
    """Stores the repetition rate as a string."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        result.append(
            {
                "setting": setting,
                "text": text,
                "repetition_rate": f"{repetition_rate(tokens, 4):.2f}",
                "distinct_2": 1 - repetition_rate(tokens, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1),
            }
        )
    return result
