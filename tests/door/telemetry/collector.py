"""A collector that speaks OTLP over gRPC: collector.py PROTO GENERATED_DIR.

Prints its port, and when its standard input ends one JSON object: every span, and the bytes of all requests, in
hexadecimal digits.
"""

import json
import os
import sys
from concurrent import futures

import grpc
from grpc_tools import protoc

proto, generated = sys.argv[1:]
flags = ["protoc", f"-I{os.path.dirname(proto)}", f"--python_out={generated}", os.path.basename(proto)]
if protoc.main(flags) != 0:
    sys.exit("protoc failed")
sys.path.insert(0, generated)

import otlp_pb2 as pb  # noqa: E402

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
requests = []


def export(raw, _):
    requests.append(raw)
    return pb.ExportTraceServiceResponse()


def attributes(written):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in written}


def spans(raw):
    for resource in pb.ExportTraceServiceRequest.FromString(raw).resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield {
                    "name": span.name,
                    "kind": pb.SpanKind.Name(span.kind),
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "nanoseconds": span.end_time_unix_nano - span.start_time_unix_nano,
                    "attributes": attributes(span.attributes),
                    "events": [event.name for event in span.events],
                    "failed": span.status.code == 2,
                    "schema": scope.schema_url,
                    "scope": scope.scope.name,
                    "resource": attributes(resource.resource.attributes),
                }


server = grpc.server(futures.ThreadPoolExecutor(2))
handler = grpc.unary_unary_rpc_method_handler(
    export, request_deserializer=bytes, response_serializer=pb.ExportTraceServiceResponse.SerializeToString
)
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {"Export": handler})])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(None).wait()
print(json.dumps({"spans": [span for raw in requests for span in spans(raw)], "raw": b"".join(requests).hex()}))
