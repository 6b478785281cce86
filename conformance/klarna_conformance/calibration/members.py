"""How a target writes each member of its resources, as an expression of what we know. Pure."""

import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from klarna_conformance.calibration.patterns import FRESH, filled, masked
from klarna_specs.json_value import is_integer

__all__ = ["ABSENT", "Around", "Expression", "Own", "expressions", "moment_of", "written"]

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|\+00:?00)?)?")
_DAY_S = 86_400
_NEAR_S = 300
"""What happens within this many seconds of an event happens with it."""


class Around(NamedTuple):
    """What is known where an object is written: its id and our members, amounts, the event."""

    identifier: str
    own: Mapping[str, Any]
    amounts: Mapping[str, int]
    event: datetime | None


class _Absent(NamedTuple):
    is_absent: bool = True


class Own(NamedTuple):
    """Our own value, or that in another case (the name of the method of str)."""

    case: str = ""


class _Moment(NamedTuple):
    after_s: int
    digits: int
    zone: str
    is_date: bool


class _Amount(NamedTuple):
    name: str


class _Constant(NamedTuple):
    pattern: str


Expression = _Absent | Own | _Moment | _Amount | _Constant
ABSENT = _Absent()
_MISSING = object()


def expressions(name: str, theirs: Any, around: Around) -> list[Expression]:
    """Every expression for a member that a target showed, the most specific one first."""
    own = around.own.get(name, _MISSING)
    found: list[Expression] = []
    if own is not _MISSING and ((own == theirs and type(own) is type(theirs)) or _hidden(theirs)):
        found.append(Own())
    if isinstance(theirs, str) and isinstance(own, str):
        found += [Own(c) for c in ("lower", "upper") if getattr(own, c)() == theirs != own]
    if isinstance(theirs, str) and (moment := _moment(theirs, around.event)):
        return found or [moment]
    if is_integer(theirs):
        found += [_Amount(n) for n, value in around.amounts.items() if value == theirs]
    text = json.dumps(theirs, ensure_ascii=False)
    amounts = {f"amount_{n}": str(value) for n, value in around.amounts.items() if value > 1}
    found.append(_Constant(masked(text, amounts if isinstance(theirs, dict | list) else {})))
    return found


def written(expression: Expression, name: str, around: Around) -> Any:
    """The value of an expression; `ABSENT` where there is none."""
    match expression:
        case Own(case=case):
            own = around.own.get(name, ABSENT)
            return getattr(own, case)() if case and isinstance(own, str) else own
        case _Amount(name=amount):
            return around.amounts.get(amount, ABSENT)
        case _Moment():
            return _shown(expression, around.event) if around.event else ABSENT
        case _Constant(pattern=pattern):
            fresh = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{around.identifier} {name}"))
            amounts = {f"amount_{n}": str(value) for n, value in around.amounts.items()}
            text = filled(pattern, {**amounts, FRESH: fresh})
            return ABSENT if text is None else json.loads(text)
        case _Absent():
            return ABSENT


def moment_of(text: Any) -> datetime | None:
    """A moment in UTC; None if the text is none."""
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _moment(text: str, event: datetime | None) -> _Moment | None:
    match, moment = _MOMENT.fullmatch(text), moment_of(text)
    if match is None or moment is None or event is None:
        return None
    is_date = match[2] is None
    if is_date:
        after_s = (moment.date() - event.date()).days * _DAY_S
    else:
        after_s = round((moment - event).total_seconds() / _NEAR_S) * _NEAR_S
    return _Moment(after_s, len(match[3] or ""), match[4] or "", is_date)


def _shown(moment: _Moment, event: datetime) -> str:
    at = event + timedelta(seconds=moment.after_s)
    if moment.is_date:
        return at.date().isoformat()
    fraction = f".{at.microsecond:06}"[: moment.digits + 1] if moment.digits else ""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + fraction + moment.zone


def _hidden(value: Any) -> bool:
    return "[redacted]" in json.dumps(value)
