"""What a release uploads is the same bytes from every build, and whole."""

import email
import os
import re
import subprocess
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
ADDRESS = "https://git.example/owner/klarna-conformance"


def _built(folder: Path, address: str) -> list[str]:
    """The digests that the script prints."""
    printed = subprocess.run(
        [ROOT / "scripts/build_release.sh", folder],
        env={**os.environ, "REPOSITORY_URL": address},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [line for line in printed.splitlines() if "  klarna" in line]


def _metadata(folder: Path) -> tuple[Message, Message]:
    """The metadata of the wheel and of the sdist in a folder."""
    (wheel,) = folder.glob("*.whl")
    (archive,) = folder.glob("*.tar.gz")
    name = next(each for each in zipfile.ZipFile(wheel).namelist() if each.endswith("/METADATA"))
    with tarfile.open(archive) as files:
        (inside,) = (each for each in files.getnames() if each.endswith("/PKG-INFO"))
        described = files.extractfile(inside)
        assert described is not None
        return (
            email.message_from_bytes(zipfile.ZipFile(wheel).read(name)),
            email.message_from_bytes(described.read()),
        )


def test_two_builds_of_a_commit_have_the_same_digests(tmp_path: Path) -> None:
    digests = [_built(tmp_path / name, ADDRESS) for name in ("first", "second")]

    assert len(digests[0]) == 2
    assert digests[0] == digests[1]
    (wheel,) = (tmp_path / "first").glob("*.whl")
    (archive,) = (tmp_path / "first").glob("*.tar.gz")
    packaged = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {"klarna_specs", "klarna_strategies", "klarna_reports", "klarna_conformance"} < packaged
    with tarfile.open(archive) as files:
        assert any(name.endswith("/LICENSE") for name in files.getnames())
    for metadata in _metadata(tmp_path / "first"):
        addresses = dict(each.split(", ") for each in metadata.get_all("Project-URL", []))
        assert addresses.keys() == {"Source", "Issues", "Changelog"}
        assert all(each.startswith(ADDRESS) for each in addresses.values())


def test_readme_of_a_release_links_to_files_of_its_commit(tmp_path: Path) -> None:
    _built(tmp_path, ADDRESS)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    links = re.findall(r"\]\(([^)]+)\)", str(_metadata(tmp_path)[0].get_payload()))
    paths = [each.removeprefix(f"{ADDRESS}/blob/{commit}/") for each in links]

    assert len(links) > 10
    assert [each for each in paths if not (ROOT / each.partition("#")[0]).is_file()] == []


def test_release_without_an_address_names_none(tmp_path: Path) -> None:
    _built(tmp_path, "")

    assert all(each.get_all("Project-URL") is None for each in _metadata(tmp_path))


def test_release_workflow_names_its_own_repository() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yaml").read_text())
    steps = workflow["jobs"]["build"]["steps"]
    (build,) = (each for each in steps if "build_release.sh" in each.get("run", ""))

    expected = "${{ github.server_url }}/${{ github.repository }}"
    assert build["env"] == {"REPOSITORY_URL": expected}
