package vcs

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
)

// Modes of what a tree or the index holds.
const (
	modeFile    = 0o100644
	modeExec    = 0o100755
	modeLink    = 0o120000
	modeFolder  = 0o040000
	modeModule  = 0o160000 // a submodule: its files are not in this repository
	modeTypes   = 0o170000
	modeRegular = 0o100000
)

// An entry is one name in a folder, of a tree or of the index.
type entry struct {
	name string
	mode uint32
	hash Hash // of a folder of the index: empty

	lo, hi, skip int // of a folder of the index: which entries, and how much of their names is its own
}

func (e entry) folder() bool { return e.mode == modeFolder || e.mode == modeModule }

// keptTrees bounds the number of trees that are kept parsed.
const keptTrees = 1 << 12

// tree returns the entries of the tree h, sorted by name. They are shared and
// must not be changed.
func (r *Repo) tree(ctx context.Context, h Hash) ([]entry, error) {
	r.mu.Lock()
	have, ok := r.trees[h]
	r.mu.Unlock()
	if ok {
		return have, nil
	}
	o, err := r.object(ctx, h)
	if errors.Is(err, errAbsent) {
		return nil, errs.New(errs.Missing, "run 'git fsck'", "tree %s is not in the repository", h.Short())
	}
	if err != nil {
		return nil, err
	}
	list, err := parseTree(o.content, r.config.hashLen/2)
	if err != nil || o.kind != "tree" {
		return nil, errs.At(errs.Corrupt, string(h), "run 'git fsck'", "broken tree object: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.trees) >= keptTrees {
		clear(r.trees)
	}
	r.trees[h] = list
	return list, nil
}

// parseTree reads the text of a tree object with hashes of n bytes. Names that
// would lead a walk elsewhere are refused.
func parseTree(b []byte, n int) ([]entry, error) {
	var list []entry
	for len(b) > 0 {
		mode, rest, ok := bytes.Cut(b, []byte(" "))
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(rest) < n || len(mode) > 6 {
			return nil, errors.New("ends too early")
		}
		e := entry{name: string(name), hash: Hash(hex.EncodeToString(rest[:n]))}
		if e.name == "" || e.name == "." || e.name == ".." || strings.Contains(e.name, "/") {
			return nil, errors.New("name that leads elsewhere")
		}
		for _, c := range mode {
			if c < '0' || c > '7' {
				return nil, errors.New("mode that is no number")
			}
			e.mode = e.mode<<3 | uint32(c-'0')
		}
		e.mode = canonical(e.mode)
		list, b = append(list, e), rest[n:]
	}
	// git orders folders as if they ended in a slash.
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	return list, nil
}

// canonical returns the mode that git reads for m: old histories hold others.
func canonical(m uint32) uint32 {
	switch m & modeTypes {
	case modeRegular:
		if m&0o100 != 0 {
			return modeExec
		}
		return modeFile
	case modeLink, modeFolder:
		return m & modeTypes
	}
	return modeModule
}

// child returns the entry called name in a sorted list.
func child(list []entry, name string) (entry, bool) {
	i, ok := slices.BinarySearchFunc(list, name, func(e entry, name string) int { return cmp.Compare(e.name, name) })
	if !ok {
		return entry{}, false
	}
	return list[i], true
}
