"""The README and docs: links, commands and things to paste, as far as they can be tried here."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.notebooks import ROOT

from autograder.checking.check import check
from autograder.checking.registry import CHECKERS
from autograder.cli.parser import parser
from autograder.exercises.generate import EXAMPLES, GENERATORS
from autograder.exercises.known import known_wrong
from autograder.sandbox.arguments import KINDS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCS = ROOT / "docs"
README = ROOT / "README.md"
DOCUMENTED = [README, *sorted(DOCS.glob("*.md"))]
PAGES = [*DOCUMENTED, ROOT / "BENCHMARKS.md"]
MAX_LINES, MAX_WORDS = 150, 1_500
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")  # of a picture, too
COMMAND = re.compile(r"^\s*(?:- run: |\$ )?(kischule .*)$", re.MULTILINE)


def for_each(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=[page.stem for page in pages])


def blocks(name: str, language: str) -> list[str]:
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@for_each(PAGES)
def test_github_classroom_is_named_as_ended(page: Path) -> None:
    """It ended on 28 August 2026."""
    text = re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))
    sentences = [s for s in re.split(r"(?<=[.!?]) ", text) if "GitHub Classroom" in s]
    assert all(re.search(r"\bended\b|\beingestellt\b", sentence) for sentence in sentences)


# --- links and pictures --------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@for_each(PAGES)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    prose = FENCED.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(prose):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_of_docs_is_linked_in_the_readme() -> None:
    links = set(LINK.findall(README.read_text(encoding="utf-8")))
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= links


def test_links_on_a_package_index_are_absolute() -> None:
    """The build replaces the README's relative links; this follows its instructions."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    home = data["project"]["urls"]["Repository"]
    text = README.read_text(encoding="utf-8")
    before = LINK.findall(text)
    for rule in data["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    wanted = [f"{home}/{'raw' if link.endswith('.png') else 'blob'}/HEAD/{link}" for link in before]
    assert LINK.findall(text) == wanted


# --- the README ----------------------------------------------------------------------------------


def test_the_message_that_it_shows_is_the_one_that_students_get() -> None:
    namespace: dict[str, object] = {}
    source = known_wrong("filter_top_p")["crossing_token_dropped"].source
    exec(f"import torch\n{source}", namespace)
    assert check("filter_top_p", namespace=namespace).plain("de") in README.read_text("utf-8")


def test_the_readme_is_short() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert len(text.split()) <= MAX_WORDS


def test_the_readme_shows_folders_that_exist() -> None:
    text = README.read_text(encoding="utf-8").split("## Folders\n")[1]
    tree = FENCED.search(text)
    assert tree is not None
    folders = re.findall(r"^(\w+)/ +(.+)$", tree[0], re.MULTILINE)
    assert len(folders) > 3
    for name, about in folders:
        assert (ROOT / name).is_dir(), name
        assert about


# --- commands ------------------------------------------------------------------------------------


def commands(page: Path) -> list[str]:
    """The `kischule` command lines of a page: in blocks, and in the text if they have arguments."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in FENCED.findall(text) for line in COMMAND.findall(block)]
    quoted = re.findall(r"`(kischule [^`]+)`", FENCED.sub("", text))
    return lines + [line for line in quoted if "…" not in line]


@for_each(DOCUMENTED)
def test_every_command_line_parses(page: Path) -> None:
    command = parser()
    for line in commands(page):
        words = shlex.split(re.sub(r"[\[\]]", "", line), comments=True)[1:]
        named = [*words, "--help"] if len(words) == 1 else words  # `kischule grade`: its name only
        try:
            parsed = command.parse_args(named)
        except SystemExit as stopped:
            if stopped.code:
                pytest.fail(line)
        else:
            known = ("a7_2", "a7_4", "course") if words[0] == "new" else ("a7_2",)
            assert getattr(parsed, "assignment", "a7_2") in known, line


def test_the_docs_name_every_command() -> None:
    (parsers,) = [a.choices for a in parser()._actions if isinstance(a.choices, dict)]
    named = {line.split()[1] for page in DOCUMENTED for line in commands(page)}
    assert set(parsers) <= named


def test_the_stations_of_a_case_and_a_submission_exist() -> None:
    text = (DOCS / "grading.md").read_text(encoding="utf-8").split("## From a case")[1]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    stations = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert len(stations) > 20
    for name in stations:
        path = ROOT / "autograder" / name
        assert path.exists() or path.with_suffix(".py").is_file(), name


# --- tables of kinds ------------------------------------------------------------------------------


def described(thing: object) -> str:
    """A docstring in one line."""
    return " ".join(inspect.getdoc(thing).split())  # type: ignore[union-attr]


def argument_rows() -> list[str]:
    return [f"| `{kind.yaml}` | {described(kind)} |" for kind in KINDS.values()]


def generator_rows() -> list[str]:
    rows = []
    for name, generator in GENERATORS.items():
        parameters = list(inspect.signature(generator).parameters)[1:]
        settings = ", ".join(f"`{n}`" for n in parameters).replace("`low`", "`from`")
        settings = settings.replace("`settings`", "as `id_list`")
        row = f"| `{name}` | {settings} | {described(generator)} | `{EXAMPLES[name]}` |"
        rows.append(row.replace("|  |", "| |"))
    return rows


@pytest.mark.parametrize(
    ("table", "expected"), [("argument kinds", argument_rows), ("generated kinds", generator_rows)]
)
def test_the_tables_of_kinds_are_those_of_the_code(
    table: str, expected: Callable[[], list[str]]
) -> None:
    text = (DOCS / "arguments.md").read_text(encoding="utf-8")
    between = text.partition(f"<!-- {table} -->")[2].partition("<!-- end -->")[0]
    rows = between.strip().splitlines()[2:]
    assert rows == expected()


def test_the_table_of_general_checkers_has_all_of_them() -> None:
    text = (DOCS / "checking.md").read_text(encoding="utf-8")
    between = text.partition("<!-- general checkers -->")[2].partition("<!-- end -->")[0]
    named = re.findall(r"^\| `(\w+)` \|", between, re.MULTILINE)
    assert sorted(named) == sorted(c.name for c in CHECKERS.values() if c.general)


# --- a cluster -----------------------------------------------------------------------------------


def test_the_slurm_cluster_submits_a_job_with_our_workers(tmp_path: Path) -> None:
    """No SLURM here: the script that would be submitted is made and read."""
    first, second = blocks("cluster.md", "python")
    listens = '"dashboard_address": None'
    assert listens in first
    first = first.replace(listens, f'{listens}, "host": "127.0.0.1"')
    code = first + "\nprint(cluster.job_script())\ncluster.close()\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    script = done.stdout
    assert "#SBATCH -p normal" in script
    assert "#SBATCH -t 02:00:00" in script
    assert re.search(r"dask_worker tcp://127\S+ .*--nthreads 1 .*--nworkers 8 ", script), script
    assert "--no-dashboard" in script
    compile(second, "docs", "exec")


def _options(command: str) -> str:
    binary = str(Path(sys.executable).parent / "dask")
    done = subprocess.run([binary, command, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("command", ["scheduler", "worker"])
def test_dask_knows_the_options_in_the_docs(command: str) -> None:
    known = set(re.findall(r"--[a-z-]+", _options(command))) | {"--no-dashboard"}
    lines = [line for block in blocks("cluster.md", "sh") for line in block.splitlines()]
    used = [shlex.split(line) for line in lines if line.startswith(f"dask {command}")]
    assert used
    for manifest in blocks("cluster.md", "yaml"):
        for document in yaml.safe_load_all(manifest):
            for container in (
                document["spec"].get("template", {}).get("spec", {}).get("containers", [])
            ):
                if container["command"][1] == command:
                    used.append(container["command"])
    assert len(used) == 2
    assert {word for words in used for word in words if word.startswith("--")} <= known


def test_the_kubernetes_file_is_what_it_says() -> None:
    (manifest,) = blocks("cluster.md", "yaml")
    documents = list(yaml.safe_load_all(manifest))
    assert [d["kind"] for d in documents] == ["Deployment", "Service", "Deployment"]
    for document in documents:
        assert document["apiVersion"]
        assert document["metadata"]["name"].startswith("kischule-")
        if document["kind"] == "Deployment":
            labels = document["spec"]["template"]["metadata"]["labels"]
            assert document["spec"]["selector"]["matchLabels"] == labels
            for container in document["spec"]["template"]["spec"]["containers"]:
                assert all(type(word) is str for word in container["command"])


def test_the_workflow_of_a_classroom_runs_the_plugin() -> None:
    first, second = blocks("classroom.md", "yaml")
    workflow = yaml.safe_load(first)
    steps = workflow["jobs"]["check"]["steps"] + yaml.safe_load(second)
    lines = [step["run"] for step in steps if "run" in step]
    (line,) = [line for line in lines if line.startswith("pytest")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True
    )
    for word in shlex.split(line):
        if word.startswith("--kischule"):
            assert word in done.stdout
