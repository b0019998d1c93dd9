"""A gRPC client made by grpcio-tools: client.py PROTO_DIR GENERATED_DIR ADDRESS ACTION [ARGUMENT…]. Prints JSON.

ADDRESS is HOST:PORT, with the operator's token in COFFERDAM_TOKEN, or unix:PATH.
"""

import faulthandler
import gc
import json
import os
import queue
import sys
import threading
import time

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

# Seconds for one call; a call that hangs fails the test instead of stopping it.
PATIENCE = float(os.environ.get("COFFERDAM_TEST_PATIENCE", 60))

# The collector may find an old call while the library holds the lock of that call's state, and then waits for
# itself.
gc.disable()
# Whatever else waits for ever ends with the place where it does.
faulthandler.dump_traceback_later(10 * PATIENCE, exit=True)

proto, generated, address, action, *arguments = sys.argv[1:]
flags = ["protoc", f"-I{proto}", f"--python_out={generated}", f"--grpc_python_out={generated}"]
protos = [f"cofferdam/v1/{name}.proto" for name in ("agents", "images", "reviews", "tools")]
if protoc.main(flags + ["openotters/agent/v1/agent.proto"] + protos) != 0:
    sys.exit("protoc failed")
sys.path.insert(0, generated)

from openotters.agent.v1 import agent_pb2 as pb  # noqa: E402
from openotters.agent.v1 import agent_pb2_grpc  # noqa: E402



class SendToken(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor):
    """Puts the operator's token into every request, and the trace that this client is in."""

    def __init__(self, token):
        self.entries = [("authorization", f"Bearer {token}")]
        if "COFFERDAM_TEST_TRACEPARENT" in os.environ:
            self.entries.append(("traceparent", os.environ["COFFERDAM_TEST_TRACEPARENT"]))

    def intercept(self, continuation, details, request):
        metadata = list(details.metadata or []) + self.entries
        return continuation(details._replace(metadata=metadata), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_stream = intercept


def connect(address, patience=PATIENCE):
    # A client of gRPC's C core names the path of a unix socket as the host, percent-encoded, which HTTP
    # does not allow in the name of a host: this option makes it name another one.
    options = [("grpc.default_authority", "localhost")] if address.startswith("unix:") else []
    # Otherwise this client takes megabytes of an answer that nobody reads.
    options.append(("grpc.http2.bdp_probe", 0))
    if "COFFERDAM_TEST_CA" in os.environ:
        channel = grpc.secure_channel(address, certificates(), options)
    else:
        channel = grpc.insecure_channel(address, options)
    grpc.channel_ready_future(channel).result(timeout=patience)
    return channel


def certificates():
    """The authority of the host's certificate, and this client's own one where it has one."""
    files = [os.environ.get(f"COFFERDAM_TEST_{name}") for name in ("CA", "KEY", "CERTIFICATE")]
    return grpc.ssl_channel_credentials(*(open(file, "rb").read() if file else None for file in files))


def sending_token(channel):
    token = os.environ.get("COFFERDAM_TOKEN")
    return grpc.intercept_channel(channel, SendToken(token)) if token else channel


if action == "reaches":
    # Whether a connection comes about: bad certificates are tried again and again.
    try:
        connect(address, patience=float(arguments[0]))
        print(json.dumps(True))
    except grpc.FutureTimeoutError:
        print(json.dumps(False))
    sys.exit()
bare = connect(address)
channel = sending_token(bare)
runtime = agent_pb2_grpc.AgentRuntimeStub(channel)


def to(agent):
    return (("cofferdam-agent", agent),)


def status_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return [error.code().name, error.details()]
    return ["OK", ""]


def services():
    return sorted(ProtoReflectionDescriptorDatabase(channel).get_services())


def health(service):
    reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)


def healths():
    """The health of every service that there is."""
    return {service: health(service) for service in services()}


