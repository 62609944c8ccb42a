"""The scores that Lighthouse gives an address with its mobile preset: https://developer.chrome.com/docs/lighthouse."""

import json
import os
import subprocess
from typing import Final

from support.project.template import ROOT
from support.running.browser import chromium_path

FOLDER: Final = ROOT / "tests" / "lighthouse"
CATEGORIES: Final = ("performance", "accessibility", "best-practices", "seo")

type Scores = dict[str, int]


def audited(url: str) -> tuple[Scores, list[str]]:
    """Return the score of each category, up to 100, and the audits that did not pass."""
    # The sandbox of the browser does not work for root.
    flags = "--headless=new" + (" --no-sandbox" if os.geteuid() == 0 else "")
    options = ["--output=json", "--quiet", f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={flags}"]
    ended = subprocess.run(  # noqa: S603 - the program that npm has installed
        [FOLDER / "node_modules" / ".bin" / "lighthouse", url, *options],
        env={**os.environ, "CHROME_PATH": chromium_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    scores = {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}
    weighted = {each["id"] for name in CATEGORIES for each in report["categories"][name]["auditRefs"] if each["weight"]}
    audits = [(each["id"], each["score"], each.get("displayValue", "")) for each in report["audits"].values()]
    missed = [
        f"{name} {score} {shown}".strip()
        for name, score, shown in audits
        if name in weighted and score is not None and score < 1
    ]
    return scores, missed
