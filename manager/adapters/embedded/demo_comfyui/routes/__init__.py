"""ComfyUI's routes. Each module gives those of one topic."""

from starlette.routing import BaseRoute

from manager.adapters.embedded.demo_comfyui.parts import Parts

from . import files, jobs, logs, prompts, settings, system, userdata


def api_routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes that ComfyUI serves both as they are and under `/api`."""
    topics = (system, prompts, jobs, files, settings, userdata)
    return [route for topic in topics for route in topic.routes(parts)]


def internal_routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes below `/internal`, which have no `/api` form."""
    return logs.routes(parts)
