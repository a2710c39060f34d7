package pipeline

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// A node is a stage in the graph.
type node struct {
	*spec.Stage
	name     string   // its address
	dir      fsx.Path // where its mlv.yaml and lock stand
	up, down []*node  // whose outs it reads; who reads its outs
	mark     mark
}

// mark is where the search for cycles stands at a node.
type mark uint8

const (
	unseen mark = iota
	entered
	left
)

// at returns the place of the stage for a message.
func (n *node) at() string { return fmt.Sprintf("%s:%d", n.From, n.Line) }

// errorf returns an error about the stage, at its place in mlv.yaml.
func (n *node) errorf(kind errs.Kind, hint, format string, args ...any) error {
	return &errs.Error{
		Kind: kind, Path: string(n.From), Line: n.Line, Hint: hint,
		Err: fmt.Errorf("stage %s: "+format, append([]any{n.Name}, args...)...),
	}
}

// reads returns the paths that the stage reads, from the project's folder.
func (n *node) reads() (paths []string) {
	for _, d := range n.Deps {
		paths = append(paths, d.Full)
	}
	for _, p := range n.Params {
		paths = append(paths, p.Full)
	}
	return paths
}

// A made is an out with the stage that makes it.
type made struct {
	path string
	by   *node
	out  *spec.Out
}

// A graph is the stages of a project and who needs whom.
type graph struct {
	nodes  []*node          // each after those whose outs it reads, else as they were given
	byName map[string]*node // by address
	outs   []made           // by path
}

// newGraph checks stages against one another, and their outs against tracked,
// the paths that pointers track.
func newGraph(stages []*spec.Stage, tracked []fsx.Path) (*graph, error) {
	g := &graph{byName: map[string]*node{}}
	for _, s := range stages {
		n := &node{Stage: s, name: s.Address(), dir: s.From.Dir()}
		g.nodes = append(g.nodes, n)
		g.byName[n.name] = n
		for i := range s.Outs {
			g.outs = append(g.outs, made{s.Outs[i].Full, n, &s.Outs[i]})
		}
	}
	slices.SortStableFunc(g.outs, func(a, b made) int { return cmp.Compare(a.path, b.path) })
	if err := g.checkOuts(tracked); err != nil {
		return nil, err
	}
	for _, n := range g.nodes {
		if err := g.connect(n); err != nil {
			return nil, err
		}
	}
	return g, g.sort()
}

// checkOuts holds that no out is, contains or lies in another one, or what a
// pointer tracks.
func (g *graph) checkOuts(tracked []fsx.Path) error {
	for i, o := range g.outs {
		if i > 0 && g.outs[i-1].path == o.path {
			return o.by.errorf(errs.Usage, "let one stage make it", "%s is also made by stage %s (%s)",
				o.path, g.outs[i-1].by.Name, g.outs[i-1].by.at())
		}
		if in, ok := g.maker(path.Dir(o.path)); ok {
			return o.by.errorf(errs.Usage, "let one stage make the folder, or name the files in it one by one",
				"%s lies in %s, which stage %s makes (%s)", o.path, in.path, in.by.Name, in.by.at())
		}
	}
	for _, p := range tracked {
		o, ok := g.maker(string(p))
		if !ok {
			if below := g.below(string(p)); len(below) > 0 {
				o, ok = below[0], true
			}
		}
		if ok {
			return o.by.errorf(errs.Usage, fmt.Sprintf("run 'mlv remove %s%s', or let the stage make another path", p, spec.Ext),
				"it makes %s, and %s is tracked by %s%s", o.path, p, p, spec.Ext)
		}
	}
	return nil
}

// connect finds whose outs n reads.
func (g *graph) connect(n *node) error {
	for _, p := range n.reads() {
		sources := g.below(p)
		if m, ok := g.maker(p); ok {
			sources = []made{m}
		}
		for _, m := range sources {
			if m.by == n {
				return n.errorf(errs.Usage, "", "it reads %s, and makes %s itself", p, m.path)
			}
			if !slices.Contains(n.up, m.by) {
				n.up = append(n.up, m.by)
				m.by.down = append(m.by.down, n)
			}
		}
	}
	return nil
}

// maker returns the out that is p or contains it.
func (g *graph) maker(p string) (made, bool) {
	for ; p != "." && p != "/" && p != ""; p = path.Dir(p) {
		if i, ok := g.search(p); ok {
			return g.outs[i], true
		}
	}
	return made{}, false
}

// below returns the outs that lie in the folder p.
func (g *graph) below(p string) []made {
	lo, _ := g.search(p + "/")
	hi := lo
	for hi < len(g.outs) && strings.HasPrefix(g.outs[hi].path, p+"/") {
		hi++
	}
	return g.outs[lo:hi]
}

func (g *graph) search(p string) (int, bool) {
	return slices.BinarySearchFunc(g.outs, p, func(m made, p string) int { return cmp.Compare(m.path, p) })
}

// stage returns the stage of a name whose mlv.yaml stands in dir, nil if there
// is none.
func (g *graph) stage(dir fsx.Path, name string) *node {
	return g.byName[(&spec.Stage{Name: name, From: dir.Join(spec.FileName)}).Address()]
}

// sort brings the nodes into an order to run them in.
func (g *graph) sort() error {
	order := make([]*node, 0, len(g.nodes))
	var way []*node
	var visit func(n *node) error
	visit = func(n *node) error {
		switch n.mark {
		case left:
			return nil
		case entered:
			return cycle(append(way[slices.Index(way, n):], n))
		case unseen:
		}
		n.mark = entered
		way = append(way, n)
		for _, u := range n.up {
			if err := visit(u); err != nil {
				return err
			}
		}
		n.mark, way = left, way[:len(way)-1]
		order = append(order, n)
		return nil
	}
	for _, n := range g.nodes {
		if err := visit(n); err != nil {
			return err
		}
	}
	g.nodes = order
	return nil
}

// cycle is the error of stages each of which needs the next, the last being
// the first again.
func cycle(way []*node) error {
	var text strings.Builder
	for i, n := range way {
		if i > 0 {
			text.WriteString(" needs ")
		}
		fmt.Fprintf(&text, "%s (%s)", n.Name, n.at())
	}
	return way[0].errorf(errs.Usage, "", "stages need each other in a circle: %s", &text)
}
