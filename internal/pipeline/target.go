package pipeline

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// targets returns the stages that words name, as seen from the folder cwd: a
// stage, a file or folder that one makes, a file inside such a folder, an
// mlv.yaml for all stages in it, or "sub/mlv.yaml:stage". A word that begins
// with "./" or "../" is a path.
func (g *graph) targets(words []string, cwd fsx.Path) ([]*node, error) {
	var found []*node
	for _, word := range words {
		nodes := g.target(word, cwd)
		if len(nodes) == 0 {
			return nil, g.unknown(word)
		}
		for _, n := range nodes {
			if !slices.Contains(found, n) {
				found = append(found, n)
			}
		}
	}
	return found, nil
}

func (g *graph) target(word string, cwd fsx.Path) []*node {
	full := path.Join(string(cwd), word)
	isPath := strings.HasPrefix(word, "./") || strings.HasPrefix(word, "../") || word == "." || word == ".."
	if !isPath {
		if n := g.named(word, cwd); n != nil {
			return []*node{n}
		}
		if n := g.byName[full]; n != nil { // sub/mlv.yaml:stage
			return []*node{n}
		}
	}
	if m, ok := g.maker(full); ok {
		return []*node{m.by}
	}
	var nodes []*node
	for _, n := range g.nodes {
		if string(n.From) == full {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// named returns the stage called name: that of the mlv.yaml in cwd, of those
// in the folders above it, or the only one of the name.
func (g *graph) named(name string, cwd fsx.Path) *node {
	var same []*node
	for _, n := range g.nodes {
		if n.Name == name {
			same = append(same, n)
		}
	}
	for dir := cwd; len(same) > 1; dir = dir.Dir() {
		for _, n := range same {
			if n.From.Dir() == dir {
				return n
			}
		}
		if dir == "" {
			return nil // several, and none is nearer than the others
		}
	}
	if len(same) == 1 {
		return same[0]
	}
	return nil
}

// unknown is the error of a word that names no stage.
func (g *graph) unknown(word string) error {
	var names []string
	for _, n := range g.nodes {
		if n.Name == word {
			names = append(names, n.name)
		}
	}
	if len(names) > 1 {
		return &errs.Error{Kind: errs.Usage, Path: word, Candidates: names, Err: fmt.Errorf("%d stages have this name", len(names))}
	}
	names = names[:0]
	for name := range g.byName {
		names = append(names, name)
	}
	for _, m := range g.outs {
		names = append(names, m.path)
	}
	return &errs.Error{
		Kind: errs.Usage, Path: word, Candidates: errs.Nearest(word, names), Hint: "run 'mlv stage list'",
		Err: fmt.Errorf("no stage has this name or makes this path"),
	}
}

// A span says which stages around the targets are meant.
type span struct {
	single     bool // the targets alone
	downstream bool // the targets and what depends on them; else what they depend on
}

// closure returns the stages that targets and s select, in the order of the
// graph. Without targets it is all of them. What a frozen stage depends on is
// not selected on its account.
func (g *graph) closure(targets []*node, s span) []*node {
	if targets == nil {
		return g.nodes
	}
	in := map[*node]bool{}
	var visit func(n *node)
	visit = func(n *node) {
		if in[n] {
			return
		}
		in[n] = true
		next := n.up
		if n.Frozen {
			next = nil
		}
		if s.downstream {
			next = n.down
		}
		if s.single {
			next = nil
		}
		for _, m := range next {
			visit(m)
		}
	}
	for _, n := range targets {
		visit(n)
	}
	return slices.DeleteFunc(slices.Clone(g.nodes), func(n *node) bool { return !in[n] })
}
