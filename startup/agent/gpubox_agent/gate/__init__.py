"""The gate: who may pass to this box's ComfyUI. Runs as `python -m gpubox_agent.gate`; docs/box.md has the contract.

nginx asks it about each request (`decide`), browsers hand it tickets, the manager tells it which sessions live
(`sessions`), and WebSockets go through it, so that they end when their session does (`streams`).
"""
