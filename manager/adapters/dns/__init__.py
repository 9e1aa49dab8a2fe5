"""Name servers behind the port `Dns`: Cloud DNS and Cloudflare, each over its REST API.

Reading order: `asking` (one request, and what a refusal means), then `cloud_dns` and `cloudflare`; `google_token`
is how the first proves who it is. The kept client for Cloud DNS (google-cloud-dns) would bring a second way to
authenticate and retry for what are two calls.
"""

from manager.adapters.dns.cloud_dns import CloudDns
from manager.adapters.dns.cloudflare import CloudflareDns

__all__ = ["CloudDns", "CloudflareDns"]
