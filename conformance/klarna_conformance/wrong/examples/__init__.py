"""Examples by name: short scenarios for which the catalogue states the exact failures."""

from collections.abc import Mapping

from klarna_conformance.wrong.examples.concurrent import CONCURRENT
from klarna_conformance.wrong.examples.every_call import of_bodies, of_calls
from klarna_conformance.wrong.examples.fees import FEES
from klarna_conformance.wrong.examples.keys import KEYS
from klarna_conformance.wrong.examples.orders import FEE_REFUND, FULL, PART, changed
from klarna_conformance.wrong.examples.other_calls import OTHER_CALLS
from klarna_conformance.wrong.examples.refunds import REFUNDS
from klarna_conformance.wrong.examples.two_orders import BESIDE
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec
from klarna_strategies.steps import extend, offered

__all__ = ["examples"]


def examples(spec: Spec) -> Mapping[str, Scenario]:
    """All examples by name, including those for each market, kind of credentials and body."""
    alone = {**REFUNDS, **FEES, **KEYS, **OTHER_CALLS, **CONCURRENT, **of_calls(), **of_bodies()}
    scenarios = {name: Scenario(plan=plan, steps=steps) for name, (plan, steps) in alone.items()}
    for market, facts in spec.markets.items():
        plan = changed(FULL, market=market, currency=facts.currency)
        for name, step in (("fee", FEE_REFUND), ("extension", extend(offered(0)))):
            scenarios[f"{name}-in-{market.lower()}"] = Scenario(plan=plan, steps=(step,))
    for name, steps in BESIDE.items():
        scenarios[name] = Scenario(plan=FULL, steps=steps, other=FULL)
        scenarios[f"{name}-part"] = Scenario(plan=PART, steps=steps, other=PART)
    return scenarios
