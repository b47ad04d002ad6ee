"""All texts of `kischule` that a student reads, in German and English.

`str(text)` is the text in the notebook's language, `text.format(...)` fills in placeholders.
"""

from kischule.i18n import Text, percent

# --- prompts and settings -----------------------------------------------------------------------

EMPTY_PROMPT = Text(
    de="Der Prompt ist leer. Schreiben Sie mindestens ein Zeichen; <|endoftext|> lässt das Modell "
    "frei beginnen.",
    en="The prompt is empty. Type at least one character, or <|endoftext|> to let the model start "
    "from scratch.",
)
PROMPT_TOO_LONG = Text(
    de="Der Prompt hat {was} Tokens. Das Modell überblickt {limit}, und mindestens ein neues soll "
    "noch hineinpassen: Kürzen Sie den Prompt.",
    en="The prompt has {was} tokens. The model can see {limit} at a time, and at least one new "
    "token has to fit in as well: please shorten the prompt.",
)
TEXT_TOO_LONG = Text(
    de="Der Text hat {was} Tokens, das Kontextfenster des Modells nur {limit}. Wählen Sie ein "
    "kleineres max_length oder einen kürzeren Prompt.",
    en="The text has {was} tokens, but the model's context window only {limit}. Choose a smaller "
    "max_length or a shorter prompt.",
)
TEXT_TOO_SHORT = Text(
    de="Dieser Text hat weniger als {limit} Tokens.",
    en="This text has fewer than {limit} tokens.",
)
SEED_ERROR = Text(
    de="seed muss eine ganze Zahl ab 0 sein. Gegeben: {was}.",
    en="seed must be a whole number, 0 or greater. You gave {was}.",
)
# parameter of `decoding.Setting` -> what a student reads if its value is outside its range
SETTING_ERRORS = {
    "repetition_penalty": Text(
        de="repetition_penalty muss größer als 0 sein (1 schaltet aus). Gegeben: {was}.",
        en="repetition_penalty must be greater than 0 (1 turns it off). You gave {was}.",
    ),
    "do_sample": Text(
        de="do_sample ist True oder False. Gegeben: {was}.",
        en="do_sample must be True or False. You gave {was}.",
    ),
    "temperature": Text(
        de="temperature muss größer als 0 sein (1 schaltet aus). Gegeben: {was}. Immer das "
        "wahrscheinlichste Token gibt do_sample=False.",
        en="temperature must be greater than 0 (1 turns it off). You gave {was}. To always take "
        "the most likely token, use do_sample=False.",
    ),
    "top_k": Text(
        de="top_k muss eine ganze Zahl ab 0 sein (0 schaltet aus). Gegeben: {was}.",
        en="top_k must be a whole number, 0 or greater (0 turns it off). You gave {was}.",
    ),
    "top_p": Text(
        de="top_p muss größer als 0 und höchstens 1 sein (1 schaltet aus). Gegeben: {was}.",
        en="top_p must be greater than 0 and at most 1 (1 turns it off). You gave {was}.",
    ),
}

# --- pictures -----------------------------------------------------------------------------------

OFF = Text(de="aus", en="off")
SAMPLED = Text(de="ausgelost", en="sampled")
AFTER_PROMPT = Text(de="nach {prompt}", en="after {prompt}")
PROBABILITY = Text(de="Wahrscheinlichkeit", en="probability")
KEPT = Text(de="bleibt", en="kept")
CUT = Text(de="fällt weg", en="cut off")
MODEL_ALONE = Text(de="vor Strafe und Temperatur", en="before penalty and temperature")
SOME_KEPT = Text(
    de="{kept} von {total} Tokens bleiben, abgeschnitten sind {mass}",
    en="{kept} of {total} tokens are kept, {mass} of the probability is cut off",
)
ALL_KEPT = Text(de="alle {total} Tokens bleiben", en="all {total} tokens are kept")


def kept_tokens(kept: int, total: int, mass_cut: float) -> str:
    """The number of tokens that are kept, and the probability that is cut off."""
    if kept == total:
        return str(ALL_KEPT.format(total=total))
    return str(SOME_KEPT.format(kept=kept, total=total, mass=percent(mass_cut)))


