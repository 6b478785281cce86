"""The library of CEL, imported without its command line.

`import cel` imports `cel.cli` too, and with it three libraries for terminals, which take longer to
import than everything else that judges a response.
"""

import sys
from types import ModuleType

__all__ = ["cel"]

_COMMAND_LINE = "cel.cli"
_standing_in = ModuleType(_COMMAND_LINE)
sys.modules.setdefault(_COMMAND_LINE, _standing_in)
try:
    import cel
finally:
    if sys.modules[_COMMAND_LINE] is _standing_in:
        del sys.modules[_COMMAND_LINE]
if vars(cel).get("cli") is _standing_in:
    del cel.cli  # whoever wants the real one imports it
