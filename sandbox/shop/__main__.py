"""Create the sample shop in a database: `python -m sandbox.shop --dsn postgresql://… --tick 2026-11-23T10:00+05:30`."""

from __future__ import annotations

import argparse
import datetime as dt

from sandbox.shop.loading import load


def moment(text: str) -> dt.datetime:
    """Parse an ISO 8601 time with a time zone."""
    value = dt.datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone; add one, such as +05:30")
    return value


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.shop", description="Make the sample shop in a database.")
    parser.add_argument("--dsn", required=True, help="connection URL; the shop's tables in that database are dropped")
    parser.add_argument("--tick", type=moment, help="the moment the data is timed around (default: this minute)")
    parser.add_argument("--deployment", choices=["current", "older"], default="current")
    asked = parser.parse_args()
    tick = asked.tick or dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    load(asked.dsn, tick, deployment=asked.deployment)
    print(f"The sample shop is ready; its tick is {tick.isoformat()}.")


if __name__ == "__main__":
    main()
