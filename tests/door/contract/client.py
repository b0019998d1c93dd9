"""A client of tool contract v1 over gRPC, with JSON as its serializer: client.py ADDRESS AGENT [CANCEL_AFTER_MS].

Reads a JSON list of envelopes, sends each and prints a JSON list of the answers: the envelope, or the status of a call
that got none with the milliseconds it took. The token is in COFFERDAM_TOKEN. AGENT is the metadata, or nothing. The
approval that the calls bring, if one, is in COFFERDAM_APPROVAL.
"""

import faulthandler
import gc
import json
import os
import sys
import time

import grpc

# As in the other client: the collector may wait for itself, and nothing waits for ever.
gc.disable()
faulthandler.dump_traceback_later(600, exit=True)

address, agent, *cancel = sys.argv[1:]
options = [("grpc.default_authority", "localhost")] if address.startswith("unix:") else []
channel = grpc.insecure_channel(address, options)
grpc.channel_ready_future(channel).result(timeout=60)
execute = channel.unary_unary(
    "/orloj.tool.v1.ToolService/Execute",
    request_serializer=lambda envelope: json.dumps(envelope).encode(),
    response_deserializer=json.loads,
)
metadata = [("cofferdam-agent", agent)] if agent else []
if "COFFERDAM_TOKEN" in os.environ:
    metadata.append(("authorization", f"Bearer {os.environ['COFFERDAM_TOKEN']}"))
if "COFFERDAM_APPROVAL" in os.environ:
    metadata.append(("cofferdam-approval", os.environ["COFFERDAM_APPROVAL"]))


def answer(envelope):
    begun = time.monotonic()
    call = execute.future(envelope, metadata=metadata, timeout=60)
    if cancel:
        time.sleep(float(cancel[0]) / 1000)
        call.cancel()
    try:
        return call.result()
    except grpc.FutureCancelledError:
        return {"code": "CANCELLED", "ms": (time.monotonic() - begun) * 1000}
    except grpc.RpcError as error:
        return {"code": error.code().name, "message": error.details(), "ms": (time.monotonic() - begun) * 1000}


print(json.dumps([answer(envelope) for envelope in json.load(sys.stdin)]))
