"""The notebook's sentences about its own outputs, checked against these outputs.

Each `Claim` is a sentence of both editions and what must hold for it. The display cells run once,
with the reference solutions.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import torch
from support.notebooks import A7_2, EXERCISES, ROOT, SOURCE
from support.story import Claim, Shown, execute, run
from transformers import GenerationConfig

from autograder.notebooks.cells import metadata_of, read_notebook
from autograder.notebooks.display import is_display_only
from kischule.decoding import STAGES, Setting, apply_temperature
from kischule.errors import PromptError
from kischule.generation import generate_texts
from kischule.i18n import LANGUAGE_VARIABLE
from kischule.laboratory.snapshot import take_snapshots
from kischule.measures import entropy, repetition_rate, token_log_probs

EDITIONS = {"de": SOURCE, "en": ROOT / "source" / "a7_2_en" / "A7_2.ipynb"}
RELEASES = [ROOT / "release" / path.relative_to(ROOT / "source") for path in EDITIONS.values()]
NOTEBOOKS = [*EDITIONS.values(), *RELEASES]
MAX_WORDS = 120  # of an exercise's text
MAX_CELL_S = 3.0  # of a display cell


@cache
def cells(language: str) -> dict[str, Any]:
    return {cell.id: cell for cell in read_notebook(EDITIONS[language]).cells}


@pytest.fixture(
    scope="module", params=["de", pytest.param("en", marks=pytest.mark.slow)], ids=["de", "en"]
)
def shown(request: pytest.FixtureRequest) -> Iterator[dict[str, Shown]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LANGUAGE_VARIABLE, request.param)
        yield run(cells(request.param))


# --- what the sentences claim ---------------------------------------------------------------------


def _the_size_of_mini(shown: dict[str, Shown]) -> bool:
    model = shown["load_model"].names.model
    millions, gigabytes = model.num_parameters() / 1e6, model.get_memory_footprint() / 1e9
    size = round(millions, 1), model.config.n_layer, model.config.n_embd, round(gigabytes, 2)
    return size == (2.6, 4, 192, 0.01)


def _space_is_a_token(shown: dict[str, Shown]) -> bool:
    return shown["show_tokens"].lines[-1].endswith("' '")


def _whole_words_without_the_space(shown: dict[str, Shown]) -> bool:
    texts = re.findall(r"%  ['\"](.)", shown["try_top_tokens"].text)  # their first characters
    with_space, without = texts[:5], texts[5:]
    return " " not in with_space and without.count(" ") >= 4


def _greedy_begins_like_a_tale(shown: dict[str, Shown]) -> bool:
    names = shown["show_greedy"].names
    text = names.tokenizer.decode(names.tokens[0])
    return bool(text.startswith("There was once a poor woman, who had a little boy called"))


def _greedy_repeats_itself(shown: dict[str, Shown]) -> bool:
    """The observation that is asked for can be made."""
    return repetition_rate(shown["show_greedy"].names.tokens[0].tolist(), 4) > 0.5


def _the_window_ends(shown: dict[str, Shown]) -> bool:
    model = shown["load_model"].names.model
    with torch.no_grad():
        model(torch.ones(1, 256, dtype=torch.long))
        with pytest.raises(PromptError, match=r"257.*256"):
            model(torch.ones(1, 257, dtype=torch.long))
    return bool(model.config.max_position_embeddings == 256)


def _only_the_penalty_invents_words(shown: dict[str, Shown]) -> bool:
    plain, penalised = shown["show_generate"].text.split("repetition_penalty = 3.0")
    return "belongtlesomeness" in penalised and "belongtlesomeness" not in plain


def _sampled_texts_do_not_repeat(shown: dict[str, Shown]) -> bool:
    names = shown["show_sampling"].names
    rates = [repetition_rate(names.tokenizer(text).input_ids, 4) for text in names.texts]
    return len(set(names.texts)) == 3 and max(rates) < 0.05


def _says_that_the_cow_is_wet(shown: dict[str, Shown]) -> bool:
    return "I will kill you, cow and wind your cow is wet" in shown["show_sampling"].names.texts[1]


def _dark_tokens_were_drawn(shown: dict[str, Shown]) -> bool:
    names = shown["show_sampling"].names
    ids = names.tokenizer(names.texts[1], return_tensors="pt").input_ids
    return int((token_log_probs(names.model, ids)[5:].exp() < 0.01).sum()) >= 3


def _next_probs(shown: dict[str, Shown], prompt: str) -> torch.Tensor:
    """Of the next token, the largest first."""
    names = shown["load_model"].names
    ids = names.tokenizer(prompt, return_tensors="pt").input_ids
    with torch.no_grad():
        return names.model(ids).logits[0, -1].softmax(-1).sort(descending=True).values


def _the_tail_of_the_old_king(shown: dict[str, Shown]) -> bool:
    probs = _next_probs(shown, "The old king")
    head, tail = float(probs[:100].sum()), probs[100:]
    assert float(tail.max()) < 0.002  # each of them almost impossible
    return (round(head, 2), len(tail), round(float(tail.sum()), 2)) == (0.82, 3996, 0.18)


def _limits_are_greedy(shown: dict[str, Shown]) -> bool:
    names = shown["load_model"].names
    texts = [{"do_sample": True, "temperature": 1e-4}, {"do_sample": True, "top_k": 1}, {}]
    texts = [text | {"max_length": 20} for text in texts]
    cold, one, greedy = generate_texts(names.tokenizer, names.model, "The old king", texts)
    hot = apply_temperature(_next_probs(shown, "The old king").log(), 1e6).softmax(-1)
    return cold == one == greedy and bool(hot.allclose(torch.tensor(1 / 4096), rtol=1e-3))


def _kept_tokens_are_scaled_up(shown: dict[str, Shown]) -> bool:
    before, after = (shown["show_example"].value.steps[n].softmax(-1) for n in ("model", "top_p"))
    return bool((before > 0).all()) and (after > 0).tolist() == [True, True, True, False, False]


def _the_laboratory_shows_each_step(shown: dict[str, Shown]) -> bool:
    """From left to right, and the arrow at the sampled token."""
    lab = shown["show_lab"].value
    own, table = lab.views[0].shown, lab.views[0].shown.table()
    heads = re.findall(r"<th .*?>(.*?)<br>", table)
    assert [head.replace("<wbr>", "") for head in heads[1:]] == list(STAGES)[1:]
    first_row = 2  # after the table's beginning and its head
    row = table.split("<tr")[first_row + own.rows.index(own.texts[own.prompt_length])]
    return "◀" in row and own.setting.do_sample


def _the_laboratory_compares_with_greedy(shown: dict[str, Shown]) -> bool:
    lab = shown["show_lab"].value
    lab.as_code.value = lab.compare.value = True
    own, greedy = lab.snapshots
    assert lab.code.value.count("model.generate(") == 2
    return own.seed == greedy.seed and own.setting.do_sample and not greedy.setting.do_sample


def _the_laboratory_has_all_three(shown: dict[str, Shown]) -> bool:
    """A text that goes round in circles, one that raves, and one for a reader."""
    names, prompt = shown["load_model"].names, shown["show_lab"].value.snapshots[0].prompt_text
    settings = [Setting(), Setting(None, True, 2.0), Setting(None, True, 0.8, None, 0.9)]
    circles, raves, reads = take_snapshots(names.tokenizer, names.model, prompt, settings)
    rates = [repetition_rate(list(shot.ids), 4) for shot in (circles, raves, reads)]
    assert rates[0] > 0.4
    assert rates[1:] == [0, 0]
    means = [fmean(map(math.log, shot.probs)) for shot in (raves, reads)]
    return means[0] < -6 and means[1] > -2


def _rows(shown: dict[str, Shown]) -> dict[str, list[str]]:
    """The table of the five words: word -> its row, with decimal points."""
    lines = repr(shown["show_example"].value).replace(",", ".").replace(" %", "%").splitlines()
    rows = [line.split(" | ") for line in lines[1:]]
    return {row[0][2:-1]: row[1:] for row in rows}


def _the_table_of_five_words(shown: dict[str, Shown]) -> bool:
    wolf, king, forest, castle = (_rows(shown)[w] for w in ("wolf", "king", "forest", "castle"))
    assert [wolf[i] for i in (3, 6)] == ["65.7%", "66.5%"]
    assert (king[0], king[1], king[4]) == ("3.00", "1.50", "89.9%")
    assert forest[5] != castle[5]
    assert float(forest[4][:-1]) >= 95
    steps = shown["show_example"].value.steps
    model, penalty = steps["model"].softmax(-1), steps["repetition_penalty"].softmax(-1)
    assert (round(float(model[1]), 3), round(float(penalty[0]), 3)) == (0.636, 0.470)
    assert [int(x.isfinite().sum()) for x in (steps["top_k"], steps["top_p"])] == [4, 3]
    assert steps["temperature"].equal(2 * steps["repetition_penalty"])
    return abs(int(wolf[7]) / 1000 - 2 / 3) < 0.03


def _own_steps_are_those_of_the_table(shown: dict[str, Shown]) -> bool:
    names, steps = shown["show_draws"].names, shown["show_example"].value.steps
    own = [names.after_penalty, names.after_temperature, names.after_top_k, names.after_top_p]
    return all(map(torch.equal, own, list(steps.values())[1:]))


def _the_sign_matters(shown: dict[str, Shown]) -> bool:
    names = shown["show_penalty_step"].names
    divided = names.five.clone()
    divided[[1, 4]] /= 2
    each = [logits.softmax(-1)[4] for logits in (names.five, divided, names.after_penalty)]
    return [round(float(p), 3) for p in each] == [0.012, 0.037, 0.009]


def _extreme_temperatures(shown: dict[str, Shown]) -> bool:
    lines = shown["try_apply_temperature"].lines
    cold, hot = ([float(p) for p in re.findall(r"([\d.]+)%", lines[i])] for i in (0, -1))
    return cold[0] == 99.3 and round(min(hot)) == 15 and round(max(hot)) == 23


def _entropy_of_equal_tokens(shown: dict[str, Shown]) -> bool:
    size = len(shown["load_model"].names.tokenizer)
    return size == 4096 and round(float(entropy(torch.full((size,), 1 / size))), 1) == 8.3


def _filters_on_two_prompts(shown: dict[str, Shown]) -> bool:
    kept = [int(line.split(":")[1].split()[0]) for line in shown["try_filter_top_p"].lines]
    missing = 1 - float(_next_probs(shown, "The old king")[:50].sum())
    return kept == [3, 204] and 50 - kept[0] == 47 and round(missing, 3) == 0.286


def _draws_follow_the_probabilities(shown: dict[str, Shown]) -> bool:
    counts = [int(line.split()[0].split("-")[0]) for line in shown["show_draws"].lines]
    near = [abs(n - p) < 40 for n, p in zip(counts, (665, 245, 90), strict=False)]
    return all(near) and counts[3:] == [0, 0]


def _only_an_explicit_none_is_off(shown: dict[str, Shown]) -> bool:
    """Tokens beyond the 50 most likely are drawn only if None is in the call."""
    names = shown["load_model"].names
    ids = names.tokenizer("The old king", return_tensors="pt").input_ids
    with torch.no_grad():
        top = names.model(ids).logits[0, -1].topk(50).indices
    many = {"do_sample": True, "max_length": ids.shape[1] + 1}
    ways = [
        {"top_k": None, **many},
        many,
        {"generation_config": GenerationConfig(top_k=None, **many)},
    ]
    torch.manual_seed(0)
    drawn = [names.model.generate(ids.repeat(200, 1), **way)[:, -1] for way in ways]
    return [bool(torch.isin(tokens, top).all()) for tokens in drawn] == [False, True, True]


SURVEYS = ("greedy_2", "sampling", "prompt", "endoftext")


def _entries(shown: dict[str, Shown], name: str) -> list[Any]:
    names = shown[f"try_observation_{name}"].names
    return [names.entry] if name == "endoftext" else names.entries


def _likelihoods(shown: dict[str, Shown], entry: Any) -> list[float]:
    """Mean log-probability of each text's new tokens."""
    names = shown["load_model"].names
    each = [names.tokenizer(text, return_tensors="pt").input_ids for text in entry["texts"]]
    length = names.tokenizer("The old king", return_tensors="pt").input_ids.shape[1]
    return [float(token_log_probs(names.model, ids)[length - 1 :].mean()) for ids in each]


