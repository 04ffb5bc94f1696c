"""Sends one event by each of Python's clients, and fails if one of them is not answered as it wants."""
import logging
import sys

base = sys.argv[1]
word = "a keyword"

from elasticsearch import Elasticsearch, helpers

search = Elasticsearch(base)
assert search.info()["version"]["number"]
documents = [
    {"_index": "logs", "_source": {"host": {"name": "es-1"}, "message": word}},
    {"_index": "logs", "_op_type": "create", "_id": "7", "_source": {"host": "es-2", "message": word}},
]
assert helpers.bulk(search, documents) == (2, []), "bulk"
assert search.index(index="logs", document={"host": "es-3", "message": word})["result"] == "created"

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

resource = Resource.create({"service.name": "shop", "host.name": "otel-1"})
exporter = OTLPLogExporter(endpoint=base + "/v1/logs", compression=Compression.Gzip)
provider = LoggerProvider(resource=resource)
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))


def logger(name, handler):
    """Returns a logger with this handler alone."""
    found = logging.getLogger(name)
    found.addHandler(handler)
    found.setLevel(logging.INFO)
    found.propagate = False
    return found


logger("otel", LoggingHandler(level=logging.INFO, logger_provider=provider)).warning(word)
assert provider.force_flush()
provider.shutdown()
reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=base + "/v1/metrics"))
meters = MeterProvider(resource=resource, metric_readers=[reader])
meters.get_meter("test").create_gauge("system.cpu.load_average.1m").set(7.5)
assert meters.force_flush()
meters.shutdown()

import logging_loki

loki = logging_loki.LokiHandler(url=base + "/loki/api/v1/push", tags={"host": "loki-1", "app": "shop"}, version="1")
logger("loki", loki).info(word)
