"""A part of a whole that several machines share."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

__all__ = ["CI_VARIABLES", "CiVariables", "Shard", "shard"]

T = TypeVar("T")


class Shard(msgspec.Struct, frozen=True):
    """The `number`-th (from 1) of so many parts; all parts together are the whole."""

    number: int
    parts: int

    def __str__(self) -> str:
        return f"{self.number}/{self.parts}"

    def of(self, whole: Sequence[T]) -> Sequence[T]:
        """This part of it: every so many-th."""
        return whole[self.number - 1 :: self.parts]


class CiVariables(msgspec.Struct, frozen=True):
    """The environment variables in which a CI numbers parallel jobs, with the first job's index."""

    ci: str
    index: str
    total: str
    first: int


_OWN_TOTAL = "KLARNA_SHARD_TOTAL"

CI_VARIABLES = (
    CiVariables("GitHub and others", "KLARNA_SHARD_INDEX", _OWN_TOTAL, 0),
    CiVariables("GitLab", "CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    CiVariables("Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
    CiVariables("CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    CiVariables("Azure", "SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1),
    CiVariables("Kubernetes", "JOB_COMPLETION_INDEX", _OWN_TOTAL, 0),
)
"""Where `auto` looks, in this order.

GitHub has no variables for the jobs of a matrix, and Kubernetes none for the number of completions.
"""


def shard(text: str, environment: Mapping[str, str] = os.environ) -> Shard:
    """The part that a text such as `1/4` names, or `auto` in this environment.

    Raises ValueError.
    """
    if text == "auto":
        return _shard_of_job(environment)
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{text!r} is no shard; write for example 1/4, or auto in a CI job")
    return Shard(int(match[1]), int(match[2]))


def _shard_of_job(environment: Mapping[str, str]) -> Shard:
    """The part of the CI job with these variables; empty ones count as not set.

    With a total of ours, only an index that belongs to it counts: GitLab, CircleCI and Azure number
    jobs that are not parallel too.
    """
    own = environment.get(_OWN_TOTAL)
    rows = [row for row in CI_VARIABLES if not own or row.total == _OWN_TOTAL]
    found = next((row for row in rows if environment.get(row.index)), None)
    if found is None or not environment.get(found.total):
        raise ValueError(f"auto needs the index and the total of a job: {_looked_up(environment)}")
    index, total = environment[found.index], environment[found.total]
    numbers = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", f"{index}/{total}")
    number, parts = (int(numbers[1]) - found.first + 1, int(numbers[2])) if numbers else (0, 0)
    if not 1 <= number <= parts:
        raise ValueError(
            f"{found.index}={index!r} and {found.total}={total!r} ({found.ci}) are no shard: the "
            f"index counts from {found.first}, and the total is at most 9999"
        )
    return Shard(number, parts)


def _looked_up(environment: Mapping[str, str]) -> str:
    """All variables that `auto` reads, and those of them that are set."""
    pairs = [f"{row.index} and {row.total} ({row.ci})" for row in CI_VARIABLES]
    names = dict.fromkeys(name for row in CI_VARIABLES for name in (row.index, row.total))
    values = [f"{name}={environment[name]!r}" for name in names if environment.get(name)]
    return f"looked for {', '.join(pairs)}; found {', '.join(values) or 'none of them'}"
