"""Lines that cannot work during grading cost nothing but themselves, and exits end a cell."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import nbformat
import pytest

from autograder.grading.kernel import Kernel, KernelStudent
from autograder.grading.settings import Settings
from autograder.sandbox.shell import MAX_INPUTS
from autograder.sandbox.student import CallError
from autograder.sandbox.text import NOTE_MIME

NO_ARGUMENTS = [((), {})]
# lines, and a word of the note that they leave; "" for those that work
LINES = {
    "!pip install -q torch": "Shell",
    "!nvidia-smi": "Shell",
    "!!ls": "Shell",
    "%pip install torch": "Shell",
    "%conda install torch": "Shell",
    "%uv pip install torch": "Shell",
    "%ls": "Shell",
    "%sx ls": "Shell",
    "files = !ls\nassert len(files) == 0": "Shell",
    "import os; assert os.system('pip install x') == 0": "Shell",
    "import subprocess; subprocess.run(['pip', 'install', 'x'], check=True)": "Shell",
    "import subprocess, sys; subprocess.check_call([sys.executable, '-m', 'pip'])": "Shell",
    "from google.colab import drive; drive.mount('/content/drive')": "drive.mount()",
    "import google.colab.userdata as u; assert u.get('TOKEN') is None": "userdata.get()",
    "import sys; assert 'google.colab' not in sys.modules": "",
    "import kischule; kischule.precheck()": "gerade geprüft",
    "from kischule import precheck; precheck('A7_2.ipynb')": "gerade geprüft",
    "%%time": "",
    "%%prun": "",
    "%%capture": "",
    "%%bash": "Shell",
    "%%sh": "Shell",
    "%%wandb": "Shell",
    "%time 1 + 1": "",
    "%matplotlib inline": "",
    "%matplotlib widget": "widget",
    "%matplotlib qt": "qt",
    "%load_ext autoreload": "",
    "%load_ext tensorboard": "tensorboard",
    "%tensorboard --logdir x": "Shell",
    "%no_such_magic 3": "not found",
    "%run other.py": "other.py",
    "%cd /content": "",
    "%debug": "Debugger",
    "breakpoint()": "Debugger",
    "import pdb; pdb.set_trace()": "Debugger",
    "assert input('Name: ') == ''": "leeren Text",
    "import getpass; getpass.getpass()": "leeren Text",
    "import torch; assert torch.zeros(2).to('cuda').sum() == 0": "CPU",
    "import torch; torch.zeros(2).cuda()": "CPU",
    "import torch; torch.zeros(2, device=torch.device('cuda:0'))": "CPU",
    "import torch; torch.nn.Linear(2, 2).cuda()": "CPU",
    "import torch; torch.Generator(device='cuda').manual_seed(1)": "CPU",
    "import torch; torch.zeros(2).to('mps')": "CPU",
    "import torch; torch.set_default_device('cuda'); torch.zeros(2)": "CPU",
    "import kischule; _, model = kischule.load('mini'); model.to('cuda')": "CPU",
}
EXITS = {
    "exit()": "SystemExit",
    "quit()": "SystemExit",
    "import sys; sys.exit(3)": "SystemExit",
    "raise SystemExit": "SystemExit",
    "import os; os._exit(1)": "SystemExit",
    "get_ipython().ask_exit()": "SystemExit",
    "get_ipython().exit_now = True": "",
    "get_ipython().kernel.do_shutdown(False)": "",
}


class Cells:
    """Runs cells in one kernel and calls what they define."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.student = kernel, KernelStudent(kernel)

    def __call__(self, source: str) -> list[nbformat.NotebookNode]:
        cell = nbformat.v4.new_code_cell(source)
        self.kernel._client.nb.cells = [cell]
        assert self.kernel.execute(cell, 0, 20) == ""
        return list(cell.outputs)

    def value(self, function: str) -> object:
        return self.student.call_all(function, NO_ARGUMENTS, 5)[0].value


