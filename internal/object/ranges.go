package object

import (
	"cmp"
	"slices"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// ranges are the paths at or below some paths, as half-open intervals of
// bytes that rise; "/" + 1 is "0". They are asked about rising paths only.
type ranges struct {
	all  bool
	list []interval
}

type interval struct{ from, to string }

func newRanges(under []fsx.Path) (r ranges) {
	r.all = len(under) == 0
	for _, p := range under {
		if p == "" {
			return ranges{all: true}
		}
		s := string(p)
		r.list = append(r.list, interval{s, s + "\x00"}, interval{s + "/", s + "0"})
	}
	// Those of nested paths overlap; the outer one begins first.
	slices.SortFunc(r.list, func(a, b interval) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
	kept := r.list[:0]
	for _, iv := range r.list {
		if n := len(kept); n > 0 && iv.to <= kept[n-1].to {
			continue
		}
		kept = append(kept, iv)
	}
	r.list = kept
	return r
}

// has tells whether p is in r, forgetting what lies before p.
func (r *ranges) has(p string) bool {
	for len(r.list) > 0 && r.list[0].to <= p {
		r.list = r.list[1:]
	}
	return len(r.list) > 0 && r.list[0].from <= p
}

// meets tells whether r has paths after "after" and up to last, forgetting
// what lies before.
func (r *ranges) meets(after, last string) bool {
	for len(r.list) > 0 && r.list[0].to <= after {
		r.list = r.list[1:]
	}
	return len(r.list) > 0 && r.list[0].from <= last
}
