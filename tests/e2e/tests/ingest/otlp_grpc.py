"""Sends logs and a metric by the OpenTelemetry SDK over gRPC, and fails if one of them is not answered as it wants."""
import logging
import sys

from grpc import Compression
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

address, token, certificate = sys.argv[1:]
options = {"endpoint": address, "headers": {"authorization": "Bearer " + token}, "insecure": not certificate}
if certificate:
    from grpc import ssl_channel_credentials

    options["credentials"] = ssl_channel_credentials(open(certificate, "rb").read())
resource = Resource.create({"service.name": "shop", "host.name": "otel-1"})
provider = LoggerProvider(resource=resource)
exporter = OTLPLogExporter(compression=Compression.Gzip, **options)
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
logger = logging.getLogger("otel")
logger.addHandler(LoggingHandler(level=logging.INFO, logger_provider=provider))
logger.setLevel(logging.INFO)
for number in range(1000):
    logger.warning("a keyword %d", number)
assert provider.force_flush()
provider.shutdown()
reader = PeriodicExportingMetricReader(OTLPMetricExporter(**options))
meters = MeterProvider(resource=resource, metric_readers=[reader])
meters.get_meter("test").create_gauge("system.cpu.load_average.1m").set(7.5)
assert meters.force_flush()
meters.shutdown()
