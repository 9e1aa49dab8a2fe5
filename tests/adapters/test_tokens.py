"""Tokens of ours, and everything that only looks like one."""

import base64
import hashlib
import hmac
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from manager.adapters.tokens import JwtTokens, keep_secret
from manager.domain.errors import NotAuthenticated

NOW = datetime(2026, 11, 21, 12, 0, 0, 999, tzinfo=UTC)
SECRET = "a-secret-of-the-tests-with-enough-bytes"


@pytest.fixture
def tokens() -> JwtTokens:
    return JwtTokens(SECRET, timedelta(hours=24))


def payload(**changes: Any) -> dict[str, Any]:
    at = int(NOW.timestamp())
    return {"jti": "id", "iat": at, "exp": at + 3600, **changes}


def why(tokens: JwtTokens, token: str, now: datetime = NOW) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        tokens.read(token, now)
    return caught.value.data["why"]


def test_what_was_issued_can_be_read(tokens: JwtTokens) -> None:
    token, claims = tokens.issue(NOW)
    assert tokens.read(token, NOW) == claims
    assert claims.expires_at - claims.issued_at == timedelta(hours=24)
    assert set(jwt.decode(token, options={"verify_signature": False})) == {"jti", "iat", "exp"}


def test_each_token_has_an_id_of_its_own(tokens: JwtTokens) -> None:
    assert len({tokens.issue(NOW)[1].token_id for _ in range(100)}) == 100


def test_it_lives_until_its_end_and_not_a_second_longer(tokens: JwtTokens) -> None:
    token, claims = tokens.issue(NOW)
    assert tokens.read(token, claims.expires_at - timedelta(seconds=1)) == claims
    assert why(tokens, token, claims.expires_at) == "expired"


def test_only_our_algorithm_and_our_secret(tokens: JwtTokens) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    none = ".".join(_part(each) for each in ({"alg": "none", "typ": "JWT"}, payload())) + "."
    forged = {
        "none": none,
        "none with a signature": none + "c2ln",
        "another secret": jwt.encode(payload(), "x" * 40, "HS256"),
        "another length": jwt.encode(payload(), SECRET * 2, "HS512"),
        "a key pair": jwt.encode(payload(), key, "RS256"),
        "a public key as secret": _signed_with_public_key(public),
    }
    assert {name: why(tokens, token) for name, token in forged.items()} == dict.fromkeys(forged, "invalid")


def test_a_public_key_never_verifies() -> None:
    """Algorithm confusion the other way round: the secret is a public key, the token says RS256."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode(payload(), key, "RS256")
    assert why(JwtTokens("x" * 64, timedelta(hours=1)), token) == "invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": 7},
        {"jti": ""},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e40},
        {"iat": None},
        {"iat": "then"},
    ],
)
def test_claims_of_a_wrong_kind(tokens: JwtTokens, changes: dict[str, Any]) -> None:
    token = ".".join(_part(each) for each in ({"alg": "HS256", "typ": "JWT"}, payload(**changes)))
    signature = jwt.get_algorithm_by_name("HS256").sign(token.encode(), SECRET.encode())
    assert why(tokens, f"{token}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}") == "invalid"


@pytest.mark.parametrize("missing", ["jti", "iat", "exp"])
def test_claims_that_are_missing(tokens: JwtTokens, missing: str) -> None:
    claims = payload()
    del claims[missing]
    assert why(tokens, jwt.encode(claims, SECRET, "HS256")) == "invalid"


@pytest.mark.parametrize("rubbish", ["", "x", "a.b.c", "é", "\x00", "eyJ.eyJ.sig", "." * 500])
def test_rubbish(tokens: JwtTokens, rubbish: str) -> None:
    assert why(tokens, rubbish) == "invalid"


def test_a_tampered_token(tokens: JwtTokens) -> None:
    head, _, signature = tokens.issue(NOW)[0].split(".")
    later = payload(exp=int((NOW + timedelta(days=365)).timestamp()))
    assert why(tokens, f"{head}.{_part(later)}.{signature}") == "invalid"


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        JwtTokens("x" * 31, timedelta(hours=1))


def test_a_made_secret_is_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "jwt-secret"
    made = keep_secret(path)
    assert len(made.encode()) >= 32
    assert keep_secret(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keep_secret(tmp_path / "another") != made


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _signed_with_public_key(public: bytes) -> str:
    text = ".".join(_part(each) for each in ({"alg": "HS256", "typ": "JWT"}, payload()))
    signature = hmac.new(public, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
