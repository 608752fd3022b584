"""The build, beside pyproject.toml: it writes down which commit it is made from (`rootver version`).

The variable SOURCE_COMMIT tells it where there is no checkout, as in the Dockerfile.
"""

import os
import re
from pathlib import Path
from runpy import run_path
from shutil import rmtree

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
COMMIT = run_path(str(ROOT / "handlers" / "commit.py"))  # by its path: the package is not there yet


def told():
    """What SOURCE_COMMIT says; None: nothing. What does not look like a commit ends the build."""
    given = os.environ.get("SOURCE_COMMIT")
    if given and not re.fullmatch("[0-9a-f]{7,64}(-dirty)?", given):
        raise SystemExit(
            f"SOURCE_COMMIT is {given!r}, which is not the name of a commit. "
            "Give what `git rev-parse HEAD` prints, or leave it out."
        )
    return given or None


class WithCommit(build_py):
    """Leaves the commit in what is built; a checkout that is used as it stands is asked itself."""

    def run(self):
        """Build anew, then write: what an older checkout built here would be installed as well."""
        if not self.editable_mode:
            rmtree(self.build_lib, ignore_errors=True)
        super().run()
        commit = told() or COMMIT["of_checkout"](ROOT)
        if commit and not self.editable_mode:
            (Path(self.build_lib) / "handlers" / COMMIT["BUILT"]).write_text(f"{commit}\n", encoding="ascii")


setup(cmdclass={"build_py": WithCommit})
