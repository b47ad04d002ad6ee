"""Mistakes that were once named wrongly: each gets its own sentence and hint, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from autograder.checking.check import run_check
from autograder.exercises.exercise import PACKAGED
from autograder.sandbox.student import LocalStudent

SAMPLE = """
def sample_decode(model, input_ids, max_length, *, repetition_penalty=1.0, temperature=1.0,
                  top_k=None, top_p=None, seed=0):
    generator = torch.Generator().manual_seed(seed)
    start, eos = input_ids.shape[1], model.config.eos_token_id
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        {penalty}
        logits = filter_top_k(apply_temperature(logits, temperature), top_k)
        logits = filter_top_p(logits, {top_p})
        new = torch.multinomial(logits.softmax(-1), 1, generator=generator)
        {end}
    return input_ids
"""
APPEND = "input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)"


def sampler(
    penalty: str = "logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)",
    top_p: str = "top_p",
    end: str = f"{APPEND}\n        if new.item() == eos:\n            break",
) -> str:
    return SAMPLE.format(penalty=penalty, top_p=top_p, end=end)


GREEDY = """
def greedy_decode(model, input_ids, max_length):
    while input_ids.shape[1] < max_length{less}:
        new = model(input_ids).logits[0, -1].argmax().view(1, 1)
        {end}
    return input_ids
"""
LEFT_OUT = f"if new.item() == model.config.eos_token_id:\n            break\n        {APPEND}"
FIXED_END = f"{APPEND}\n        if new.item() == 0:\n            break"
ON_PROBS = """probs = logits.softmax(-1)
        if repetition_penalty is not None:
            seen = input_ids[0].unique()
            probs[seen] = probs[seen] / repetition_penalty
        logits = torch.log(probs)"""
ON_LOG_PROBS = """logits = apply_repetition_penalty(
            logits.log_softmax(-1), input_ids, repetition_penalty
        )"""
BEAM_LEFT_OUT = """
def beam_search(model, input_ids, max_length, num_beams):
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        found = [beam for beam in beams if beam[2]]
        for score, ids, ended in beams:
            if ended:
                continue
            steps = model(ids).logits[0, -1].log_softmax(-1).tolist()
            for token, step in enumerate(steps):
                end = token == model.config.eos_token_id
                longer = ids if end else torch.cat([ids, torch.tensor([[token]])], dim=1)
                found.append((score + step, longer, end))
        beams = sorted(found, key=lambda beam: -beam[0])[:num_beams]
    return beams[0][1]
"""
LAST_MISSED = """
def repetition_rate(token_ids, n):
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n)]
    return 1 - len(set(ngrams)) / len(ngrams) if ngrams else 0.0
"""
BY_DISTINCT = """
def repetition_rate(token_ids, n):
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    distinct = len(set(ngrams))
    return (len(ngrams) - distinct) / distinct if ngrams else 0.0
"""
INVERTED = """
def filter_top_p(logits, p):
    if p is None:
        return logits
    ordered, order = logits.sort(descending=True)
    probs = ordered.softmax(-1)
    cut = torch.zeros(len(logits), dtype=torch.bool)
    cut[order] = probs.cumsum(-1) - probs >= 1 - p
    cut[order[0]] = False
    return logits.masked_fill(cut, float("-inf"))
"""
PENALTY_ON_PROBS = """
def apply_repetition_penalty(logits, input_ids, penalty):
    probs = logits.softmax(-1)
    if penalty is not None:
        probs[input_ids[0].unique()] /= penalty
    return probs
"""
USES_GENERATE = """
def beam_search(model, input_ids, max_length, num_beams):
    return model.generate(input_ids, max_length=max_length, num_beams=num_beams)
"""
USES_THE_TRANSFORMER = """
def beam_search(model, input_ids, max_length, num_beams):
    hidden = model.transformer(input_ids).last_hidden_state
    return model.lm_head(hidden).argmax(-1)
