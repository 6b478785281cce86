"""What two violations have in common that one bug explains, from an example of each. Pure.

Each rule needs evidence of its own: two bugs that show in the same scenarios stay two causes.
"""

from klarna_reports.summary.example import Example
from klarna_specs.spec import Requirement

__all__ = ["can_lead_to", "same_cause"]


def same_cause(root: Example, violation: Example) -> bool:
    """Whether one bug explains both."""
    check = "correlation_id_distinct"
    return (
        _equal(root.undocumented, violation.undocumented)
        or _equal(root.credentials, violation.credentials)
        or (_equal(root.refusal, violation.refusal) and bool(root.setting & violation.setting))
        or check == root.requirement.check == violation.requirement.check
        or _any_shared(root, violation)
        or (root.loses_refund and (violation.loses_refund or violation.refused_as_accepted))
        or (violation.refused_as_shown and ("refunded_amount", True) in root.signs)
        or (root.repeats_an_answer and violation.repeats_an_answer)
        or (root.misnamed and violation.misnamed)
        or (root.books_repeat and (violation.books_repeat or violation.answers_repeat_anew))
        or (violation.location_was_wrong and root.requirement.check.startswith("location"))
        or root.requirement.id in violation.shows_what_was_missing
        or violation.requirement.id in root.shows_what_was_missing | root.misread
        or (bool(root.misread) and violation.misreads_options)
        or _rests_on_amounts(root, violation)
        or _seen_late(root, violation)
        or _comes_late(root, violation)
    )


def _equal(one: object, other: object) -> bool:
    return one is not None and one == other


def _any_shared(root: Example, violation: Example) -> bool:
    return bool(
        root.errors & violation.errors
        or root.accepted_as_shown & violation.signs
        or root.refused_but_done & violation.refused_but_done
        or root.missums & violation.missums
        or root.read_amounts & violation.read_amounts
        or (root.side_effects & violation.side_effects and root.calls & violation.calls)
    )


def _rests_on_amounts(root: Example, violation: Example) -> bool:
    """Whether a call is judged by amounts that the order of the root shows wrongly too.

    Or an order with such an amount is judged.
    """
    shared = root.contradicted & violation.contradicted if root.shows_amounts else frozenset[str]()
    wrong = {member for member, _ in violation.signs}
    return bool(shared if violation.judges_an_outcome else shared & wrong)


def can_lead_to(root: Example, violation: Example) -> bool:
    """Whether `violation` may follow from `root` because it comes with or after it.

    An amount that is wrong, or a call that is wrongly accepted, changes no Location, and no
    handling of keys.
    """
    if not root.signs and not root.requirement.rule:
        return True
    if violation.leads_astray:
        return False
    return _is_of_keys(root.requirement) or not _is_of_keys(violation.requirement)


def _is_of_keys(requirement: Requirement) -> bool:
    return any(each.startswith("replay") for each in requirement.upon)


def _comes_late(root: Example, violation: Example) -> bool:
    """Whether the order shows later what is missing in the example of the root."""
    missing = {(member, True) for member, more in root.signs if not more}
    return bool(violation.shows_what_was_missing and missing & violation.signs)


def _seen_late(root: Example, violation: Example) -> bool:
    """Whether the call that `root` accuses is among those that may have done the other wrong.

    An order that is wrong before any call has one cause.
    """
    if not root.is_certain or not root.signs & violation.signs:
        return False
    if violation.is_certain:
        return not root.suspects and not violation.suspects
    return bool(root.suspects) and root.suspects <= violation.suspects
