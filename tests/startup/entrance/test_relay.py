import hashlib
import ssl
import stat
from collections.abc import Callable

import pytest
from box import BOX, Box


@pytest.fixture
def box(make_box: Callable[..., Box]) -> Box:
    return make_box()


def test_the_manager_is_told_the_certificate_that_the_box_serves(box: Box) -> None:
    told = box.apply()
    assert (told["way"], told["url"], told["problem"]) == ("relay", f"https://127.0.0.1:{box.https_port}", None)
    served = ssl.get_server_certificate(("127.0.0.1", box.https_port))
    assert ssl.PEM_cert_to_DER_cert(served) == ssl.PEM_cert_to_DER_cert(told["certificate"])
    assert hashlib.sha256(ssl.PEM_cert_to_DER_cert(served)).hexdigest() == told["sha256"]


def test_the_certificate_names_the_box_and_can_be_verified_by_itself(box: Box) -> None:
    told = box.apply()
    context = ssl.create_default_context(cadata=told["certificate"])
    with box.connect(context, BOX) as connection:
        assert connection.version() == "TLSv1.3"


def test_its_key_is_for_root_alone(box: Box) -> None:
    box.apply()
    assert stat.S_IMODE((box.folder / "data" / "tls" / "own.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((box.folder / "data" / "tls").stat().st_mode) == 0o700


def test_a_second_boot_keeps_certificate_and_configuration_and_reloads_nothing(box: Box) -> None:
    first = box.apply()
    calls = box.calls("systemctl")
    assert box.apply() == first
    assert [call for call in box.calls("systemctl")[len(calls) :] if "nginx" in call] == []


def test_a_box_that_has_moved_is_known_by_the_same_certificate(box: Box) -> None:
    first = box.apply()
    box.world.address = "127.0.0.3"
    second = box.apply()
    assert second["sha256"] == first["sha256"]
    assert second["url"] == f"https://127.0.0.3:{box.https_port}"


def test_a_certificate_near_its_end_is_made_anew(box: Box) -> None:
    first = box.apply()
    box.shell(
        'openssl x509 -in "$ENTRANCE_TLS/own.pem" -signkey "$ENTRANCE_TLS/own.key" -days 20 '
        '-out "$ENTRANCE_TLS/own.pem"'
    )
    assert box.apply()["sha256"] != first["sha256"]


def test_port_80_is_not_open(box: Box) -> None:
    box.apply()
    assert not box.listens(box.http_port)


def test_the_relay_goes_through_and_nobody_else(box: Box) -> None:
    box.apply()
    box.open_gate()
    with box.client() as manager:
        assert box.speak(manager).status_code == 200
        assert manager.get("/system_stats", headers=box.bearer("manager")).status_code == 200
        assert manager.get("/system_stats").status_code == 401
    with box.client(source="127.0.0.9") as stranger:
        assert stranger.get("/system_stats", headers=box.bearer("manager")).status_code in (401, 403)
