"""What Meta says back: how many statuses are applied a second, and how soon a webhook is answered."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from sandbox import airflow_env, processes, stack
from sandbox.bench.report import Row, Target
from sandbox.bench.workplace import BenchError, Steps, Workplace
from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, load_accounts

PER_WEBHOOK = 1_000
"""Statuses of one webhook: Meta's most."""
PER_SECOND = 300
"""POSTs: what one sender brings at 80 messages a second, and a reserve; two senders bring twice as many."""
CONNECTIONS = 32
APPLIED = Target("at least", 5_000, "statuses/s")
BESIDE_BARE = Target("under", 1.5, "x")
META_MEDIAN = Target("under", 250, "ms")
META_LATE = Target("under", 1, "%")
IN_FORCE = Target("under", 60, "s")
STOPPED = Path(__file__).with_name("stopped.sql")
PHONE = "919829012345"
HOOK = "/partner-messages/webhook"
STARTS_SECONDS = 120.0


def measure(workplace: Workplace) -> list[Row]:
    """The rows for applying and for answering."""
    sizes = workplace.sizes
    messages, seconds = 5 * sizes.messages, max(1.0, 30 / sizes.divisor)
    rates = (PER_SECOND, 2 * PER_SECOND)
    workplace.make_shop(runs=sizes.messages, stuck=sizes.messages, partners=sizes.messages)
    steps = workplace.steps("http://127.0.0.1:9", messages_per_second=80)
    workplace.tell(f"Applying {messages:,} statuses")
    applied = steps.run("listen", messages=messages, per_webhook=min(PER_WEBHOOK, messages))
    if applied["changed"] != messages:
        raise BenchError(f"Of {messages} statuses {applied['changed']} changed a message.")
    rate = messages / applied["seconds"]
    at = " and ".join(map(str, rates))
    workplace.tell(f"Answering webhooks at {at} a second, for {seconds:g} s each, and a bare route as many")
    measured, in_force = _answers(workplace, steps, rates, seconds)
    ours = measured[PER_SECOND][1]
    return [
        Row(f"apply {messages:,} statuses in batches of {PER_WEBHOOK:,}", f"{rate:,.0f} statuses/s", rate, APPLIED),
        *(row for per_second in rates for row in _rows_of(per_second, *measured[per_second])),
        Row("answer: Meta's bar for the median", f"{ours.median:.1f} ms", ours.median, META_MEDIAN),
        Row("answer: Meta's bar for what is over 1 s", f"{ours.late:.2f} %", ours.late, META_LATE),
        Row(f"STOP at {PER_SECOND} POSTs a second: in force", f"{in_force:.1f} s", in_force, IN_FORCE),
    ]


def _rows_of(per_second: int, bare: Answers, ours: Answers) -> list[Row]:
    what = f"answer at {per_second} POSTs a second"
    return [
        _beside(f"{what}: median", ours.median, bare.median),
        _beside(f"{what}: 99 %", ours.slow, bare.slow),
    ]


def _beside(what: str, ours: float, bare: float) -> Row:
    return Row(what, f"{ours:.1f} ms", ours / bare, BESIDE_BARE, beside=f"only inserted: {bare:.1f} ms")


@dataclass(frozen=True)
class Answers:
    """How long answers took.

    Attributes:
        milliseconds: Each of them.
    """

    milliseconds: Sequence[float]

    @property
    def median(self) -> float:
        """Half of them were sooner."""
        return statistics.median(self.milliseconds)

    @property
    def slow(self) -> float:
        """One in a hundred was later."""
        return sorted(self.milliseconds)[int(0.99 * len(self.milliseconds))]

    @property
    def late(self) -> float:
        """How many in a hundred took longer than a second."""
        return 100 * sum(one > 1_000 for one in self.milliseconds) / len(self.milliseconds)


