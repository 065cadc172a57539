"""An agency in Python, as docs/protocol.md describes it: agency.py ID HOST:PORT FILE"""
import csv, hashlib, io, socket, struct, sys, time

BET, OK, FINISH = 1, 2, 4
INVALID_BET, STORAGE, SHUTTING_DOWN, BETTING_CLOSED, BUSY = 1, 5, 6, 7, 9
GAP = bytes(5)  # in the place of a record that is not sent
MAX_FRAME, MAX_BETS, ATTEMPTS, CHUNK = 8192, 150, 10, 262_144

def fingerprint(content):
    chunks = (content[at:at + CHUNK] for at in range(0, len(content), CHUNK))
    digests = b"".join(hashlib.sha256(chunk).digest() for chunk in chunks)
    return hashlib.sha256(digests).digest()[:8]

def pack(row):
    fields = [field.encode() for field in row]
    if len(fields) != 5 or max(map(len, fields)) > 255:
        return GAP
    return b"".join(bytes([len(field)]) + field for field in fields)

class Central:
    def __init__(self, address):
        self.address, self.connection = address.rsplit(":", 1), None

    def ask(self, kind, payload):
        """Returns None for OK, else (code, index, reason); tries again what may succeed."""
        for attempt in range(ATTEMPTS):
            try:
                self.connection = self.connection or socket.create_connection(self.address, 60)
                self.connection.sendall(struct.pack(">BI", kind, len(payload)) + payload)
                reply, size = struct.unpack(">BI", self.read(5))
                body = self.read(size)
                if reply == OK:
                    return None
                code, index, error = *struct.unpack(">BH", body[:3]), body[3:].decode()
                if code not in (STORAGE, SHUTTING_DOWN, BUSY):
                    return code, index, error
            except OSError as failure:
                error = failure
            self.connection = self.connection and self.connection.close()
            time.sleep(min(0.1 * 2 ** attempt, 10))
        sys.exit(f"Cannot reach the central: {error}")

    def read(self, size):
        data = b""
        while len(data) < size:  # it may arrive in pieces
            data += (piece := self.connection.recv(size - len(data)))
            if not piece:
                raise ConnectionError("the central closed the connection")
        return data

def main(agency, address, path):
    content = open(path, "rb").read().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    content = content.removesuffix(b"\n") + b"\n"
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    places = [pack(row) for row in rows if "".join(row).strip(" \t;")]
    central, first, refused = Central(address), 0, places.count(GAP)
    identity = struct.pack(">I", int(agency)) + fingerprint(content)
    while first < len(places):
        batch = places[first:first + MAX_BETS]
        while 5 + 18 + sum(map(len, batch)) > MAX_FRAME:
            batch.pop()
        head = identity + struct.pack(">IH", first, len(batch))
        while any(place != GAP for place in batch):
            if not (error := central.ask(BET, head + b"".join(batch))):
                break
            code, index, reason = error
            if code not in (INVALID_BET, BETTING_CLOSED):
                sys.exit(reason)
            sent = [at for at, place in enumerate(batch) if place != GAP]
            for at in [index] if code == INVALID_BET else sent:
                print(f"record {first + at + 1} is refused: {reason}", file=sys.stderr)
                refused, batch[at] = refused + 1, GAP
        first += len(batch)
    if error := central.ask(FINISH, identity[:4]):
        sys.exit(error[2])
    print(f"{len(places)} records, {refused} refused")
    sys.exit(2 if refused else 0)

main(*sys.argv[1:]) if len(sys.argv) == 4 else sys.exit("Usage: agency.py ID HOST:PORT FILE")
