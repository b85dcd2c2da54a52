"""Accounting methods: shared families of formulas, and editions that declare which lines count."""
