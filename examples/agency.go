// An agency in Go, as docs/protocol.md describes it: go run agency.go ID HOST:PORT FILE
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const bet, ok, finish = 1, 2, 4
const invalidBet, storage, shuttingDown, bettingClosed, busy = 1, 5, 6, 7, 9
const gap = "\x00\x00\x00\x00\x00" // in the place of a record that is not sent

var connection net.Conn

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatalln(err)
	}
	return value
}

func fingerprint(content []byte) []byte {
	digests := sha256.New()
	for chunk := bytes.NewBuffer(content); chunk.Len() > 0; {
		digest := sha256.Sum256(chunk.Next(262144))
		digests.Write(digest[:])
	}
	return digests.Sum(nil)[:8]
}

func pack(row []string) (place string) {
	for _, field := range row {
		if len(row) != 5 || len(field) > 255 {
			return gap
		}
		place += string([]byte{byte(len(field))}) + field
	}
	return
}

// exchange sends a request and returns the payload of an ERROR, or nil for OK.
func exchange(request []byte) (reply []byte, err error) {
	if connection == nil {
		if connection, err = net.DialTimeout("tcp", os.Args[2], time.Minute); err != nil {
			return
		}
	}
	connection.SetDeadline(time.Now().Add(time.Minute))
	connection.Write(request) // if it fails, so does reading
	head := make([]byte, 5)
	if _, err = io.ReadFull(connection, head); err != nil {
		return
	}
	reply = make([]byte, binary.BigEndian.Uint32(head[1:]))
	if _, err = io.ReadFull(connection, reply); err != nil || head[0] == ok {
		return nil, err
	}
	if code := reply[0]; code == storage || code == shuttingDown || code == busy {
		err = fmt.Errorf("%s", reply[3:])
	}
	return
}

// ask tries again what may succeed.
func ask(kind byte, payload []byte) []byte {
	request := append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload))), payload...)
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		reply, err := exchange(request)
		if err == nil {
			return reply
		} else if wait > time.Minute {
			log.Fatalln("Cannot reach the central:", err)
		}
		if connection != nil {
			connection.Close()
			connection = nil
		}
		time.Sleep(wait)
	}
}

func main() {
	if len(os.Args) != 4 {
		log.Fatalln("Usage: agency.go ID HOST:PORT FILE")
	}
	content := bytes.TrimPrefix(must(os.ReadFile(os.Args[3])), []byte("\xef\xbb\xbf"))
	content = append(bytes.TrimSuffix(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), []byte("\n")), '\n')
	reader := csv.NewReader(bytes.NewReader(content))
	reader.FieldsPerRecord, reader.LazyQuotes = -1, true
	var places []string
	for _, row := range must(reader.ReadAll()) {
		if strings.Trim(strings.Join(row, ""), " \t;") != "" {
			places = append(places, pack(row))
		}
	}
	id := binary.BigEndian.AppendUint32(nil, uint32(must(strconv.ParseUint(os.Args[1], 10, 32))))
	identity := append(id, fingerprint(content)...)
	for first, last := 0, 0; first < len(places); first = last {
		size := 5 + 18
		for last < len(places) && last-first < 150 && size+len(places[last]) <= 8192 {
			size += len(places[last])
			last++
		}
		batch := places[first:last]
		for strings.Trim(strings.Join(batch, ""), gap) != "" {
			payload := binary.BigEndian.AppendUint32(append([]byte{}, identity...), uint32(first))
			payload = binary.BigEndian.AppendUint16(payload, uint16(len(batch)))
			refusal := ask(bet, append(payload, strings.Join(batch, "")...))
			if refusal == nil {
				break
			} else if refusal[0] != invalidBet && refusal[0] != bettingClosed {
				log.Fatalf("%s", refusal[3:])
			}
			for at := range batch {
				isNamed := at == int(binary.BigEndian.Uint16(refusal[1:]))
				if batch[at] != gap && (isNamed || refusal[0] == bettingClosed) {
					log.Printf("record %d is refused: %s", first+at+1, refusal[3:])
					batch[at] = gap
				}
			}
		}
	}
	if refusal := ask(finish, id); refusal != nil {
		log.Fatalf("%s", refusal[3:])
	}
	refused := strings.Count(strings.Join(places, "\n")+"\n", gap+"\n")
	fmt.Println(len(places), "records,", refused, "refused")
	if refused > 0 {
		os.Exit(2)
	}
}
