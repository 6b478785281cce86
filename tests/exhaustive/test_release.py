"""What a release uploads is the same bytes from every build, and whole."""

import subprocess
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_two_builds_of_a_commit_have_the_same_digests(tmp_path: Path) -> None:
    printed = [
        subprocess.run(
            [ROOT / "scripts/build_release.sh", tmp_path / name],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("first", "second")
    ]
    digests = [[line for line in text.splitlines() if "  klarna" in line] for text in printed]

    assert len(digests[0]) == 2
    assert digests[0] == digests[1]
    (wheel,) = (tmp_path / "first").glob("*.whl")
    (archive,) = (tmp_path / "first").glob("*.tar.gz")
    packaged = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {"klarna_specs", "klarna_strategies", "klarna_reports", "klarna_conformance"} < packaged
    with tarfile.open(archive) as files:
        assert any(name.endswith("/LICENSE") for name in files.getnames())
