package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// otherClock is what T is less when the state lies on another file system
// than the output: the coarsest tick of an mtime (FAT's).
const otherClock = 2e9

// sectionBuffer is how much of a section waits in memory.
const sectionBuffer = 64 << 10

// A StateWriter makes the State of one output. It is made before anything of
// the output is looked at, told how many rows there are, then the rows in
// order, and then finished by Write or Discard. Rows go straight to their
// places in the file, so that a million of them take no memory. One goroutine
// uses it at a time.
type StateWriter struct {
	s    *Store
	path fsx.Path
	temp *fsx.Temp
	enc  *stateEncoder
	t    int64
}

// NewState begins the state of the output out, whose folder or file lies on
// the device dev. From now on whatever changes in the output shows: T is the
// mtime that a file written now gets. So every row must be taken from a look
// that comes later, or from a file that nobody else could reach till now.
func (s *Store) NewState(out fsx.Path, dev uint64) (*StateWriter, error) {
	if err := s.state.MkdirAll(stateDir); err != nil {
		return nil, err
	}
	temp, err := s.state.CreateTemp(stateDir, fsx.TempOptions{Perm: 0o644})
	if err != nil {
		return nil, err
	}
	st, err := temp.Stat()
	if err != nil {
		temp.Discard()
		return nil, err
	}
	w := &StateWriter{s: s, path: statePath(out), temp: temp, t: st.Mtime}
	if st.Dev != dev {
		w.t -= otherClock
	}
	return w, nil
}

// T returns the T of the state in the making; see State.T.
func (w *StateWriter) T() int64 { return w.t }

// Expect says how many rows follow. An output that is a file has one file row
// with the empty path, and no folder.
func (w *StateWriter) Expect(files, folders int) error {
	enc, err := newStateEncoder(w.temp.File(), files, folders)
	w.enc = enc
	return err
}

// AddFile adds the next row in tree order. The row of an empty folder (mode
// object.Dir) takes that folder's stat.
func (w *StateWriter) AddFile(e *object.Entry, st *fsx.Stat) error { return w.enc.addFile(e, st) }

// AddFolder adds the next folder in the order of paths, the top one (with the
// empty path) first. Files and folders may be added in any order between them.
func (w *StateWriter) AddFolder(p fsx.Path, st *fsx.Stat) error { return w.enc.addFolder(p, st) }

// Write finishes the state of an output whose hash is root, in place of the
// one before. It is not synced: a state that a crash damages counts as absent.
func (w *StateWriter) Write(root object.ID) error {
	defer w.temp.Discard()
	if err := w.enc.finish(root, w.t); err != nil {
		return err
	}
	return w.temp.Commit(w.path, fsx.CommitOptions{Fast: true})
}

// Discard drops what was written and leaves the state before as it is. After
// Write it does nothing.
func (w *StateWriter) Discard() { w.temp.Discard() }

// A stateEncoder writes the sections of a state side by side.
type stateEncoder struct {
	f              stateFile
	files, folders int // rows to come

	stats, folderStats, ends, folderEnds, ids, modes, names section

	folderNames          []byte // stand behind all names of files
	folderNameEnds       []int
	lastFile, lastFolder []byte
	started              [2]bool
	fileRows             int
	namesAt              int64
}

type stateFile interface {
	io.WriterAt
	io.ReaderAt
}

var _ stateFile = (*os.File)(nil)

func newStateEncoder(f stateFile, files, folders int) (*stateEncoder, error) {
	if uint64(files) > math.MaxUint32 || uint64(folders) > math.MaxUint32 {
		return nil, fmt.Errorf("state of %d files and %d folders", files, folders)
	}
	e := &stateEncoder{f: f, files: files, folders: folders, fileRows: files}
	at := int64(stateHead)
	for _, part := range []struct {
		s       *section
		n, size int
	}{
		{&e.stats, files, statSize},
		{&e.folderStats, folders, statSize},
		{&e.ends, files, endSize},
		{&e.folderEnds, folders, endSize},
		{&e.ids, files, idSize},
		{&e.modes, files, 1},
	} {
		*part.s = section{f: f, at: at}
		at += int64(part.n) * int64(part.size)
	}
	e.names, e.namesAt = section{f: f, at: at}, at
	return e, nil
}

