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
FRAME_BYTES = 64 * KIB  # of records that are written to a client in one piece; one record may be as long
LINE_BYTES = 64 * KIB  # that a client has not taken; then it is behind, and has this and one frame at most
UNACKED_SECONDS = 60  # a client that acknowledges nothing for so long has gone, whatever TCP still hopes
RECEIVED_BYTES = 64 * KIB  # a client of a stream has nothing to say; one that goes on saying it is cut off
STREAM_FIELDS = 50  # chosen for one stream
STREAM_SHAPES = 20  # of a pipeline at the same time: each filter and choice of fields is work for every record
FILTER_VALUES = 1_000  # of a record, texts by 16 characters, that a stream's filter looks at: some 2 ms of work at most
SHAPE_RECORDS = 10  # filtered or cut before others get a turn: 0.5 ms as a rule, 20 at most
TAIL_PAGES = 4  # of a tail, as readers at different places ask for them; each may keep its bytes in every shape
METER_SECONDS = 5.0  # between writing down what was sent: what a crash loses of a bill
KEEPALIVE_SECONDS = 30.0  # of silence before a comment keeps proxies from closing a stream

# GraphQL
MESSAGE_BYTES = 256 * KIB  # of a request or of a message on a socket: hundreds of widgets, and memory per client
GRAPHQL_TOKENS = 2_000  # of a query: GraphiQL's longest has 400; parsing and validating them takes some 20 ms
GRAPHQL_DEPTH = 10  # of fields in fields: the schema has nothing deeper that is not introspection
GRAPHQL_ALIASES = 30  # of a query: each may ask for the same once more
GRAPHQL_COMPLEXITY = 10_000  # values in an answer, about: one page of records with all their fields
GRAPHQL_DOCUMENTS = 100  # parsed queries that are kept: a client asks the same again and again
GRAPHQL_OPERATIONS = 100  # of one socket at the same time; each may hold a frame that the client has not taken
GRAPHQL_AT_ONCE = 4  # queries of one socket executed at the same time; each answer may be a page of the log
INIT_SECONDS = 10.0  # in which a client shows who it is; until then it costs memory and nobody answers for it
IDLE_SECONDS = 300.0  # without any operation; then the socket is closed, and a client opens another when it needs it
PING_SECONDS = 30.0  # of a client's silence before it is asked whether it lives; after another it is dropped
CLOSE_SECONDS = 5.0  # that a client has to say that it heard of the end

# Sinks
SINKS_PER_PIPELINE = 50  # each reads every record of the pipeline
DELIVERY_RECORDS = 1_000  # of the largest batch a sink may be set to: one page of the log
DELIVERY_BYTES = 4 * MIB  # of its records: as much as a page
RESPONSE_BYTES = 64 * KIB  # of an answer are read, so that the connection can be used again; a longer one closes it
RESPONSE_KEPT = 1 * KIB  # of an answer's body, and of a request's, are kept with the attempt: enough to see what it was
RESPONSE_HEAD_KEPT = 2 * KIB  # of its headers
ATTEMPTS_KEPT = 100  # per sink and outcome: the newest that went well and the newest that did not
PARKED_KEPT = 1_000  # per sink; at the next one the sink is disabled, since it would lose what it cannot park
REPLAYS_WAITING = 10  # per sink
SAMPLES_KEPT = 500  # attempts of a sink that success rate and latency are told of
RETRY_AFTER_SECONDS = 24 * 3600  # the longest Retry-After that is honoured: as long as the longest wait of our own
ROTATION_SECONDS = 24 * 3600  # an old secret signs beside a new one: time to tell every receiver
ROTATION_SECONDS_MOST = 30 * 24 * 3600  # an old secret that may be known to others must end some day
SIGNING_SECRETS = 5  # of a sink at the same time: each adds a signature to every request
ENDING_TOKENS = 5  # stream tokens of a pipeline that open beside a newer one; then the one that ends first goes
ATTEMPTS_SHOWN = 25  # on a sink's page, which is sent again whenever there is a new one
PARKED_SHOWN = 50  # there
HEADERS_PER_SINK = 20  # each goes out with every delivery
TEMPLATE_CHARS = 16 * KIB  # of a template as JSON
TEMPLATE_EXPRESSIONS = 50  # each is evaluated for every record
TEMPLATE_BODY_BYTES = 16 * MIB  # of what a template makes out of one batch, whose records it may repeat
SKIPPED_SECONDS = 5.0  # between checkpoints of a sink whose filter takes nothing: scanned again after a crash

# Outgoing requests
DNS_THREADS = 16  # looking up names at the same time; a name server that hangs holds one for each host
ADDRESSES_TRIED = 4  # of a host and family: a name with hundreds of addresses must not become hundreds of attempts

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

# Sessions
SESSIONS = 1_000  # browsers signed in at the same time; at the next one the session that ends first gives way
SESSION_SECONDS = 12 * 3600  # a working day: who walks away is signed out by the next morning
SETUP_SECONDS = 15 * 60  # how long the link that the server prints opens a session, once
SIGN_IN_FAILURES = 10  # per client address and minute, so that nobody tries tokens in earnest
SIGN_IN_SECONDS = 60.0  # that minute
SIGN_IN_ADDRESSES = 10_000  # client addresses whose failures are remembered; the oldest is forgotten first
FORM_BYTES = 16 * KIB  # of a form that a page sends: the longest token or cursor is far shorter

# Usage
USAGE_DAYS = 400  # in one answer: a year and the month before it

# Documents
DOCUMENT_CHARS = 2_000_000  # hundreds of dashboards; parsing takes about a second
DOCUMENT_DEPTH = 50  # a widget's settings are at most ten deep; PyYAML's C part crashes at some ten thousand
DOCUMENT_NODES = 200_000  # a few YAML aliases of aliases stand for billions of values