TEMPERATURE = Text(
    de="temperature = {value} (Entropie {entropy})",
    en="temperature = {value} (entropy {entropy})",
)
TOKEN_PROBABILITY = Text(
    de="Wahrscheinlichkeit, die das Modell dem Token gab",
    en="probability the model gave this token",
)
POSITION = Text(de="Token im Text", en="position in the text, in tokens")
REPEATED_SO_FAR = Text(
    de="Anteil wiederholter {n}-Gramme bis hierhin",
    en="share of repeated {n}-grams so far",
)
REPEATED_HERE = Text(
    de="hier beginnt ein {n}-Gramm, das schon dastand",
    en="repeated {n}-gram starts here",
)
MOST_FREQUENT = Text(
    de="am häufigsten: {ngram}, {count}-mal",
    en="most frequent: {ngram}, {count} times",
)
NO_REPETITION = Text(de="nichts wiederholt sich", en="no repetition")
# the worked example, and the ranks of tokens
WORD = Text(de="Wort", en="word")
LOGIT = Text(de="Logit", en="logit")
RUNNING_SUM = Text(de="laufende Summe", en="running sum")
RESCALED = Text(de="auf 100\u00a0% gebracht", en="rescaled to 100%")
DRAWS = Text(de="{number} Ziehungen", en="{number} draws")
SHARE_AND_LOGIT = Text(
    de="Wahrscheinlichkeit, in Klammern das Logit", en="probability, with the logit in brackets"
)
RANK = Text(
    de="so viele der wahrscheinlichsten Tokens …", en="this many of the most likely tokens …"
)
TOGETHER = Text(de="… haben zusammen", en="… have together")
TOP_K_KEEPS = Text(de="top_k = {k} behält {mass}", en="top_k = {k} keeps {mass}")
TOP_P_KEEPS = Text(de="top_p = {p} behält {kept} Tokens", en="top_p = {p} keeps {kept} tokens")
SETTING = Text(de="Einstellung", en="setting")
# measure of an exploration -> its name, and what is measured
MEASURE_NAMES = {
    "repetition_rate": Text(de="Wiederholung", en="repetition"),
    "distinct_2": Text(de="Vielfalt", en="diversity"),
    "mean_log_prob": Text(de="log-Wahrscheinlichkeit", en="log-probability"),
}
MEASURE_UNITS = {
    "repetition_rate": Text(de="Anteil wiederholter 4-Gramme", en="share of repeated 4-grams"),
    "distinct_2": Text(de="Anteil verschiedener Token-Paare", en="share of distinct token pairs"),
    "mean_log_prob": Text(de="Mittel je neuem Token", en="mean per new token"),
}

# --- the laboratory -----------------------------------------------------------------------------

MODEL_STAGE = Text(de="Modell", en="model")
FINAL_STAGE = Text(de="am Ende", en="final")
NEEDS_SAMPLING = Text(de="nur mit do_sample", en="only with do_sample")
CONTINUE_WITH = Text(de="weiter mit diesem Token", en="continue with this token")
NEXT_TOKEN = Text(de="Das nächste Token", en="The next token")
NEW_TOKENS = Text(de="neue Tokens", en="new tokens")
COMPARE = Text(de="vergleichen", en="compare")
AS_CODE = Text(de="als Code", en="as code")
COMPUTING = Text(de="rechnet …", en="computing …")
UNDO = Text(de="Schritt zurück", en="step back")
TRANSFORMERS_CODE = Text(
    de="# mit transformers; der Zufall ist ein anderer",
    en="# with transformers, which draws other random numbers",
)
KISCHULE_CODE = Text(
    de="# genau der Text des Labors",
    en="# exactly the text shown in the laboratory",
)
NO_WIDGETS = Text(
    de="Ohne ipywidgets gibt es keine Regler. Ändern Sie die Werte im Aufruf: {call}",
    en="There are no sliders without ipywidgets. Change the values in the call instead: {call}",
)

# --- loading ------------------------------------------------------------------------------------

DOWNLOAD = Text(
    de="{name} wird heruntergeladen: {download} auf der Festplatte ({free} sind frei), danach "
    "{memory} im Arbeitsspeicher.",
    en="Downloading {name}: {download} on disk ({free} free), then {memory} in memory.",
)
SMOLLM2_CONVERSION = Text(
    de="SmolLM2 wird für später aufbereitet; das geschieht nur einmal, dauert etwa eine halbe "
    "Minute und belegt 540 MB in {folder}",
    en="Preparing SmolLM2 for later use; this happens only once, takes about half a minute and "
    "uses 540 MB in {folder}",
)
