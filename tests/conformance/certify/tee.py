"""An adapter that hands every line on to another one, and writes both directions to a file.

`python tee.py FILE COMMAND...`; each line of the file is one of the conversation.
"""

import subprocess
import sys
from pathlib import Path


def main(file: str, *command: str) -> None:
    with (
        Path(file).open("a", encoding="utf-8") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one,
    ):
        assert one.stdin
        assert one.stdout
        for line in sys.stdin:
            one.stdin.write(line)
            one.stdin.flush()
            answer = one.stdout.readline()
            log.write(line + answer)
            log.flush()
            print(answer, end="", flush=True)
        one.stdin.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
