"""A price list of one's own, from a JSON file."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from manager.domain.cost import Price, Rates
from manager.domain.errors import InvalidInput


def read_rates(path: Path) -> Rates:
    """Read a table of the shape that `docs/operating.md` shows; raises InvalidInput that names the file."""
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        return Rates(
            as_of=date.fromisoformat(table["as_of"]),
            region=str(table["region"]),
            currency=str(table["currency"]),
            machine_hour=_prices(table["machine_hour"]),
            gpu_hour=_prices(table["gpu_hour"]),
            disk_gb_month={kind: Decimal(price) for kind, price in table["disk_gb_month"].items()},
            ip_hour=Decimal(table["ip_hour"]),
        )
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, AttributeError) as error:
        raise InvalidInput(
            field="RATES_FILE",
            problem=f"{path} is no price list ({error!r}). docs/operating.md shows one.",
        ) from None


def _prices(table: dict[str, Any]) -> dict[str, Price]:
    return {name: Price(Decimal(price["on_demand"]), Decimal(price["spot"])) for name, price in table.items()}
