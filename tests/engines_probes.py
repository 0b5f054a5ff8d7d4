"""Small statements on which engines are known to differ, each with the answer that DuckDB and everybody must give."""

from __future__ import annotations

from datetime import date

# A table of everything that can be awkward: texts that a language sorts otherwise, halves, missing cells, dates.
ROWS = """
SELECT CAST(id AS BIGINT) AS id, CAST(word AS VARCHAR) AS word, CAST(number AS BIGINT) AS number, CAST(half AS DOUBLE) AS half,
       CAST(day AS DATE) AS day, CAST(day_text AS VARCHAR) AS day_text, CAST(truth AS BOOLEAN) AS truth
FROM (VALUES (1, 'citalopram', 7, 0.5, '2020-02-28', '2020-02-28', TRUE),
             (2, 'ECT', 2, 1.5, '2020-03-01', '2020-03-02', FALSE),
             (3, 'Éct', NULL, 2.5, '0001-01-01', NULL, NULL),
             (4, NULL, -3, -0.5, '9999-12-31', '9999-12-31', TRUE),
             (5, 'a "b" ''c'' \\d', 0, NULL, NULL, '2020-01-01', NULL)) AS v(id, word, number, half, day, day_text, truth)
"""
SPECIAL = "a \"b\" 'c' \\d"

# what it is about: (statement in DuckDB's dialect, the rows it gives, sorted)
PROBES: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "text sorts by code point": (
        "SELECT id, CAST(row_number() OVER (ORDER BY word) AS BIGINT) AS place FROM record.probe",
        [(1, 3), (2, 1), (3, 4), (4, 5), (5, 2)],
    ),
    "nulls come last, also when descending": (
        "SELECT id, CAST(row_number() OVER (ORDER BY number DESC) AS BIGINT) AS place FROM record.probe",
        [(1, 1), (2, 2), (3, 5), (4, 4), (5, 3)],
    ),
    "nulls come first where it says so": (
        "SELECT id, CAST(row_number() OVER (ORDER BY number NULLS FIRST) AS BIGINT) AS place FROM record.probe",
        [(1, 5), (2, 4), (3, 1), (4, 2), (5, 3)],
    ),
    "smallest and largest text": (
        "SELECT CAST(min(word) AS VARCHAR) AS low, CAST(max(word) AS VARCHAR) AS high FROM record.probe",
        [("ECT", "Éct")],
    ),
    "text is compared by code point": (
        "SELECT id FROM record.probe WHERE word < 'citalopram'",
        [(2,), (5,)],
    ),
    "an ordered list skips nulls and keeps its order": (
        "SELECT string_agg(word, '; ' ORDER BY number) AS words FROM record.probe",
        [(f"ECT; {SPECIAL}; citalopram; Éct".replace(f"ECT; {SPECIAL}", f"{SPECIAL}; ECT"),)],
    ),
    "a list of nothing is null": (
        "SELECT string_agg(word, '; ' ORDER BY word) AS words FROM record.probe WHERE word IS NULL",
        [(None,)],
    ),
    "halves are rounded to even": (
        "SELECT id, CAST(half AS BIGINT) AS whole FROM record.probe",
        [(1, 0), (2, 2), (3, 2), (4, 0), (5, None)],
    ),
    "whole numbers are divided with their fraction, by nothing gives null": (
        "SELECT id, CAST(7 / nullif(number, 0) AS DOUBLE) AS part FROM record.probe WHERE number <> -3",
        [(1, 1.0), (2, 3.5), (5, None)],
    ),
    "days between dates": (
        "SELECT id, date_diff('day', day, CAST('2020-03-01' AS DATE)) AS days, CAST('2020-03-01' AS DATE) - day AS same "
        "FROM record.probe WHERE id < 3",
        [(1, 2, 2), (2, 0, 0)],
    ),
    "days added to a date, far ends of the calendar": (
        "SELECT id, day - 1 AS before FROM record.probe WHERE id IN (1, 2, 4)",
        [(1, date(2020, 2, 27)), (2, date(2020, 2, 29)), (4, date(9999, 12, 30))],
    ),
    "a date as text": (
        "SELECT id, 'on ' || CAST(day AS VARCHAR) AS said FROM record.probe",
        [(1, "on 2020-02-28"), (2, "on 2020-03-01"), (3, "on 0001-01-01"), (4, "on 9999-12-31"), (5, None)],
    ),
    "text that meets a date is a date": (
        "SELECT p.id FROM record.probe AS p JOIN record.probe AS q ON q.day_text = p.day",
        [(1,), (4,)],
    ),
    "sums are whole numbers": (
        "SELECT sum(number) AS total, sum(CASE WHEN number > 100 THEN 1 END) AS none FROM record.probe",
        [(6, None)],
    ),
    "parts of a date": (
        "SELECT id, EXTRACT(YEAR FROM day) * 100 + EXTRACT(MONTH FROM day) AS month FROM record.probe",
        [(1, 202002), (2, 202003), (3, 101), (4, 999912), (5, None)],
    ),
    "a union takes the type of the column from where it is known": (
        "SELECT CAST(NULL AS DATE) AS day, NULL AS number, 'x' AS word UNION ALL SELECT day, NULL, word FROM record.probe "
        "WHERE id = 1 UNION ALL SELECT NULL, number, NULL FROM record.probe WHERE id = 1",
        [(None, None, "x"), (None, 7, None), (date(2020, 2, 28), None, "citalopram")],
    ),
    "the same column twice in one branch of a union": (
        "SELECT id AS low, number AS high FROM record.probe WHERE id = 1 UNION ALL SELECT id, id FROM record.probe WHERE id = 2",
        [(1, 7), (2, 2)],
    ),
    "three truths": (
        "SELECT id, truth AND number > 1 AS both, truth OR number > 1 AS one, NOT truth AS other, coalesce(truth, TRUE) AS closed "
        "FROM record.probe",
        [(1, True, True, False, True), (2, False, True, True, False), (3, None, None, None, True),
         (4, False, True, False, True), (5, False, None, None, True)],
    ),
    "reserved words as columns": (
        'SELECT id AS "row", word AS "table", number AS "order" FROM record.probe WHERE id = 1',
        [(1, "citalopram", 7)],
    ),
    "quotes and backslashes in text": (
        "SELECT id, word = 'a \"b\" ''c'' \\d' AS same FROM record.probe WHERE id = 5",
        [(5, True)],
    ),
    "stars are written out": (
        "WITH p AS (SELECT *, id + 1 AS next FROM record.probe) SELECT a.*, b.word AS word_after FROM p AS a "
        "JOIN p AS b ON b.id = a.next WHERE a.id = 1",
        [(1, "citalopram", 7, 0.5, date(2020, 2, 28), "2020-02-28", True, 2, "ECT")],
    ),
}  # fmt: skip

