"""The nodes of the demo: none needs a model. The ones that ComfyUI has too bear its names and inputs."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps

from . import pictures
from .folders import Folders, annotated, files_in, inside
from .node_types import Inputs, InputSpec, Json, NodeType, Result, Run
from .saving import save_pictures

# Smaller than ComfyUI's 16384 and 4096: the demo shares a computer with everything else.
MAX_SIDE = 4096
MAX_BATCH = 8
IMAGE: InputSpec = ("IMAGE", {})
SIDE = ("INT", {"default": 512, "min": 1, "max": MAX_SIDE, "step": 1})
SEED = ("INT", {"default": 0, "min": 0, "max": 0xFFFFFFFFFFFFFFFF, "control_after_generate": True})
HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
DEMO = "gpubox demo"


def _empty(_run: Run, given: Json) -> Result:
    one = pictures.empty(given["width"], given["height"], given["color"])
    return Result(([one] * given["batch_size"],))


def _noise(_run: Run, given: Json) -> Result:
    return Result(([pictures.noise(given["width"], given["height"], given["seed"])],))


def _scale(_run: Run, given: Json) -> Result:
    size = (given["upscale_method"], given["width"], given["height"], given["crop"])
    return Result(([pictures.scale(image, *size) for image in given["image"]],))


def _blur(_run: Run, given: Json) -> Result:
    # The kernel that ComfyUI computes ends at its radius; so does this one, nearly.
    sigma = min(given["sigma"], float(given["blur_radius"]))
    return Result(([pictures.blur(image, sigma) for image in given["image"]],))


def _invert(_run: Run, given: Json) -> Result:
    return Result(([pictures.invert(image) for image in given["image"]],))


def _slow_render(run: Run, given: Json) -> Result:
    steps = given["steps"]
    images: list[Image.Image] = []
    for before in given["image"]:
        image = before
        for step in range(1, steps + 1):
            run.pause(given["seconds"] / steps)
            image = pictures.render(before, step, steps)
            run.progress(step, steps, pictures.preview(image))
        images.append(image)
    return Result((images,))


def _load(run: Run, given: Json) -> Result:
    path = _input_file(run.folders, given)
    with Image.open(path) as image:
        # ComfyUI's mask is what is transparent.
        mask = ImageOps.invert(image.convert("RGBA").getchannel("A"))
        return Result(([image.convert("RGB")], [mask]))


def _preview(run: Run, given: Json) -> Result:
    return _shown(run, given, "temp", "ComfyUI_temp")


def _save(run: Run, given: Json) -> Result:
    return _shown(run, given, "output", given["filename_prefix"])


def _shown(run: Run, given: Json, kind: str, prefix: str) -> Result:
    about = {"prompt": run.prompt, **run.extra_pnginfo}
    saved = save_pictures(run.folders, kind, prefix, given["images"], about)
    return Result((given["images"],), {"images": saved})


def _input_file(folders: Folders, given: Json) -> Path:
    name, kind = annotated(given["image"])
    root = folders.of_type(kind or "input") or folders.input
    return inside(root, name) or root


def _input_hash(folders: Folders, given: Json) -> str:
    return hashlib.sha256(_input_file(folders, given).read_bytes()).hexdigest()


def _load_inputs(folders: Folders) -> Inputs:
    return {"image": ([path.name for path in files_in(folders.input)], {"image_upload": True})}


def _fixed(**inputs: InputSpec) -> Callable[[Folders], Inputs]:
    """Give inputs that do not depend on files."""

    def give(_folders: Folders) -> Inputs:
        return inputs

    return give


NODES = (
    NodeType(
        "EmptyImage",
        "Empty Image",
        "image",
        _fixed(
            width=SIDE,
            height=SIDE,
            batch_size=("INT", {"default": 1, "min": 1, "max": MAX_BATCH}),
            color=("INT", {"default": 0, "min": 0, "max": 0xFFFFFF, "step": 1, "display": "color"}),
        ),
        _empty,
    ),
    NodeType(
        "DemoNoise",
        "Noise Image",
        DEMO,
        _fixed(width=SIDE, height=SIDE, seed=SEED),
        _noise,
        description="Random colours, the same for the same seed.",
    ),
    NodeType(
        "ImageScale",
        "Upscale Image",
        "image/upscaling",
        _fixed(
            image=IMAGE,
            upscale_method=(list(pictures.RESAMPLING), {}),
            width=("INT", {"default": 512, "min": 0, "max": MAX_SIDE, "step": 1}),
            height=("INT", {"default": 512, "min": 0, "max": MAX_SIDE, "step": 1}),
            crop=(["disabled", "center"], {}),
        ),
        _scale,
        search_aliases=("resize", "scale image"),
    ),
    NodeType(
        "ImageBlur",
        "Blur Image",
        "image/filters",
        _fixed(
            image=IMAGE,
            blur_radius=("INT", {"default": 1, "min": 1, "max": 31, "step": 1}),
            sigma=("FLOAT", {"default": 1.0, "min": 0.1, "max": 10.0, "step": 0.1}),
        ),
        _blur,
    ),
    NodeType("ImageInvert", "Invert Image Colors", "image/color", _fixed(image=IMAGE), _invert),
    NodeType(
        "DemoSlowRender",
        "Slow Render (demo, no GPU)",
        DEMO,
        _fixed(
            image=IMAGE,
            seconds=("FLOAT", {"default": 5.0, "min": 0.0, "max": 3600.0, "step": 0.5}),
            steps=("INT", {"default": 20, "min": 1, "max": 1000}),
        ),
        _slow_render,
        description="Takes its time, shows progress and previews, and can be cancelled between two steps.",
    ),
    NodeType(
        "LoadImage",
        "Load Image",
        "image",
        _load_inputs,
        _load,
        outputs=("IMAGE", "MASK"),
        output_names=("IMAGE", "MASK"),
        search_aliases=("upload image", "open image"),
        fingerprint=_input_hash,
    ),
    NodeType(
        "PreviewImage",
        "Preview Image",
        "image",
        _fixed(images=IMAGE),
        _preview,
        output_names=("images",),
        output_node=True,
        description="Preview the images without saving them to the ComfyUI output directory.",
        hidden=HIDDEN,
    ),
    NodeType(
        "SaveImage",
        "Save Image",
        "image",
        _fixed(
            images=("IMAGE", {"tooltip": "The images to save."}),
            filename_prefix=("STRING", {"default": "ComfyUI", "tooltip": "The prefix for the file to save."}),
        ),
        _save,
        output_names=("images",),
        output_node=True,
        description="Saves the input images to your ComfyUI output directory.",
        hidden=HIDDEN,
    ),
)
NODE_TYPES = {node.name: node for node in NODES}
