package fsx

import (
	"cmp"
	"slices"
	"unsafe"
)

// minScratch is the least room for a folder's raw entries.
const minScratch = 32 << 10

// unknown is the kind of an entry whose file system tells only on a stat.
const unknown = Special + 1

// A list gathers the names of a folder in one piece of memory.
type list struct {
	arena []byte
	spans []span
}

type span struct {
	from, to int
	kind     Kind
}

func (l *list) add(name []byte, kind Kind) {
	if string(name) == "." || string(name) == ".." {
		return
	}
	from := len(l.arena)
	l.arena = append(l.arena, name...)
	l.spans = append(l.spans, span{from, len(l.arena), kind})
}

// finish returns the names, asking h for kinds that are not known. A name
// that went away meanwhile is left out.
func (l *list) finish(h handle) ([]Name, error) {
	all := unsafe.String(unsafe.SliceData(l.arena), len(l.arena)) // never written again
	names := make([]Name, 0, len(l.spans))
	for _, s := range l.spans {
		n := Name{all[s.from:s.to], s.kind}
		if n.Kind == unknown {
			st, err := h.stat(n.Name)
			if gone(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			n.Kind = st.Kind
		}
		names = append(names, n)
	}
	return names, nil
}

func sortNames(names []Name) {
	slices.SortFunc(names, func(a, b Name) int { return cmp.Compare(a.Name, b.Name) })
}
