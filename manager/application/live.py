"""What the manager holds in memory of each box, so that nobody who asks has to wait for the cloud or the disk."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from manager import messages
from manager.application.channel import Channel
from manager.application.entrance import Entrance, entrance_of, seen_from
from manager.application.hearing import Heard
from manager.application.report import Ending, Models, Report
from manager.application.setup import Setup, setup_of
from manager.application.watch import Watch, signs
from manager.domain.allowing import Contact, Fence, networks_now
from manager.domain.box import COMFYUI_REF, Box, Intent, Observation, Phase, Scheduling, Wanted
from manager.domain.cost import Rates, Session
from manager.domain.errors import Fault
from manager.domain.idle import Policy, Verdict, judge
from manager.domain.journal import Entry
from manager.domain.phase import HICCUP, Comfy, comfy_state, phase_of


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about every box.

    `comfyui_url` overrides where a box's ComfyUI is; else `domain` names it, else its address does. `relay_of` is
    where browsers find a box's relay, by the box's name; with `relay_follows` at whatever host they have the panel at.
    `pulse_every` and the limits are in seconds.
    """

    policy: Policy
    rates: Rates
    max_run_s: float | None
    comfyui_url: str | None
    domain: str | None
    pulse_every: float
    metadata: dict[str, str]
    fence: Fence = field(default_factory=Fence)
    relay_of: Callable[[str], str | None] = lambda _: None
    relay_follows: bool = False

    def relay(self, box: str, page: str | None = None) -> str | None:
        """Where a browser finds this box's relay, None without one; `page` is scheme and host of its panel's page."""
        url = self.relay_of(box)
        return seen_from(url, page) if url is not None and page is not None and self.relay_follows else url

    def wanted(self, box: str, comfyui_ref: str | None = None) -> Wanted:
        """How this box has to be set up before it may be started; `comfyui_ref` overrides the settings' version."""
        limit = None if self.max_run_s is None else timedelta(seconds=self.max_run_s)
        own = {"gpubox-box": box} | ({} if comfyui_ref is None else {COMFYUI_REF: comfyui_ref})
        return Wanted({**self.metadata, **own}, Scheduling(limit))


@dataclass(frozen=True, slots=True)
class StartTimes:
    """Moments of the start under way or last seen through; the panel's timeline is drawn from them."""

    asked_at: datetime
    capacity_at: datetime | None = None
    booted_at: datetime | None = None
    ready_at: datetime | None = None


