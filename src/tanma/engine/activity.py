"""From facts as known at T to monthly activity: one integer per enterprise, item and month.

What was said stays as said in the facts; here it is put on months, in columns:

* a cumulative since 1 January becomes the difference to the one before (a revision restates the
  months it covers, never the facts);
* a span of several months is split by days with largest remainder and marked;
* of several sources that speak of one month, the edition's order of preference chooses; the choice
  and its losers stay visible;
* what nobody said but follows from what was said is derived and marked, see `derived`.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from tanma.engine import derived

SOURCE_ORDER: tuple[str, ...] = (
    "verified", "meter", "grid", "grid.accounts", "gas", "heat", "water", "tax", "stat.205-2",
    "stat.205-1", "stat.205-4", "stat.output", "stat.finance", "stat.accounts", "declared",
    "government",
)  # fmt: skip
"""Default order of preference: verified, measured by the supplier, statistics, declared."""

COLUMNS = "subject, item, month, value, source, kind, split, seq, data_class"


def build(
    con: duckdb.DuckDBPyConnection, items: Sequence[str], *, order: Sequence[str] = SOURCE_ORDER,
    known: str = "known", name: str = "activity", since: str = "1900-01-01",
    until: str = "9999-12-31",
) -> None:  # fmt: skip
    """Create view `name` (COLUMNS, marks, derived): the chosen value of each item and enterprise.

    `value` counts at the item's scale; `split` marks a value that was split by days; `seq` is the
    fact it rests on. `<name>_rivals` keeps the candidates that lost, `<name>_refused` derived
    values that cannot be. Months in [since, until). Plain facts are not copied: the view reads
    them where they lie.
    """
    wanted = sorted({*items, *derived.needed(items)})
    con.register("activity_items", pa.table({"item": wanted}))
    ranks = pa.table({"source": list(order), "place": list(range(len(order)))})
    con.register("activity_order", ranks)
    # from January on, because a cumulative is read together with the one before it
    january = f"{since[:4]}-01-01"
    scope = f"valid_to > DATE '{january}' AND valid_from < DATE '{until}' AND value IS NOT NULL"
    months = f"month >= DATE '{since}' AND month < DATE '{until}'"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_shapes AS {_shapes(known, scope)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_contested AS {_contested(name)}")
    some = con.execute(f"SELECT count(*) > 0 FROM {name}_contested").fetchall()[0][0]
    said = f"{known} f SEMI JOIN {name}_contested USING (item) WHERE {some} AND {scope}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_spans AS {_odd_spans(said)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_many AS {_candidates(name, said)}")
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW {name}_said AS
            SELECT {COLUMNS}, {derived.marks(split="false")} AS marks, false AS derived
            FROM ({_single(name, known, scope)}) WHERE {months}
            UNION ALL
            SELECT {COLUMNS}, {derived.marks()}, false
            FROM {name}_many WHERE place = 1 AND {months}"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW {name}_rivals AS
            SELECT {COLUMNS} FROM {name}_many WHERE place > 1 AND {months}"""
    )
    derived.build(con, name, known, months)


_WHOLE_MONTH = """kind = 'amount' AND day(valid_from) = 1
    AND valid_to = valid_from + INTERVAL 1 MONTH"""


def _shapes(known: str, scope: str) -> str:
    """Which items are spoken of, by whom, over which spans: one look at every fact."""
    return f"""
        SELECT item, kind, source, valid_from, valid_to, count(*) AS facts
        FROM {known} WHERE {scope} AND kind IN ('amount', 'cumulative') GROUP BY ALL"""


def _contested(name: str) -> str:
    """Items of which some fact is not a plain month, or about which several sources speak.

    The others, most of the rows, need no choice and are passed on as they lie.
    """
    return f"""SELECT item FROM {name}_shapes SEMI JOIN activity_items USING (item)
               GROUP BY item HAVING min(source) <> max(source) OR NOT bool_and({_WHOLE_MONTH})"""


def _single(name: str, known: str, scope: str) -> str:
    return f"""SELECT subject, item, valid_from AS month, value, source, kind, false AS split, seq,
                      data_class
               FROM {known} f SEMI JOIN activity_items USING (item)
                    ANTI JOIN {name}_contested USING (item)
               WHERE {scope} AND kind = 'amount'"""


def _odd_spans(said: str) -> str:
    """Spans that are no whole month, and differences of cumulatives, as (from, to, value)."""
    return f"""
        WITH cumulative AS (
            SELECT subject, item, source, kind, seq, data_class, value,
                   lag(valid_to) OVER w AS before_to, lag(value) OVER w AS before_value,
                   valid_from, valid_to
            FROM {said} AND kind = 'cumulative'
            WINDOW w AS (PARTITION BY subject, item, source, valid_from ORDER BY valid_to)
        )
        SELECT subject, item, source, kind, seq, data_class,
               coalesce(before_to, valid_from) AS valid_from, valid_to,
               value - coalesce(before_value, 0) AS value
        FROM cumulative
        UNION ALL
        SELECT subject, item, source, kind, seq, data_class, valid_from, valid_to, value
        FROM {said} AND kind = 'amount' AND NOT ({_WHOLE_MONTH})
    """


