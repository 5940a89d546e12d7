"""`make containers`: `python -m sandbox.containers [build|run] [--only NAME]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sandbox import airflow_env, processes, stack
from sandbox.containers import bases, scenarios
from sandbox.containers.engine import docker, why_not

FOLDER = airflow_env.SANDBOX / "containers"
IMAGE = "partner-messages-airflow"
NAMES = [name for profile in scenarios.PROFILES.values() for name in profile.scenarios]


def build() -> None:
    """Make the base images that are missing, and the image of the Dockerfile upon them."""
    tell = stack.telling()
    for base in bases.BASES:
        tell(f"Base image {base.tag}")
        bases.make(base)
    tell("The image")
    given = ("--build-arg", f"PYTHON_IMAGE={bases.PYTHON_BASE.tag}")
    docker("build", "--network=host", *given, "--tag", IMAGE, str(airflow_env.PROJECT))
    tell("Built.")


def run(only: Sequence[str]) -> None:
    """Bring the profiles up, one after the other, and let everything happen.

    Raises:
        processes.SandboxError: Something was not as it must be.
    """
    tell = stack.telling()
    scenarios.check_engine_has(IMAGE)
    wrong: list[str] = []
    for name, profile in scenarios.PROFILES.items():
        names = [one for one in profile.scenarios if not only or one in only]
        if names:
            for result in scenarios.tried(FOLDER / name, profile, names):
                tell(result.line())
                wrong += [] if result.is_right else [result.name]
    if not only:
        tell("An upgrade was not tried: there is no released version yet.")
    if wrong:
        raise processes.SandboxError(f"Not as it must be: {', '.join(wrong)}; {FOLDER} has the logs.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.containers", description="Try the containers.")
    parser.add_argument("what", nargs="?", choices=["build", "run"], help="only this; both by default")
    parser.add_argument(
        "--only", choices=NAMES, action="append", default=[], help="this scenario only (may be repeated)"
    )
    asked = parser.parse_args(arguments)
    if reason := why_not():
        print(reason)
        return 0

    def program() -> None:
        if asked.what != "run":
            build()
        if asked.what != "build":
            run(asked.only)

    return processes.run(program)


if __name__ == "__main__":
    sys.exit(main())
