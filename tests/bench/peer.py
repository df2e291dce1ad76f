"""A server or client that shares no code with lsock.

serve echo|discard ADDRESS           prints "ready ADDRESS" when clients can connect
send ADDRESS COUNT                   sends so many bytes, and waits for the end
exchange ADDRESS COUNT               the same, and checks that all of them come back
visit ADDRESS TIMES                  connects so often, each time with eight bytes there and back

An ADDRESS is a path, @NAME or tcp:HOST:PORT.
"""

import asyncio
import socket
import sys
import threading


def connect(address):
    if address.startswith("tcp:"):
        host, port = address[4:].rsplit(":", 1)
        return socket.create_connection((host, int(port)))
    client = socket.socket(socket.AF_UNIX)
    client.connect(local(address))
    return client


def local(address):
    return "\0" + address[1:] if address.startswith("@") else address


async def serve(what, address):
    async def client(reader, writer):
        while data := await reader.read(1 << 16):
            if what == "echo":
                writer.write(data)
                await writer.drain()
        writer.close()

    if address.startswith("tcp:"):
        host, port = address[4:].rsplit(":", 1)
        server = await asyncio.start_server(client, host, int(port))
        host, port = server.sockets[0].getsockname()
        address = f"tcp:{host}:{port}"
    else:
        server = await asyncio.start_unix_server(client, local(address))
    print("ready", address, flush=True)
    await server.serve_forever()


def exchange(address, count, is_echo):
    sent = bytes(number * number >> 7 & 255 for number in range(count))
    with connect(address) as client:

        def send():
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = b""
        while data := client.recv(1 << 16):
            received += data
        sender.join()
    expected = sent if is_echo else b""
    if received != expected:
        sys.exit(f"{len(received)} bytes came back, which are not the {len(expected)} expected")


def visit(address, times):
    for number in range(times):
        with connect(address) as client:
            message = number.to_bytes(8, "big")
            client.sendall(message)
            answer = b""
            while len(answer) < 8 and (data := client.recv(8)):
                answer += data
            if answer != message:
                sys.exit(f"visit {number}: {answer}")


match sys.argv[1:]:
    case ["serve", what, address]:
        asyncio.run(serve(what, address))
    case ["send", address, count]:
        exchange(address, int(count), False)
    case ["exchange", address, count]:
        exchange(address, int(count), True)
    case ["visit", address, times]:
        visit(address, int(times))
    case words:
        sys.exit(f"not understood: {words}")
