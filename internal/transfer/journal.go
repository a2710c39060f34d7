package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// journalLife is how long what was sent is safe from gc on the remote without
// a record that reaches it.
const journalLife = 30 * 24 * time.Hour

// maxJournal bounds what is read of one: two hundred bytes for each of some
// ten million objects.
const maxJournal = 2 << 30

// A journal remembers the containers that a push has put until its records
// are, so that a push that was killed goes on where it was. It is a file of
// its own for each remote; docs/format/journal.md is its law. Its lock keeps
// a second push from the same place to the same remote waiting.
type journal struct {
	root  *fsx.Root
	path  fsx.Path
	lock  *fsx.Lock
	began time.Time // by the remote's clock; zero: nothing was put yet
	file  *os.File  // open for appending once something was
	old   []byte    // what an earlier push wrote, its whole parts
}

// A part is one container of the journal, those files whose chunk trees have
// their tops in it, or what the maps of nodes rely on.
type part struct {
	word  string    // one of the following
	key   object.ID // of the container
	bases object.ID // of nodes and files: the hash of what their maps rely on; of that, its own
	rows  []sent
	rests []rest // of bases
}

const (
	partBlobs = "c"
	partNodes = "t"
	partFiles = "f"
	partBases = "b"
)

// A rest is a record that maps of nodes rely on: while it has the same bytes,
// what it reaches is there.
type rest struct{ root, bytes object.ID }

// basesPart returns the part that says what maps rely on.
func basesPart(rests []rest) part {
	p := part{word: partBases, rests: rests}
	h := object.NewHasher()
	for i := range rests {
		_, _ = h.Write(rests[i].appendTo(nil)) // never fails
	}
	p.bases = h.ID()
	return p
}

func (r *rest) appendTo(b []byte) []byte {
	b = append(r.root.AppendTo(b), ' ')
	return append(r.bytes.AppendTo(b), '\n')
}

// sent is one object of a part; its spot has no box.
type sent struct {
	id   object.ID
	spot spot
}

// openJournal takes the journal of the remote at url and reads what an earlier
// push left there. A nil root is a journal that remembers nothing.
func openJournal(ctx context.Context, root *fsx.Root, url string, wait time.Duration) (*journal, error) {
	if root == nil {
		return &journal{}, nil
	}
	id := object.Sum([]byte(url)).String()[:32]
	lock, err := root.Lock(ctx, fsx.Path("locks/push-"+id), fsx.LockOptions{Wait: wait})
	if err != nil {
		return nil, err
	}
	j := &journal{root: root, path: fsx.Path("push/" + id), lock: lock}
	j.old, err = root.ReadFile(j.path, maxJournal)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fsx.ErrTooLarge) {
		return nil, errors.Join(err, lock.Unlock())
	}
	j.trim()
	return j, nil
}

const journalWord = "mlv-journal 1 "

// trim cuts j.old after its last whole part, and sets began. A journal that
// can't be understood is none.
func (j *journal) trim() {
	header, _, ok := strings.Cut(string(j.old[:min(len(j.old), 64)]), "\n")
	text, isJournal := strings.CutPrefix(header, journalWord)
	seconds, err := strconv.ParseInt(text, 10, 64)
	if !ok || !isJournal || err != nil || text != strconv.FormatInt(seconds, 10) {
		j.old = nil
		return
	}
	j.began = time.Unix(seconds, 0)
	const end = "\nend\n"
	if i := bytes.LastIndex(j.old, []byte(end)); i >= 0 {
		j.old = j.old[:i+len(end)]
	} else {
		j.old = j.old[:len(header)+1]
	}
}

// resume yields the parts of an earlier push that still hold at now, by the
// remote's clock; if they are too old, it forgets them.
func (j *journal) resume(now time.Time, use func(part) error) error {
	if j.began.IsZero() {
		return nil
	}
	if age := now.Sub(j.began); age > journalLife || age < -journalLife {
		return j.forget()
	}
	_, rest, _ := bytes.Cut(j.old, []byte("\n"))
	for len(rest) > 0 {
		var p part
		var err error
		if p, rest, err = parsePart(rest); err != nil {
			return j.forget() // sending all again is always right
		}
		if err := use(p); err != nil {
			return err
		}
	}
	return nil
}

// parsePart reads the part that b begins with.
func parsePart(b []byte) (p part, rest []byte, err error) {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	f := strings.Fields(string(line))
	k := inBlobs
	switch {
	case len(f) == 3 && f[0] == partBlobs:
	case len(f) == 3 && f[0] == partBases:
		return parseBases(b, f)
	case len(f) == 4 && (f[0] == partNodes || f[0] == partFiles):
		k = inNodes
		if p.bases, err = object.ParseID(f[3]); err != nil {
			return p, nil, err
		}
	default:
		return p, nil, errors.New("a part of an unknown kind")
	}
	p.word = f[0]
	if p.key, err = object.ParseID(f[1]); err != nil {
		return p, nil, err
	}
	n, err := strconv.ParseUint(f[2], 10, 32)
	if err != nil {
		return p, nil, err
	}
	for range n {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		s, err := parseSent(string(line), k)
		if err != nil {
			return p, nil, err
		}
		p.rows = append(p.rows, s)
	}
	return p.end(b, rest)
}

