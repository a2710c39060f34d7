package vcs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
)

// A Ref is a name and what it stands for.
type Ref struct {
	Name string // in full: refs/heads/main
	Hash Hash   // of a commit, or of an annotated tag
}

// Refs returns the references whose full names begin with prefix, sorted.
func (r *Repo) Refs(ctx context.Context, prefix string) ([]Ref, error) {
	if r.native != nil {
		return r.native.refs(prefix)
	}
	return r.program.refs(ctx, prefix)
}

// Branches returns the names of the local branches, sorted.
func (r *Repo) Branches(ctx context.Context) ([]string, error) { return r.short(ctx, "refs/heads/") }

// Tags returns the names of the tags, sorted.
func (r *Repo) Tags(ctx context.Context) ([]string, error) { return r.short(ctx, "refs/tags/") }

// RemoteBranches returns the branches of remotes as last fetched, as
// origin/main, sorted.
func (r *Repo) RemoteBranches(ctx context.Context) ([]string, error) {
	names, err := r.short(ctx, "refs/remotes/")
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "/HEAD") }), err
}

func (r *Repo) short(ctx context.Context, prefix string) ([]string, error) {
	refs, err := r.Refs(ctx, prefix)
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = strings.TrimPrefix(ref.Name, prefix)
	}
	return names, err
}

// Branch returns the name of the branch that HEAD is on, also before its
// first commit; empty if HEAD is detached.
func (r *Repo) Branch(ctx context.Context) (string, error) {
	var full string
	var err error
	if r.native != nil {
		full, err = r.native.symbolic("HEAD")
	} else {
		full, err = r.program.symbolic(ctx, "HEAD")
	}
	return strings.TrimPrefix(full, "refs/heads/"), err
}

// maxSymbolic is how many references git follows to the last.
const maxSymbolic = 5

// ref returns what name, a full one, stands for; errAbsent if it is not there,
// or a branch without a commit.
func (n *native) ref(name string) (Hash, error) {
	for range maxSymbolic {
		target, h, err := n.readRef(name)
		if err != nil || target == "" {
			return h, err
		}
		name = target
	}
	return "", errs.At(errs.Other, name, "", "symbolic references lead to each other")
}

// symbolic returns the reference that name stands for; empty if it holds a
// hash itself.
func (n *native) symbolic(name string) (string, error) {
	target, _, err := n.readRef(name)
	return target, err
}

// readRef reads one reference: either another's name or a hash.
func (n *native) readRef(name string) (target string, h Hash, err error) {
	if !validRef(name) {
		return "", "", errAbsent
	}
	b, err := readSmall(filepath.Join(n.home(name), filepath.FromSlash(name)))
	if err == nil {
		return parseRef(name, b)
	}
	// A folder of references, or a file where a folder would be, holds no
	// reference of this name; it may be a packed one.
	packed, err := n.packedRefs()
	if err != nil {
		return "", "", err
	}
	if h, ok := packed[name]; ok {
		return "", h, nil
	}
	return "", "", errAbsent
}

func parseRef(name string, b []byte) (target string, h Hash, err error) {
	if to, ok := bytes.CutPrefix(b, []byte("ref:")); ok {
		to = bytes.TrimSpace(to)
		if !validRef(string(to)) {
			return "", "", errs.At(errs.Other, name, "", "reference leads to %q", to)
		}
		return string(to), "", nil
	}
	// FETCH_HEAD goes on behind the hash.
	word, _, _ := strings.Cut(string(bytes.TrimSpace(b)), "\t")
	if len(word) != 40 || !isHex(word) {
		return "", "", errs.At(errs.Other, name, "run 'git fsck'", "broken reference")
	}
	return "", Hash(word), nil
}

// home returns the folder that holds a reference: a linked working tree has
// HEAD and a few others for itself.
func (n *native) home(name string) string {
	if !strings.HasPrefix(name, "refs/") {
		return n.dir
	}
	for _, own := range []string{"refs/bisect/", "refs/worktree/", "refs/rewritten/"} {
		if strings.HasPrefix(name, own) {
			return n.dir
		}
	}
	return n.common
}

// packedRefs returns the content of packed-refs. git replaces that file while
// we run, and deletes the references that it packed.
func (n *native) packedRefs() (map[string]Hash, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name := filepath.Join(n.common, "packed-refs")
	st, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		n.packed, n.packedAt = nil, nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if was := n.packedAt; was != nil && os.SameFile(was, st) && was.ModTime().Equal(st.ModTime()) && was.Size() == st.Size() {
		return n.packed, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	n.packed, n.packedAt = parsePackedRefs(b), st
	return n.packed, nil
}

func parsePackedRefs(b []byte) map[string]Hash {
	refs := map[string]Hash{}
	for line := range strings.Lines(string(b)) {
		hash, name, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if ok && len(hash) == 40 && isHex(hash) && validRef(name) {
			refs[name] = Hash(hash)
		}
	}
	return refs
}

// refs lists what begins with prefix, loose references over packed ones. What
// is broken is left out: a list for completion must not fail on it.
func (n *native) refs(prefix string) ([]Ref, error) {
	packed, err := n.packedRefs()
	if err != nil {
		return nil, err
	}
	found := map[string]Hash{}
	for name, h := range packed {
		if strings.HasPrefix(name, prefix) {
			found[name] = h
		}
	}
	below := filepath.Join(n.common, filepath.FromSlash(prefix[:strings.LastIndexByte(prefix, '/')+1]))
	err = filepath.WalkDir(below, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a reference that goes away while it is listed is no error
		}
		rel, err := filepath.Rel(n.common, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !strings.HasPrefix(name, prefix) || !validRef(name) {
			return nil
		}
		if h, err := n.ref(name); err == nil {
			found[name] = h
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list := make([]Ref, 0, len(found))
	for name, h := range found {
		list = append(list, Ref{name, h})
	}
	slices.SortFunc(list, func(a, b Ref) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// validRef tells whether name is the full name of a reference: one below
// refs/ by git's rules, or one like HEAD. Only such names become paths.
func validRef(name string) bool {
	if strings.HasPrefix(name, "refs/") {
		return validRefName(name)
	}
	for _, c := range []byte(name) {
		if (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return name != ""
}

// validRefName applies the rules of git-check-ref-format.
func validRefName(name string) bool {
	if name == "" || name == "@" || name[len(name)-1] == '.' || strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}

// isHex tells whether s is of lower-case hex digits.
func isHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
