"""The demo ComfyUI: the official frontend over a small server that speaks ComfyUI's protocol, without a GPU.

It runs in a process of its own (`python -m manager.adapters.embedded.demo_comfyui`, see `__main__`) and stands in
for ComfyUI on the embedded cloud's machines. Reading order: `options` (flags), `nodes` (what a graph can be made
of), `validation` and `queue` (how a prompt gets in), `executor` (how it runs), `hub` (what the pages hear),
`routes` (HTTP), `app` (all of it together).

The protocol was learned from a running ComfyUI (0.3.64 and 0.33.0); no code of it is here.
"""
