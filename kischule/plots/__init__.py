"""Pictures, each a line to call: what may come next, a text and its tokens, an exploration.

    plots.next_token(tokenizer, model, "Once upon a", top_p=0.9)
    plots.temperatures(tokenizer, model, "Once upon a")
    plots.token_probabilities(tokenizer, model, text)
    plots.repetition(tokenizer, text)
    plots.bars(entries); plots.grid(entries); plots.table(entries)

Nothing is shown or written: a figure, or a table, is returned, and a notebook shows what a cell
ends in. Labels are in the notebook's language; colours differ in lightness, so that a grey print
and colour-blind eyes tell them apart.
"""

from kischule.plots.distribution import next_token, temperatures
from kischule.plots.exploration import bars, describe, grid, table
from kischule.plots.text import repetition, token_probabilities

__all__ = [
    "bars",
    "describe",
    "grid",
    "next_token",
    "repetition",
    "table",
    "temperatures",
    "token_probabilities",
]
