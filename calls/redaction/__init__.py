"""Redaction of a call's words, before anything stores, logs, traces or shows them."""

from calls.redaction.policy import DEFAULT_POLICY, POLICIES, Policy, policy_of
from calls.redaction.redactor import Redactor, Silence, SpokenWord

__all__ = [
    "DEFAULT_POLICY",
    "POLICIES",
    "Policy",
    "Redactor",
    "Silence",
    "SpokenWord",
    "policy_of",
]