def guesses(count):
    """Milliseconds that each of so many requests with a wrong token takes."""
    return [milliseconds(lambda: raw("/grpc.health.v1.Health/Check", token=f"wrong{n}")) for n in range(int(count))]


def details(path):
    """The details of the error with which a call ends, as text."""
    call = channel.unary_unary(path, request_serializer=lambda raw: raw, response_deserializer=bytes)
    try:
        call(b"", timeout=PATIENCE)
    except grpc.RpcError as error:
        found = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        return found.decode(errors="replace")
def prompt_object(**fields):
    reply = runtime.PromptObject(pb.PromptObjectRequest(**fields), timeout=PATIENCE)
    return [reply.object_json.decode(), reply.raw_text]


def about():
    reply = runtime.Health(pb.HealthRequest(), timeout=PATIENCE)
    return {
        "health": [reply.status, reply.agent_name, reply.model],
        "ready": runtime.Ready(pb.ReadyRequest(), timeout=PATIENCE).ready,
    }


def about_runtime():
    schema = b'{"type": "object", "required": ["n"]}'
    return about() | {
        "prompt_object": prompt_object(prompt='object {"n": 1, ', schema_json=schema, schema_name="number"),
        "no_object": [
            status_of(lambda: prompt_object(prompt="x")),
            status_of(lambda: prompt_object(prompt="x", schema_json=schema, schema_name="a b")),
        ],
    }


def stream(session, prompt):
    request = pb.ChatStreamRequest(session_id=session, prompt=prompt)
    return [[event.type, event.content] for event in runtime.ChatStream(request, timeout=PATIENCE)]


def chat(session, prompt):
    return runtime.Chat(pb.ChatRequest(session_id=session, prompt=prompt), timeout=PATIENCE).response


def messages(session):
    reply = runtime.ListSessionMessages(pb.ListSessionMessagesRequest(session_id=session), timeout=PATIENCE)
    return [[message.role, message.content, message.created_at] for message in reply.messages]


def regenerate(session):
    request = pb.ChatStreamRequest(session_id=session, regenerate=True)
    return status_of(lambda: list(runtime.ChatStream(request, timeout=PATIENCE)))


def branches(session):
    reply = runtime.ListSessionMessages(pb.ListSessionMessagesRequest(session_id=session), timeout=PATIENCE)
    return [
        {"content": message.content, "branches_json": message.branches_json, "active_branch": message.active_branch}
        for message in reply.messages
    ]


def sessions(agent=None):
    reply = runtime.ListSessions(pb.ListSessionsRequest(), timeout=PATIENCE, metadata=to(agent) if agent else None)
    return [[session.id, session.message_count] for session in reply.sessions]


def delete(session):
    return status_of(lambda: runtime.DeleteSession(pb.DeleteSessionRequest(session_id=session), timeout=PATIENCE))[0]


def mistakes():
    def turn(prompt, agent="a", **fields):
        request = pb.ChatStreamRequest(session_id="s", prompt=prompt, **fields)
        metadata = to(agent) if agent else None
        return status_of(lambda: list(runtime.ChatStream(request, timeout=PATIENCE, metadata=metadata)))

    # Field 2 of ChatRequest, a string, with a byte that no UTF-8 text has.
    raw = channel.unary_unary(
        "/openotters.agent.v1.AgentRuntime/Chat", request_serializer=lambda raw: raw, response_deserializer=bytes
    )
    return {
        "no agent named": turn("hello", agent=None),
        "unknown agent": turn("hello", agent="nobody"),
        "empty prompt": turn(""),
        "prompt of 10 MiB": turn("a" * (10 << 20)),
        "request of 13 MiB": turn("a" * (13 << 20)),
        "invalid UTF-8": status_of(lambda: raw(b"\x12\x01\xff", timeout=PATIENCE, metadata=to("a"))),
    }


