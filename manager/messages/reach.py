"""Who may reach the box, and by which name: what is said of addresses, the firewall rule and DNS."""

from typing import Any

from manager.messages.message import Message

# About $0.01 an hour for a reserved IPv4 address that nothing uses; docs/gcp.md, "A fixed address".
_RESERVED = "about $7 a month while the box is off"

# What stands beside the list of networks, one line each.
_NOTES = {
    "open": (
        "ALLOWED_IP is empty: whoever has logged in here comes in from anywhere, and this list counts once it is set."
    ),
    "relayed": (
        "Your browser comes through this panel, and the box admits nobody else: this list changes nothing here."
    ),
    "narrow": "Only these networks reach ComfyUI, and of them only who has logged in here.",
    "narrow.gate_alone": (
        "Only these networks come in; the box itself sees to that. FIREWALL_RULE would keep the others from knocking."
    ),
    "name.dns": "{domain} follows the box's address by itself ({zone}).",
    "name.by_hand": (
        "{domain} has to lead to the box, and its address changes at every start unless it is reserved "
        f"({_RESERVED}); or set DNS_ZONE or CLOUDFLARE_ZONE. docs/gcp.md says how."
    ),
    "visitor.in": "You come from {address}, which is let in.",
    "visitor.out": "You come from {address}, which is not let in.",
    "local_visitor": "The panel sees you at {address}, which no box can. Look your public address up and enter it.",
}

JOURNAL = {
    "allowed": "{network} was let in.",
    "allowed.until": "{network} was let in until {ends_at}.",
    "allowed_removed": "{network} is no longer let in.",
    "allowed_ended": "The time of {network} is over; it is no longer let in.",
    "firewall_set": "The firewall rule {rule} lets in: {who}.",
    "dns_set": "{domain} leads to {addresses} now.",
    "update_asked": "ComfyUI {ref} was asked for.",
    "update_asked.setting": "ComfyUI as in COMFYUI_REF was asked for.",
}

# code: (title, what happened, what to do)
FAULTS = {
    "firewall_rule.missing": (
        "The firewall rule is missing.",
        "There is no rule named {rule} in the project.",
        "Make it as docs/gcp.md shows, or take FIREWALL_RULE out of the settings. The box's gate holds all the same.",
    ),
    "firewall_rule.closed": (
        "The firewall rule lets nobody in.",
        "{rule} is disabled, or is no rule that allows traffic to come in. It was not touched.",
        "Enable it, or name the right rule in FIREWALL_RULE.",
    ),
    "firewall_rule.others": (
        "The firewall rule is for other machines too.",
        "{rule} also targets {others}. It was not touched.",
        "Give the box a rule of its own tag, as docs/gcp.md shows, and name it in FIREWALL_RULE.",
    ),
    "local_address": (
        "That address is not one that the box can see.",
        "{address} is known on this computer or its network only.",
        "Look up your public address (your router shows it) and send it as address.",
    ),
    "network_too_wide": (
        "That is too many addresses at once.",
        "{network} is wider than {widest}.",
        "Let in a smaller network, or write this one into ALLOWED_IP.",
    ),
    "too_many_allowed": (
        "The list is full.",
        "{limit} networks are let in already.",
        "Remove one that is not needed any more.",
    ),
    "dns.token": (
        "The name server does not accept the panel's credentials.",
        "{zone}: {detail}",
        "Check CLOUDFLARE_API_TOKEN, or GOOGLE_APPLICATION_CREDENTIALS for Cloud DNS.",
    ),
    "dns.right": (
        "The panel may not set {name}.",
        "{zone}: {detail}",
        "Give it the right to edit records in this zone; docs/gcp.md, “A name that follows the box”.",
    ),
    "dns.zone": (
        "{name} is not in the zone.",
        "{zone}: {detail}",
        "Check DNS_ZONE or CLOUDFLARE_ZONE, and COMFYUI_DOMAIN.",
    ),
    "dns.record": (
        "Something else stands at {name}.",
        "{zone}: {detail} It was not touched.",
        "Remove it, or choose another COMFYUI_DOMAIN.",
    ),
    "dns.rate": ("The name server asks to slow down.", "{zone}: {detail}", "It is tried again by itself."),
    "dns.unreachable": (
        "The name server cannot be reached.",
        "{zone}: {detail}",
        "It is tried again by itself. Until then {name} may lead to the box's last address.",
    ),
    "dns": ("The name could not be set.", "{zone}: {detail}", "It is tried again by itself."),
}


def note(code: str, **values: Any) -> Message:
    """One line about who may reach the box, or by which name."""
    return Message(code, _NOTES[code], values)
