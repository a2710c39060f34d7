package vcs

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // git's names of objects
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// An IndexEntry is one file that git tracks.
type IndexEntry struct {
	Path  string // from Top; git checked it
	Hash  Hash
	Exec  bool
	Link  bool // a symbolic link
	Stage int  // 0; 1 to 3 while a merge is in conflict: base, ours, theirs

	mode     uint32
	intended bool // git add --intent-to-add
	stat     stat
}

// Module tells whether the entry is a submodule.
func (e IndexEntry) Module() bool { return e.mode == modeModule }

// stat is what git remembers of a file, to know it again without reading it.
// It is zero if the index was read through the program.
type stat struct {
	mtime, ctime int64
	size         uint32
}

// Index is what the next commit will hold, sorted by path.
type Index struct {
	Entries []IndexEntry
	written time.Time
}

// Index returns the index. It is read once; an empty one is no error.
func (r *Repo) Index(ctx context.Context) (*Index, error) {
	r.mu.Lock()
	have := r.index
	r.mu.Unlock()
	if have != nil {
		return have, nil
	}
	idx, err := r.readIndex(ctx)
	if err != nil {
		return nil, fmt.Errorf("git index: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.index = idx
	return idx, nil
}

// indexPath returns the file that holds the index of dir. Inside a hook of
// "git commit FILE" it is a temporary one, relative to the top.
func indexPath(dir string, getenv func(string) string) string {
	given := getenv("GIT_INDEX_FILE")
	switch {
	case given == "":
		return filepath.Join(dir, "index")
	case filepath.IsAbs(given):
		return given
	}
	abs, err := filepath.Abs(given)
	if err != nil {
		return given
	}
	return abs
}

func (r *Repo) readIndex(ctx context.Context) (*Index, error) {
	var err error
	if r.native != nil {
		var idx *Index
		if idx, err = r.native.index(indexPath(r.dir, r.options.Getenv)); err == nil {
			return idx, nil
		}
	}
	if r.program == nil {
		if errors.Is(err, errBeyond) {
			return nil, needsGit("an index that is sparse or split")
		}
		return nil, err
	}
	return r.program.index(ctx)
}

// index reads the file that holds the index.
func (n *native) index(name string) (*Index, error) {
	st, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &Index{}, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	entries, err := parseIndex(b, sha1.Size)
	return &Index{Entries: entries, written: st.ModTime()}, err
}

func newIndexEntry(name string, mode uint32, h Hash, stage int) IndexEntry {
	mode = canonical(mode)
	return IndexEntry{Path: name, Hash: h, Stage: stage, Exec: mode == modeExec, Link: mode == modeLink, mode: mode}
}

// index has git list what it tracks, each line "mode hash stage\tpath".
func (p *program) index(ctx context.Context) (*Index, error) {
	out, err := p.run(ctx, nil, "ls-files", "--stage", "-z", "--full-name", "--", ".")
	if err != nil {
		return nil, err
	}
	idx := &Index{}
	for line := range bytes.SplitSeq(out, []byte{0}) {
		if len(line) == 0 {
			continue
		}
		facts, name, ok := strings.Cut(string(line), "\t")
		fields := strings.Fields(facts)
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("git ls-files answered %q", line)
		}
		mode, err := strconv.ParseUint(fields[0], 8, 32)
		stage, err2 := strconv.Atoi(fields[2])
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		idx.Entries = append(idx.Entries, newIndexEntry(name, uint32(mode), Hash(fields[1]), stage))
	}
	return idx, nil
}

// Find returns the entry at p that is not in conflict.
func (x *Index) Find(p fsx.Path) (IndexEntry, bool) {
	for _, e := range x.Entries[x.from(string(p)):] {
		if e.Path != string(p) {
			break
		}
		if e.Stage == 0 {
			return e, true
		}
	}
	return IndexEntry{}, false
}

// Under returns what git tracks at p or below it, in conflict or not.
func (x *Index) Under(p fsx.Path) []IndexEntry {
	if p == "" {
		return x.Entries
	}
	lo := x.from(string(p))
	hi := lo
	for hi < len(x.Entries) && x.Entries[hi].Path == string(p) {
		hi++
	}
	if hi > lo {
		return x.Entries[lo:hi]
	}
	below := string(p) + "/"
	lo = x.from(below)
	for hi = lo; hi < len(x.Entries) && strings.HasPrefix(x.Entries[hi].Path, below); {
		hi++
	}
	return x.Entries[lo:hi]
}

func (x *Index) from(name string) int {
	i, _ := slices.BinarySearchFunc(x.Entries, name, func(e IndexEntry, name string) int { return cmp.Compare(e.Path, name) })
	return i
}

// Tracked returns those of paths, files or folders from Top, that git tracks
// itself or something below.
func (r *Repo) Tracked(ctx context.Context, paths ...fsx.Path) ([]fsx.Path, error) {
	idx, err := r.Index(ctx)
	if err != nil {
		return nil, err
	}
	var tracked []fsx.Path
	for _, p := range paths {
		if len(idx.Under(p)) > 0 {
			tracked = append(tracked, p)
		}
	}
	return tracked, nil
}

// indexFS shows the index as files. A folder is the run of entries below it.
func (r *Repo) indexFS(ctx context.Context, idx *Index) FS {
	kept := slices.DeleteFunc(slices.Clone(idx.Entries), func(e IndexEntry) bool { return e.Stage != 0 || e.intended })
	list := func(folder entry) ([]entry, error) { return listIndex(kept, folder), nil }
	return &files{ctx: ctx, r: r, root: entry{name: ".", mode: modeFolder, hi: len(kept)}, list: list}
}

func listIndex(all []IndexEntry, folder entry) []entry {
	var list []entry
	for i := folder.lo; i < folder.hi; i++ {
		e := all[i]
		name, _, deeper := strings.Cut(e.Path[folder.skip:], "/")
		if !deeper {
			list = append(list, entry{name: name, mode: e.mode, hash: e.Hash})
			continue
		}
		sub := entry{name: name, mode: modeFolder, lo: i, skip: folder.skip + len(name) + 1}
		for i+1 < folder.hi && strings.HasPrefix(all[i+1].Path, e.Path[:sub.skip]) {
			i++
		}
		sub.hi = i + 1
		list = append(list, sub)
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	return list
}
