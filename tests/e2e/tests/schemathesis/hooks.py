"""Bodies that schemathesis has no serializer for: texts are sent as they are."""

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf", "application/vnd.fdo.journal")
def as_it_is(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
