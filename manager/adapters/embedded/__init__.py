"""The embedded cloud: Compute Engine's v1 REST API, served on loopback by a process of its own.

The program reaches it only through Google's own client, so that what works here works there. Reading order:
`timeline` (time), `store` (state), `cloud` (both together), `methods` (the list of what is served), `delivery`
(one request's way in and out), `faults` (what may go wrong), `machines` (what a VM is made of), `server`.

Only the standard library, Starlette and uvicorn are imported here: the process stays below 80 MB.
"""
