"""Known solutions, wrong and correct: `kischule verify` tries the checks on them.

`tests/known/wrong/<exercise>.py` and `tests/known/correct/<exercise>.py` hold one function for each
solution, named after what it does. The docstring of a wrong one says why it is wrong:

    @wrong(fails_case=1, kind="dropped", misconception="top_p_crossing_dropped")
    def drops_the_crossing_token(logits, p):
        \"\"\"Keeps tokens while the sum is at most p, so the token that reaches p is lost.\"\"\"
        ...

A solution's source is what a student would have written: the function under the exercise's name,
without our decorator and its docstring, below those of the file's imports that it needs. The files
are read, not run: nothing waits for torch, and a solution may use what only a notebook defines.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from autograder.files import packaged

PROVIDED = ("torch", __name__)  # imports that a solution's source need not repeat

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class KnownWrong:
    """A wrong solution, and how the public cases must find it."""

    source: str
    fails_case: int  # the first public case that it fails, counted from 1
    kind: str  # of the mismatch
    misconception: str | tuple[str, ...] = ""  # that it shows; see `names`
    why: str = ""  # why it is wrong, in one sentence

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its mistake, any of which is right; none if the exercise has no name for it.

        A misconception of the exercise, a key of its hints, or a kind that says all.
        """
        given = self.misconception
        return given if isinstance(given, tuple) else (given,) if given else ()


def wrong(
    *,
    fails_case: int,
    kind: str,
    misconception: str | tuple[str, ...] = "",
    also: Sequence[Callable[..., Any]] = (),
    function: str = "",
) -> Callable[[Function], Function]:
    """Mark a function as a wrong solution; its docstring says why it is wrong.

    fails_case, kind, misconception: see `KnownWrong`; the misconception is what its author planted,
    not what a check says of it. also: functions defined above it in the file
    that are part of the solution, under their own names. function: the one that it stands for;
    default: the exercise's.
    """
    return lambda solution: solution


def correct(
    *, also: Sequence[Callable[..., Any]] = (), function: str = ""
) -> Callable[[Function], Function]:
    """Mark a function as a correct solution; also, function: see `wrong`."""
    return lambda solution: solution


def wrong_cell(
    name: str,
    source: str,
    *,
    fails_case: int,
    kind: str,
    misconception: str | tuple[str, ...] = "",
    why: str = "",
) -> None:
    """State a wrong solution that is not a function: a class, a lambda, a number."""


def correct_cell(name: str, source: str) -> None:
    """State a correct solution that is not a function."""


def known_wrong(exercise: str, folder: Path | None = None) -> dict[str, KnownWrong]:
    """Read the wrong solutions of an exercise, by name; {} where there is no file.

    folder: default `packaged("known/wrong")`.
    """
    found = _read_folder(folder or packaged("known/wrong"), exercise, "wrong")
    return {name: KnownWrong(**fields) for name, fields in found}


def known_correct(exercise: str, folder: Path | None = None) -> dict[str, str]:
    """Read the correct solutions of an exercise, by name; {} where there is no file.

    folder: default `packaged("known/correct")`.
    """
    found = _read_folder(folder or packaged("known/correct"), exercise, "correct")
    return {name: fields["source"] for name, fields in found}


def _read_folder(folder: Path, exercise: str, mark: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the fields of `KnownWrong` for each solution with this mark."""
    path = folder / f"{exercise}.py"
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    body = ast.parse(text, str(path)).body
    above: dict[str, ast.FunctionDef] = {}  # what `also` can name: what Python has defined so far
    for node in body:
        if isinstance(node, ast.FunctionDef):
            for call in _calls(mark, node.decorator_list):
                options = _options(call)
                also = [above[name] for name in options.pop("also", ())]
                parts = [
                    _imports(body, [node, *also]),
                    _solution(node, text, call, options.pop("function", exercise)),
                    *(_solution_source(helper, text) for helper in also),
                ]
                source = "\n\n\n".join(part for part in parts if part)
                yield node.name, {"source": source, "why": ast.get_docstring(node) or "", **options}
            above[node.name] = node
        elif isinstance(node, ast.Expr):
            for call in _calls(f"{mark}_cell", [node.value]):
                name, source = (ast.literal_eval(argument) for argument in call.args)
                yield name, {"source": source.strip("\n"), **_options(call)}


def _calls(name: str, nodes: Sequence[ast.expr]) -> Iterator[ast.Call]:
    """Yield those of these expressions that call this function."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _options(call: ast.Call) -> dict[str, Any]:
    """Return a mark's keyword arguments; of `also` the functions' names."""
    return {
        str(keyword.arg): [n.id for n in ast.walk(keyword.value) if isinstance(n, ast.Name)]
        if keyword.arg == "also"
        else ast.literal_eval(keyword.value)
        for keyword in call.keywords
    }


def _imports(body: Sequence[ast.stmt], functions: Sequence[ast.FunctionDef]) -> str:
    """Return the import statements of a file, as far as these functions use them."""
    used = {n.id for f in functions for n in ast.walk(f) if isinstance(n, ast.Name)}
    lines = []
    for statement in body:
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        module = getattr(statement, "module", None)
        names = [
            alias
            for alias in statement.names
            if (module or alias.name) not in PROVIDED
            and (alias.asname or alias.name).split(".")[0] in used
        ]
        if names:
            lines.append(ast.unparse(type(statement)(**{**vars(statement), "names": names})))
    return "\n".join(lines)


def _solution_source(function: ast.FunctionDef, text: str) -> str:
    return "\n".join(_numbered_lines(function, text).values())


def _solution(function: ast.FunctionDef, text: str, mark: ast.Call, name: str) -> str:
    """Return a function's source under this name, without its mark and its docstring."""
    lines = _numbered_lines(function, text)
    old = function.name
    for place in _recursion(function):
        line, column = lines[place.lineno].encode(), place.col_offset  # which counts bytes
        changed = line[:column] + name.encode() + line[column + len(old.encode()) :]
        lines[place.lineno] = changed.decode()
    lines[function.lineno] = lines[function.lineno].replace(f"def {old}", f"def {name}", 1)
    docstring = [] if ast.get_docstring(function) is None else function.body[:1]
    removed: list[ast.expr | ast.stmt] = [mark, *docstring]
    for node in removed:
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            del lines[number]
    body = [] if len(docstring) < len(function.body) else ["    pass"]
    return "\n".join([*lines.values(), *body])


def _numbered_lines(function: ast.FunctionDef, text: str) -> dict[int, str]:
    """Return the lines of a function, its decorators' too, by their numbers."""
    first = min([function.lineno, *(node.lineno for node in function.decorator_list)])
    numbered = enumerate(text.split("\n"), start=1)
    return {n: line for n, line in numbered if first <= n <= (function.end_lineno or first)}


def _recursion(function: ast.FunctionDef) -> list[ast.Name]:
    """Return where a function names itself, from the end; a variable of that name is another."""
    names = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == function.name]
    if any(isinstance(n.ctx, ast.Store) for n in names):
        return []
    return sorted(names, key=lambda n: (n.lineno, n.col_offset), reverse=True)
