"""At what lies before the box: the name server that the panel may change, and the firewall rule."""

from manager.application.fencing import unfit
from manager.application.outside import Dns, Firewall
from manager.box_metadata import entrance
from manager.cli.checks.finding import Finding, State, failed, good, note, skipped
from manager.domain.box import Observation, Place
from manager.domain.errors import CloudError, DnsError
from manager.messages import problem
from manager.settings import Settings


async def name_server(settings: Settings, dns: Dns | None) -> Finding:
    """Whether the zone can be read, and the name in it leads to addresses."""
    name = settings.comfyui_domain
    if name is None or entrance(settings) != "domain":
        return skipped("name server", "none")
    if dns is None:
        return note("name server", "by_hand", name=name)
    try:
        addresses = await dns.addresses(name)
    except DnsError as error:
        return failed("name server", error)
    code = "well" if addresses else "to_come"
    return good("name server", code, name=name, addresses=", ".join(addresses))


async def firewall_rule(settings: Settings, firewall: Firewall, place: Place, seen: Observation) -> Finding:
    """Whether the rule that the panel is to keep is there, and is the box's alone."""
    rule = settings.firewall_rule
    if rule is None:
        return skipped("firewall rule", "none")
    try:
        found = await firewall.rule(place, rule)
    except CloudError as error:
        return failed("firewall rule", error)
    fault = unfit(found, rule, set(seen.tags))
    if fault is not None:
        words = problem(fault)
        return Finding("firewall rule", State.WRONG, f"{words.title} {words.detail.in_utc()}", words.remedy.in_utc())
    sources = ", ".join(found.sources) if found is not None else ""
    return good("firewall rule", "well", rule=rule, sources=sources)
