"""What the server is, which nodes and models it has, and the lists that the page asks for at its start."""

import os
import sys

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from manager.adapters.embedded.demo_comfyui.node_types import Json
from manager.adapters.embedded.demo_comfyui.nodes import NODE_TYPES
from manager.adapters.embedded.demo_comfyui.parts import ABOUT, VERSION, Parts, server_features

from .answers import done, json_object

# Folders of models that the page knows by name; all of them are empty here.
MODEL_FOLDERS = ("checkpoints", "loras", "vae", "text_encoders", "diffusion_models", "controlnet", "upscale_models")


def routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes of this topic."""
    here = _System(parts)
    return [
        Route("/system_stats", here.system_stats),
        Route("/features", here.features),
        Route("/object_info", here.object_info),
        Route("/object_info/{name}", here.one_object_info),
        Route("/models", here.models),
        Route("/models/{folder}", here.models_in),
        Route("/experiment/models", here.model_folders),
        Route("/experiment/models/{folder}", here.models_in),
        Route("/free", here.free, methods=["POST"]),
        Route("/assets", here.no_assets),
        _always("/embeddings", []),
        _always("/workflow_templates", {}),
        _always("/global_subgraphs", {}),
        _always("/node_replacements", {}),
        _always("/i18n", {}),
    ]


class _System:
    """What the server is."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def system_stats(self, _request: Request) -> Response:
        return JSONResponse(_system_stats(self._parts))

    async def features(self, _request: Request) -> Response:
        return JSONResponse(server_features(self._parts.options))

    async def object_info(self, _request: Request) -> Response:
        return JSONResponse({name: node.info(self._parts.folders) for name, node in NODE_TYPES.items()})

    async def one_object_info(self, request: Request) -> Response:
        node = NODE_TYPES.get(request.path_params["name"])
        return JSONResponse({node.name: node.info(self._parts.folders)} if node else {})

    async def model_folders(self, _request: Request) -> Response:
        folders = [
            {"name": name, "folders": [str(self._parts.folders.base / "models" / name)], "extensions": [".safetensors"]}
            for name in MODEL_FOLDERS
        ]
        return JSONResponse(folders)

    async def models(self, _request: Request) -> Response:
        return JSONResponse(MODEL_FOLDERS)

    async def models_in(self, request: Request) -> Response:
        return JSONResponse([]) if request.path_params["folder"] in MODEL_FOLDERS else done(404)

    async def free(self, request: Request) -> Response:
        if (await json_object(request)).get("free_memory"):
            self._parts.executor.forget_results()
        return done()

    async def no_assets(self, _request: Request) -> Response:
        # As ComfyUI answers without --enable-assets, which the page understands.
        error: Json = {"code": "SERVICE_DISABLED", "message": "Assets system is disabled.", "details": {}}
        return JSONResponse({"error": error}, 503)


def _always(path: str, answer: Json | list[str]) -> Route:
    async def give(_request: Request) -> Response:
        return JSONResponse(answer)

    return Route(path, give)


def _system_stats(parts: Parts) -> Json:
    page = os.sysconf("SC_PAGE_SIZE")
    total, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    packages = [{"name": "comfyui-frontend-package", "installed": parts.frontend.version, "required": None}]
    return {
        "system": {
            "os": sys.platform,
            "ram_total": total,
            "ram_free": free,
            "comfyui_version": VERSION,
            "required_frontend_version": parts.frontend.version or None,
            "installed_templates_version": None,
            "required_templates_version": None,
            "comfy_package_versions": packages,
            "python_version": sys.version,
            "pytorch_version": f"none ({ABOUT})",
            "embedded_python": False,
            "deploy_environment": "gpubox-demo",
            "argv": ["demo_comfyui", *parts.options.argv],
        },
        "devices": [
            {
                "name": ABOUT,
                "type": "cpu",
                "index": None,
                "vram_total": total,
                "vram_free": free,
                "torch_vram_total": total,
                "torch_vram_free": free,
            }
        ],
    }