"""

# what is wrong: the function, and in both languages a part of the sentence and the whole hint
MISTAKES = {
    "greedy leaves the end token out": (
        GREEDY.format(less="", end=LEFT_OUT),
        ("denn das Endezeichen (eos), das den Text beendet, gehört noch dazu", "is part of it"),
        ("Hängen Sie das Endezeichen noch an, und beenden Sie die Schleife erst danach.",
         "Append the end token first, and leave the loop only after that."),
    ),
    "sampling leaves the end token out": (
        sampler(end=LEFT_OUT),
        ("denn das Endezeichen (eos), das den Text beendet, gehört noch dazu", "is part of it"),
        ("Hängen Sie das Endezeichen noch an, und beenden Sie die Schleife erst danach.",
         "Append the end token first, and leave the loop only after that."),
    ),
    "a beam leaves the end token out": (
        BEAM_LEFT_OUT,
        ("Erwartete Zahl der Tokens: 3. Erhalten: 2.", "Expected number of tokens: 3. Got: 2."),
        ("Das Endezeichen, mit dem ein Strahl fertig wird, gehört zu ihm.",
         "The end token that finishes a beam belongs to it."),
    ),
    "a token too few": (
        GREEDY.format(less=" - 1", end=FIXED_END.replace("== 0", "== model.config.eos_token_id")),
        ("Tokens: 20, denn ein Endezeichen kam nicht.", "since no end token came."),
        ("Die Schleife läuft, bis max_length Tokens beisammen sind; früher beendet sie nur ein "
         "erzeugtes model.config.eos_token_id.",
         "The loop runs until there are max_length tokens; only a generated "
         "model.config.eos_token_id ends it earlier."),
    ),
    "another token taken for the end token": (
        sampler(end=FIXED_END),
        ("denn ein Endezeichen kam nicht.", "since no end token came."),
        ("Die Schleife läuft, bis max_length Tokens beisammen sind; früher beendet sie nur ein "
         "erzeugtes model.config.eos_token_id.",
         "The loop runs until there are max_length tokens; only a generated "
         "model.config.eos_token_id ends it earlier."),
    ),
    "an end token of the prompt ends the text": (
        sampler(end=f"{APPEND}\n        if eos in input_ids[0].tolist():\n            break"),
        ("denn nach dem Prompt kam kein Endezeichen.", "since no end token came after the prompt"),
        ("Nur ein *erzeugtes* Endezeichen beendet den Text; eines im Prompt nicht.",
         "Only a *generated* end token ends the text; one in the prompt does not."),
    ),
    "the end token is never sampled": (
        sampler(penalty="logits[eos] = float('-inf')\n        logits = apply_repetition_penalty("
                "logits, input_ids, repetition_penalty)"),
        ("nicht mit den richtigen Wahrscheinlichkeiten", "not sampled with the right"),
        ("Hier wird das Endezeichen nie ausgelost. Es ist ein Token wie jedes andere; kommt es, "
         "endet der Text mit ihm.",
         "The end token is never sampled here. It is a token like any other; when it comes, the "
         "text ends with it."),
    ),
    "the last n-gram missed": (
        LAST_MISSED,
        ("Erwartet: 0.4. Erhalten: 0.25.", "Expected: 0.4. Got: 0.25."),
        ("Hier fehlt das letzte n-Gramm. Ein Text von T Tokens hat T - n + 1; "
         "range(len(token_ids) - n + 1) zählt alle.",
         "The last n-gram is missed here. A text of T tokens has T - n + 1 of them; "
         "range(len(token_ids) - n + 1) counts them all."),
    ),
    "divided by the distinct n-grams": (
        BY_DISTINCT,
        ("Erwartet: 0.4. Erhalten: 0.666667.", "Expected: 0.4. Got: 0.666667."),
        ("Geteilt wird durch die Zahl aller n-Gramme, nicht der verschiedenen.",
         "Divide by the number of all n-grams, not just the distinct ones."),
    ),
    "1 - p for p": (
        INVERTED,
        ("Das Token an Stelle 0 muss wegfallen.", "The token at index 0 must be dropped."),
        ("Hier wurde 1 - p für p genommen. Verglichen wird die Summe vom wahrscheinlichsten Token "
         "abwärts mit p selbst.",
         "1 - p is used for p here. Compare the sum from the most likely token downwards with p "
         "itself."),
    ),
    "1 - top_p for top_p": (
        sampler(top_p="None if top_p in (None, 1.0) else 1 - top_p"),
        ("ein Token, das die Einstellungen zulassen", "a token that the settings allow"),
        ("Hier wurde 1 - top_p für top_p genommen.", "1 - top_p is used for top_p here."),
    ),
    "a penalty on probabilities": (
        PENALTY_ON_PROBS,
        ("Erwartet: 1 an Stelle 0.", "Expected: 1 at index 0."),
        ("Hier wurden Wahrscheinlichkeiten geteilt. Die Strafe gilt den Logits; softmax kommt erst "
         "am Ende.",
         "Probabilities are divided here. Apply the penalty to the logits; softmax is applied at "
         "the very end."),
    ),
    "sampling with a penalty on probabilities": (
        sampler(penalty=ON_PROBS),
        ("nicht mit den richtigen Wahrscheinlichkeiten", "not sampled with the right"),
        ("Hier werden Wahrscheinlichkeiten durch die Strafe geteilt. Sie gilt den Logits, vor "
         "softmax.",
         "Probabilities are divided by the penalty here. Apply it to the logits, before softmax."),
    ),
    "sampling with a penalty on log-probabilities": (
        sampler(penalty=ON_LOG_PROBS),
        ("", ""),
        ("Hier werden logarithmierte Wahrscheinlichkeiten bestraft. Die Strafe gilt den Logits des "
         "Modells.",
         "Log-probabilities are penalised here. Apply the penalty to the logits of the model."),
    ),
    "generate on a table": (
        USES_GENERATE,
        ("model.generate ist hier nicht erlaubt: Rufen Sie model(input_ids) selbst auf, und wählen "
         "Sie jedes Token aus den Logits.",
         "model.generate is not allowed here: call model(input_ids) yourself, and choose each "
         "token from the logits."),
        None,
    ),
    "a part that a table has not": (
        USES_THE_TRANSFORMER,
        ("Das Modell dieses Falls ist nur eine Tabelle von Logits, transformer gibt es darin "
         "nicht. Benutzen Sie model(input_ids).logits.",
         "The model of this case is just a table of logits, without transformer. Use "
         "model(input_ids).logits."),
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_its_own_words(mistake: str, solved: Callable[..., dict[str, Any]]) -> None:
    source, sentences, hints = MISTAKES[mistake]
    name = source.split("(")[0].split()[-1]
    result = run_check(PACKAGED[name], LocalStudent(solved(**{name: source})))
    assert result.passed is False
    message = result.message
    assert message is not None
    assert sentences[0] in message.sentence.de, str(result)
    assert sentences[1] in message.sentence.en
    assert (message.hint and (message.hint.de, message.hint.en)) == hints, str(result)
