"""What goes in and out about who may reach the box, and which ComfyUI it runs."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, model_validator

from manager.web.shapes import Input, Notice, Output, Sentence, rfc3339

_LONGEST = timedelta(days=366)


class Allow(Input):
    """Either `until` or `minutes`; an `until` of null is until it is removed."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["until"], "not": {"required": ["minutes"]}},
                {
                    "required": ["minutes"],
                    "properties": {"minutes": {"type": "number"}},
                    "not": {"required": ["until"]},
                },
            ],
        },
    )

    address: str | None = Field(
        None,
        max_length=64,
        description="An IP address or a CIDR range. Default: the address that the panel sees you at.",
    )
    until: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(rfc3339)] | None = Field(
        None, description="Let it in until this moment, at most a year from now; null is until it is removed."
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=_LONGEST.total_seconds() / 60,
        allow_inf_nan=False,
        description="Let it in for this long, in minutes.",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        sent = self.model_fields_set & {"until", "minutes"}
        if len(sent) != 1 or (sent == {"minutes"} and self.minutes is None):
            raise ValueError("send either until or minutes; an until of null has no end")
        return self

    def moment(self, now: datetime) -> datetime | None:
        """When it ends; None for no end."""
        return self.until if self.minutes is None else now + timedelta(minutes=self.minutes)


class AllowedNetwork(Output):
    """A network that somebody let in; `until` null is until it is removed."""

    network: str
    since: datetime
    until: datetime | None


class VisitorsAddress(Output):
    """Where the panel sees the one who asks; `network` is null for an address that no box can see."""

    address: str
    network: str | None
    allowed: bool


class Allowed(Output):
    """Who may reach the box. `useful`: letting an address in changes anything."""

    everybody: bool
    permanent: list[str]
    allowed: list[AllowedNetwork]
    changes_at: datetime | None
    visitor: VisitorsAddress
    useful: bool
    firewall_rule: str | None
    problem: Notice | None
    notes: list[Sentence]


class Update(Input):
    """Which ComfyUI the box is to run."""

    comfyui: str | None = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}$",
        description="A tag of ComfyUI; null is what COMFYUI_REF says.",
        examples=["v0.33.0"],
    )
