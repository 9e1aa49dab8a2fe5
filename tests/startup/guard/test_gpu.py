from dataclasses import dataclass, field
from typing import Any

import pynvml  # pyright: ignore[reportMissingTypeStubs]

from gpubox_agent.guard.gpu import StrangersOnGpu
from gpubox_agent.guard.verdict import Sign


@dataclass
class Sample:
    pid: int
    smUtil: int  # noqa: N815 - NVIDIA's name
    timeStamp: int = 5  # noqa: N815 - likewise


@dataclass
class Card:
    """NVIDIA's library, with one card; its errors are the real ones."""

    samples: list[Sample] = field(default_factory=list[Sample])
    broken: bool = False
    begun: int = 0
    NVMLError: Any = pynvml.NVMLError
    NVMLError_NotFound: Any = getattr(pynvml, "NVMLError_NotFound")  # noqa: B009, RUF009 - made at its import

    def nvmlInit(self) -> None:  # noqa: N802 - NVIDIA's name
        self.begun += 1
        if self.broken:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - likewise
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802 - likewise
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, _device: int) -> list[Sample]:  # noqa: N802 - likewise
        return self.samples

    def nvmlDeviceGetProcessUtilization(self, _device: int, _since: int) -> list[Sample]:  # noqa: N802 - likewise
        if not any(sample.smUtil for sample in self.samples):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return self.samples


def test_a_stranger_that_computes_is_a_sign_and_comfyui_is_none() -> None:
    card = Card([Sample(pid=7, smUtil=90)])
    look = StrangersOnGpu(lambda: [7], card)
    assert look(1) == {}
    assert look(2) == {}
    card.samples.append(Sample(pid=8, smUtil=30))
    assert look(3) == {Sign.GPU: 3}


def test_a_stranger_that_only_fills_memory_is_none() -> None:
    look = StrangersOnGpu(list, Card([Sample(pid=8, smUtil=0)]))
    assert look(1) == {}
    assert look(2) == {}


def test_a_broken_card_is_no_sign_and_is_tried_again() -> None:
    card = Card(broken=True)
    look = StrangersOnGpu(list, card)
    assert look(1) == {}
    assert look(2) == {}
    assert card.begun == 2


def test_without_a_driver_there_is_no_sign() -> None:
    assert StrangersOnGpu(list)(1) == {}