def _a_seed_may_show_the_opposite(shown: dict[str, Shown]) -> bool:
    with_cut, without = (_likelihoods(shown, _of_the_grid(shown, 0.8, p)) for p in (0.9, None))
    better = [a > b for a, b in zip(with_cut, without, strict=True)]
    return fmean(with_cut) > fmean(without) and any(better) and not all(better)


def _greedy_share(shown: dict[str, Shown], entry: Any) -> float:
    """Share of new tokens that are the most likely ones, as all of a greedy text are."""
    names = shown["load_model"].names
    shares = []
    for text in entry["texts"]:
        ids = names.tokenizer(text, return_tensors="pt").input_ids
        with torch.no_grad():
            most_likely = names.model(ids).logits[0, :-1].argmax(-1)
        length = names.tokenizer("The old king", return_tensors="pt").input_ids.shape[1]
        shares.append(float((most_likely == ids[0, 1:])[length - 1 :].float().mean()))
    return fmean(shares)


def _cold_texts_resemble_greedy_ones(shown: dict[str, Shown]) -> bool:
    alike = {
        (e["setting"]["temperature"], e["setting"]["top_p"])
        for e in _entries(shown, "sampling")
        if _greedy_share(shown, e) > 2 / 3
    }
    return alike == {(0.3, 0.5), (0.3, 0.9), (0.3, None), (0.8, 0.5)}


