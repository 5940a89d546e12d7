"""The bench's table: what is met, how ratios and spreads are said, and that it is Markdown."""

import pytest

from sandbox.bench.report import HEAD, Row, Sample, Target, memory_row, table


@pytest.mark.parametrize(
    ("target", "reached", "is_met"),
    [
        (Target("under", 10, "x"), 9.99, True),
        (Target("under", 10, "x"), 10.0, False),
        (Target("at least", 95, "%"), 95.0, True),
        (Target("at least", 95, "%"), 94.99, False),
    ],
)
def test_a_target_is_met_up_to_its_number(target, reached, is_met):
    assert target.is_met(reached) is is_met


def test_one_refusal_misses_the_target_however_fast_it_was():
    fast = Row("send", "79 messages/s", 98.0, Target("at least", 95, "%"), refusals=0)
    too_fast = Row("send", "79 messages/s", 98.0, Target("at least", 95, "%"), refusals=1)

    assert (fast.cells()[-2:], too_fast.cells()[-2:]) == (("0", "yes"), ("1", "missed"))


def test_the_median_counts_and_the_spread_is_said():
    assert Sample((0.5, 0.2, 9.0)).median == 0.5
    assert Sample((0.5, 0.2, 9.0)).said("s", 1) == "0.5 s (0.2 to 9.0)"
    assert Sample((12_345.6,)).said("rows/s") == "12,346 rows/s"


def test_only_ratios_stand_in_their_column():
    texts = [
        Row("", "", 2.25, target).cells()[HEAD.index("ratio")]
        for target in (Target("under", 10, "x"), Target("at least", 95, "%"), Target("under", 300, "MB"))
    ]
    assert texts == ["2.2 x", "2.2 %", ""]


def test_memory_has_to_stay_under_300_mb():
    assert [memory_row("find", peak).is_met for peak in (299.9, 300.0)] == [True, False]
    assert memory_row("find", 152.4).cells() == ("memory of find", "152 MB", "", "", "under 300 MB", "", "yes")


def test_the_table_is_markdown_with_its_columns_aligned():
    rows = [
        Row("find", "0.80 s", 8.0, Target("under", 10, "x"), beside="count(*): 0.10 s"),
        Row("plan", "4,999 rows/s", 4_999.0, Target("at least", 5_000, "rows/s")),
    ]

    lines = table(rows)

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == list(HEAD)
    assert set("".join(cells[1])) == {"-"}
    assert cells[2] == ["find", "0.80 s", "count(*): 0.10 s", "8.0 x", "under 10 x", "", "yes"]
    assert cells[3] == ["plan", "4,999 rows/s", "", "", "at least 5,000 rows/s", "", "missed"]
    assert len({len(line) for line in lines}) == 1
