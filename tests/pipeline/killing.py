"""`qingyuan` as a process that can be killed at any time: all is imported once, each command is a fork of this.

Reads a line of JSON a command: its `arguments`; `after` how many seconds it is killed (null: never); `bytes` that a
file may have at most. `warm`: arguments of a command that is carried out here, so that forks find all that it imports.
`disk`: a folder that is to lie on a disk of its own, how large that is at first, and then. Answers with a line. The
gates let everything pass.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pipeline.gates
from flows.cli import main
from pipeline.gates import Finding

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
"""Of Linux: mounts of one's own, and the right to make them."""


def passing(_opened, _workspace, candidate):
    return [Finding("all_well", (), True, "all is well", {"documents": candidate.documents})]


def files_of(folder):
    """Return the sha256 of every file below a folder, by its path."""
    found = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in found}


def carry_out(arguments, after, limit, said):
    """Run one command in a fork; return its exit code (-9: it was killed), its seconds and what it said."""
    begun = time.perf_counter()
    child = os.fork()
    if not child:
        with said.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        code = 70
        try:
            code = main(arguments)
        finally:
            sys.stderr.flush()
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(
            child, signal.SIGKILL
        )  # it may have ended by itself: nobody has waited for it, its number is still its own
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"code": status, "seconds": time.perf_counter() - begun, "said": said.read_text(errors="replace")}


def on_disk(arguments, folder, small, large, said):
    """Run a command twice where a folder lies on a disk of its own, at first a small one, then with more room.

    Returns:
        What both said, and the files in the folder after each; None where no disk can be mounted.
    """
    answer = said.with_name("answer.json")
    child = os.fork()
    if not child:
        try:
            user = os.getuid(), os.getgid()
            if ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNS):
                os._exit(1)
            Path("/proc/self/setgroups").write_text("deny")
            for name, number in zip(("uid_map", "gid_map"), user, strict=True):
                Path(f"/proc/self/{name}").write_text(f"0 {number} 1")
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={small}", "none", folder], check=True)
            first = carry_out(arguments, None, None, said) | {"files": files_of(folder)}
            subprocess.run(["mount", "-o", f"remount,size={large}", folder], check=True)
            second = carry_out(arguments, None, None, said) | {"files": files_of(folder)}
            answer.write_text(json.dumps([first, second]))
            os._exit(0)
        finally:
            os._exit(1)
    return None if os.waitpid(child, 0)[1] else json.loads(answer.read_text())


def serve(said):
    """Answer commands until there are no more."""
    pipeline.gates.evaluate = passing
    answers = os.dup(1)
    os.dup2(2, 1)  # what commands print is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        if "warm" in asked:
            answer = {"code": main(asked["warm"])}
        elif "disk" in asked:
            answer = on_disk(asked["arguments"], *asked["disk"], said)
        else:
            answer = carry_out(asked["arguments"], asked.get("after"), asked.get("bytes"), said)
        os.write(answers, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