def _greedy_texts_grow_surer(shown: dict[str, Shown]) -> bool:
    """The last quarter of the tokens is more likely than the first: it has been said before."""
    names = shown["show_greedy"].names
    probs = token_log_probs(names.model, names.tokens).exp()[names.prompt_ids.shape[1] - 1 :]
    quarter = len(probs) // 4
    return bool(probs[-quarter:].mean() > 1.2 * probs[:quarter].mean())


def _numbers_tell_a_loop_and_raving(shown: dict[str, Shown]) -> bool:
    names = shown["try_explore"].names
    torch.manual_seed(1)
    entries = names.explore(names.tokenizer, names.model, names.prompt_text, names.settings)
    loops, reads, raves = entries
    return bool(
        loops["repetition_rate"] > 0.1 > reads["repetition_rate"]
        and loops["mean_log_prob"] > reads["mean_log_prob"] > -3 > raves["mean_log_prob"]
    )


def _twelve_openings(shown: dict[str, Shown]) -> bool:
    names = shown["try_observation_greedy_2"].names
    return len(set(names.openings)) == len(names.entries[0]["texts"]) == 12


def _twelve_texts_each_hardly_one_shorter(shown: dict[str, Shown]) -> bool:
    """Hardly any of them ends before its last new token."""
    texts = [e["texts"] for name in SURVEYS for e in _entries(shown, name)]
    ended = [text for each in texts for text in each if "<|endoftext|>" in text[1:]]
    return {len(each) for each in texts} == {12} and len(ended) <= 0.01 * 12 * len(texts)


