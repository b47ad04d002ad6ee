"""Another model than `mini`, which differs in everything, and a submission that works with it."""

from __future__ import annotations

from pathlib import Path

END = "<end>"


def make(folder: Path, seed: int = 0, window: int = 512) -> Path:
    """Write random weights and a tokenizer of bytes, as `load` reads them."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token=END, bos_token=END)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=window,
        initializer_range=0.25,  # logits that differ from each other
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # which transformers keeps to the user
    tokenizer.save_pretrained(folder)
    return folder


def course(root: Path, model: str) -> None:
    """Make a course with one submission: the reference's solutions, which load this model."""
    import nbformat

    from autograder.course.new_course import CONFIG
    from autograder.notebooks.cells import read_notebook, with_solutions
    from support.notebooks import RELEASE, ROOT, reference_cells

    (root / "source").mkdir(parents=True)
    (root / "source" / "a7_2").symlink_to(ROOT / "source" / "a7_2")
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    made = with_solutions(read_notebook(RELEASE), reference_cells())
    own = (
        f"tokenizer, model = kischule.load({model!r})\n"
        f"assert kischule.load({model!r})[1] is not model\n"
        "print(model.num_parameters(), 'parameters')"
    )
    code = [i for i, c in enumerate(made.cells) if c.cell_type == "code"]
    place = next(i for i in code if "kischule.load(" in made.cells[i].source)
    made.cells.insert(place + 1, nbformat.v4.new_code_cell(own))
    path = root / "submitted" / "ada" / "a7_2" / "A7_2.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(made, path)
