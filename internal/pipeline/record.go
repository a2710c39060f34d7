package pipeline

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
)

// A record is what the run cache holds of one run: docs/format/run-record.md
// is its law.
//
//	mlv-run 1
//	key <64 hex>
//	<the entry, indented as in a lock>
//	seconds <decimal>
//	platform <os>/<arch>
//	by <text>
type record struct {
	key      object.ID
	entry    *spec.Entry
	seconds  float64
	platform string
	by       string
}

const recordHead = "mlv-run 1\n"

// format returns the record's text.
func (r *record) format() ([]byte, error) {
	lock, err := (&spec.Lock{Entries: []*spec.Entry{r.entry}}).Format()
	if err != nil {
		return nil, err
	}
	head, err := lockHead()
	if err != nil {
		return nil, err
	}
	b := append([]byte(recordHead), "key "...)
	b = append(r.key.AppendTo(b), '\n')
	b = append(b, lock[len(head):]...)
	b = strconv.AppendFloat(append(b, "seconds "...), r.seconds, 'f', 3, 64)
	b = append(b, "\nplatform "+r.platform...)
	return append(b, "\nby "+strings.ReplaceAll(r.by, "\n", " ")+"\n"...), nil
}

// lockHead returns what stands above the entries of a lock.
func lockHead() ([]byte, error) {
	b, err := new(spec.Lock).Format()
	return append(b, "stages:\n"...), err
}

// parseRecord is the inverse of format. It accepts what format writes alone,
// and only an entry that is intact and has the key.
func parseRecord(b []byte) (*record, error) {
	r := &record{}
	rest, ok := bytes.CutPrefix(b, []byte(recordHead))
	if !ok {
		return nil, fmt.Errorf("run record of another version")
	}
	keyLine, rest, _ := bytes.Cut(rest, []byte("\n"))
	end := bytes.Index(rest, []byte("\nseconds "))
	if end < 0 {
		return nil, fmt.Errorf("run record without an entry")
	}
	head, err := lockHead()
	if err != nil {
		return nil, err
	}
	lock, err := spec.ParseLock("run record", append(head, rest[:end+1]...))
	if err != nil {
		return nil, err
	}
	tail := strings.Split(string(rest[end+1:]), "\n")
	if len(lock.Entries) != 1 || len(tail) != 4 {
		return nil, fmt.Errorf("run record of %d entries and %d lines below", len(lock.Entries), len(tail))
	}
	r.entry = lock.Entries[0]
	if r.key, err = object.ParseID(strings.TrimPrefix(string(keyLine), "key ")); err != nil {
		return nil, err
	}
	if r.seconds, err = strconv.ParseFloat(strings.TrimPrefix(tail[0], "seconds "), 64); err != nil {
		return nil, err
	}
	r.platform, r.by = strings.TrimPrefix(tail[1], "platform "), strings.TrimPrefix(tail[2], "by ")
	if again, err := r.format(); err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("run record is not as mlv writes it")
	}
	if !r.entry.Intact() || r.entry.Key() != r.key {
		return nil, fmt.Errorf("run record is of another key")
	}
	return r, nil
}

// newRecord returns the record of a run that just ended.
func (p *Pipeline) newRecord(e *spec.Entry, took time.Duration) *record {
	return &record{
		key: e.Key(), entry: e, seconds: took.Seconds(),
		platform: runtime.GOOS + "/" + runtime.GOARCH, by: p.opt.By,
	}
}

// maxUncached is the largest file with cache: false of which the cache keeps
// the bytes all the same, so that a record of its run is of use.
const maxUncached = 1 << 20

// repeats tells whether another run of n with the same key may be answered by
// the record of one.
func (n *node) repeats() bool {
	if len(n.Outs) == 0 || len(n.Deps)+len(n.Params) == 0 || n.AlwaysChanged {
		return false
	}
	for i := range n.Outs {
		if n.Outs[i].Persist {
			return false
		}
	}
	return true
}