def _first_mean_and_spread(shown: dict[str, Shown]) -> bool:
    entry = _entries(shown, "greedy_2")[0]
    mean, spread = entry["repetition_rate"], entry["spread"]["repetition_rate"]
    return (round(mean, 2), round(spread, 2)) == (0.17, 0.12)


def _the_price_of_the_penalty(shown: dict[str, Shown]) -> bool:
    entries = _entries(shown, "greedy_2")
    assert [e["setting"]["repetition_penalty"] for e in entries] == [None, 1.2, 1.5, 3.0]
    assert all(e["repetition_rate"] < 0.01 for e in entries[1:])
    return [round(e["mean_log_prob"], 2) for e in entries] == [-1.06, -1.28, -1.72, -2.05]


def _of_the_grid(shown: dict[str, Shown], temperature: float, top_p: float | None) -> Any:
    (found,) = (
        e
        for e in _entries(shown, "sampling")
        if (e["setting"]["temperature"], e["setting"]["top_p"]) == (temperature, top_p)
    )
    return found


def _hot_texts_are_unlikely(shown: dict[str, Shown]) -> bool:
    return bool(_of_the_grid(shown, 1.5, None)["mean_log_prob"] < -5)


def _good_texts_are_not(shown: dict[str, Shown]) -> bool:
    entry = _of_the_grid(shown, 0.8, 0.9)
    assert entry["distinct_2"] > 0.95
    return round(entry["repetition_rate"], 2) == 0 and round(entry["mean_log_prob"]) == -2


def _longer_prompts_keep_jack(shown: dict[str, Shown]) -> bool:
    lines = shown["try_observation_prompt"].lines
    lengths, counts = zip(
        *([int(n) for n in re.findall(r"\d+", x)[:2]] for x in lines), strict=True
    )
    return list(lengths) == sorted(set(lengths)) and counts == (0, 0, 6, 8)


def _texts_begin_as_tales_do(shown: dict[str, Shown]) -> bool:
    (entry,) = _entries(shown, "endoftext")
    begins = [text.removeprefix("<|endoftext|>").upper() for text in entry["texts"]]
    tales = [text.startswith(("ONCE UPON", "THERE W", "IN THE", "A KING")) for text in begins]
    assert any(text.startswith("ONCE UPON A TIME THERE LIVED A KING") for text in begins)
    return sum(tales) >= 9 and len(set(begins)) == 12


