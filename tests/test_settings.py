"""A wrong setting stops the start with one line; .env.example tells the same as the classes."""

import re
from pathlib import Path

import pytest

from manager.settings import Settings, SettingsError, load

ROOT = Path(__file__).parents[1]
SECRET = "Zt6xk2Qm0vRw8sYb4nLd1pHc7jFg5aXe"
BCRYPT = "$2b$12$" + "a" * 53


@pytest.fixture(autouse=True)
def _no_settings_of_this_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def wrong(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_nothing_set_is_the_demo_on_loopback() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.on_gce) == ("127.0.0.1", 8187, False)
    assert (settings.idle_minutes, settings.max_run_hours, settings.session_hours) == (30, 12, 24)
    assert settings.embedded_cloud_speed == 0.2


def test_the_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nIDLE_MINUTES=0.2\nUNKNOWN=1\nAUTH_PASSWORD_HASH='" + BCRYPT + "'\n")
    monkeypatch.setenv("PORT", "9001")
    settings = load()
    assert (settings.port, settings.idle_minutes) == (9001, 0.2)
    assert settings.auth_password_hash is not None
    assert settings.auth_password_hash.get_secret_value() == BCRYPT


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(SettingsError, match=r"^\.env: cannot be read"):
        load()


def test_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert load() == load(None)
    assert load().auth_password is None


def test_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_IP", "203.0.113.7, 198.51.100.0/24,2001:db8::/32")
    monkeypatch.setenv("COMFYUI_ARGS", "--cpu --port '8 8'")
    settings = load()
    assert [str(each) for each in settings.allowed_ip] == ["203.0.113.7/32", "198.51.100.0/24", "2001:db8::/32"]
    assert settings.comfyui_args == ("--cpu", "--port", "8 8")


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("PORT", "http", "valid integer"),
        ("PORT", "99999", "less than or equal to 65535"),
        ("SESSION_HOURS", "0", "greater than 0"),
        ("IDLE_MINUTES", "-1", "greater than 0"),
        ("EMBEDDED_CLOUD_SPEED", "fast", "valid number"),
        ("CLOUD", "aws", "'gce' or 'embedded'"),
        ("LOG_LEVEL", "loud", "'debug'"),
        ("PUBLIC_URL", "panel.example.com", "http:// or https://"),
        ("PUBLIC_URL", "http://panel:x", "port"),
        ("COMFYUI_URL", "ftp://comfy", "http:// or https://"),
        ("GCE_API_ENDPOINT", "127.0.0.1:9000", "http:// or https://"),
        ("STARTUP_SCRIPT_URL", "http://example.com/x.sh", "gs:// or https://"),
        ("DATABASE_URL", "mysql://x/y", "postgresql:// or sqlite://"),
        ("ALLOWED_IP", "203.0.113.7,10.0.0.0/99", "'10.0.0.0/99'"),
        ("TRUSTED_PROXIES", "nginx", "'nginx'"),
        ("COMFYUI_DOMAIN", "not a domain", "domain name"),
        ("SSL_EMAIL", "you", "e-mail"),
        ("GCE_ZONE", "us central", "zone"),
        ("GCE_INSTANCE", "Box 1", "name"),
        ("GCP_PROJECT", "X", "project"),
        ("COMFYUI_DIR", "/nonexistent", "main.py"),
        ("COMFYUI_PYTHON", "/nonexistent", "no such file"),
        ("COMFYUI_ARGS", "--a 'b", "quotation"),
        ("RATES_FILE", "/nonexistent", "no such file"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent", "no such file"),
        ("JWT_SECRET", "short", "shorter than 32 bytes"),
        ("AUTH_PASSWORD_HASH", "5f4dcc3b5aa765d61d8327deb882cf99", "gpubox hash-password"),
        ("METRICS_TOKEN", "short", "at least 16"),
    ],
)
def test_a_wrong_value_names_the_setting_the_fault_and_an_example(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    what: str,
) -> None:
    line = wrong(monkeypatch, **{name: value})
    assert line.startswith(f"{name}: ")
    assert what.lower() in line.lower()
    assert f"Example: {name}=" in line