@pytest.fixture(scope="module", params=["namespaces", "process"])
def cells(request: pytest.FixtureRequest) -> Iterator[Cells]:
    if request.param == "namespaces" and sys.platform != "linux":
        pytest.skip("the sandbox needs Linux")
    kernel = Kernel(
        nbformat.v4.new_notebook(), Settings(isolation=request.param, submission_limit_s=300)
    )
    kernel.start()
    yield Cells(kernel)
    kernel.close()


FORGET = (
    "import sys\nfor n in [n for n in sys.modules if n.startswith('google')]: del sys.modules[n]"
)


def notes(outputs: list[nbformat.NotebookNode]) -> list[dict[str, str]]:
    return [o.data[NOTE_MIME] for o in outputs if NOTE_MIME in o.get("data", {})]


def errors(outputs: list[nbformat.NotebookNode]) -> list[str]:
    return [o.ename for o in outputs if o.output_type == "error"]


@pytest.mark.parametrize("line", LINES)
def test_a_line_at_the_top_costs_no_cell(cells: Cells, line: str) -> None:
    cells(f"{FORGET}\ndef solution(): return 'old'")
    outputs = cells(f"{line}\ndef solution():\n    return 'new'")
    assert errors(outputs) == []
    assert cells.value("solution") == "new"
    found = notes(outputs)
    assert len(found) == bool(LINES[line])
    assert all(LINES[line] in note["de"] and note["en"] for note in found)


@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith("%%")])
def test_a_line_in_a_function_costs_no_call(cells: Cells, line: str) -> None:
    cells(FORGET)
    body = "\n    ".join(line.splitlines())
    outputs = cells(f"def solution():\n    {body}\n    return {line!r}")
    assert errors(outputs) == []
    assert cells.value("solution") == line
    if line.startswith("!") or line in ("breakpoint()", "%pip install torch"):
        (note,) = notes(outputs)
        assert "Löschen Sie die Zeile" in note["de"]


@pytest.mark.parametrize("line", EXITS)
def test_an_exit_ends_its_cell_and_not_the_kernel(cells: Cells, line: str) -> None:
    cells("kept = 5\ndef solution(): return 'old'")
    outputs = cells(f"{line}\ndef solution(): return 'new'")
    assert errors(outputs) == [EXITS[line]] * bool(EXITS[line])
    assert "To exit" not in str(outputs)
    assert cells.value("solution") == ("old" if EXITS[line] else "new")


@pytest.mark.parametrize("line", EXITS)
def test_an_exit_ends_its_call_and_not_the_kernel(cells: Cells, line: str) -> None:
    cells(f"def still(): return 'here'\ndef solution():\n    {line}\n    return 'went on'")
    if EXITS[line]:
        with pytest.raises(CallError, match="SystemExit") as caught:
            cells.value("solution")
        assert caught.value.kind == "raised"
    else:
        assert cells.value("solution") == "went on"
    assert cells.value("still") == "here"


def test_a_loop_that_waits_for_a_word_ends(cells: Cells) -> None:
    outputs = cells("while input('? ') != 'quit':\n    pass")
    assert errors(outputs) == ["EOFError"]
    assert len(notes(outputs)) == 1
    assert MAX_INPUTS <= 1000


def test_a_library_may_still_try_a_program(cells: Cells) -> None:
    outputs = cells(
        "import types, subprocess\n"
        "library = types.ModuleType('library')\n"
        "exec('import subprocess\\ndef ask(): return subprocess.run([\"/nowhere\"])',"
        " vars(library))\n"
        "try:\n    library.ask()\nexcept OSError as error:\n    print('refused')"
    )
    assert [o.get("text") for o in outputs] == ["refused\n"]


def test_a_cell_in_another_language_is_left_out(cells: Cells) -> None:
    outputs = cells("%%bash\nls -l\necho x > y")
    assert errors(outputs) == []
    assert len(notes(outputs)) == 1


def test_no_device_is_changed_where_none_is_named(cells: Cells) -> None:
    outputs = cells("import torch; g = torch.Generator(); isinstance(g, torch.Generator)")
    assert [o.data["text/plain"] for o in outputs] == ["True"]
    assert notes(outputs) == []
