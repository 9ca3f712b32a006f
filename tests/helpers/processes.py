"""Scripts in processes of their own."""

import os
import subprocess
import sys


def completed(script, *, without="", **variables):
    """A script that has run to its end, where warnings are errors.

    Its environment is ours but for variables that begin with `without`, and has `variables`.
    """
    kept = {k: v for k, v in os.environ.items() if not (without and k.startswith(without))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=240,
        env=kept | variables,
    )
    assert done.returncode == 0, done.stderr
    return done
