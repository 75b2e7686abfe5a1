"""The command about compiled code on disk: where it lies, whether it is whole, and away with it."""

from __future__ import annotations

import click

from cxsim.cli.saying import say

__all__ = ["COMMANDS"]


@click.command()
@click.option("--verify", is_flag=True, help="Read every file; exit code 1 if one is damaged.")
@click.option("--clear", is_flag=True, help="Delete all of it; it is compiled again when needed.")
def cache(verify: bool, clear: bool) -> int:
    """Show where compiled code is kept (CXSIM_CACHE_DIR, else your cache folder)."""
    from cxsim.engine.code_folders import cache_folders, look_into

    wrong = 0
    for folder in map(look_into, cache_folders()):
        say(f"{folder.path}: {len(folder.files):,} compiled passes, {folder.bytes / 2**20:.1f} MiB")
        if folder.old:
            say(f"  {len(folder.old):,} of earlier versions, not used (--clear deletes them)")
        if folder.refusal is not None:
            wrong += verify
            say(f"  not used: {folder.refusal}")
        if verify:
            damaged = folder.damaged()
            wrong += len(damaged)
            for line in damaged:
                say(f"  {line}")
            say(f"  {len(folder.files) - len(damaged):,} of {len(folder.files):,} are whole")
        if clear:
            say(f"  {folder.clear():,} files deleted")
    return 1 if wrong and not clear else 0


COMMANDS = (cache,)
