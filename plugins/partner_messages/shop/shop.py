"""The shop's database, read only: every question this package asks of it.

What the shop must have for that is in `catalog`; where deployments differ (older ones lack the reminder columns), the
difference is read once per connection and decided in the SQL files by a switch.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.json import Json

from partner_messages.config.ends import TryLater
from partner_messages.config.pieces import pieces
from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.setting_groups import Tables
from partner_messages.config.settings import SHOP_CONN_ID
from partner_messages.config.work_signs import HANDOVERS, KINDS_OF_WORK, WorkSign
from partner_messages.database.session import Database, Session, grant_statements, run_query
from partner_messages.messages.kinds import Census, ReminderKind, StuckRun, UnownedRun
from partner_messages.messages.scope import Scope
from partner_messages.recipients.people import Conversation, InboxMessage, Partner, PartnerAdmin
from partner_messages.recipients.phone import readings_of_address
from partner_messages.recipients.spelling import dialled
from partner_messages.shop.catalog import ACTIVITY, CONSUMPTION, CONSUMPTION_COLUMNS, Catalog
from partner_messages.shop.design_pictures import PICTURE_COLUMNS, DesignPictures
from partner_messages.shop.run import ProductionRun
from partner_messages.shop.supply import InventoryOrder, Needs, OtherRun, Stock, Supply, supply_of

_ENDING = 4
"""Last digits by which a number's conversations are found: no format has fewer, and all of them agree there."""


_PLENTY = Supply()
"""How a run stands that needs nothing of others."""


class ShopError(TryLater):
    """The shop's database cannot be reached or refused a question; worth a retry."""


def _database(tables: Tables) -> Database:
    return Database(SHOP_CONN_ID, ShopError, grant_statements({"SELECT": tables.model_dump().values()}))


class _PossibleMoment(Loader):
    """Reads a time of the shop's; an impossible one becomes None, so that the other rows can still be read.

    PostgreSQL holds infinity and years of which Python knows nothing; the range is that of the SQL part `possible`.
    """

    _FIRST, _END = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2000, 2100))

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        # The driver's own loader. No class can be derived from it where it is compiled, and the one in Python is slow.
        made = psycopg.adapters.get_loader(oid, self.format) or TimestamptzLoader
        self._moment = made(oid, context)

    def load(self, data: Buffer) -> dt.datetime | None:
        try:
            moment: dt.datetime = self._moment.load(data)
        except psycopg.DataError:
            return None
        return moment if self._FIRST <= moment < self._END else None


