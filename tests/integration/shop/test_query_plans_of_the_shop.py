"""Which of the shop's large tables each query reads from end to end: the shop has no index but its primary keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Rollback
from psycopg.rows import dict_row
from psycopg.types.json import Json, Jsonb

from partner_messages.config.paths import SQL
from partner_messages.config.setting_groups import Tables
from partner_messages.database.named_sql import blocks
from partner_messages.message_log.database import recordset
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID
from support.log_rows import Log
from support.query_plans import whole_scans

BLOCKS = {name: block for name, block in blocks().items() if block.file.parent.name == "shop"}
QUERIES = sorted(name for name, block in BLOCKS.items() if not block.is_part)
SWITCHES = dict.fromkeys(
    re.findall(r"\b(?:has_\w+|of_runs|of_partner)\b", " ".join(b.text for b in BLOCKS.values())), True
)
LARGE = {"messaging_message", "messaging_conversation", "production_run_activity"}
EXCEPTIONS: dict[str, tuple[set[str], str]] = {
    "already_there": ({"messaging_message"}, "by Meta's id"),
    "note_in_conversations": ({"messaging_message"}, "by conversation, for all that were just written"),
    "activity": ({"production_run_activity"}, "by run, for all that are stuck at once"),
    "begun_by_the_other_side": ({"messaging_message"}, "by conversation, for all that matter at once"),
    "conversations": ({"messaging_conversation"}, "by the last digits of a number, however it is spelled"),
    "last_inbound": (
        {"messaging_conversation", "messaging_message"},
        "by the last digits of a number, and by conversation, for all follow-ups at once",
    ),
    "written_to_us": ({"messaging_message"}, "by the moment, for all that was written since"),
    "statuses_of": ({"messaging_message"}, "by Meta's id"),
    "reminded_in_shop": ({"messaging_message"}, "by context, for all runs at once"),
    "unowned_runs": ({"production_run_activity"}, "by run, for all that nobody has"),
}
"""What is read from end to end, and by what it is asked for, which the shop has no index of."""

FILL = """
INSERT INTO messaging_conversation (id, partner_id, phone_number)
SELECT 'C' || n, 'P' || n, '+9198290' || lpad(n::text, 5, '0') FROM generate_series(1, 5000) AS n;

INSERT INTO messaging_message
    (id, conversation_id, direction, content, wa_message_id, context_type, context_id, created_at)
SELECT
    'M' || n, 'C' || n % 5000, CASE WHEN n % 4 = 0 THEN 'inbound' ELSE 'outbound' END, repeat('A text. ', 10),
    'wamid.' || n,
    'production_run', 'R' || n || ':reminder:2026-11-20', timestamptz '2026-11-20' - n * interval '1 minute'
FROM generate_series(1, 20000) AS n;

INSERT INTO production_run_activity (id, production_run_id, activity_type, kind, actor_type, partner_id, occurred_at)
SELECT
    'A' || n, 'R' || n % 5000, 'lifecycle_event', 'started', 'partner', 'P1',
    timestamptz '2026-11-20' - n * interval '1 minute'
FROM generate_series(1, 20000) AS n;

ANALYZE
"""


@pytest.fixture(scope="module")
def large_shop(_templates: Any) -> Iterator[Log]:
    """A session with a shop whose inbox and activity are long."""
    url = _templates.create_database("large_shop", template="shop_template")
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as shop:
        shop.execute(FILL.encode())
        yield shop
    _templates.drop_database("large_shop")


def parameters() -> dict[str, Any]:
    """A value for every parameter of any query, by its name."""
    some = {
        **{key: ["R1", "R2"] for key in ("ids", "production_run_ids", "marked_run_ids")},
        **{"partner_ids": ["P1", "P2"], "conversation_ids": ["C1", "C2"], "design_ids": ["D1"], "words": ["rajesh"]},
        **{"inventory_order_ids": ["O1"], "endings": ["29012345"], "wamids": ["wamid.1"], "kinds": ["started"]},
        **{"context_ids": ["R1:reminder:2026-11-23"], "tables": list(LARGE)},
        "runs": Json([{"id": id_, "partner_id": "P1", "clock": "2026-11-01T00:00:00Z"} for id_ in ("R1", "R2")]),
    }
    one = {
        **dict.fromkeys(("now", "until", "sent_at", "overdue_before", "begins", "ends", "since"), TICK),
        **{
            "id": "M1",
            "conversation_id": "C1",
            "partner_id": PARTNER_ID,
            "production_run_id": "R1",
            "wamid": "wamid.1",
        },
        **{"phone_number": "+919829012345", "content": "A text.", "message_type": "template", "metadata": Jsonb({})},
        **{"context_type": "production_run", "context_id": "R1:reminder:2026-11-23"},
        **{"some": "rajesh", "at_most": 50, "day": DAY, "timezone": "Asia/Kolkata", "ending_length": 8},
    }
    written = recordset([{"conversation_id": "C1", "sent_at": TICK, "production_run_id": "R1"}])
    return some | one | {"written": written}


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_read_from_end_to_end_in_the_shop_is_known_with_its_reason(large_shop: Log, query: str) -> None:

    whole = whole_scans(large_shop, query, parameters(), **Tables().model_dump(), **SWITCHES)

    expected, _ = EXCEPTIONS.get(query, (set(), ""))
    assert whole & LARGE == expected


def test_with_the_docs_indexes_nothing_is_read_from_end_to_end(large_shop: Log) -> None:
    text = (SQL.parents[1] / "docs/deployment.md").read_text()
    indexes = text.partition("<!-- shop indexes -->\n```sql\n")[2].partition("```")[0]

    with large_shop.transaction() as transaction:
        large_shop.execute(indexes.replace(" CONCURRENTLY", "").encode())
        large_shop.execute("ANALYZE")
        whole = {
            query: found
            for query in EXCEPTIONS
            if (found := whole_scans(large_shop, query, parameters(), **Tables().model_dump(), **SWITCHES) & LARGE)
        }
        raise Rollback(transaction)

    assert whole == {}
