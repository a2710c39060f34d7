package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// memFile is a state file in memory.
type memFile struct{ b []byte }

func (m *memFile) WriteAt(b []byte, off int64) (int, error) {
	if need := int(off) + len(b); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	return copy(m.b[off:], b), nil
}

func (m *memFile) ReadAt(b []byte, off int64) (int, error) {
	n := copy(b, m.b[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// encode writes s again, row by row.
func (s *State) encode() ([]byte, error) {
	var m memFile
	e, err := newStateEncoder(&m, s.files, s.folders)
	if err != nil {
		return nil, err
	}
	for i := range s.files {
		r := s.File(i)
		if err := e.addFile(&object.Entry{Path: r.Path, ID: r.ID, Mode: r.Mode}, r.stat()); err != nil {
			return nil, err
		}
	}
	for i := range s.folders {
		r := s.Folder(i)
		if err := e.addFolder(r.Path, r.stat()); err != nil {
			return nil, err
		}
	}
	err = e.finish(s.Root(), s.t)
	return m.b, err
}

func (r *Row) stat() *fsx.Stat {
	return &fsx.Stat{Size: r.Size, Mtime: r.Mtime, Ctime: r.Ctime, Inode: r.Inode}
}

// example is the output of docs/format/state.md: a file, and a folder in
// which there is nothing.
func example(t testing.TB) []byte {
	t.Helper()
	var m memFile
	e, err := newStateEncoder(&m, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	hello := object.Sum([]byte("hello\n"))
	root := object.Sum([]byte("mlv-tree 1 0\n" + hello.String() + " 6 - a.txt\n" + object.Empty.String() + " 0 d empty\n"))
	for _, step := range []error{
		e.addFolder("", &fsx.Stat{Mtime: 300, Ctime: 301, Inode: 2}),
		e.addFile(&object.Entry{Path: "a.txt", ID: hello, Mode: object.File}, &fsx.Stat{Size: 6, Mtime: 100, Ctime: 101, Inode: 3}),
		e.addFile(&object.Entry{Path: "empty", ID: object.Empty, Mode: object.Dir}, &fsx.Stat{Size: 4096, Mtime: 200, Ctime: 201, Inode: 4}),
		e.addFolder("empty", &fsx.Stat{Size: 4096, Mtime: 200, Ctime: 201, Inode: 4}),
		e.finish(root, 1000),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	return m.b
}

func TestStateIsWhatItsPageSays(t *testing.T) {
	page, err := os.ReadFile("../../docs/format/state.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```hex\n")
	block, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 {
		t.Fatal("docs/format/state.md has no block of hex")
	}
	var want []byte
	for line := range strings.Lines(block) {
		_, digits, _ := strings.Cut(line, " ") // after the offset
		digits, _, _ = strings.Cut(digits, "  ")
		b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(digits), " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, b...)
	}
	if got := example(t); !bytes.Equal(got, want) {
		t.Errorf("the example is now\n%s", hex.Dump(got))
	}
}

func TestStateReadsBack(t *testing.T) {
	s, err := parseState(example(t))
	if err != nil {
		t.Fatal(err)
	}
	if s.Root().Short() != "f38355cf" || s.T() != 1000 || s.Files() != 2 || s.Folders() != 2 {
		t.Errorf("root %v, T %d, %d files, %d folders", s.Root(), s.T(), s.Files(), s.Folders())
	}
	want := []Row{
		{Path: "a.txt", Mode: object.File, ID: object.Sum([]byte("hello\n")), Size: 6, Mtime: 100, Ctime: 101, Inode: 3, t: 1000},
		{Path: "empty", Mode: object.Dir, ID: object.Empty, Mtime: 200, Ctime: 201, Inode: 4, t: 1000},
		{Path: "", Mode: object.Dir, Mtime: 300, Ctime: 301, Inode: 2, t: 1000},
		{Path: "empty", Mode: object.Dir, Mtime: 200, Ctime: 201, Inode: 4, t: 1000},
	}
	for i, got := range []Row{s.File(0), s.File(1), s.Folder(0), s.Folder(1)} {
		if got != want[i] {
			t.Errorf("row %d is %+v, want %+v", i, got, want[i])
		}
	}
}

func TestRowsAreFoundByPath(t *testing.T) {
	paths := []fsx.Path{"a", "b-c", "b/1", "b/2/3", "b0", "c/x"}
	folders := []fsx.Path{"", "b", "b/2", "c"}
	var m memFile
	e, err := newStateEncoder(&m, len(paths), len(folders))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		if err := e.addFile(&object.Entry{Path: p, Mode: object.File}, &fsx.Stat{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range folders {
		if err := e.addFolder(p, &fsx.Stat{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.finish(object.ID{}, 0); err != nil {
		t.Fatal(err)
	}
	s, err := parseState(m.b)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range paths {
		if got, ok := s.FindFile(p); got != i || !ok || s.FilePath(i) != p {
			t.Errorf("%s: row %d, %v", p, got, ok)
		}
	}
	if i, ok := s.FindFile("b/1x"); ok || i != 3 {
		t.Errorf("a file that is not there would be row %d, %v; want 3, false", i, ok)
	}
	for i, p := range folders {
		if got, ok := s.FindFolder(p); got != i || !ok || s.FolderPath(i) != p {
			t.Errorf("folder %s: row %d, %v", p, got, ok)
		}
	}
	for dir, want := range map[fsx.Path][2]int{"": {0, 6}, "b": {2, 4}, "b/2": {3, 4}, "c": {5, 6}, "d": {6, 6}, "a": {1, 1}} {
		if lo, hi := s.Below(dir); [2]int{lo, hi} != want {
			t.Errorf("below %q: %d to %d, want %v", dir, lo, hi, want)
		}
	}
}

func TestCleanKnowsEveryWayToChange(t *testing.T) {
	row := Row{Mode: object.File, Size: 6, Mtime: 100, Ctime: 101, Inode: 3, t: 1000}
	same := fsx.Stat{Kind: fsx.File, Size: 6, Mtime: 100, Ctime: 101, Inode: 3, Links: 1}
	folder := Row{Mode: object.Dir, Mtime: 100, Ctime: 101, Inode: 3, t: 1000}
	sameFolder := fsx.Stat{Kind: fsx.Dir, Size: 4096, Mtime: 100, Ctime: 101, Inode: 3, Links: 7}
	with := func(st fsx.Stat, change func(*fsx.Stat)) fsx.Stat { change(&st); return st }
	exec, link, racy := row, row, row
	exec.Mode, link.Mode, racy.t = object.Exec, object.Symlink, 100
	for name, test := range map[string]struct {
		row  Row
		st   fsx.Stat
		want bool
	}{
		"nothing":                  {row, same, true},
		"size":                     {row, with(same, func(s *fsx.Stat) { s.Size++ }), false},
		"mtime":                    {row, with(same, func(s *fsx.Stat) { s.Mtime-- }), false},
		"ctime":                    {row, with(same, func(s *fsx.Stat) { s.Ctime++ }), false},
		"ctime of a hard link":     {row, with(same, func(s *fsx.Stat) { s.Ctime++; s.Links = 2 }), true},
		"inode":                    {row, with(same, func(s *fsx.Stat) { s.Inode++ }), false},
		"kind":                     {row, with(same, func(s *fsx.Stat) { s.Kind = fsx.Symlink }), false},
		"executable bit":           {row, with(same, func(s *fsx.Stat) { s.Exec = true }), false},
		"executable bit of x":      {exec, same, false},
		"x":                        {exec, with(same, func(s *fsx.Stat) { s.Exec = true }), true},
		"symbolic link":            {link, with(same, func(s *fsx.Stat) { s.Kind = fsx.Symlink }), true},
		"file instead of symlink":  {link, same, false},
		"written in the tick of T": {racy, same, false},
		"folder":                   {folder, sameFolder, true},
		"folder's mtime":           {folder, with(sameFolder, func(s *fsx.Stat) { s.Mtime++ }), false},
		"folder's ctime":           {folder, with(sameFolder, func(s *fsx.Stat) { s.Ctime++ }), false},
		"folder replaced":          {folder, with(sameFolder, func(s *fsx.Stat) { s.Inode++ }), false},
		"file instead of folder":   {folder, with(sameFolder, func(s *fsx.Stat) { s.Kind = fsx.File }), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.row.Clean(&test.st); got != test.want {
				t.Errorf("clean is %v", got)
			}
		})
	}
}

// seal makes b's checksum right again.
func seal(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
	return b
}

func TestDoubtfulStateIsAbsent(t *testing.T) {
	good := example(t)
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1
		if _, err := parseState(b); err == nil {
			t.Errorf("byte %d flipped, and accepted", i)
		}
		if _, err := parseState(good[:i]); err == nil {
			t.Errorf("the first %d bytes accepted", i)
		}
	}
	rows, ends := stateHead, stateHead+4*statSize
	ids := ends + 4*endSize
	modes := ids + 2*idSize
	for name, change := range map[string]func(b []byte) []byte{
		"later version":         func(b []byte) []byte { b[8] = 2; return b },
		"reserved word":         func(b []byte) []byte { b[20] = 1; return b },
		"more rows than bytes":  func(b []byte) []byte { b[14] = 1; return b },
		"rows that overflow":    func(b []byte) []byte { copy(b[12:], "\xff\xff\xff\xff\xff\xff\xff\xff"); return b },
		"negative size":         func(b []byte) []byte { b[rows+7] = 0x80; return b },
		"folder with a size":    func(b []byte) []byte { b[rows+2*statSize] = 1; return b },
		"empty folder's size":   func(b []byte) []byte { b[rows+statSize] = 1; return b },
		"empty folder's hash":   func(b []byte) []byte { b[ids+idSize] ^= 1; return b },
		"unknown mode":          func(b []byte) []byte { b[modes] = 'q'; return b },
		"tree mode":             func(b []byte) []byte { b[modes] = 't'; return b },
		"name ends before":      func(b []byte) []byte { b[ends+8] = 4; return b },
		"name leaves the file":  func(b []byte) []byte { b[ends+24] = 99; return b },
		"names out of order":    func(b []byte) []byte { b[modes+2] = 'z'; return b },
		"bytes after the names": func(b []byte) []byte { return append(b, 0) },
		"no top folder":         func(b []byte) []byte { b[16], b[12] = 1, 3; return b },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseState(seal(change(bytes.Clone(good)))); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func FuzzState(f *testing.F) {
	f.Add(example(f))
	var m memFile
	id := object.Sum([]byte("x"))
	if e, err := newStateEncoder(&m, 1, 0); err != nil ||
		e.addFile(&object.Entry{ID: id, Mode: object.Exec}, &fsx.Stat{Size: 1}) != nil || e.finish(id, 5) != nil {
		f.Fatal("a state of one file was not made")
	}
	f.Add(m.b)
	f.Add([]byte("MLVS"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 8 {
			b = seal(bytes.Clone(b)) // else the checksum stops nearly all
		}
		s, err := parseState(b)
		if err != nil {
			return
		}
		s.Below("a")
		s.FindFile("b")
		s.FindFolder("c")
		again, err := s.encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x was accepted, and is written as %x (%v)", b, again, err)
		}
	})
}

func testStore(t testing.TB) *Store {
	t.Helper()
	mlv, err := fsx.MakeRoot(filepath.Join(t.TempDir(), ".mlv"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{MLV: mlv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.Close(), mlv.Close() })
	return s
}

// TestStateOfManyFilesTakesNoMemory writes 200,000 rows, which are 21 MB, and
// reads them in place.
func TestStateOfManyFilesTakesNoMemory(t *testing.T) {
	const n = 200_000
	s := testStore(t)
	st, err := s.state.Stat("")
	if err != nil {
		t.Fatal(err)
	}
	paths := make([]fsx.Path, n)
	for i := range paths {
		paths[i] = fsx.Path(fmt.Sprintf("some/folder/with/files/%07d", i))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w, err := s.NewState("data", st.Dev)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := w.Expect(n, 1); err != nil {
		t.Fatal(err)
	}
	if err := w.AddFolder("", &st); err != nil {
		t.Fatal(err)
	}
	e := object.Entry{ID: object.Sum([]byte("x")), Mode: object.File}
	for _, e.Path = range paths {
		if err := w.AddFile(&e, &st); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Write(e.ID); err != nil {
		t.Fatal(err)
	}
	got := s.State("data")
	if got == nil {
		t.Fatal("the state is absent")
	}
	defer got.Close()
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 4<<20 {
		t.Errorf("%d MB allocated for %d rows", bytes>>20, n)
	}
	if allocs := testing.AllocsPerRun(10, func() {
		for i := range 1000 {
			if r := got.File(i); r.Clean(&st) {
				t.Error("clean")
			}
		}
	}); allocs != 0 {
		t.Errorf("%v allocations for 1000 rows", allocs)
	}
	if p := got.FilePath(n - 1); p != paths[n-1] {
		t.Errorf("last path is %s", p)
	}
}

func TestStateIsReplacedOrKept(t *testing.T) {
	s := testStore(t)
	write := func(root string) error {
		w, err := s.NewState("model.bin", 0)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		if err := w.Expect(1, 0); err != nil {
			t.Fatal(err)
		}
		id := object.Sum([]byte(root))
		if root != "incomplete" {
			if err := w.AddFile(&object.Entry{ID: id, Mode: object.File}, &fsx.Stat{Size: 3}); err != nil {
				t.Fatal(err)
			}
		}
		return w.Write(id)
	}
	if s.State("model.bin") != nil {
		t.Fatal("a state before any was written")
	}
	for _, root := range []string{"one", "two"} {
		if err := write(root); err != nil {
			t.Fatal(err)
		}
	}
	if write("incomplete") == nil {
		t.Error("a state without its rows was written")
	}
	got := s.State("model.bin")
	if got == nil || got.Root() != object.Sum([]byte("two")) {
		t.Fatalf("state %v, want that of two", got)
	}
	if err := got.Close(); err != nil {
		t.Error(err)
	}
	names, err := s.state.ReadDir(stateDir)
	if err != nil || len(names) != 1 {
		t.Errorf("%d files in the folder of states, %v", len(names), err)
	}
}

func TestTIsBeforeWhatIsWrittenLater(t *testing.T) {
	s := testStore(t)
	st, err := s.state.Stat("")
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.NewState("out", st.Dev)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := s.state.WriteFile("later", []byte("x"), fsx.WriteOptions{Fast: true}); err != nil {
		t.Fatal(err)
	}
	later, err := s.state.Stat("later")
	if err != nil || later.Mtime < w.T() {
		t.Errorf("a file written after T = %d has mtime %d (%v)", w.T(), later.Mtime, err)
	}
	far, err := s.NewState("out", st.Dev+1)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Discard()
	if far.T() > w.T()-otherClock+1e9 {
		t.Errorf("on another file system T is only %d ns less", w.T()-far.T())
	}
}
