"""The build, beside pyproject.toml: it writes down which commit it is made from (`rootver version`)."""

from pathlib import Path
from runpy import run_path
from shutil import rmtree

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
COMMIT = run_path(str(ROOT / "handlers" / "commit.py"))  # by its path: the package is not there yet


class WithCommit(build_py):
    """Leaves the commit in what is built; a checkout that is used as it stands is asked itself."""

    def run(self):
        """Build anew, then write: what an older checkout built here would be installed as well."""
        if not self.editable_mode:
            rmtree(self.build_lib, ignore_errors=True)
        super().run()
        commit = COMMIT["of_checkout"](ROOT)
        if commit and not self.editable_mode:
            (Path(self.build_lib) / "handlers" / COMMIT["BUILT"]).write_text(f"{commit}\n", encoding="ascii")


setup(cmdclass={"build_py": WithCommit})
