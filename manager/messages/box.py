"""What the box itself reports: the steps of its setup, and what is wrong on it (docs/box.md)."""

# Each step: while it is to come or under way, and once it is done.
STEPS = {
    "bundle": ("Fetching the setup", "Setup fetched"),
    "disk": ("Mounting the data disk", "Data disk mounted"),
    "driver": ("Preparing the GPU driver", "GPU driver ready"),
    "packages": ("Installing system packages", "System packages installed"),
    "agent": ("Installing the box's own services", "Services installed"),
    "entrance": ("Preparing HTTPS", "HTTPS ready"),
    "comfyui": ("Fetching ComfyUI", "ComfyUI fetched"),
    "python": ("Installing Python and PyTorch", "Python and PyTorch installed"),
    "requirements": ("Installing what ComfyUI needs", "What ComfyUI needs is installed"),
    "nodes": ("Adding custom nodes", "Custom nodes added"),
    "start": ("Waiting for ComfyUI's first answer", "ComfyUI answered on the box"),
    "models": ("Downloading models", "Models downloaded"),
}

_AGAIN = "The box tries again by itself, and at the next start. The log says more; off, it costs nothing but the disks."
_SAFE = "Nothing on the disk was touched."

# code: (title, what happened, what to do)
PROBLEMS = {
    "other": ("The box reports a problem.", "{detail}", "The log says more."),
    "bundle": ("The box could not fetch its setup.", "{detail}", _AGAIN),
    "disk_missing": (
        "The box has no data disk.",
        f"{{detail}} {_SAFE}",
        "Attach the disk with the device name persistent-comfyui, or set ROOT_DISK=allow to go without; docs/gcp.md.",
    ),
    "disk_foreign": (
        "The data disk holds something else.",
        f"{{detail}} {_SAFE}",
        "Attach the right disk, or move what is on this one; gpubox formats only a disk that is wholly blank.",
    ),
    "disk_locked": (
        "The data disk is encrypted.",
        f"{{detail}} {_SAFE}",
        "gpubox cannot open it. Attach a disk without encryption of its own; Google encrypts every disk anyway.",
    ),
    "disk_damaged": (
        "The data disk's file system is damaged.",
        f"{{detail}} {_SAFE}",
        "Make a snapshot first, then repair it by hand: docs/operating.md, “A damaged disk”.",
    ),
    "disk_read_only": (
        "The data disk can only be read.",
        f"{{detail}} {_SAFE}",
        "Attach it in read-write mode, and to one VM only.",
    ),
    "disk_full": (
        "The data disk is full.",
        "{detail}",
        "Enlarge the disk (it grows while in use; docs/operating.md) or delete models and outputs.",
    ),
    "disk_space": (
        "The data disk is nearly full.",
        "{detail}",
        "Enlarge the disk (it grows while in use; docs/operating.md) or delete models and outputs.",
    ),
    "no_gpu": (
        "The box has no GPU.",
        "{detail}",
        "Attach one, or set WITHOUT_GPU=cpu to let ComfyUI run without, slowly.",
    ),
    "driver": (
        "The GPU driver does not work.",
        "{detail}",
        "Stop and start the box once. If it stays, use a Deep Learning VM image, which brings the driver.",
    ),
    "packages": ("System packages could not be installed.", "{detail}", _AGAIN),
    "agent": ("The box's own services could not be installed.", "{detail}", _AGAIN),
    "comfyui": ("ComfyUI could not be fetched.", "{detail}", "Check COMFYUI_GIT and COMFYUI_REF. " + _AGAIN),
    "python": ("Python or PyTorch could not be installed.", "{detail}", _AGAIN),
    "requirements": ("What ComfyUI needs could not be installed.", "{detail}", _AGAIN),
    "start": (
        "ComfyUI does not start on the box.",
        "{detail}",
        "The log says why; often a custom node is at fault. Models and pictures stay on the disk.",
    ),
    "update_failed": (
        "The update of ComfyUI failed.",
        "{detail} The version from before is running.",
        "The log says why. Choose another version with: gpubox box update --comfyui TAG",
    ),
    "models": ("A model could not be downloaded.", "{detail}", "Check MODELS_FILE: address, sha256 and free space."),
    "entrance_dns": (
        "The box's name does not point to it yet.",
        "{detail}",
        "Set the DNS record; it is tried again by itself. DNS_ZONE or CLOUDFLARE_ZONE does it at every start.",
    ),
    "entrance_acme": (
        "The box has no certificate yet.",
        "{detail}",
        "It is tried again by itself. Ports 80 and 443 of the box must be open to everybody for this.",
    ),
    "entrance_certificate": (
        "The origin certificate cannot be used.",
        "{detail}",
        "Check CF_CERT_PATH and CF_KEY_PATH, and that the VM's service account may read them.",
    ),
    "entrance_key": (
        "Certificate and key do not belong together.",
        "{detail}",
        "Upload the pair again as Cloudflare gave it.",
    ),
    "entrance_tunnel": (
        "The Cloudflare Tunnel does not come up.",
        "{detail}",
        "Check CF_TUNNEL_TOKEN_PATH, and that the VM's service account may read it.",
    ),
    "entrance_nginx": (
        "The box's web server refused its configuration.",
        "{detail}",
        "The configuration from before stays in force. This is a fault of gpubox's: please report it with the log.",
    ),
}


def is_box_step(code: str) -> bool:
    """Whether this is a step of the box's setup."""
    return code in STEPS


def is_box_problem(code: str) -> bool:
    """Whether this is one of the problems that a box reports."""
    return code in PROBLEMS
