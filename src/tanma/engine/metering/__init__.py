"""From readings and dated facts of meters to days, months and region totals.

`channels` turns facts into columns, `intervals` readings into amounts with flags, `days` amounts
into local days, `months` days into monthly amounts; `refresh` derives again exactly what changed,
`run` everything, in process or on a cluster. Contract: docs/design/readings.md.
"""
