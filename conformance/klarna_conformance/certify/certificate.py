"""From what a command line says of a certification to its certificate."""

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from klarna_conformance.adapter_protocol import Adapter
from klarna_conformance.certify.certifying import CertifyOptions, certify
from klarna_conformance.certify.copies import Copies
from klarna_conformance.certify.http_adapter import HttpAdapter
from klarna_conformance.certify.process_adapter import ProcessAdapter
from klarna_conformance.certify.saved import (
    SavedScenario,
    read_saved,
    save_counterexamples,
    sentences,
)
from klarna_conformance.errors import UsageError, check_names
from klarna_conformance.executors.workers import Workers
from klarna_conformance.http.hosts import host_of
from klarna_conformance.network.network import Tempo
from klarna_conformance.run.events import Consumer
from klarna_conformance.run.keeping import Keeper, keep
from klarna_reports.record.results import Summary
from klarna_reports.render import WITH_EVERY_CERTIFICATION, WITH_EVERY_RUN
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.requirements import client_operations
from klarna_specs.spec import Spec

__all__ = ["Certificate", "WantedCertificate", "certify_client"]

_NO_FAULTS = ("none",)


class WantedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a certification, as on the command line; `command` is the command line itself.

    The adapter is a program, or with `http` the service at that URL. `operations` and `faults` that
    are None are all. With `replay`, only that counterexample is replayed. Times are in seconds;
    without `outcome_time_s` it depends on the timeout.
    """

    adapter: tuple[str, ...]
    http: str | None = None
    operations: tuple[str, ...] | None
    faults: tuple[str, ...] | None
    seed: int
    examples: int
    max_time_s: float | None
    timeout_s: float
    outcome_time_s: float | None
    strict: bool
    shrink: bool
    replay: Path | None
    command: str
    workers: Workers = Workers()

    @property
    def tempo(self) -> Tempo:
        """The durations that follow from the timeout of the client."""
        return Tempo(
            timeout_s=self.timeout_s,
            hold_s=4 * self.timeout_s,
            slow_s=0.4 * self.timeout_s,
            command_s=self.outcome_time_s or max(Tempo().command_s, 30 * self.timeout_s),
        )

    @property
    def new_adapter(self) -> Callable[[], Adapter]:
        """Makes an adapter, in any process; raises UsageError."""
        command_s = self.tempo.command_s
        if self.http is None:
            return partial(ProcessAdapter, self.adapter, command_s=command_s)
        host_of(self.http)
        if self.workers.scheduler:
            raise UsageError("a cluster cannot use the service of --http; use --workers N instead")
        copies = self.workers != Workers()
        return partial(HttpAdapter, self.http, command_s=command_s, copies=copies)

    def options(self, spec: Spec, saved: SavedScenario | None) -> CertifyOptions:
        """The options of the certification, or of replaying what was saved; raises UsageError."""
        return CertifyOptions(
            seed=self.seed,
            operations=_chosen("operation", self.operations, client_operations(spec)),
            faults=() if self.faults == _NO_FAULTS else _chosen("fault", self.faults, FAULT_KINDS),
            examples=self.examples,
            time_s=self.max_time_s,
            tempo=self.tempo,
            strict=self.strict,
            shrink=self.shrink,
            command=self.command,
            adapter=self.http or shlex.join(self.adapter),
            only=saved.scenario if saved else None,
            shows=saved.requirement if saved else "",
        )


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a certification, and the folder that it was written to.

    `sentences` says for each requirement that was not met what the client did.
    """

    summary: Summary
    sentences: dict[str, str]
    folder: Path


def certify_client(
    spec: Spec, wanted: WantedCertificate, output: Path, follow: Consumer
) -> Certificate:
    """Certifies a client, and writes the certificate and the counterexamples; raises UsageError.

    A replay has no certificate, and is written to a folder of its own.
    """
    saved = read_saved(spec, wanted.replay) if wanted.replay else None
    options = wanted.options(spec, saved)
    adapter = wanted.new_adapter
    folder = output / "replay" if saved else output
    keeper = Keeper(spec, folder, formats=WITH_EVERY_RUN if saved else WITH_EVERY_CERTIFICATION)
    if not saved:
        wanted.workers.check()
    keeper.create()
    copies = None if saved or wanted.workers == Workers() else Copies(wanted.workers, adapter)
    summary = keep(lambda: certify(spec, adapter(), options, copies), keeper, follow)
    save_counterexamples(folder / "counterexamples", keeper.record, summary)
    return Certificate(summary=summary, sentences=sentences(keeper.record, summary), folder=folder)


def _chosen(what: str, named: tuple[str, ...] | None, existing: tuple[str, ...]) -> tuple[str, ...]:
    if named is None:
        return existing
    check_names(what, named, existing)
    return named
