"""All texts of `kischule.training` that a student reads, in German and English."""

from kischule.i18n import Text

# --- the corpus ---------------------------------------------------------------------------------

NO_FILE = Text(de="Die Datei {path} gibt es nicht.", en="There is no file {path}.")
NOT_UTF8 = Text(
    de="{path} ist kein Text in UTF-8. Öffnen Sie die Datei in einem Texteditor, und speichern Sie "
    "sie mit der Kodierung UTF-8.",
    en="{path} is not text in UTF-8. Open it in a text editor, and save it in the encoding UTF-8.",
)
EMPTY_CORPUS = Text(
    de="Der Korpus ist leer: Er enthält keinen Text, der aus mehr als Leerraum besteht.",
    en="The corpus is empty: it holds no text of more than white space.",
)
NO_END = Text(
    de="{path} enthält kein {end}, also nur einen einzigen Text; der lässt sich nicht in Training "
    "und Validierung teilen. Schreiben Sie {end} zwischen Ihre Texte, oder nennen Sie mit "
    "end=… das Zeichen, das sie trennt.",
    en="{path} holds no {end}, so it is a single text, which cannot be split into training and "
    "validation. Put {end} between your texts, or name what separates them by end=….",
)
TEXTS = Text(
    de="texts muss eine Liste von mindestens zwei verschiedenen Texten sein",
    en="texts must be a list of at least two different texts",
)
FRACTION = Text(de="fraction muss zwischen 0 und 1 liegen", en="fraction must be between 0 and 1")
SHORTER_THAN_A_BLOCK = Text(
    de="Der Korpus hat nur {tokens} Tokens, weniger als ein einziger Block ({size}). Nehmen Sie "
    "mehr Text oder ein kleineres block_size.",
    en="The corpus has only {tokens} tokens, less than a single block ({size}). Take more text or "
    "a smaller block_size.",
)
BLOCKS = Text(
    de="{name} muss eine Liste von Blöcken sein, jeder eine Liste von mindestens zwei Token-Ids",
    en="{name} must be a list of blocks, each a list of at least two token ids",
)
POSITIVE = Text(de="{name} muss größer als 0 sein", en="{name} must be greater than 0")

# --- the loop -----------------------------------------------------------------------------------

INTERRUPTED = Text(
    de="Angehalten nach Schritt {step} von {steps}. Derselbe Aufruf macht hier weiter.",
    en="Stopped after step {step} of {steps}. The same call goes on from here.",
)
DIVERGED = Text(
    de="In Schritt {step} ist der Verlust keine Zahl mehr (nan): Die Lernrate {rate} war zu hoch, "
    "die Gewichte sind ins Unendliche gelaufen. Das Modell hat wieder die besten Gewichte von "
    "vorher. Beginnen Sie neu, mit einer viel kleineren Lernrate, etwa 0.001.",
    en="In step {step} the loss is no longer a number (nan): the learning rate {rate} was too "
    "high, and the weights have run off to infinity. The model has its best earlier weights back. "
    "Start again, with a much smaller learning rate, such as 0.001.",
)
FINISHED = Text(
    de="Fertig nach {steps} Schritten. Das Modell hat die Gewichte von Schritt {best}, dem mit dem "
    "kleinsten Verlust auf den Validierungstexten ({loss:.3f}).",
    en="Finished after {steps} steps. The model has the weights of step {best}, which had the "
    "smallest loss on the validation texts ({loss:.3f}).",
)
PROGRESS = Text(
    de="Schritt {step} von {steps} {bar} {passed:.0f} s, noch etwa {left:.0f} s",
    en="step {step} of {steps} {bar} {passed:.0f} s, about {left:.0f} s left",
)

# --- saving -------------------------------------------------------------------------------------

NOT_SAVED = Text(
    de="Das Modell konnte nicht in {folder} gespeichert werden: {reason}. Es braucht "
    "{size:.0f} MB, frei sind {free:.0f} MB. Was dort vorher lag, ist unverändert.",
    en="The model could not be saved in {folder}: {reason}. It needs {size:.0f} MB, "
    "{free:.0f} MB are free. What was there before is unchanged.",
)
IN_THE_WAY = Text(
    de="In {folder} liegt etwas anderes als ein gespeichertes Modell ({name}). Nennen Sie einen "
    "Ordner, den es noch nicht gibt.",
    en="{folder} holds something other than a saved model ({name}). Name a folder that does not "
    "exist yet.",
)
NO_CHECKPOINT = Text(
    de="In {folder} liegt kein gespeichertes Modell: Die Datei {file} fehlt oder ist nicht lesbar.",
    en="{folder} holds no saved model: the file {file} is missing or cannot be read.",
)
ANOTHER_MODEL = Text(
    de="Die Gewichte in {folder} sind die eines anderen Modells: {name} hat dort die Form {there}, "
    "hier {here}. Laden Sie das Modell, mit dem Sie trainiert haben.",
    en="The weights in {folder} are another model's: {name} has the shape {there} there and "
    "{here} here. Load the model that you trained.",
)

# --- pictures -----------------------------------------------------------------------------------

STEP = Text(de="Schritt", en="step")
LOSS = Text(de="Verlust je Token", en="loss per token")
TRAINED_ON = Text(de="Training", en="training")
HELD_OUT = Text(de="Validierung", en="validation")
NOT_A_NUMBER = Text(de="hier: nan", en="here: nan")
BEFORE = Text(de="vorher", en="before")
AFTER = Text(de="nachher", en="after")
# measure of a comparison -> its title
COMPARED = {
    "loss": Text(de="Verlust je Token (Verse)", en="loss per token (verses)"),
    "rhyme_rate": Text(de="Anteil gereimter Zeilen", en="share of rhymed lines"),
    "repetition_rate": Text(de="Anteil wiederholter 4-Gramme", en="share of repeated 4-grams"),
}
MEASURED = Text(
    de="before und after müssen dicts mit {names} sein, jedes eine Zahl",
    en="before and after must be dicts with {names}, each a number",
)
