"""The child: ``python -m intake``. It is told what to do over its first pipe and never by arguments.

It limits itself before anything else is imported, gives up files and network before it is sent anything,
reads, and ends. ``python -m intake --means`` says which of the means hold on this machine.
"""

import sys

from intake.confine import confine_resources

if __name__ == "__main__":
    HELD = confine_resources() if "--means" not in sys.argv else []
    from intake.child import main

    sys.exit(main(sys.argv[1:], HELD))
