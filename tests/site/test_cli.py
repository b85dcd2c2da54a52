"""`tanma`: commands by file name, unknown ones refused, a reader that leaves is no error."""

from __future__ import annotations

import subprocess
import sys

from tanma.site import cli


def test_the_overview_names_every_command(capsys):
    assert 0 == cli.main([])
    said = capsys.readouterr().out
    for name in cli.command_names():
        assert f"  {name} " in said


def test_an_unknown_command_shows_the_overview(capsys):
    assert 2 == cli.main(["fly"])
    assert "unknown command 'fly'" in capsys.readouterr().err


def test_a_reader_that_has_enough_ends_a_command_without_a_traceback():
    command = [sys.executable, "-m", "tanma.site.cli", "factors", "fuels"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()  # the reader is gone before the first line
        said = process.stderr.read().decode()
    assert (cli.READER_LEFT, "") == (process.returncode, said)


def test_a_wrong_header_is_answered_with_the_command_for_its_template():
    about = {"package": "能源", "package_en": "Energy", "name": "energy"}
    zh, en = cli.template_of("header_wrong", about)
    assert "取得《能源》模板：tanma template energy" == zh
    assert "Template of Energy: tanma template energy" == en
    assert [] == cli.template_of("header_unknown", about)
