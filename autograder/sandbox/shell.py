"""The student's shell where nobody sits in front of it: during grading, and in the precheck.

One line that cannot work there must not cost its cell. Shell lines and magics that fail are
skipped, `input()` gives an empty text, a GPU that is not there is the CPU, and `exit()` ends its
cell or call and not the kernel. Each says so once a cell, in an output of the kind NOTE_MIME.
"""

import ast
import builtins
import getpass
import importlib.abc
import importlib.machinery
import os
import pdb
import re
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import torch
from torch.overrides import TorchFunctionMode

import kischule
from autograder.sandbox import messages
from autograder.sandbox.text import NOTE_MIME
from kischule.i18n import LANGUAGES, Text

MAX_INPUTS = 100  # of a kernel; then the input has ended, and so does a loop that waits for a word
MAX_LINE = 80  # characters of a line that a note quotes
# magics that are programs of their own, whether or not this machine has them
PROGRAMS = frozenset(
    (
        *("!", "sx", "system", "sc", "bash", "sh", "script", "cmd", "perl", "ruby", "pypy"),
        *("python", "python2", "python3", "pip", "conda", "mamba", "micromamba", "uv"),
        *("connect_info", "qtconsole", "tensorboard"),
    )
)
# statements that a cell in another language is hardly made of
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
DEBUGGERS = ("debug", "pdb")
_GPU = re.compile(r"(cuda|mps|xpu)(:\d+)?")
_GPU_WORD = re.compile(r"\b(cuda|mps|xpu)\b")


def install(shell: Any) -> None:
    """Replace what needs a shell, a keyboard, a GPU or an end of the kernel."""
    Unattended(shell)


class Unattended:
    """A kernel's shell without anybody in front of it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._noted: set[str] = set()  # in this cell
        self._inputs = 0
        self._line_magic, self._cell_magic = shell.run_line_magic, shell.run_cell_magic
        shell.run_line_magic, shell.run_cell_magic = self.line_magic, self.cell_magic
        shell.system = shell.getoutput = self.command
        shell.events.register("pre_run_cell", self.before_cell)
        self._replace_programs()
        self._replace_input()
        self._replace_exit()

    def note(self, text: Text, line: str, **values: object) -> None:
        """Show a note below the cell; the same one once."""
        told = text.format(line=_first_line(line), **values)
        if told.en in self._noted:
            return
        self._noted.add(told.en)
        both = {language: told[language] for language in LANGUAGES}
        data = {"text/plain": "{de} ({en})".format(**both), NOTE_MIME: both}
        self._shell.display_pub.publish(data)

    def before_cell(self, info: Any) -> None:
        """Note what a call will not show, since what a call shows is dropped."""
        self._noted.clear()
        if _GPU_WORD.search(info.raw_cell):
            self._without_gpu()
        for line in _in_functions(_parsed(self._shell.transform_cell(info.raw_cell))):
            self.note(messages.IN_FUNCTION, line)

    # --- shell lines and magics -----------------------------------------------------------------

    def command(self, line: str, *_: Any, **__: Any) -> Any:
        """Run no program; `x = !ls` gets an empty list."""
        from IPython.utils.text import SList

        self.note(messages.SKIPPED, f"!{line}")
        return SList()

    def line_magic(self, name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run a line magic, or say why not."""
        typed = f"%{name} {line}"
        if name in PROGRAMS:
            return self.note(messages.SKIPPED, typed)
        if name in DEBUGGERS:
            return self.note(messages.NO_DEBUGGER, typed)
        try:
            return self._line_magic(name, line, _stack_depth=_stack_depth + 1)
        except Exception as error:
            return self.note(messages.FAILED, typed, error=_first_line(str(error)))

    def cell_magic(self, name: str, line: str, cell: str) -> Any:
        """Run a cell magic, or say why not and run the rest of the cell if it is Python."""
        if name not in PROGRAMS and self._shell.find_cell_magic(name) is not None:
            return self._cell_magic(name, line, cell)
        self.note(messages.SKIPPED, f"%%{name} {line}")
        tree = _parsed(self._shell.transform_cell(cell))
        if any(isinstance(statement, DEFINITIONS) for statement in tree.body):
            return self._shell.run_cell(cell).result
        return None

    def _replace_programs(self) -> None:
        """Of a student's own calls; what libraries ask of the system fails as it may."""
        os.system = self._program("os.system", os.system, 0)
        done = subprocess.CompletedProcess((), 0, "", "")
        results = {"run": done, "call": 0, "check_call": 0, "check_output": b"", "getoutput": ""}
        for name, result in results.items():
            program = self._program(f"subprocess.{name}", getattr(subprocess, name), result)
            setattr(subprocess, name, program)
        kischule.precheck = lambda *_: self.note(messages.NO_PRECHECK, "kischule.precheck()")
        _Colab.skip = lambda call: self.note(messages.SKIPPED, call)
        sys.meta_path.insert(0, _ColabFinder("google.colab"))
        sys.meta_path.append(_ColabFinder("google"))  # if there is no other of that name

    def _program(self, call: str, real: Callable[..., Any], result: object) -> Callable[..., Any]:
        def run(*args: Any, **more: Any) -> Any:
            if sys._getframe(1).f_globals.get("__name__") != "__main__":
                return real(*args, **more)
            command = args[0] if args else ""
            line = command if isinstance(command, str) else " ".join(map(str, command))
            self.note(messages.SKIPPED, f"{call}({line!r})")
            return result

        return run

    # --- input, the debugger --------------------------------------------------------------------

    def _replace_input(self) -> None:
        kernel = self._shell.kernel
        builtins.input = kernel.raw_input = self._input_as("input()")
        getpass.getpass = kernel.getpass = self._input_as("getpass()")
        sys.breakpointhook = self._debugger("breakpoint()")
        pdb.set_trace = self._debugger("pdb.set_trace()")

    def _input_as(self, call: str) -> Callable[..., str]:
        def ask(*_: object, **__: object) -> str:
            self._inputs += 1
            if self._inputs > MAX_INPUTS:
                raise EOFError(f"{call}: nobody is there to type anything")
            self.note(messages.NO_INPUT, call)
            return ""

        return ask

    def _debugger(self, call: str) -> Callable[..., None]:
        return lambda *_, **__: self.note(messages.NO_DEBUGGER, call)

    # --- the end of the kernel ------------------------------------------------------------------

    def _replace_exit(self) -> None:
        """Let every exit raise SystemExit; a forked child, or an orphan, ends as it must."""
        shell, own, end = self._shell, os.getpid(), os._exit

        def leave(status: int = 0) -> NoReturn:
            caller = sys._getframe(1).f_globals.get("__name__")
            if os.getpid() != own or caller == "ipykernel.parentpoller":
                end(status)
            raise SystemExit(status)

        warnings.filterwarnings("ignore", "To exit: use 'exit'")  # IPython's, after SystemExit
        shell.unobserve_all("exit_now")  # it stops the kernel, some time later
        shell.ask_exit = leave
        os._exit = leave

    # --- a GPU that is not there ----------------------------------------------------------------

    def _without_gpu(self) -> None:
        """From now on, take the CPU for a GPU; nothing to do where there is one."""
        if torch.cuda.is_available() or isinstance(torch.Generator, _GeneratorType):
            return
        _GeneratorType.real, _GeneratorType.noted = torch.Generator, self._noted_gpu
        torch.Generator = _AnyGenerator  # type: ignore[misc,assignment]
        torch.cuda.synchronize = lambda *_, **__: None
        _OnCPU(self._noted_gpu).__enter__()

    def _noted_gpu(self, device: str) -> None:
        self.note(messages.NO_GPU, f'"{device}"')


