"""What is checked before a commit, and before a change lands, is what `make lint` and `make test` check."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")


def code_folders():
    return re.search(r"^CODE := (.+)$", MAKEFILE, re.MULTILINE)[1]


def test_the_hooks_of_git_run_what_make_lint_runs():
    prerequisites, recipe = re.search(r"^lint: ([^#]*)##.*\n((?:\t.+\n)+)", MAKEFILE, re.MULTILINE).groups()
    code = code_folders()
    tools = (
        recipe.replace("$(filter-out tests,$(CODE))", code.removesuffix(" tests"))
        .replace("$(CODE)", code)
        .replace("$(BIN)", ".venv/bin")
    )
    lint = [line.removeprefix("\t@") for line in tools.splitlines()] + ["make " + prerequisites.split()[-1]]

    (repository,) = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    hooks = [hook["entry"].removeprefix("env PYTHONPATH=plugins:. ") for hook in repository["hooks"]]

    assert hooks == lint


def test_the_forge_runs_what_must_hold_before_a_change_lands_with_every_python_of_the_package():
    workflow = yaml.safe_load((PROJECT / ".github/workflows/ci.yaml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    supported = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (PROJECT / "pyproject.toml").read_text("utf-8"))

    assert job["steps"][-1] == {"run": ".ci/run"}
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(*map(int, supported.groups()))]
