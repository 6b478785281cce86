"""The nouns of a specification: what the YAML files say, as frozen values."""

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any, Literal

import msgspec

from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.scenario import Scenario

__all__ = [
    "NEVER",
    "STRENGTH",
    "BodySpec",
    "ClientRequirement",
    "Contradiction",
    "ErrorCode",
    "Form",
    "Inapplicable",
    "Level",
    "Market",
    "NotOffered",
    "Operation",
    "ProfileFacts",
    "Requirement",
    "ResponseSpec",
    "Source",
    "Spec",
    "Untested",
    "required_amount",
]

Level = Literal["MUST", "SHOULD", "INFO"]
STRENGTH: Mapping[Level, int] = {"INFO": 0, "SHOULD": 1, "MUST": 2}
Kind = Literal["success", "refusal"]
NEVER = "false"
"""The rule that every call breaks."""
Across = dict[Literal["market", "layout"], str | tuple[str, ...]]


class _Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Source(_Noun, frozen=True):
    """A document that requirements rest on; `carries` is the strongest level that it supports."""

    title: str
    address: str
    carries: Level


class Market(_Noun, frozen=True):
    """A country where orders are placed: its currency (ISO 4217) and locale."""

    currency: str
    locale: str


class ErrorCode(_Noun, frozen=True):
    """A documented error code and the statuses that it is documented with."""

    statuses: tuple[int, ...]
    source: str


class Form(_Noun, frozen=True):
    """One form of a request, and what the documentation or a standard says about it.

    The mock reads an open form that is `usual`, because correct clients may send it.
    """

    standing: Literal["documented", "open", "excluded"]
    source: str
    statement: str
    usual: bool = False


class BodySpec(_Noun, frozen=True):
    """A request body: the schema it must keep, and the one with the described limits, if any."""

    schema: str
    required: bool
    limits: str = ""


class ResponseSpec(_Noun, frozen=True):
    """A documented response. `body` is `error`, `any`, or the name of a schema.

    `id_header` lists the spellings of the header with the new resource's id, `creates` names that
    resource; `or_success` is a condition under which a success counts as this refusal. A status in
    `codes` counts only with one of its error codes.
    """

    kind: Kind
    status: tuple[int, ...]
    body: str
    error_code: tuple[str, ...] = ()
    id_header: tuple[str, ...] = ()
    creates: Literal["capture", "refund"] | None = None
    or_success: str = ""
    codes: dict[str, tuple[str, ...]] = {}


class Requirement(_Noun, frozen=True):
    """One documented statement, and how it is verified.

    Either a `rule` (a condition; if it is broken, the response `otherwise` is expected), or a
    `check` (by name, on the responses in `upon`). `when` restricts both; `silent` is the condition
    under which the documentation leaves a rule open. `cases` and the `across` tables name the
    situations that must occur; `needs` lists their preconditions: an adjustable clock, or recorded
    traffic (no run meets such a situation). If a condition in `weaker` holds, the requirement
    rests on the named source only. `message` is the text in a documented sample of the refusal.

    >>> spec.requirement("refund.within-captured-amount").level
    'MUST'
    """

    id: str
    level: Level
    statement: str
    source: str
    operation: str = ""
    section: str = ""
    when: str = ""
    rule: str = ""
    silent: str = ""
    otherwise: str = ""
    message: str = ""
    check: str = ""
    upon: tuple[str, ...] = ()
    weaker: dict[str, str] = {}
    cases: dict[str, str] = {}
    across: Across = {}
    broken_across: Across = {}
    needs: tuple[Literal["clock", "traffic"], ...] = ()


class NotOffered(_Noun, frozen=True):
    """Why a profile does not offer an operation, and the source that says so."""

    reason: str
    source: str


class Inapplicable(_Noun, frozen=True):
    """A requirement that does not apply under a profile, and why."""

    requirement: Requirement
    reason: str