def statuses():
    health_stub = health_pb2_grpc.HealthStub(channel)
    list_agents = channel.unary_unary(
        "/cofferdam.v1.Agents/ListAgents", request_serializer=lambda raw: raw, response_deserializer=bytes
    )
    return {
        "health": status_of(lambda: health_stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)),
        "reflection": status_of(lambda: reflected("grpc.health.v1.Health")),
        "ready": status_of(lambda: runtime.Ready(pb.ReadyRequest(), timeout=PATIENCE)),
        "agents": status_of(lambda: list_agents(b"", timeout=PATIENCE)),
        "chat": status_of(lambda: list(runtime.ChatStream(pb.ChatStreamRequest(prompt="hello"), timeout=PATIENCE))),
        "nothing": status_of(lambda: channel.unary_unary("/no.Service/Method")(b"", timeout=PATIENCE)),
    }


def reflected(name):
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)
    return list(stub.ServerReflectionInfo(iter([request]), timeout=PATIENCE))


def unread(agent, prompt, count):
    """Begins turns and reads nothing of them, until standard input ends; then tells how many were refused."""
    metadata = to(agent)
    calls = [
        runtime.ChatStream(pb.ChatStreamRequest(session_id=f"unread {number}", prompt=prompt), metadata=metadata)
        for number in range(int(count))
    ]
    # The head of an answer comes when its turn has been let in, or was not.
    refused = sum(call.initial_metadata() is not None and call.done() for call in calls)
    print(json.dumps(refused), flush=True)
    sys.stdin.read()
    return [call.code().name if call.done() else "OPEN" for call in calls]


def unfinished(count, mebibytes):
    """Sends requests that do not end, each with so many MiB. Tells which one is refused first, and goes at the end of
    standard input."""
    request = pb.ChatRequest(prompt="a" * (int(mebibytes) << 20)).SerializeToString()
    going = threading.Event()

    def one():
        yield request
        going.wait()

    method = channel.stream_unary("/openotters.agent.v1.AgentRuntime/Chat", request_serializer=lambda raw: raw)
    calls = [method.future(one()) for _ in range(int(count))]
    refused = queue.SimpleQueue()
    for call in calls:
        call.add_done_callback(refused.put)
    first = refused.get(timeout=PATIENCE)
    print(json.dumps([first.code().name, first.details()]), flush=True)
    sys.stdin.read()
    for call in calls:
        call.cancel()
    going.set()
    return [call.code().name for call in calls]


def slow(session, prompt):
    """Reads the rest of an answer when it is told to, by the end of standard input."""
    events = iter(runtime.ChatStream(pb.ChatStreamRequest(session_id=session, prompt=prompt), timeout=PATIENCE))
    first = next(events)
    print(json.dumps(first.type), flush=True)
    sys.stdin.read()
    return [first.type] + [event.type for event in events]


