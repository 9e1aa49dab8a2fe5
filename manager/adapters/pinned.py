"""TLS to a box that shows a certificate of its own making: exactly that one is accepted."""

import ssl
from functools import lru_cache


@lru_cache(maxsize=64)
def pinned(certificate: str) -> ssl.SSLContext:
    """A context that trusts this certificate (PEM) and no authority; raises ssl.SSLError where it is none.

    Whoever shows it holds its key, so that the name in it plays no part.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    # The certificate is a leaf, and is trusted as it is.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate)
    return context