# A statement, and the words of the error: nothing is translated that would mean something else.
REFUSED = {
    "SELECT truth IS NOT FALSE AS t FROM record.probe": "loses the third truth value",
    "SELECT id FROM record.probe WHERE number NOT IN (1, 2)": "loses the third truth value",
    "SELECT TRY_CAST(word AS BIGINT) AS n FROM record.probe": "not on the list",
    "SELECT count(*) FILTER (WHERE truth) AS n FROM record.probe": "not on the list",
    "SELECT first(word ORDER BY id) AS w FROM record.probe": "not on the list",
    "SELECT arg_max(word, id) AS w FROM record.probe": "not on the list",
    "SELECT greatest(number, 1) AS n FROM record.probe": "not on the list",
    "SELECT string_agg(word, ', ') AS w FROM record.probe": "a list in no order",
    "SELECT date_diff('month', day, day) AS m FROM record.probe": "count months and years differently",
    "SELECT day + INTERVAL 1 MONTH AS d FROM record.probe": "not on the list",
    "SELECT 1 / number AS n FROM record.probe": "dividing by zero",
    "SELECT CAST(half AS VARCHAR) AS t FROM record.probe": "write this type differently as text",
    "SELECT 'n' || number AS t FROM record.probe": "both sides of || have to be text",
    "SELECT id FROM record.probe WHERE word = number": "compare text with other types differently",
    "SELECT a.id FROM record.probe AS a ASOF JOIN record.probe AS b ON a.day >= b.day": "ASOF join",
    "SELECT id FROM record.probe ANTI JOIN (SELECT 1 AS id) AS o USING (id)": "ANTI join",
    "SELECT DISTINCT ON (word) id FROM record.probe": "DISTINCT ON",
    "SELECT id FROM record.probe QUALIFY row_number() OVER (ORDER BY id) = 1": "QUALIFY",
    "SELECT word, count(*) AS n FROM record.probe GROUP BY ALL": "GROUP BY ALL",
    "SELECT id FROM record.probe WHERE word LIKE 'a\\_%'": "backslash",
    "SELECT id FROM record.nowhere": "record.nowhere, which is not there",
    "SELECT not_there FROM record.probe": "not_there",
}  # fmt: skip
