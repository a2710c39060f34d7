package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/spec"
)

// ReproOptions say what to bring up to date, and how.
type ReproOptions struct {
	Targets    []string // stages, or what they make; none: all stages
	Single     bool     // the targets alone
	Downstream bool     // the targets and what depends on them
	Force      bool     // run even what is up to date
	DryRun     bool     // say what would be done
	KeepGoing  bool     // after a failure go on with what doesn't depend on it
	NoRunCache bool     // run even what a run record answers
	NoCommit   bool     // leave the outs out of the cache

	Output  io.Writer          // what stages write; nil: only their logs have it
	Started func(StageResult)  // a stage is about to run; nil: nobody is told
	Ended   func(StageResult)  // a stage is done
	Waiting func(stage string) // another process runs the stage, or what it reads
}

// The outcomes of a stage.
const (
	Unchanged  = "unchanged"   // nothing to do
	CheckedOut = "checked out" // it was up to date, but outs were missing
	Cached     = "cached"      // a run record had the outs
	Ran        = "ran"
	Frozen     = "frozen"
	Failed     = "failed"
	Skipped    = "skipped"   // a stage that it needs failed
	WouldRun   = "would run" // in a dry run
)

// A StageResult is what became of one stage.
type StageResult struct {
	Stage   string   `json:"stage"`
	Cmd     []string `json:"cmd,omitempty"`
	Outcome string   `json:"outcome"`
	Reasons []Reason `json:"reasons,omitempty"` // why it was stale
	Seconds float64  `json:"seconds,omitempty"`
	Kept    []string `json:"kept,omitempty"` // where outs of a failed run, or edits, are now
	Error   string   `json:"error,omitempty"`
}

// A ReproResult is what Repro did, stage by stage in the order of doing.
type ReproResult struct {
	Recovered []string      `json:"recovered,omitempty"` // stages whose killed run was undone or ended
	Stages    []StageResult `json:"stages"`
	Stage     []string      `json:"stage,omitempty"` // changed files, for git add
}

// A repro is one call of Repro.
type repro struct {
	p      *Pipeline
	opt    ReproOptions
	failed map[*node]bool // or skipped
	would  map[*node]bool // in a dry run: would run
	ended  []ended        // in this order
	result ReproResult
}

// An ended run counts, but does not stand in its lock yet: till then its old
// outs lie aside, and its lease is held, so that no later run overtakes it.
type ended struct {
	node   *node
	intent *intent
	lease  lease
}

// Repro brings stages up to date. It first ends what killed runs left undone.
// A failure stops it, unless KeepGoing; the result tells what was done till
// then. The class of a stage's failure is errs.Stage.
func (p *Pipeline) Repro(ctx context.Context, opt ReproOptions) (ReproResult, error) {
	r := &repro{p: p, opt: opt, failed: map[*node]bool{}, would: map[*node]bool{}}
	if err := p.sound(); err != nil {
		return r.result, err
	}
	targets, err := p.graph.targets(opt.Targets, p.opt.Cwd)
	if err != nil {
		return r.result, err
	}
	if !opt.DryRun {
		if r.result.Recovered, err = p.Recover(ctx); err != nil {
			return r.result, err
		}
	}
	p.books.seekOrphans(p.graph)
	var failures errs.List
	for _, n := range p.graph.closure(targets, span{opt.Single, opt.Downstream}) {
		if err := ctx.Err(); err != nil {
			failures.Add(err)
			break
		}
		err := r.stage(ctx, n)
		failures.Add(err)
		if err != nil && (!opt.KeepGoing || ctx.Err() != nil) {
			break
		}
	}
	if opt.DryRun {
		return r.result, failures.Err()
	}
	if failures.Len() == 0 && targets == nil {
		p.books.prune(p.graph)
	}
	failures.Add(r.settle(ctx, true))
	r.result.Stage = append(r.result.Stage, p.books.files()...)
	return r.result, failures.Err()
}

