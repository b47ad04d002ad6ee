"""What the docs tell people to type or to paste: as far as it can be tried here."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from autograder.cli import _parser

DOCS = ROOT / "docs"


def blocks(name: str, language: str) -> list[str]:
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_slurm_cluster_makes_a_job_that_starts_our_workers(tmp_path: Path) -> None:
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
def test_dask_knows_the_options_that_are_told(command: str) -> None:
    known = set(re.findall(r"--[a-z-]+", _options(command))) | {"--no-dashboard"}
    told = [line for block in blocks("cluster.md", "sh") for line in block.splitlines()]
    used = [shlex.split(line) for line in told if line.startswith(f"dask {command}")]
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


def test_our_own_command_knows_the_options_that_are_told() -> None:
    told = r"kischule (?:import|grade|feedback|report|export|release|verify) .*a7_2.*"
    texts = [p.read_text(encoding="utf-8") for p in (*DOCS.glob("*.md"), ROOT / "README.md")]
    for text in texts:
        lines = re.findall(rf"^\s*(?:- run: |\$ )?({told})$", text, re.MULTILINE)
        lines += [line for line in re.findall(r"`(kischule [^`]+)`", text) if re.match(told, line)]
        for line in lines:
            words = shlex.split(re.sub(r"[\[\]]", "", line.split(" #")[0]))
            assert _parser().parse_args(words[1:]).assignment == "a7_2", line


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
