"""Pictures of every view of the page at two widths, in light and dark: `python -m support.running.views [SCENE …]`.

They are for looking at: `.prove/views/<view>-<width>-<scheme>.png`, and a contact sheet of each width and scheme.
In each view, axe-core runs all of its rules, and what is wider than the page is named.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError
from support.project.template import ROOT
from support.running.browser import chromium
from support.running.local_stack import LocalStack
from support.running.scenes import SCENES
from support.running.studio import Scheme, Studio

FOLDER: Final = ROOT / ".prove" / "views"
SIZES: Final = ((1280, 900), (390, 844))
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")

FIGURE: Final = '<figure><a href="{file}"><img src="{file}" alt=""></a><figcaption>{view}</figcaption></figure>'
SHEET: Final = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>
  body {{
    display: grid; grid-template-columns: repeat({columns}, {width}px); gap: 16px; margin: 16px; width: max-content;
    background: #808080; font: 13px sans-serif;
  }}
  figure {{ margin: 0 }} img {{ width: 100%; display: block }} figcaption {{ padding: 4px 0; color: #fff }}
</style>
{figures}
"""


def played(studio: Studio, scenes: list[str]) -> None:
    """Take the pictures of some scenes; one that cannot be finished is a finding, and the others go on."""
    for name in scenes:
        try:
            SCENES[name](studio)
        except (AssertionError, PlaywrightError) as error:
            studio.findings.append(f"{name}-{studio.variant}: not finished: {error}")
            studio.take_failed(name)
        studio.close(f"{name}-{studio.variant}")


def write_sheet(browser: Browser, studio: Studio) -> None:
    """Put all pictures on one page, as HTML and as a picture."""
    title = f"sheet-{studio.variant}"
    columns, width = (8, 195) if studio.is_narrow else (5, 384)
    figures = "\n".join(FIGURE.format(file=each.name, view=each.stem) for each in studio.taken)
    sheet = FOLDER / f"{title}.html"
    sheet.write_text(SHEET.format(title=title, columns=columns, width=width, figures=figures))
    page = browser.new_page(viewport={"width": columns * (width + 16) + 16, "height": 900})
    page.goto(sheet.as_uri())
    page.screenshot(path=sheet.with_suffix(".png"), full_page=True)
    page.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"only these of {', '.join(SCENES)}")
    scenes = parser.parse_args().scenes or list(SCENES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    findings: list[str] = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        # The local tokens have no names of their own.
        stack = LocalStack(Path(folder) / "state", parameters={"NameClaim": "sub"}).start()
        try:
            for studio in (Studio(stack, browser, size, scheme, FOLDER) for size in SIZES for scheme in SCHEMES):
                print(f"{studio.variant} …", flush=True)
                played(studio, scenes)
                write_sheet(browser, studio)
                findings += studio.findings
        finally:
            stack.stop()
    print(*findings, f"{len(findings)} findings. The pictures are in {FOLDER.relative_to(ROOT)}/.", sep="\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
