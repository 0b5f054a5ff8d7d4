"""Domains: golden cases, what is never measured, ranks that hold in every completion, and the mechanism graph."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random

import pytest

from finding_cases import assessed, raw_of, read_cases
from histories import Raw
from opentrd import knowledge
from opentrd.engines import sqlite
from running import Row

SEED = 19
CASES = read_cases(Path(__file__).parent / "golden" / "domains" / "domains.csv")
DOMAINS = {row["domain"]: row for row in knowledge.table("domain").to_pylist()}
INDICATORS = knowledge.table("domain_indicator").to_pylist()
SIGNS = {row["sign"]: row for row in knowledge.table("sign").to_pylist()}
MECHANISM = knowledge.table("mechanism").to_pylist()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[Row]]]:
    raws = [raw_of(case["facts"], "", f"p{number}") for number, case in enumerate(CASES)]
    return assessed(raws, tmp_path_factory.mktemp("domains"), "domain", "indicator")


@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=lambda number: f"{CASES[number]['domain']}-{number}"
)
def test_golden_case(found: list[dict[str, list[Row]]], number: int) -> None:
    case = CASES[number]
    (row,) = [row for row in found[number]["domain"] if row["domain"] == case["domain"]]
    got = (row["shown_by"] or "", str(row["absent"]), str(row["not_measured"]))
    assert got == (case["shown_by"], case["absent"], case["not_measured"]), (
        f"{case['facts']} ({case['note']})"
    )
    assert row["present"] == len([name for name in case["shown_by"].split("; ") if name])


def test_every_domain_of_the_review_has_a_case() -> None:
    assert len(DOMAINS) == 19
    assert {case["domain"] for case in CASES} == set(DOMAINS)


def test_counts_are_those_of_the_indicators(found: list[dict[str, list[Row]]]) -> None:
    for tables in found:
        counted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in tables["indicator"]:
            counted[row["domain"]][{True: 0, False: 1, None: 2}[row["present"]]] += 1
            assert (row["settles"] is None) == (row["present"] is not None), row
        for row in tables["domain"]:
            assert [row["present"], row["absent"], row["not_measured"]] == counted[row["domain"]], row


def test_what_no_scale_measures_is_not_measured_however_much_is_rated(tmp_path: Path) -> None:
    scales = ("IDS-SR30", "QIDS-SR16", "HAM-D17", "MADRS", "BDI-II", "PHQ-9")
    items = [
        row["measure"]
        for row in knowledge.table("measure").to_pylist()
        if any(row["measure"].startswith(f"{scale} item") for scale in scales)
    ]
    low, high = (
        raw_of("; ".join(f"m: {item}, {value}, 2024-05-01" for item in items), "", f"v{value}")
        for value in (0, 2)
    )
    for tables in assessed([low, high], tmp_path, "indicator"):
        state = {(row["domain"], row["indicator"]): row["present"] for row in tables["indicator"]}
        assert state["glutamatergic_rigidity", "rumination"] is None
        assert state["hpa_stress", "threatening_rumination"] is None
        for row in INDICATORS:
            if row["sign"] is None:
                assert state[row["domain"], row["indicator"]] is None


def test_a_proxy_is_never_absent(found: list[dict[str, list[Row]]]) -> None:
    proxies = {row["sign"] for row in INDICATORS if row["weight"] == "proxy"}
    for rule in knowledge.table("sign_rule").to_pylist():
        if rule["sign"] in proxies:
            assert rule["speaks"] == "for", rule
    assert {SIGNS[sign]["silence"] for sign in proxies} == {"unknown"}
    for tables in found:
        assert all(row["present"] in (True, None) for row in tables["indicator"] if row["weight"] == "proxy")


def test_a_rank_holds_in_every_completion(found: list[dict[str, list[Row]]]) -> None:
    """Whatever the indicators that are not measured turn out to be, the place lies between best and worst."""
    random = Random(SEED)
    ranked = {name for name, row in DOMAINS.items() if row["ranked"]}
    measurable = {(row["domain"], row["indicator"]) for row in INDICATORS if row["sign"]}
    for tables in found:
        bounds = {row["domain"]: (row["rank_best"], row["rank_worst"]) for row in tables["domain"]}
        for _ in range(20):
            shares: dict[str, float] = {}
            for domain in ranked:
                states = [
                    row["present"] if row["present"] is not None else random.random() < 0.5
                    for row in tables["indicator"]
                    if row["domain"] == domain and (domain, row["indicator"]) in measurable
                ]
                shares[domain] = sum(states) / len(states)
            for domain in ranked:
                place = 1 + sum(share > shares[domain] for share in shares.values())
                best, worst = bounds[domain]
                assert best <= place <= worst, domain
        assert {domain for domain, (best, _) in bounds.items() if best is None} == set(DOMAINS) - ranked


def test_ties_share_a_place(tmp_path: Path) -> None:
    """Slowing and anergia with nothing else open: two domains show all they have, and both lead."""
    facts = "m: HAM-D17 item 8, 3, 2024-05-01; m: IDS-SR30 item 20, 3, 2024-05-01; m: IDS-SR30 item 4, 3, 2024-05-01"
    (tables,) = assessed([raw_of(facts)], tmp_path, "domain")
    places = {row["domain"]: (row["rank_best"], row["rank_worst"]) for row in tables["domain"]}
    assert places["psychomotor_slowing"] == places["hypersomnia_anergia"] == (1, 1)


def test_a_leading_domain_may_speak_against_a_drug(tmp_path: Path) -> None:
    drug = "d: sertraline, 100, 2024-01-01, 2024-03-31, stop_reason=inefficacy; "
    slowed = "m: HAM-D17 item 8, 3, 2024-05-01; m: IDS-SR30 item 20, 3, 2024-05-01"
    brisk = "; ".join(
        f"m: {item}, 0, 2024-05-01"
        for item in ("HAM-D17 item 8", "IDS-SR30 item 20", "IDS-SR30 item 12", "IDS-SR30 item 14", "IDS-SR30 item 4",
                     "IDS-SR30 item 30", "IDS-SR30 item 26", "IDS-SR30 item 21", "IDS-SR30 item 19", "IDS-SR30 item 22",
                     "IDS-SR30 item 25", "MADRS item 7", "hs-CRP")
    ).replace("hs-CRP, 0", "hs-CRP, 1 mg/L")  # fmt: skip
    sleepless = "; m: HAM-D17 item 4, 2, 2024-05-01; m: HAM-D17 item 12, 2, 2024-05-01; m: HAM-D17 item 16, 2, 2024-05-01"
    raws = [
        raw_of(drug + slowed, "", "slowed"),
        raw_of(drug + brisk + sleepless, "", "brisk"),
        raw_of(drug.rstrip("; "), "", "unrated"),
        raw_of("d: venlafaxine, 150, 2024-01-01, 2024-03-31; " + slowed, "", "other"),
    ]
    truths = [
        [row["present"] for row in tables["finding"] if row["finding"] == "domain_mismatch"]
        for tables in assessed(raws, tmp_path, "finding")
    ]
    assert truths == [[True], [False], [None], []]


def test_a_scale_that_is_no_longer_kept_turns_no_indicator(tmp_path: Path) -> None:
    raws: list[Raw] = [raw_of(case["facts"], "", f"p{number}") for number, case in enumerate(CASES)]
    without = [{table: rows for table, rows in raw.items() if table != "measurement"} for raw in raws]
    before = assessed(raws, tmp_path / "with", "indicator")
    after = assessed(without, tmp_path / "without", "indicator")
    for one, other in zip(before, after, strict=True):
        states = {(row["domain"], row["indicator"]): row["present"] for row in one["indicator"]}
        for row in other["indicator"]:
            old = states[row["domain"], row["indicator"]]
            assert row["present"] in (None, old), row


def test_the_small_engine_gives_the_same_rows(tmp_path: Path) -> None:
    import opentrd
    from finding_cases import AS_OF
    from histories import write_folder

    raw = raw_of("; ".join(case["facts"] for case in CASES))
    (tables,) = assessed([raw], tmp_path / "one", "finding", "domain", "indicator", "sign")
    record = opentrd.read(write_folder(raw, tmp_path / "two"))
    small = sqlite.SmallRun(record.database, AS_OF)
    for table, rows in tables.items():
        assert rows
        assert sorted(map(repr, small.table(table).to_pylist())) == sorted(map(repr, rows)), table


def test_a_domain_is_explained_from_the_row_to_the_process(tmp_path: Path) -> None:
    facts = "m: hs-CRP, 6 mg/L, 2024-05-01; m: IDS-SR30 item 20, 3, 2024-05-01"
    (tables,) = assessed([raw_of(facts)], tmp_path, "domain_reason")
    rows = {row["indicator"]: row for row in tables["domain_reason"] if row["domain"] == "inflammatory"}
    assert set(rows) == {"crp_raised", "anergia"}
    crp = rows["crp_raised"]
    assert (crp["basis"], crp["basis_id"], crp["marker"], crp["process"]) == (
        "hs-CRP = 6", "pm1", "hs-CRP", "inflammation",
    )  # fmt: skip
    assert rows["anergia"]["marker"] is None
    assert "Miller" in crp["source"]


# --- the rows themselves --------------------------------------------------------------------------------


def test_every_sign_can_be_decided_and_is_used() -> None:
    ruled = {row["sign"] for row in knowledge.table("sign_rule").to_pylist()}
    parts = knowledge.table("sign_part").to_pylist()
    made = {row["sign"] for row in parts}
    assert set(SIGNS) == ruled | made
    assert not ruled & made
    used = {row["sign"] for row in INDICATORS} | {row["part"] for row in parts}
    used |= {row["sign"] for row in knowledge.table("finding").to_pylist()}
    # Read by the files of the bipolar spectrum and of smoking.
    assert set(SIGNS) - used <= {"atypical", "induced_mania", "crp_acute", "smoking"}


def test_silence_means_absence_only_where_diagnoses_alone_decide() -> None:
    """Else a value that is no longer known would turn what was shown into what is absent."""
    for rule in knowledge.table("sign_rule").to_pylist():
        if rule["kind"] == "measure":
            assert SIGNS[rule["sign"]]["silence"] == "unknown", rule


def test_the_mechanism_graph_leads_from_markers_to_treatments() -> None:
    names = {
        "agent": set(knowledge.table("agent")["agent"].to_pylist()),
        "class": set(knowledge.table("agent")["class"].to_pylist()) | {"benzodiazepine"},
        "procedure": set(knowledge.table("procedure_kind")["procedure"].to_pylist()) | {"chronotherapy"},
        "domain": set(DOMAINS),
        "process": {row["to_node"] for row in MECHANISM if row["to_kind"] == "process"}
        | {row["from_node"] for row in MECHANISM if row["from_kind"] == "process"},
    }
    for row in MECHANISM:
        assert row["to_node"] in names[row["to_kind"]], row
    shaped = {row["to_node"] for row in MECHANISM if row["to_kind"] == "domain"}
    assert shaped == set(DOMAINS)
    shaping = {row["from_node"] for row in MECHANISM if row["from_kind"] == "process"}
    assert {row["to_node"] for row in MECHANISM if row["from_kind"] == "marker"} <= shaping


def test_the_classical_forms_of_the_review_are_named() -> None:
    forms = " ".join(row["classical_form"] or "" for row in DOMAINS.values())
    for author in ("Kraepelin", "Bleuler", "Jaspers", "Minkowski", "Tellenbach", "Binswanger"):
        assert author in forms
