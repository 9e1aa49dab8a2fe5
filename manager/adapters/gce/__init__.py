"""Google's Compute Engine behind the ports `Cloud` and `BoxBuilder`, over google-cloud-compute.

Reading order: `cloud` (what the application calls), `calls` (deadline, retries, threads), `api` (the one module
that touches Google's client, and loads it late), `complaint` and `errors` (what a refusal means), then the
subjects: `observing`, `metadata`, `backstop`, `operations`, `firewall`, `builder` and its `blueprint`.

Everything but `api` works on the REST API's own JSON, in Google's own words, so that recorded answers can be fed
to it. Importing this package imports nothing of Google's.
"""

from manager.adapters.gce.builder import GceBuilder
from manager.adapters.gce.calls import Limits, Pace
from manager.adapters.gce.cloud import GceCloud
from manager.adapters.gce.firewall import GceFirewall

__all__ = ["GceBuilder", "GceCloud", "GceFirewall", "Limits", "Pace"]
