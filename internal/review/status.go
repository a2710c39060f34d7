package review

import (
	"context"
	"errors"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pipeline"
	"github.com/mlv-dev/mlv/internal/vcs"
	"github.com/mlv-dev/mlv/internal/work"
)

// StatusOptions say what Status looks at.
type StatusOptions struct {
	Targets   []string
	Recursive bool
	Untracked bool // name files that neither git nor mlv tracks
	Unchanged bool // name outputs that are as they should be
}

// A Status is a project seen three ways: HEAD against the pointers and locks
// of the working tree, these against the data, and the data against the cache
// and the remote.
type Status struct {
	Committed   *Changes               `json:"committed"` // HEAD → pointers and locks; nil: there is no commit to compare with
	Uncommitted Working                `json:"uncommitted"`
	NotInCache  []string               `json:"not_in_cache"`
	Untracked   []string               `json:"untracked,omitempty"`
	Unchanged   []string               `json:"unchanged,omitempty"`
	Stages      []pipeline.StageStatus `json:"stages"` // that aren't up to date
	Outputs     int                    `json:"outputs"`
}

// Working is how the data in the working tree differ from what pointers and
// locks say, inside directories file by file.
type Working struct {
	Added    []string `json:"added"`
	Modified []string `json:"modified"`
	Deleted  []string `json:"deleted"`
	Unknown  []string `json:"unknown"` // they differ, and how can't be told without the cache
}

// Changed tells whether anything is not as the last commit has it.
func (s *Status) Changed() bool {
	w := &s.Uncommitted
	return len(s.Stages) > 0 || s.Committed != nil && !s.Committed.Empty() || len(w.Added)+len(w.Modified)+len(w.Deleted)+len(w.Unknown) > 0
}

// Next returns the command that most likely comes next.
func (s *Status) Next() string {
	w := &s.Uncommitted
	switch {
	case len(w.Added)+len(w.Modified)+len(w.Unknown) > 0:
		return "mlv commit"
	case len(s.NotInCache) > 0:
		return "mlv pull"
	case len(w.Deleted) > 0:
		return "mlv checkout"
	case len(s.Stages) > 0:
		return "mlv repro"
	case s.Committed != nil && !s.Committed.Empty():
		return "git commit"
	case s.Outputs == 0:
		return "mlv add PATH"
	}
	return "mlv push"
}

// Look returns the status of a project's data and stages. Files of the project
// that can't be read are its error, next to the status of all else.
func Look(ctx context.Context, p *work.Project, opt StatusOptions) (*Status, error) {
	selected, err := p.Select(opt.Targets, work.SelectOptions{Recursive: opt.Recursive})
	if err != nil {
		return nil, err
	}
	s := &Status{Outputs: len(selected)}
	if s.Committed, err = committed(ctx, p, opt.Targets); err != nil {
		return nil, err
	}
	for _, sel := range selected {
		if err := s.look(ctx, p, sel, opt); err != nil {
			return nil, err
		}
	}
	if len(opt.Targets) == 0 {
		if s.Stages, err = staleStages(ctx, p); err != nil {
			return nil, err
		}
	}
	if opt.Untracked {
		if s.Untracked, err = p.Untracked(ctx); err != nil {
			return nil, err
		}
	}
	return s, p.Problems()
}

// staleStages returns where the stages stand that aren't up to date.
func staleStages(ctx context.Context, p *work.Project) (stale []pipeline.StageStatus, err error) {
	if len(p.Spec.Stages()) == 0 {
		return nil, nil
	}
	stages, err := pipeline.Open(p, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stages.Close()) }()
	all, err := stages.Status(ctx)
	for _, s := range all {
		if s.State != pipeline.UpToDate && s.State != pipeline.Frozen {
			stale = append(stale, s)
		}
	}
	return stale, err
}

// committed compares HEAD with the pointers and locks of the working tree.
func committed(ctx context.Context, p *work.Project, targets []string) (*Changes, error) {
	if p.Repo == nil {
		return nil, nil
	}
	head, err := revisionSide(ctx, p, "HEAD")
	if errors.Is(err, vcs.ErrNoCommits) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := compare(ctx, head, sideOf(p.Spec.Outputs(), p.Node), p.Show)
	if err != nil {
		return nil, err
	}
	return c, c.only(p, targets)
}

// look adds one output.
func (s *Status) look(ctx context.Context, p *work.Project, sel work.Selected, opt StatusOptions) error {
	d, err := p.Compare(ctx, sel)
	if err != nil {
		return err
	}
	name := p.Show(sel.Path)
	w := &s.Uncommitted
	switch {
	case d.Same():
		if opt.Unchanged {
			s.Unchanged = append(s.Unchanged, name)
		}
	case d.Absent:
		w.Deleted = append(w.Deleted, name)
	case d.Unknown:
		w.Unknown = append(w.Unknown, name)
	case d.Replaced:
		w.Modified = append(w.Modified, name)
	default:
		w.Added = append(w.Added, shown(p, d.Added)...)
		w.Modified = append(w.Modified, shown(p, d.Modified)...)
		w.Deleted = append(w.Deleted, shown(p, d.Deleted)...)
	}
	if sel.NoCache {
		return nil
	}
	// Looking for every file of a directory costs more than all the rest. It is
	// done where it matters, because the data themselves are not here.
	e := object.Entry{Path: sel.Path, ID: sel.ID, Size: sel.Size, Mode: sel.Mode}
	ok, err := p.InCache(ctx, e, d.Absent || d.Unknown)
	if err == nil && !ok {
		s.NotInCache = append(s.NotInCache, name)
	}
	return err
}

func shown(p *work.Project, paths []fsx.Path) []string {
	names := make([]string, len(paths))
	for i, at := range paths {
		names[i] = p.Show(at)
	}
	return names
}
