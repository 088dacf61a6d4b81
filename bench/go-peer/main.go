// A peer for the bench of taking: the well-known shape of an ingestion server in Go, a queue of jobs
// before a pool of workers, made durable by group commit. It answers 202 once a request is on disk, as
// weir does. It has no quotas, no receipts and no delivery: its workers drop what they are given.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
)

const (
	maxBody    = 8 << 20
	maxQueue   = 100_000
	maxWorkers = 16
)

// payload is looked into as far as weir looks into an event.
type payload struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

type job struct{ payload payload }

// commit is one write that many requests wait for.
type commit struct {
	bytes []byte
	done  chan struct{}
	err   error
}

type record struct {
	body   []byte
	joined chan *commit
}

func main() {
	jobs := make(chan job, maxQueue)
	for range maxWorkers {
		go work(jobs)
	}
	records := make(chan record, maxQueue)
	path := filepath.Join(os.Getenv("WEIR_DATA_DIR"), "peer.log")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND|syscall.O_DSYNC, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	go commitAll(file, records)

	http.HandleFunc("POST /v1/events", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		var event payload
		if err := json.Unmarshal(body, &event); err != nil || event.Type == "" {
			http.Error(w, `expected a JSON object with a "type"`, http.StatusBadRequest)
			return
		}
		joined := make(chan *commit, 1)
		records <- record{body, joined}
		commit := <-joined
		<-commit.done
		if commit.err != nil {
			http.Error(w, commit.err.Error(), http.StatusServiceUnavailable)
			return
		}
		jobs <- job{event}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"accepted":1,"rejected":[]}`)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	log.Fatal(http.Serve(listener, nil))
}

// commitAll writes what gathered while the last write was under way, all at once.
func commitAll(file *os.File, records <-chan record) {
	for {
		next := &commit{done: make(chan struct{})}
		add(next, <-records)
		for gathering := true; gathering; {
			select {
			case one := <-records:
				add(next, one)
			default:
				gathering = false
			}
		}
		_, next.err = file.Write(next.bytes)
		close(next.done)
	}
}

func add(next *commit, one record) {
	next.bytes = binary.LittleEndian.AppendUint32(next.bytes, uint32(len(one.body)))
	next.bytes = binary.LittleEndian.AppendUint32(next.bytes, crc32.ChecksumIEEE(one.body))
	next.bytes = append(next.bytes, one.body...)
	one.joined <- next
}

func work(jobs <-chan job) {
	for range jobs { // an upload that takes no time
	}
}
