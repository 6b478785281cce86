"""The work of a report grows with the length of its record, not faster."""

from collections.abc import Sequence

import msgspec
import pytest

from klarna_reports.page.explorer import Weights, explore
from klarna_reports.page.html import render_html
from klarna_reports.page.shown import shown_exchange
from klarna_reports.record.record import Finding
from klarna_reports.summary.merging import merged
from klarna_reports.summary.summary import summarise
from klarna_reports.summary.tally import Tallies
from klarna_specs.exchange import Payload, Response
from klarna_specs.loader import load

from .clients import TWICE, driven, episode
from .clients import record as record_of_client


class Counted(Sequence):
    """Scenarios that count how often one of them is read."""

    def __init__(self, scenarios):
        self.scenarios = scenarios
        self.reads = 0

    def __len__(self):
        return len(self.scenarios)

    def __getitem__(self, index):
        scenario = self.scenarios[index]
        self.reads += 1
        return scenario


def test_merged_shards_are_read_a_fixed_number_of_times(spec, record, played):
    def reads_each(count):
        parts = [
            Counted([played(identifier=f"s{shard}{index}") for index in range(count)])
            for shard in (1, 2)
        ]
        shards = (
            msgspec.structs.replace(record(shard=f"{number}/2"), played=part)
            for number, part in enumerate(parts, 1)
        )
        whole = merged(tuple(shards))
        render_html(spec, whole, summarise(spec, whole))
        return sum(part.reads for part in parts) / (2 * count)

    assert reads_each(20) <= reads_each(5)


def test_the_page_reads_each_scenario_twice(spec, record, played):
    counted = Counted([played(identifier=f"s{index}") for index in range(10)])
    whole = msgspec.structs.replace(record(), played=counted)
    summary = summarise(spec, whole)
    counted.reads = 0
    render_html(spec, whole, summary)
    assert counted.reads == 20


def test_the_explorer_reads_each_command_of_a_client_once(gathered):
    episodes = Counted([episode(first=index, count=1) for index in range(50)])
    whole = record_of_client(driven(episodes=(), exchanges=TWICE * 25))
    (scenario,) = whole.played
    side = msgspec.structs.replace(scenario.client, episodes=episodes)
    whole = msgspec.structs.replace(whole, played=(msgspec.structs.replace(scenario, client=side),))
    weights = gathered(Weights(summarise(load(), whole)), whole)
    episodes.reads = 0
    explore(load(), whole, weights)
    assert episodes.reads == 50


@pytest.mark.parametrize(("length", "lines"), [(1, 30 + 2 + 30), (20_000, 1)])
def test_a_body_is_indented_unless_that_makes_it_much_longer(exchange, length, lines):
    body = Payload("[" * 30 + "1," * length + "1" + "]" * 30)
    outcome = Response(status=200, body=body)
    answered = msgspec.structs.replace(exchange, outcome=outcome)
    assert len(shown_exchange(answered, 0, "s1").response_body.splitlines()) == lines


def test_few_scenarios_are_held_of_a_server_with_ever_new_texts(
    played,
):
    def finding(verdict, observed):
        return Finding(requirement="r", verdict=verdict, exchange=0, observed=observed)

    tallies = Tallies(lambda played, finding: (0, 0))
    info = finding("INFO", "it is not documented")
    tallies.add(played(info, identifier="first"))
    for number in range(500):
        text = "the same" if number % 5 == 0 else f"text {number}"
        tallies.add(played(finding("FAIL", text), identifier=f"s{number}"))
    tally = tallies["r"]

    held = {group.played.id for group in tally.groups.values()}
    assert len(held) <= 40
    assert tally.verdicts["FAIL"] == 500
    assert [(g.observed, g.count) for g in tally.worst_groups][:1] == [("the same", 100)]
    assert "it is not documented" in {group.observed for group in tally.groups.values()}
