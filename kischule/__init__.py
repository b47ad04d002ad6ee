"""Text generation with GPT-2 for the classroom: models, generation from a seed, a laboratory.

    import kischule
    tokenizer, model = kischule.load()          # the embedded model; "gpt2" for the real one
    input_ids = tokenizer("Once upon a time", return_tensors="pt").input_ids
    tokens = kischule.generate(model, input_ids, seed=1, do_sample=True, top_p=0.5)
    kischule.lab(model, tokenizer)              # sliders, in a notebook

Importing is cheap: torch and transformers are imported when a function is first called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kischule.generation import generate, generate_texts
    from kischule.laboratory import lab
    from kischule.models import ModelUnavailableError, ModelUnsuitableError, load, model_path

__all__ = [
    "ModelUnavailableError",
    "ModelUnsuitableError",
    "generate",
    "generate_texts",
    "lab",
    "load",
    "model_path",
]

_HOME = {
    "ModelUnavailableError": "kischule.models",
    "ModelUnsuitableError": "kischule.models",
    "generate": "kischule.generation",
    "generate_texts": "kischule.generation",
    "lab": "kischule.laboratory",
    "load": "kischule.models",
    "model_path": "kischule.models",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kischule' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