class _Colab(types.ModuleType):
    """Stands for a module of Google Colab, of which every function is skipped."""

    skip: Callable[[str], None]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Colab(f"{self.__name__}.{name}")

    def __call__(self, *_: object, **__: object) -> None:
        _Colab.skip(f"{self.__name__}()")


class _ColabFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `google.colab` where it is imported, and no sooner: code asks whether it is loaded."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, *_: object) -> Any:
        below = self._name == "google.colab" and name.startswith("google.colab.")
        if name == self._name or below:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> types.ModuleType:
        return _Colab(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is in it."""


class _OnCPU(TorchFunctionMode):
    """Puts on the CPU what is asked to be on a GPU, in every function of torch."""

    def __init__(self, noted: Callable[[str], None]) -> None:
        super().__init__()
        self._noted = noted

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in ("cuda", "xpu") and args:
            self._noted(func.__name__)
            return args[0]
        kwargs = {name: self._on_cpu(value) for name, value in (kwargs or {}).items()}
        return func(*map(self._on_cpu, args), **kwargs)

    def _on_cpu(self, value: Any) -> Any:
        if isinstance(value, (str, torch.device)) and _GPU.fullmatch(str(value)):
            self._noted(str(value))
            return torch.device("cpu")
        return value


class _GeneratorType(type):
    """Makes `torch.Generator` on the CPU, whatever its device; its objects are the real ones."""

    real: Any = None
    noted: Any = None

    def __call__(cls, device: Any = "cpu") -> Any:
        if _GPU.fullmatch(str(device)):
            _GeneratorType.noted(str(device))
            device = "cpu"
        return _GeneratorType.real(device=device)

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _GeneratorType.real)


class _AnyGenerator(metaclass=_GeneratorType):
    """Stands for `torch.Generator`."""


def _first_line(text: str) -> str:
    line = next(iter(text.strip().splitlines()), "")
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]} …"


def _parsed(source: str) -> ast.Module:
    """The tree of a cell; an empty one for what is no Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _in_functions(tree: ast.AST) -> Iterator[str]:
    """The lines inside of functions that do nothing during grading, as a student typed them."""
    functions = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.Lambda))]
    for call in (n for f in functions for n in ast.walk(f) if isinstance(n, ast.Call)):
        texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
        words = [text for text in texts if isinstance(text, str)]
        name = ast.unparse(call.func)
        if name in ("get_ipython().system", "get_ipython().getoutput"):
            yield f"!{' '.join(words)}"
        elif name == "get_ipython().run_line_magic" and words and words[0] in PROGRAMS:
            yield f"%{' '.join(words)}"
        elif name in ("input", "getpass", "breakpoint", "pdb.set_trace"):
            yield f"{name}()"
