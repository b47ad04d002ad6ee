"""`make bench-gpu`: how fast texts are on the GPU, and how much of its memory they take.

`kischule.generate_texts` against `model.generate`, one setting after the other, in turn in one
process; and kernels in the sandbox, one beside the other. `--write` puts the tables into
BENCHMARKS.md, under a heading of their own. `--device cpu` is a rehearsal with small sizes: it
writes nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from bench import HEAD, ROOT, machine
from commands import put_section, table
from support import shaped

import kischule
from autograder.grading import device, servers

TITLE = "## On a GPU"
PROMPT = "Once upon a time"
# settings in a table, and how often it is made; tokens of a text
SIZES = {"cuda": (((16, 9), (64, 5)), 64), "cpu": (((2, 1), (4, 1)), 8)}
KERNELS = {"cuda": 4, "cpu": 2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=SIZES, default="cuda")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md")
    options = parser.parse_args()
    if options.device == "cpu" and options.write:
        raise SystemExit("--device cpu is a rehearsal, whose figures are not to be written")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit(
            "there is no CUDA device that torch can use here; a rehearsal: --device cpu"
        )
    with tempfile.TemporaryDirectory(prefix="kischule-bench-") as folder:
        large = Path(folder).resolve()
        shaped.make(large, shaped.config("gpt2"))
        # kernels first: this process's own context is then no part of what they take
        kernels = kernel_memory(options.device)
        texts = throughput(options.device, large)
    page = f"{TITLE}\n\n{about(options.device)}\n\n{texts}\n\n{kernels}\n"
    print(page)
    if options.write:
        write(ROOT / "BENCHMARKS.md", page)


def about(name: str) -> str:
    """The device that all is of, or that there was none."""
    if name == "cpu":
        return f"**A rehearsal on the CPU, not on a GPU.** {machine()}"
    gpu = torch.cuda.get_device_properties(0)
    precision = torch.get_float32_matmul_precision()
    return (
        f"Written by `make bench-gpu` (`benchmarks/bench_gpu.py`). Device: {gpu.name}, "
        f"{gpu.total_memory >> 20:,} MB, driver {_driver()}, CUDA {torch.version.cuda}; float32, "
        f'matrix products in precision "{precision}". {machine()}'
    )


def _driver() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.split("\n")[0].strip() or "unknown"


def write(path: Path, page: str) -> None:
    """The page under its heading, in the place of what stood there, or at the end."""
    if not path.exists():
        path.write_text(HEAD.format(machine=machine()), encoding="utf-8")
    put_section(path, page)


# --- texts ----------------------------------------------------------------------------------------


def settings_of(count: int, length: int) -> list[dict[str, Any]]:
    """A table of `count` settings, temperatures by top-p; each text has `length` tokens."""
    columns = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, None][:: max(1, 32 // count)]
    rows = -(-count // len(columns))
    return [
        {"do_sample": True, "temperature": 0.3 + 1.2 * i / rows, "top_p": p, "max_length": length}
        for i in range(rows)
        for p in columns
    ][:count]


def throughput(name: str, large: Path) -> str:
    """Both ways to make a table of texts, for two models."""
    tables, tokens = SIZES[name]
    rows = []
    for label, model in (("`mini`, 2.6 M", "mini"), ("GPT-2's shape, 124 M", str(large))):
        tokenizer, loaded = kischule.load(model, name)
        # texts of full length in both
        loaded.generation_config.eos_token_id = loaded.config.eos_token_id = None
        for count, rounds in tables:
            rows.append([label, *_one(name, tokenizer, loaded, count, tokens, rounds)])
        del loaded
    head = ["model", "texts x tokens", "`model.generate`, ms", "`kischule.generate_texts`, ms"]
    head += ["tokens a second", "ratio", "most memory of the device, MB"]
    return f"""### Texts

A table of settings: `model.generate` for one after the other, and `kischule.generate_texts` for
all in one pass, each text from its own seed (penalty, cuts and sampling are on the CPU, in
float64). In turn, in one process, the device waited for; medians, and the median of the paired
ratios. Tokens a second are the latter's; memory is what torch had allocated at most, weights
included, without the context.