class Operation(_Noun, frozen=True):
    """One documented operation: its path by interpretation, body, responses and requirements.

    `effect` names the effect of a success on the order (`effects.py`), `keeps` the members of the
    body that the order shows afterwards. `example` is the simplest body of a valid call, on an
    order in the capture layout `layout`. Clients are certified for operations with `client`.
    `not_found_code` is the error code for a missing order or capture. A profile may say that the
    operation is `not_offered`, and which requirements are `inapplicable`.

    >>> spec.operations["refundOrder"].path
    '/ordermanagement/v1/orders/{order_id}/refunds'
    """

    operation: str
    prefix: str
    summary: str
    method: Literal["GET", "POST", "PATCH"]
    paths: dict[str, str]
    source: str
    success: str
    responses: dict[str, ResponseSpec]
    requirements: tuple[Requirement, ...]
    changes: bool = False
    effect: str = ""
    keeps: tuple[str, ...] = ()
    layout: str = "one-full"
    example: dict[str, Any] | None = None
    client: bool = False
    not_found_code: str = "NOT_FOUND"
    body: BodySpec | None = None
    terms: dict[str, str] = {}
    not_offered: NotOffered | None = None
    inapplicable: tuple[Inapplicable, ...] = ()

    @property
    def on_page(self) -> bool:
        """Whether the page itself documents this operation."""
        return self.source == "page"

    @property
    def path(self) -> str:
        """The path according to the page, or else according to the description."""
        return next(iter(self.paths.values()))

    @property
    def does(self) -> str:
        """The effect of a change, `show` with the resource of a read; empty for other changes."""
        return f"show {self.shows}" if self.shows else self.effect

    @property
    def shows(self) -> str:
        """The resource that a read shows, by the name of its schema; empty for a change."""
        answered = self.responses.get(self.success)
        return "" if self.changes or answered is None else answered.body


def required_amount(schema: Mapping[str, Any]) -> str:
    """The first required integer among the members of a schema; empty if there is none."""
    required: list[str] = schema.get("required", [])
    amounts = (n for n in required if schema["properties"][n].get("type") == "integer")
    return next(amounts, "")


class ClientRequirement(_Noun, frozen=True):
    """A client requirement; `client.yaml` describes its members."""

    id: str
    level: Level
    statement: str
    check: str
    source: str
    section: str = ""
    of: tuple[str, ...] = ()
    cases: dict[str, str] = {}
    needs: dict[str, tuple[str, ...]] = {}
    conditional: bool = False
    traffic: bool = False
    watched: tuple[str, ...] = ()

    def applies(self, operations: Collection[str], faults: Collection[str]) -> bool:
        """Whether it applies to a client with these operations and faults."""
        concerned = not self.of or not set(self.of).isdisjoint(operations)
        impossible = self.cases.keys() - set(self.wanted(operations, faults))
        return concerned and self._possible("seen", {*operations, *faults} - impossible)

    def wanted(self, operations: Collection[str], faults: Collection[str]) -> tuple[str, ...]:
        """The cases that can occur with these operations and faults only."""
        given = {*operations, *faults}
        return tuple(
            case
            for case in self.cases
            if (case not in FAULT_KINDS or case in faults) and self._possible(case, given)
        )

    def _possible(self, case: str, given: Collection[str]) -> bool:
        return case not in self.needs or not set(self.needs[case]).isdisjoint(given)


class Contradiction(_Noun, frozen=True):
    """Interpretations of the documentation; `observe` names the observation that decides."""

    id: str
    section: str
    statement: str
    interpretations: dict[str, str] = msgspec.field(name="readings")
    observe: str = ""
    unobserved: str = ""


class Untested(_Noun, frozen=True):
    """A documented statement that no exchange can show, and why."""

    id: str
    section: str
    statement: str
    reason: str


class ProfileFacts(_Noun, frozen=True):
    """The profile of a spec: a provider or an edition, and its hosts.

    `file` and `text` are the path and the content of a profile that the package does not hold.
    Refunds at the `production` hosts move money; `presets` are base URLs by their short names.
    """

    name: str = "klarna"
    title: str = "Klarna"
    file: str = ""
    text: str = ""
    production: tuple[str, ...] = ()
    presets: dict[str, str] = {}

    @property
    def argument(self) -> str:
        """The profile as a command line names it."""
        return self.file or self.name


