"""Provisioners: what provides the order of a plan on a target.

Each module has the provisioner and its configuration, which is the `orders` of a target file.
"""

from klarna_conformance.target.provisioners.command import CommandOrders, CommandProvisioner
from klarna_conformance.target.provisioners.customer_token import TokenOrders, TokenProvisioner
from klarna_conformance.target.provisioners.http import HttpOrders, HttpProvisioner
from klarna_conformance.target.provisioners.none import NoProvisioner
from klarna_conformance.target.provisioners.pool import PoolOrder, PoolOrders, PoolProvisioner
from klarna_conformance.target.provisioners.provisioner import Provisioner, Surroundings

__all__ = [
    "CommandOrders",
    "CommandProvisioner",
    "HttpOrders",
    "HttpProvisioner",
    "NoProvisioner",
    "Orders",
    "PoolOrder",
    "PoolOrders",
    "PoolProvisioner",
    "Provisioner",
    "Surroundings",
    "TokenOrders",
    "TokenProvisioner",
]

Orders = PoolOrders | HttpOrders | CommandOrders | TokenOrders
"""The configuration of a provisioner; its member `provisioner` says which one."""
