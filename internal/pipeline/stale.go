package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/value"
)

// A Reason is one cause of a stage to be stale.
type Reason struct {
	Kind string `json:"kind"` // cmd, dep, param, env, environment, out, lock, always, force, upstream
	Text string `json:"text"` // for people, without the stage's name
}

// The kinds of Reason.
const (
	kindCmd      = "cmd"
	kindDep      = "dep"
	kindParam    = "param"
	kindEnv      = "env"
	kindEnviron  = "environment"
	kindOut      = "out"
	kindLock     = "lock"
	kindAlways   = "always"
	kindForce    = "force"
	kindUpstream = "upstream"
)

// differences returns a Reason for each line in which the keys of two entries
// differ.
func differences(old, now *spec.Entry) (reasons []Reason) {
	if bytes.Equal(old.KeyLines(), now.KeyLines()) {
		return nil
	}
	add := func(kind, format string, args ...any) {
		reasons = append(reasons, Reason{kind, fmt.Sprintf(format, args...)})
	}
	if !slices.Equal(old.Cmd, now.Cmd) {
		add(kindCmd, "cmd: %s → %s", strings.Join(old.Cmd, "; "), strings.Join(now.Cmd, "; "))
	}
	contents := func(kind, word string, old, now []spec.Content, same func(a, b *spec.Content) bool) {
		both(old, now, func(c *spec.Content) string { return c.Path }, func(a, b *spec.Content) {
			switch {
			case a == nil:
				add(kind, "+ %s%s", word, b.Path)
			case b == nil:
				add(kind, "- %s%s", word, a.Path)
			case !same(a, b):
				add(kind, "%s changed", a.Path)
			}
		})
	}
	sameContent := func(a, b *spec.Content) bool {
		return a.ID == b.ID && a.Mode == b.Mode && a.Etag == b.Etag && a.Image == b.Image
	}
	contents(kindDep, "", old.Deps, now.Deps, sameContent)
	both(old.Params, now.Params, func(v *spec.Values) string { return v.File }, func(a, b *spec.Values) {
		file, was, is := valuesOf(a, b)
		both(was, is, func(f *value.Field) string { return f.Key }, func(a, b *value.Field) {
			switch {
			case a == nil:
				add(kindParam, "%s + %s", file, b.Key)
			case b == nil:
				add(kindParam, "%s - %s", file, a.Key)
			case !a.Value.Equal(b.Value):
				add(kindParam, "%s %s %s", file, a.Key, change(a.Value, b.Value))
			}
		})
	})
	both(old.Env, now.Env, func(v *spec.Var) string { return v.Name }, func(a, b *spec.Var) {
		switch {
		case a == nil:
			add(kindEnv, "+ env %s", b.Name)
		case b == nil:
			add(kindEnv, "- env %s", a.Name)
		case a.Value != b.Value:
			add(kindEnv, "env %s %s → %s", a.Name, a.Value, b.Value)
		}
	})
	contents(kindEnviron, "", old.Environment, now.Environment, sameContent)
	contents(kindOut, "out ", old.Outs, now.Outs, func(_, _ *spec.Content) bool { return true })
	return reasons
}

// both calls f for every key of two lists that rise by it, with nil on the
// side that lacks it.
func both[T any](a, b []T, key func(*T) string, f func(a, b *T)) {
	for len(a) > 0 || len(b) > 0 {
		c := 0
		switch {
		case len(a) == 0:
			c = 1
		case len(b) == 0:
			c = -1
		default:
			c = cmp.Compare(key(&a[0]), key(&b[0]))
		}
		switch {
		case c < 0:
			f(&a[0], nil)
			a = a[1:]
		case c > 0:
			f(nil, &b[0])
			b = b[1:]
		default:
			f(&a[0], &b[0])
			a, b = a[1:], b[1:]
		}
	}
}

// valuesOf returns the file that two Values, of which one may be nil, are of,
// and their values.
func valuesOf(a, b *spec.Values) (file string, was, is []value.Field) {
	if a != nil {
		file, was = a.File, a.Pairs
	}
	if b != nil {
		file, is = b.File, b.Pairs
	}
	return file, was, is
}

// change spells a change of a value, with the types where they alone differ to
// the eye.
func change(a, b value.Value) string {
	if a.Kind() != b.Kind() {
		return fmt.Sprintf("%s (%s) → %s (%s)", a, a.Kind(), b, b.Kind())
	}
	return fmt.Sprintf("%s → %s", a, b)
}

// A verdict is what is to be done with a stage.
type verdict struct {
	now     *spec.Entry // its inputs as they stand
	old     *spec.Entry // the record of its last run, or of one under another name; nil: none
	reasons []Reason    // why it is stale; none: it is up to date
	absent  []int       // outs of the stage that are to be checked out
}

// judge compares a stage with its entry.
func (p *Pipeline) judge(ctx context.Context, n *node) (verdict, error) {
	now, err := p.inputs(ctx, n)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{now: now}
	switch old := p.books.get(n); {
	case old == nil:
		if v.old = p.books.orphan(now.Key()); v.old == nil {
			v.reasons = []Reason{{kindLock, "it has never run"}}
		}
	case !old.Intact():
		v.reasons = []Reason{{kindLock, "its entry in the lock is a merge of two runs"}}
	default:
		v.old, v.reasons = old, differences(old, now)
	}
	if n.AlwaysChanged {
		v.reasons = append(v.reasons, Reason{kindAlways, "always_changed"})
	}
	if len(n.Deps)+len(n.Params)+len(n.Outs) == 0 {
		v.reasons = append(v.reasons, Reason{kindAlways, "it has no deps and no outs"})
	}
	if v.old == nil {
		return v, nil
	}
	return v, p.judgeOuts(ctx, n, &v)
}

// judgeOuts compares the outs of a stage with those of the run in v.old.
func (p *Pipeline) judgeOuts(ctx context.Context, n *node, v *verdict) error {
	for i := range n.Outs {
		o := &n.Outs[i]
		c := outOf(v.old, o.Path)
		if c == nil {
			continue // added: differences says so
		}
		f, err := p.look.out(ctx, o.Full)
		switch {
		case absent(err):
			here, err := p.here(ctx, found(c))
			if err != nil {
				return err
			}
			if here {
				v.absent = append(v.absent, i)
			} else {
				v.reasons = append(v.reasons, Reason{kindOut, o.Full + ": object gone"})
			}
		case err != nil:
			return n.errorf(0, "", "%w", err)
		case !f.is(c):
			v.reasons = append(v.reasons, Reason{kindOut, o.Full + " differs from the last run"})
		}
	}
	return nil
}

// here tells whether the cache holds all of f.
func (p *Pipeline) here(ctx context.Context, f Found) (bool, error) {
	if f.ID == object.Empty {
		return true, nil
	}
	if f.Mode != object.Tree {
		return p.opt.Cache.Has(f.ID)
	}
	for line, err := range object.Entries(ctx, p.opt.Cache.Node, f.ID, object.Scope{}) {
		if err != nil {
			return false, ctx.Err() // a node is missing or damaged
		}
		if line.ID == object.Empty {
			continue
		}
		if has, err := p.opt.Cache.Has(line.ID); !has || err != nil {
			return false, err
		}
	}
	return true, nil
}
