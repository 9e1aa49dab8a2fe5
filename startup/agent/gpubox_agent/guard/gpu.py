"""Programs other than ComfyUI that compute on the GPU: a veto at most, and none where the driver does not tell."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pynvml  # pyright: ignore[reportMissingTypeStubs]

from gpubox_agent.guard.processes import processes_of
from gpubox_agent.guard.verdict import Sign


def comfyui_pids() -> frozenset[int]:
    """The processes of ComfyUI's unit."""
    return frozenset(int(folder.name) for folder in processes_of(("/comfyui.service",)))


class StrangersOnGpu:
    """NVIDIA's library is loaded at the first look, and again after a failure: the driver may come later."""

    def __init__(self, own: Callable[[], Iterable[int]] = comfyui_pids, nvml: Any = pynvml) -> None:
        self._own = own
        self._nvml = nvml
        self._ready = False
        self._since_us: dict[int, int] = {}

    def __call__(self, now: float) -> Mapping[Sign, float]:
        """Look once. Where there is no GPU, or a broken one, there is no sign."""
        try:
            return {Sign.GPU: now} if self._busy() else {}
        except self._nvml.NVMLError:
            self._ready = False
            return {}

    def _busy(self) -> bool:
        nvml = self._nvml
        if not self._ready:
            nvml.nvmlInit()
            self._ready = True
        own = frozenset(self._own())
        return any(self._strangers(index) - own for index in range(nvml.nvmlDeviceGetCount()))

    def _strangers(self, index: int) -> frozenset[int]:
        """The processes whose part of the GPU was used since the last look."""
        nvml = self._nvml
        device = nvml.nvmlDeviceGetHandleByIndex(index)
        if not nvml.nvmlDeviceGetComputeRunningProcesses(device):
            return frozenset()
        try:
            samples = nvml.nvmlDeviceGetProcessUtilization(device, self._since_us.get(index, 0))
        except nvml.NVMLError_NotFound:  # nothing was computed
            return frozenset()
        first = index not in self._since_us
        self._since_us[index] = max((int(each.timeStamp) for each in samples), default=self._since_us.get(index, 0))
        # The first answer reaches back to before the guard began.
        return frozenset() if first else frozenset(int(each.pid) for each in samples if each.smUtil > 0)
