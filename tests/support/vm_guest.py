"""What a virtual machine has besides the boxes' boot disk: somebody who takes commands, and Google's names of disks."""

# A request is a line on the second serial port, a list of words in JSON; the answer is one too: what the command said,
# and how it ended. The process needs nobody, so it goes on when everything else has died.
_COMMANDS = """\
#!/usr/bin/python3
import json, os, subprocess, tty
port = os.open("/dev/ttyS1", os.O_RDWR | os.O_NOCTTY)
tty.setraw(port)
def answer(what):
    line = json.dumps(what).encode() + b"\\n"
    while line:
        line = line[os.write(port, line):]
answer("ready")
for line in os.fdopen(port, "rb", closefd=False):
    done = subprocess.run(json.loads(line), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    answer([done.stdout, done.stderr, done.returncode])
"""
_COMMANDS_SERVICE = """\
[Unit]
Description=Takes commands at the second serial port

[Service]
ExecStart=/usr/local/lib/commands
"""
# As in Google's images, whose disks say their device name in another way.
_NAMES = 'SUBSYSTEM=="block", ENV{ID_SERIAL}=="?*", SYMLINK+="disk/by-id/google-$env{ID_SERIAL}"\n'
_UNITS = "/etc/systemd/system"
FILES = {
    "/usr/local/lib/commands": _COMMANDS,
    f"{_UNITS}/commands.service": _COMMANDS_SERVICE,
    "/etc/udev/rules.d/65-gce-disk-naming.rules": _NAMES,
}
LINKS = {f"{_UNITS}/multi-user.target.wants/commands.service": "../commands.service"}
# What does udev's work in a container, and what waits for a metadata server.
MASKED = (
    *("links-to-disks.service", "links-to-disks.path"),
    *("google-guest-agent.service", "google-startup-scripts.service", "google-shutdown-scripts.service"),
)
