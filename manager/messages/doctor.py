"""What the doctor finds. A check's name is shown as it is, because scripts hold on to it."""

from typing import Any

from manager.messages.message import fill

_UNSEEN = ("Not looked at, because of the line above.", "")
_SET_THE_CLOCK = "Let the system set it, e.g.: sudo timedatectl set-ntp true"
_MOVE_ON = "Change to {successor}; docs/gcp.md says how."

# check: {code: (what was found, what to do)}
_FINDINGS = {
    "settings": {
        "google": ("They fit together; the box is on Google's cloud.", ""),
        "embedded": ("They fit together; the box is on the embedded cloud.", ""),
        "refused": ("{problem}", "Correct it in the environment or in .env; .env.example describes it."),
    },
    "state folder": {
        "no_folder": ("{folder} is no folder.", "Set STATE_DIR to a folder."),
        "not_writable": ("{folder} cannot be written by this user.", "Run: sudo chown $USER {folder}"),
        "to_come": ("{folder} will be made at the first start.", ""),
        "readable": ("{name} in {folder} can be read by others.", "Run: chmod 600 {path}"),
        "well": ("{folder} can be written.", ""),
    },
    "database": {
        "to_come": ("It will be made at the first start.", ""),
        "well": ("It can be read and written; {count} boxes in it.", ""),
        "well_one": ("It can be read and written; {count} box in it.", ""),
    },
    "free space": {
        "well": ("{gb} GB are free.", ""),
        "little": ("{gb} GB are free.", "Make room on the disk of STATE_DIR soon."),
        "too_little": ("{gb} GB are free.", "Make room on the disk of STATE_DIR, or the database cannot be written."),
    },
    "panel": {
        "well": ("{url} answers and is ready.", ""),
        "not_ready": ("{url}: {problem}", "Look at the panel's log."),
        "silent": ("{url} does not answer ({kind}).", "Start it with: gpubox serve (HOST={host}, PORT={port})."),
    },
    "cloud": {
        "well": ("{endpoint} answers.", ""),
        "not_up": ("The embedded cloud comes and goes with the panel, and is not up.", ""),
        "unseen": _UNSEEN,
    },
    "clock": {
        "untold": ("{url} does not tell the time.", ""),
        "well": ("It agrees with the cloud's.", ""),
        "ahead": (
            "It is {seconds} s ahead of the cloud's.",
            _SET_THE_CLOCK,
        ),
        "behind": (
            "It is {seconds} s behind the cloud's.",
            _SET_THE_CLOCK,
        ),
    },
    "credentials": {
        "well": ("They are accepted.", ""),
        "not_sent": ("None are sent over plain http.", ""),
        "unseen": _UNSEEN,
    },
    "API": {
        "well": ("Compute Engine is enabled.", ""),
        "unseen": _UNSEEN,
    },
    "project": {
        "well": ("{project} is there.", ""),
        "unseen": _UNSEEN,
    },
    "zone": {
        "well": ("{zone} is there.", ""),
        "unseen": _UNSEEN,
    },
    "instance": {
        "well": ("{instance} is there.", ""),
        "unseen": _UNSEEN,
    },
    "permissions": {
        "well": ("None is missing.", ""),
        "none_here": ("This cloud has none.", ""),
    },
    "run limit": {
        "deletes": ("At its end Google deletes the VM.", "Set instanceTerminationAction to STOP at once."),
        "well": ("Google stops the box after {limit_s}.", ""),
        "none": ("There is none: a box that is forgotten runs for ever.", "Set MAX_RUN_HOURS, e.g. to 12."),
        "on_without": ("The box is on without one.", "Stop it and start it in the panel, which sets it."),
        "to_come": ("Not set yet; the next start in the panel sets it.", ""),
    },
    "automatic restart": {
        "well": ("Off: nothing turns the box on unseen.", ""),
        "on_with": (
            "Google may turn the box on unseen.",
            "Stop it and start it in the panel, which turns it off.",
        ),
        "to_come": ("On; the next start in the panel turns it off.", ""),
    },
    "deletion protection": {
        "well": ("Nobody deletes the VM by accident.", ""),
        "none": (
            "The VM can be deleted with one call.",
            "Run: gcloud compute instances update {instance} --project {project} --zone {zone} --deletion-protection",
        ),
    },
    "data disk": {
        "none": ("There is none: models live and die with the VM.", "docs/gcp.md says how to add one."),
        "well": ("{disk} outlives the VM.", ""),
        "dies": (
            "{disk} would be deleted with the VM.",
            (
                "Run: gcloud compute instances set-disk-auto-delete {instance} --project {project} --zone {zone} "
                "--disk {disk} --no-auto-delete"
            ),
        ),
    },
    "GPU": {
        "well": ("{gpu} ends on {day}; {successor} is what comes after it.", ""),
        "near": ("{gpu} ends on {day}, in {days} days.", _MOVE_ON),
        "ended": ("{gpu} ends on {day}: Google gives none any more.", _MOVE_ON),
    },
    "domain": {
        "none": ("COMFYUI_DOMAIN is not set.", ""),
        "nowhere": ("{name} leads nowhere ({why}).", "Make a DNS record for it; docs/gcp.md says how."),
        "cloudflare": ("{name} leads to {addresses}, which Cloudflare passes on.", ""),
        "off": ("{name} leads to {addresses}; the box has no address while it is off.", ""),
        "well": ("{name} leads to {addresses}, the box.", ""),
        "elsewhere": (
            "{name} leads to {addresses}, and the box is at {ip}.",
            (
                "Set its DNS record to {ip}. So that it stays right, set DNS_ZONE or CLOUDFLARE_ZONE, or reserve the "
                "address (about $7 a month while the box is off); docs/gcp.md says how."
            ),
        ),
    },
    "name server": {
        "none": ("No name has to be set.", ""),
        "by_hand": (
            "Nobody sets {name}; it is right for as long as the box's address is a reserved one.",
            (
                "Set DNS_ZONE or CLOUDFLARE_ZONE, or reserve the address (about $7 a month while the box is off); "
                "docs/gcp.md says how."
            ),
        ),
        "well": ("The zone can be read; in it {name} leads to {addresses}.", ""),
        "to_come": ("The zone can be read; {name} is set at the next start.", ""),
    },
    "firewall rule": {
        "none": ("FIREWALL_RULE is not set; the box's own gate lets in only who has logged in.", ""),
        "well": ("{rule} is the box's, and lets in {sources}.", ""),
    },
    "ComfyUI": {
        "off": ("The box is off.", ""),
        "no_address": (
            "The box has no address.",
            "Stop it and start it; see in the console whether it has one.",
        ),
        "no_presence": (
            "{url} answers, without the presence node.",
            "Update it: the box's setup installs the node.",
        ),
        "well": ("{url} answers.", ""),
    },
}


def finding(check: str, code: str, /, **values: Any) -> tuple[str, str]:
    """What a check found, and what to do about it; the latter is empty where there is nothing to do."""
    what, remedy = _FINDINGS[check][code]
    return fill(what, values), fill(remedy, values)
