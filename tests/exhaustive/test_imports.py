"""A library is imported only where it is used."""

import os
import subprocess
import sys
from pathlib import Path


def test_default_run_of_a_conforming_server_generates_nothing(tmp_path: Path) -> None:
    program = """
import sys
from klarna_conformance.cli.main import main
sys.argv = ["klarna-conformance", "run", "--workers", "1", "--quiet"]
try:
    main()
except SystemExit as ended:
    print(ended.code, {"hypothesis", "schemathesis"} & set(sys.modules))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "KLARNA_CONFORMANCE_CACHE": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.splitlines()[-1] == "0 set()"
