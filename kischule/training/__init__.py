"""Training a language model on texts of one's own: corpus, blocks, a loop with callbacks, saving.

from kischule import training

texts, held_out = training.split_corpus(training.verses(), fraction=0.05, seed=1)
blocks = training.blocks_of(tokenizer, texts)
run = training.Training(model, blocks, training.blocks_of(tokenizer, held_out),
                        callbacks=[training.Monitor()])
run.run()                                   # the stop button interrupts; run() goes on
training.save(tokenizer, model, "poet")     # kischule.load("poet")
"""

from kischule.training.corpus import (
    CorpusError,
    blocks_of,
    collate,
    read_texts,
    split_corpus,
)
from kischule.training.loop import Callback, Training, learning_rate_at, loss_sum, mean_loss
from kischule.training.pictures import Monitor, before_after, curve
from kischule.training.saving import CheckpointError, SavingError, load_weights, save
from kischule.training.tiny import tiny_gpt2
from kischule.training.verses import line_length, rhyme_rate, rhymes, stanza_share, verses

__all__ = [
    "Callback",
    "CheckpointError",
    "CorpusError",
    "Monitor",
    "SavingError",
    "Training",
    "before_after",
    "blocks_of",
    "collate",
    "curve",
    "learning_rate_at",
    "line_length",
    "load_weights",
    "loss_sum",
    "mean_loss",
    "read_texts",
    "rhyme_rate",
    "rhymes",
    "save",
    "split_corpus",
    "stanza_share",
    "tiny_gpt2",
    "verses",
]
