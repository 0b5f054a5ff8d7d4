"""What a comparison shows of small counts, held against a reader who knows the rules and tries every population."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

from opentrd.report.cohort import attrition_rows, definition_row
from opentrd.report.compare_suppress import COUNTS, definition_cells
from opentrd.report.compare_told import tells_small
from opentrd.report.suppress import WITHHELD

MIN_COUNT = 3
MOST = 6  # persons of one kind in the populations the reader can think of
CHECKED = 3  # and in those that are published here; the room between keeps the border from deciding


def counts(kinds: tuple[int, ...]) -> dict[str, int]:
    """The counts of a population by (eligible, met): yes yes, yes ?, yes no, ? ?, ? no, no no."""
    yes_yes, yes_open, yes_no, open_open, open_no, no_no = kinds
    eligible = yes_yes + yes_open + yes_no
    return {
        "persons": sum(kinds),
        "eligible_low": eligible,
        "eligible_high": eligible + open_open + open_no,
        "met_low": yes_yes,
        "met_high": yes_yes + yes_open + open_open,
        "denominator_high": eligible + open_open,
        "no_no": no_no,
    }


def test_no_small_count_of_a_definition_can_be_worked_out() -> None:
    found: dict[tuple[str, ...], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    hidden: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for kinds in product(range(MOST + 1), repeat=6):
        row = counts(kinds)
        cells = definition_cells(row, {}, MIN_COUNT)
        published = tuple(cells[name].text for name in COUNTS)
        common = row["eligible_low"] + row["met_high"] - row["denominator_high"]
        for name, value in (*((name, row[name]) for name in COUNTS), ("common", common)):
            found[published][name].add(value)
        if max(kinds) <= CHECKED:
            hidden[published] |= {
                name for name in (*COUNTS, "common") if 0 < ({**row, "common": common})[name] < MIN_COUNT
            }
    assert len(hidden) > 100
    told = [
        (dict(zip(COUNTS, published, strict=True)), name, found[published][name])
        for published, names in hidden.items()
        for name in names
        if len(found[published][name]) < 2
    ]
    assert told == []


def test_the_cohort_page_and_the_comparison_together_tell_nothing_small() -> None:
    for kinds in product((0, 1, 3, 7), repeat=6):
        row = counts(kinds)
        if row["persons"] < 2 * MIN_COUNT:
            continue  # no cohort page is made of so few
        page, table = definition_row(row, MIN_COUNT), definition_cells(row, {}, MIN_COUNT)
        shown = {
            name: row[name]
            for name in COUNTS
            if table[name].value is not None or (name in page and page[name].value is not None)
        }
        assert not tells_small(shown, {}, {}, MIN_COUNT), (kinds, shown)


def test_the_flow_leaves_no_few_of_the_diagnosed_untreated() -> None:
    rows = [{"place": place, "persons": persons} for place, persons in enumerate((2000, 1847, 1800, 1664), 1)]
    assert attrition_rows(rows, 5, [1569, 1664, 1670])[3]["persons"].text == "1,664"
    assert attrition_rows(rows, 5, [1569, 1668])[3]["persons"].text == WITHHELD
    assert attrition_rows(rows, 5, [1849, 1668])[1]["persons"].text == "1,847"