CLAIMS = [
    Claim(
        "model_family",
        "| `mini` | 2,6 Mio. | 4 | 192 | 0,01 GB |",
        "| `mini` | 2.6 M | 4 | 192 | 0.01 GB |",
        _the_size_of_mini,
    ),
    Claim(
        "about_next_token_probs",
        "Das Leerzeichen am Ende des Prompts ist ein Token für sich.",
        "the space at the end of the prompt is a separate token.",
        _space_is_a_token,
    ),
    Claim(
        "about_greedy_decode_2",
        "muss das Modell ein Wort *ohne* Leerzeichen davor fortsetzen und rät herum; ohne das "
        "Leerzeichen schlägt es ganze Wörter vor.",
        "the model has to continue with a word that does *not* start with a space, and can only "
        "guess. Without it, the model suggests whole words.",
        _whole_words_without_the_space,
    ),
    Claim(
        "greedy",
        "ein längerer Text bricht mit einem Fehler ab, der das sagt.",
        "a longer text stops with an error that says so.",
        _the_window_ends,
    ),
    Claim(
        "why_greedy_disappoints",
        "Der Anfang liest sich wie ein Märchen.",
        "The beginning reads like a fairy tale.",
        _greedy_begins_like_a_tale,
    ),
    Claim(
        "why_greedy_disappoints",
        "notieren Sie, was Ihnen auffällt",
        "note down what strikes you",
        _greedy_repeats_itself,
    ),
    Claim(
        "about_tail",
        "Jeder Text ist anders, und keiner tritt auf der Stelle.",
        "Every text is different, and none of them goes round in circles.",
        _sampled_texts_do_not_repeat,
    ),
    Claim(
        "about_tail",
        "„I will kill you, cow and wind your cow is wet“",
        '"I will kill you, cow and wind your cow is wet"',
        _says_that_the_cow_is_wet,
    ),
    Claim(
        "about_tail",
        "an den dunklen Tokens, denen das Modell selbst kaum eine Chance gab",
        "at the dark tokens, to which the model itself gave hardly any chance",
        _dark_tokens_were_drawn,
    ),
    Claim(
        "about_tail_2",
        "haben die 100 wahrscheinlichsten Tokens zusammen 82 %. Die übrigen 3996 bilden den "
        "**Schwanz** der Verteilung: Jedes einzelne ist fast unmöglich, zusammen kommen sie auf "
        "18 %",
        "the 100 most likely tokens have 82% together. The other 3996 form the **tail** of the "
        "distribution: each of them is almost impossible, but together they have 18%",
        _the_tail_of_the_old_king,
    ),
    Claim(
        "parameters",
        "so wird der Rest wieder auf 100 % gebracht.",
        "the rest is rescaled to 100%.",
        _kept_tokens_are_scaled_up,
    ),
    Claim(
        "about_lab",
        "Die Tabelle zeigt von links nach rechts, was jeder Schritt aus den Wahrscheinlichkeiten "
        "des nächsten Tokens macht; der Pfeil zeigt auf das Token, das der `seed` auslost.",
        "The table shows, from left to right, how each step changes the probabilities of the next "
        "token. The arrow points to the token sampled with the current `seed`.",
        _the_laboratory_shows_each_step,
    ),
    Claim(
        "about_lab",
        "*Vergleichen* stellt eine zweite Einstellung mit demselben `seed` daneben, zuerst greedy; "
        "*als Code* zeigt die Aufrufe",
        "*compare* puts a second setting with the same `seed` beside yours, at first greedy "
        "decoding; *as code* shows the calls",
        _the_laboratory_compares_with_greedy,
    ),
    Claim(
        "about_lab",
        "Suchen Sie drei Einstellungen",
        "Find three settings",
        _the_laboratory_has_all_three,
    ),
    Claim(
        "parameters",
        "Geht `temperature` gegen 0, bleibt nur das wahrscheinlichste Token, also greedy; "
        "`top_k = 1` tut dasselbe. Wird `temperature` sehr groß, sind alle Tokens gleich "
        "wahrscheinlich.",
        "as `temperature` approaches 0, only the most likely token is left, which is greedy "
        "decoding; `top_k = 1` does the same. If `temperature` becomes very large, all tokens are "
        "equally likely.",
        _limits_are_greedy,
    ),
    Claim(
        "about_example_2",
        "*king* führt zunächst mit 63,6 %. Die Strafe macht aus seinem Logit 3 eine 1,5; nun führt "
        "*wolf* mit 47,0 %.",
        "*king* leads at first, with 63.6%. The penalty turns its logit of 3 into 1.5; now *wolf* "
        "leads with 47.0%.",
        _the_table_of_five_words,
    ),
    Claim(
        "about_example_2",
        "*wolf* steigt auf 65,7 %. `top_k = 4` streicht *saw*. *wolf* und *king* haben zusammen "
        "89,9 %, das ist noch keine 0,95; erst *forest* bringt die Summe darüber. *forest* bleibt "
        "also, *castle* fällt weg. Der Rest wird auf 100 % gebracht: *wolf* hat jetzt 66,5 % und "
        "wird in rund zwei Dritteln der Fälle gezogen.",
        "*wolf* rises to 65.7%. `top_k = 4` drops *saw*. *wolf* and *king* have 89.9% together, "
        "which is not 0.95 yet; only *forest* takes the sum past it. So *forest* stays and "
        "*castle* is dropped. The rest is rescaled to 100%: *wolf* now has 66.5% and is "
        "drawn about two times in three.",
        _the_table_of_five_words,
    ),
    Claim(
        "about_example_2",
        "gerechnet mit *Ihrer* Funktion. Vergleichen Sie mit der Tabelle.",
        "computed by *your* function. Compare them with the table.",
        _own_steps_are_those_of_the_table,
    ),
    Claim(
        "about_sign",
        "*saw* käme von 1,2 % auf 3,7 %, und die Strafe wäre eine Belohnung. Multipliziert wird "
        "daraus −2, und *saw* sinkt auf 0,9 %.",
        "*saw* would go from 1.2% to 3.7%, and the penalty would be a reward. Multiplied, it "
        "becomes −2, and *saw* drops to 0.9%.",
        _the_sign_matters,
    ),
    Claim(
        "about_entropy",
        "Bei 0,1 hat *wolf* 99,3 %: So wird Auslosen zu greedy. Bei 10 liegen alle fünf Wörter "
        "zwischen 15 % und 23 %",
        "At 0.1, *wolf* has 99.3%: this is how sampling becomes greedy decoding. At 10, all five "
        "words have between 15% and 23%",
        _extreme_temperatures,
    ),
    Claim(
        "about_entropy",
        "bei 4096 gleich wahrscheinlichen Tokens 8,3",
        "8.3 for 4096 equally likely tokens",
        _entropy_of_equal_tokens,
    ),
    Claim(
        "about_ranks",
        "`top_p = 0.9` behält 3 Tokens. Nach dem zweiten ist vieles möglich, und es behält 204. "
        "`top_k = 50` behält beide Male 50: dort 47 zu viel, hier fehlen 28,6 % der "
        "Wahrscheinlichkeit.",
        "`top_p = 0.9` keeps 3 tokens. After the second, much is possible, and it keeps 204. "
        "`top_k = 50` keeps 50 both times: 47 too many there, while here 28.6% of the probability "
        "is missing.",
        _filters_on_two_prompts,
    ),
    Claim(
        "about_draws",
        "Die Zahlen folgen den Wahrscheinlichkeiten 66,5 %, 24,5 % und 9,0 %, und was wegfiel, "
        "kommt nie.",
        "the counts follow the probabilities 66.5%, 24.5% and 9.0%, and what was cut off never "
        "appears.",
        _draws_follow_the_probabilities,
    ),
    Claim(
        "about_generate",
        "Lassen Sie es weg, oder steht das `None` in einer `GenerationConfig`, so gilt die "
        "Voreinstellung von transformers: 50.",
        "If you omit it, or put the `None` in a `GenerationConfig`, the transformers default of 50 "
        "applies.",
        _only_an_explicit_none_is_off,
    ),
    Claim(
        "exploration",
        "Der nächste `seed` kann das Gegenteil zeigen.",
        "the next `seed` may show the opposite",
        _a_seed_may_show_the_opposite,
    ),
    Claim(
        "about_show_generate",
        "Das Modell weicht aus und erfindet Wörter wie *belongtlesomeness*.",
        "the model evades them and invents words such as *belongtlesomeness*.",
        _only_the_penalty_invents_words,
    ),
    Claim(
        "about_explore",
        "Welcher Text dreht sich im Kreis, welcher redet wirr, und welchen Zahlen sehen Sie das "
        "an?",
        "Which text goes round in circles, which one raves, and which numbers tell you so?",
        _numbers_tell_a_loop_and_raving,
    ),
    Claim(
        "about_observation_greedy",
        "Mittel und Streuung (die Standardabweichung): „0,17 ± 0,12“.",
        'the mean and the spread (the standard deviation) of each measure: "0.17 ± 0.12".',
        _first_mean_and_spread,
    ),
    Claim(
        "about_observation_greedy",
        "Alle bekommen gleich viele neue Tokens, wenn das Modell nicht vorher aufhört",
        "All of them get the same number of new tokens, unless the model stops earlier",
        _twelve_texts_each_hardly_one_shorter,
    ),
    Claim(
        "about_observation_greedy_2",
        "Zwölf Texte brauchen darum zwölf Anfänge.",
        "So twelve texts need twelve beginnings.",
        _twelve_openings,
    ),
    Claim(
        "about_observation_sampling",
        "Jedes Feld ist das Mittel aus zwölf Texten zum selben Prompt.",
        "Each field is the mean of twelve texts for the same prompt.",
        _twelve_texts_each_hardly_one_shorter,
    ),
    Claim(
        "observation_greedy",
        "Was schon einmal dastand, macht seine eigene Wiederholung wahrscheinlicher",
        "A phrase that has occurred once makes its own repetition more likely",
        _greedy_texts_grow_surer,
    ),
    Claim(
        "observation_greedy",
        "Die Strafe 1,2 beendet das.",
        "A penalty of 1.2 puts an end to it.",
        _the_price_of_the_penalty,
    ),
    Claim(
        "observation_sampling",
        "Mit `temperature` 0,3 ist der Text sicher und dem greedy-Text ähnlich, mit `top_p` 0,5 "
        "auch noch bei 0,8.",
        "With a `temperature` of 0.3, the text is safe and resembles the greedy text; with a "
        "`top_p` of 0.5, it still does at 0.8.",
        _cold_texts_resemble_greedy_ones,
    ),
    Claim(
        "observation_sampling",
        "um 0,8 und 0,9 ist der Text abwechslungsreich",
        "at about 0.8 and 0.9 the text is varied",
        _good_texts_are_not,
    ),
    Claim(
        "observation_greedy",
        "im Mittel sind 17 % der 4-Gramme schon dagewesen.",
        "on average, 17% of the 4-grams have occurred before.",
        _first_mean_and_spread,
    ),
    Claim(
        "observation_greedy",
        "von −1,06 über −1,28 und −1,72 auf −2,05",
        "from −1.06 to −1.28, −1.72 and −2.05",
        _the_price_of_the_penalty,
    ),
    Claim(
        "observation_greedy",
        "(etwa von −1,1 auf −2,1), der Text weicht auf immer unpassendere Tokens aus; gegen die "
        "Wiederholung genügt schon eine kleine Strafe.",
        "(from about −1.1 to −2.1), and the text resorts to less and less suitable tokens; a small "
        "penalty is enough to stop the repetition.",
        _the_price_of_the_penalty,
    ),
    Claim(
        "observation_sampling",
        "(log-Wahrscheinlichkeit unter −5)",
        "(log-probability below −5)",
        _hot_texts_are_unlikely,
    ),
    Claim(
        "observation_sampling",
        "47 abwegige, nach „The old king“ fehlen gute. `top_p` behält dort 3 und hier 204.",
        'while good ones are missing after "The old king". `top_p` keeps 3 there and 204 here.',
        _filters_on_two_prompts,
    ),
    Claim(
        "about_observation_prompt",
        "Vier Prompts, jeder länger als der vorige",
        "Four prompts, each longer than the one before",
        _longer_prompts_keep_jack,
    ),
    Claim(
        "observation_prompt",
        "(Jack kommt in 0, 0, 6 und 8 von 12 Fortsetzungen wieder vor)",
        "(0, 0, 6 and 8 of 12 continuations mention Jack again)",
        _longer_prompts_keep_jack,
    ),
    Claim(
        "observation_endoftext",
        "Das Modell schreibt Anfänge, bei `mini` von Märchen: „Once upon a time there lived a king "
        "…“. Jeder ist anders",
        'The model writes beginnings, with `mini` those of fairy tales: "Once upon a time there '
        'lived a king …". Each is different',
        _texts_begin_as_tales_do,
    ),
    Claim(
        "observation_endoftext",
        "kaum Wiederholung (0,00) bei einer log-Wahrscheinlichkeit um −2.",
        "hardly any repetition (0.00) at a log-probability of about −2.",
        _good_texts_are_not,
    ),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: f"{c.cell}-{c.holds.__name__}")
