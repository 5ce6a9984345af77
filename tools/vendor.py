"""Fetch the pinned third-party files of the pages and of the browser tests; the result is committed.

python tools/vendor.py          needs npm; run when a version or the list of icons changes
python tools/vendor.py --check  no network: compares the committed files with static/vendor/VENDOR.txt
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".vendor"
PAGES = ROOT / "static" / "vendor"
TESTS = ROOT / "tests" / "vendor"
MANIFEST = PAGES / "VENDOR.txt"
PACKAGES = {
    "htmx.org": "4.0.1",
    "@fontsource-variable/inter": "5.3.0",
    "lucide-static": "1.62.0",
    "axe-core": "4.14.1",
}
FONT_TOOLS = ("fonttools==4.68.0", "brotli==1.2.1")
INTER = PAGES / "inter.css"

# The first page waits for one small font: printable ASCII and the signs our own words and amounts are made of, in the
# weights the design uses, with the features it uses. Everything else is in files a browser fetches when it meets one.
SEEN = {*range(0x20, 0x7F), *map(ord, "\u00a0\u202f·…–—‘’“”−×→←↑↓€£©•")}
# The signs that also need the form beside tabular digits (.tf) and the one beside capitals (.case).
VARIED = set("0123456789,.:()+-−–—×@• \u00a0")
WEIGHTS = "wght=400:620"

# Adding an icon = adding its lucide name here and running this file again.
ICONS = """
    archive arrow-down arrow-left arrow-right arrow-up arrow-up-right ban bell book-open bookmark bot briefcase
    building-2 calendar calendar-clock chart-line check chevron-down chevron-left chevron-right chevrons-up-down circle
    circle-alert circle-check circle-dashed circle-help circle-x clock cloud cloud-off columns-3 command copy
    corner-down-left credit-card database download ellipsis ellipsis-vertical euro external-link eye eye-off file-text
    file-up filter flag flask-conical gauge git-merge globe hand history house image inbox info key-round keyboard
    layout-grid link list list-checks list-filter loader-circle lock log-out mail mail-open megaphone menu
    message-circle message-square monitor moon package palette panel-left paperclip pause pencil phone play plug plus
    quote receipt refresh-cw rotate-ccw scale search send settings shield-check shopping-bag sliders-horizontal smile
    sparkles star sun table tag ticket timer trash-2 triangle-alert truck undo-2 upload user user-plus users webhook
    wifi-off x zap