def _split(name: str, said: str) -> str:
    """Each odd span on its months: floor of the share by days, then the largest remainders.

    Months of a cumulative that the same source also states alone keep what was stated, and the
    rest of the cumulative goes on the others: 1–10月 beside October is nine months and October.
    """
    return f"""
        WITH spread AS (
            SELECT s.*, month,
                   date_diff('day', greatest(month, valid_from),
                             least(CAST(month + INTERVAL 1 MONTH AS DATE), valid_to)) AS share
            FROM {name}_spans s, LATERAL (
                SELECT CAST(unnest(generate_series(date_trunc('month', valid_from),
                    valid_to - INTERVAL 1 DAY, INTERVAL 1 MONTH)) AS DATE) AS month)
        ),
        alone AS (
            SELECT subject, item, source, valid_from AS month, value AS stated
            FROM {said} AND {_WHOLE_MONTH}
        ),
        beside AS (
            SELECT p.*, stated,
                   coalesce(sum(stated) OVER one, 0) AS sum_stated,
                   kind = 'cumulative'
                       AND count(stated) OVER one BETWEEN 1 AND count(*) OVER one - 1
                       AND sum(stated) OVER one <= value AS keeps
            FROM spread p LEFT JOIN alone USING (subject, item, source, month)
            WINDOW one AS (PARTITION BY p.seq)
        ),
        parts AS (
            SELECT * REPLACE (CASE WHEN keeps THEN value - sum_stated ELSE value END AS value),
                   sum(share) OVER (PARTITION BY seq) AS days
            FROM beside WHERE NOT coalesce(keeps, false) OR stated IS NULL
        ),
        floors AS (
            SELECT *, abs(CAST(value AS HUGEINT)) * share // days AS whole,
                   abs(CAST(value AS HUGEINT)) * share % days AS remainder,
                   count(*) OVER (PARTITION BY seq) AS months
            FROM parts
        )
        SELECT subject, item, month, source, kind, seq, data_class, months > 1 AS split,
               share < date_diff('day', month, CAST(month + INTERVAL 1 MONTH AS DATE)) AS partial,
               CAST(sign(value) * (whole + CAST(
                   row_number() OVER (PARTITION BY seq ORDER BY remainder DESC, month)
                   <= abs(CAST(value AS HUGEINT)) - sum(whole) OVER (PARTITION BY seq)
                   AS INTEGER)) AS BIGINT) AS value
        FROM floors
    """


def _candidates(name: str, said: str) -> str:
    """All candidates of contested items, the chosen one with place 1.

    Parts of a month by one source are added first. Before the order of sources counts nothing;
    within a source a cumulative (it is revised) beats a month, a whole month beats a split span.
    """
    return f"""
        WITH all_candidates AS (
            SELECT subject, item, valid_from AS month, source, kind, seq, data_class, value,
                   false AS split, false AS partial
            FROM {said} AND {_WHOLE_MONTH}
            UNION ALL BY NAME
            SELECT * FROM ({_split(name, said)})
        ),
        merged AS (
            SELECT subject, item, month, source, kind, split, partial,
                   CAST(sum(value) AS BIGINT) AS value, max(seq) AS seq,
                   max(data_class) AS data_class
            FROM all_candidates
            GROUP BY subject, item, month, source, kind, split, partial
        )
        SELECT m.*, row_number() OVER (
            PARTITION BY subject, item, month
            ORDER BY coalesce(place, 999), source, partial, split AND kind <> 'cumulative',
                     kind <> 'cumulative', seq DESC) AS place
        FROM merged m LEFT JOIN activity_order o USING (source)
    """


def attributes(
    con: duckdb.DuckDBPyConnection, day: str, known: str = "known", since: str | None = None
) -> None:
    """Create table `attributes`: text attributes of every subject that hold on a day (ISO date).

    Where spans overlap the later start counts, then the later version. `attribute_spans` keeps all
    that hold at some time in [since, day], for what changes inside a period.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE attribute_spans AS
            SELECT subject, item, text, valid_from, valid_to, coalesce(revision, 0) AS revision,
                   stamp, seq
            FROM {known}
            WHERE kind = 'attribute' AND text IS NOT NULL
                  AND valid_from <= DATE '{day}' AND valid_to > DATE '{since or day}'"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE attributes AS
            WITH held AS (FROM attribute_spans WHERE valid_to > DATE '{day}'),
            often AS (SELECT subject, item FROM held GROUP BY ALL HAVING count(*) > 1)
            SELECT subject, item, text FROM held ANTI JOIN often USING (subject, item)
            UNION ALL
            SELECT subject, item, arg_max(text, (valid_from, revision, stamp, seq)) AS text
            FROM held SEMI JOIN often USING (subject, item) GROUP BY subject, item"""
    )