// parseBases is parsePart for one whose first line has the fields f.
func parseBases(b []byte, f []string) (p part, follows []byte, err error) {
	n, err := strconv.ParseUint(f[2], 10, 32)
	if err != nil {
		return p, nil, err
	}
	var rests []rest
	_, after, _ := bytes.Cut(b, []byte("\n"))
	for range n {
		var line []byte
		line, after, _ = bytes.Cut(after, []byte("\n"))
		root, hash, _ := strings.Cut(string(line), " ")
		var r rest
		if r.root, err = object.ParseID(root); err != nil {
			return p, nil, err
		}
		if r.bytes, err = object.ParseID(hash); err != nil {
			return p, nil, err
		}
		rests = append(rests, r)
	}
	return basesPart(rests).end(b, after)
}

// end checks that p, read from b up to after, ends and is spelled as it should
// be, and returns what follows it.
func (p part) end(b, after []byte) (part, []byte, error) {
	after = bytes.TrimPrefix(after, []byte("end\n"))
	if !p.spells(b[:len(b)-len(after)]) {
		return p, nil, errors.New("a part that is not spelled as parts are")
	}
	return p, after, nil
}

// spells tells whether b is how p is written.
func (p *part) spells(b []byte) bool {
	var again bytes.Buffer
	again.Grow(len(b))
	w := bufio.NewWriter(&again)
	p.write(w)
	return w.Flush() == nil && bytes.Equal(again.Bytes(), b)
}

func parseSent(line string, k kind) (s sent, err error) {
	id, line, _ := strings.Cut(line, " ")
	if s.id, err = object.ParseID(id); err != nil {
		return s, err
	}
	var n [5]uint64
	for i := range n {
		var text string
		text, line, _ = strings.Cut(line, " ")
		if n[i], err = strconv.ParseUint(text, 10, 32); err != nil {
			return s, err
		}
	}
	if line != "" || n[0] > math.MaxUint8 {
		return s, fmt.Errorf("object %s has no such place", id)
	}
	s.spot = spot{
		kind: k, codec: pack.Codec(n[0]),
		offset: uint32(n[1]), stored: uint32(n[2]), plain: uint32(n[3]), skip: uint32(n[4]),
	}
	return s, nil
}

// add appends a container that was put. It isn't durable: what is lost with
// the machine is sent again.
func (j *journal) add(now func() (time.Time, error), parts ...part) error {
	if j.root == nil {
		return nil
	}
	if j.file == nil {
		if err := j.create(now); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(j.file, 64<<10)
	for i := range parts {
		parts[i].write(w)
	}
	return w.Flush()
}

// write writes p to w, whose first error stays.
func (p *part) write(w *bufio.Writer) {
	var b []byte
	switch p.word {
	case partBlobs:
		b = fmt.Appendf(nil, "c %s %d\n", p.key, len(p.rows))
	case partBases:
		b = fmt.Appendf(nil, "b %s %d\n", p.bases, len(p.rests))
	default:
		b = fmt.Appendf(nil, "%s %s %d %s\n", p.word, p.key, len(p.rows), p.bases)
	}
	_, _ = w.Write(b)
	for i := range p.rests {
		_, _ = w.Write(p.rests[i].appendTo(w.AvailableBuffer()))
	}
	for i := range p.rows {
		_, _ = w.Write(p.rows[i].appendTo(w.AvailableBuffer()))
	}
	_, _ = w.WriteString("end\n")
}

func (s *sent) appendTo(b []byte) []byte {
	b = s.id.AppendTo(b)
	for _, n := range [...]uint32{uint32(s.spot.codec), s.spot.offset, s.spot.stored, s.spot.plain, s.spot.skip} {
		b = append(b, ' ')
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return append(b, '\n')
}

// create opens the journal for appending, with what is still of use in it.
func (j *journal) create(now func() (time.Time, error)) error {
	if j.began.IsZero() {
		began, err := now()
		if err != nil {
			return err
		}
		j.began = began
		j.old = fmt.Appendf(nil, "%s%d\n", journalWord, began.Unix())
	}
	if err := j.root.MkdirAll(j.path.Dir()); err != nil {
		return err
	}
	dir, err := j.root.Folder(j.path.Dir())
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	next := j.path.Base() + ".new" // no other push has it: the lock
	if err := dir.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := dir.CreateFile(next, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(j.old)
	if err == nil {
		err = j.root.Rename(j.path.Dir().Join(fsx.Path(next)), j.path, fsx.RenameOptions{})
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	j.file = f
	return nil
}

// again makes what was added so far known to the next resume.
func (j *journal) again() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	if err != nil {
		return err
	}
	if j.old, err = j.root.ReadFile(j.path, maxJournal); err != nil {
		return err
	}
	j.trim()
	return nil
}

// forget drops all: what was sent has its records, or is of no use.
func (j *journal) forget() error {
	if j.root == nil || j.began.IsZero() {
		return nil
	}
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	j.file, j.old, j.began = nil, nil, time.Time{}
	if e := j.root.Remove(j.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}

// close gives the journal to the next push.
func (j *journal) close() error {
	if j.root == nil {
		return nil
	}
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Unlock())
}
