"""The snapshot of tokens: renewed, kept when the register is away, never asked too often."""

import asyncio

import pytest

from tanma.domain.messages import Problem
from tanma.intake.http.tokens import FRESH_S, ScopeBook
from tanma.intake.live import Scope, ScopedChannel, token_hash

SCOPE = Scope.of("g", [ScopedChannel(1, "", "gauge", "", 0)])


class Register:
    """A register that the test changes, and that can fail."""

    def __init__(self):
        self.held, self.asked, self.away = {token_hash("a"): SCOPE}, 0, False

    def __call__(self):
        self.asked += 1
        if self.away:
            raise ConnectionError("away")
        return dict(self.held)


def book(register):
    now = [100.0]
    return ScopeBook(register, lambda: now[0]), now


def test_a_token_is_found_and_another_is_not():
    register = Register()
    held, _ = book(register)
    name, scope = asyncio.run(held.find("a"))
    assert (token_hash("a"), "g") == (name, scope.source)
    with pytest.raises(Problem) as caught:
        asyncio.run(held.find("b"))
    assert "http_token_unknown" == caught.value.code
    assert 1 == register.asked


def test_an_unknown_token_asks_again_but_not_at_once():
    register = Register()
    held, now = book(register)
    asyncio.run(held.find("a"))
    register.held[token_hash("b")] = SCOPE
    with pytest.raises(Problem):
        asyncio.run(held.find("b"))
    now[0] += 1
    assert "g" == asyncio.run(held.find("b"))[1].source
    assert 2 == register.asked


def test_unknown_tokens_take_a_slow_register_a_tenth_of_the_time_at_most():
    register = Register()
    held, now = book(register)
    slow = held._scopes
    held._scopes = lambda: (now.__setitem__(0, now[0] + 3), slow())[1]
    for _ in range(40):
        now[0] += 1
        with pytest.raises(Problem):
            asyncio.run(held.find("b"))
    assert 2 == register.asked


def test_known_gateways_go_on_while_the_register_is_away(caplog):
    register = Register()
    held, now = book(register)
    asyncio.run(held.find("a"))
    register.away = True
    now[0] += 9
    asyncio.run(held.renew())
    assert "g" == asyncio.run(held.find("a"))[1].source
    assert "could not be renewed" in caplog.text


def test_without_renewal_a_revoked_token_ends_all_the_same():
    register = Register()
    held, now = book(register)
    asyncio.run(held.find("a"))
    register.held.clear()
    now[0] += 13 * FRESH_S
    with pytest.raises(Problem):
        asyncio.run(held.find("a"))


def test_a_gateway_without_channels_is_told():
    register = Register()
    register.held[token_hash("0")] = Scope.of("empty", [])
    with pytest.raises(Problem) as caught:
        asyncio.run(book(register)[0].find("0"))
    assert "http_token_without_channels" == caught.value.code
    for lang in ("zh", "en"):
        assert "empty" in caught.value.text(lang)
