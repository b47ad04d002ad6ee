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
    de="Dieser Text hat weniger als {tokens}.",
    en="This text has fewer than {tokens}.",
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
    "no_repeat_ngram_size": Text(
        de="no_repeat_ngram_size muss eine ganze Zahl ab 0 sein (0 schaltet aus). Gegeben: {was}.",
        en="no_repeat_ngram_size must be a whole number, 0 or greater (0 turns it off). You gave "
        "{was}.",
    ),
    "min_p": Text(
        de="min_p muss von 0 bis 1 sein (0 schaltet aus). Gegeben: {was}.",
        en="min_p must be from 0 to 1 (0 turns it off). You gave {was}.",
    ),
    "typical_p": Text(
        de="typical_p muss größer als 0 und höchstens 1 sein (1 schaltet aus). Gegeben: {was}.",
        en="typical_p must be greater than 0 and at most 1 (1 turns it off). You gave {was}.",
    ),
}

# --- other arguments: rules without a full stop; GIVEN adds the value --------------------------

GIVEN = Text(de="{rule}. Gegeben: {was}.", en="{rule}. You gave {was}.")
PROMPT_NOT_TEXT = Text(
    de="Der Prompt muss ein Text sein, in Anführungszeichen. Gegeben: {was}.",
    en="The prompt must be text, in quotation marks. You gave {was}.",
)
NOT_A_TOKENIZER = Text(
    de="tokenizer muss der Tokenizer sein, den kischule.load als Erstes zurückgibt",
    en="tokenizer must be the tokenizer, which kischule.load returns first",
)
NOT_A_MODEL = Text(
    de="model muss das Sprachmodell sein, das kischule.load als Zweites zurückgibt",
    en="model must be the language model, which kischule.load returns second",
)
NOT_IDS = Text(
    de="input_ids muss ein Tensor ganzer Zahlen sein, wie tokenizer(text, return_tensors='pt')."
    "input_ids ihn gibt",
    en="input_ids must be a tensor of whole numbers, as in tokenizer(text, return_tensors='pt')."
    "input_ids",
)
IDS_SHAPE = Text(de="input_ids muss die Form (B, T) haben", en="input_ids must have shape (B, T)")
ONE_TEXT = Text(
    de="input_ids muss genau einen Text enthalten, Form (1, T)",
    en="input_ids must hold exactly one text, shape (1, T)",
)
NO_PROMPT = Text(
    de="input_ids muss mindestens einen Prompt enthalten", en="input_ids must hold a prompt or more"
)
NO_TOKENS = Text(
    de="Ein Prompt muss mindestens ein Token haben", en="a prompt must have at least one token"
)
IDS_OUTSIDE = Text(
    de="Token-Ids müssen zwischen 0 und {highest} liegen: So groß ist das Vokabular",
    en="token ids must be from 0 to {highest}, the size of the vocabulary",
)
TOKEN_LIST = Text(
    de="{name} muss eine Liste von Token-Ids sein, also ganzer Zahlen ab 0",
    en="{name} must be a list of token ids, which are whole numbers of 0 or more",
)
WHOLE_NUMBER = Text(de="{name} muss eine ganze Zahl sein", en="{name} must be a whole number")
AT_LEAST = Text(de="{name} muss mindestens {low} sein", en="{name} must be at least {low}")
AT_MOST = Text(de="{name} darf höchstens {high} sein", en="{name} must be at most {high}")
SEED_RANGE = Text(
    de="seed muss eine ganze Zahl von 0 bis 2**64 - 1 sein",
    en="seed must be a whole number from 0 to 2**64 - 1",
)
SHORTER_THAN_PROMPT = Text(
    de="max_length zählt den Prompt mit und darf nicht kleiner sein als seine Länge {length}",
    en="max_length includes the prompt and must not be less than its length {length}",
)
BEYOND_WINDOW = Text(
    de="max_length darf höchstens so groß sein wie das Fenster des Modells: {limit}",
    en="max_length must fit the model's window of {limit}",
)
PROMPT_LENGTH = Text(
    de="prompt_length muss mindestens 1 sein und höchstens die Länge des Textes ({length})",
    en="prompt_length must be from 1 to the length of the text ({length})",
)
ONE_PER_ROW = Text(
    de="{longest} gibt {number} Zeilen: {name} muss ein Wert sein oder einer je Zeile ({number})",
    en="{longest} gives {number} rows: {name} must be one value, or one per row ({number})",
)
SETTINGS_LIST = Text(
    de="settings muss eine Liste mit mindestens einer Einstellung sein, jede ein dict wie "
    "dict(top_k=5)",
    en="settings must be a list of at least one setting, each a dict such as dict(top_k=5)",
)
UNKNOWN_SETTING = Text(de="Einstellungen sind {names}", en="settings must be among {names}")
LOGITS = Text(
    de="logits muss ein Tensor von Kommazahlen sein, mindestens eine je Zeile",
    en="logits must be a tensor of floating-point numbers, at least one in each row",
)
LARGEST_LOGIT = Text(
    de="Der größte Wert jeder Zeile der Logits muss eine endliche Zahl sein",
    en="the largest of the logits of each row must be a finite number",
)
PROBABILITIES = Text(
    de="probs muss ein Tensor von Kommazahlen sein", en="probs must be a tensor of floats"
)
TEMPERATURE_LIST = Text(
    de="temperatures muss eine Liste mit 1 bis {limit} Zahlen sein",
    en="temperatures must be a list of 1 to {limit} numbers",
)
ENTRIES = Text(
    de="Jeder Eintrag muss ein dict mit text, repetition_rate und mean_log_prob sein, wie explore "
    "ihn gibt",
    en="each entry must be a dict with text, repetition_rate and mean_log_prob, as explore returns "
    "it",
)
LABELS = Text(
    de="labels muss eine Liste mit einem je Eintrag sein, hier {count}",
    en="labels must be a list with one for each entry, here {count}",
)
NO_ENTRIES = Text(
    de="Es muss mindestens einen Eintrag geben", en="there must be at least one entry"
)

