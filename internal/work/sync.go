package work

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/transfer"
	"github.com/mlv-dev/mlv/internal/vcs"
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

// A Share is the part of some outputs that goes to one remote, or comes from
// it.
type share struct {
	remote  spec.Remote
	bucket  remote.Bucket
	outputs []Selected
	named   bool // the user named the remote: outputs without one go there, too
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
	for _, have := range sum.Remotes {
		if have == name {
			return
		}
	}
	sum.Remotes = append(sum.Remotes, name)
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
		DryRun: opt.DryRun, Jobs: opt.Jobs, Workers: p.opt.Jobs, Meter: p.opt.Meter,
	})
}

func (sum *Fetched) add(name string, r transfer.FetchResult) {
	sum.UpToDate = sum.UpToDate && r.UpToDate
	sum.Files += r.Files
	sum.Bytes += r.Bytes
	sum.Received += r.Received
	sum.Requests += r.Requests
	for _, have := range sum.Remotes {
		if have == name {
			return
		}
	}
	sum.Remotes = append(sum.Remotes, name)
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

// line returns an output as a line of the project tree.
func line(out spec.Output) object.Entry {
	return object.Entry{Path: out.Path, ID: out.ID, Size: out.Size, Mode: out.Mode}
}

// shares divides the selected outputs among the remotes.
func (p *Project) shares(ctx context.Context, sp *spec.Project, opt SyncOptions, push bool) ([]share, error) {
	selected, err := selectFrom(p, sp, opt.Targets, SelectOptions{Recursive: opt.Recursive})
	if err != nil {
		return nil, err
	}
	var list []share
	at := map[string]int{}
	for _, s := range selected {
		name := s.Remote
		switch {
		case s.NoCache || push && s.NoPush:
			continue
		case opt.Remote != "" && name != "" && name != opt.Remote:
			continue
		case opt.Remote != "":
			name = opt.Remote
		}
		i, ok := at[name]
		if !ok {
			sh, err := p.openRemote(ctx, name)
			if err != nil {
				return nil, err
			}
			if i, ok = at[sh.remote.Name]; !ok {
				i = len(list)
				list = append(list, sh)
			}
			at[name], at[sh.remote.Name] = i, i
			list[i].named = list[i].named || opt.Remote != "" || name == ""
		}
		list[i].outputs = append(list[i].outputs, s)
	}
	if len(list) == 0 && len(selected) == 0 { // even with nothing to do a remote that isn't there is an error
		_, err := p.openRemote(ctx, opt.Remote)
		return nil, err
	}
	return list, nil
}

// openRemote opens the remote of a name, "" for the default.
func (p *Project) openRemote(ctx context.Context, name string) (share, error) {
	r, err := p.Settings.Config.Remote(name)
	if err != nil {
		return share{}, err
	}
	id, err := p.Settings.project()
	if err != nil {
		return share{}, err
	}
	b, err := remote.Open(ctx, r.URL, remote.Options{Dir: p.Root.Dir(), Project: id})
	return share{remote: r, bucket: b}, err
}

// allowed refuses to push where the user never agreed to.
func (p *Project) allowed(r spec.Remote) error {
	id, err := p.Settings.project()
	if err != nil {
		return err
	}
	if r.Level > spec.AtProject || p.Settings.Config.Trusted(id, r.URL) {
		return nil
	}
	if p.opt.Ask != nil {
		yes, err := p.opt.Ask(fmt.Sprintf("push data of this project to %s?", r.URL))
		if err != nil {
			return err
		}
		if yes {
			_, err := p.Settings.TrustRemote(r.Name, true)
			return err
		}
	}
	return errs.At(errs.Denied, r.Name, "run 'mlv remote trust "+r.Name+"', or set MLV_TRUST_REMOTE="+r.URL,
		"the repository names %s, and you have not agreed to push there", r.URL)
}

// lastCommits is how many earlier commits are asked for what a remote may have.
const lastCommits = 8

// history yields the outputs of HEAD and of the last commits that changed
// outputs: what a remote may have already.
func (p *Project) history(ctx context.Context, s share) transfer.History {
	return func(yield func([]object.Entry, error) bool) {
		if p.Repo == nil {
			return
		}
		n := 0
		for c, err := range p.Repo.Log(ctx, "HEAD", vcs.LogOptions{Match: p.isPointerFile, Limit: 1000}) {
			if errors.Is(err, vcs.ErrNoCommits) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			rev, err := p.At(ctx, string(c.Hash))
			if err == nil && !yield(s.lines(rev.Spec), nil) {
				return
			}
			if n++; n > lastCommits {
				return
			}
		}
	}
}

// lines returns the project tree's lines of a revision, as far as they go to
// the remote.
func (s share) lines(sp *spec.Project) (lines []object.Entry) {
	for _, out := range sp.Outputs() {
		if !out.NoCache && !out.NoPush && (out.Remote == s.remote.Name || out.Remote == "" && s.named) {
			lines = append(lines, line(out))
		}
	}
	return lines
}

// isPointerFile tells whether a file, from the top of the repository, can
// change the project's outputs.
func (p *Project) isPointerFile(name string) bool {
	if prefix := string(p.Prefix()); prefix != "" && !strings.HasPrefix(name, prefix+"/") {
		return false
	}
	return strings.HasSuffix(name, spec.Ext) || name == spec.LockName || strings.HasSuffix(name, "/"+spec.LockName)
}

// revisions calls f for the working tree and each revision of a scope, each
// set of files once. commit names HEAD, or the revision.
func (p *Project) revisions(ctx context.Context, scope Scope, f func(rev *Revision, commit string) error) error {
	head := ""
	if p.Repo != nil {
		if c, err := p.Repo.Head(ctx); err == nil {
			head = string(c.Hash)
		} else if !errors.Is(err, vcs.ErrNoCommits) {
			return err
		}
	}
	here, err := p.At(ctx, "")
	if err != nil {
		return err
	}
	if err := f(here, head); err != nil {
		return err
	}
	names, err := p.scoped(ctx, scope)
	if err != nil {
		return err
	}
	for _, name := range names {
		rev, err := p.At(ctx, name)
		if err != nil {
			return err
		}
		if err := f(rev, name); err != nil {
			return err
		}
	}
	return nil
}

// scoped returns the commits of a scope, each once.
func (p *Project) scoped(ctx context.Context, scope Scope) (names []string, err error) {
	if scope == (Scope{}) {
		return nil, nil
	}
	if p.Repo == nil {
		return nil, errs.New(errs.Usage, "", "the project lives without git: it has no branches, tags or commits")
	}
	var refs []string
	if scope.Branches || scope.Commits {
		branches, err := p.Repo.Branches(ctx)
		if err != nil {
			return nil, err
		}
		refs = append(refs, branches...)
	}
	if scope.Tags || scope.Commits {
		tags, err := p.Repo.Tags(ctx)
		if err != nil {
			return nil, err
		}
		refs = append(refs, tags...)
	}
	seen := map[string]bool{}
	add := func(c vcs.Commit) {
		if name := string(c.Hash); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, ref := range refs {
		if !scope.Commits {
			c, err := p.Repo.Resolve(ctx, ref)
			if err != nil {
				return nil, err
			}
			add(c)
			continue
		}
		for c, err := range p.Repo.Log(ctx, ref, vcs.LogOptions{Match: p.isPointerFile}) {
			if err != nil {
				return nil, err
			}
			add(c)
		}
	}
	return names, nil
}