// sound holds that what is read was read whole: to run half of a pipeline
// would be worse than to run none.
func (p *Pipeline) sound() error {
	var l errs.List
	for _, problem := range p.opt.Spec.Problems {
		if name := problem.Path.Base(); name == spec.FileName || name == spec.LockName {
			l.Add(problem.Err)
		}
	}
	return l.Err()
}

// stage brings n up to date and adds what became of it to the result.
func (r *repro) stage(ctx context.Context, n *node) error {
	res := StageResult{Stage: n.name, Cmd: n.Cmd}
	err := r.decide(ctx, n, &res)
	if err != nil {
		res.Outcome, res.Error = Failed, err.Error()
		r.failed[n] = true
	}
	if res.Outcome == Skipped {
		r.failed[n] = true
	}
	r.result.Stages = append(r.result.Stages, res)
	if r.opt.Ended != nil {
		r.opt.Ended(res)
	}
	return err
}

func (r *repro) decide(ctx context.Context, n *node, res *StageResult) error {
	for _, u := range n.up {
		if r.failed[u] {
			res.Outcome = Skipped
			res.Reasons = []Reason{{kindUpstream, "it needs " + u.name + ", which failed"}}
			return nil
		}
	}
	if n.Frozen {
		res.Outcome = Frozen
		if v, err := r.p.judge(ctx, n); err == nil { // only to be told
			res.Reasons = v.reasons
		}
		return nil
	}
	if r.opt.DryRun {
		return r.dry(ctx, n, res)
	}
	v, err := r.p.judge(ctx, n)
	if err != nil {
		return err
	}
	r.force(&v)
	if len(v.reasons) == 0 && len(v.absent) == 0 {
		res.Outcome = Unchanged
		return r.follow(ctx, n, &v)
	}
	return r.act(ctx, n, v, res)
}

// force adds the reason that the caller gave.
func (r *repro) force(v *verdict) {
	if r.opt.Force {
		v.reasons = append(v.reasons, Reason{kindForce, "--force"})
	}
}

// act does what a stage that isn't as it should be needs, under its lease.
func (r *repro) act(ctx context.Context, n *node, v verdict, res *StageResult) (err error) {
	p := r.p
	held, waited, err := r.lease(ctx, n)
	if err != nil {
		return err
	}
	defer func() {
		if i := len(r.ended) - 1; i >= 0 && r.ended[i].node == n {
			r.ended[i].lease = held
			err = errors.Join(err, r.settle(ctx, false))
			return
		}
		err = errors.Join(err, held.free())
	}()
	p.at("lease")
	left, err := p.repair(ctx, n.slug())
	if err != nil {
		return err
	}
	changed, err := p.books.reload(n.dir, n.Name)
	if err != nil {
		return err
	}
	if waited || changed || left != "" {
		p.look.forget()
		if v, err = p.judge(ctx, n); err != nil {
			return err
		}
		r.force(&v)
	}
	res.Reasons = v.reasons
	ignored, err := p.ignoreOuts(n)
	if err != nil {
		return err
	}
	r.result.Stage = append(r.result.Stage, ignored...)
	if len(v.reasons) == 0 {
		if res.Outcome = Unchanged; len(v.absent) > 0 {
			res.Outcome = CheckedOut
		}
		return r.checkOut(ctx, n, &v, v.old, res)
	}
	if rec, err := r.hit(ctx, n, &v); rec != nil || err != nil {
		if err != nil {
			return err
		}
		res.Outcome = Cached
		return r.checkOut(ctx, n, &v, rec.entry, res)
	}
	res.Outcome = Ran
	if r.opt.Started != nil {
		r.opt.Started(*res)
	}
	return r.execute(ctx, n, &v, res)
}

// hit returns a run record that answers for n, nil if there is none.
func (r *repro) hit(ctx context.Context, n *node, v *verdict) (*record, error) {
	if r.opt.Force || r.opt.NoRunCache || !n.repeats() {
		return nil, nil
	}
	key := v.now.Key()
	b, err := r.p.opt.Cache.Run(key)
	if b == nil || err != nil {
		return nil, err
	}
	rec, err := parseRecord(b)
	if err != nil || rec.key != key {
		return nil, nil //nolint:nilerr // of another version, or damaged: a miss
	}
	for i := range n.Outs {
		c := outOf(rec.entry, n.Outs[i].Path)
		if f, err := r.p.look.out(ctx, n.Outs[i].Full); err == nil && f.is(c) {
			continue
		}
		if here, err := r.p.here(ctx, found(c)); !here || err != nil {
			return nil, err
		}
	}
	return rec, nil
}