# --- the notebook itself ------------------------------------------------------------------------

NO_NOTEBOOK_KNOWN = Text(
    de="Welches Notebook? Von hier aus ist das nicht zu erkennen. Laden Sie es herunter, falls es "
    'nicht auf diesem Rechner liegt, und nennen Sie die Datei: kischule.precheck("A7_2.ipynb")',
    en="Which notebook? That cannot be seen from here. Download it if it is not on this machine, "
    'and name the file: kischule.precheck("A7_2.ipynb")',
)
SEVERAL_NOTEBOOKS = Text(
    de="Welches Notebook? Hier liegen {names}. Nennen Sie eines: kischule.precheck({first!r})",
    en="Which notebook? There are {names} here. Name one: kischule.precheck({first!r})",
)
NO_SUCH_NOTEBOOK = Text(
    de="Die Datei {name} gibt es hier nicht.", en="There is no file {name} here."
)
NOT_SAVED = Text(
    de="{name} ist nicht gespeichert: Was Sie gerade ausgeführt haben, steht noch nicht in der "
    "Datei. Speichern Sie (Strg+S), und führen Sie die Zelle noch einmal aus.",
    en="{name} is not saved: what you have just run is not in the file yet. Save it (Ctrl+S) and "
    "run the cell again.",
)
PRECHECK_BEGINS = Text(
    de="Geprüft wird die gespeicherte Datei {name}; sie läuft einmal von oben nach unten.",
    en="Checking the saved file {name}; it runs once from top to bottom.",
)

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
ONE_KEPT = Text(
    de="1 von {total} Tokens bleibt, abgeschnitten sind {mass}",
    en="1 of {total} tokens is kept, {mass} of the probability is cut off",
)
ALL_KEPT = Text(de="alle {total} Tokens bleiben", en="all {total} tokens are kept")


def kept_tokens(kept: int, total: int, mass_cut: float) -> str:
    """The number of tokens that are kept, and the probability that is cut off."""
    if kept == total:
        return str(ALL_KEPT.format(total=total))
    sentence = ONE_KEPT if kept == 1 else SOME_KEPT
    return str(sentence.format(kept=kept, total=total, mass=percent(mass_cut)))


def tokens(count: int) -> Text:
    """`1 Token`, `2 Tokens`; in English `1 token`, `2 tokens`."""
    if count == 1:
        return Text(de="1 Token", en="1 token")
    return Text(de=f"{count} Tokens", en=f"{count} tokens")


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
TOP_P_KEEPS = Text(de="top_p = {p} behält {kept}", en="top_p = {p} keeps {kept}")
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
TOKEN = Text(de="Token", en="token")
GOES_ON = Text(de="so geht der Text weiter", en="the text goes on with this token")
FURTHER_STEPS = Text(de="weitere Schritte", en="further steps")
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

MODEL_NAME = Text(
    de="name muss der Name eines Modells oder ein Ordner sein",
    en="name must be a model's name or a folder",
)
EMBEDDED_MODEL = Text(
    de="Das einzige eingebaute Modell ist 'mini'", en="the only embedded model is 'mini'"
)
DEVICE = Text(
    de="device muss ein Gerät sein, das torch hier hat",
    en="device must be one that torch has here",
)
DTYPE = Text(
    de="dtype muss None sein oder eines von {known}", en="dtype must be None or one of {known}"
)
DTYPE_ON_CPU = Text(
    de="dtype muss auf der CPU 'float32' oder 'bfloat16' sein; halbe Genauigkeit ist dort langsam "
    "und ungenau",
    en="dtype must be 'float32' or 'bfloat16' on the CPU, where half precision is slow and inexact",
)
THREADS = Text(
    de="threads muss None sein oder eine ganze Zahl ab 1",
    en="threads must be None or a whole number from 1",
)
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
