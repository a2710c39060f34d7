package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"unsafe"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// The layout of a state file; docs/format/state.md is its law.
const (
	stateMagic   = "MLVS"
	stateVersion = 1
	stateHead    = 64 // bytes before the first row
	statSize     = 32 // size, mtime, ctime, inode
	endSize      = 8
	idSize       = 32
)

// A State is what was last seen of one output: the stat and the hash of every
// file in it, and the stat of every folder. It is read in place: opening costs
// one checksum, a row a few loads, and nothing is allocated. It is a hint that
// may be lost at any time, and never an answer by itself: a row counts only
// while Clean says so.
//
// Paths that a State returns are valid until Close. A State may be read by
// several goroutines.
type State struct {
	b              []byte
	m              *fsx.Mapping // nil: b is ours
	files, folders int
	ends           []byte
	ids            []byte
	modes          []byte
	names          []byte
	t              int64
}

// A Row is one line of a State.
type Row struct {
	Path                      fsx.Path // below the output; empty for an output that is a file, and for the top folder
	Mode                      object.Mode
	ID                        object.ID // zero for a folder
	Size, Mtime, Ctime, Inode int64
	t                         int64
}

// Close releases the file; the State and every path from it are invalid then.
func (s *State) Close() error {
	s.b, s.ends, s.ids, s.modes, s.names = nil, nil, nil, nil, nil
	if s.m == nil {
		return nil
	}
	return s.m.Close()
}

// Root returns the hash that the output had.
func (s *State) Root() (id object.ID) {
	copy(id[:], s.b[32:])
	return id
}

// T returns the moment, by the clock of the file system, before which a change
// shows in a row's stat: what has an mtime from T on may have changed since
// without showing it.
func (s *State) T() int64 { return s.t }

// Files returns the number of file rows: the lines of the output's tree.
func (s *State) Files() int { return s.files }

// Folders returns the number of folder rows.
func (s *State) Folders() int { return s.folders }

// FilePath returns the path of file row i.
func (s *State) FilePath(i int) fsx.Path { return s.path(i) }

// FolderPath returns the path of folder row i.
func (s *State) FolderPath(i int) fsx.Path { return s.path(s.files + i) }

// File returns file row i; rows stand in tree order.
func (s *State) File(i int) Row {
	r := s.row(i)
	copy(r.ID[:], s.ids[i*idSize:])
	r.Mode = object.Mode(s.modes[i])
	return r
}

// Folder returns folder row i; rows stand in the order of their paths' bytes,
// the top first.
func (s *State) Folder(i int) Row {
	r := s.row(s.files + i)
	r.Mode = object.Dir
	return r
}

// FindFile returns the number of the file row of p; if there is none, the one
// that it would have.
func (s *State) FindFile(p fsx.Path) (int, bool) {
	i := sort.Search(s.files, func(i int) bool { return s.path(i) >= p })
	return i, i < s.files && s.path(i) == p
}

// FindFolder returns the number of the folder row of p.
func (s *State) FindFolder(p fsx.Path) (int, bool) {
	i := sort.Search(s.folders, func(i int) bool { return s.FolderPath(i) >= p })
	return i, i < s.folders && s.FolderPath(i) == p
}

// Below returns the file rows lo to hi-1 that lie below the folder dir. They
// stand together, since a tree is ordered by the bytes of whole paths.
func (s *State) Below(dir fsx.Path) (lo, hi int) {
	if dir == "" {
		return 0, s.files
	}
	lo = sort.Search(s.files, func(i int) bool { return s.path(i) >= dir+"/" })
	hi = lo + sort.Search(s.files-lo, func(i int) bool { return s.path(lo+i) >= dir+"0" }) // '0' follows '/'
	return lo, hi
}

// Clean tells whether the file or folder with this stat is as the row
// recorded it, so that a file need not be read and a folder not be listed.
// The caller has made sure that st is of the path that the row names. Where a
// file system keeps no executable bit, the caller sets it as the mode says.
//
// An mtime from T on proves nothing: a change in the same tick of the clock
// would not show. The change time counts only with a single name, since making
// another (a link out of the cache) moves it.
func (r *Row) Clean(st *fsx.Stat) bool {
	if r.Mtime != st.Mtime || r.Inode != st.Inode || r.Mtime >= r.t {
		return false
	}
	switch r.Mode {
	case object.Dir:
		return st.Kind == fsx.Dir && r.Ctime == st.Ctime
	case object.Symlink:
		if st.Kind != fsx.Symlink {
			return false
		}
	default:
		if st.Kind != fsx.File || st.Exec != (r.Mode == object.Exec) {
			return false
		}
	}
	return r.Size == st.Size && (r.Ctime == st.Ctime || st.Links > 1)
}

