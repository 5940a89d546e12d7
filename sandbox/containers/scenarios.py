"""What is tried with the containers, and what must come of it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import stack
from sandbox.bench.send import TOO_FAST, refusals_of
from sandbox.bench.tick import RATE, TASK_TITLE
from sandbox.console import DagRun
from sandbox.containers import counting
from sandbox.containers.engine import docker
from sandbox.containers.topology import Tried, afterwards_gone, brought_up, lay_project, variables, write_env
from sandbox.processes import SandboxError

MESSAGES = 1_000
SOME, SLOW = 300, 20
"""After how many requests something happens, and how many leave in a second: half a minute is left of 1,000 then."""
LARGEST, ALLOWED = 10_000, 1.15
"""The large tick, and how many times what the number's rate alone takes it may last."""


@dataclass(frozen=True)
class Result:
    """What came of a scenario.

    Attributes:
        name: Of the scenario.
        counted: Its messages; None where none were to be sent.
        run: Its DAG run.
        said: What else is to be known.
        is_right: Whether all of it is as it must be.
    """

    name: str
    counted: counting.Count | None
    run: DagRun | None
    said: str
    is_right: bool

    def line(self) -> str:
        """For people."""
        one = self.counted
        numbers = (
            f"{one.messages} messages, {one.taken} taken, {one.duplicates} twice, {one.without_row} without a row,"
            f" {one.lost} lost, {one.unknown} unknown; "
            if one
            else ""
        )
        run = f"run {self.run.state} in {self.run.seconds:.0f} s; " if self.run else ""
        return f"{'ok    ' if self.is_right else 'WRONG '} {self.name}: {numbers}{run}{self.said}"


def _nothing_else(_count: counting.Count, _run: DagRun) -> tuple[bool, str]:
    return True, ""


def _tick(
    tried: Tried,
    name: str,
    meanwhile: Callable[[], str],
    stuck: int = MESSAGES,
    rate: int = SLOW,
    also: Callable[[counting.Count, DagRun], tuple[bool, str]] = _nothing_else,
) -> Result:
    """Send a tick.

    Args:
        tried: Where.
        name: Of the scenario.
        meanwhile: What happens in the middle of it; says what it was.
        stuck: How many reminders it has.
        rate: How many of them leave in a second.
        also: What else must be, and what is to be known of it.
    """
    tried.make_shop(stuck)
    tried.set_rate(rate)
    tried.console.set_variable("partner_messages", variables(delivery="live"))
    began = dt.datetime.now(dt.UTC)
    run_id = tried.console.trigger(stack.DAG, {"delivery": "live"})
    tried.until_requested(SOME)
    said = meanwhile()
    run = tried.until_over(run_id)
    counted = tried.counted()
    # A run whose messages are in doubt ends failed, for somebody is to look.
    ended_as_it_must = run.state == ("failed" if counted.unknown else "success")
    all_there = counted.is_right and counted.messages == stuck
    right, more = also(counted, run)
    is_right = all_there and ended_as_it_must and right and counting.same_day(began, dt.datetime.now(dt.UTC))
    return Result(name, counted, run, "; ".join(filter(None, (said, more))), is_right)


def templates_and_a_tick(tried: Tried) -> Result:
    """The demo: submit the templates, send the sample shop's tick."""
    tried.console.unpause(stack.TEMPLATES_DAG)
    submitted = tried.console.run(stack.TEMPLATES_DAG, {"mode": "upsert"})
    run = tried.console.run(stack.DAG, {"delivery": "live"})
    counted = tried.counted()
    right = (submitted.state, run.state) == ("success", "success") and counted.is_right
    return Result("the demo's tick", counted, run, f"templates {submitted.state}", right)


def scheduler_stopped(tried: Tried) -> Result:
    """With LocalExecutor the scheduler's tasks go on until they are done when it is told to end."""

    def stop() -> str:
        began = time.monotonic()
        tried.compose("stop", "airflow-scheduler")
        took, sent = time.monotonic() - began, tried.requested()
        tried.compose("start", "airflow-scheduler")
        return f"the stop took {took:.0f} s, and {sent} had been sent then"

    def nothing_in_doubt(count: counting.Count, _run: DagRun) -> tuple[bool, str]:
        return count.unknown == 0, ""

    name = "the scheduler is stopped while it sends"
    return _tick(tried, name, stop, also=nothing_in_doubt)


def worker_killed(tried: Tried) -> Result:
    """Of two Celery workers the one that sends is killed."""

    def kill() -> str:
        (busy,) = (one for one in tried.compose.containers("airflow-worker") if _sends(one))
        docker("kill", busy)
        killed = tried.requested()
        docker("start", busy)
        return f"killed after {killed}"

    return _tick(tried, "the worker that sends is killed", kill)


