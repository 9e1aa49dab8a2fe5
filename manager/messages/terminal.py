"""What the command line says: greetings, questions, outcomes, errors. Its help stands with the commands."""

from typing import Any

from manager.messages.message import fill

_SENTENCES = {
    # At the start of the panel.
    "greeting.at": "gpubox is at {url}",
    "greeting.password": "Log in with this password, which is shown only this once: {password}",
    "greeting.known": "Log in with the password that was shown at the first start.",
    "greeting.lost": "Lost it? Set AUTH_PASSWORD in .env and start again.",
    "greeting.demo": "No Google project is set, so the box is a demo on this computer: no GPU, no bill.",
    "greeting.no_port": "gpubox: cannot listen on {host} port {port}: {why}. Choose another with PORT or --port.",
    "greeting.no_relay_port": (
        "gpubox: cannot listen on {host} port {port} for ComfyUI: {why}. Choose another with RELAY_PORT."
    ),
    # Finding the panel, and coming in.
    "panel.bad_url": "The panel's URL begins with http:// or https://, e.g. http://127.0.0.1:8187",
    "panel.unreachable": (
        "The panel does not answer at {url} ({why}). Start it with: gpubox serve, or say where it is with --url."
    ),
    "panel.late": "no answer in time",
    "panel.lost": "the connection was lost: {kind}",
    "panel.other": "what answers there is not gpubox: HTTP {status}",
    "panel.refused": "The panel at {url} refused.",
    "login.none": "There is no session.",
    "login.how": (
        "Log in with: gpubox token --url {url} > token-file, "
        "and give it with --token-file token-file or in GPUBOX_TOKEN."
    ),
    "login.secret_unreadable": (
        "The panel's own secret in {path} cannot be read ({why}). Run this as the user that runs the panel."
    ),
    "login.not_text": "not text",
    "login.file_unreadable": "The token file {path} cannot be read: {why}.",
    "login.not_a_token": "it is not a token",
    "login.file_empty": "The token file {path} holds no token.",
    "login.secret_option": (
        "{option} is not taken: every user of this computer can read a command line. "
        "Passwords are asked for or read from stdin; a token comes from --token-file or GPUBOX_TOKEN."
    ),
    "unexpected": "That was not expected ({kind}). Run it again with: gpubox --debug …",
    # Questions.
    "ask.yes_or_no": "{question} [y/N] ",
    "ask.name": "{question} Type {name} to go on: ",
    "ask.no": "Nothing was done.",
    "ask.other_name": "That is not its name. Nothing was done.",
    "ask.nobody": "Nobody is here to be asked. A script says {instead}.",
    # Waiting.
    "wait.over": "That took longer than --timeout allows. It goes on without this command.",
    "wait.called_off": "The start was called off: the box is wanted off now.",
    "wait.on_again": "The box is wanted on again, so it will not stay off.",
    # A box's status: what stands before each line, and the lines that are no sentences of the panel.
    "label.warning": "warning",
    "label.trouble": "trouble",
    "label.what": "what",
    "label.remedy": "what to do",
    "label.retry": "next try",
    "label.steps": "steps",
    "label.why": "why",
    "label.stops": "stops",
    "label.comfyui": "ComfyUI",
    "label.cost": "cost",
    "label.last": "last time",
    "label.machine": "machine",
    "label.others": "others",
    "status.stops": "{moment}, in {countdown}",
    "status.retry": "in {countdown}",
    "status.last": "{began} to {ended}, {cause}",
    "status.last_paid": "{began} to {ended}, {cause}, {amount}",
    "status.google": "Google says {status}",
    "status.unseen": "not seen yet",
    "status.others": "{names}; see one with --box NAME",
    "cost.hourly": "{amount} an hour",
    "cost.session": "{amount} this time",
    "cost.today": "{amount} today",
    "cost.month": "{amount} this month",
    "cost.at_rest_monthly": "{amount} a month at rest",
    "moment.today": "{clock}",
    "moment.tomorrow": "{clock} tomorrow",
    "moment.yesterday": "{clock} yesterday",
    "moment.other": "{clock} on {day}",
    "hold.unclear": (
        "{text} is not a time. "
        "Say for how long or until when: 2h, 30m, 1h30m, until 18:00, until 2026-11-22 18:00; or off."
    ),
    # A new box: the plan, then what became of it.
    "label.plan_machine": "machine",
    "label.plan_where": "where",
    "label.plan_disks": "disks",
    "label.plan_image": "image",
    "label.plan_limit": "run limit",
    "label.plan_on": "on",
    "label.plan_rest": "at rest",
    "label.plan_prices": "",
    "plan.no_gpu": "no GPU",
    "plan.spot": "spot",
    "plan.where": "{zone}, project {project}",
    "plan.disks": "{boot} GB to boot from, {data} GB for models ({name}, kept)",
    "plan.image": "{family} of {project}",
    "plan.limit": "Google stops it after {hours} h",
    "plan.no_limit": "none, because MAX_RUN_HOURS is 0",
    "plan.at_rest": "{amount} a month, for the disks",
    "plan.unknown": "not known for this machine",
    "plan.prices": "List prices of {day}; Google's bill is what counts.",
    "create.bad_name": "{name} cannot be a box's name: small letters, digits and hyphens, a letter first, 63 at most.",
    "create.ask": "Make the box {name}?",
    "create.making": "Making {name}: its data disk, then the VM.",
    "create.found": "{name} is there already.",
    "create.foreign": (
        "There is a VM named {name} in {zone} already, and it is not gpubox's. "
        "Choose another name, or let gpubox take it over with --adopt."
    ),
    "create.gpu_elsewhere": "{zone} has no {gpu}. It is in: {zones}. Choose with --zone.",
    "create.gpu_nowhere": "{zone} has no {gpu}. No zone offers it. Choose with --zone.",
    "create.still_stopping": "{name} is still stopping. Google has not confirmed yet, so take it as billing.",
    "create.made": "The box {name} is there, and off. Start it with: gpubox start --box {name}",
    "create.stopped": "The box {name} was there already and had been left on; it is off now.",
    "create.on": "The box {name} is there already, and on. Stop it with: gpubox stop --box {name}",
    "create.there": "The box {name} is there already, and off. Start it with: gpubox start --box {name}",
    # Another ComfyUI on a box.
    "update.which": "Say which: --comfyui TAG, or --as-set for what COMFYUI_REF says.",
    "update.next_start": "Noted. {name} is not on; it gets {version} at its next start.",
    "update.asked": "Asked for. {name} builds {version} beside the one that runs, and changes over once it answers.",
    "update.under_way": "Changing over to {version}.",
    "update.done": "{name} runs {version}.",
    "update.as_set": "the ComfyUI of COMFYUI_REF",
    # A box that is deleted.
    "delete.other_name": "--yes names {given} and not {name}. Nothing was done.",
    "delete.is_on": "{name} is on (Google says {status}). Stop it first: gpubox stop --wait --box {name}",
    "delete.ask": "Delete the VM {name}? Its data disk stays.",
    "delete.ask_all": "This deletes {name} and all models and pictures on its data disk, for ever.",
    "delete.deleting": "Deleting {name}.",
    "delete.deleted": "The box {name} is deleted.",
    "delete.kept": "Its data disk {disk} is kept, and goes on costing what a disk costs.",
    "delete.comes_back": "It is the box of GCE_INSTANCE: the next start of the panel looks for it again.",
    # The embedded cloud alone.
    "cloud.at": "Compute Engine is at {endpoint} (Ctrl-C ends it)",
    "cloud.in_use": "Another embedded cloud serves {folder}. Stop it, or choose another --state-dir.",
    "cloud.failed": "The embedded cloud cannot be served: {why}.",
    "cloud.failed_on_port": "The embedded cloud cannot be served on port {port}: {why}.",
    # Passwords and tokens.
    "password.on_command_line": (
        "A password on the command line can be read by every user of this computer. "
        "Run it without one, and it is asked for."
    ),
    "password.ask": "Password: ",
    "password.again": "Once more: ",
    "password.two": "These were two different passwords. Nothing was hashed.",
    "password.empty": "An empty password lets everybody in. Nothing was hashed.",
    "password.hashed": (
        "{hash}\n\nFor .env, with the single quotes, because of the $ signs:\nAUTH_PASSWORD_HASH='{hash}'"
    ),
    "token.no_panel": (
        "No panel has run here yet. Start it with: gpubox serve. For a panel elsewhere: gpubox token --url URL"
    ),
    "token.hours": "--hours is for the panel's own computer; elsewhere the panel decides.",
    "token.service_here": "A service token is signed on the panel's own computer, and lives for --days.",
    "token.no_key": "No panel has run here yet, so there is no key. Start it with: gpubox serve",
    "token.ask": "Password for {url}: ",
    # The doctor's last line.
    "doctor.well": "All is well.",
    "doctor.mend": "{count} things to mend.",
    "doctor.mend_one": "{count} thing to mend.",
}


def sentence(code: str, /, **values: Any) -> str:
    """A sentence of the command line, with its values in it."""
    return fill(_SENTENCES[code], values)
