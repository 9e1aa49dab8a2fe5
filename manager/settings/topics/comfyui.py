"""What is installed on the box, and how ComfyUI is asked."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, FilePath, SecretStr

from manager.settings.kinds import Arguments, WebUrl, matching


class Provisioning(BaseModel):
    """What is installed on the box."""

    comfyui_git: WebUrl = Field(
        "https://github.com/Comfy-Org/ComfyUI",
        description="Where the box clones ComfyUI from.",
        examples=["https://git.example.com/ComfyUI"],
    )
    comfyui_ref: Annotated[str, matching(r"[A-Za-z0-9][\w.\-]{0,99}", "a tag")] = Field(
        "v0.33.0",
        description="Which of its tags.",
        examples=["v0.33.0"],
    )
    comfyui_box_args: Arguments = Field(
        (), description="Further arguments for ComfyUI on the box.", examples=["--force-fp16"]
    )
    package_index: WebUrl | None = Field(
        None,
        description="A package index instead of PyPI.",
        examples=["https://pypi.example.com/simple-index"],
    )
    torch_index: WebUrl | None = Field(
        None,
        description="Where builds of torch lie, each under its own path (cu130, cu126, cpu). Default: PyTorch's own.",
        examples=["https://torch.example.com/whl"],
    )
    box_python: Annotated[str, matching(r"3\.\d{1,2}", "a version of Python like 3.12")] = Field(
        "3.12", description="The Python that ComfyUI runs with.", examples=["3.12"]
    )
    models_file: FilePath | None = Field(
        None,
        description="A JSON file of models to download: a list of {url, sha256, folder}.",
        examples=["models.json"],
    )
    without_gpu: Literal["refuse", "cpu"] = Field(
        "refuse",
        description="A box without a working GPU: refuse (it says so), or cpu (ComfyUI runs without, slowly).",
        examples=["refuse"],
    )
    root_disk: Literal["refuse", "allow"] = Field(
        "refuse",
        description="A box without a data disk: refuse (it says so), or allow (everything is lost with the VM).",
        examples=["refuse"],
    )


class ComfyUi(BaseModel):
    """How ComfyUI is asked."""

    comfyui_url: WebUrl | None = Field(
        None,
        description="ComfyUI's own address, where it is not the box's.",
        examples=["https://comfy.example.com"],
    )
    comfyui_service_token: SecretStr | None = Field(
        None,
        description="A bearer token that is sent to ComfyUI.",
        examples=["the token of the proxy in front of it"],
    )
    comfyui_timeout: int = Field(
        5000,
        ge=100,
        le=600_000,
        description="How long ComfyUI has to answer, in milliseconds.",
        examples=["5000"],
    )
    comfyui_poll_interval: float = Field(
        3,
        ge=0.1,
        le=3600,
        description="How often a running ComfyUI is asked, in seconds.",
        examples=["3"],
    )