// checkOut makes the outs of n those of the run that e records.
func (r *repro) checkOut(ctx context.Context, n *node, v *verdict, e *spec.Entry, res *StageResult) error {
	p := r.p
	for i := range n.Outs {
		o := &n.Outs[i]
		c := outOf(e, o.Path)
		f, err := p.look.out(ctx, o.Full)
		switch {
		case err == nil && f.is(c):
			continue
		case err == nil:
			kept, err := r.clear(ctx, n, o, f)
			if err != nil {
				return err
			}
			res.Kept = append(res.Kept, kept...)
		case !absent(err):
			return n.errorf(0, "", "%w", err)
		}
		if err := p.opt.Files.Place(ctx, o.Target(), found(c)); err != nil {
			return fmt.Errorf("stage %s: %w", n.Name, err)
		}
		p.look.saw(o.Full, found(c))
	}
	v.old = e
	return r.follow(ctx, n, v)
}

// clear takes away what stands at an out, to kept if the cache doesn't have
// it.
func (r *repro) clear(ctx context.Context, n *node, o *spec.Out, f Found) (kept []string, err error) {
	known, err := r.p.here(ctx, f)
	if err != nil {
		return nil, err
	}
	if e := r.p.books.entry(n); e != nil && !known {
		c := outOf(e, o.Path)
		known = c != nil && c.NoCache && f.is(c)
	}
	if known {
		return nil, r.p.opt.Root.RemoveAll(o.Target())
	}
	to, err := r.p.keep(n.slug(), o.Target(), o.Target())
	return []string{string(to)}, err
}

// follow brings the entry of a stage that is up to date in line with mlv.yaml:
// flags, metrics and data are no reason to run.
func (r *repro) follow(ctx context.Context, n *node, v *verdict) error {
	p := r.p
	e := *v.now
	for i := range n.Outs {
		o := &n.Outs[i]
		old := outOf(v.old, o.Path)
		f := found(old)
		if old.NoCache && !o.NoCache && !r.opt.NoCommit {
			if here, err := p.here(ctx, f); err != nil {
				return err
			} else if !here {
				if _, err := p.opt.Files.Save(ctx, o.Target()); err != nil {
					return err
				}
			}
		}
		*outOf(&e, o.Path) = flagged(f.content(o.Path), o)
		if o.Metric {
			e.Metrics = append(e.Metrics, p.remembered(v.old, o))
		}
		var err error
		if e.Data, err = p.measuredOn(ctx, n, o, v.old.Data, e.Data); err != nil {
			return err
		}
	}
	p.books.adopted(v.old)
	p.books.put(n.dir, &e)
	return nil
}

// remembered returns the values of a metrics file, from the entry of its run
// if that has them.
func (p *Pipeline) remembered(old *spec.Entry, o *spec.Out) spec.Values {
	for _, v := range old.Metrics {
		if v.File == o.Path {
			return v
		}
	}
	return p.measured(o)
}

// dry tells what would be done with n.
func (r *repro) dry(ctx context.Context, n *node, res *StageResult) error {
	for _, u := range n.up {
		if r.would[u] {
			res.Reasons = append(res.Reasons, Reason{kindUpstream, u.name + " would run before"})
		}
	}
	v, err := r.p.judge(ctx, n)
	if err != nil && len(res.Reasons) == 0 {
		return err
	}
	if err == nil {
		r.force(&v)
		res.Reasons = append(v.reasons, res.Reasons...)
	}
	switch {
	case len(res.Reasons) > 0:
		res.Outcome, r.would[n] = WouldRun, true
	case len(v.absent) > 0:
		res.Outcome = CheckedOut
	default:
		res.Outcome = Unchanged
	}
	return nil
}
