"""The whole recipe of the embedded model: corpus -> tokenizer -> training -> `kischule/mini/`.

    python kischule/mini/train.py --corpus tales.txt      # stories separated by <|endoftext|>
    python kischule/mini/train.py                         # downloads and cleans the same books

All randomness has one seed. One machine with one version of torch gives the same weights each time;
another machine gives weights of the same quality. The file is not part of the wheel.
"""

import argparse
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, set_seed

END = "<|endoftext|>"
VOCABULARY = 4096
CONTEXT = 256  # tokens per window
ROWS = 16  # windows per step
STORY_ROWS = 1  # of these, windows that begin with END and a story's first word
HELD_OUT_EVERY = 40  # each 40th story is never trained on
ARCHITECTURE = {"n_embd": 192, "n_layer": 4, "n_head": 3, "n_positions": CONTEXT}

# Project Gutenberg ids: fairy tales and stories, authors and translators dead for over 70 years.
BOOKS = [11, 55, 236, 503, 540, 640, 641, 1597, 1661, 2435, 2591, 3027, 3282, 3454, 5314, 5615]
BOOKS += [6746, 7277, 7439, 7885, 14241, 27826]
BOOK_URL = "https://www.gutenberg.org/cache/epub/{id}/pg{id}.txt"


# --- corpus -------------------------------------------------------------------------------------


def clean_book(raw: str) -> list[str]:
    """The stories of one plain-text Gutenberg book, one paragraph per line.

    Licence, illustration marks and notes are removed. A story ends at a heading (a short paragraph
    without lower-case letters). Parts shorter than 500 characters (title pages, contents) are
    dropped.
    """
    body = re.split(r"\*\*\* ?(?:START|END) OF TH[^\n]*\n", raw.replace("\r\n", "\n"))
    text = body[1] if len(body) > 2 else raw.replace("\r\n", "\n")
    text = re.sub(r"\[(?:Illustration|Footnote|Transcriber)[^\]]*\]", "", text)
    for typographic, plain in zip("‘’“”—", ("'", "'", '"', '"', "--"), strict=True):
        text = text.replace(typographic, plain)
    text = text.replace("_", "").replace("\ufeff", "")
    stories: list[list[str]] = [[]]
    for paragraph in re.split(r"\n\s*\n", text):
        line = " ".join(paragraph.split())
        if line and len(line) < 80 and not re.search("[a-z]", line):
            stories.append([])
        elif line:
            stories[-1].append(line)
    return [story for lines in stories if len(story := "\n".join(lines)) >= 500]


def download_stories() -> Iterator[str]:
    """Download the stories of all `BOOKS`."""
    for book in BOOKS:
        with urllib.request.urlopen(BOOK_URL.format(id=book), timeout=60) as reply:
            yield from clean_book(reply.read().decode("utf-8", errors="replace"))


def read_stories(corpus: Path) -> list[str]:
    """The stories of a text file in which END separates them."""
    return [s.strip() for s in corpus.read_text(encoding="utf-8").split(END) if s.strip()]


