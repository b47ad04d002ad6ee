"""What a student reads from `kischule`, in German and English: the only place with such words.

German unless the environment variable KISCHULE_LANGUAGE is `en`; the notebook's English edition
sets it in its first cell.
"""

from __future__ import annotations

import os

LANGUAGE_VARIABLE = "KISCHULE_LANGUAGE"

# key -> German, English; {…} is filled in
_WORDS = {
    # what a setting is
    "off": ("aus", "off"),
    "sampled": ("ausgelost", "sampled"),
    # what cannot be followed
    "empty": (
        "Der Prompt ist leer. Schreiben Sie mindestens ein Zeichen; <|endoftext|> lässt das "
        "Modell frei beginnen.",
        "The prompt is empty. Write at least one character; <|endoftext|> lets the model begin "
        "freely.",
    ),
    "too_long": (
        "Der Prompt hat {was} Tokens. Das Modell überblickt {limit}, und mindestens ein neues "
        "soll noch hineinpassen: Kürzen Sie den Prompt.",
        "The prompt has {was} tokens. The model sees {limit}, and at least one new one has to fit "
        "in: shorten the prompt.",
    ),
    "repetition_penalty": (
        "repetition_penalty muss größer als 0 sein (1 schaltet aus). Gegeben: {was}.",
        "repetition_penalty must be above 0 (1 switches it off). Given: {was}.",
    ),
    "do_sample": (
        "do_sample ist True oder False. Gegeben: {was}.",
        "do_sample is True or False. Given: {was}.",
    ),
    "temperature": (
        "temperature muss größer als 0 sein (1 schaltet aus). Gegeben: {was}. Immer das "
        "wahrscheinlichste Token gibt do_sample=False.",
        "temperature must be above 0 (1 switches it off). Given: {was}. Always the most likely "
        "token is what do_sample=False gives.",
    ),
    "top_k": (
        "top_k muss eine ganze Zahl ab 0 sein (0 schaltet aus). Gegeben: {was}.",
        "top_k must be a whole number of 0 or more (0 switches it off). Given: {was}.",
    ),
    "top_p": (
        "top_p muss größer als 0 und höchstens 1 sein (1 schaltet aus). Gegeben: {was}.",
        "top_p must be above 0 and at most 1 (1 switches it off). Given: {was}.",
    ),
    "seed": (
        "seed muss eine ganze Zahl ab 0 sein. Gegeben: {was}.",
        "seed must be a whole number of 0 or more. Given: {was}.",
    ),
    "no_tokens": (
        "Dieser Text hat weniger als {limit} Tokens.",
        "This text has fewer than {limit} tokens.",
    ),
    # pictures
    "after": ("nach {prompt}", "after {prompt}"),
    "probability": ("Wahrscheinlichkeit", "probability"),
    "kept": ("bleibt", "stays"),
    "cut": ("fällt weg", "is dropped"),
    "model_alone": ("vor Strafe und Temperatur", "before penalty and temperature"),
    "kept_of": (
        "{kept} von {all} Tokens bleiben, abgeschnitten sind {mass}",
        "{kept} of {all} tokens stay, {mass} is cut off",
    ),
    "nothing_cut": ("alle {all} Tokens bleiben", "all {all} tokens stay"),
    "temperature_of": (
        "temperature = {value} (Entropie {entropy})",
        "temperature = {value} (entropy {entropy})",
    ),
    "token": ("Token", "token"),
    "prompt": ("Prompt", "prompt"),
    "token_probability": (
        "Wahrscheinlichkeit, die das Modell dem Token gab",
        "probability that the model gave the token",
    ),
    "position": ("Token im Text", "token of the text"),
    "repeated_so_far": (
        "Anteil wiederholter {n}-Gramme bis hierhin",
        "share of repeated {n}-grams so far",
    ),
    "repeated_here": (
        "hier beginnt ein {n}-Gramm, das schon dastand",
        "here begins an {n}-gram that was there before",
    ),
    "most_often": ("am häufigsten: {ngram}, {count}-mal", "most often: {ngram}, {count} times"),
    "nothing_repeated": ("nichts wiederholt sich", "nothing is repeated"),
    "setting": ("Einstellung", "setting"),
    "text": ("Text", "text"),
    "repetition_rate": ("Wiederholung", "repetition"),
    "repetition_rate_is": ("Anteil wiederholter 4-Gramme", "share of repeated 4-grams"),
    "distinct_2": ("Vielfalt", "diversity"),
    "distinct_2_is": ("Anteil verschiedener Token-Paare", "share of different token pairs"),
    "mean_log_prob": ("log-Wahrscheinlichkeit", "log-probability"),
    "mean_log_prob_is": ("Mittel je neuem Token", "mean of a new token"),
    # the laboratory
    "stage_model": ("Modell", "model"),
    "in_the_end": ("am Ende", "in the end"),
    "no_effect": ("nur mit do_sample", "with do_sample only"),
    "continue_with": ("weiter mit diesem Token", "go on with this token"),
    "next_token": ("Das nächste Token", "The next token"),
    "generated": ("Der erzeugte Text", "The generated text"),
    "likely": ("wahrscheinlich", "likely"),
    "unlikely": ("unwahrscheinlich", "unlikely"),
    "new_tokens": ("neue Tokens", "new tokens"),
    "compare": ("vergleichen", "compare"),
    "as_code": ("als Code", "as code"),
    "undo": ("Schritt zurück", "step back"),
    "code_theirs": (
        "# mit transformers; der Zufall ist ein anderer",
        "# with transformers; its random numbers are others",
    ),
    "code_ours": ("# genau der Text des Labors", "# the very text of the laboratory"),
    "no_widgets": (
        "Ohne ipywidgets gibt es keine Regler. Ändern Sie die Werte im Aufruf: {call}",
        "Without ipywidgets there are no sliders. Change the values in the call: {call}",
    ),
    # loading
    "download": (
        "{name} wird heruntergeladen: {download} auf der Festplatte ({free} sind frei), danach "
        "{memory} im Arbeitsspeicher.",
        "{name} is being downloaded: {download} on the disk ({free} are free), then {memory} in "
        "memory.",
    ),
    # models
    "smollm2_once": (
        "SmolLM2 wird für später aufbereitet; das geschieht nur einmal, dauert etwa eine halbe "
        "Minute und belegt 540 MB in {folder}",
        "SmolLM2 is being prepared for later; this happens only once, takes about half a minute "
        "and needs 540 MB in {folder}",
    ),
}


def language() -> str:
    """The language of the notebook: `de`, or `en` where KISCHULE_LANGUAGE says so."""
    return "en" if os.environ.get(LANGUAGE_VARIABLE, "").lower().startswith("en") else "de"


def word(key: str, **values: object) -> str:
    """The text under this key in the notebook's language, with its values filled in."""
    return _WORDS[key][language() == "en"].format(**values)


def percent(share: float, digits: int = 1) -> str:
    """0.123 -> `12,3 %`, in English `12.3%`."""
    number = f"{100 * share:.{digits}f}"
    return f"{number}%" if language() == "en" else f"{number.replace('.', ',')} %"


def number(value: float, digits: int = 2) -> str:
    """0.5 -> `0,50`, in English `0.50`."""
    text = f"{value:.{digits}f}"
    return text if language() == "en" else text.replace(".", ",")
