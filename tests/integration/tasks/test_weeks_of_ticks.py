"""Weeks of ticks over a small shop whatever happens: nobody is reminded twice a day, and no run is forgotten."""

from __future__ import annotations

import os
from typing import Any

import hypothesis
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from partner_messages.database.session import Session
from sandbox.graph_api.server import LocalGraphApi
from support.checked_weeks import PLANNING, CheckedWeeks
from support.deployment import Deployment
from support.log_rows import Log
from support.restoring import empty, restore_shop
from support.submitted import submit_templates
from support.weeks import HAPPENINGS, PARTNERS

EXAMPLES = int(os.environ.get("WEEKS_OF_TICKS") or 0)
"""How many histories are looked for at random; without it the same few are gone through each time: they take long."""
SEED = 3
"""Of those few."""
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES or 3,  # The first one is always as simple as can be.
    stateful_step_count=40,
    database=None,
    deadline=None,
    # A history that fails is printed as it was found: shorter ones would be looked for during minutes.
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(HealthCheck),
)
DIGEST = "jyt_production_run_digest_v1"

partners, which = st.sampled_from(list(PARTNERS)), st.integers(0, 4)
happenings = st.tuples(st.sampled_from(list(HAPPENINGS)), which, partners)
words_of_meta = st.sampled_from([("delivered", None), ("read", None), ("failed", 131049), ("failed", 131053)])
while_sending = happenings.filter(lambda happening: happening[0] != "is worked on: a quantity")


class WeeksOfTicks(RuleBasedStateMachine):
    """What may happen, in any order."""

    weeks: CheckedWeeks

    @rule(most=st.sampled_from([None, 1, 3]), after=st.sampled_from([None, 2, 7]))
    def a_cap_is_changed(self, most: int | None, after: int | None) -> None:
        self.weeks.change_rules(max_reminders=most, escalate_after=after)

    @rule(upkeep=st.sampled_from(["12:30", "12:45", None]))
    def a_day_passes(self, upkeep: str | None) -> None:
        if upkeep:
            self.weeks.upkeep(upkeep)
        self.weeks.next_tick()

    @rule(what=happenings)
    def something_happens_and_a_day_passes(self, what: tuple[str, int, str]) -> None:
        self.weeks.happen(*what)
        self.weeks.upkeep("12:45")
        self.weeks.next_tick()

    @rule(what=while_sending)
    def a_day_passes_and_something_happens_before_sending(self, what: tuple[str, int, str]) -> None:
        self.weeks.next_tick(meanwhile=what)

    @rule(planning=st.sampled_from(list(PLANNING)))
    def a_day_passes_and_planning(self, planning: str) -> None:
        self.weeks.next_tick(planning=planning)

    @rule(hours=st.sampled_from([0.25, 2.5, 6, 9.5]))
    def somebody_triggers_a_tick(self, hours: float) -> None:
        self.weeks.trigger(hours)

    @rule(clock=st.sampled_from(["12:30", "16:00", "18:45", "19:30"]))
    def upkeep(self, clock: str) -> None:
        self.weeks.upkeep(clock)

    @rule(what=happenings)
    def a_run(self, what: tuple[str, int, str]) -> None:
        self.weeks.happen(*what)

    @rule(partner=partners)
    def a_run_is_sent_out(self, partner: str) -> None:
        self.weeks.send_out(partner)

    @rule(partner=partners, again=st.booleans())
    def meta_refuses_a_number(self, partner: str, again: bool) -> None:
        self.weeks.refuse(partner, again=again)

    @rule(taken=st.booleans())
    def an_answer_will_be_lost(self, taken: bool) -> None:
        self.weeks.lose_the_next_answer(taken=taken)

    @rule(again=st.booleans())
    def a_token_ends(self, again: bool) -> None:
        self.weeks.end_token(again=again)

    @rule(
        which=which, what=st.sampled_from([("delivered", None), ("read", None), ("failed", 131049), ("failed", 131053)])
    )
    def meta_says_of_a_message(self, which: int, what: tuple[str, int | None]) -> None:
        self.weeks.hear_of_a_message(which, *what)

    @rule(partner=partners, days=st.sampled_from([0, 2, 6]))
    def a_partner_is_paused(self, partner: str, days: int) -> None:
        self.weeks.pause(partner, days)

    @rule(found_again=st.booleans())
    def a_partner_s_number_is_lost(self, found_again: bool) -> None:
        self.weeks.lose_phone(found_again=found_again)

    @rule(cadence=st.sampled_from(["daily", (1, 3, 7), (2, 3), {"days": [1, 2], "then": "weekly"}]))
    def the_cadence_is_changed(self, cadence: str | tuple[int, ...] | dict[str, Any]) -> None:
        self.weeks.change_rules(cadence=cadence)

    @rule(digest=st.booleans())
    def digests_are_switched(self, digest: bool) -> None:
        self.weeks.change_rules(digest=digest)

    @rule(partner=st.sampled_from([None, *PARTNERS]))
    def somebody_gets_longer(self, partner: str | None) -> None:
        self.weeks.change_rules(patient=frozenset([PARTNERS[partner].id] if partner else []))

    @rule(days=st.sampled_from([1, 2, 5]))
    def a_holiday_is_added(self, days: int) -> None:
        self.weeks.add_holiday(days)

    @rule()
    def an_escalation_is_closed_by_hand(self) -> None:
        self.weeks.close_an_escalation()


def test_no_run_is_reminded_twice_a_day_and_none_is_forgotten_over_weeks_of_ticks(
    deployment: Deployment, shop: Session, log: Log, graph_api: LocalGraphApi
) -> None:
    def machine() -> WeeksOfTicks:
        empty(log)
        restore_shop(shop)
        graph_api.reset()
        graph_api.set_limits(pair_seconds=0)
        deployment.set(senders=["in", "europe"], delivery="live")
        submit_templates([DIGEST])
        found = WeeksOfTicks()
        found.weeks = CheckedWeeks(deployment, shop, log, graph_api)
        return found

    run_state_machine_as_test(machine if EXAMPLES else hypothesis.seed(SEED)(machine), settings=SETTINGS)
