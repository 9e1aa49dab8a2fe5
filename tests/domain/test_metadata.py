"""What has to be written into a VM's metadata: ours comes and goes with the settings, everybody else's stays."""

from hypothesis import given
from hypothesis import strategies as st

from manager.domain.metadata import due, noted

KEYS = st.sampled_from(["allowed_ip", "domain_name", "ssh-keys", "gpubox-models", "gpubox-python"])
HAVE = st.dictionaries(KEYS, st.sampled_from(["1", "2"]))
WANTED = st.dictionaries(KEYS, st.sampled_from(["", "1", "2"]))


def after(have: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in (have | due(have, noted(wanted))).items() if value}


@given(HAVE, WANTED)
def test_what_was_written_is_not_due_again(have: dict[str, str], wanted: dict[str, str]) -> None:
    assert due(after(have, wanted), noted(wanted)) == {}


@given(HAVE, WANTED, WANTED)
def test_what_somebody_else_put_there_stays(have: dict[str, str], first: dict[str, str], then: dict[str, str]) -> None:
    left = after(after(have, first), then)
    for key, value in have.items():
        if not key.startswith("gpubox-") and not first.get(key) and not then.get(key):
            assert left[key] == value


@given(HAVE, WANTED)
def test_what_is_taken_back_goes(have: dict[str, str], first: dict[str, str]) -> None:
    left = after(after(have, first), dict.fromkeys(first, ""))
    assert not {key for key, value in first.items() if value and key in left}
