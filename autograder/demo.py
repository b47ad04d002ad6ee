"""A whole course in a temporary folder: release, eight hand-ins, grades, a table.

The hand-ins are what a teacher gets: two good ones, an empty one, four with typical mistakes, and
one that never ends. Each is the release with the cells below filled in.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograder
from autograder import release
from autograder.grading.notebook import nbgrader_of
from autograder.grading.store import write_atomically

ASSIGNMENT = "a7_2"
TIME_LIMIT = 10.0  # seconds a cell

CONFIG = """from autograder.grading.bridge import configure

configure(get_config())
"""

# A second honest solution of everything, written in another style.
OTHER_STYLE = {
    "encode_prompt": """
def encode_prompt(tokenizer, prompt_text):
    ids = tokenizer.encode(prompt_text)
    return torch.tensor(ids, dtype=torch.long).unsqueeze(0)
""",
    "next_token_probs": """
@torch.inference_mode()
def next_token_probs(model, input_ids):
    last = model(input_ids=input_ids).logits.squeeze(0)[-1].double()
    weights = (last - last.max()).exp()
    return (weights / weights.sum()).float()
""",
    "top_tokens": """
def top_tokens(tokenizer, probs, k):
    order = sorted(range(len(probs)), key=lambda i: probs[i].item(), reverse=True)
    result = []
    for i in order[:k]:
        result.append((tokenizer.decode(i), probs[i].item()))
    return result
""",
    "greedy_decode": """
def greedy_decode(model, input_ids, max_length):
    ids = input_ids[0].tolist()
    for _ in range(max_length - len(ids)):
        with torch.no_grad():
            logits = model(torch.tensor([ids], device=input_ids.device)).logits
        ids.append(int(logits[0, -1].argmax()))
        if ids[-1] == model.config.eos_token_id:
            break
    return torch.tensor([ids], device=input_ids.device)
""",
    "generate_text": """
import warnings

def generate_text(tokenizer, model, prompt_text, **parameters):
    warnings.warn("das dauert einen Moment")  # on stderr; it must cost nothing
    batch = tokenizer(prompt_text, return_tensors="pt").to(model.device)
    tokens = model.generate(**batch, **parameters)
    return tokenizer.batch_decode(tokens, skip_special_tokens=True)[0]
""",
    "observation_greedy": "Der Text wiederholt sich nach wenigen Sätzen.",
    "observation_sampling": "Mit hoher temperature wird der Text wirr, top_p = 0.5 hilft.",
    "observation_prompt": "Ein längerer Prompt hält das Modell besser beim Thema.",
    "observation_endoftext": "Das Modell beginnt irgendeine neue Geschichte.",
}

# grade_id -> what stands in its place; cells that are not named are the reference's
MISTAKES = {
    "logits": {
        "next_token_probs": """
def next_token_probs(model, input_ids):
    with torch.no_grad():
        return model(input_ids).logits[0, -1]
""",
    },
    "raw_tokens": {
        "top_tokens": """
def top_tokens(tokenizer, probs, k):
    values, indices = probs.topk(k)
    return list(zip(tokenizer.convert_ids_to_tokens(indices), values.tolist()))
""",
    },
    "too_long": {
        "greedy_decode": """
def greedy_decode(model, input_ids, max_length):
    for _ in range(max_length):
        with torch.no_grad():
            token = model(input_ids).logits[0, -1].argmax()
        input_ids = torch.cat([input_ids, token.view(1, 1)], dim=1)
    return input_ids
""",
    },
    "lost_none": {
        "generate_text": """
def generate_text(tokenizer, model, prompt_text, **parameters):
    given = {name: value for name, value in parameters.items() if value is not None}
    output = model.generate(encode_prompt(tokenizer, prompt_text), **given)
    return tokenizer.decode(output[0])
""",
    },
    "never_ends": {
        "greedy_decode": """
def greedy_decode(model, input_ids, max_length):
    while input_ids[0, -1] != model.config.eos_token_id:
        pass  # the token is never appended
    return input_ids
""",
    },
}


def course_source() -> Path:
    """The folder source/ of this checkout, or the copy in an installed wheel."""
    package = Path(autograder.__file__).parent
    packed = package / "course" / "source"
    return packed if packed.is_dir() else package.parent / "source"


def make_course(root: Path) -> None:
    """source/ and nbgrader_config.py in an empty folder."""
    shutil.copytree(course_source(), root / "source")
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")


def hand_ins(root: Path) -> dict[str, Any]:
    """student -> notebook, made from the course's release."""
    path = release.source_notebook(root, ASSIGNMENT)
    source = release.read_notebook(path)
    reference = {
        nbgrader_of(cell)["grade_id"]: cell.source
        for cell in source.cells
        if nbgrader_of(cell).get("solution")
    }
    answers: dict[str, dict[str, str]] = {
        "reference": reference,
        "other_style": {name: text.strip("\n") for name, text in OTHER_STYLE.items()},
        "blank": {},
    }
    for student, mistakes in MISTAKES.items():
        changed = {name: text.strip("\n") for name, text in mistakes.items()}
        answers[student] = {**reference, **changed}
    released = root / "release" / ASSIGNMENT / path.name
    return {student: filled(released, cells) for student, cells in answers.items()}


def filled(released: Path, answers: dict[str, str]) -> Any:
    """The released notebook with these solution cells."""
    notebook = release.read_notebook(released)
    for cell in notebook.cells:
        cell.source = answers.get(nbgrader_of(cell).get("grade_id", ""), cell.source)
    return notebook


def run_demo(
    keep: Path | None,
    progress: Callable[[int, int, dict[str, Any]], None],
    show: Callable[[dict[str, Any]], None],
) -> int:
    """Release, hand in, grade, show. keep: a folder that stays; None: a temporary one."""
    with tempfile.TemporaryDirectory(prefix="kischule-demo-") as temporary:
        root = Path(temporary).resolve() if keep is None else keep.resolve()
        if keep is not None and keep.exists() and any(keep.iterdir()):
            raise release.AssignmentError(f"the folder for the demo must be empty, was: {keep}")
        root.mkdir(parents=True, exist_ok=True)
        _run(root, progress, show)
    return 0


def _run(
    root: Path,
    progress: Callable[[int, int, dict[str, Any]], None],
    show: Callable[[dict[str, Any]], None],
) -> None:
    import nbformat

    from autograder.grading.grade import Options, grade

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    say(f"1. a course in {root}")
    make_course(root)
    say("2. the release: reference solutions get all points, the empty notebook none")
    release.release(root, ASSIGNMENT)
    notebooks = hand_ins(root)
    say(f"3. {len(notebooks)} hand-ins")
    name = release.source_notebook(root, ASSIGNMENT).name
    for student, notebook in notebooks.items():
        content = nbformat.writes(notebook).encode()
        write_atomically(root / "submitted" / student / ASSIGNMENT / name, content)
    say("4. grades, by nbgrader")
    show(grade(root, ASSIGNMENT, Options(time_limit=TIME_LIMIT), progress))
