"""A sandbox for a student's kernel, made by bubblewrap (`bwrap`).

The kernel sees the system's libraries, Python with its packages, and charlstm without the problem
sets, all read-only; and the submission's own folder, where it may write. Its other folders are in
memory and gone at its end. It has no network and sees no processes but its own. It talks to the
grader by sockets in a folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from charlstm.errors import UserError, option, say

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/fonts")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime")
WRITABLE = 500_000_000  # bytes of memory for the files that it writes
PACKAGE = Path(__file__).parents[1]


def is_used(asked: bool | None) -> bool:
    """Whether students' code runs in a sandbox. If it does not, and nobody has said so, tell why.

    Args:
        asked: what `--contain` says; None leaves it to what works.

    Raises:
        UserError: `--contain` asks for one, and it does not work here.
    """
    if asked is False:
        return False
    why = why_not()
    if why and asked:
        raise UserError(f"{option('contain')}: {why}; or leave it out where nothing can be lost")
    if why:
        say(f"students' code runs under your account, with your rights: {why}")
    return not why


def why_not() -> str:
    """Return why bubblewrap does not work here, and what to do; "" if it works."""
    if not shutil.which("bwrap"):
        return "bwrap is missing; install Debian's package bubblewrap (Linux only)"
    tried = subprocess.run(
        [*_bwrap({}), sys.executable, "-c", ""], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        why = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"bwrap fails ({why}); let the kernel give user namespaces to your account"
    return ""


def kernel_command(root: Path, course: Path) -> list[str]:
    """Return the command that starts a kernel in a sandbox.

    Args:
        root: the submission's folder, with `work` (the files beside the notebook) and `run` (the
            sockets).
        course: the course's folder, which is hidden wherever it lies.
    """
    mounts = {
        root: ["--size", str(WRITABLE), "--tmpfs"],
        **{root / name: ["--bind", str(root / name)] for name in ("run", "work")},
        **{root / name: ["--dir"] for name in ("home", "tmp")},
    }
    python = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return [*_bwrap(mounts, course), "--chdir", str(root / "work"), *python]


def _bwrap(mounts: dict[Path, list[str]], *hidden: Path) -> list[str]:
    """Return bwrap's command with what every kernel sees, and these further mounts."""
    seen = [*SYSTEM, *SYSTEM_FILES, sys.prefix, sys.base_prefix, str(PACKAGE)]
    if data := os.environ.get("CHARLSTM_DATA"):
        seen.append(str(Path(data).resolve()))
    mounts = {Path(path): ["--ro-bind-try", path] for path in seen} | mounts
    for path in (PACKAGE / "assignments", PACKAGE.parent / "notebooks" / "assignments", *hidden):
        if path.is_dir() and any(path.is_relative_to(shown) for shown in seen):
            mounts[path] = ["--tmpfs"]
    command = ["bwrap", "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000"]
    command += ["--unsetenv", "JPY_PARENT_PID"]  # that process is not to be seen, and not to miss
    command += ["--cap-drop", "ALL", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"]
    for path in sorted(mounts, key=lambda path: len(path.parts)):  # what lies deeper comes later
        command += [*mounts[path], str(path)]
    return command