def test_no_secret_is_repeated_in_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in wrong(monkeypatch, JWT_SECRET="hunter2")


@pytest.mark.parametrize("reach", [{"HOST": "0.0.0.0"}, {"HOST": "::"}, {"PUBLIC_URL": "https://panel.example.com"}])  # noqa: S104
@pytest.mark.parametrize(
    "weak",
    [
        {"AUTH_PASSWORD": ""},
        {"AUTH_PASSWORD": "short"},
        {"AUTH_PASSWORD": "password1234"},
        {"AUTH_PASSWORD": "please-changeme"},
        {"AUTH_PASSWORD": "aaaaaaaaaaaa"},
        {"JWT_SECRET": ""},
        {"JWT_SECRET": "a" * 40},
        {"JWT_SECRET": "change-me-change-me-change-me-change-me"},
    ],
)
def test_weak_secrets_are_refused_beyond_loopback(
    monkeypatch: pytest.MonkeyPatch,
    reach: dict[str, str],
    weak: dict[str, str],
) -> None:
    line = wrong(monkeypatch, **reach, **weak)
    assert line.startswith(f"{next(iter(weak))}: ")
    assert "one is made" in line


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_on_loopback_a_weak_password_is_fine_for_a_trial(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("AUTH_PASSWORD", "test")
    assert load().auth_password is not None


def test_strong_secrets_may_be_seen_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104
    monkeypatch.setenv("AUTH_PASSWORD", "kqm7x-29fda-wtz4e")
    monkeypatch.setenv("JWT_SECRET", SECRET)
    assert load().host == "0.0.0.0"  # noqa: S104


def test_without_any_secret_they_are_made_so_beyond_loopback_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104
    assert load().auth_password is None


def test_password_and_hash_exclude_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "AUTH_PASSWORD_HASH" in wrong(monkeypatch, AUTH_PASSWORD="x", AUTH_PASSWORD_HASH=BCRYPT)


def test_certificate_and_key_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(monkeypatch, CF_CERT_PATH="/x").startswith("CF_CERT_PATH: goes with CF_KEY_PATH")


def test_google_needs_project_zone_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(monkeypatch, CLOUD="gce").startswith("GCP_PROJECT: is missing")
    assert wrong(monkeypatch, GCP_PROJECT="my-project").startswith("GCE_ZONE: is missing")
    assert wrong(monkeypatch, GCE_ZONE="us-central1-a").startswith("GCE_INSTANCE: is missing")
    monkeypatch.setenv("GCE_INSTANCE", "box")
    assert load().on_gce
    monkeypatch.setenv("CLOUD", "embedded")
    assert not load().on_gce


def test_a_real_comfyui_is_known_by_its_main(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path))
    assert load().comfyui_dir == tmp_path.resolve()


def test_the_example_file_describes_every_setting_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text()
    named = re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE)
    fields = Settings.model_fields
    assert [name for name, _ in named] == [name.upper() for topic in _topics() for name in topic]
    assert {name.lower() for name, _ in named} == set(fields)
    for name, default in named:
        field = fields[name.lower()]
        assert default == ("" if field.default in (None, ()) else str(field.default))
        assert f"# {field.description}\n" in text
        assert field.examples


def test_every_example_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("port", "cloud", "gcp_project", "allowed_ip", "comfyui_domain", "ssl_email", "startup_script_url"):
        field = Settings.model_fields[name]
        assert field.examples
        monkeypatch.setenv(name.upper(), str(field.examples[0]))
        load()


def test_the_example_file_itself_is_a_valid_env_file() -> None:
    assert load(ROOT / ".env.example") == load(None)


def _topics() -> list[list[str]]:
    return [list(base.model_fields) for base in Settings.__bases__ if base.__name__ != "BaseSettings"]
