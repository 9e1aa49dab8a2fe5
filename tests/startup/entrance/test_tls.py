"""TLS as Mozilla's intermediate profile has it."""

import ssl
from collections.abc import Callable

import pytest
from box import Box


@pytest.fixture
def box(make_box: Callable[..., Box]) -> Box:
    box = make_box()
    box.apply()
    return box


def context(version: ssl.TLSVersion, ciphers: str = "DEFAULT:@SECLEVEL=0") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.minimum_version = made.maximum_version = version
    made.set_ciphers(ciphers)
    return made


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_and_weak_ciphers_are_refused(box: Box) -> None:
    for refused in (
        context(ssl.TLSVersion.TLSv1),
        context(ssl.TLSVersion.TLSv1_1),
        context(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"),
    ):
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            box.connect(refused, "box").close()


def test_both_good_versions_and_http_2_are_spoken(box: Box) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with box.connect(context(version), "box", alpn=["h2", "http/1.1"]) as connection:
            assert connection.selected_alpn_protocol() == "h2"
            cipher = connection.cipher()
            assert cipher is not None
            assert "GCM" in cipher[0] or "CHACHA20" in cipher[0]


def test_it_does_not_say_which_nginx_it_is(box: Box) -> None:
    with box.client() as client:
        assert client.get("/").headers["Server"] == "nginx"