func (e *stateEncoder) addFile(entry *object.Entry, st *fsx.Stat) error {
	if e.files--; e.files < 0 {
		return fmt.Errorf("state: more files than were expected")
	}
	if e.started[0] && string(e.lastFile) >= string(entry.Path) {
		return fmt.Errorf("state: %q after %q", entry.Path, e.lastFile)
	}
	e.started[0] = true
	e.lastFile = append(e.lastFile[:0], entry.Path...)
	size := st.Size
	if entry.Mode == object.Dir {
		size = 0
	}
	e.stats.buf = appendStat(e.stats.buf, size, st)
	e.names.buf = append(e.names.buf, entry.Path...)
	e.ends.buf = binary.LittleEndian.AppendUint64(e.ends.buf, uint64(e.names.end()-e.namesAt))
	e.ids.buf = append(e.ids.buf, entry.ID[:]...)
	e.modes.buf = append(e.modes.buf, byte(entry.Mode))
	for _, s := range []*section{&e.stats, &e.ends, &e.ids, &e.modes, &e.names} {
		if err := s.spill(sectionBuffer); err != nil {
			return err
		}
	}
	return nil
}

func (e *stateEncoder) addFolder(p fsx.Path, st *fsx.Stat) error {
	if e.folders--; e.folders < 0 {
		return fmt.Errorf("state: more folders than were expected")
	}
	if e.started[1] && string(e.lastFolder) >= string(p) {
		return fmt.Errorf("state: folder %q after %q", p, e.lastFolder)
	}
	e.started[1] = true
	e.lastFolder = append(e.lastFolder[:0], p...)
	e.folderStats.buf = appendStat(e.folderStats.buf, 0, st)
	e.folderNames = append(e.folderNames, p...)
	e.folderNameEnds = append(e.folderNameEnds, len(e.folderNames))
	return e.folderStats.spill(sectionBuffer)
}

// finish writes what is left, and the head last: until then the file is no
// state.
func (e *stateEncoder) finish(root object.ID, t int64) error {
	if e.files != 0 || e.folders != 0 {
		return fmt.Errorf("state: %d files and %d folders are missing", e.files, e.folders)
	}
	first := e.names.end() - e.namesAt
	for _, end := range e.folderNameEnds {
		e.folderEnds.buf = binary.LittleEndian.AppendUint64(e.folderEnds.buf, uint64(first)+uint64(end))
	}
	e.names.buf = append(e.names.buf, e.folderNames...)
	for _, s := range []*section{&e.stats, &e.folderStats, &e.ends, &e.folderEnds, &e.ids, &e.modes, &e.names} {
		if err := s.spill(1); err != nil {
			return err
		}
	}
	var head [stateHead]byte
	copy(head[:], stateMagic)
	le := binary.LittleEndian
	le.PutUint32(head[8:], stateVersion)
	le.PutUint32(head[12:], uint32(e.fileRows))
	le.PutUint32(head[16:], uint32(len(e.folderNameEnds)))
	le.PutUint64(head[24:], uint64(t))
	copy(head[32:], root[:])
	crc, err := checksum(e.f, head[8:], stateHead, e.names.at)
	if err != nil {
		return err
	}
	le.PutUint32(head[4:], crc)
	_, err = e.f.WriteAt(head[:], 0)
	return err
}

// checksum returns the crc32c of first and of the file from off to end. The
// file was just written, so that this reads memory.
func checksum(f io.ReaderAt, first []byte, off, end int64) (uint32, error) {
	crc := crc32.Checksum(first, castagnoli)
	buf := make([]byte, min(end-off, 256<<10))
	for off < end {
		b := buf[:min(end-off, int64(len(buf)))]
		if _, err := f.ReadAt(b, off); err != nil {
			return 0, err
		}
		crc = crc32.Update(crc, castagnoli, b)
		off += int64(len(b))
	}
	return crc, nil
}

// A section is one stretch of the file, written front to back.
type section struct {
	f   io.WriterAt
	at  int64 // where buf goes
	buf []byte
}

func (s *section) end() int64 { return s.at + int64(len(s.buf)) }

// spill writes the buffer when it holds at least n bytes.
func (s *section) spill(n int) error {
	if len(s.buf) < n {
		return nil
	}
	_, err := s.f.WriteAt(s.buf, s.at)
	s.at += int64(len(s.buf))
	s.buf = s.buf[:0]
	return err
}

func appendStat(b []byte, size int64, st *fsx.Stat) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, uint64(size))
	b = le.AppendUint64(b, uint64(st.Mtime))
	b = le.AppendUint64(b, uint64(st.Ctime))
	return le.AppendUint64(b, uint64(st.Inode))
}