def _answers(
    workplace: Workplace, steps: Steps, rates: Sequence[int], seconds: float
) -> tuple[dict[int, tuple[Answers, Answers]], float]:
    """A bare route's and ours by POSTs a second, in turns, so that both meet the same machine; how soon STOP counts."""
    url = workplace.server.url_of(stack.MESSAGE_LOG)
    bare_port, our_port = _free_port(), _free_port()
    bare_command = [sys.executable, "-m", "sandbox.bench.bare_route", str(bare_port), url]
    our_command = [sys.executable, "-m", "partner_messages.webhook", "--port", str(our_port)]
    numbers, turns = itertools.count(), 4
    measured: dict[int, tuple[Answers, Answers]] = {}

    def some(number: float) -> list[bytes]:
        return [_request(one) for one in itertools.islice(numbers, round(number))]

    with (
        _listening("Bare route", bare_command, steps, bare_port),
        _listening("Receiver", our_command, steps, our_port),
    ):
        # A process's first second is that of its start: of neither is it counted.
        first = some(rates[0])
        asyncio.run(_post(bare_port, [_bare(one) for one in first], rates[0]))
        asyncio.run(_post(our_port, first, rates[0]))
        for rate in rates:
            bare, ours = list[float](), list[float]()
            for _ in range(turns):
                requests = some(rate * seconds / turns)
                bare += asyncio.run(_post(bare_port, [_bare(one) for one in requests], rate))
                ours += asyncio.run(_post(our_port, requests, rate))
            measured[rate] = Answers(bare), Answers(ours)
        requests = some(rates[0] * seconds / turns)
        with ThreadPoolExecutor(1) as beside:
            posting = beside.submit(lambda: asyncio.run(_post(our_port, requests, rates[0])))
            in_force = _stop(url, our_port)
            posting.result()
    return measured, in_force


def _stop(url: str, port: int) -> float:
    """Write STOP; return after how many seconds from its POST it is written down, so that the next claim heeds it."""
    item = {"from": PHONE, "id": "wamid.STOP", "timestamp": str(int(time.time())), "type": "text"}
    request = _signed({"messages": [{**item, "text": {"body": "STOP"}}]})
    with psycopg.connect(url, autocommit=True) as log:
        began = time.perf_counter()
        asyncio.run(_post(port, [request], PER_SECOND))
        for _ in processes.pauses(STARTS_SECONDS, longest=0.05):
            if log.execute(STOPPED.read_bytes(), [f"+{PHONE}"]).rowcount:
                return time.perf_counter() - began
    raise BenchError(f"A STOP was not in force within {STARTS_SECONDS:.0f} s.")


@contextlib.contextmanager
def _listening(name: str, command: Sequence[str | Path], steps: Steps, port: int) -> Iterator[None]:
    log = steps.folder / f"{name.lower()}.log"
    with processes.keep(name, list(command), env=steps.environment, log=log, cwd=airflow_env.PROJECT) as child:
        until = time.monotonic() + STARTS_SECONDS
        while time.monotonic() < until:
            if child.keeper.poll() is not None:
                raise child.failure()
            time.sleep(0.1)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        else:
            raise BenchError(f"{name} did not listen within {STARTS_SECONDS:.0f} s; see {log}.")
        yield


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _request(number: int) -> bytes:
    """A signed POST that says that one more message was read."""
    item = {"id": f"wamid.{number}", "status": "read", "timestamp": str(int(time.time())), "recipient_id": PHONE}
    return _signed({"statuses": [item]})


def _bare(request: bytes) -> bytes:
    """The same POST to the bare route."""
    return request.replace(HOOK.encode(), b"/", 1)


def _signed(said: Mapping[str, Any]) -> bytes:
    """A signed POST of Meta's field `messages`."""
    account = load_accounts(SAMPLE_ACCOUNTS)[0]
    metadata = {"display_phone_number": "911234567890", "phone_number_id": account.phone_number_id}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **said}
    entry = {"id": account.waba_id, "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    signature = hmac.new(account.app_secret.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {HOOK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _post(port: int, requests: Sequence[bytes], per_second: int) -> list[float]:
    """Send each in its turn, whether or not the others were answered; return how many milliseconds each took."""
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def post(request: bytes) -> float:
        since = time.perf_counter()
        reader, writer = await idle.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise BenchError(f"A webhook was answered {head.splitlines()[0].decode()}.")
        length = next((int(line.split(b":")[1]) for line in head.lower().splitlines() if b"content-length" in line), 0)
        await reader.readexactly(length)
        idle.put_nowait((reader, writer))
        return 1_000 * (time.perf_counter() - since)

    async with asyncio.TaskGroup() as group:
        posted = []
        for number, request in enumerate(requests):
            # Each is made when it is due: to make them all would keep the first ones waiting.
            await asyncio.sleep(began + number / per_second - loop.time())
            posted.append(group.create_task(post(request)))
    took = [one.result() for one in posted]
    while not idle.empty():
        _, writer = idle.get_nowait()
        writer.close()
    return took
