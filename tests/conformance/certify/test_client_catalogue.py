"""The catalogue of clients is sound: unique ids, and requirements that catch each wrong one."""

from collections import Counter
from inspect import isclass

from klarna_conformance.wrong.catalogue import harmless_variants, mutants
from klarna_conformance.wrong.clients import details, keys, rare, reporting, resending, sending
from klarna_conformance.wrong.clients.catalogue import client_mutants
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_specs.loader import load

MUTANTS = client_mutants()
WRONG = [mutant for mutant in MUTANTS if not mutant.harmless]
HARMLESS = [mutant for mutant in MUTANTS if mutant.harmless]
LEVELS = {each.id: each.level for each in load().client_requirements}


def test_there_are_many_wrong_and_several_harmless_clients() -> None:
    assert len(WRONG) >= 40
    assert len(HARMLESS) >= 10


def test_ids_of_clients_and_servers_are_unique() -> None:
    ids = Counter(each.id for each in (*MUTANTS, *mutants(), *harmless_variants()))
    assert [name for name, count in ids.items() if count > 1] == []


def test_every_requirement_has_a_wrong_client() -> None:
    named = {requirement for mutant in WRONG for requirement in mutant.caught_by}
    assert {name for name, level in LEVELS.items() if level != "INFO"} - named == set()
    assert named - set(LEVELS) == set()


def test_every_client_has_an_id() -> None:
    nameless = [
        f"{module.__name__}.{name}"
        for module in (details, keys, rare, resending, sending, reporting)
        for name, made in vars(module).items()
        if isclass(made)
        and issubclass(made, ReferenceClient)
        and made.__module__ == module.__name__
        if not name.startswith("_") and "id" not in vars(made)
    ]
    assert nameless == []


def test_every_client_has_a_description_of_its_own() -> None:
    found = Counter(mutant.description for mutant in MUTANTS)
    assert [text for text, count in found.items() if count > 1 or not text.endswith(".")] == []


def test_harmless_clients_say_so_and_wrong_ones_do_not() -> None:
    ours = [mutant for mutant in MUTANTS if mutant.client is not ReferenceClient]
    assert {m.id for m in ours if m.description.startswith("Harmless: ")} == {
        m.id for m in ours if m.harmless
    }
