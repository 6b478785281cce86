"""Provisioners: what makes the order of a plan exist on a target."""

from klarna_conformance.provisioners.http import HttpProvisioner
from klarna_conformance.provisioners.none import NoProvisioner
from klarna_conformance.provisioners.provisioner import Provisioner

__all__ = ["HttpProvisioner", "NoProvisioner", "Provisioner"]
