package vcs

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
)

// LogOptions say which commits Log yields.
type LogOptions struct {
	// Match tells whether a file, from the top of the repository, counts. A
	// commit is yielded if some file that counts differs from each of its
	// parents: a merge that took one side whole is not. Nil: every commit.
	Match func(name string) bool
	// Limit bounds the commits that are looked at, yielded or not. 0: all.
	Limit int
}

// Log yields the commits that from, a revision, can reach over all parents,
// newest first. It reads as far as its caller goes on, and only folders that
// differ. The history of a shallow clone ends where the clone does.
func (r *Repo) Log(ctx context.Context, from string, o LogOptions) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		start, err := r.Resolve(ctx, from)
		if err != nil {
			yield(Commit{}, err)
			return
		}
		q := &queue{}
		seen := map[Hash]bool{start.Hash: true}
		q.add(start)
		for n := 0; q.Len() > 0 && (o.Limit == 0 || n < o.Limit); n++ {
			c := q.next()
			parents, err := r.commits(ctx, c)
			if err != nil {
				yield(Commit{}, err)
				return
			}
			changed, err := r.changed(ctx, c, parents, o.Match)
			if err != nil || changed {
				if !yield(c, err) || err != nil {
					return
				}
			}
			for _, p := range parents {
				if !seen[p.Hash] {
					seen[p.Hash] = true
					q.add(p)
				}
			}
		}
	}
}

