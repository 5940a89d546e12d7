"""A time that PostgreSQL can hold and Python cannot costs its own row at most, and nobody's neighbours."""

from __future__ import annotations

import pytest

from partner_messages.database.session import Session
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.scope import Scope
from partner_messages.shop.shop import Shop
from sandbox.shop import partner_id, run_id
from support.deployment import TICK

RUN, NEIGHBOUR = run_id("START73H"), run_id("START80H")
MOMENTS = ("infinity", "-infinity", "0044-03-15 BC", "294276-12-31 23:59:59+00", "10000-01-01", "1970-01-01")


@pytest.mark.parametrize("column", ["created_at", "dispatch_completed_at", "accepted_at", "started_at", "finished_at"])
def test_a_run_with_a_time_that_cannot_be_is_found_by_its_column_and_its_neighbours_as_they_were(
    source: Shop, changes: Session, column: str
) -> None:
    for moment in MOMENTS:
        changes.execute(f"UPDATE production_runs SET {column} = %s WHERE id = %s", [moment, RUN])

        found = {
            run.production_run_id: run.bad_column
            for run in source.stuck_runs(ReminderKind.IDLE, now=TICK, threshold_hours=72, scope=Scope())
        }

        assert (found[RUN], found[NEIGHBOUR]) == (column, None), moment
        assert {id_: run.bad_column for id_, run in source.runs([RUN, NEIGHBOUR]).items()} == {
            RUN: column,
            NEIGHBOUR: None,
        }


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_time_that_cannot_be_is_none_where_people_are_read(source: Shop, changes: Session, moment: str) -> None:
    changes.execute("UPDATE partner_admin SET created_at = %s", [moment])
    partners = [partner_id(name) for name in ("KARAN", "MEERA")]

    assert {admin.created_at for its in source.admins(partners).values() for admin in its} == {None}
