package pipeline

import (
	"context"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// The states of a stage.
const (
	UpToDate    = "up to date"
	Stale       = "stale"
	Running     = "running"
	Interrupted = "interrupted" // a killed run: 'mlv repro' or 'mlv checkout' restores its outs
	// Frozen is one, too.
)

// A StageStatus says where a stage stands.
type StageStatus struct {
	Stage   string     `json:"stage"`
	State   string     `json:"state"`
	Reasons []Reason   `json:"reasons,omitempty"` // why it is stale, or would be if it weren't frozen
	Absent  []string   `json:"absent,omitempty"`  // outs that aren't in the working tree; the cache has them
	Pid     int        `json:"pid,omitempty"`     // of who runs it, or was killed
	Since   *time.Time `json:"since,omitempty"`
}

// Status says where the stages stand, in the order in which repro goes
// through them. It changes nothing, and waits for nobody.
func (p *Pipeline) Status(ctx context.Context) ([]StageStatus, error) {
	if err := p.sound(); err != nil {
		return nil, err
	}
	left, err := p.unfinished(ctx)
	if err != nil {
		return nil, err
	}
	p.books.seekOrphans(p.graph)
	list := make([]StageStatus, 0, len(p.graph.nodes))
	for _, n := range p.graph.nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s, ok := left[n.slug()]; ok {
			s.Stage = n.name
			list = append(list, s)
			continue
		}
		list = append(list, p.statusOf(ctx, n))
	}
	return list, nil
}

func (p *Pipeline) statusOf(ctx context.Context, n *node) StageStatus {
	s := StageStatus{Stage: n.name, State: UpToDate}
	v, err := p.judge(ctx, n)
	if err != nil {
		v.reasons = []Reason{{kindDep, err.Error()}}
	}
	if s.Reasons = v.reasons; len(v.reasons) > 0 {
		s.State = Stale
	}
	for _, i := range v.absent {
		s.Absent = append(s.Absent, n.Outs[i].Full)
	}
	if n.Frozen {
		s.State = Frozen
	}
	return s
}

// unfinished returns the stages, by slug, whose outs are set aside: running
// ones, and those whose run was killed.
func (p *Pipeline) unfinished(ctx context.Context) (map[fsx.Path]StageStatus, error) {
	names, err := p.opt.Root.ReadDir(asideDir)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	left := map[fsx.Path]StageStatus{}
	for _, name := range names {
		slug, err := fsx.ParsePath(name.Name)
		if err != nil {
			return nil, err
		}
		in, err := p.intent(slug)
		if err != nil {
			return nil, err
		}
		if in == nil {
			continue
		}
		s := StageStatus{State: Interrupted, Pid: in.Pid, Since: &in.Since}
		lock, err := p.opt.Root.Lock(ctx, leaseOf(slug), fsx.LockOptions{Shared: true})
		switch {
		case errs.KindOf(err) == errs.Locked:
			s.State = Running
		case err != nil:
			return nil, err
		default:
			if err := lock.Unlock(); err != nil {
				return nil, err
			}
		}
		left[slug] = s
	}
	return left, nil
}

// A StageInfo is a stage as mlv.yaml has it.
type StageInfo struct {
	Stage  string   `json:"stage"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Desc   string   `json:"desc,omitempty"`
	Cmd    []string `json:"cmd"`
	Wdir   string   `json:"wdir,omitempty"`
	Deps   []string `json:"deps,omitempty"`
	Params []string `json:"params,omitempty"` // files
	Outs   []string `json:"outs,omitempty"`
	After  []string `json:"after,omitempty"` // the stages whose outs it reads
	Frozen bool     `json:"frozen,omitempty"`
}

// StageList describes the stages, each after those whose outs it reads.
func (p *Pipeline) StageList() []StageInfo {
	list := make([]StageInfo, 0, len(p.graph.nodes))
	for _, n := range p.graph.nodes {
		s := StageInfo{
			Stage: n.name, File: string(n.From), Line: n.Line, Desc: n.Desc, Cmd: n.Cmd, Wdir: string(n.Wdir), Frozen: n.Frozen,
		}
		for _, d := range n.Deps {
			s.Deps = append(s.Deps, d.Full)
		}
		for _, f := range n.Params {
			s.Params = append(s.Params, f.Full)
		}
		for _, o := range n.Outs {
			s.Outs = append(s.Outs, o.Full)
		}
		for _, u := range n.up {
			s.After = append(s.After, u.name)
		}
		list = append(list, s)
	}
	return list
}