def split_stories(stories: list[str]) -> tuple[list[str], list[str]]:
    """Stories for training, and stories held out for the evaluation."""
    held = [s for i, s in enumerate(stories) if i % HELD_OUT_EVERY == HELD_OUT_EVERY // 2]
    return [s for i, s in enumerate(stories) if i % HELD_OUT_EVERY != HELD_OUT_EVERY // 2], held


# --- tokenizer ----------------------------------------------------------------------------------


def train_tokenizer(stories: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE like GPT-2's: it encodes any text; a word's leading space belongs to it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        stories,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=END,
        eos_token=END,
        unk_token=END,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def token_stream(tokenizer: PreTrainedTokenizerFast, stories: list[str]) -> tuple[Tensor, Tensor]:
    """All ids in one row, and the positions of END before each story; the row ends with END too."""
    end = tokenizer.convert_tokens_to_ids(END)
    ids: list[int] = []
    starts: list[int] = []
    for encoded in tokenizer.backend_tokenizer.encode_batch(stories):
        starts.append(len(ids))
        ids += [end, *encoded.ids]
    return torch.tensor([*ids, end]), torch.tensor(starts)


# --- training -----------------------------------------------------------------------------------


def windows(stream: Tensor, starts: Tensor, rng: torch.Generator) -> Tensor:
    """One batch, (ROWS, CONTEXT) ids: random places, STORY_ROWS of them beginnings of stories."""
    last = len(stream) - CONTEXT
    anywhere = torch.randint(last + 1, (ROWS - STORY_ROWS,), generator=rng)
    story = starts[torch.randint(len(starts), (STORY_ROWS,), generator=rng)].clamp(max=last)
    return stream[torch.cat([anywhere, story])[:, None] + torch.arange(CONTEXT)]


def loss_of(model: GPT2LMHeadModel, ids: Tensor) -> Tensor:
    """Mean negative log-probability of each token after the first, in nats."""
    with torch.autocast(ids.device.type, torch.bfloat16):
        logits = model(input_ids=ids).logits
    return cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


@torch.inference_mode()
def held_out_loss(model: GPT2LMHeadModel, stream: Tensor) -> float:
    """Loss in nats per token over non-overlapping windows, in float32."""
    model.eval()
    total = 0.0
    rows = stream[: len(stream) // CONTEXT * CONTEXT].view(-1, CONTEXT)
    for batch in rows.to(model.device).split(ROWS):
        logits = model(input_ids=batch).logits[:, :-1].flatten(0, 1)
        total += cross_entropy(logits, batch[:, 1:].flatten(), reduction="sum").item()
    model.train()
    return total / (len(rows) * (CONTEXT - 1))


def train(
    model: GPT2LMHeadModel,
    stream: Tensor,
    starts: Tensor,
    held: Tensor,
    *,
    steps: int,
    seed: int,
) -> None:
    """Train with Muon for the blocks' matrices and AdamW for the rest.

    The learning rate warms up linearly, then decays linearly to 0.
    """
    blocks = [w for n, w in model.named_parameters() if ".h." in n and w.ndim == 2]
    others = [w for n, w in model.named_parameters() if not (".h." in n and w.ndim == 2)]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(blocks, lr=0.02, weight_decay=0.05),
        torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    warm_up = min(100, steps // 10 + 1)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(o, lambda i: min((i + 1) / warm_up, (steps - i) / steps))
        for o in optimizers
    ]
    rng = torch.Generator().manual_seed(seed)
    began = time.monotonic()
    for step in range(steps):
        loss = loss_of(model, windows(stream, starts, rng).to(model.device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
        if (step + 1) % 250 == 0 or step + 1 == steps:
            rate = (step + 1) * ROWS * CONTEXT / (time.monotonic() - began)
            held_loss = held_out_loss(model, held)
            print(f"{step + 1:6d}/{steps} trained {loss.item():.3f}", end=" ")
            print(f"held out {held_loss:.3f}, {rate:.0f} tokens/s", flush=True)


def save(model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Weights in float16 (half the size); the config says float32, so that is what they load as."""
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["dtype"] = "float32"
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the embedded model.")
    parser.add_argument("--corpus", type=Path, help="text file; default: download the books")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--steps", type=int, default=9800, help="of 4,096 tokens each")
    parser.add_argument("--seed", type=int, default=72)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()

    set_seed(options.seed)
    stories = read_stories(options.corpus) if options.corpus else list(download_stories())
    trained, held = split_stories(stories)
    tokenizer = train_tokenizer(trained)
    stream, starts = token_stream(tokenizer, trained)
    held_stream, _ = token_stream(tokenizer, held)
    print(f"{len(trained)} stories, {len(stream)} tokens; held out {len(held)}, {len(held_stream)}")

    end = tokenizer.convert_tokens_to_ids(END)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        activation_function="gelu_pytorch_tanh",  # GPT-2's own function, in one kernel
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end,
        eos_token_id=end,
        **ARCHITECTURE,
    )
    model = GPT2LMHeadModel(config).to(options.device)
    model.train()
    train(model, stream, starts, held_stream, steps=options.steps, seed=options.seed)
    save(model, tokenizer, options.out)
    saved = GPT2LMHeadModel.from_pretrained(options.out)
    facts = {
        "seed": options.seed,
        "steps": options.steps,
        "tokens": options.steps * ROWS * CONTEXT,
        "parameters": saved.num_parameters(),
        "held_out_tokens": len(held_stream),
        "held_out_loss": round(held_out_loss(saved, held_stream), 4),
    }
    (options.out / "training.json").write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