"""


def install() -> Path:
    """Install the pinned packages into a private folder and return its node_modules."""
    WORK.mkdir(exist_ok=True)
    wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
    subprocess.run(
        ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(WORK), *wanted], check=True
    )
    return WORK / "node_modules"


def bundle_htmx(modules: Path) -> None:
    """htmx alone. An extension that is needed one day is appended here: as a separate deferred file it would register
    after htmx has started."""
    dist = modules / "htmx.org" / "dist"
    parts = [dist / "htmx.min.js"]
    text = "\n".join(re.sub(r"//# sourceMappingURL=.*", "", part.read_text()).strip() for part in parts)
    (PAGES / "htmx.bundle.js").write_text(text + "\n")


def build_icons(modules: Path) -> None:
    """Join the chosen icons into one SVG sprite; an unknown name stops the run."""
    symbols = []
    for name in ICONS.split():
        drawing = (modules / "lucide-static" / "icons" / f"{name}.svg").read_text()
        inner = re.sub(r"\s+", " ", re.search(r"<svg[^>]*>(.*)</svg>", drawing, re.DOTALL).group(1)).strip()
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
            f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{inner}</symbol>'
        )
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (PAGES / "icons.svg").write_text(sprite)


def cut_fonts(modules: Path) -> None:
    """Inter in three files, and the style sheet that says which characters are in which."""
    tools = WORK / "fonttools"
    venv.create(tools, with_pip=True)
    subprocess.run([tools / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *FONT_TOOLS], check=True)
    files = modules / "@fontsource-variable" / "inter" / "files"
    latin, more = (files / f"inter-{name}-wght-normal.woff2" for name in ("latin", "latin-ext"))
    known, glyphs = json.loads(ask_font(tools, latin)), []
    rest = {int(code) for code in known["characters"]}
    seen = SEEN & rest
    stems = {known["characters"][str(ord(sign))] for sign in VARIED}
    for name in known["glyphs"]:
        stem, _, variant = name.partition(".")
        if stem in stems and variant in ("tf", "case", "case.tf"):
            glyphs.append(name)
    far = {int(code) for code in json.loads(ask_font(tools, more))["characters"]} - rest
    cut(tools, latin, "inter", seen, "kern,tnum,calt", f"--glyphs={','.join(glyphs)}", "--no-layout-closure")
    cut(tools, latin, "inter-latin", rest - seen, "kern,tnum,ccmp,mark,mkmk")
    cut(tools, more, "inter-latin-ext", far, "kern,ccmp,mark,mkmk")
    files_of = {"inter": seen, "inter-latin": rest - seen, "inter-latin-ext": far}
    faces = [face(name, ranges(codes, seen | rest | far)) for name, codes in files_of.items()]
    INTER.write_text("/* Written by tools/vendor.py. */\n" + "".join(faces))


def ask_font(tools: Path, font: Path) -> str:
    """Its characters with their glyphs, and the names of all glyphs, as JSON."""
    asked = (
        "import json, sys; from fontTools.ttLib import TTFont; font = TTFont(sys.argv[1]); "
        "print(json.dumps({'characters': font.getBestCmap(), 'glyphs': font.getGlyphOrder()}))"
    )
    return subprocess.run(
        [tools / "bin" / "python", "-c", asked, font], check=True, capture_output=True
    ).stdout.decode()


def cut(tools: Path, font: Path, name: str, codes: set[int], features: str, *more: str) -> None:
    """Write static/vendor/NAME.woff2: these characters and features of the font, in the weights we use."""
    part, narrow = WORK / f"{name}.ttf", WORK / f"{name}-narrow.ttf"
    subset = [tools / "bin" / "pyftsubset", font, f"--unicodes={','.join(f'{code:x}' for code in sorted(codes))}"]
    keep = [f"--layout-features={features}", "--name-IDs=0,1,2,5,13,14", "--no-hinting", f"--output-file={part}"]
    still = os.environ | {"SOURCE_DATE_EPOCH": "0"}  # the same bytes whenever it runs
    subprocess.run([*subset, *keep, *more], check=True, env=still)
    fonttools = tools / "bin" / "fonttools"
    limit = [fonttools, "varLib.instancer", part, WEIGHTS, "--no-recalc-timestamp", "-q", "-o", narrow]
    subprocess.run(limit, check=True, env=still)
    subprocess.run(
        [fonttools, "ttLib.woff2", "compress", "-o", PAGES / f"{name}.woff2", narrow], check=True, capture_output=True
    )


def ranges(codes: set[int], all_codes: set[int]) -> str:
    """The value of `unicode-range`: neighbours joined, also over short gaps that no font of ours fills."""
    joined: list[list[int]] = []
    for code in sorted(codes):
        if joined and code - joined[-1][1] < 64 and not all_codes & set(range(joined[-1][1] + 1, code)):
            joined[-1][1] = code
        else:
            joined.append([code, code])
    return ",".join(f"U+{low:X}" + (f"-{high:X}" if high > low else "") for low, high in joined)


def face(name: str, characters: str) -> str:
    """One @font-face. `swap`: text is readable before the font is there."""
    return (
        f'@font-face {{\n  font-family: "Inter";\n  src: url("../vendor/{name}.woff2") format("woff2");\n'
        f"  font-weight: 400 620;\n  font-display: swap;\n  unicode-range: {characters};\n}}\n"
    )


def copy_files(modules: Path) -> None:
    """axe for the tests, and every licence text."""
    shutil.copy(modules / "axe-core" / "axe.min.js", TESTS / "axe.min.js")
    shutil.copy(modules / "htmx.org" / "LICENSE", PAGES / "htmx.LICENSE.txt")
    shutil.copy(modules / "@fontsource-variable" / "inter" / "LICENSE", PAGES / "inter.LICENSE.txt")
    shutil.copy(modules / "lucide-static" / "LICENSE", PAGES / "lucide.LICENSE.txt")
    shutil.copy(modules / "axe-core" / "LICENSE", TESTS / "axe-core.LICENSE.txt")
    shutil.copy(modules / "axe-core" / "LICENSE-3RD-PARTY.txt", TESTS / "axe-core.LICENSE-3RD-PARTY.txt")


def vendored_files() -> dict[str, str]:
    """Path from the project's root -> sha256, for every vendored file except the manifest."""
    files = [path for folder in (PAGES, TESTS) for path in sorted(folder.iterdir()) if path != MANIFEST]
    return {path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write_manifest(modules: Path) -> None:
    """Package, version and licence of everything, then a checksum per file."""
    lines = ["# Written by tools/vendor.py; python tools/vendor.py --check compares the files with it.", ""]
    for name, version in PACKAGES.items():
        package = json.loads((modules / name / "package.json").read_text())
        if package["version"] != version:
            raise SystemExit(f"{name}: wanted {version}, npm installed {package['version']}")
        lines.append(f"{name} {version} {package['license']}")
    lines += ["", *(f"{digest}  {path}" for path, digest in vendored_files().items())]
    MANIFEST.write_text("\n".join(lines) + "\n")


def check() -> list[str]:
    """What differs between the manifest and the files: changed, missing or unlisted paths."""
    listed = {}
    for line in MANIFEST.read_text().splitlines():
        if match := re.fullmatch(r"([0-9a-f]{64})  (\S+)", line):
            listed[match[2]] = match[1]
    found = vendored_files()
    return sorted(path for path in listed.keys() | found.keys() if listed.get(path) != found.get(path))


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        different = check()
        print("\n".join(f"differs from VENDOR.txt: {path}" for path in different) or "Vendored files are unchanged.")
        return 1 if different else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    TESTS.mkdir(parents=True, exist_ok=True)
    modules = install()
    bundle_htmx(modules)
    build_icons(modules)
    cut_fonts(modules)
    copy_files(modules)
    write_manifest(modules)
    print(MANIFEST.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
