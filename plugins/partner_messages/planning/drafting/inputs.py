"""What is known when messages are drafted, and what they are drafted with (values only)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from partner_messages.recipients.people import Conversation, Partner, PartnerAdmin
from partner_messages.recipients.preferences import NOTHING_SAID, Preferences
from partner_messages.templates.approvals.gate import Approval
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.templates.catalog import Catalog

Family: TypeAlias = Literal["v1", "v2", "v3"]
"""`v1`: the seed's texts. `v2`: the design's picture above the text, and below it a button that opens the run. `v3`:
two buttons more, by which the partner answers."""

DEFAULT_FAMILY: Family = "v1"


@dataclass(frozen=True)
class ShopKnowledge:
    """What the shop knows about the partners and designs of some runs, at one reading.

    Attributes:
        partners: By id.
        admins: By partner.
        conversations: By the partner for whom they may speak: their own, and whoever else's on their phone.
        reached_at: Numbers, E.164, at which Meta says that a partner is, by partner; those are asked for whose number,
            as it was typed, may mean several.
        design_names: By design.
        pictures: URLs of pictures that Meta would take, by design (None: a run without a design, which has the
            fallback picture alone); a design without a usable picture is absent.
        reminded_in_shop: Runs that the shop's own flow reminded of on the day.
    """

    partners: Mapping[str, Partner]
    admins: Mapping[str, Sequence[PartnerAdmin]] = field(default_factory=dict)
    conversations: Mapping[str, Sequence[Conversation]] = field(default_factory=dict)
    reached_at: Mapping[str, frozenset[str]] = field(default_factory=dict)
    design_names: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str | None, str] = field(default_factory=dict)
    reminded_in_shop: frozenset[str] = frozenset()

    def design_name(self, design_id: str | None) -> str | None:
        """The design's name, if the shop knows one."""
        return self.design_names.get(design_id) if design_id else None


@dataclass(frozen=True)
class DraftingSetup:
    """The senders, templates, settings and params that messages are drafted with.

    Attributes:
        senders: The configured senders in the order of the setting.
        catalog: The templates.
        language: One language for everybody (setting `language`).
        fallback_language: The last resort of the language rule.
        limit: How many messages the run may send.
        redirect_to: The one phone that a `redirect` run writes to, E.164.
        family: Which family of templates is sent (setting `template_family`).
        approvals: What is known of each account's templates, by account and name, then by language; None where nothing
            leaves (a dry run), so that everything in the catalog will do.
        allow_marketing: Setting of that name.
        own_languages: Of the partners that operations have chosen one for; it goes before the one for everybody.
        paused: Partners who are not to be written to on the tick's day.
        paused_runs: Runs of which nobody is to be written to on that day.
        on_holiday: Those who have a holiday of their own then, and its name.
        digest: Whether a partner's due runs go into one message (setting `digest`).
        preferences: What partners have said about being written to.
        lifecycle_after_opt_out: Setting of that name.
    """

    senders: Sequence[Sender]
    catalog: Catalog
    language: str | None
    fallback_language: str
    limit: int
    redirect_to: str | None = None
    family: Family = DEFAULT_FAMILY
    approvals: Mapping[tuple[str, str], Mapping[str, Approval]] | None = None
    allow_marketing: bool = False
    own_languages: Mapping[str, str] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    paused_runs: frozenset[str] = frozenset()
    on_holiday: Mapping[str, str] = field(default_factory=dict)
    digest: bool = False
    preferences: Preferences = NOTHING_SAID
    lifecycle_after_opt_out: bool = False
