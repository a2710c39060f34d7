package vcs

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// native reads a repository without starting a program: references by itself,
// objects and the index through go-git.
type native struct {
	dir, common string

	mu               sync.Mutex // go-git's storage is for one goroutine
	stores           []*filesystem.ObjectStorage
	weighed, isHeavy bool
	packed           map[string]Hash
	packedAt         fs.FileInfo // of the file that packed was read from; nil: there was none
}

// keptBases bounds the memory of go-git's cache, which holds what deltas are
// made from.
const keptBases = 16 * cache.MiByte

func newNative(dir, common string) *native { return &native{dir: dir, common: common} }

func (n *native) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []error
	for _, s := range n.stores {
		all = append(all, s.Close())
	}
	n.stores = nil
	return errors.Join(all...)
}

// open prepares the places of objects: the repository's own and those that it
// borrows from. go-git's own way with the latter fails on absolute paths.
func (n *native) open() {
	if n.stores != nil {
		return
	}
	kept := cache.NewObjectLRU(keptBases)
	for _, dir := range objectDirs(filepath.Join(n.common, "objects")) {
		files := osfs.New(filepath.Dir(dir), osfs.WithBoundOS())
		n.stores = append(n.stores, filesystem.NewObjectStorageWithOptions(
			dotgit.New(files), kept, filesystem.Options{KeepDescriptors: true}))
	}
}

// objectDirs returns dir and the folders that it borrows objects from, as far
// as go-git can read them: it wants a folder to be called objects. What lies
// elsewhere is absent here, and so the program's to find.
func objectDirs(dir string) []string {
	dirs := []string{dir}
	for i := 0; i < len(dirs) && i < 32; i++ {
		b, err := os.ReadFile(filepath.Join(dirs[i], "info", "alternates"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			line = strings.TrimRight(line, "\r\n")
			if line == "" || line[0] == '#' || line[0] == '"' {
				continue
			}
			to := resolveFrom(dirs[i], line)
			if filepath.Base(to) == "objects" && !slices.Contains(dirs, to) {
				dirs = append(dirs, to)
			}
		}
	}
	return dirs
}

// bigPacks is how large the indexes of packs may be, in bytes, before the
// program is the better way to objects: go-git reads them whole, 1 µs an
// object or 30 ms of this size; git starts in 4 ms.
const bigPacks = 1 << 20

// heavy tells whether the program reads objects faster, if there is one.
func (n *native) heavy() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.weighed {
		return n.isHeavy
	}
	names, _ := filepath.Glob(filepath.Join(n.common, "objects", "pack", "*.idx"))
	var size int64
	for _, name := range names {
		if st, err := os.Stat(name); err == nil {
			size += st.Size()
		}
	}
	n.weighed, n.isHeavy = true, size > bigPacks
	return n.isHeavy
}

func (n *native) object(ctx context.Context, h Hash) (object, error) {
	if err := ctx.Err(); err != nil {
		return object{}, err
	}
	if len(h) != 40 {
		return object{}, errAbsent
	}
	id := plumbing.NewHash(string(h))
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open()
	o, err := n.find(id)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		// git may have packed objects since the packs were listed.
		for _, s := range n.stores {
			s.Reindex()
		}
		o, err = n.find(id)
	}
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return object{}, errAbsent
	}
	return o, err
}

func (n *native) find(id plumbing.Hash) (object, error) {
	last := error(plumbing.ErrObjectNotFound)
	for _, s := range n.stores {
		o, err := s.EncodedObject(plumbing.AnyObject, id)
		if err != nil {
			if !errors.Is(err, plumbing.ErrObjectNotFound) {
				last = err
			}
			continue
		}
		return decode(o)
	}
	return object{}, last
}

func decode(o plumbing.EncodedObject) (object, error) {
	in, err := o.Reader()
	if err != nil {
		return object{}, err
	}
	content := make([]byte, o.Size())
	_, err = io.ReadFull(in, content)
	return object{o.Type().String(), content}, errors.Join(err, in.Close())
}

// match returns the objects whose names begin with prefix, at least four
// digits.
func (n *native) match(prefix string) ([]Hash, error) {
	whole, err := hex.DecodeString(prefix[:len(prefix)&^1])
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open()
	var found []Hash
	for _, s := range n.stores {
		all, err := s.HashesWithPrefix(whole)
		if err != nil {
			return nil, err
		}
		for _, id := range all {
			if h := Hash(id.String()); strings.HasPrefix(string(h), prefix) {
				found = append(found, h)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}
