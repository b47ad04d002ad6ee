"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def beam_search(model, input_ids, max_length, num_beams):\n"
_START = "    beams = [(0.0, input_ids, False)]\n    start = input_ids.shape[1]\n"
_LOOP = "    for _ in range(max_length - input_ids.shape[1]):\n"
_CANDIDATES = (
    "        candidates = [b for b in beams if b[2]]\n"
    "        for score, ids, _ in [b for b in beams if not b[2]]:\n"
    "            step = model(ids).logits[0, -1].detach().log_softmax(-1)\n"
    "            for token in range(len(step)):\n"
    "                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)\n"
    "                ended = token == model.config.eos_token_id\n"
    "                candidates.append((score + step[token].item(), longer, ended))\n"
)
_KEEP = "        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]\n"
_RETURN = "    return beams[0][1]"
_GOOD = _HEAD + _START + _LOOP + _CANDIDATES + _KEEP + _RETURN


def _instead(old: str, new: str) -> str:
    assert old in _GOOD
    return _GOOD.replace(old, new)


ANSWERS = {
    "greedy": (_instead("[:num_beams]", "[:1]"), 1, "beam", "beam_as_greedy"),
    "one_beam_less": (
        _instead("[:num_beams]", "[:max(num_beams - 1, 1)]"),
        1,
        "beam",
        "beam_as_greedy",
    ),
    "one_beam_more": (_instead("[:num_beams]", "[:num_beams + 1]"), 2, "beam", "beam_wider"),
    "best_token_of_each_beam": (
        _instead("for token in range(len(step))", "for token in [step.argmax().item()]"),
        1,
        "beam",
        "beam_as_greedy",
    ),
    "the_least_likely": (_instead("-b[0]", "b[0]"), 1, "beam"),
    "the_last_beam": (_instead("beams[0][1]", "beams[-1][1]"), 1, "beam", "beam_as_greedy"),
    "only_the_last_step_counts": (_instead("score + step[token]", "step[token]"), 6, "beam"),
    "sums_of_logits": (_instead(".log_softmax(-1)", ""), 3, "beam", "beam_narrower"),
    "sums_of_probabilities": (_instead("log_softmax", "softmax"), 6, "beam", "beam_as_greedy"),
    "divided_by_the_length": (
        _instead("-b[0])", "-b[0] / max(b[1].shape[1] - start, 1))"),
        6,
        "beam",
        "beam_as_greedy",
    ),
    "ended_beams_dropped": (
        _instead("[b for b in beams if b[2]]", "[]").replace(
            "        candidates = []\n",
            "        candidates = []\n        if all(b[2] for b in beams):\n            break\n",
        ),
        6,
        "beam",
        "beam_as_greedy",
    ),
    "first_ended_wins": (
        _instead(
            _KEEP,
            _KEEP + "        done = [b for b in beams if b[2]]\n"
            "        if done:\n            return done[0][1]\n",
        ),
        7,
        "beam",
        "beam_first_ended",
    ),
    "ignores_eos": (
        _instead("ended = token == model.config.eos_token_id", "ended = False"),
        6,
        "after_eos",
    ),
    "eos_in_the_prompt_ends": (
        _instead(
            "(0.0, input_ids, False)",
            "(0.0, input_ids, model.config.eos_token_id in input_ids[0].tolist())",
        ),
        8,
        "too_short",
    ),
    "all_beams": (_instead("beams[0][1]", "torch.cat([b[1] for b in beams])"), 1, "shape"),
    "batch_dimension_lost": (_instead("beams[0][1]", "beams[0][1][0]"), 1, "shape"),
    "max_length_of_new_tokens": (
        _instead("range(max_length - input_ids.shape[1])", "range(max_length)"),
        1,
        "too_long",
    ),
    "one_too_few": (
        _instead("range(max_length - input_ids.shape[1])", "range(max_length - start - 1)"),
        1,
        "too_short",
    ),
    "model_generate": (
        _HEAD + "    return model.generate(input_ids, max_length=max_length, num_beams=num_beams)",
        1,
        "raised",
    ),
}
