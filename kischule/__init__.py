"""Text generation with GPT-2 for the classroom: models, generation from a seed, a laboratory.

    import kischule
    tokenizer, model = kischule.load()          # the embedded model; "gpt2" for the real one
    input_ids = tokenizer("Once upon a time", return_tensors="pt").input_ids
    tokens = kischule.generate(model, input_ids, seed=1, do_sample=True, top_p=0.5)
    kischule.lab(tokenizer, model)              # sliders, in a notebook
    kischule.precheck()                         # is this notebook ready to be submitted?

Importing is cheap: torch and transformers are imported when a function is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kischule.errors import ModelUnavailableError, ModelUnsuitableError
    from kischule.generation import generate, generate_texts
    from kischule.laboratory import lab
    from kischule.models import load, model_path
    from kischule.own_notebook import precheck
    from kischule.surveys import survey

__all__ = [
    "ModelUnavailableError",
    "ModelUnsuitableError",
    "generate",
    "generate_texts",
    "lab",
    "load",
    "model_path",
    "precheck",
    "survey",
]

_MODULES = {
    "ModelUnavailableError": "kischule.errors",
    "ModelUnsuitableError": "kischule.errors",
    "generate": "kischule.generation",
    "generate_texts": "kischule.generation",
    "lab": "kischule.laboratory",
    "load": "kischule.models",
    "model_path": "kischule.models",
    "precheck": "kischule.own_notebook",
    "survey": "kischule.surveys",
}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'kischule' has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