def turns(other, count):
    """Takes turns here and at another address, and tells the median time of each, in milliseconds."""
    stubs = [runtime, agent_pb2_grpc.AgentRuntimeStub(sending_token(connect(other)))]

    def turn(stub):
        return list(stub.ChatStream(pb.ChatStreamRequest(prompt="hello"), timeout=PATIENCE))

    # One after the other, so that whatever else the machine does slows both.
    times = [[milliseconds(lambda: turn(stub)) for stub in stubs] for _ in range(int(count))]
    return [sorted(column)[len(column) // 2] for column in zip(*times)]


def milliseconds(act):
    began = time.monotonic()
    act()
    return (time.monotonic() - began) * 1000


def latencies(agent, count):
    """Tells the 99th percentile of so many requests of each kind, in milliseconds."""
    health_stub = health_pb2_grpc.HealthStub(channel)
    list_agents = channel.unary_unary(
        "/cofferdam.v1.Agents/ListAgents", request_serializer=lambda raw: raw, response_deserializer=bytes
    )
    turn = pb.ChatRequest(prompt="hello")
    requests = {
        "ps": lambda: list_agents(b"", timeout=PATIENCE),
        "health": lambda: health_stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE),
        "chat": lambda: runtime.Chat(turn, timeout=PATIENCE, metadata=to(agent)),
    }
    return {name: percentile(request, int(count)) for name, request in requests.items()}


def percentile(request, count):
    return sorted(milliseconds(request) for _ in range(count))[(count * 99) // 100 - 1]


def call_tools(agent, tool, size, count):
    """Calls a tool so many times at once, with many values in so many bytes, and tells its answers."""
    from cofferdam.v1 import tools_pb2, tools_pb2_grpc

    value = '{"":0},'
    request = tools_pb2.CallToolRequest(name=tool, input="[" + value * (int(size) // len(value)) + "0]")
    stub = tools_pb2_grpc.ToolsStub(channel)
    calls = [stub.CallTool(request, timeout=PATIENCE, metadata=to(agent)) for _ in range(int(count))]
    return [answer(call) for call in calls]


def call_tool(agent, tool, input):
    """Calls a tool, and tells the receipt of the call."""
    from cofferdam.v1 import tools_pb2, tools_pb2_grpc

    request = tools_pb2.CallToolRequest(name=tool, input=input)
    call = tools_pb2_grpc.ToolsStub(channel).CallTool(request, timeout=PATIENCE, metadata=to(agent))
    return json.loads(list(call)[-1].result.receipt)


def hold(agent, tool, count):
    """Calls a tool again and again, so many times at once, with an input that takes long to check."""
    from cofferdam.v1 import tools_pb2, tools_pb2_grpc

    request = tools_pb2.CallToolRequest(name=tool, input='{"a":' * 80 + "{}" + "}" * 80)
    stub = tools_pb2_grpc.ToolsStub(channel)

    def again():
        while True:
            answer(stub.CallTool(request, metadata=to(agent)))

    for _ in range(int(count)):
        threading.Thread(target=again, daemon=True).start()
    print(json.dumps("held"), flush=True)
    sys.stdin.read()
    os._exit(0)


def answer(call):
    try:
        result = list(call)[-1].result
        return [result.failed, result.content[:1000]]
    except grpc.RpcError as error:
        return [True, error.details()]


def transferred(events):
    """The last event, and whether the first one told of progress."""
    events = list(events)
    result = events[-1].result
    return {
        "digest": result.digest,
        "moved_from": result.moved_from,
        "size": result.size,
        "present": result.present,
        "progress": [[event.progress.digest, event.progress.total] for event in events[:-1]],
    }


def images(method, *fields):
    """images METHOD [FIELD=VALUE…]: one call of cofferdam.v1.Images."""
    from cofferdam.v1 import images_pb2, images_pb2_grpc
    from google.protobuf import json_format

    request = getattr(images_pb2, f"{method}Request")()
    for name, value in (field.split("=", 1) for field in fields):
        setattr(request, name, {"true": True, "false": False}.get(value, value))
    call = getattr(images_pb2_grpc.ImagesStub(channel), method)
    try:
        answer = call(request, timeout=PATIENCE)
        if method in ("PullImage", "PushImage"):
            return transferred(answer)
        return json_format.MessageToDict(answer, preserving_proto_field_name=True)
    except grpc.RpcError as error:
        return [error.code().name, error.details()]


def reviews(method, *fields):
    """reviews METHOD [FIELD=VALUE…]: one call of cofferdam.v1.Reviews. A value `@FILE` is the content of a file. Tells
    the answer, or all of them; of an error its code, its sentence and its details as text."""
    from cofferdam.v1 import reviews_pb2, reviews_pb2_grpc

    request = getattr(reviews_pb2, f"{method}Request")()
    for name, value in (field.split("=", 1) for field in fields):
        if value.startswith("@"):
            value = open(value[1:], "rb").read()
        if name == "ids":
            request.ids.append(value)
        else:
            setattr(request, name, int(value) if name == "limit" else value)
    call = getattr(reviews_pb2_grpc.ReviewsStub(channel), method)
    try:
        answer = call(request, timeout=PATIENCE)
        return [plain(one) for one in answer] if hasattr(answer, "cancel") else plain(answer)
    except grpc.RpcError as error:
        found = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        return {"code": error.code().name, "sentence": error.details(), "details": found.decode(errors="replace")}


def plain(message):
    """A message as JSON has it, with bytes as text."""
    from google.protobuf import json_format

    told = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return told | ({"envelope": message.envelope.decode()} if "envelope" in told else {})


def life(file):
    """Takes an agent from its creation to its removal, and tells what was seen of it on the way."""
    from cofferdam.v1 import agents_pb2 as agents
    from cofferdam.v1 import agents_pb2_grpc

    stub = agents_pb2_grpc.AgentsStub(channel)

    def create(path):
        return list(stub.CreateAgent(agents.CreateAgentRequest(agentfile=path), timeout=PATIENCE))

    events = create(file)
    created = events[-1].agent
    statuses = stub.WatchAgent(agents.WatchAgentRequest(agent=created.id), timeout=PATIENCE)
    seen = [next(statuses).status]
    taken = status_of(lambda: create(file))
    runtime.Chat(pb.ChatRequest(prompt="run one"), timeout=PATIENCE, metadata=to("a"))
    stats = stub.GetAgentStats(agents.GetAgentStatsRequest(agent="a"), timeout=PATIENCE)
    stop = lambda: stub.StopAgent(agents.StopAgentRequest(agent="a"), timeout=PATIENCE)  # noqa: E731
    stop()
    while seen[-1] != "stopped":
        seen.append(next(statuses).status)
    twice = status_of(stop)
    stub.RemoveAgent(agents.RemoveAgentRequest(agent="a"), timeout=PATIENCE)
    seen += [status.status for status in statuses]
    return {
        "created": {"status": created.status, "first_generation_status": created.first_generation_status},
        "steps": [event.step.status for event in events[:-1]],
        "seen": seen,
        "stats": [[tool.tool, tool.calls] for tool in stats.tools],
        "taken": taken,
        "twice": twice,
        "unknown": status_of(lambda: stub.GetAgent(agents.GetAgentRequest(agent="a"), timeout=PATIENCE)),
        "relative": status_of(lambda: create("Agentfile")),
    }


def save_note(key, content, **quota):
    request = pb.SaveNoteRequest(key=key, content=content, **quota)
    reply = runtime.SaveNote(request, timeout=PATIENCE)
    note = reply.note
    return [note.key, note.content, note.preview, note.in_context, reply.overwrote]


def pin_note(key):
    request = pb.SetNoteInContextRequest(key=key, in_context=True)
    return runtime.SetNoteInContext(request, timeout=PATIENCE).note.in_context


def notes():
    def keys(**which):
        reply = runtime.ListNotes(pb.ListNotesRequest(**which), timeout=PATIENCE)
        return [note.key for note in reply.notes]

    def delete(key):
        return runtime.DeleteNote(pb.DeleteNoteRequest(key=key), timeout=PATIENCE).deleted

    def get(key):
        return runtime.GetNote(pb.GetNoteRequest(key=key), timeout=PATIENCE).note

    saved = save_note("team", "They are\nblue.")
    overwrote = save_note("team", "They are red.")[4]
    save_note("other", "x")
    pin_note("team")
    assert get("team").content == "They are red."
    return {
        "saved": saved,
        "overwrote": overwrote,
        "pinned": keys(only_in_context=True),
        "all": keys(),
        "unknown": status_of(lambda: get("nobody")),
        "key": status_of(lambda: save_note("Not a key", "x")),
        "long": status_of(lambda: save_note("long", "1234", max_bytes=3)),
        "full": status_of(lambda: save_note("third", "x", max_count=2)),
        "deleted": [delete("team"), delete("team")],
    }


def methods():
    """Every method that the services describe, by its path."""
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = descriptor_pool.DescriptorPool(database)
    found = {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/orloj.tool.v1.ToolService/Execute"}
    for service in database.get_services():
        found.update(f"/{service}/{method.name}" for method in pool.FindServiceByName(service).methods)
    return sorted(found)


def raw(path, message="", agent=None, token=None):
    """Sends a message, in hexadecimal digits, and tells how that went: the first answer is enough."""
    metadata = list(to(agent)) if agent else []
    metadata += [("authorization", f"Bearer {token}")] if token else []
    sends = bare.stream_stream(path, request_serializer=lambda raw: raw, response_deserializer=bytes)
    call = sends(iter([bytes.fromhex(message)]), timeout=PATIENCE, metadata=metadata)
    try:
        next(call, None)
    except grpc.RpcError as error:
        return [error.code().name, error.details()]
    finally:
        call.cancel()
    return ["OK", ""]


def ending(path):
    """The field by which a stream that follows a session ends where nothing happens."""
    return b"\x18\x01" if path.endswith("/FollowSession") else b""


def walk(tokens, message="", agent=None):
    """Calls every method with each of these tokens, and tells whether it was let through."""
    found = {}
    for path in methods():
        found[path] = {}
        for name, token in json.loads(tokens).items():
            code, details = raw(path, message + ending(path).hex(), agent, token)
            refusals = {"PERMISSION_DENIED": "-", "UNAUTHENTICATED": "?"}
            unknown = code == "UNIMPLEMENTED" and details == "this host has no such method"
            found[path][name] = "!" if unknown else refusals.get(code, "+")
    return found


def answers(agent):
    """Everything that every method answers, in hexadecimal digits: about nothing, and about an agent where that ends
    and changes nothing."""
    changes = ("Create", "Delete", "Pull", "Push", "Remove", "Restart", "Rotate", "Start", "Stop")
    named = b"\x0a" + bytes([len(agent)]) + agent.encode()
    told = []
    for path in methods():
        about = [b""] if path.rsplit("/", 1)[1].startswith(changes) else [b"", named]
        told += [everything(path, message, to(agent)) for message in about]
    return told


def everything(path, message, metadata):
    """The first answers to a message, and all that its status has."""
    sends = channel.stream_stream(path, request_serializer=lambda raw: raw, response_deserializer=bytes)
    call = sends(iter([message + ending(path)]), timeout=PATIENCE, metadata=metadata)
    told = [path.encode()]
    try:
        told += [answer for _, answer in zip(range(1), call)]
        call.cancel()
    except grpc.RpcError as error:
        told.append(error.details().encode())
        told += [value if isinstance(value, bytes) else value.encode() for _, value in error.trailing_metadata()]
    return b" ".join(told).hex()


def cut(agent, prompt):
    """Follows a turn until it ends, and tells its first event and then its status."""
    events = runtime.ChatStream(pb.ChatStreamRequest(session_id="cut", prompt=prompt), metadata=to(agent))
    for event in events:
        if event.type == "tool.call":
            print(json.dumps(event.type), flush=True)
            break
    return status_of(lambda: list(events))


ACTIONS = {
    "save_note": save_note,
    "pin_note": pin_note,
    "notes": notes,
    "methods": methods,
    "raw": raw,
    "walk": walk,
    "healths": healths,
    "guesses": guesses,
    "details": details,
    "answers": answers,
    "cut": cut,
    "images": images,
    "life": life,
    "statuses": statuses,
    "regenerate": regenerate,
    "reviews": reviews,
    "branches": branches,
    "unread": unread,
    "unfinished": unfinished,
    "slow": slow,
    "turns": turns,
    "latencies": latencies,
    "call_tool": call_tool,
    "call_tools": call_tools,
    "hold": hold,
    "services": services,
    "health": health,
    "about": about,
    "runtime": about_runtime,
    "stream": stream,
    "chat": chat,
    "messages": messages,
    "sessions": sessions,
    "delete": delete,
    "mistakes": mistakes,
}
print(json.dumps(ACTIONS[action](*arguments)))
