"""The body of a delivery: a pure function of the parcel and the settings, so the same at each attempt and after a
restart."""

import orjson

from livedash.model import Record
from livedash.model.record import iso
from livedash.sinks.sink import Parcel
from livedash.sinks.webhook.settings import Webhook
from livedash.sinks.webhook.template import GapTemplate, Template
from livedash.stream.selection import Selection


class Body:
    """Makes the bodies of one sink."""

    def __init__(self, settings: Webhook) -> None:
        self._template = None if settings.template is None else Template(settings.template)
        self._gap_template = None if settings.gap_template is None else GapTemplate(settings.gap_template)
        self._record = _whole if settings.fields is None else Selection(settings.fields).json

    async def of(self, parcel: Parcel) -> bytes:
        """Its JSON. Raises TooLarge for what a template makes out of it."""
        if parcel.gap is not None:
            if self._gap_template is not None:
                return self._gap_template.render(parcel.pipeline, parcel.moment, parcel.gap)
            data = {"pipeline": parcel.pipeline, **parcel.gap.json()}
            return orjson.dumps({"type": parcel.kind, "timestamp": iso(parcel.moment), "data": data})
        if self._template is not None:
            return await self._template.render(parcel.pipeline, parcel.moment, parcel.records)
        return b'{"type":"%b","timestamp":"%b","data":{"pipeline":"%b","records":[%b]}}' % (
            parcel.kind.encode(),
            iso(parcel.moment).encode(),
            parcel.pipeline.encode(),  # a slug: nothing in it needs escaping
            b",".join([self._record(record) for record in parcel.records]),
        )


def _whole(record: Record) -> bytes:
    return record.json
