package work

import (
	"context"
	"fmt"
	"slices"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/transfer"
)

// SyncOptions say what is moved between the cache and a remote.
type SyncOptions struct {
	Targets   []string
	Recursive bool
	Remote    string // its name; "": each output's own, else the default
	Scope     Scope
	Jobs      int
	DryRun    bool
	Verify    bool // push: check what the remote has, and send again what it lacks
}

// A Scope adds the outputs of other revisions to those of the working tree.
type Scope struct {
	Branches, Tags, Commits bool
}

// Pushed says what Push did, for all remotes together.
type Pushed struct {
	transfer.PushResult
	Remotes []string `json:"remotes"`
}

// Push sends what the pointers and locks of the working tree name, and those of
// the scope's revisions, to the remotes.
func (p *Project) Push(ctx context.Context, opt SyncOptions) (sum Pushed, err error) {
	if len(opt.Targets) == 0 {
		if err := p.Problems(); err != nil {
			return sum, err // an output that can't be read would silently be left out
		}
	}
	sum.UpToDate = true
	var failed errs.List
	err = p.revisions(ctx, opt.Scope, func(rev *Revision, commit string) error {
		shares, err := p.shares(ctx, rev.Spec, opt, true)
		if err != nil {
			return err
		}
		for _, s := range shares {
			done, err := p.pushShare(ctx, s, commit, opt)
			sum.add(s.remote.Name, done)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed.Add(err)
		}
		return nil
	})
	if err != nil {
		return sum, err
	}
	return sum, failed.Err()
}

func (p *Project) pushShare(ctx context.Context, s share, commit string, opt SyncOptions) (transfer.PushResult, error) {
	if !opt.DryRun {
		if err := p.allowed(s.remote); err != nil {
			return transfer.PushResult{}, err
		}
	}
	var lines []object.Entry
	for _, out := range s.outputs {
		lines = append(lines, line(out.Output))
	}
	return transfer.Push(ctx, transfer.PushOptions{
		Store: p.store, Bucket: s.bucket, Outputs: lines, Partial: len(opt.Targets) > 0,
		History: p.history(ctx, s), Commit: commit,
		State: p.main, URL: s.remote.URL, Wait: p.opt.Wait,
		Verify: opt.Verify, DryRun: opt.DryRun, Jobs: opt.Jobs, Workers: p.opt.Jobs, Meter: p.opt.Meter,
	})
}

func (sum *Pushed) add(name string, r transfer.PushResult) {
	sum.UpToDate = sum.UpToDate && r.UpToDate
	sum.Outputs += r.Outputs
	sum.Files += r.Files
	sum.Bytes += r.Bytes
	sum.Sent += r.Sent
	sum.Received += r.Received
	sum.Requests += r.Requests
	sum.Containers += r.Containers
	sum.Checked += r.Checked
	sum.Damaged += r.Damaged
	if r.Tree != "" {
		sum.Tree = r.Tree
	}
	if !slices.Contains(sum.Remotes, name) {
		sum.Remotes = append(sum.Remotes, name)
	}
}

// Fetched says what Fetch did, for all remotes together.
type Fetched struct {
	transfer.FetchResult
	Remotes []string `json:"remotes"`
}

// Fetch brings what pointers and locks name into the cache.
func (p *Project) Fetch(ctx context.Context, opt SyncOptions) (sum Fetched, err error) {
	sum.UpToDate = true
	var failed errs.List
	if len(opt.Targets) == 0 {
		failed.Add(p.Problems())
	}
	err = p.revisions(ctx, opt.Scope, func(rev *Revision, _ string) error {
		shares, err := p.shares(ctx, rev.Spec, opt, false)
		if err != nil {
			return err
		}
		for _, s := range shares {
			done, err := p.fetchShare(ctx, s, opt)
			sum.add(s.remote.Name, done)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed.Add(err)
		}
		return nil
	})
	if err != nil {
		return sum, err
	}
	return sum, failed.Err()
}

func (p *Project) fetchShare(ctx context.Context, s share, opt SyncOptions) (transfer.FetchResult, error) {
	var wants []transfer.Want
	for _, out := range s.outputs {
		wants = append(wants, transfer.Want{Entry: line(out.Output), Under: out.Under})
	}
	return transfer.Fetch(ctx, transfer.FetchOptions{
		Store: p.store, Bucket: s.bucket, Wants: wants, History: p.history(ctx, s), Remote: fmt.Sprintf("remote %q", s.remote.Name),
		DryRun: opt.DryRun, Jobs: opt.Jobs, Meter: p.opt.Meter,
	})
}

func (sum *Fetched) add(name string, r transfer.FetchResult) {
	sum.UpToDate = sum.UpToDate && r.UpToDate
	sum.Files += r.Files
	sum.Bytes += r.Bytes
	sum.Received += r.Received
	sum.Requests += r.Requests
	if !slices.Contains(sum.Remotes, name) {
		sum.Remotes = append(sum.Remotes, name)
	}
}

// Pulled says what Pull did.
type Pulled struct {
	Fetched Fetched `json:"fetched"`
	Changes
}

// PullOptions say what Pull brings here.
type PullOptions struct {
	SyncOptions
	PlaceOptions
}

// Pull is Fetch, then Checkout. What could not be fetched does not stop the
// rest from being placed.
func (p *Project) Pull(ctx context.Context, opt PullOptions) (done Pulled, err error) {
	opt.SyncOptions.DryRun = opt.PlaceOptions.DryRun
	var failed errs.List
	done.Fetched, err = p.Fetch(ctx, opt.SyncOptions)
	if ctx.Err() != nil {
		return done, ctx.Err()
	}
	if kind := errs.KindOf(err); err != nil && kind != errs.Missing && kind != errs.Corrupt {
		return done, err
	}
	if errs.KindOf(err) != errs.Missing || !opt.AllowMissing {
		failed.Add(err)
	}
	fetchFailed := failed.Len() > 0
	place := CheckoutOptions{Targets: opt.Targets, Recursive: opt.Recursive, PlaceOptions: opt.PlaceOptions}
	place.AllowMissing = place.AllowMissing || fetchFailed // it is named already
	done.Changes, err = p.Checkout(ctx, place)
	if kind := errs.KindOf(err); !fetchFailed || kind != errs.Missing && kind != errs.Corrupt {
		failed.Add(err)
	}
	return done, failed.Err()
}
