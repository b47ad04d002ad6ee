"""Models that `load` knows by name, and the files that each consists of."""

from dataclasses import dataclass
from pathlib import Path

MINI_FOLDER = Path(__file__).parent / "mini"

# A folder that a class shares, with one subfolder per model (`gpt2/config.json` ...): searched
# before the cache and the hub.
SHARED_VARIABLE = "KISCHULE_MODELS"

# What is fetched from a model's repository, the weights last. Weights in other formats are never
# read: opening them can run code.
WEIGHTS = "model.safetensors"
REQUIRED_FILES = ("config.json", "tokenizer.json", WEIGHTS)
FILES = ("config.json", "generation_config.json", "tokenizer_config.json", *REQUIRED_FILES[1:])


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model that can be loaded by name.

    repository: on the Hugging Face hub; None: embedded, or part of a package.
    parameters: number of weights.
    download: bytes of the weights' file, which holds causal masks as well; 0: not downloaded.
    revision: the commit that is loaded; None: the hub's `main`.
    sha256: of the weights' file; None: not checked.
    """

    name: str
    repository: str | None = None
    parameters: int
    download: int = 0
    revision: str | None = None
    sha256: str | None = None

    @property
    def memory(self) -> int:
        """Bytes of the weights in float32."""
        return 4 * self.parameters


# Parameters: the model cards of openai-community on the Hugging Face hub.
# Revisions: gpt2's is the one that huggingface_hub itself documents (`resolve_revision`); the
# others are those of h2o_sonar (H2O.ai; REVISIONS_FOR_MODEL). The hub's pages agree for gpt2-medium
# (6dcaa7a is its main) and gpt2-xl (the tree of this commit).
# Hashes and megabytes: the hub's pages of the files. They are from after the commits "Adding
# `safetensors` variant of this model", since which the weights have not changed.
FAMILY = {
    info.name: info
    for info in (
        ModelInfo(name="mini", parameters=2_615_424),
        ModelInfo(
            name="gpt2",
            repository="openai-community/gpt2",
            parameters=124_439_808,
            download=548_105_171,
            revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
            sha256="248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
        ),
        ModelInfo(
            name="gpt2-medium",
            repository="openai-community/gpt2-medium",
            parameters=354_823_168,
            download=1_520_000_000,
            revision="6dcaa7a952f72f9298047fd5137cd6e4f05f41da",
            sha256="fc5a354a19255ad494f3d71549390baca1ccf61d1d822b9408971705c687c9cd",
        ),
        ModelInfo(
            name="gpt2-large",
            repository="openai-community/gpt2-large",
            parameters=774_030_080,
            download=3_250_000_000,
            revision="32b71b12589c2f8d625668d2335a01cac3249519",
            sha256="5f47f3e12f91cd33b662ce7e433b6150ad5512b5884a2cee961b50e9c3bbebce",
        ),
        ModelInfo(
            name="gpt2-xl",
            repository="openai-community/gpt2-xl",
            parameters=1_557_611_200,
            download=6_430_000_000,
            revision="15ea56dee5df4983c59b2538573817e1667135e2",
            sha256="0f8b28eb05a8075f48b61b6f35332978c74fc7763fa9fb4051a1c30511736a6a",
        ),
        ModelInfo(name="smollm2", parameters=134_515_008),
    )
}