class Spec(_Noun, frozen=True, dict=True):
    """Everything that is documented, loaded and checked.

    `fingerprint` identifies the files it was read from, `files` are their SHA-256 by name; `groups`
    are named lists of markets and of capture layouts. `followed` are documented operations that no
    run sends: the mock serves them, and in recorded traffic they are judged and the ledger follows
    them. `scenarios` are sent besides those of the strategies.

    >>> sorted(spec.markets)[:3]
    ['AT', 'AU', 'BE']
    """

    operations: dict[str, Operation]
    sources: dict[str, Source]
    markets: dict[str, Market]
    market_groups: dict[str, tuple[str, ...]]
    layout_groups: dict[str, tuple[str, ...]]
    pay_later_methods: tuple[str, ...]
    extension_days: tuple[int, ...]
    errors: dict[str, ErrorCode]
    forms: dict[str, Form]
    contradictions: tuple[Contradiction, ...]
    untested: tuple[Untested, ...]
    schemas: dict[str, Any]
    fingerprint: str
    files: dict[str, str] = {}
    followed: dict[str, Operation] = {}
    client_requirements: tuple[ClientRequirement, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    profile: ProfileFacts = ProfileFacts()

    @cached_property
    def offered(self) -> dict[str, Operation]:
        """The operations that the profile offers."""
        return {name: each for name, each in self.operations.items() if each.not_offered is None}

    @cached_property
    def inapplicable(self) -> tuple[Inapplicable, ...]:
        """The requirements that do not apply under the profile, in the order of the files."""
        return tuple(each for o in self.operations.values() for each in o.inapplicable)

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """All requirements of all operations, in the order of the files."""
        return tuple(r for operation in self.operations.values() for r in operation.requirements)

    @cached_property
    def documented(self) -> tuple[Operation, ...]:
        """All operations, including those that are followed only."""
        return (*self.operations.values(), *self.followed.values())

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema that a `$ref` stands for; any other one as it is."""
        return self.schemas[schema["$ref"].rsplit(":", 1)[1]] if "$ref" in schema else schema

    def amount_member(self, operation: Operation) -> str:
        """The required integer of an operation's body, as `refunded_amount`; empty without one."""
        return required_amount(self.schemas[operation.body.schema]) if operation.body else ""

    def reading(self, resource: str) -> Operation:
        """The operation that shows a resource (by its schema); raises KeyError."""
        return self._named(resource, lambda operation: operation.shows == resource)

    def doing(self, effect: str) -> Operation:
        """The operation with an effect; raises KeyError."""
        return self._named(effect, lambda operation: operation.effect == effect)

    def _named(self, name: str, is_it: Callable[[Operation], bool]) -> Operation:
        found = next(filter(is_it, self.operations.values()), None)
        if found is None:
            raise KeyError(name)
        return found

    def requirement(self, identifier: str) -> Requirement:
        """The requirement with this id, also of a followed operation or one that does not apply.

        Raises KeyError.
        """
        return self._by_id[identifier]

    @cached_property
    def rules(self) -> frozenset[str]:
        """The ids of the requirements that are rules."""
        return frozenset(name for name, each in self._by_id.items() if each.rule)

    @cached_property
    def _by_id(self) -> Mapping[str, Requirement]:
        excluded = (each.requirement for o in self.documented for each in o.inapplicable)
        applying = (r for o in self.documented for r in o.requirements)
        return {requirement.id: requirement for requirement in (*excluded, *applying)}

    def level(self, requirement: Requirement, holds: Callable[[str], bool]) -> Level:
        """The level of a requirement under these conditions."""
        level = requirement.level
        for source, where in requirement.weaker.items():
            carried = self.sources[source].carries
            if STRENGTH[carried] < STRENGTH[level] and holds(where):
                level = carried
        return level
