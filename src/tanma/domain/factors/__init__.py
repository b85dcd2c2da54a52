"""Dated factors with sources, and the choice between them. Design: docs/design/factors.md.

`tables` reads and checks, `lookup` answers for one day, `preferences` holds the order of an
edition, `resolve` puts factors beside all lines in one join, `page` prints every value.
"""
