"""Pictures in one call each: of the next token, of a text and its tokens, of an exploration.

    plots.next_token(tokenizer, model, "Once upon a", top_p=0.9)
    plots.temperatures(tokenizer, model, "Once upon a")
    plots.ranks(tokenizer, model, ["Once upon a", "The"], top_k=20, top_p=0.9)
    plots.worked_example(words, logits, input_ids, temperature=0.5)
    plots.token_probabilities(tokenizer, model, text)
    plots.repetition(tokenizer, text)
    plots.bars(entries); plots.grid(entries); plots.table(entries)

Each function returns a figure or a table, which a notebook shows at the end of a cell; nothing is
written to a file. Labels are in the notebook's language; colours differ in lightness, so that they
can be told apart in a grey print and by colour-blind eyes.
"""

from kischule.plots.distribution import next_token, ranks, temperatures
from kischule.plots.exploration import bars, describe, grid, table
from kischule.plots.steps import step_bars, worked_example
from kischule.plots.text import repetition, token_probabilities

__all__ = [
    "bars",
    "describe",
    "grid",
    "next_token",
    "ranks",
    "repetition",
    "step_bars",
    "table",
    "temperatures",
    "token_probabilities",
    "worked_example",
]
