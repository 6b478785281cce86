"""Provisioners: what makes the order of a plan exist on a target."""

from klarna_conformance.provisioners.command import CommandProvisioner
from klarna_conformance.provisioners.customer_token import TokenProvisioner
from klarna_conformance.provisioners.http import HttpProvisioner
from klarna_conformance.provisioners.none import NoProvisioner
from klarna_conformance.provisioners.pool import PoolOrder, PoolProvisioner
from klarna_conformance.provisioners.provisioner import Provisioner

__all__ = [
    "CommandProvisioner",
    "HttpProvisioner",
    "NoProvisioner",
    "PoolOrder",
    "PoolProvisioner",
    "Provisioner",
    "TokenProvisioner",
]
