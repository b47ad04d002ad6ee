"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = (
    "def explore(tokenizer, model, prompt_text, settings):\n"
    "    start = encode_prompt(tokenizer, prompt_text).shape[1]\n"
    "    result = []\n"
    "    for setting in settings:\n"
)
_TEXT = "        text = generate_text(tokenizer, model, prompt_text, **setting)\n"
_IDS = "        ids = encode_prompt(tokenizer, text)\n        tokens = ids[0].tolist()\n"
_MEAN = "sequence_log_prob(model, ids, start) / max(len(tokens) - start, 1)"
_ENTRY = (
    "        result.append({'setting': setting, 'text': text,\n"
    "            'repetition_rate': repetition_rate(tokens, 4),\n"
    "            'distinct_2': 1 - repetition_rate(tokens, 2),\n"
    f"            'mean_log_prob': {_MEAN}}})\n"
)
_RETURN = "    return result"
_GOOD = _HEAD + _TEXT + _IDS + _ENTRY + _RETURN


def _instead(old: str, new: str) -> str:
    assert old in _GOOD
    return _GOOD.replace(old, new)


ANSWERS = {
    "settings_ignored": (
        _instead(
            "**setting)",
            "max_length=40, do_sample=False, repetition_penalty=None,\n"
            "            temperature=None, top_k=None, top_p=None)",
        ),
        1,
        "text",
    ),
    "first_setting_for_all": (_instead("**setting)", "**settings[0])"), 1, "text"),
    "only_the_last": (
        _instead("result.append({", "result = [{")
        .replace("}})\n", "}}]\n")
        .replace("1)})", "1)}]"),
        1,
        "length",
    ),
    "a_dictionary_of_lists": (
        _instead(_RETURN, "    return {key: [e[key] for e in result] for key in result[0]}"),
        1,
        "type",
    ),
    "prompt_left_out": (
        _instead(_TEXT, _TEXT + "        text = text[len(prompt_text):]\n"),
        1,
        "text",
    ),
    "setting_changed": (
        _HEAD
        + _TEXT
        + _IDS
        + "        setting['setting'] = dict(setting)\n        entry = setting\n"
        + _ENTRY.replace("result.append({'setting': setting, ", "entry.update({")
        + "        result.append(entry)\n"
        + _RETURN,
        1,
        "changed",
    ),
    "setting_in_words": (_instead("'setting': setting", "'setting': str(setting)"), 1, "value"),
    "setting_without_none": (
        _instead("'setting': setting", "'setting': {k: v for k, v in setting.items() if v}"),
        1,
        "value",
    ),
    "a_key_missing": (
        _instead("            'distinct_2': 1 - repetition_rate(tokens, 2),\n", ""),
        1,
        "key",
    ),
    "german_keys": (_instead("'repetition_rate'", "'wiederholung'"), 1, "key"),
    "repetition_of_pairs": (_instead("(tokens, 4)", "(tokens, 2)"), 1, "value"),
    "repetition_without_the_prompt": (_instead("(tokens, 4)", "(tokens[start:], 4)"), 1, "value"),
    "repetition_of_letters": (_instead("(tokens, 4)", "(list(text), 4)"), 1, "value"),
    "distinct_of_single_tokens": (
        _instead("1 - repetition_rate(tokens, 2)", "len(set(tokens)) / len(tokens)"),
        1,
        "value",
    ),
    "distinct_reversed": (
        _instead("1 - repetition_rate(tokens, 2)", "repetition_rate(tokens, 2)"),
        1,
        "value",
    ),
    "log_prob_summed": (_instead(" / max(len(tokens) - start, 1)", ""), 1, "value"),
    "log_prob_by_all_tokens": (_instead("max(len(tokens) - start, 1)", "len(tokens)"), 1, "value"),
    "log_prob_of_the_prompt_too": (
        _instead(_MEAN, "sequence_log_prob(model, ids, 1) / (len(tokens) - 1)"),
        1,
        "value",
    ),
    "probability": (_instead(_MEAN, "float(torch.tensor(" + _MEAN + ").exp())"), 1, "value"),
    "tokens_instead_of_text": (_instead("'text': text", "'text': tokens"), 1, "type"),
    "one_text_too_many": (_instead(_RETURN, "    return result + result[-1:]"), 1, "length"),
    "numbers_in_words": (
        _instead("repetition_rate(tokens, 4)", "f'{repetition_rate(tokens, 4):.2f}'"),
        1,
        "type",
    ),
}
