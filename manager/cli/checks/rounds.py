"""The doctor's rounds: everything once, in the order in which one thing needs the other."""

from collections.abc import AsyncIterator

from manager import assembly
from manager.adapters.clock import SystemClock
from manager.adapters.gce import GceBuilder, GceFirewall, Limits
from manager.addressing import dns_of
from manager.cli.checks import cloud, here, machine, reach, web
from manager.cli.checks.finding import Finding, failed, good, skipped, wrong
from manager.cli.reach import Reached, client, running_embedded
from manager.domain.errors import CloudError, GpuboxError
from manager.settings import Settings, SettingsError, load

# Somebody waits for the answer; what takes longer than this is not well.
_LIMITS = Limits(attempt=4, read=5)


async def rounds() -> AsyncIterator[Finding]:
    """One finding after the other."""
    try:
        settings = load()
        assembly.rules(settings)
    except SettingsError as error:
        yield wrong("settings", "refused", problem=error)
        return
    except GpuboxError as error:
        yield failed("settings", error)
        return
    yield good("settings", "google" if settings.on_gce else "embedded")
    async for finding in here.look(settings):
        yield finding
    yield await web.panel(settings)
    endpoint = settings.gce_api_endpoint
    if not settings.on_gce and endpoint is None:
        endpoint = await running_embedded(settings)
        if endpoint is None:
            yield skipped("cloud", "not_up")
            return
    async for finding in _at_the_cloud(settings, endpoint):
        yield finding


async def _at_the_cloud(settings: Settings, endpoint: str | None) -> AsyncIterator[Finding]:
    clock, place = SystemClock(), assembly.first_place(settings)
    yield await cloud.clock(endpoint, clock.now())
    google = client(settings, endpoint, _LIMITS)
    reached = Reached(google, GceBuilder(google.calls), endpoint)
    try:
        found, findings = await cloud.instance(google, place)
        for finding in findings:
            yield finding
        if found is None:
            return
        async for finding in cloud.permissions(reached, place, on_gce=settings.on_gce):
            yield finding
        for finding in machine.look(found, place, settings.max_run_hours, clock.now()):
            yield finding
        seen = await google.observe(place)
        yield await web.domain(settings, seen.external_ip)
        yield await reach.name_server(settings, dns_of(settings))
        yield await reach.firewall_rule(settings, GceFirewall(google.calls), place, seen)
        yield await web.comfyui(settings, reached, place, seen)
    except CloudError as error:
        yield failed("cloud", error)
    finally:
        google.close()
