package transfer

import (
	"strings"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// A scope is the paths at or below some paths; an empty one is all paths.
type scope []fsx.Path

// has tells whether p is in the scope.
func (s scope) has(p fsx.Path) bool {
	for _, u := range s {
		if p.Under(u) {
			return true
		}
	}
	return len(s) == 0
}

// meets tells whether a node can hold a path of the scope that holds all paths
// after one and up to another. Those below u are from "u/" to before "u0".
func (s scope) meets(after, last fsx.Path) bool {
	for _, u := range s {
		if u == "" || after < u && u <= last {
			return true
		}
		if strings.Compare(string(after), string(u)+"0") < 0 && string(last) >= string(u)+"/" {
			return true
		}
	}
	return len(s) == 0
}
