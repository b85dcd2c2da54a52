"""Power of grid accounts as power of enterprises: restated whenever a sheet or decision changes.

What the grid company says of an account stays a fact of the account. What follows for enterprises
is appended under the source `grid.accounts`: a month that did not change makes no new version.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.facts import door as facts
from tanma.apps.imports.door import mirror
from tanma.apps.registry import door as registry
from tanma.domain.items import items
from tanma.domain.numbers import decimal_text
from tanma.engine import shares

SOURCE = "grid.accounts"
HOLDINGS = "account"
ACCOUNTS = "grid_account"
SAID, ITEM = "account.power", "electricity.purchased"

_AMOUNTS = f"""
    SELECT name.text AS account, said.valid_from, said.valid_to, said.value
    FROM known said JOIN known name ON name.subject = said.subject AND name.item = 'id.{ACCOUNTS}'
    WHERE said.item = '{SAID}' AND said.kind = 'amount' AND said.value IS NOT NULL
        AND said.source = 'grid'"""
_CHANGED = f"""
    WITH now AS (
        SELECT subject, valid_from, valid_to, sum(value)::BIGINT AS value,
            string_agg(account, '+' ORDER BY account) AS accounts
        FROM parts WHERE subject IS NOT NULL GROUP BY ALL
    ), before AS (
        SELECT subject, valid_from, valid_to, value FROM known
        WHERE source = '{SOURCE}' AND item = '{ITEM}' AND kind = 'amount'
    )
    SELECT subject, valid_from, valid_to, now.value, accounts
    FROM now FULL JOIN before USING (subject, valid_from, valid_to)
    WHERE now.value IS DISTINCT FROM before.value
    ORDER BY valid_from, valid_to, accounts"""


def restate(author: str, evidence: str) -> int:
    """Bring the power of enterprises up to what accounts and holdings say; how many facts changed.

    A month of which nothing is left is withdrawn. A restatement names what it corrects, so that a
    return to an earlier value counts again.
    """
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        con.register("parts", _parts(con))
        changed = con.sql(_CHANGED).to_arrow_table()
    rows = {_key(row): row for row in changed.to_pylist()}
    last = facts.newest(list(rows))
    table = facts.table([_record(row, last.get(key)) for key, row in rows.items()])
    receipts = facts.append_all(table, author=author, evidence=evidence[:120])
    return sum(receipt.appended for receipt in receipts)


def left() -> int:
    """Power of accounts that nobody holds, or holds in part, as a count of the item's scale."""
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        parts = _parts(con)
    nobody = parts.filter(pc.is_null(parts["subject"]))
    return pc.sum(nobody["value"]).as_py() or 0


def _parts(con: duckdb.DuckDBPyConnection) -> pa.Table:
    return shares.allocate(con.sql(_AMOUNTS).to_arrow_table(), _holdings())


def _holdings() -> pa.Table:
    rows = registry.ExternalId.objects.filter(scheme=HOLDINGS)
    keys = dict(registry.Enterprise.objects.values_list("id", "natural_key"))
    named = rows.values_list("value", "subject", "share_ppm", "valid_from", "valid_to")
    columns = shares.HOLDINGS.names
    made = [
        dict(zip(columns, (account, subject, keys.get(subject, ""), *rest), strict=True))
        for account, subject, *rest in named
    ]
    return pa.Table.from_pylist(made, shares.HOLDINGS)


def _key(row: dict[str, Any]) -> bytes:
    span = (row["valid_from"], row["valid_to"])
    return facts.content_key(row["subject"], ITEM, "amount", *span, SOURCE, {})


def _record(row: dict[str, Any], last: facts.Fact | None) -> dict[str, Any]:
    value = row["value"]
    said = "" if value is None else f"{decimal_text(value, items()[ITEM].scale)} kWh"
    return {
        "subject": row["subject"], "item": ITEM, "kind": "amount", "valid_from": row["valid_from"],
        "valid_to": row["valid_to"], "value": value, "text": None, "source": SOURCE,
        "reported": f"{said} ({row['accounts']})" if said else "", "data_class": "internal",
        "corrects": f"sha256:{bytes(last.digest).hex()}" if last else "",
    }  # fmt: skip
