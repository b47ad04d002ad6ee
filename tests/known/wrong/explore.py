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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        result = [
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        ids = encode_prompt(tokenizer, text)
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text[len(prompt_text) :],
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        entry = setting
        entry.update(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
            }
        )
        result.append(entry)
    return result


@wrong(fails_case=1, kind="key", misconception="key")
def a_key_missing(tokenizer, model, prompt_text, settings):
    """Leaves out `mean_log_prob`."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "wiederholung": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 2),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['repetition_rate']")
def repetition_of_the_prompt_too(tokenizer, model, prompt_text, settings):
    """Measures repetition in the whole text, not in the new tokens only."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(ids[0].tolist(), 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(list(text), 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / ids.shape[1],
            }
        )
    return result


@wrong(fails_case=1, kind="value", misconception="value:['mean_log_prob']")
def log_prob_of_the_prompt_too(tokenizer, model, prompt_text, settings):
    """Includes the tokens of the prompt in the mean."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, 1) / (ids.shape[1] - 1),
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
        new = ids[0, start:].tolist()
        mean = sequence_log_prob(model, ids, start) / len(new)
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": ids[0].tolist(),
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
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
        new = ids[0, start:].tolist()
        result.append(
            {
                "text": text,
                "repetition_rate": f"{repetition_rate(new, 4):.2f}",
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
            }
        )
    return result


@wrong(fails_case=1, kind="uncounted", misconception="uncounted")
def tensor_measured(tokenizer, model, prompt_text, settings):
    """Passes a tensor of tokens where a list is expected."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    result = []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        new = ids[0, start:]
        result.append(
            {
                "text": text,
                "repetition_rate": repetition_rate(new, 4),
                "mean_log_prob": sequence_log_prob(model, ids, start) / len(new),
            }
        )
    return result


@wrong(fails_case=1, kind="same_entries", misconception="same_entries")
def one_dictionary_for_all(tokenizer, model, prompt_text, settings):
    """Appends the same dictionary in every round, so all entries are the last."""
    start = encode_prompt(tokenizer, prompt_text).shape[1]
    entry, result = {}, []
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        new = ids[0, start:].tolist()
        entry["text"] = text
        entry["repetition_rate"] = repetition_rate(new, 4)
        entry["mean_log_prob"] = sequence_log_prob(model, ids, start) / len(new)
        result.append(entry)
    return result
