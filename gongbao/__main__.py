"""`python -m gongbao` is the `gongbao` command."""

from gongbao.cli import app

app(prog_name="gongbao")