// row returns the stat and path of a row, files and folders counted through.
func (s *State) row(i int) Row {
	b := s.b[stateHead+i*statSize:][:statSize]
	le := binary.LittleEndian
	return Row{
		Path:  s.path(i),
		Size:  int64(le.Uint64(b)),
		Mtime: int64(le.Uint64(b[8:])),
		Ctime: int64(le.Uint64(b[16:])),
		Inode: int64(le.Uint64(b[24:])),
		t:     s.t,
	}
}

func (s *State) end(i int) int {
	if i < 0 {
		return 0
	}
	return int(binary.LittleEndian.Uint64(s.ends[i*endSize:]))
}

// path shares the memory of the file: a copy a row would be the greatest cost
// of comparing a million of them.
func (s *State) path(i int) fsx.Path {
	b := s.names[s.end(i-1):s.end(i)]
	return fsx.Path(unsafe.String(unsafe.SliceData(b), len(b)))
}

// State returns what was last seen of the output out, nil if nothing is known
// or anything about it is doubtful. The caller closes it.
func (s *Store) State(out fsx.Path) *State {
	f, err := s.state.Open(statePath(out))
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // opened for reading
	st, err := f.Stat()
	if err != nil {
		return nil
	}
	m, err := fsx.Map(f, 0, st.Size())
	if err != nil {
		return nil
	}
	state, err := parseState(m.Bytes())
	if err != nil {
		_ = m.Close()
		return nil
	}
	state.m = m
	return state
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errState is why a state file is taken for absent; nobody is shown the cause.
var errState = errors.New("not a state file")

// parseState returns the State over b, or an error on any doubt. What it
// accepts has one encoding.
func parseState(b []byte) (*State, error) {
	le := binary.LittleEndian
	if len(b) < stateHead || string(b[:4]) != stateMagic || le.Uint32(b[8:]) != stateVersion || le.Uint32(b[20:]) != 0 {
		return nil, errState
	}
	if crc32.Checksum(b[8:], castagnoli) != le.Uint32(b[4:]) {
		return nil, fmt.Errorf("%w: checksum differs", errState)
	}
	n, d := int64(le.Uint32(b[12:])), int64(le.Uint32(b[16:]))
	fixed := stateHead + (n+d)*(statSize+endSize) + n*(idSize+1)
	if fixed > int64(len(b)) {
		return nil, fmt.Errorf("%w: %d and %d rows in %d bytes", errState, n, d, len(b))
	}
	s := &State{b: b, files: int(n), folders: int(d), t: int64(le.Uint64(b[24:])), names: b[fixed:]}
	rest := b[stateHead+(n+d)*statSize:]
	s.ends, rest = rest[:(n+d)*endSize], rest[(n+d)*endSize:]
	s.ids, rest = rest[:n*idSize], rest[n*idSize:]
	s.modes = rest[:n]
	return s, s.check()
}

// check holds what the accessors rely on: names inside the file, in order.
func (s *State) check() error {
	rows, last := s.files+s.folders, uint64(0)
	for i := range rows {
		end := binary.LittleEndian.Uint64(s.ends[i*endSize:])
		if end < last || end > uint64(len(s.names)) {
			return fmt.Errorf("%w: name of row %d", errState, i)
		}
		last = end
	}
	if last != uint64(len(s.names)) {
		return fmt.Errorf("%w: %d bytes after the names", errState, uint64(len(s.names))-last)
	}
	if s.folders == 0 {
		if s.files != 1 || len(s.names) != 0 || s.Root() != s.File(0).ID {
			return fmt.Errorf("%w: no top folder", errState)
		}
	} else if len(s.FolderPath(0)) != 0 || s.files > 0 && len(s.path(0)) == 0 {
		return fmt.Errorf("%w: no top folder", errState)
	}
	for i := range rows {
		if err := s.checkRow(i); err != nil {
			return err
		}
	}
	return nil
}

func (s *State) checkRow(i int) error {
	if i != 0 && i != s.files && s.path(i-1) >= s.path(i) {
		return fmt.Errorf("%w: row %d is out of order", errState, i)
	}
	size := int64(binary.LittleEndian.Uint64(s.b[stateHead+i*statSize:]))
	ok := size >= 0
	if i >= s.files {
		ok = size == 0
	} else {
		switch object.Mode(s.modes[i]) {
		case object.File, object.Exec, object.Symlink:
		case object.Dir:
			ok = size == 0 && bytes.Equal(s.ids[i*idSize:][:idSize], object.Empty[:]) && s.folders > 0
		default:
			ok = false
		}
	}
	if !ok {
		return fmt.Errorf("%w: size or mode of row %d", errState, i)
	}
	return nil
}
