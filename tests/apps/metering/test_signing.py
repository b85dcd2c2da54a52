"""Signing keys: made or taken, told once, kept nowhere, found again by number."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tanma.apps.metering import door as metering
from tanma.apps.metering import signing
from tanma.apps.metering.models import GatewayKey
from tanma.client import Signer
from tanma.domain.messages import Problem
from tests.apps.metering.conftest import FIRST

pytestmark = [pytest.mark.db, pytest.mark.django_db]


@pytest.fixture
def gateway(firms):
    return metering.create_gateway("网关", firms[FIRST], author="t")[0]


def pem(private):
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def keys():
    (scope,) = metering.intake_scopes().values()
    return scope.keys


def test_a_gateway_need_not_sign_until_somebody_asks_it_to(gateway):
    assert () == keys()


def test_what_is_told_once_signs_what_the_service_verifies(gateway):
    told = metering.sign_by_secret(gateway, author="t")
    signer = Signer(told)
    (key,) = keys()
    assert (signer.key_id, "hmac-sha256") == (key.uid, key.algorithm)
    assert key.verifies("base", signer._sign(b"base"))
    assert 32 == len(key.key)


def test_the_secret_stands_nowhere_in_the_database_and_hangs_on_the_home(gateway, settings):
    secret = metering.sign_by_secret(gateway, author="t").partition(".")[2]
    kept = str(GatewayKey.objects.values().get())
    assert secret not in kept
    (key,) = keys()
    assert key.key.hex() not in kept
    settings.SECRET_KEY = "another home"
    assert key.key != keys()[0].key


def test_a_new_key_ends_the_one_before_and_both_can_be_found(gateway):
    first = metering.sign_by_secret(gateway, author="t").partition(".")[0]
    second = metering.sign_by_secret(gateway, author="t").partition(".")[0]
    assert [second] == [key.uid for key in keys()]
    ended = metering.find_key(first)
    assert ended.ended_at is not None
    assert metering.verifier(ended).key != metering.verifier(metering.find_key(second)).key
    signing.end_signing(gateway)
    assert () == keys()


def test_of_a_pair_the_public_half_is_kept(gateway):
    private = Ed25519PrivateKey.generate()
    uid = metering.sign_by_public_key(gateway, pem(private).decode(), author="t")
    (key,) = keys()
    assert (uid, "ed25519") == (key.uid, key.algorithm)
    assert key.verifies("base", private.sign(b"base"))
    raw = private.public_key().public_bytes_raw()
    assert base64.b64encode(raw).decode() == GatewayKey.objects.get().public


@pytest.mark.parametrize("text", ["", "nonsense", pem(X25519PrivateKey.generate()).decode()])
def test_what_is_no_such_key_is_refused_and_the_key_before_stays(gateway, text):
    before = metering.sign_by_secret(gateway, author="t").partition(".")[0]
    with pytest.raises(Problem) as caught:
        metering.sign_by_public_key(gateway, text, author="t")
    assert "gateway_public_key" == caught.value.code
    assert "Ed25519" in caught.value.text("zh")
    assert "Ed25519" in caught.value.text("en")
    assert [before] == [key.uid for key in keys()]


@pytest.mark.parametrize("uid", ["", "nonsense", "0000000000001"])
def test_a_number_that_no_key_has_finds_none(gateway, uid):
    assert metering.find_key(uid) is None
