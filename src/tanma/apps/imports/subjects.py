"""External identifiers of rows to subjects: registered, found, or left for the desk."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.registry import door as registry
from tanma.intake.tables.packages import Package

REGISTER = "registry"
"""The source whose files make things known; any other file speaks of what is known already."""
ALWAYS_REGISTERED = frozenset(
    {"batch", "green_certificate", "grid_account", "industry", "purchase"}
)
"""Schemes without a register of their own: a certificate is known by being declared."""
SCHEME_IN_REGISTRY = {"green_certificate": "certificate"}
"""Names under which the registry keeps things that are not enterprises."""


def resolve(facts: pa.Table, source: str, *, author: str, evidence: str) -> pa.Array:
    """Subject per checked fact, null where nobody knows the identifier.

    Files of the register register what is new; with an empty author nothing is ever registered.
    """
    scheme = pc.fill_null(facts["subject_scheme"], "").combine_chunks()
    value = pc.fill_null(facts["subject_value"], "").combine_chunks()
    found = pa.nulls(len(facts), pa.int64())
    for name in pc.unique(scheme).to_pylist():
        mask = pc.equal(scheme, name)
        subjects = _subjects(name, value.filter(mask), source, author, evidence)
        found = pc.replace_with_mask(found, mask, subjects)
    return found


def of_owned(
    facts: pa.Table, source: str, mine: pa.Array, *, author: str, evidence: str
) -> pa.Array:
    """The same for things of enterprises: only those of rows that are `mine` are looked for."""
    found = resolve(facts.filter(mine), source, author=author, evidence=evidence)
    return pc.replace_with_mask(pa.nulls(len(facts), pa.int64()), mine, found)


def owners(facts: pa.Table, package: Package) -> pa.Array:
    """Per fact, the enterprise in which its subject is named (null: nobody knows it)."""
    assert package.subject is not None
    kind = package.fields[package.subject.within].type
    names = pc.list_element(pc.split_pattern(facts["subject_value"], "/", max_splits=1), 0)
    encoded = (names.combine_chunks() if len(facts) else pa.array([], "string")).dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    known = registry.find(kind, distinct)
    return pa.array([known.get(n) for n in distinct], pa.int64()).take(encoded.indices)


def _subjects(scheme: str, values: pa.Array, source: str, author: str, evidence: str) -> pa.Array:
    encoded = values.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    kept = SCHEME_IN_REGISTRY.get(scheme, scheme)
    registers = source == REGISTER or scheme in ALWAYS_REGISTERED
    if registers and author:
        ids = registry.register(kept, distinct, author=author, evidence=evidence)
    else:
        ids = registry.find(kept, distinct)
    if registers and not author:  # a trial: what an import would register counts as known
        ids = dict.fromkeys(distinct, 0) | ids
    return pa.array([ids.get(v) for v in distinct], pa.int64()).take(encoded.indices)
