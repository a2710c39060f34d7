package transfer

import (
	"cmp"
	"slices"

	"github.com/mlv-dev/mlv/internal/object"
)

// A project is the project tree over some outputs, built in memory.
type project struct {
	root  object.Root
	lines []object.Entry // by path
	nodes map[object.ID][]byte
}

// newProject builds the project tree of outputs, in any order.
func newProject(outputs []object.Entry) (*project, error) {
	p := &project{lines: slices.Clone(outputs), nodes: map[object.ID][]byte{}}
	slices.SortFunc(p.lines, func(a, b object.Entry) int { return cmp.Compare(a.Path, b.Path) })
	b := object.NewBuilder(func(n *object.Node) error {
		p.nodes[n.ID] = slices.Clone(n.Text)
		return nil
	})
	for _, e := range p.lines {
		if err := b.Add(e); err != nil {
			return nil, err
		}
	}
	var err error
	p.root, err = b.Finish()
	return p, err
}
