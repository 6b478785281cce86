"""The classes of requirements: the question about an operation that each one answers."""

from typing import Literal, get_args

from klarna_specs.spec import Requirement

__all__ = ["CLASSES", "CLASS_MEANINGS", "RequirementClass", "class_of"]

RequirementClass = Literal[
    "Accepts", "Refuses", "Effect", "Answers", "Errors", "Repeats", "Access", "Availability"
]
CLASSES: tuple[RequirementClass, ...] = get_args(RequirementClass)
"""All classes, the most important for money first."""
CLASS_MEANINGS: dict[RequirementClass, str] = {
    "Accepts": "allowed requests succeed",
    "Refuses": "requests that are not allowed are refused",
    "Effect": "amounts and states change as documented, and not otherwise",
    "Answers": "responses to successful requests have the documented form",
    "Errors": "refusals give their reason in the documented form",
    "Repeats": "a repeated request takes effect once",
    "Access": "credentials are required, and unknown resources are not found",
    "Availability": "every request gets a response, at once and without a server error",
}
_ACCEPTED_RULES = frozenset({"created", "extended", "released"})
_ACCESS_RULES = frozenset({"unauthorized", "not_found"})
_BY_CHECK: dict[str, RequirementClass] = {
    "accepted": "Accepts",
    **dict.fromkeys(("complete_response", "no_server_error"), "Availability"),
    **dict.fromkeys(("at_first_try", "at_once"), "Availability"),
    **dict.fromkeys(("error_body", "error_code", "error_content_type"), "Errors"),
    **dict.fromkeys(("error_message", "correlation_id_distinct"), "Errors"),
    **dict.fromkeys(("order_agrees", "money_adds_up", "lifecycle_status"), "Effect"),
    **dict.fromkeys(("resource_agrees", "captures_agree", "own_state"), "Effect"),
    **dict.fromkeys(("same_answer", "taken_as_new"), "Repeats"),
}


def class_of(requirement: Requirement) -> RequirementClass:
    """The class of a requirement, derived from its rule or check."""
    name = requirement.id.partition(".")[2]
    if name.startswith(("replay-", "key-")):
        return "Repeats"
    if name in ("unauthorized-status", "not-found-status"):
        return "Access"
    if name.endswith("refusal-status"):
        return "Errors"
    if requirement.check:
        return _BY_CHECK.get(requirement.check, "Answers")
    if requirement.otherwise in _ACCESS_RULES:
        return "Access"
    return "Accepts" if requirement.otherwise in _ACCEPTED_RULES else "Refuses"
