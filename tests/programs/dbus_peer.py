"""A client of a message bus that sends or takes descriptors, without a library.

receive SOCKET      prints its name on the bus, takes a call with two descriptors, reads
                    the one to its end, writes that to the other, and answers
send SOCKET NAME    calls with the ends of two pipes, writes its input to the one, and
                    prints what the other brings
"""

import os
import socket
import struct
import sys

CALL, RETURN = 1, 2
# Fields of a header, and the types of their values.
PATH, INTERFACE, MEMBER, REPLY_TO, TO, FROM, SIGNATURE, DESCRIPTORS = 1, 2, 3, 5, 6, 7, 8, 9
TYPES = {PATH: "o", REPLY_TO: "u", SIGNATURE: "g", DESCRIPTORS: "u"}


def aligned(data, to):
    return data + bytes(-len(data) % to)


class Bus:
    def __init__(self, path):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.connect(path)
        self.data, self.descriptors, self.serial = b"", [], 0
        identity = str(os.getuid()).encode().hex()
        self.stream.sendall(b"\0AUTH EXTERNAL %s\r\n" % identity.encode())
        self.expect_line(b"OK ")
        self.stream.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        self.expect_line(b"AGREE_UNIX_FD")
        self.stream.sendall(b"BEGIN\r\n")
        driver = "org.freedesktop.DBus"
        hello = {PATH: "/org/freedesktop/DBus", INTERFACE: driver, MEMBER: "Hello", TO: driver}
        body = self.ask(hello)
        self.name = body[4 : 4 + struct.unpack_from("=I", body)[0]].decode()

    def receive(self):
        data, descriptors, _, _ = socket.recv_fds(self.stream, 4096, 16)
        if not data:
            sys.exit("the bus has closed the connection")
        self.data += data
        self.descriptors += descriptors

    def take(self, length):
        while len(self.data) < length:
            self.receive()
        taken, self.data = self.data[:length], self.data[length:]
        return taken

    def expect_line(self, start):
        while b"\r\n" not in self.data:
            self.receive()
        line, self.data = self.data.split(b"\r\n", 1)
        if not line.startswith(start):
            sys.exit("the bus says %r" % line)

    def send(self, kind, fields, body=b"", descriptors=()):
        self.serial += 1
        array = b""
        for code, value in fields.items():
            kind_of_value = TYPES.get(code, "s")
            array = aligned(array, 8) + struct.pack("=BB", code, 1) + kind_of_value.encode() + b"\0"
            if kind_of_value == "u":
                array += struct.pack("=I", value)
            else:
                length = "=B" if kind_of_value == "g" else "=I"
                array += struct.pack(length, len(value)) + value.encode() + b"\0"
        order = b"l" if sys.byteorder == "little" else b"B"
        header = order + struct.pack("=BBBIII", kind, 0, 1, len(body), self.serial, len(array))
        message = aligned(header + array, 8) + body
        # So short a message goes as a whole; and to send no rest would fail if the other
        # side has closed meanwhile.
        if socket.send_fds(self.stream, [message], descriptors) < len(message):
            sys.exit("a message has been sent in part")

    def next(self):
        """The next message: its kind, serial number, fields, body and descriptors."""
        start = self.take(16)
        kind, length, serial, fields_length = struct.unpack("=xBxxIII", start)
        array = self.take(fields_length + -fields_length % 8)
        body = self.take(length)
        fields, at = {}, 0
        while at < fields_length:
            code, kind_of_value = array[at], chr(array[at + 2])
            at += 4
            if kind_of_value == "u":
                fields[code] = struct.unpack_from("=I", array, at)[0]
                at += 4
            else:
                size = 1 if kind_of_value == "g" else 4
                count = array[at] if size == 1 else struct.unpack_from("=I", array, at)[0]
                fields[code] = array[at + size : at + size + count].decode()
                at += size + count + 1
            at += -at % 8
        announced = fields.get(DESCRIPTORS, 0)
        if len(self.descriptors) < announced:
            here = len(self.descriptors)
            sys.exit("%d descriptors are announced, %d descriptors are here" % (announced, here))
        descriptors = self.descriptors[:announced]
        self.descriptors = self.descriptors[announced:]
        return kind, serial, fields, body, descriptors

    def ask(self, fields, body=b"", descriptors=()):
        self.send(CALL, fields, body, descriptors)
        return self.answer(self.serial)

    def answer(self, serial):
        while True:
            kind, _, fields, body, _ = self.next()
            if fields.get(REPLY_TO) == serial:
                if kind != RETURN:
                    sys.exit("an error is the answer: %r" % body)
                return body


def receive(bus):
    print(bus.name, flush=True)
    kind = None
    while kind != CALL:
        kind, serial, fields, _, descriptors = bus.next()
    source, sink = descriptors
    with open(source, "rb") as source:
        data = source.read()
    with open(sink, "wb") as sink:
        sink.write(data)
    bus.send(RETURN, {TO: fields[FROM], REPLY_TO: serial})


def send(bus, name):
    source, there = os.pipe()
    back, sink = os.pipe()
    call = {PATH: "/", MEMBER: "Take", TO: name, SIGNATURE: "hh", DESCRIPTORS: 2}
    bus.send(CALL, call, struct.pack("=II", 0, 1), [source, sink])
    serial = bus.serial
    os.close(source)
    os.close(sink)
    try:
        with open(there, "wb") as there:
            there.write(sys.stdin.buffer.read())
    except BrokenPipeError:
        # Nobody has the other end any more. What the bus has to say of that ends this.
        print("nobody reads the pipe", file=sys.stderr)
        bus.answer(serial)
        raise
    with open(back, "rb") as back:
        sys.stdout.buffer.write(back.read())
    bus.answer(serial)


command, path, *args = sys.argv[1:]
{"receive": receive, "send": send}[command](Bus(path), *args)
