package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/proc"
	"github.com/mlv-dev/mlv/internal/spec"
)

// execute runs the commands of n, whose lease the caller holds, between an
// intent and its end. After an error the outs are as they were, and what the
// command made is in kept.
func (r *repro) execute(ctx context.Context, n *node, v *verdict, res *StageResult) error {
	in, err := r.setAside(ctx, n)
	if err != nil {
		return err
	}
	begun := time.Now()
	e, err := r.produce(ctx, n, v)
	took := time.Since(begun)
	res.Seconds = took.Seconds()
	if err == nil {
		err = r.commit(in, n, e, took)
	}
	if err == nil {
		r.p.books.put(n.dir, e)
		r.ended = append(r.ended, ended{n, in, nil})
		return nil
	}
	// Whatever ended ctx, the old outs come back.
	var undo error
	res.Kept, undo = r.p.back(context.WithoutCancel(ctx), in)
	r.p.look.forget()
	return errors.Join(err, undo)
}

// setAside writes the intent of running n and moves its old outs away. Outs
// that persist stay; what they are is saved, and they become files of their
// own, so that a command that writes into them writes into nothing else.
func (r *repro) setAside(ctx context.Context, n *node) (*intent, error) {
	p := r.p
	in := &intent{
		Version: 1, Stage: n.name, Dir: n.dir, Pid: os.Getpid(), Since: time.Now().UTC(),
		slug: n.slug(),
	}
	if err := p.opt.Root.RemoveAll(keptDir.Join(in.slug)); err != nil {
		return nil, err
	}
	home, err := p.device(".mlv")
	if err != nil {
		return nil, err
	}
	for i := range n.Outs {
		out, err := r.plan(ctx, n, &n.Outs[i], fmt.Sprint(i), home)
		if err != nil {
			return nil, err
		}
		in.Outs = append(in.Outs, out)
	}
	if err := p.write(in); err != nil {
		return nil, err
	}
	p.at("intent")
	for _, out := range in.Outs {
		var err error
		switch {
		case out.Aside != "":
			err = p.opt.Root.Rename(out.Path, out.Aside, fsx.RenameOptions{NoReplace: true})
		case out.Stays:
			err = p.own(out.Path)
		}
		if err != nil {
			_, undo := p.back(context.WithoutCancel(ctx), in)
			return nil, errors.Join(err, undo)
		}
		p.look.gone(string(out.Path))
		p.at("aside")
	}
	return in, nil
}

// plan says what to do with what stands where an out will be made. What is
// about to be moved is only deleted later if its content is known to be in the
// cache, as what the lock names is.
func (r *repro) plan(ctx context.Context, n *node, o *spec.Out, name string, home uint64) (setAside, error) {
	p := r.p
	out := setAside{Path: o.Target()}
	f, err := p.look.out(ctx, o.Full)
	if absent(err) {
		return out, nil
	}
	if err != nil {
		return out, fmt.Errorf("stage %s: %w", n.Name, err)
	}
	if o.Persist {
		if f, err = p.opt.Files.Save(ctx, out.Path); err != nil {
			return out, err
		}
		out.Stays, out.ID, out.Size, out.Files, out.Mode = true, f.ID.String(), f.Size, f.Files, string(f.Mode)
		return out, nil
	}
	dev, err := p.device(out.Path)
	if err != nil {
		return out, err
	}
	if out.Aside = asideDir.Join(n.slug()).Join(fsx.Path(name)); dev != home {
		out.Aside = beside(out.Path, n.slug())
	}
	if e := p.books.entry(n); e != nil && o.NoCache {
		c := outOf(e, o.Path)
		out.Known = c != nil && f.is(c) // made by a run; git is to keep it
	}
	if !out.Known {
		out.Known, err = p.here(ctx, f)
	}
	return out, err
}

// device returns the file system that p is on.
func (p *Pipeline) device(path fsx.Path) (uint64, error) {
	st, err := p.opt.Root.Stat(path)
	return st.Dev, err
}

