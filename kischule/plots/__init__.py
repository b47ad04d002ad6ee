"""Pictures in one call each: of the next token, of a text and its tokens, of an exploration.

    plots.next_token(tokenizer, model, "Once upon a", top_p=0.9)
    plots.temperatures(tokenizer, model, "Once upon a")
    plots.token_probabilities(tokenizer, model, text)
    plots.repetition(tokenizer, text)
    plots.bars(entries); plots.grid(entries); plots.table(entries)

Each function returns a figure or a table, which a notebook shows at the end of a cell; nothing is
written to a file. Labels are in the notebook's language; colours differ in lightness, so that they
can be told apart in a grey print and by colour-blind eyes.
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
