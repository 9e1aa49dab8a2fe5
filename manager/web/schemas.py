"""What goes in and out as JSON, for validation and for the OpenAPI description. Moments are RFC 3339 in UTC."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, model_validator

from manager.web.shapes import Input, Notice, Output, Sentence, Words, rfc3339

_LONGEST_HOLD = timedelta(days=7)

Phase = Literal["off", "queued", "starting", "setting_up", "ready", "stopping", "trouble"]


class Password(Input):
    """The way in."""

    password: str = Field(min_length=1, max_length=1024)


class KeepAlive(Input):
    """`active` false proves only an open tab, not a person."""

    active: bool = True


class Hold(Input):
    """Either `until` or `minutes`; null in it ends the hold."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["until"], "maxProperties": 1}, {"required": ["minutes"], "maxProperties": 1}],
        },
    )

    until: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(rfc3339)] | None = Field(
        None,
        description="Keep the box on until this moment, at most 7 days from now.",
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=_LONGEST_HOLD.total_seconds() / 60,
        allow_inf_nan=False,
        description="Keep the box on for this long, in minutes.",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("send either until or minutes, or null to end the hold")
        return self

    def moment(self, now: datetime) -> datetime | None:
        """When the hold ends; None where it ends now."""
        if self.minutes is not None:
            return now + timedelta(minutes=self.minutes)
        return self.until


class FrameWay(Input):
    """`relay` asks for the way through the panel, where the box's own address does not work in a frame."""

    way: Literal["relay"] | None = None


class Frame(Output):
    """Where ComfyUI is opened. The address of a gated box holds a ticket: for this session, once, within a minute."""

    url: str
    way: Literal["plain", "domain", "tunnel", "relay"]


class Entrance(Output):
    """How ComfyUI is opened; `gated` boxes want a ticket, `relay` tells whether the panel can pass it on."""

    way: Literal["plain", "domain", "tunnel", "relay", "none"]
    gated: bool
    relay: bool


class Session(Output):
    """A new session; the same token is in the cookie."""

    token: str
    expires_at: datetime


class SessionCheck(Output):
    """A session that is valid."""

    authenticated: Literal[True]
    expires_at: datetime


class Alive(Output):
    """The last sign of a person, and when the box would stop."""

    last_activity: datetime | None
    stops_at: datetime | None


class Health(Output):
    """Alive, or ready."""

    status: Literal["ok"]


class Version(Output):
    """ComfyUI's: the tag that was asked for instead of COMFYUI_REF, and what runs, where it is known."""

    asked: str | None
    version: str | None


class Trouble(Output):
    """What is wrong, what is done about it, and what a person can do."""

    code: str
    title: str
    detail: Words
    remedy: Words
    since: datetime | None
    retry_at: datetime | None
    actions: list[Any]


class Render(Output):
    """ComfyUI's queue; `share` is how far the running one is, 0 to 1."""

    running: int
    pending: int
    share: float | None


class Cost(Output):
    """Amounts are decimal numbers as texts, in `currency`; null where no rate is known."""

    currency: str
    hourly: str | None
    session: str | None
    today: str | None
    month: str | None
    month_seconds: float | None
    saved_month: str | None
    at_rest_monthly: str | None
    rates_as_of: str | None


class Step(Sentence):
    """One step of a start; durations in seconds."""

    state: str
    began_at: datetime | None
    took_s: float | None
    usual_s: float | None
    share: float | None


class Progress(Output):
    """How far a start is."""

    steps: list[Step]
    eta_at: datetime | None


class ModelFile(Sentence):
    """One file of the model list; `share` is how much of it is there, 0 to 1, where that is known."""

    name: str
    folder: str
    state: Literal["waiting", "running", "checking", "done", "failed"]
    share: float | None


class Models(Sentence):
    """The download of the model list, all in all and file by file."""

    state: Literal["running", "done", "failed"]
    share: float | None
    files: list[ModelFile]


class JournalEntry(Sentence):
    """Something that happened."""

    at: datetime


class Status(Output):
    """All about a box. `status` is Compute Engine's own word."""

    name: str
    status: str | None
    phase: Phase
    intent: Literal["on", "off"]
    reason: str
    headline: Sentence
    details: list[Sentence]
    warning: Sentence | None
    trouble: Trouble | None
    external_ip: str | None
    comfyui_url: str | None
    entrance: Entrance | None = None
    last_activity: datetime | None
    stops_at: datetime | None
    warns_at: datetime | None
    hold_until: datetime | None
    run_limit_at: datetime | None
    busy: bool
    render: Render | None
    presence: bool | str | None
    started_at: datetime | None
    now: datetime
    observed_at: datetime | None
    cost: Cost
    progress: Progress | None
    machine: dict[str, Any] | None
    last_session: dict[str, Any] | None
    models: Models | None = None
    notices: list[Notice] = Field(default_factory=list[Notice])
    comfyui: Version | None = None
    journal: list[JournalEntry]


class SerialLog(Output):
    """A piece of the serial output; `next` is passed back as `start` to read on."""

    text: str
    start: int
    next: int


class Logs(Output):
    """What the machine wrote."""

    serial: SerialLog
    setup: dict[str, Any]


class BoxList(Output):
    """All boxes; the first one is /api/instance."""

    boxes: list[Status]


class Problem(Output):
    """What went wrong (RFC 9457). `code` is stable; `detail` says what to do."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    retry_after: int | None = None
    why: str | None = None
