"""Creates a mutant: a mock with another spec, another behaviour, or rewritten responses."""

from collections.abc import Mapping

import msgspec

from klarna_conformance.errors import UsageError, check_names
from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.behaviours import BEHAVIOURS
from klarna_conformance.wrong.catalogue import Mutant, harmless_variants, mutants
from klarna_conformance.wrong.rewriting import Rewriting
from klarna_specs.exchange import Response
from klarna_specs.spec import Operation, Requirement, Spec

__all__ = ["make_mutant", "mutated_spec", "named_mock"]


def make_mutant(spec: Spec, mutant: Mutant, *, seed: int = 0, lag_s: float = 0.0) -> Mock:
    """The server of a catalogue entry; raises UsageError if the entry is invalid."""
    deviation = _behaviour(mutant)
    if mutant.responses:
        rewritings = [Rewriting(change) for change in mutant.responses]
        before = deviation.sent

        def sent(sending: Sending, response: Response, mock: Mock) -> Response:
            response = before(sending, response, mock)
            for rewriting in rewritings:
                response = rewriting.apply(sending, response)
            return response

        deviation = deviation._replace(sent=sent)
    return Mock(mutated_spec(spec, mutant), seed=seed, deviation=deviation, lag_s=lag_s)


def named_mock(spec: Spec, name: str | None, *, seed: int = 0, lag_s: float = 0.0) -> Mock:
    """The mock itself, or the mutant or harmless variant of this id; raises UsageError."""
    if name is None:
        return Mock(spec, seed=seed, lag_s=lag_s)
    known = {mutant.id: mutant for mutant in (*mutants(), *harmless_variants())}
    check_names("mutant", [name], known)
    return make_mutant(spec, known[name], seed=seed, lag_s=lag_s)


def _behaviour(mutant: Mutant) -> Deviation:
    if not mutant.behaviour:
        return Deviation()
    make = BEHAVIOURS.get(mutant.behaviour)
    if make is None:
        raise UsageError(f"{mutant.id}: there is no behaviour {mutant.behaviour!r}")
    return make(**mutant.arguments)


def mutated_spec(spec: Spec, mutant: Mutant) -> Spec:
    """The spec with the changes of the mutant."""
    _check_names(spec, mutant)
    groups = dict(spec.market_groups)
    for name, change in mutant.groups.items():
        kept = [market for market in groups[name] if market not in change.drop]
        groups[name] = (*kept, *change.add)
    operations = {
        name: _operation(operation, mutant.rules, mutant.terms.get(name, {}))
        for name, operation in spec.operations.items()
    }
    return msgspec.structs.replace(
        spec,
        operations=operations,
        market_groups=groups,
        fingerprint=f"{spec.fingerprint} {mutant.id}",
    )


def _operation(
    operation: Operation, rules: Mapping[str, str], terms: Mapping[str, str]
) -> Operation:
    return msgspec.structs.replace(
        operation,
        terms={**operation.terms, **terms},
        requirements=tuple(_requirement(each, rules) for each in operation.requirements),
    )


def _requirement(requirement: Requirement, rules: Mapping[str, str]) -> Requirement:
    if requirement.id not in rules:
        return requirement
    return msgspec.structs.replace(requirement, rule=rules[requirement.id])


def _check_names(spec: Spec, mutant: Mutant) -> None:
    known = {r.id for r in spec.requirements} | {e.requirement.id for e in spec.inapplicable}
    found = (*mutant.fails.values(), *mutant.warns.values())
    named = {*mutant.rules, *mutant.caught_by, *(name for names in found for name in names)} - known
    groups = set(mutant.groups) - set(spec.market_groups)
    if unknown := named | groups | (set(mutant.terms) - set(spec.operations)):
        raise UsageError(f"the mutant {mutant.id} names what does not exist: {sorted(unknown)}")