def test_both_editions_say_it(claim: Claim) -> None:
    assert claim.de in cells("de")[claim.cell].source
    assert claim.en in cells("en")[claim.cell].source


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: f"{c.cell}-{c.holds.__name__}")
def test_what_the_text_says_holds(claim: Claim, shown: dict[str, Shown]) -> None:
    assert claim.holds(shown)


def test_no_display_cell_takes_longer_than_three_seconds(shown: dict[str, Shown]) -> None:
    ids = [i for i, cell in cells("de").items() if is_display_only(cell)]
    slow = {i: shown[i].seconds for i in ids if shown[i].seconds > MAX_CELL_S}
    assert slow == {}


# --- what needs no outputs ------------------------------------------------------------------------


@pytest.mark.parametrize("language", EDITIONS)
def test_no_exercise_has_more_than_120_words(language: str) -> None:
    asked = {i: c for i, c in cells(language).items() if i.startswith(("task_", "question_"))}
    assert len(asked) == len(list(A7_2)) + 4
    assert {i for i, cell in asked.items() if len(cell.source.split()) > MAX_WORDS} == set()


@pytest.mark.parametrize("language", EDITIONS)
def test_the_points_at_the_start_are_the_exercises_own(language: str) -> None:
    """The table names each exercise's number and points, and the sum of each part."""
    order = [c.id for c in cells(language).values() if c.id in A7_2]
    given = [EXERCISES[name].points for name in order]
    points = [p.public + p.hidden for p in given]
    rows = [r for r in cells(language)["how_to_work"].source.splitlines() if "min |" in r]
    named = [(int(n), int(p)) for row in rows for n, p in re.findall(r"(\d+) \((\d+)\)", row)]
    assert named == list(enumerate(points, 1))
    read_by_hand = [
        metadata_of(c)["points"] for i, c in cells(language).items() if i.startswith("observation_")
    ]
    sums = [int(row.split("|")[3]) for row in rows]
    assert sum(sums) == sum(points) + sum(read_by_hand)
    assert sums[0] == sum(points[:5])
    assert sums[-1] == sum(points[13:])
    text, minutes = cells(language)["how_to_work"].source, [int(r.split()[-3]) for r in rows]
    total = ("%d Punkte" if language == "de" else "%d points") % sum(sums[:-1])
    assert total in text
    assert round(sum(minutes[:-1]) / 60) == 5
    assert ("etwa fünf Stunden" if language == "de" else "about five hours") in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_the_laboratory_cannot_be_deleted(path: Path) -> None:
    """In JupyterLab, d d on a slider deletes its cell."""
    found = [c for c in read_notebook(path).cells if "kischule.lab(" in c.source]
    assert [c.metadata.get("deletable") for c in found] == [False, False]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_addresses_are_links_and_no_picture_is_fetched(path: Path) -> None:
    """A picture, such as a badge, would be missing without a network."""
    for cell in read_notebook(path).cells:
        assert not re.search(r"!\[|<img", cell.source)
        without_links = re.sub(r"\[[^\]]+\]\(https://[^)\s]+\)", "", cell.source)
        assert "://" not in without_links
        assert not re.search(r"\b(arxiv|www)\b", without_links, re.IGNORECASE)


@pytest.mark.parametrize("language", EDITIONS)
def test_no_prompt_ends_in_a_space_after_the_rule(language: str) -> None:
    after = list(cells(language).values())
    after = after[list(cells(language)).index("about_greedy_decode_2") :]
    strings = [
        node.value
        for cell in after
        if is_display_only(cell)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [s for s in strings if re.fullmatch(r"[A-Z][\w ,.'?]* ", s)] == []


@pytest.mark.parametrize("language", EDITIONS)
@pytest.mark.parametrize("name", ["repetition_penalty", "temperature", "top_k", "top_p"])
def test_a_step_is_shown_without_the_exercises_before(language: str, name: str) -> None:
    own = "penalty" if name == "repetition_penalty" else name
    solution = next(i for i in A7_2 if i.endswith(f"_{name}"))
    names: dict[str, Any] = {"display": lambda _: None}
    for cell_id in ("setup", "show_example", solution, f"show_{own}_step"):
        value = execute(cells(language)[cell_id].source, names)
    assert len(value.axes) == 2
