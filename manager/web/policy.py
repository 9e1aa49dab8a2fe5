"""What a page may load, and what it may let its frame do."""

import secrets

_NONCE_BYTES = 16
# Clipboard and fullscreen are for ComfyUI; camera and microphone are not named, so the frame may ask for them.
_PERMISSIONS = ", ".join(
    [f"{feature}=*" for feature in ("clipboard-read", "clipboard-write", "fullscreen")]
    + [f"{feature}=()" for feature in ("geolocation", "payment", "usb", "serial", "hid", "midi")],
)


def new_nonce() -> str:
    """A nonce for one answer."""
    return secrets.token_urlsafe(_NONCE_BYTES)


def page_headers(nonce: str, frame_source: str | None = None) -> dict[str, str]:
    """The headers of a page: nothing inline without the nonce, nothing from elsewhere but the box's own frame."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "frame-src": frame_source or "'none'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": _PERMISSIONS,
        "Cache-Control": "no-store",
    }
