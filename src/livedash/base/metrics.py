"""What `/metrics` shows, in one place. Made once by the composition root and handed down; no module state."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """Counters and latencies by stage of `source → mapping → door → log → tail → reader → board → browser`."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody asks for
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "livedash_http_requests", "Requests by route and status", ["route", "status"], registry=registry
        )
        self.accepted = Counter("livedash_ingest_records", "Records made durable", ["pipeline"], registry=registry)
        self.refused = Counter("livedash_ingest_refused", "Records refused and kept", ["pipeline"], registry=registry)
        self.ingest_bytes = Counter("livedash_ingest_bytes", "Bytes of request bodies read", registry=registry)
        self.busy = Counter("livedash_ingest_busy", "Requests told to wait or that storage is full", registry=registry)
        stage = Histogram("livedash_stage_seconds", "Seconds by stage", ["stage"], buckets=_SECONDS, registry=registry)
        self.encode = stage.labels("encode")
        self.commit = stage.labels("commit")
        self.refresh = stage.labels("tail")
        self.fold = stage.labels("board")
        self.commit_records = Histogram(
            "livedash_commit_records",
            "Records a commit carries",
            buckets=(1, 2, 5, 10, 25, 50, 100, 500, 1000, 5000, 10000),
            registry=registry,
        )
        self.log_bytes = Gauge("livedash_log_bytes", "Bytes the log takes", registry=registry)
        self.tails = Gauge("livedash_tails", "Pipelines with a tail in memory", registry=registry)
        self.streams = Gauge("livedash_streams", "Streams open", registry=registry)
        self.sockets = Gauge("livedash_sockets", "GraphQL sockets open", registry=registry)
        self.stream_events = Counter("livedash_stream_records", "Records sent to streams", registry=registry)
        self.throttled = Counter(
            "livedash_streams_throttled", "Streams turned away, by limit", ["reason"], registry=registry
        )
        self.gaps = Counter("livedash_gaps", "Gaps stated to readers", registry=registry)
        self.boards = Gauge("livedash_boards", "Boards folded", registry=registry)
        self.viewers = Gauge("livedash_viewers", "Live pages open", registry=registry)
        self.patches = Counter("livedash_patches", "Versions of boards rendered", registry=registry)
        self.sink_attempts = Counter(
            "livedash_sink_attempts",
            "Attempts at deliveries by outcome",
            ["pipeline", "sink", "outcome"],
            registry=registry,
        )
        self.sink_records = Counter(
            "livedash_sink_records", "Records delivered", ["pipeline", "sink"], registry=registry
        )
        self.sink_seconds = Histogram(
            "livedash_sink_seconds",
            "Seconds an endpoint took to answer",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
            registry=registry,
        )
        self.sink_disabled = Gauge(
            "livedash_sink_disabled", "1 for a sink that was disabled", ["pipeline", "sink"], registry=registry
        )
        self.sink_lag = Gauge(
            "livedash_sink_lag_records", "Records not yet delivered", ["pipeline", "sink"], registry=registry
        )
        self.sink_parked = Gauge("livedash_sink_parked", "Deliveries parked", ["pipeline", "sink"], registry=registry)
        self.failures = Counter("livedash_failures", "Failures of supervised work", ["name"], registry=registry)

    def text(self) -> bytes:
        """The Prometheus text exposition."""
        return generate_latest(self._registry)