// commits returns c's parents.
func (r *Repo) commits(ctx context.Context, c Commit) ([]Commit, error) {
	hashes, err := r.parents(ctx, c)
	if err != nil {
		return nil, err
	}
	list := make([]Commit, len(hashes))
	for i, h := range hashes {
		if list[i], err = r.commit(ctx, h); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// changed tells whether what counts in c differs from each parent.
func (r *Repo) changed(ctx context.Context, c Commit, parents []Commit, match func(string) bool) (bool, error) {
	if match == nil {
		return true, nil
	}
	if len(parents) == 0 {
		return r.differ(ctx, "", "", c.Tree, match)
	}
	for _, p := range parents {
		differ, err := r.differ(ctx, "", p.Tree, c.Tree, match)
		if err != nil || !differ {
			return false, err
		}
	}
	return true, nil
}

// differ tells whether a file that counts differs between the trees a and b of
// the folder at prefix. An empty Hash is an absent folder.
func (r *Repo) differ(ctx context.Context, prefix string, a, b Hash, match func(string) bool) (bool, error) {
	if a == b {
		return false, nil
	}
	var lists [2][]entry
	for i, h := range []Hash{a, b} {
		if h == "" {
			continue
		}
		var err error
		if lists[i], err = r.tree(ctx, h); err != nil {
			return false, err
		}
	}
	for pair := range paired(lists[0], lists[1]) {
		was, is := pair[0], pair[1]
		if was.mode == is.mode && was.hash == is.hash {
			continue
		}
		name := prefix + cmp.Or(was.name, is.name)
		differ, err := r.differ(ctx, name+"/", was.below(), is.below(), match)
		if err != nil || differ {
			return differ, err
		}
		if (was.file() || is.file()) && match(name) {
			return true, nil
		}
	}
	return false, nil
}

// below returns the tree of a folder; empty for anything else.
func (e entry) below() Hash {
	if e.mode == modeFolder {
		return e.hash
	}
	return ""
}

func (e entry) file() bool { return e.mode != 0 && e.mode != modeFolder }

// paired yields the entries of two sorted lists by name; the zero entry stands
// where a list lacks one.
func paired(a, b []entry) iter.Seq[[2]entry] {
	return func(yield func([2]entry) bool) {
		for len(a) > 0 || len(b) > 0 {
			var pair [2]entry
			order := 0
			switch {
			case len(a) == 0:
				order = 1
			case len(b) == 0:
				order = -1
			default:
				order = strings.Compare(a[0].name, b[0].name)
			}
			if order <= 0 {
				pair[0], a = a[0], a[1:]
			}
			if order >= 0 {
				pair[1], b = b[0], b[1:]
			}
			if !yield(pair) {
				return
			}
		}
	}
}

// Shallow tells whether the history ends before its first commit, as in
// "git clone --depth 1".
func (r *Repo) Shallow(ctx context.Context) (bool, error) {
	b, err := r.boundary(ctx)
	return len(b) > 0, err
}

// boundary returns the commits whose parents a shallow clone lacks.
func (r *Repo) boundary(context.Context) (map[Hash]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shallow != nil {
		return r.shallow, nil
	}
	b, err := os.ReadFile(filepath.Join(r.common, "shallow"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r.shallow = map[Hash]bool{}
	for line := range strings.FieldsSeq(string(b)) {
		r.shallow[Hash(line)] = true
	}
	return r.shallow, nil
}

// The marks of MergeBase.
const (
	fromA = 1 << iota
	fromB
	settled // below a common ancestor already found
)

// MergeBase returns the newest best common ancestor of two revisions: the
// first that "git merge-base" prints. Without one the error is errs.Usage.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (Commit, error) {
	from, err := r.Resolve(ctx, a)
	if err != nil {
		return Commit{}, err
	}
	to, err := r.Resolve(ctx, b)
	if err != nil {
		return Commit{}, err
	}
	common, err := r.ancestors(ctx, from, to)
	if err != nil {
		return Commit{}, err
	}
	for _, c := range common {
		best := true
		for _, other := range common {
			if c.Hash == other.Hash {
				continue
			}
			below, err := r.ancestors(ctx, c, other)
			if err != nil {
				return Commit{}, err
			}
			best = best && (len(below) == 0 || below[0].Hash != c.Hash)
		}
		if best {
			return c, nil
		}
	}
	e := errs.New(errs.Usage, "", "%s and %s have no common ancestor", a, b)
	if shallow, err := r.Shallow(ctx); err == nil && shallow {
		e.Hint = "run 'git fetch --unshallow'"
	}
	return Commit{}, e
}

// ancestors returns the common ancestors of a and b from which no other found
// one was seen to descend, newest first. Clocks that ran wrong can leave one
// too many.
func (r *Repo) ancestors(ctx context.Context, a, b Commit) ([]Commit, error) {
	q := &queue{}
	marks := map[Hash]int{a.Hash: fromA}
	marks[b.Hash] |= fromB
	q.add(a)
	if a.Hash != b.Hash {
		q.add(b)
	}
	var found []Commit
	for q.unsettled(marks) {
		c := q.next()
		m := marks[c.Hash]
		if m == fromA|fromB { // else nothing new, or below one found
			if !slices.ContainsFunc(found, func(f Commit) bool { return f.Hash == c.Hash }) {
				found = append(found, c)
			}
			m |= settled
		}
		parents, err := r.commits(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("ancestors of %s: %w", c.Hash.Short(), err)
		}
		for _, p := range parents {
			if marks[p.Hash]|m != marks[p.Hash] {
				marks[p.Hash] |= m
				q.add(p)
			}
		}
	}
	var best []Commit
	for _, c := range found {
		if marks[c.Hash]&settled == 0 {
			best = append(best, c)
		}
	}
	return best, nil
}

// A queue gives commits back newest first; of the same second, as added.
type queue struct {
	items []queued
	added int
}

type queued struct {
	Commit
	order int
}

func (q *queue) add(c Commit) {
	heap.Push(q, queued{c, q.added})
	q.added++
}

func (q *queue) next() Commit { return heap.Pop(q).(queued).Commit }

// unsettled tells whether a commit waits that may lead to a new ancestor.
func (q *queue) unsettled(marks map[Hash]int) bool {
	for _, c := range q.items {
		if marks[c.Hash]&settled == 0 {
			return true
		}
	}
	return false
}

func (q *queue) Len() int      { return len(q.items) }
func (q *queue) Swap(i, j int) { q.items[i], q.items[j] = q.items[j], q.items[i] }
func (q *queue) Push(x any)    { q.items = append(q.items, x.(queued)) }
func (q *queue) Less(i, j int) bool {
	if a, b := q.items[i], q.items[j]; !a.Time.Equal(b.Time) {
		return a.Time.After(b.Time)
	} else {
		return a.order < b.order
	}
}

func (q *queue) Pop() any {
	last := q.items[len(q.items)-1]
	q.items = q.items[:len(q.items)-1]
	return last
}
