"""The container engine, by its command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.processes import SandboxError

LONG = 4_500.0
"""Seconds that no command takes: a service may have an hour to end."""


def why_not() -> str | None:
    """Why containers cannot be tried here, as a sentence; None if they can."""
    if not shutil.which("docker"):
        return "There is no `docker` here, so containers were not tried."
    for asked in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(asked, capture_output=True, check=False).returncode:
            return f"`{' '.join(asked)}` does not succeed, so containers were not tried: no engine answers."
    return None


def docker(*arguments: str, env: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
    """Run a docker command; return its output.

    Raises:
        SandboxError: It failed; the message has the end of what it said.
    """
    command = ["docker", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
        timeout=LONG,
        env={**os.environ, **(env or {})},
    )
    if done.returncode:
        raise SandboxError(f"`{' '.join(command)[:200]}` failed: {(done.stdout + done.stderr)[-2_000:]}")
    return done.stdout.strip()


@dataclass(frozen=True)
class Compose:
    """One compose project.

    Attributes:
        name: The project's name: what its containers and volumes are called.
        folder: Where docker-compose.yaml, override.yaml and .env are.
        changed: Environment variables that win over those of .env.
    """

    name: str
    folder: Path
    changed: Mapping[str, str]

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command of compose."""
        files = ("-f", str(self.folder / "docker-compose.yaml"), "-f", str(self.folder / "override.yaml"))
        place = ("--project-name", self.name, "--project-directory", str(self.folder))
        return docker("compose", *place, *files, *arguments, env=self.changed, stdin=stdin)

    def containers(self, service: str) -> list[str]:
        """The ids of a service's running containers."""
        return self("ps", "--quiet", service).split()

    def logs(self) -> str:
        """What all services have said."""
        return self("logs", "--no-color", "--timestamps")