{table(head, rows).rstrip()}"""


def _one(name: str, tokenizer: Any, model: Any, count: int, tokens: int, rounds: int) -> list[str]:
    ids = tokenizer(PROMPT, return_tensors="pt").input_ids.to(model.device)
    settings = settings_of(count, ids.shape[1] + tokens)
    mask = torch.ones_like(ids)

    def theirs() -> None:
        for setting in settings:
            model.generate(ids, attention_mask=mask, top_k=None, **setting)

    def ours() -> None:
        kischule.generate_texts(tokenizer, model, PROMPT, settings, seed=1)

    if name == "cuda":
        torch.cuda.reset_peak_memory_stats()
    # the first pair warms up: kernels of the device are loaded when they are first called
    pairs = [(_timed(name, theirs), _timed(name, ours)) for _ in range(rounds + 1)][1:]
    a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(x / y for x, y in pairs)
    memory = f"{torch.cuda.max_memory_allocated() >> 20:,}" if name == "cuda" else "–"
    return [
        f"{count} x {tokens}",
        f"{a * 1000:,.0f}",
        f"{b * 1000:,.0f}",
        f"{count * tokens / b:,.0f}",
        f"{ratio:.2f}",
        memory,
    ]


def _timed(name: str, work: Callable[[], None]) -> float:
    """Seconds until the device has done it."""
    if name == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    if name == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


# --- kernels --------------------------------------------------------------------------------------

CELL = """
import kischule, torch
tokenizer, model = kischule.load("mini", {device!r})
ids = tokenizer("Once upon a time", return_tensors="pt").input_ids.to(model.device)
text = model.generate(ids, max_length=40, do_sample=False)
if {device!r} == "cuda":
    torch.cuda.synchronize()
    print(torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved())
else:
    print(0, 0)
"""


def kernel_memory(name: str) -> str:
    """Memory of kernels in the sandbox, one started after the other, all staying."""
    import nbformat

    from autograder.grading.kernel import Kernel
    from autograder.grading.settings import Settings

    server = servers.shared("mini", name)
    server.ready()
    kernels, rows, free = [], [], _free(name)
    try:
        for number in range(1, KERNELS[name] + 1):
            cell = nbformat.v4.new_code_cell(CELL.format(device=name))
            notebook = nbformat.v4.new_notebook(cells=[cell])
            kernels.append(Kernel(notebook, Settings(isolation="namespaces", device=name)))
            began = time.monotonic()
            kernels[-1].start()
            ready = time.monotonic() - began
            kernels[-1].execute(cell, 0, 120)
            took = time.monotonic() - began
            wrong = [o for o in cell.outputs if o.output_type == "error"]
            assert not wrong, wrong
            printed = "".join(o.get("text", "") for o in cell.outputs if o.get("name") == "stdout")
            allocated, reserved = map(int, printed.split())
            now = _free(name)
            more, free = free - now, now
            known = name == "cuda"
            rows.append(
                [
                    f"kernel {number}",
                    f"{ready:.2f} + {took - ready:.1f}",
                    f"{more >> 20:,}" if known else "–",
                    f"{allocated >> 20:,}" if known else "–",
                    f"{reserved >> 20:,}" if known else "–",
                ]
            )
    finally:
        for kernel in kernels:
            kernel.close()
        servers.close_all()
    for row, kernel in zip(rows, kernels, strict=True):
        row.append(f"{kernel.memory >> 20:,}")
    head = ["", "s: ready + 40 tokens", "of the device, MB", "torch allocated, MB"]
    head += ["torch reserved, MB", "own memory of the host, MB"]
    return f"""### Kernels

In the sandbox, beside each other: each takes `mini` to the device and writes 40 tokens. *Of the
device*: by how much less was free afterwards, its context included, as nvidia-smi says (other
programs should not use the device meanwhile); {device.KERNEL_BYTES >> 20:,} MB are planned for
each. *Own memory of the host* is what `--memory-limit` limits, at its highest.

{table(head, rows).rstrip()}"""


def _free(name: str) -> int:
    """Bytes that are free on the first device; 0 where there is none."""
    return device.free_bytes()[0] if name == "cuda" else 0


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
