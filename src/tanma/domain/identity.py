"""Random internal ids, their text, and the public code that is printed and scanned.

Neither is derived from a registration number: an id tells nothing about its object.
"""

from __future__ import annotations

import secrets

from tanma.domain.messages import Problem

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford base 32: no I, L, O, U, so that a code can be read out and typed."""
ID_LENGTH = 13
CODE_LENGTH = 9
SHOWN_LENGTH = 20
"""So much of a mistyped code a message repeats."""
_CHECK_PRIME = 31


def new_id() -> int:
    """A random positive integer below 2⁶² + 1: fits a signed 64-bit column."""
    return secrets.randbits(62) + 1


def id_text(number: int) -> str:
    """13 characters of Crockford base 32."""
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(60, -1, -5))


def id_from_text(text: str) -> int:
    clean = _clean(text)
    if len(clean) != ID_LENGTH:
        raise Problem("id_text_wrong", text=text, reason=f"{len(clean)} ≠ {ID_LENGTH}")
    return _number(clean, text)


def _clean(text: str) -> str:
    upper = text.strip().upper().replace("-", "")
    return upper.replace("O", "0").replace("I", "1").replace("L", "1")


def _number(clean: str, text: str) -> int:
    number = 0
    for char in clean:
        if char not in ALPHABET:
            raise Problem("id_text_wrong", text=text, reason=f"{char!r} ∉ {ALPHABET}")
        number = number * 32 + ALPHABET.index(char)
    return number


def check_character(body: str) -> str:
    """Check character over position-weighted values, modulo 31.

    Weights 1, 2, 3, … below a prime modulus find every single wrong character and every swap of
    two neighbours, except a 0 taken for a Z (values 0 and 31 are equal modulo 31).
    """
    total = sum((i + 1) * ALPHABET.index(char) for i, char in enumerate(body))
    return ALPHABET[total % _CHECK_PRIME]


def new_public_code() -> str:
    """`XXXX-XXXX-XC`: nine random characters without Z and one check character."""
    body = "".join(secrets.choice(ALPHABET[:_CHECK_PRIME]) for _ in range(CODE_LENGTH))
    return format_public_code(body + check_character(body))


def format_public_code(clean: str) -> str:
    return f"{clean[:4]}-{clean[4:8]}-{clean[8:]}"


def parse_public_code(text: str) -> str:
    """The code in its printed form, or a Problem that says what is wrong with it."""
    clean = _clean(text)
    known = len(clean) == CODE_LENGTH + 1 and set(clean) <= set(ALPHABET)
    # which character would be right is not told: that would help to guess codes of others
    if not known or clean[-1] != check_character(clean[:-1]):
        shown = text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"
        raise Problem("public_code_wrong", text=shown)
    return format_public_code(clean)
