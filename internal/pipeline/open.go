package pipeline

import (
	"context"
	"errors"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/work"
)

// Open returns the pipeline of a project, which must stay open as long. By is
// who runs stages.
func Open(p *work.Project, by string) (*Pipeline, error) {
	opt := Options{
		Root: p.Root, Cwd: p.Cwd, Spec: p.Spec, Files: tree{p}, Cache: p.Store(), Prefix: p.Prefix(), By: by,
	}
	if p.Repo != nil {
		opt.Git = p.Repo
	}
	return New(opt)
}

// A tree is a project's working tree as stages see it.
type tree struct{ p *work.Project }

func (t tree) Hash(ctx context.Context, at fsx.Path) (Found, error) {
	f, err := t.p.Hash(ctx, at)
	return fromWork(f), err
}

func (t tree) Save(ctx context.Context, at fsx.Path) (_ Found, err error) {
	free, err := t.lock(ctx, at)
	if err != nil {
		return Found{}, err
	}
	defer func() { err = errors.Join(err, free()) }()
	f, err := t.p.Save(ctx, at)
	return fromWork(f), err
}

func (t tree) Place(ctx context.Context, at fsx.Path, f Found) (err error) {
	free, err := t.lock(ctx, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, free()) }()
	_, err = t.p.Place(ctx, object.Entry{Path: at, ID: f.ID, Size: f.Size, Mode: f.Mode}, work.PlaceOptions{})
	return err
}

// lock takes the lock of an output, as every command that writes there does.
func (t tree) lock(ctx context.Context, at fsx.Path) (free func() error, err error) {
	l, err := t.p.Store().Lock(ctx, string(at), fsx.LockOptions{Wait: -1})
	if err != nil {
		return nil, err
	}
	return l.Unlock, nil
}

func fromWork(f work.Found) Found {
	found := Found{ID: f.ID, Size: f.Size, Mode: f.Mode}
	if f.Mode == object.Tree {
		found.Files = f.Files
	}
	return found
}
