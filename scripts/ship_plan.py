"""Writes the file with the default plan that the package holds; run it after a change of specs,
strategies, mock or judge that changes what is planned.
"""

from klarna_conformance.plan.planning import made_for_package
from klarna_conformance.plan.shipped import FILE, pack
from klarna_specs.loader import load

if __name__ == "__main__":
    FILE.write_bytes(pack(made_for_package(load())))