// produce runs the commands of n and returns the entry of the run.
func (r *repro) produce(ctx context.Context, n *node, v *verdict) (*spec.Entry, error) {
	if err := r.commands(ctx, n); err != nil {
		return nil, err
	}
	p := r.p
	p.at("command")
	p.look.forget()
	now, err := p.inputs(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("after its run: %w", err)
	}
	if !bytes.Equal(now.KeyLines(), v.now.KeyLines()) {
		what := "its inputs"
		if d := differences(v.now, now); len(d) > 0 {
			what = d[0].Text
		}
		return nil, n.errorf(errs.Stage, "run 'mlv repro' again", "while it ran, an input changed: %s", what)
	}
	e := *v.now
	for i := range n.Outs {
		o := &n.Outs[i]
		f, err := r.take(ctx, n, o)
		if absent(err) {
			return nil, n.errorf(errs.Stage, "let the command make it, or take it out of outs", "the command ended well, but made no %s", o.Full)
		}
		if err != nil {
			return nil, fmt.Errorf("stage %s: %w", n.Name, err)
		}
		p.look.saw(o.Full, f)
		*outOf(&e, o.Path) = flagged(f.content(o.Path), o)
		if o.Metric {
			e.Metrics = append(e.Metrics, p.measured(o))
		}
		if e.Data, err = p.measuredOn(ctx, n, o, nil, e.Data); err != nil {
			return nil, err
		}
	}
	p.at("hashed")
	return &e, nil
}

// take hashes an out that a command just made, into the cache if it is to be
// kept.
func (r *repro) take(ctx context.Context, n *node, o *spec.Out) (Found, error) {
	files, at := r.p.opt.Files, o.Target()
	before, err := r.p.opt.Root.Stat(at)
	if err != nil {
		return Found{}, err
	}
	var f Found
	if keep := !o.NoCache || before.Kind == fsx.File && before.Size <= maxUncached; keep && !r.opt.NoCommit {
		f, err = files.Save(ctx, at)
	} else {
		f, err = files.Hash(ctx, at)
	}
	if err != nil {
		return Found{}, err
	}
	// A link may have taken the file's place; its bytes must be what was hashed.
	if f.Mode != object.Tree && f.Size != before.Size {
		return Found{}, n.errorf(errs.Stage, "", "%s changed after the command ended", o.Full)
	}
	return f, nil
}

// measuredOn adds the data that the metrics of o were measured on to list:
// from known, the entry of an earlier run with the same result, else as they
// stand.
func (p *Pipeline) measuredOn(ctx context.Context, n *node, o *spec.Out, known, list []spec.Content) ([]spec.Content, error) {
	for _, d := range o.Data {
		if contentAt(list, d.Path) != nil {
			continue
		}
		if c := contentAt(known, d.Path); c != nil {
			list = append(list, *c)
			continue
		}
		f, err := p.dep(ctx, n, d)
		if err != nil {
			return nil, err
		}
		list = append(list, f.content(d.Path))
	}
	return list, nil
}

func contentAt(list []spec.Content, path string) *spec.Content {
	for i := range list {
		if list[i].Path == path {
			return &list[i]
		}
	}
	return nil
}

