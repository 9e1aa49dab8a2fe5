"""A box under a domain of its own, with nginx and the gate before its ComfyUI."""

from collections.abc import Callable

from box import DOMAIN, Box
from world import World

from tests.support.certificates import self_signed

ORIGIN = f"https://{DOMAIN}"
NAMED = {"Host": DOMAIN}


def behind_a_domain(make: Callable[..., Box], world: World, **environment: str) -> Box:
    world.objects["keys/cert.pem"], world.objects["keys/key.pem"] = self_signed(DOMAIN)
    keys = {"cf_cert_path": "gs://keys/cert.pem", "cf_key_path": "gs://keys/key.pem"}
    box = make(gpubox_entrance="domain", domain_name=DOMAIN, **keys)
    told = box.apply(**environment)
    assert told["problem"] is None, box.said
    return box.open_gate()