@dataclass(slots=True)
class LiveBox:
    """One box in memory: as stored, as last seen, and as last heard."""

    box: Box
    watched_since: datetime
    channel: Channel = field(default_factory=Channel)
    seen: Observation | None = None
    unreachable: Fault | None = None
    unreachable_since: datetime | None = None
    unreachable_told: bool = False
    watch: Watch | None = None
    guest: dict[str, str] = field(default_factory=dict[str, str])
    guest_at: datetime | None = None
    heard: Heard | None = None
    setup: Setup = field(default_factory=Setup)
    times: StartTimes | None = None
    usual: dict[str, float] = field(default_factory=dict[str, float])
    sessions: list[Session] = field(default_factory=list[Session])
    journal: deque[Entry] = field(default_factory=lambda: deque[Entry](maxlen=8))
    hourly: Decimal | None = None
    cloud_due: datetime | None = None
    pulse_due: datetime | None = None
    panel_at: datetime | None = None
    # What is wrong without keeping the box from running, by what it is about: "firewall", "dns", …
    notices: dict[str, Fault] = field(default_factory=dict[str, Fault])
    # The manager's address as the box sees it, and when the box's gate last answered.
    manager_address: str | None = None
    gate_at: datetime | None = None
    # When the box was told to run another version of ComfyUI.
    update_told_at: datetime | None = None
    # The box's last answer to a statement, when it last had a veto, and when the next statement is due.
    report: Report | None = None
    vetoed_at: datetime | None = None
    statement_due: datetime | None = None
    speaking: bool = False
    busy: bool = False
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def name(self) -> str:
        """The box's name."""
        return self.box.name

    def verdict(self, rules: Rules, now: datetime) -> Verdict | None:
        """What the signs say while the box is on and wanted on; None otherwise, and while a start is on its way."""
        starting = self.box.start is not None and self.box.start.request_id is not None
        if self.watch is None or self.box.intent is not Intent.ON or starting:
            return None
        said = signs(
            self.watch,
            self.box,
            self.panel_at,
            self.watched_since,
            vetoed_at=self.vetoed_at,
            veto=self.veto(now),
        )
        return judge(said, rules.policy, now)

    def told(self, guest: Mapping[str, str]) -> None:
        """Take in what the box wrote into its guest attributes."""
        self.guest, self.setup = dict(guest), setup_of(guest)

    def wanted(self, rules: Rules) -> Wanted:
        """How this box has to be set up before it may be started."""
        return rules.wanted(self.name, self.box.comfyui_ref)

    def allowed_now(self, rules: Rules, now: datetime) -> tuple[str, ...]:
        """The networks that the gate is to let pass; empty is everybody with a session."""
        return networks_now(rules.fence, self.box.allowances, self.contact(now).address, now)

    def contact(self, now: datetime) -> Contact:
        """How the manager stands with the box: an answer of its gate or of its ComfyUI is being heard."""
        address = self.manager_address or self.box.manager_address
        if self.watch is None:
            return Contact(address)
        heard = (self.watch.since, self.watched_since, self.gate_at, self.watch.pulse_at)
        return Contact(address, now - max(moment for moment in heard if moment is not None))

    def reported(self, report: Report) -> None:
        """Take in what the box answered to a statement."""
        self.report, self.gate_at = report, report.at
        self.manager_address = report.address or self.manager_address
        if report.veto(report.at) is not None:
            self.vetoed_at = report.at

    def went_off(self) -> None:
        """Nothing that a box has said outlives its run."""
        self.watch = self.guest_at = self.report = self.vetoed_at = self.statement_due = None
        self.told({})

    def veto(self, now: datetime) -> str | None:
        """What keeps the box on besides ComfyUI's queue, in words: its own word, the guard's, or its setup."""
        pulse = self.watch.pulse if self.watch is not None else None
        if pulse is not None and pulse.veto:
            return pulse.veto
        code = self.report.veto(now) if self.report is not None else None
        if code is None and self.setup.moving:
            code = "start"
        return None if code is None else messages.veto(code)

    def ending(self, now: datetime) -> Ending | None:
        """That the box turns itself off, by its own word."""
        return None if self.report is None else self.report.ending(now)

    def downloads(self, now: datetime) -> Models | None:
        """The model list as the box downloads it."""
        return None if self.report is None else self.report.downloads(now)

    def comfy(self, now: datetime) -> Comfy:
        """What is known of ComfyUI."""
        if self.watch is None:
            return Comfy.COMING
        watch = self.watch
        moved = max(watch.since, watch.veto_at or watch.since)
        return comfy_state(moved, watch.ready_at, watch.unknown_since, now, given_up=self.setup.failed)

    def cloud_lost(self, now: datetime) -> bool:
        """Whether the cloud has been silent for longer than a hiccup."""
        return self.unreachable_since is not None and now >= self.unreachable_since + HICCUP

    def phase(self, now: datetime) -> Phase:
        """What a person sees."""
        return phase_of(self.box, self.seen, self.comfy(now), cloud_lost=self.cloud_lost(now))

    def entrance(self, rules: Rules, page: str | None = None) -> Entrance:
        """How browsers and the manager come to this box's ComfyUI; `page` as of `Rules.relay`."""
        return entrance_of(
            box=self.name,
            ip=self.seen.external_ip if self.seen is not None else None,
            guest=self.guest,
            comfyui_url=rules.comfyui_url,
            domain=rules.domain,
            relay_url=rules.relay(self.name, page),
        )

    def endpoint(self, rules: Rules) -> str | None:
        """Where a browser reaches this box's ComfyUI; None while that is not known."""
        return self.entrance(rules).url
