"""What the settings wire up beyond their values."""

import logging

from tanma.site.settings import _brief


def record(status):
    try:
        raise PermissionError("x")
    except PermissionError:
        import sys

        made = logging.LogRecord("django.request", 30, "f", 1, "Forbidden", (), sys.exc_info())
    made.status_code = status
    return made


def test_a_refusal_is_one_line_of_the_log_and_a_fault_keeps_its_traceback():
    refused, failed = record(403), record(500)
    assert _brief(refused)
    assert _brief(failed)
    assert refused.exc_info is None
    assert failed.exc_info is not None
