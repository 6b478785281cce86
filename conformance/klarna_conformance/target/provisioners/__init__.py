"""Provisioners: what makes the order of a plan exist on a target."""

from klarna_conformance.target.provisioners.command import CommandProvisioner
from klarna_conformance.target.provisioners.customer_token import TokenProvisioner
from klarna_conformance.target.provisioners.http import HttpProvisioner
from klarna_conformance.target.provisioners.none import NoProvisioner
from klarna_conformance.target.provisioners.pool import PoolOrder, PoolProvisioner
from klarna_conformance.target.provisioners.provisioner import Provisioner

__all__ = [
    "CommandProvisioner",
    "HttpProvisioner",
    "NoProvisioner",
    "PoolOrder",
    "PoolProvisioner",
    "Provisioner",
    "TokenProvisioner",
]
