"""What a small budget detects: the mutants found with a tenth of the requests.

Run it with `python tests/benchmarks/coverage_selection.py`; it prints the share by class, and takes
about five minutes on two cores.
"""

from collections import Counter

from klarna_conformance import defaults
from klarna_conformance.campaign.servers import Campaign, try_mutants
from klarna_conformance.executors.workers import Workers
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.wrong.catalogue import mutants
from klarna_specs.goals import Scope
from klarna_specs.loader import load

SHARE = 10


def main() -> None:
    """Tests every mutant with a tenth of what a default run sends, and prints what was found."""
    examples = defaults.EXAMPLES
    whole = make_plan(load(), scope=Scope(), seed=defaults.SEED, examples=examples)
    assert whole.requests is not None
    budget = whole.requests // SHARE
    every_goal = whole.requests_for_every_goal
    print(f"a default run sends {whole.requests} requests; {every_goal} would serve every goal")
    campaign = Campaign(seed=defaults.SEED, examples=examples, max_requests=budget)
    tried, found = Counter[str](), Counter[str]()
    for trial in try_mutants(mutants(), campaign, Workers()):
        tried[trial.kind] += 1
        found[trial.kind] += trial.as_wanted
    for kind, count in tried.items():
        print(f"  {kind:<24} {found[kind]:>3} of {count}")
    share = found.total() / tried.total()
    print(f"{found.total()} of {tried.total()} mutants ({share:.1%}) found with {budget} requests")


if __name__ == "__main__":
    main()