class Shop:
    """One read-only session with the shop's database; every question may end in a `ShopError`."""

    def __init__(self, connection: Session, tables: Tables) -> None:
        connection.adapters.register_loader("timestamptz", _PossibleMoment)
        self._connection = connection
        self._tables: dict[str, str] = tables.model_dump()
        self._database = _database(tables)

    def _rows(self, name: str, parameters: dict[str, Any], **switches: bool) -> list[dict[str, Any]]:
        # The message log's session is often open around this one, and must not take the shop's errors for its own.
        with self._database.errors():
            return run_query(self._connection, name, parameters, {**self._tables, **switches})

    @cached_property
    def catalog(self) -> Catalog:
        """Which of our tables and columns are there, read once."""
        return Catalog(self._tables, self._rows("catalog", {"tables": Catalog.searched(self._tables)}))

    def columns(self) -> Mapping[str, frozenset[str]]:
        """The columns of each of our tables that this user can read, by the table's key in `settings.Tables`."""
        return self.catalog.columns

    def check(self, work: Collection[WorkSign] = frozenset(WorkSign)) -> None:
        """See that every table and column the queries need is there (`Catalog.check`)."""
        self.catalog.check(work)

    def _rows_with_needs(self, name: str, parameters: dict[str, Any], **switches: bool) -> list[dict[str, Any]]:
        """The rows of a query that reads what runs need."""
        return self._rows(name, parameters, **self.catalog.needs, **switches)

    def stuck_runs(
        self, kind: ReminderKind, *, now: dt.datetime, threshold_hours: float, scope: Scope
    ) -> Iterator[StuckRun]:
        """The runs that are stuck in one kind at `now`, oldest first (the seed's buckets, one named query each).

        Each by the times in its own row; what has set its clock anew since then is asked for apart (`last_signs`).
        """
        rows = self._rows_with_needs(
            kind.value,
            {"now": now, "overdue_before": now - dt.timedelta(hours=threshold_hours), **scope.parameters()},
        )
        needy = self._supplies(rows, now)
        for row in rows:
            id_, since = row["id"], row["since"]
            supply = needy.get(id_, _PLENTY)
            yield StuckRun(
                production_run_id=id_,
                kind=kind,
                partner_id=row["partner_id"],
                design_id=row["design_id"],
                since=max(since, supply.since) if supply.since else since,
                quantity=row["quantity"],
                produced_quantity=row["produced_quantity"],
                waits=supply.waits,
                bad_column=supply.bad_column,
            )

    def looked_at_again(self, stuck: Iterable[StuckRun], *, now: dt.datetime) -> list[StuckRun]:
        """Runs that were written down as stuck, with what was not: whether they wait, and which column is bad."""
        return [again for piece in pieces(list(stuck)) for again in self._looked_at_again(piece, now)]

    def _looked_at_again(self, runs: Sequence[StuckRun], now: dt.datetime) -> Iterator[StuckRun]:
        ids = (run.production_run_id for run in runs)
        rows = self._by_ids("looked_at_again", "production_run_ids", ids, needs=True)
        there, needy = {row["id"] for row in rows}, self._supplies(rows, now)
        for run in runs:
            id_ = run.production_run_id
            # A row that is gone, or that has another id than was written down, is not understood either.
            supply = needy.get(id_, _PLENTY) if id_ in there else Supply(bad_column="id")
            is_the_same = (run.waits, run.bad_column) == (supply.waits, supply.bad_column)
            yield run if is_the_same else replace(run, waits=supply.waits, bad_column=supply.bad_column)

    def _supplies(self, rows: Iterable[dict[str, Any]], now: dt.datetime) -> dict[str, Supply]:
        """How the runs of these rows stand that need something or have a bad column, by id."""
        bad = {row["id"]: Supply(bad_column=row["bad_column"]) for row in rows if row["bad_column"]}
        needs = [_needs_of(row) for row in rows if not row["bad_column"] and (row["inventory_orders"] or row["runs"])]
        stock = self._stock(needs)
        return bad | {one.production_run_id: supply_of(one, stock, now=now) for one in needs}

    def _stock(self, needs: Sequence[Needs]) -> Stock:
        """What these runs need, directly or through the runs that they need."""
        runs: dict[str, OtherRun] = {}
        wanted = list(needs)
        while missing := {id_ for one in wanted for id_ in one.run_ids or ()} - runs.keys():
            rows = self._by_ids("other_runs", "production_run_ids", missing, needs=True)
            found = {
                row["id"]: OtherRun(_needs_of(row), row["status"], row["ended_at"], row["deleted"]) for row in rows
            }
            runs |= found
            wanted = [run.needs for run in found.values()]
        everybody = (*needs, *(run.needs for run in runs.values()))
        orders = {id_ for one in everybody for id_ in one.inventory_order_ids or ()}
        return Stock(
            {
                row.pop("id"): InventoryOrder(**row)
                for row in self._by_ids("inventory_orders", "inventory_order_ids", orders)
            },
            runs,
        )

    def last_signs(
        self, runs: Iterable[StuckRun], *, now: dt.datetime, work: Collection[WorkSign] = ()
    ) -> dict[str, dt.datetime]:
        """When each run's clock was last set anew, at or before `now`: its partner got it, or worked on it.

        Args:
            runs: The runs, each by the times in its own row.
            now: The moment at which runs are judged.
            work: What counts as work; where the shop lacks a table, what it would say is not known.

        Returns:
            By run id; a run of which nothing later is known than its row's own clock, or whose row holds what cannot
            be, is absent.
        """
        clocks = [
            {"id": run.production_run_id, "partner_id": run.partner_id, "clock": run.since.timestamp()}
            for run in runs
            if not run.bad_column
        ]
        if not clocks:
            return {}
        # By their ids, not joined with the query that finds the runs: PostgreSQL misjudges how many those are, and
        # would look through the whole table once for each of them where it has no index.
        asked = {"runs": Json(clocks), "now": now}
        found: list[dict[str, Any]] = []
        if self.columns()[ACTIVITY]:
            kinds = [*HANDOVERS, *(kind for kind in KINDS_OF_WORK if kind in work)]
            by_partner = WorkSign.PARTNER_ACTIVITY in work
            found += self._rows("activity", {**asked, "kinds": kinds}, has_partner_activity=by_partner)
        present = self.columns()[CONSUMPTION]
        if WorkSign.CONSUMPTION_LOG in work and present >= set(CONSUMPTION_COLUMNS):
            found += self._rows("consumption", asked, has_metadata="metadata" in present)
        latest: dict[str, dt.datetime] = {}
        for row in found:
            latest[row["production_run_id"]] = max(row["at"], latest.get(row["production_run_id"], row["at"]))
        return latest

    def census(self, *, now: dt.datetime, scope: Scope) -> Census:
        """Count the active runs at `now` and name those without a partner."""
        (row,) = self._rows_with_needs("census", {"now": now, **scope.parameters()})
        return Census(inspected=row["inspected"], without_partner=tuple(row["without_partner"]))

    def unowned_runs(self, *, now: dt.datetime, scope: Scope) -> list[UnownedRun]:
        """The runs that nobody has, those first that have waited longest: parked, or without a partner and not split.

        Whether a run is parked is read as it is marked now; since when, as far as it is known, at `now`.
        """
        rows = self._rows_with_needs(
            "unowned_runs",
            {"now": now, **scope.parameters()},
            has_activity=bool(self.columns()[ACTIVITY]),
        )
        return [UnownedRun(row["id"], row["partner_id"], row["since"]) for row in rows]

    def partners(self, ids: Iterable[str]) -> dict[str, Partner]:
        """The partners with these ids; one that is not there is absent."""
        return {row["id"]: Partner(**row) for row in self._by_ids("partners", "partner_ids", ids)}

    def existing_partners(self, ids: Iterable[str]) -> dict[str, bool]:
        """Which of these are ids of partners, each with whether the shop has deleted it."""
        return {row["id"]: row["deleted"] for row in self._by_ids("existing", "ids", ids, of_runs=False)}

    def existing_runs(self, ids: Iterable[str]) -> dict[str, bool]:
        """Which of these are ids of runs, each with whether the shop has deleted it."""
        return {row["id"]: row["deleted"] for row in self._by_ids("existing", "ids", ids, of_runs=True)}

    def partners_called(self, words: Iterable[str]) -> dict[str, list[str]]:
        """The ids of the partners that each text may mean: by their name or handle, or by the id in another case."""
        wanted = {word: word.strip().lower() for word in words}
        rows = self._by_ids(
            "partners_called", "words", wanted.values(), has_handle="handle" in self.columns()["partner"]
        )
        called = {row["id"]: {str(text).strip().lower() for text in row.values()} for row in rows}
        return {word: [id_ for id_, texts in called.items() if sought in texts] for word, sought in wanted.items()}

    def partners_like(self, words: str, at_most: int) -> dict[str, str | None]:
        """The names of the partners, by id, whose id this is or whose name has these words in it."""
        found = self._rows("partners_like", {"some": words.strip(), "at_most": at_most})
        return {row["id"]: (row["name"] or "").strip() or None for row in found}

    def admins(self, partner_ids: Iterable[str]) -> dict[str, list[PartnerAdmin]]:
        """The admins of these partners, eldest first."""
        found: dict[str, list[PartnerAdmin]] = {}
        for row in self._by_ids("admins", "partner_ids", partner_ids):
            found.setdefault(row["partner_id"], []).append(PartnerAdmin(**row))
        return found

    def conversations(self, phones: Mapping[str, Collection[str]]) -> dict[str, list[Conversation]]:
        """The conversations that may speak for some partners: their own, and whoever else's on their phones.

        Args:
            phones: Numbers, E.164, that may be the partner's, by partner id.

        Returns:
            By the partner for whom they may speak; deleted ones too.
        """
        wanted = {id_: its for id_, its in phones.items() if id_}
        if not wanted:
            return {}
        holders: dict[str, set[str]] = {}
        for id_, its in wanted.items():
            for phone in its:
                holders.setdefault(dialled(phone), set()).add(id_)
        rows = self._rows("conversations", {"partner_ids": sorted(wanted), **_endings(holders)})
        found: dict[str, list[Conversation]] = {}
        for conversation in (Conversation(**row) for row in rows):
            for id_ in _named_by(conversation.phone_number, conversation.country_code, holders).union(
                wanted.keys() & {conversation.partner_id}
            ):
                found.setdefault(id_, []).append(conversation)
        return found

    def begun_by_the_other_side(self, conversation_ids: Iterable[str]) -> frozenset[str]:
        """Which of these conversations began with a message to us, so that their number is Meta's own."""
        rows = self._by_ids("begun_by_the_other_side", "conversation_ids", conversation_ids)
        return frozenset(row["conversation_id"] for row in rows)

    def runs(self, ids: Iterable[str]) -> dict[str, ProductionRun]:
        """The runs with these ids as they stand now; one that is not there, or is deleted, is absent."""
        rows = self._by_ids(
            "runs",
            "production_run_ids",
            ids,
            has_previous_partner_id="previous_partner_id" in self.columns()["production_runs"],
        )
        return {row["id"]: ProductionRun(**row) for row in rows}

    def design_names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of these designs; one that is not there is absent."""
        return {row["id"]: row["name"] for row in self._by_ids("design_names", "design_ids", ids)}

    def design_pictures(self, ids: Iterable[str]) -> dict[str, DesignPictures]:
        """Where the pictures of these designs are; a design that is not there is absent."""
        present = self.columns()["design"]
        rows = self._by_ids(
            "design_pictures",
            "design_ids",
            ids,
            **{f"has_{column}": column in present for column in PICTURE_COLUMNS},
        )
        return {row.pop("id"): DesignPictures(**row) for row in rows}

    def reminded_in_shop(
        self, context_ids: dict[str, str], *, day: dt.date, asked: Collection[str] = ()
    ) -> frozenset[str]:
        """Which runs the shop's own flow reminded of on `day`.

        Args:
            context_ids: Our context id of that day's reminder, by production run id.
            day: A day of the schedule's zone.
            asked: Runs of which an event asked for a reminder. The shop marks a run when it emits the event, before
                anything is sent: of these only a message that it did send counts.
        """
        if not context_ids:
            return frozenset()
        rows = self._rows(
            "reminded_in_shop",
            {
                "context_ids": list(context_ids.values()),
                "marked_run_ids": [run_id for run_id in context_ids if run_id not in asked],
                "begins": _begin_of(day),
                "ends": _begin_of(day + dt.timedelta(days=1)),
            },
            has_last_reminded_at="last_reminded_at" in self.columns()["production_runs"],
        )
        return frozenset(row["production_run_id"] for row in rows)

    def last_inbound(self, phones: Iterable[str], *, until: dt.datetime) -> dict[tuple[str, str], dt.datetime]:
        """When each partner last wrote to us from one of these phones; one who never did is absent.

        Args:
            phones: E.164.
            until: What came later is not looked at.

        Returns:
            By partner id and phone, over all their conversations on it (`+39…` beside `39…`, archived ones too).
        """
        wanted: dict[str, set[str]] = {}
        for phone in phones:
            wanted.setdefault(dialled(phone), set()).add(phone)
        if not wanted:
            return {}
        found: dict[tuple[str, str], dt.datetime] = {}
        for row in self._rows("last_inbound", {"until": until, **_endings(wanted)}):
            for phone in _named_by(row["phone_number"], row["country_code"], wanted):
                key = (row["partner_id"], phone)
                found[key] = max(row["last_inbound"], found.get(key, row["last_inbound"]))
        return found

    def statuses_of(self, wamids: Iterable[str]) -> list[tuple[str, str, str | None]]:
        """The status of messages by the shop's own webhook: Meta's id, the status, and why it failed."""
        found = self._rows("statuses_of", {"wamids": list(wamids)})
        return [(row["wamid"], row["status"], row["reason"]) for row in found]

    def written_to_us(self, *, since: dt.datetime) -> list[InboxMessage]:
        """What partners have written since a moment, oldest first, as the shop's own webhook has kept it."""
        there = self.columns()["messaging_message"]
        rows = self._rows(
            "written_to_us",
            {"since": since},
            has_media_mime_type="media_mime_type" in there,
            has_reply_to_id="reply_to_id" in there,
        )
        return [InboxMessage(**row) for row in rows]

    def _by_ids(
        self, name: str, parameter: str, ids: Iterable[str], *, needs: bool = False, **switches: bool
    ) -> Sequence[dict[str, Any]]:
        # An empty or null id must never reach a filter: in the system this one replaces, it matched an unrelated
        # partner.
        wanted = sorted({id_ for id_ in ids if id_})
        if not wanted:
            return []
        return (self._rows_with_needs if needs else self._rows)(name, {parameter: wanted}, **switches)


def _begin_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), SCHEDULE_TIMEZONE)


def _needs_of(row: dict[str, Any]) -> Needs:
    return Needs(row["id"], row["partner_id"], row["inventory_orders"], row["runs"])


def _endings(phones: Iterable[str]) -> dict[str, Any]:
    return {"endings": sorted({phone[-_ENDING:] for phone in phones}), "ending_length": _ENDING}


def _named_by(written: str, country_code: str | None, of_phone: Mapping[str, Collection[str]]) -> set[str]:
    """What belongs to the phones that a written number may mean, compared as they are dialled."""
    return {one for phone in readings_of_address(written, country_code) for one in of_phone.get(dialled(phone), ())}


@contextlib.contextmanager
def open_shop(tables: Tables) -> Iterator[Shop]:
    """Open a session with `production_db` that cannot write and sees one snapshot.

    Raises:
        ShopError: It cannot be reached.
        AccessRefused: Its user is not let in.
    """
    with _database(tables).session() as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield Shop(connection, tables)
