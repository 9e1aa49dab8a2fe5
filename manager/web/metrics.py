"""The figures in Prometheus' format, read from where they are kept at the moment somebody asks."""

import json
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from manager.domain.box import Phase
from manager.web.deps import Services

CONTENT_TYPE = CONTENT_TYPE_LATEST


class _Figures(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterable[Metric]:
        yield from self._web()
        yield from self._boxes()

    def _web(self) -> Iterable[Metric]:
        counters = self._services.counters
        answers = CounterMetricFamily("gpubox_http_answers", "Answers.", labels=["method", "kind", "status"])
        for (method, kind, status), count in list(counters.answers.items()):
            answers.add_metric([method, kind, str(status)], count)
        refused = CounterMetricFamily("gpubox_logins_refused", "Logins that were refused.", labels=["code"])
        for code, count in list(counters.refused_logins.items()):
            refused.add_metric([code], count)
        yield answers
        yield refused
        yield GaugeMetricFamily("gpubox_event_streams", "Open event streams.", value=counters.open_streams)

    def _boxes(self) -> Iterable[Metric]:
        phases = GaugeMetricFamily("gpubox_box_phase", "1 for the phase the box is in.", labels=["box", "phase"])
        busy = GaugeMetricFamily("gpubox_box_busy", "Whether a render is running.", labels=["box"])
        month = GaugeMetricFamily("gpubox_box_month_cost", "Cost of this month.", labels=["box", "currency"])
        for name in self._services.boxes.names():
            status: dict[str, Any] = json.loads(self._services.boxes.status(name).body)
            for phase in Phase:
                phases.add_metric([name, phase.value], float(status.get("phase") == phase))
            busy.add_metric([name], float(bool(status.get("busy"))))
            cost: dict[str, Any] = status.get("cost") or {}
            if cost.get("month") is not None:
                month.add_metric([name, str(cost.get("currency"))], float(cost["month"]))
        yield phases
        yield busy
        yield month


def exposition(services: Services) -> bytes:
    """All figures."""
    registry = CollectorRegistry()
    registry.register(_Figures(services))
    return generate_latest(registry)