// commands runs the commands of n, one after the other.
func (r *repro) commands(ctx context.Context, n *node) (err error) {
	p := r.p
	root, err := filepath.Abs(p.opt.Root.Dir())
	if err != nil {
		return err
	}
	if st, err := p.opt.Root.Stat(n.Wdir); err != nil || st.Kind != fsx.Dir {
		return n.errorf(errs.Usage, "", "its wdir %s is no folder", n.Wdir)
	}
	env := []string{"PYTHONUNBUFFERED=1", "MLV_ROOT=" + root, "MLV_STAGE=" + n.name}
	for _, v := range n.Env {
		if !v.Pass {
			env = append(env, v.Name+"="+v.Value)
		}
	}
	out, done, err := r.output(n, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	for _, cmd := range n.Cmd {
		path, args, err := proc.Shell(cmd)
		if err != nil {
			return n.errorf(errs.Other, "", "%w", err)
		}
		exit, err := p.guard.Run(ctx, proc.Job{
			Path: path, Args: args, Dir: filepath.Join(root, filepath.FromSlash(string(n.Wdir))), Env: env,
			Hold: proc.Hold{Root: root, Path: holdOf(n.slug())},
		}, out)
		if err != nil {
			return n.errorf(errs.Other, "", "%w", err)
		}
		if err := exit.Err("stage " + n.Name); err != nil {
			return &errs.Error{Kind: errs.Stage, Path: string(n.From), Line: n.Line, Hint: "see " + string(n.log()), Err: err}
		}
	}
	return nil
}

// log returns where the output of n's last run is.
func (n *node) log() fsx.Path { return logsDir.Join(n.slug() + ".log") }

// output returns where the commands of n write: to the caller's Output and to
// the stage's log, both without secrets. Call done at the end.
func (r *repro) output(n *node, env []string) (w io.Writer, done func() error, err error) {
	root := r.p.opt.Root
	if err := root.MkdirAll(logsDir); err != nil {
		return nil, nil, err
	}
	if err := root.RemoveAll(n.log()); err != nil {
		return nil, nil, err
	}
	dir, err := root.Folder(logsDir)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	f, err := dir.CreateFile(n.log().Base(), 0o644)
	if err != nil {
		return nil, nil, err
	}
	log := proc.NewLog(f)
	both := io.Writer(log)
	if r.opt.Output != nil {
		both = io.MultiWriter(r.opt.Output, log)
	}
	m := proc.NewMask(both, proc.Secrets(env))
	return m, func() error { return errors.Join(m.Close(), log.Close(), f.Close()) }, nil
}

// commit makes a run count: the entry takes the place of what undoes it.
func (r *repro) commit(in *intent, n *node, e *spec.Entry, took time.Duration) error {
	new(spec.Lock).Put(e) // sorts, and sets the sum
	text, err := (&spec.Lock{Entries: []*spec.Entry{e}}).Format()
	if err != nil {
		return err
	}
	if n.repeats() && !r.opt.NoCommit && recordable(e) {
		b, err := r.p.newRecord(e, took).format()
		if err != nil {
			return err
		}
		if err := r.p.opt.Cache.PutRun(e.Key(), b); err != nil {
			return err
		}
	}
	r.p.at("record")
	in.Entry = string(text)
	if err := r.p.write(in); err != nil {
		return err
	}
	r.p.at("commit")
	return nil
}

// recordable tells whether the cache has all that a record of e would promise.
func recordable(e *spec.Entry) bool {
	for _, c := range e.Outs {
		if c.NoCache && (c.Mode == object.Tree || c.Size > maxUncached) {
			return false
		}
	}
	return true
}

// settle writes the locks, at most once a second unless it is the last time,
// and then drops what is needed only until a run stands in its lock.
func (r *repro) settle(ctx context.Context, last bool) error {
	now := time.Now()
	ctx = context.WithoutCancel(ctx) // what has run has run
	if !last && !r.p.books.due(now) {
		return nil
	}
	if err := r.p.books.flush(ctx, now); err != nil {
		return err
	}
	r.p.at("lock")
	for len(r.ended) > 0 {
		e := r.ended[0]
		if err := errors.Join(r.p.drop(e.intent), e.lease.free()); err != nil {
			return err
		}
		r.ended = r.ended[1:]
	}
	return nil
}

// holds tells whether the lease of n is still held here, since its run doesn't
// stand in its lock yet.
func (r *repro) holds(n *node) bool {
	return slices.ContainsFunc(r.ended, func(e ended) bool { return e.node == n })
}
