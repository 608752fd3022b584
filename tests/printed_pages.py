"""Everything that pages print from the code, written anew: `python -m tests.printed_pages`."""

from __future__ import annotations

from tests import (
    cause_pages,
    errors_page,
    kb_page,
    metrics_page,
    rules_page,
    settings_page,
    troubleshooting_page,
    verdict_pages,
)


def main() -> None:
    """The pages that others take from come first."""
    rules_page.PAGE.write_text(rules_page.page())
    errors_page.PAGE.write_text(errors_page.page())
    settings_page.PAGE.write_text(settings_page.written(settings_page.PAGE.read_text()))
    cause_pages.main()
    verdict_pages.main()
    kb_page.PAGE.write_text(kb_page.written(kb_page.PAGE.read_text()))
    metrics_page.main()
    troubleshooting_page.PAGE.write_text(troubleshooting_page.page())


if __name__ == "__main__":
    main()
