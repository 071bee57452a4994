"""Creates, reads, updates and deletes a session on a crudjt server.

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python client.py 127.0.0.1:50051

The stubs are generated from proto/token.proto at each run; a real program generates them once. If the
server requires an access key, set CRUDJT_ACCESS_KEY.
"""

import os
import sys
import tempfile
from pathlib import Path

import grpc
import msgpack
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parents[2] / "proto"
NO_LIMIT = -1
TIMEOUT = 10  # seconds


def generate_stubs():
    with tempfile.TemporaryDirectory() as folder:
        out = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
        if protoc.main(["protoc", f"-I{PROTO}", *out, "token.proto"]) != 0:
            sys.exit(f"cannot compile token.proto in {PROTO}")
        sys.path.insert(0, folder)
        import token_pb2
        import token_pb2_grpc

        return token_pb2, token_pb2_grpc


messages, services = generate_stubs()


class Sessions:
    """The four calls, on plain Python objects."""

    def __init__(self, address):
        key = os.environ.get("CRUDJT_ACCESS_KEY")
        self.metadata = [("authorization", f"Bearer {key}")] if key else []
        self.service = services.TokenServiceStub(grpc.insecure_channel(address))

    def create(self, data, ttl=NO_LIMIT, silence_read=NO_LIMIT):
        packed = msgpack.packb(data)
        request = messages.CreateTokenRequest(packed_data=packed, ttl=ttl, silence_read=silence_read)
        return self._call("CreateToken", request).token

    def read(self, token):
        """Returns the data and the remaining limits; None if the token is not live."""
        reply = self._call("ReadToken", messages.ReadTokenRequest(token=token))
        return msgpack.unpackb(reply.packed_data)

    def update(self, token, data, ttl=NO_LIMIT, silence_read=NO_LIMIT):
        request = messages.UpdateTokenRequest(
            token=token, packed_data=msgpack.packb(data), ttl=ttl, silence_read=silence_read
        )
        return self._call("UpdateToken", request).result

    def delete(self, token):
        return self._call("DeleteToken", messages.DeleteTokenRequest(token=token)).result

    def _call(self, method, request):
        return getattr(self.service, method)(request, timeout=TIMEOUT, metadata=self.metadata)


def main(address):
    sessions = Sessions(address)
    token = sessions.create({"user": 42, "role": "member"}, ttl=600, silence_read=3)
    print("created:", len(token), "characters")
    print("read:", sessions.read(token))
    print("updated:", sessions.update(token, {"user": 42, "role": "admin"}, ttl=60))
    print("read:", sessions.read(token))
    print("deleted:", sessions.delete(token))
    print("read:", sessions.read(token))
    print("updated:", sessions.update(token, {"user": 42}))
    print("deleted:", sessions.delete(token))
    try:
        sessions.create({"user": 42}, ttl=0)
    except grpc.RpcError as error:
        print("a ttl of 0:", error.code().name, "-", error.details())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
