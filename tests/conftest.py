"""What every test process starts with."""

import signal

# A shell that starts the tests in the background has SIGINT ignored, and programs started from here would inherit that;
# the tests that press Ctrl-C on them need it heard.
signal.signal(signal.SIGINT, signal.default_int_handler)
