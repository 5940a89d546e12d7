"""Which tests come first, and with which of them each process begins where several share them."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
QUICK = "unit"
ORDER = (QUICK, "integration", "dag", "browser", "faults")
"""The tests' folders, quick ones first."""
BEGUN_WITH = (
    ("faults", "integration/sending", "integration/webhook"),
    ("dag", "integration/deploying", "integration/graph_api", "integration/provider", "integration/templates"),
)
"""The folders with which the second and the third of the usual four processes begin: those that wait, and half of the
others. The first one begins with what takes a minute, and the fourth with all that is left."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the quick folders first, whatever the order within them, or share the tests out among processes."""
    if hasattr(config, "workerinput"):
        items[:] = _shared_out(items)
    else:
        items.sort(key=lambda item: ORDER.index(_folder(item).split("/")[0]))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parent.as_posix()


def _shared_out(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests in a part for each of the usual processes: as many in each, and first what takes long.

    Each process begins with a part and does once what its folders need first: to import, to make, to plan. The quick
    tests are what is left when a process has ended and takes over from another.
    """
    a_minute, *named, others = parts = [list[pytest.Item]() for _ in ("a minute", *BEGUN_WITH, "others")]
    part_of = {folder: part for part, folders in zip(named, BEGUN_WITH, strict=True) for folder in folders}
    quick = []
    for item in sorted(items, key=_folder):
        folder = _folder(item)
        if item.get_closest_marker("takes_a_minute"):
            a_minute.append(item)
        elif folder.startswith(QUICK):
            quick.append(item)
        else:
            part_of.get(folder, others).append(item)
    shared = []
    for part in parts:
        missing = max(0, len(items) // len(parts) - len(part))
        shared += part + quick[:missing]
        del quick[:missing]
    return shared + quick
