package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/value"
)

// inputs returns the entry that n would have if it ran now, but for what a run
// makes: its outs have paths and flags alone.
func (p *Pipeline) inputs(ctx context.Context, n *node) (*spec.Entry, error) {
	e := &spec.Entry{Name: n.Name, Cmd: n.Cmd, Wdir: n.LockWdir()}
	for _, d := range n.Deps {
		f, err := p.dep(ctx, n, d)
		if err != nil {
			return nil, err
		}
		e.Deps = append(e.Deps, f.content(d.Path))
	}
	for _, param := range n.Params {
		v, err := p.paramValues(ctx, n, param)
		if err != nil {
			return nil, err
		}
		if len(v.Pairs) > 0 {
			e.Params = append(e.Params, v)
		}
	}
	for _, v := range n.Env {
		if !v.Pass {
			e.Env = append(e.Env, spec.Var{Name: v.Name, Value: v.Value})
		}
	}
	for i := range n.Outs {
		e.Outs = append(e.Outs, flagged(spec.Content{Path: n.Outs[i].Path}, &n.Outs[i]))
	}
	new(spec.Lock).Put(e) // sorts
	return e, nil
}

// flagged returns c with the flags of o.
func flagged(c spec.Content, o *spec.Out) spec.Content {
	c.NoCache, c.NoPush, c.Remote = o.NoCache, o.NoPush, o.Remote
	return c
}

// dep says what n reads at d. What a stage makes and is not there has the hash
// of that stage's last run.
func (p *Pipeline) dep(ctx context.Context, n *node, d spec.Place) (Found, error) {
	f, err := p.look.dep(ctx, d.Full)
	if !absent(err) {
		if err != nil {
			err = fmt.Errorf("stage %s: %w", n.Name, err)
		}
		return f, err
	}
	if m, ok := p.graph.maker(d.Full); ok {
		if f, err := p.recorded(ctx, m, d.Full); err == nil {
			return f, nil
		}
		return Found{}, n.errorf(errs.Missing, "run 'mlv repro "+m.by.name+"', which makes it", "%s is missing", d.Full)
	}
	for dir := d.Full; dir != "." && dir != "/"; dir = path.Dir(dir) {
		if p.tracked[fsx.Path(dir)] {
			return Found{}, n.errorf(errs.Missing, "run 'mlv pull "+dir+"'", "%s is missing", d.Full)
		}
	}
	return Found{}, n.errorf(errs.Usage, "make it, or take it out of deps", "%s, which it reads, does not exist", d.Full)
}

// errUnrecorded means that no lock entry tells what a path held.
var errUnrecorded = errors.New("no run is recorded")

// recorded returns what the last run of m's stage left at full, which is m's
// path or lies in it.
func (p *Pipeline) recorded(ctx context.Context, m made, full string) (Found, error) {
	e := p.books.entry(m.by)
	if e == nil {
		return Found{}, errUnrecorded
	}
	c := outOf(e, m.out.Path)
	if c == nil {
		return Found{}, errUnrecorded
	}
	if full == m.path {
		return found(c), nil
	}
	inside := fsx.Path(full).Rel(fsx.Path(m.path))
	line, err := object.Lookup(ctx, p.opt.Cache.Node, c.ID, inside, object.Scope{})
	if err != nil || line.Mode != object.Tree {
		return Found{ID: line.ID, Size: line.Size, Mode: line.Mode}, err
	}
	root, err := object.Sub(ctx, p.opt.Cache.Node, c.ID, inside, func(*object.Node) error { return nil })
	return Found{ID: root.ID, Size: root.Bytes, Files: root.Files, Mode: object.Tree}, err
}

// outOf returns the out of an entry at a path, nil if it has none.
func outOf(e *spec.Entry, path string) *spec.Content {
	for i := range e.Outs {
		if e.Outs[i].Path == path {
			return &e.Outs[i]
		}
	}
	return nil
}

// paramValues returns the values that n uses of a file.
func (p *Pipeline) paramValues(ctx context.Context, n *node, param spec.Param) (spec.Values, error) {
	v := spec.Values{File: param.Path}
	doc, err := p.look.values(ctx, param.Full)
	if absent(err) {
		return v, n.errorf(errs.Usage, "", "%s, whose values are its params, does not exist", param.Full)
	}
	if err != nil {
		return v, fmt.Errorf("stage %s: %w", n.Name, err)
	}
	if param.All {
		v.Pairs = value.Flatten(doc)
		return v, nil
	}
	byKey := map[string]value.Value{}
	for _, key := range param.Keys {
		at, ok := value.Lookup(doc, key)
		if !ok {
			e := &errs.Error{
				Kind: errs.Usage, Path: string(n.From), Line: n.Line, Candidates: errs.Nearest(key, leafKeys(doc)),
				Err: fmt.Errorf("stage %s: %s has no %q", n.Name, param.Full, key),
			}
			return v, e
		}
		for _, leaf := range value.Flatten(at) {
			byKey[under(key, leaf.Key)] = leaf.Value
		}
	}
	for key, val := range byKey {
		v.Pairs = append(v.Pairs, value.Field{Key: key, Value: val})
	}
	return v, nil
}

// under returns the dotted key of leaf below key, as Flatten spells it.
func under(key, leaf string) string {
	parts, err := value.SplitKey(key)
	if err != nil {
		return key
	}
	if key = value.JoinKey(parts...); leaf == "" {
		return key
	}
	return key + "." + leaf
}

func leafKeys(doc value.Value) (keys []string) {
	for _, leaf := range value.Flatten(doc) {
		keys = append(keys, leaf.Key)
	}
	return keys
}

// values reads a file of values, once.
func (l *look) values(ctx context.Context, full string) (value.Value, error) {
	r, ok := l.params[full]
	if !ok {
		r.v, r.err = readValues(l.p.opt.Root, full, maxParams)
		l.params[full] = r
	}
	return r.v, r.err
}

// measured returns what the lock holds of a metrics file.
func (p *Pipeline) measured(out *spec.Out) spec.Values {
	invalid := spec.Values{File: out.Path, State: spec.Invalid}
	v, err := readValues(p.opt.Root, out.Full, maxMetrics)
	switch {
	case errors.Is(err, fsx.ErrTooLarge):
		return spec.Values{File: out.Path, State: spec.Large}
	case err != nil:
		return invalid
	}
	vals := spec.MetricValues(out.Path, v)
	if vals.State == "" && len(vals.Pairs) == 0 {
		return invalid
	}
	return vals
}

// readValues reads a file of values at a path from the project's folder.
func readValues(root *fsx.Root, full string, limit int64) (value.Value, error) {
	p, err := fsx.ParsePath(full)
	if err != nil {
		return value.Value{}, errs.At(errs.Usage, full, "", "files of values lie in the project")
	}
	b, err := root.ReadFile(p, limit)
	if err != nil {
		return value.Value{}, err
	}
	return value.Read(full, b)
}