def worker_stopped(tried: Tried) -> Result:
    """Of two Celery workers the one that sends is told to end: it ends when it has sent."""

    def stop() -> str:
        (busy,) = (one for one in tried.compose.containers("airflow-worker") if _sends(one))
        began = time.monotonic()
        docker("stop", busy)
        took = time.monotonic() - began
        docker("start", busy)
        return f"the stop took {took:.0f} s"

    return _tick(tried, "the worker that sends is told to end", stop)


def _sends(container: str) -> bool:
    """Whether a task runs in a worker's container."""
    return TASK_TITLE in docker("top", container, "-eo", "pid,args")


def restarted(service: str) -> Callable[[Tried], Result]:
    """A service is restarted while a worker sends."""

    def scenario(tried: Tried) -> Result:
        def restart() -> str:
            began = time.monotonic()
            tried.compose("restart", service)
            return f"the restart took {time.monotonic() - began:.0f} s"

        return _tick(tried, f"{service} is restarted while a worker sends", restart)

    return scenario


def restored(tried: Tried) -> Result:
    """The message log is backed up after a tick, lost, and restored.

    Nothing is sent before a person trusts it, and nothing twice after.
    """
    before = _tick(tried, "the log is backed up and restored", lambda: "", rate=RATE)
    dump = tried.in_postgres("pg_dump", "--format=plain", "messages")
    tried.in_postgres("dropdb", "--force", "messages")
    tried.in_postgres("createdb", "messages")
    tried.in_postgres("psql", "--dbname=messages", "--set=ON_ERROR_STOP=1", "--quiet", stdin=dump)
    refused = tried.console.run(stack.DAG, {"delivery": "live"})
    tried.console.unpause(stack.UPKEEP_DAG)
    trusted = tried.console.run(
        stack.UPKEEP_DAG, {"trusted_by": "ops", "trusted_why": "Restored; nothing was sent since."}
    )
    again = tried.console.run(stack.DAG, {"delivery": "live"})
    counted = tried.counted()
    right = (refused.state, trusted.state, again.state) == ("failed", "success", "success")
    said = f"after it a run {refused.state}, the trust {trusted.state}, the next run {again.state}"
    return Result(before.name, counted, again, said, before.is_right and right and counted == before.counted)


def large_tick(tried: Tried) -> Result:
    """10,000 reminders at 80 a second with two workers."""

    def fast_enough(_count: counting.Count, run: DagRun) -> tuple[bool, str]:
        floor = LARGEST / RATE
        refusals = refusals_of(tried.api, LARGEST)
        said = f"{run.seconds / floor:.2f} times {floor:.0f} s (at most {ALLOWED}); {TOO_FAST}: {refusals}"
        return run.seconds <= ALLOWED * floor and not refusals, said

    return _tick(tried, f"a tick of {LARGEST:,}", lambda: "", stuck=LARGEST, rate=RATE, also=fast_enough)


@dataclass(frozen=True)
class Profile:
    """A way in which compose is brought up.

    Attributes:
        scenarios: What is tried there, by its name.
        profiles: Of compose.
        changed: Variables that win over those of `.env`.
    """

    scenarios: Mapping[str, Callable[[Tried], Result]]
    profiles: tuple[str, ...] = ()
    changed: Mapping[str, str] = field(default_factory=dict)


PROFILES = {
    "demo": Profile({"demo": templates_and_a_tick}, ("demo",)),
    "local": Profile({"stop": scheduler_stopped}),
    "celery": Profile(
        {
            "kill": worker_killed,
            "end": worker_stopped,
            "redis": restarted("redis"),
            "postgres": restarted("postgres"),
            "apiserver": restarted("airflow-apiserver"),
            "restore": restored,
            "large": large_tick,
        },
        ("celery",),
        {"AIRFLOW_EXECUTOR": "CeleryExecutor"},
    ),
}


def tried(folder: Path, profile: Profile, names: Sequence[str]) -> Iterator[Result]:
    """Bring a profile up on empty volumes, with Meta's stand-in, and go through its scenarios."""
    lay_project(folder)
    write_env(folder)
    with afterwards_gone(folder), brought_up(folder, profile.profiles, profile.changed) as up:
        for name in names:
            try:
                yield profile.scenarios[name](up)
            except SandboxError as error:  # The others are tried all the same.
                yield Result(name, None, None, str(error), is_right=False)


def check_engine_has(image: str) -> None:
    """See that an image is there.

    Raises:
        SandboxError: It is not.
    """
    if not docker("images", "--quiet", image):
        raise SandboxError(f"There is no image {image}; make containers ARGS=build makes it.")
