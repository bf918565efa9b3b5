"""Every limit that is not a setting, with its reason. Settings are in config.py."""

KIB = 1024
MIB = 1024 * KIB

# Ingest. A request is held in memory while it is read, so its size bounds memory per client.
BODY_BYTES = 16 * MIB
UNPACKED_BYTES = 64 * MIB  # a small gzip may not unpack to more: a 16 MiB body of zeros unpacks to 16 GiB
GZIP_MEMBERS = 10_000  # one a record at most; an empty one takes 20 bytes, and each costs some work
RECORD_BYTES = 64 * KIB  # one SSE event and one webhook record must stay small enough to buffer per client
RECORD_DEPTH = 32  # recursion over a record is bounded; nobody charts deeper
VALUES_PER_REQUEST = 2_000_000  # a small gzip may unpack to millions of empty arrays, each an object in memory
RECORDS_PER_REQUEST = 10_000  # one request may not hold the event loop or a commit for long
BODY_SECONDS = 30.0  # a slow body may not hold its memory for ever
ENCODE_SLICE = 250  # records validated and encoded before other clients get a turn (about 2 ms)
KEY_LENGTH = 255  # Idempotency-Key: longer than any UUID or hash, short enough to index
KEY_SECONDS = 24 * 3600  # how long an Idempotency-Key is remembered
REFUSAL_BYTES = 4 * KIB  # of what was refused is kept, enough to see what it was
REFUSALS_KEPT = 1_000  # per pipeline, so that a client gone wrong cannot fill the disk
ERRORS_LISTED = 100  # refusals listed in one answer; the rest are counted

# Door
PENDING_RECORDS = 50_000  # per pipeline waiting for a commit; beyond it a client is told to wait
COMMIT_RECORDS = 10_000  # per commit, so that one commit stays well under 100 ms
COMMIT_RECORDS_PER_PIPELINE = 2_500  # a busy pipeline leaves room in each commit for the others

# Log
PAGE_BYTES = 4 * MIB  # one page of a log in memory, whatever its number of records
PAGE_RECORDS = 1_000
BLOCK_RECORDS = 1_024  # records per entry of the time index: small to scan, few to keep
SWEEP_RECORDS = 5_000  # rows deleted in one transaction: a few ms, so ingest is not held up
STATE_BYTES = 64 * KIB  # of a checkpoint

# Stream
TAIL_RECORDS = 100  # newest records of a pipeline in memory
POLL_SECONDS = 2.0  # a reader looks into the log this often when hints are lost
BROADCAST_SLICE = 50  # clients written to before others get a turn (about 0.5 ms, in which no thread gets far)
KEEPALIVE_SECONDS = 30.0  # of silence before a comment keeps proxies from closing a stream

# Boards
BOARDS_PER_DASHBOARD = 16  # viewer settings that differ at the same time, so that a public page cannot make any number
BOARDS = 200  # at the same time in all: each may hold some megabytes and takes its turns of the processor
PATCHES_KEPT = 40  # about ten seconds at 4 Hz: a short break resumes from patches, a longer one from the full state
BOARD_SLICE_RECORDS = 20_000  # folded between two renderings, so that a page behind a busy pipeline keeps moving
WIDGETS_PER_DASHBOARD = 100
FILTER_SCAN_RECORDS = 10_000  # how far back a widget with `where` looks for its newest `limit` matches
SERIES_PER_CHART = 20  # lines one can still tell apart, and a bound on group_by
POINTS_PER_SERIES = 2_000  # more than pixels on a wide screen
TABLE_ROWS = 500
EXPRESSION_CHARS = 500  # CEL has no cost limit of its own

# Documents
DOCUMENT_CHARS = 2_000_000  # hundreds of dashboards; parsing takes about a second
DOCUMENT_DEPTH = 50  # a widget's settings are at most ten deep; PyYAML's C part crashes at some ten thousand
DOCUMENT_NODES = 200_000  # a few YAML aliases of aliases stand for billions of values
