"""A StatsD in the test process: Airflow's metrics, told over UDP as always, and what has arrived."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

from airflow.sdk._shared.observability.metrics import stats
from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
from airflow.sdk._shared.observability.metrics.statsd_logger import get_statsd_logger

_END = b"end"


class _Client:
    """What the package `statsd` sends for a gauge; it is not among what this project installs."""

    def __init__(self, host: str, port: int, prefix: str, _ipv6: bool) -> None:
        self._socket, self._prefix = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), prefix
        self._socket.connect((host, port))

    def gauge(self, stat: str, value: float, _rate: float, _delta: bool) -> None:
        self._socket.send(f"{self._prefix}.{stat}:{value}|g".encode())

    def __getattr__(self, _: str) -> Any:
        return lambda *_: None  # Airflow's own timings and counts


@contextlib.contextmanager
def statsd() -> Iterator[dict[str, float]]:
    """Send Airflow's metrics to a UDP port of this machine; what is yielded is filled when the block ends."""
    gauges: dict[str, float] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        host, port = server.getsockname()
        packets: list[bytes] = []

        def receive() -> None:
            while (packet := server.recv(65535)) != _END:
                packets.append(packet)

        receiving = threading.Thread(target=receive, daemon=True)
        receiving.start()
        stats.initialize(
            factory=lambda: get_statsd_logger(stats_class=_Client, host=host, port=port, prefix="airflow"),  # type: ignore[arg-type]
            export_legacy_names=False,
        )
        try:
            with mock.patch.dict("os.environ", AIRFLOW__METRICS__STATSD_ON="True"):
                yield gauges
        finally:
            stats.initialize(factory=NoStatsLogger, export_legacy_names=True)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(_END, (host, port))
            receiving.join(10)
    for packet in packets:
        name, _, said = packet.decode().partition(":")
        value, _, kind = said.partition("|")
        if kind == "g":
            gauges[name] = float(value)
