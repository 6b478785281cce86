"""The library of CEL is imported without its command line."""

import subprocess
import sys

_JUDGING = """
import sys
import klarna_specs.rules
assert not {"cel.cli", "typer", "prompt_toolkit"} & set(sys.modules)
from cel import cli
assert cli.main
"""


def test_rules_import_no_command_line_and_others_still_get_it():
    subprocess.run([sys.executable, "-c", _JUDGING], check=True)
