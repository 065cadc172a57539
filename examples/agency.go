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

func check(err error) {
	if err != nil {
		log.Fatalln(err)
	}
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

// exchange sends a request and returns the type and the payload of the reply.
func exchange(address string, request []byte) (kind byte, reply []byte, err error) {
	if connection == nil {
		if connection, err = net.DialTimeout("tcp", address, time.Minute); err != nil {
			return
		}
	}
	connection.SetDeadline(time.Now().Add(time.Minute))
	head := make([]byte, 5)
	if _, err = connection.Write(request); err == nil {
		if _, err = io.ReadFull(connection, head); err == nil {
			reply = make([]byte, binary.BigEndian.Uint32(head[1:]))
			_, err = io.ReadFull(connection, reply)
		}
	}
	return head[0], reply, err
}

// ask returns code 0 for OK, and tries again what may succeed.
func ask(kind byte, payload []byte) (code byte, index int, reason string) {
	request := append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload))), payload...)
	for attempt := 0; attempt < 10; attempt++ {
		kind, reply, err := exchange(os.Args[2], request)
		if err != nil {
			reason = err.Error()
		} else if kind == ok {
			return 0, 0, ""
		} else {
			code, index, reason = reply[0], int(binary.BigEndian.Uint16(reply[1:])), string(reply[3:])
			if code != storage && code != shuttingDown && code != busy {
				return
			}
		}
		if connection != nil {
			connection.Close()
			connection = nil
		}
		time.Sleep(100 * time.Millisecond << attempt)
	}
	log.Fatalln("Cannot reach the central:", reason)
	return
}

func main() {
	if len(os.Args) != 4 {
		log.Fatalln("Usage: agency.go ID HOST:PORT FILE")
	}
	agency, err := strconv.ParseUint(os.Args[1], 10, 32)
	check(err)
	content, err := os.ReadFile(os.Args[3])
	check(err)
	content = bytes.ReplaceAll(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), []byte("\r\n"), []byte("\n"))
	content = append(bytes.TrimSuffix(content, []byte("\n")), '\n')
	reader := csv.NewReader(bytes.NewReader(content))
	reader.FieldsPerRecord, reader.LazyQuotes = -1, true
	rows, err := reader.ReadAll()
	check(err)
	var places []string
	for _, row := range rows {
		if strings.Trim(strings.Join(row, ""), " \t;") != "" {
			places = append(places, pack(row))
		}
	}
	identity := append(binary.BigEndian.AppendUint32(nil, uint32(agency)), fingerprint(content)...)
	for first := 0; first < len(places); {
		count, size := 0, 5+18
		for ; count < 150 && first+count < len(places) && size+len(places[first+count]) <= 8192; count++ {
			size += len(places[first+count])
		}
		batch := places[first : first+count]
		for strings.Trim(strings.Join(batch, ""), gap) != "" {
			head := binary.BigEndian.AppendUint32(append([]byte{}, identity...), uint32(first))
			head = binary.BigEndian.AppendUint16(head, uint16(count))
			code, index, reason := ask(bet, append(head, strings.Join(batch, "")...))
			if code == 0 {
				break
			}
			if code != invalidBet && code != bettingClosed {
				log.Fatalln(reason)
			}
			for at := range batch {
				if batch[at] != gap && (at == index || code == bettingClosed) {
					log.Println("record", first+at+1, "is refused:", reason)
					batch[at] = gap
				}
			}
		}
		first += count
	}
	if code, _, reason := ask(finish, identity[:4]); code != 0 {
		log.Fatalln(reason)
	}
	refused := 0
	for _, place := range places {
		if place == gap {
			refused++
		}
	}
	fmt.Println(len(places), "records,", refused, "refused")
	if refused > 0 {
		os.Exit(2)
	}
}
